import { formatSpaced, parseUtc } from './dates.ts';
import { type FieldForm, type KindName, kinds } from './objects.ts';

/** The sandbox's records: what is there, what lies in the bin, and what the vendor takes as valid. */

export type SandboxRow = Record<string, unknown>;
export interface Stored {
  row: SandboxRow;
  hidden: boolean;
}

export interface CustomDefinition {
  name: string;
  type:
    | 'TEXT'
    | 'MULTILINETEXT'
    | 'NUMERIC'
    | 'PERCENT'
    | 'BIT'
    | 'DROPDOWN'
    | 'MULTISELECT'
    | 'DATE'
    | 'DATETIME'
    | 'AUTONUMBER';
  options?: readonly string[];
}

export interface StoreOptions {
  now: () => Date;
  /** Whether a PUT of CUSTOMFIELDS replaces the whole array. */
  replacesCustomFields: boolean;
  restoreKeepsId: boolean;
  onChange: (kind: KindName, row: SandboxRow) => void;
}

const binDays = 30;
const userId = 2_240_727;
export const kindNames = Object.keys(kinds) as KindName[];

const definitions: Record<KindName, CustomDefinition[]> = {
  contact: [
    { name: 'Newsletter__c', type: 'BIT' },
    { name: 'Erase__c', type: 'BIT' },
    { name: 'Customer_No__c', type: 'TEXT' },
    { name: 'Site__c', type: 'TEXT' },
    { name: 'Interests__c', type: 'MULTISELECT', options: ['Heating', 'Ventilation', 'Plumbing', 'Electricity'] },
    { name: 'Language__c', type: 'DROPDOWN', options: ['fi', 'sv', 'en'] },
  ],
  lead: [
    { name: 'Newsletter__c', type: 'BIT' },
    { name: 'Erase__c', type: 'BIT' },
  ],
  organisation: [{ name: 'Business_Id__c', type: 'TEXT' }],
};

export class Store {
  readonly all: Record<KindName, Map<string, Stored>> = { contact: new Map(), lead: new Map(), organisation: new Map() };
  readonly binned: Record<KindName, Map<string, Stored & { since: number }>> = {
    contact: new Map(),
    lead: new Map(),
    organisation: new Map(),
  };
  readonly custom: Record<KindName, CustomDefinition[]>;
  readonly options: StoreOptions;
  #nextId = 366_638_000;

  constructor(options: StoreOptions) {
    this.options = options;
    this.custom = { contact: [...definitions.contact], lead: [...definitions.lead], organisation: [...definitions.organisation] };
  }

  add(kind: KindName, fields: SandboxRow): Stored {
    const id = ++this.#nextId;
    const row: SandboxRow = { [kinds[kind].idKey]: id };
    for (const [name, form] of Object.entries(kinds[kind].fields)) row[name] = form.startsWith('b') ? false : null;
    // recorded traffic, 2025: an unset e-mail of a lead is an empty text, a contact's is null
    if (kind === 'lead')
      Object.assign(row, {
        EMAIL: '',
        LEAD_DESCRIPTION: '',
        EMPLOYEE_COUNT: 0,
        LINKED_EMAIL_ADDRESS: `sandbox-L${id}@mailbox.test`,
      });
    const now = formatSpaced(this.options.now());
    Object.assign(row, { DATE_CREATED_UTC: now, OWNER_USER_ID: userId, CREATED_USER_ID: userId });
    if ('VISIBLE_TO' in row) row.VISIBLE_TO = 'EVERYONE';
    for (const name of kinds[kind].collections) row[name] = [];
    const stored = { row, hidden: false };
    this.all[kind].set(String(id), stored);
    this.set(kind, row, fields);
    return stored;
  }

  /** A partial write: keys left out stay, null clears, read-only ones are passed over. `byAct`: the product itself may set anything. */
  set(kind: KindName, row: SandboxRow, fields: SandboxRow, byAct = false): void {
    for (const [name, value] of Object.entries(fields)) {
      const form = kinds[kind].fields[name];
      if (name === 'CUSTOMFIELDS' && Array.isArray(value))
        this.#setCustom(kind, row, value as SandboxRow[], !byAct && this.options.replacesCustomFields);
      else if (name.endsWith('__c')) this.#setCustom(kind, row, [{ FIELD_NAME: name, FIELD_VALUE: value }], false);
      else if (kinds[kind].collections.includes(name)) row[name] = value ?? [];
      else if (form !== undefined && (byAct || !form.endsWith('!')))
        row[name] = value === null && form.startsWith('b') ? false : value;
    }
    this.touch(kind, row);
  }

