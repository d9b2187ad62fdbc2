import { parseUtc } from './dates.ts';
import { type KindName, kinds } from './objects.ts';
import { kindNames, type SandboxRow, type Store } from './sandbox-store.ts';

/** How the sandbox answers a list: filters, order, paging. A text is a refusal of the query. */

export interface ListOptions {
  /** Rows when `top` is left out; not documented. */
  defaultTop: number;
  /** What `top` above 500 comes to; not documented. */
  aboveMost: 'refuse' | 'cap';
  /** `each-time`: another order at every request; `fixed`: one odd order. */
  order: 'by-id' | 'fixed' | 'each-time';
  shuffleSeed: number;
}

const most = 500;
const paging = new Set(['brief', 'skip', 'top', 'count_total']);

export type ListKind = 'list' | 'search' | 'search-by-tag';

export function listRows(
  store: Store,
  kind: KindName,
  how: ListKind,
  query: URLSearchParams,
  options: ListOptions,
  turn: number,
): { page: SandboxRow[]; total: number | null } | string {
  const whole = (name: string, otherwise: number) =>
    query.get(name) === null ? otherwise : /^\d{1,9}$/.test(query.get(name) ?? '') ? Number(query.get(name)) : Number.NaN;
  const [top, skip] = [whole('top', options.defaultTop), whole('skip', 0)];
  if (Number.isNaN(top) || Number.isNaN(skip)) return 'skip and top are whole numbers';
  if (top > most && options.aboveMost === 'refuse') return `top may not be more than ${most}`;
  let rows = [...store.all[kind].values()].filter(({ hidden }) => !hidden).map(({ row }) => row);
  if (how !== 'list') {
    const filtered = how === 'search' ? search(rows, query) : byTag(rows, query);
    if (typeof filtered === 'string') return filtered;
    rows = filtered;
  }
  if (options.order !== 'by-id')
    rows = shuffled(rows, options.order === 'fixed' ? options.shuffleSeed : options.shuffleSeed + turn);
  const brief = query.get('brief')?.toLowerCase() === 'true';
  const page = rows.slice(skip, skip + Math.min(top, most)).map((row) => (brief ? withoutCollections(kind, row) : row));
  return { page, total: query.get('count_total')?.toLowerCase() === 'true' ? rows.length : null };
}

function search(rows: SandboxRow[], query: URLSearchParams): SandboxRow[] | string {
  const [name, value, since] = [query.get('field_name'), query.get('field_value'), query.get('updated_after_utc')];
  if ((name === null) !== (value === null)) return 'field_name and field_value go together';
  const filters = [...new Set(query.keys())].filter((key) => !paging.has(key));
  if (name !== null && filters.length > 2) return 'only one filter may be given';
  let found = rows;
  if (name !== null) found = found.filter((row) => String(fieldOf(row, name) ?? '') === value);
  if (since === null) return found;
  const after = parseUtc(since);
  if (after === null) return 'updated_after_utc is not a date';
  // strictly later, in whole seconds: confirmed by the vendor's developers to an integrator, documented nowhere
  return found.filter((row) => (parseUtc(String(row.DATE_UPDATED_UTC)) ?? after) > after);
}

function byTag(rows: SandboxRow[], query: URLSearchParams): SandboxRow[] | string {
  const tag = query.get('tagName');
  if (tag === null) return 'tagName is required';
  return rows.filter((row) => Array.isArray(row.TAGS) && row.TAGS.some((item: SandboxRow) => item.TAG_NAME === tag));
}

const fieldOf = (row: SandboxRow, name: string): unknown =>
  name.endsWith('__c') ? (row.CUSTOMFIELDS as SandboxRow[]).find((item) => item.FIELD_NAME === name)?.FIELD_VALUE : row[name];

const withoutCollections = (kind: KindName, row: SandboxRow) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !kinds[kind].collections.includes(name)));

/** The fields an account defines. An unknown kind is answered with those of all kinds (third-party report). */
export function definitionsFor(store: Store, object: string | undefined): unknown[] {
  const asked = kindNames.filter((kind) => kinds[kind].fieldFor === object?.toUpperCase());
  return (asked.length > 0 ? asked : kindNames).flatMap((kind) =>
    store.custom[kind].map(({ name, type, options }, order) => ({
      FIELD_NAME: name,
      FIELD_ORDER: order + 1,
      FIELD_FOR: kinds[kind].fieldFor,
      FIELD_LABEL: name.replace('__c', '').replaceAll('_', ' '),
      FIELD_TYPE: type,
      FIELD_HELP_TEXT: null,
      DEFAULT_VALUE: type === 'BIT' ? 'False' : null,
      EDITABLE: type !== 'AUTONUMBER',
      VISIBLE: true,
      CUSTOM_FIELD_OPTIONS: (options ?? []).map((value, n) => ({ OPTION_ID: n + 1, OPTION_VALUE: value, OPTION_DEFAULT: false })),
      DEPENDENCY: null,
      JOIN_OBJECT: null,
    })),
  );
}

/** The webhook's body: one key, and dates in the old .NET form with escaped slashes. */
export function webhookBody(row: SandboxRow): string {
  const entity = Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      const date = typeof value === 'string' ? parseUtc(value) : null;
      return [name, date === null ? value : `/Date(${date.getTime()}+0200)/`];
    }),
  );
  return JSON.stringify({ entity }).replace(/"\/(Date\([^)]*\))\/"/g, '"\\/$1\\/"');
}

/** The same order for the same seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = (seed * 2_654_435_761) >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
