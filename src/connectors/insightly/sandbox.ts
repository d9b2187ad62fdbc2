import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';
import { formatSpaced, parseUtc } from './dates.ts';
import { type KindName, kinds, type Place } from './objects.ts';
import { type Customer, customers } from './sandbox-people.ts';

/**
 * Insightly as far as we use it, faithful to what was recorded of the live service: bare arrays, space-separated UTC dates, partial
 * PUTs on the collection, a filter that excludes its own second, deletions that leave no trace.
 */
export interface InsightlySandboxOptions {
  apiKey?: string;
  /** The sandbox's clock. */
  now?: () => Date;
  /** Requests in any sliding second; default 10, as documented. */
  perSecond?: number;
  /** Requests at once. */
  connections?: number;
  quota?: number;
  /** Whether a PUT of CUSTOMFIELDS replaces the whole array (undocumented). */
  replacesCustomFields?: boolean;
  /** Rows in another order at every request. */
  shuffles?: boolean;
}

export interface InsightlySandbox extends SandboxBehaviour {
  /** Fills the register with a fictional firm's customers; answers who they are. */
  seed(count: number): Customer[];
  add(kind: KindName, fields: Record<string, unknown>): string;
  /** Somebody edits a record in the product. */
  update(kind: KindName, id: string, fields: Record<string, unknown>): void;
  remove(kind: KindName, id: string): void;
  restore(kind: KindName, id: string): void;
  purge(): void;
  /** Hides a record from the key's user, or shows it again. */
  hide(kind: KindName, id: string, hidden: boolean): void;
  /** A lead becomes a contact; answers the contact's id. */
  convert(lead: string): string;
  record(kind: KindName, id: string): Record<string, unknown> | undefined;
  ids(kind: KindName): string[];
  bin(kind: KindName): string[];
  setQuota(left: number): void;
}

type Row = Record<string, unknown>;
interface Stored {
  row: Row;
  hidden: boolean;
}

const customDefinitions: Record<KindName, { name: string; type: string }[]> = {
  contact: [
    { name: 'Newsletter__c', type: 'BIT' },
    { name: 'Erase__c', type: 'BIT' },
    { name: 'Customer_No__c', type: 'TEXT' },
    { name: 'Site__c', type: 'TEXT' },
  ],
  lead: [
    { name: 'Newsletter__c', type: 'BIT' },
    { name: 'Erase__c', type: 'BIT' },
  ],
  organisation: [{ name: 'Business_Id__c', type: 'TEXT' }],
};