  touch(kind: KindName, row: SandboxRow): void {
    row.DATE_UPDATED_UTC = formatSpaced(this.options.now());
    this.options.onChange(kind, row);
  }

  #setCustom(kind: KindName, row: SandboxRow, given: SandboxRow[], replaces: boolean): void {
    // what the system numbers by itself is not emptied by a write that leaves it out
    const isOwn = (name: unknown) => this.custom[kind].some((d) => d.name === name && d.type === 'AUTONUMBER');
    const all = row.CUSTOMFIELDS as SandboxRow[];
    const before = replaces ? all.filter((f) => isOwn(f.FIELD_NAME)) : all;
    const kept = before.filter((f) => !given.some((g) => g.FIELD_NAME === f.FIELD_NAME));
    row.CUSTOMFIELDS = [
      ...kept,
      ...given.map((g) => ({
        FIELD_NAME: g.FIELD_NAME,
        FIELD_VALUE: g.FIELD_VALUE ?? null,
        CUSTOM_FIELD_ID: g.FIELD_NAME,
      })),
    ];
  }

  remove(kind: KindName, id: string): boolean {
    const stored = this.all[kind].get(id);
    if (!stored) return false;
    this.all[kind].delete(id);
    this.binned[kind].set(id, { ...stored, since: this.options.now().getTime() });
    return true;
  }

  /** Answers the id it came back with: whether that is the old one is not documented. */
  restore(kind: KindName, id: string): string {
    this.emptyOld();
    const stored = this.binned[kind].get(id);
    if (!stored) throw new Error(`there is no ${kind} ${id} in the bin`);
    this.binned[kind].delete(id);
    const back = this.options.restoreKeepsId ? id : String(++this.#nextId);
    stored.row[kinds[kind].idKey] = Number(back);
    this.all[kind].set(back, { row: stored.row, hidden: false });
    this.touch(kind, stored.row);
    return back;
  }

  /** The system itself empties what lies in the bin for longer than 30 days. */
  emptyOld(): void {
    const oldest = this.options.now().getTime() - binDays * 86_400_000;
    for (const kind of kindNames)
      for (const [id, { since }] of this.binned[kind]) if (since < oldest) this.binned[kind].delete(id);
  }

  mustHave(kind: KindName, id: string): Stored {
    const stored = this.all[kind].get(id);
    if (!stored) throw new Error(`there is no ${kind} ${id}`);
    return stored;
  }

  /** What the vendor calls a data validation error; null when there is none. */
  faultOf(kind: KindName, body: SandboxRow, isNew: boolean): string | null {
    for (const name of kinds[kind].required) {
      const given = body[name];
      if ((isNew || name in body) && (given === undefined || given === null || given === '')) return `${name} is required`;
    }
    for (const [name, value] of Object.entries(body)) {
      const form = kinds[kind].fields[name];
      if (form !== undefined && value !== null && !fits(form, value)) return `${name} is not valid`;
    }
    const custom = body.CUSTOMFIELDS;
    if (custom === undefined || custom === null) return null;
    if (!Array.isArray(custom)) return 'CUSTOMFIELDS is not valid';
    for (const item of custom as SandboxRow[]) {
      const known = this.custom[kind].find(({ name }) => name === item.FIELD_NAME);
      if (!known) return 'there is no such custom field';
      // EDITABLE is false in its definition; what a write of it comes to is not documented, so the sandbox is strict
      if (known.type === 'AUTONUMBER') return `${known.name} cannot be edited`;
      if (!fitsCustom(known, item.FIELD_VALUE ?? null)) return `${known.name} is not valid`;
    }
    return null;
  }
}

function fits(form: FieldForm, value: unknown): boolean {
  const longest = Number(form.slice(1).replace('!', '') || Number.POSITIVE_INFINITY);
  switch (form[0]) {
    case 's':
      return typeof value === 'string' && value.length <= longest;
    case 'i':
      return Number.isSafeInteger(value);
    case 'b':
      return typeof value === 'boolean';
    default:
      return typeof value === 'string' && (parseUtc(value) !== null || /^\d{4}-\d\d-\d\d$/.test(value));
  }
}

function fitsCustom({ type, options }: CustomDefinition, value: unknown): boolean {
  if (value === null) return true;
  if (type === 'BIT') return typeof value === 'boolean';
  if (type === 'NUMERIC' || type === 'PERCENT') return typeof value === 'number';
  if (typeof value !== 'string') return false;
  if (type === 'DROPDOWN') return options?.includes(value) ?? true;
  return type !== 'MULTISELECT' || value.split(';').every((option) => options?.includes(option) ?? true);
}