export function insightlySandbox(options: InsightlySandboxOptions = {}): InsightlySandbox {
  const apiKey = options.apiKey ?? 'sandbox';
  const now = options.now ?? (() => new Date());
  const perSecond = options.perSecond ?? 10;
  const all: Record<KindName, Map<string, Stored>> = { contact: new Map(), lead: new Map(), organisation: new Map() };
  const binned: Record<KindName, Map<string, Stored>> = { contact: new Map(), lead: new Map(), organisation: new Map() };
  const limit = options.quota ?? 60_000;
  let left = limit;
  let nextId = 366_638_000;
  let arrivals: number[] = [];
  let shuffle = 1;

  const quota = (): Record<string, string> => ({ 'content-type': 'application/json; charset=utf-8', 'x-ratelimit-limit': String(limit), 'x-ratelimit-remaining': String(left) });
  const json = (status: number, value: unknown, more: Record<string, string> = {}): SandboxAnswer => ({ status, headers: { ...quota(), ...more }, body: JSON.stringify(value) });
  const message = (status: number, text: string) => json(status, { Message: text });
  const touch = (row: Row) => {
    row['DATE_UPDATED_UTC'] = formatSpaced(now());
  };

  function add(kind: KindName, fields: Row): string {
    const id = String(++nextId);
    const row: Row = { [kinds[kind].idKey]: Number(id) };
    for (const [name, form] of Object.entries(kinds[kind].fields)) row[name] = form.startsWith('b') ? false : null;
    // an unset e-mail of a lead is recorded as an empty text
    if (kind === 'lead') row['EMAIL'] = '';
    Object.assign(row, { DATE_CREATED_UTC: formatSpaced(now()), DATE_UPDATED_UTC: formatSpaced(now()), OWNER_USER_ID: 2_240_727, CREATED_USER_ID: 2_240_727 });
    if ('VISIBLE_TO' in kinds[kind].fields) row['VISIBLE_TO'] = 'EVERYONE';
    for (const name of kinds[kind].collections) row[name] = [];
    all[kind].set(id, { row, hidden: false });
    set(kind, row, fields);
    return id;
  }

  /** A partial write: keys left out stay, null clears, custom fields by name. */
  function set(kind: KindName, row: Row, fields: Row): void {
    for (const [name, value] of Object.entries(fields)) {
      if (name === 'CUSTOMFIELDS' && Array.isArray(value)) setCustom(kind, row, value as Row[], options.replacesCustomFields === true);
      else if (name.endsWith('__c')) setCustom(kind, row, [{ FIELD_NAME: name, FIELD_VALUE: value }], false);
      else if (name in kinds[kind].fields || kinds[kind].collections.includes(name)) row[name] = value;
    }
    touch(row);
  }

  function setCustom(_kind: KindName, row: Row, given: Row[], replaces: boolean): void {
    const before = replaces ? [] : (row['CUSTOMFIELDS'] as Row[]);
    const kept = before.filter((f) => !given.some((g) => g['FIELD_NAME'] === f['FIELD_NAME']));
    row['CUSTOMFIELDS'] = [...kept, ...given.map((g) => ({ FIELD_NAME: g['FIELD_NAME'], FIELD_VALUE: g['FIELD_VALUE'], CUSTOM_FIELD_ID: g['FIELD_NAME'] }))];
  }

  const kindOf = (path: string) => (Object.keys(kinds) as KindName[]).find((kind) => kinds[kind].path === path);

  function list(kind: KindName, request: SandboxRequest, search: boolean): SandboxAnswer {
    const top = Number(request.query.get('top') ?? 100);
    if (top > 500) return message(400, 'top may not be larger than 500');
    let rows = [...all[kind].values()].filter((s) => !s.hidden).map((s) => s.row);
    if (search) {
      const [name, value] = [request.query.get('field_name'), request.query.get('field_value')];
      if ((name === null) !== (value === null)) return message(400, 'field_name and field_value go together');
      if (name !== null) rows = rows.filter((row) => String(row[name] ?? '') === value);
      const since = request.query.get('updated_after_utc');
      if (since !== null) {
        const after = parseUtc(since);
        if (after === null) return message(400, 'updated_after_utc is not a date');
        rows = rows.filter((row) => (parseUtc(String(row['DATE_UPDATED_UTC'])) ?? after) > after);
      }
    }
    if (options.shuffles) rows = shuffled(rows, shuffle++);
    const skip = Number(request.query.get('skip') ?? 0);
    const total: Record<string, string> = request.query.get('count_total') === 'true' ? { 'x-total-count': String(rows.length) } : {};
    const brief = request.query.get('brief') === 'true';
    const page = rows.slice(skip, skip + top).map((row) => (brief ? Object.fromEntries(Object.entries(row).filter(([name]) => !kinds[kind].collections.includes(name))) : row));
    return json(200, page, total);
  }

  function put(kind: KindName, body: Row): SandboxAnswer {
    const id = body[kinds[kind].idKey];
    const stored = id === undefined ? undefined : all[kind].get(String(id));
    if (!stored) return message(400, 'data validation error');
    if (stored.hidden) return message(403, 'user does not have access to this record');
    set(kind, stored.row, body);
    return json(200, stored.row);
  }

  function remove(kind: KindName, id: string): boolean {
    const stored = all[kind].get(id);
    if (!stored) return false;
    all[kind].delete(id);
    binned[kind].set(id, stored);
    return true;
  }

  function route(request: SandboxRequest): SandboxAnswer {
    const [base, path, id, ...more] = request.path.split('/').filter(Boolean);
    if (base !== 'v3.1' || path === undefined) return message(404, 'no such resource');
    if (path === 'Users' && id === 'Me') return json(200, { USER_ID: 2_240_727, ADMINISTRATOR: true, ACTIVE: true });
    if (path === 'Instance') return json(200, { INSTANCE_NAME: 'Sandbox', INSTANCE_SUBDOMAIN: 'sandbox', PLAN_NAME: 'Professional', NEW_USER_EXPERIENCE_ENABLED: true });
    if (path === 'CustomFields') return json(200, definitions(id));
    const kind = kindOf(path);
    if (!kind || more.length > 0) return message(404, 'no such resource');
    const { method } = request;
    if (method === 'GET' && (id === undefined || id === 'Search')) return list(kind, request, id === 'Search');
    if (method === 'PUT' && id === undefined) return withBody(request, (body) => put(kind, body));
    if (method === 'POST' && id === undefined) return withBody(request, (body) => json(201, all[kind].get(add(kind, body))?.row));
    if (id === undefined) return message(405, 'method not allowed');
    const stored = all[kind].get(id);
    if (!stored) return message(404, 'not found');
    if (stored.hidden) return message(403, 'user does not have access to this record');
    if (method === 'GET') return json(200, stored.row);
    if (method !== 'DELETE') return message(405, 'method not allowed');
    remove(kind, id);
    return { status: 202, headers: quota() };
  }

  const withBody = (request: SandboxRequest, work: (body: Row) => SandboxAnswer): SandboxAnswer => {
    try {
      return work(JSON.parse(request.body.toString('utf8')) as Row);
    } catch {
      return message(400, 'data validation error');
    }
  };

  /** An unknown object is answered with the fields of all objects. */
  function definitions(object: string | undefined) {
    const names = (Object.keys(kinds) as KindName[]).filter((kind) => kinds[kind].fieldFor === object?.toUpperCase());
    return (names.length > 0 ? names : (Object.keys(kinds) as KindName[])).flatMap((kind) =>
      customDefinitions[kind].map(({ name, type }, order) => ({
        FIELD_NAME: name,
        FIELD_ORDER: order + 1,
        FIELD_FOR: kinds[kind].fieldFor,
        FIELD_LABEL: name.replace('__c', '').replaceAll('_', ' '),
        FIELD_TYPE: type,
        FIELD_HELP_TEXT: null,
        DEFAULT_VALUE: type === 'BIT' ? 'False' : null,
        EDITABLE: true,
        VISIBLE: true,
        CUSTOM_FIELD_OPTIONS: [],
        DEPENDENCY: null,
        JOIN_OBJECT: null,
      })),
    );
  }

  const update = (kind: KindName, id: string, fields: Row) => {
    const stored = all[kind].get(id);
    if (!stored) throw new Error(`there is no ${kind} ${id}`);
    set(kind, stored.row, fields);
  };

  const sandbox: InsightlySandbox = {
    vendor: 'insightly',
    connections: options.connections ?? 10,
    handle(request) {
      const given = request.headers['authorization'] ?? '';
      const bare = Buffer.from(apiKey).toString('base64');
      const withColon = Buffer.from(`${apiKey}:`).toString('base64');
      if (given !== `Basic ${withColon}` && given !== `Basic ${bare}`) return sandbox.unauthorized();
      const at = performance.now();
      arrivals = arrivals.filter((t) => at - t < 1000);
      if (arrivals.length >= perSecond) return sandbox.throttled(undefined);
      arrivals.push(at);
      if (left <= 0) return sandbox.throttled(undefined);
      left--;
      return route(request);
    },
    // the body of a 429 is not documented: it must not be parsed
    throttled: (retryAfter) => ({ status: 429, headers: { ...quota(), 'content-type': 'text/plain', ...(retryAfter ? { 'retry-after': retryAfter } : {}) }, body: 'slow down' }),
    unauthorized: () => ({ status: 401, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Message: 'Authorization has been denied for this request.' }) }),
    state: () => Object.fromEntries((Object.keys(kinds) as KindName[]).map((kind) => [kind, [...all[kind].values()].map((s) => s.row)])),
    act: (what) => act(sandbox, what),
    seed: (count) => customers(count, sandbox),
    add,
    update,
    remove: (kind, id) => void remove(kind, id),
    restore(kind, id) {
      const stored = binned[kind].get(id);
      if (!stored) throw new Error(`there is no ${kind} ${id} in the bin`);
      binned[kind].delete(id);
      touch(stored.row);
      all[kind].set(id, stored);
    },
    purge: () => {
      for (const kind of Object.values(binned)) kind.clear();
    },
    hide(kind, id, hidden) {
      const stored = all[kind].get(id);
      if (stored) stored.hidden = hidden;
    },
    convert(id) {
      const row = all.lead.get(id)?.row;
      if (!row) throw new Error(`there is no lead ${id}`);
      const contact = add('contact', { FIRST_NAME: row['FIRST_NAME'], LAST_NAME: row['LAST_NAME'], EMAIL_ADDRESS: row['EMAIL'] || null, PHONE: row['PHONE'], CUSTOMFIELDS: row['CUSTOMFIELDS'] });
      Object.assign(row, { CONVERTED: true, CONVERTED_CONTACT_ID: Number(contact), CONVERTED_DATE_UTC: formatSpaced(now()) });
      touch(row);
      return contact;
    },
    record: (kind, id) => all[kind].get(id)?.row,
    ids: (kind) => [...all[kind].keys()],
    bin: (kind) => [...binned[kind].keys()],
    setQuota: (value) => {
      left = value;
    },
  };
  return sandbox;
}

/** What `POST /_sandbox/act` may ask: `{do: "update" | "add" | "remove" | "restore" | "hide" | "convert", kind, id, fields}`. */
function act(sandbox: InsightlySandbox, what: Record<string, unknown>): unknown {
  const kind = (what['kind'] ?? 'contact') as Place;
  const id = String(what['id'] ?? '');
  const fields = (what['fields'] ?? {}) as Row;
  switch (what['do']) {
    case 'add':
      return { id: sandbox.add(kind, fields) };
    case 'update':
      sandbox.update(kind, id, fields);
      return {};
    case 'remove':
      sandbox.remove(kind, id);
      return {};
    case 'restore':
      sandbox.restore(kind, id);
      return {};
    case 'hide':
      sandbox.hide(kind, id, what['hidden'] !== false);
      return {};
    case 'convert':
      return { id: sandbox.convert(id) };
    default:
      throw new Error('do must be add, update, remove, restore, hide or convert');
  }
}

/** A fixed shuffle from a seed: the order is undocumented, so nothing may lean on it. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const mixed = [...items];
  let state = seed * 2_654_435_761;
  for (let i = mixed.length - 1; i > 0; i--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const j = Math.abs(state) % (i + 1);
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}
