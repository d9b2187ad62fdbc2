import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';
import { formatSpaced } from './dates.ts';
import { type KindName, kinds } from './objects.ts';
import { definitionsFor, type ListKind, type ListOptions, listRows, webhookBody } from './sandbox-lists.ts';
import { act } from './sandbox-act.ts';
import { type Customer, customers } from './sandbox-people.ts';
import { type CustomDefinition, kindNames, type SandboxRow, Store } from './sandbox-store.ts';

/**
 * Insightly as far as we use it, faithful to the Swagger document and to what was recorded of the live service: bare arrays,
 * space-separated UTC dates, partial PUTs on the collection, a filter that excludes its own second, deletions that leave no trace.
 * What the vendor does not document is an option.
 */
export interface InsightlySandboxOptions extends Partial<ListOptions> {
  apiKey?: string;
  /** The sandbox's clock; default the machine's. */
  now?: () => Date;
  /** Requests in any sliding second; default 10, as documented. `Infinity` for none. */
  perSecond?: number;
  /** Requests at once; default 5: with four in flight nobody was refused. */
  connections?: number;
  /** Calls a day, over the whole account; default 60,000 (Professional). Starts anew at midnight UTC. */
  quota?: number;
  /** `Retry-After` of a throttling answer; default none. */
  retryAfter?: string;
  /** Records the plan holds, binned ones included; above it a POST answers 402. */
  recordLimit?: number;
  replacesCustomFields?: boolean;
  restoreKeepsId?: boolean;
  /** Status of a PUT that worked: 201 in the Swagger document, 200 in others' recordings. */
  putStatus?: 200 | 201;
  /** Status of a PUT whose id is nobody's. */
  putMissingStatus?: 400 | 404;
  /** Rows in another order at every request; the same as `order: 'each-time'`. */
  shuffles?: boolean;
  /** Where added and updated people are reported to, `repeat` times each (0: dropped). */
  webhook?: { url: string; user?: string; password?: string; repeat?: number };
}

export interface InsightlySandbox extends SandboxBehaviour {
  /** Fills the register with a fictional firm's customers; answers who they are. */
  seed(count: number): Customer[];
  /** The handles below are somebody at work in the product, not the API. */
  add(kind: KindName, fields: Record<string, unknown>): string;
  update(kind: KindName, id: string, fields: Record<string, unknown>): void;
  remove(kind: KindName, id: string): void;
  /** Brings a record back from the bin; answers its id. */
  restore(kind: KindName, id: string): string;
  purge(): void;
  /** Hides a record from the key's user, or shows it again. */
  hide(kind: KindName, id: string, hidden?: boolean): void;
  /** The plan or the key's user lacks a whole kind of record, or has it again (null). */
  deny(kind: KindName, status: 403 | 404 | null): void;
  /** A lead becomes a contact; answers the contact's id. */
  convert(lead: string): string;
  /** Two duplicates become one: the loser is gone from the API's view. */
  merge(winner: string, loser: string): void;
  /** Deleting this record answers 417 from now on. */
  keepFromDeletion(kind: KindName, id: string): void;
  define(kind: KindName, field: CustomDefinition): void;
  record(kind: KindName, id: string): Record<string, unknown> | undefined;
  ids(kind: KindName): string[];
  bin(kind: KindName): string[];
  /** Calls left today. */
  setQuota(left: number): void;
  webhookBody(kind: KindName, id: string): string;
  /** Resolves when every webhook under way was delivered or given up. */
  delivered(): Promise<void>;
}

export function insightlySandbox(options: InsightlySandboxOptions = {}): InsightlySandbox {
  const apiKey = options.apiKey ?? 'sandbox';
  const now = options.now ?? (() => new Date());
  const listing: ListOptions = {
    defaultTop: options.defaultTop ?? 100,
    aboveMost: options.aboveMost ?? 'refuse',
    order: options.shuffles ? 'each-time' : (options.order ?? 'by-id'),
    shuffleSeed: options.shuffleSeed ?? 1,
  };
  const sending = new Set<Promise<unknown>>();
  const store = new Store({
    now,
    replacesCustomFields: options.replacesCustomFields ?? false,
    restoreKeepsId: options.restoreKeepsId ?? true,
    onChange: (kind, row) => (kind === 'organisation' ? undefined : deliver(row)),
  });
  const denied = new Map<KindName, 403 | 404>();
  const undeletable = new Set<string>();
  const limit = options.quota ?? 60_000;
  let left = limit;
  let quotaDay = formatSpaced(now()).slice(0, 10);
  let arrivals: number[] = [];
  let turn = 0;

  const headers = () => ({ 'content-type': 'application/json; charset=utf-8', 'x-ratelimit-limit': String(limit), 'x-ratelimit-remaining': String(left) });
  const json = (status: number, value: unknown, more: Record<string, string> = {}): SandboxAnswer => ({ status, headers: { ...headers(), ...more }, body: JSON.stringify(value) });
  const message = (status: number, text: string) => json(status, { Message: text });

  function deliver(row: SandboxRow): void {
    const hook = options.webhook;
    if (!hook) return;
    const body = webhookBody(row);
    const authorization: Record<string, string> = hook.user === undefined ? {} : { authorization: `Basic ${Buffer.from(`${hook.user}:${hook.password ?? ''}`).toString('base64')}` };
    for (let n = 0; n < (hook.repeat ?? 1); n++) {
      const sent = fetch(hook.url, { method: 'POST', headers: { 'content-type': 'application/json', ...authorization }, body })
        .catch(() => undefined)
        .finally(() => sending.delete(sent));
      sending.add(sent);
    }
  }

  function list(kind: KindName, how: ListKind, query: URLSearchParams): SandboxAnswer {
    const found = listRows(store, kind, how, query, listing, turn++);
    if (typeof found === 'string') return message(400, found);
    return json(200, found.page, found.total === null ? {} : { 'x-total-count': String(found.total) });
  }

  function post(kind: KindName, body: SandboxRow): SandboxAnswer {
    const fault = store.faultOf(kind, body, true);
    if (fault !== null) return message(400, fault);
    store.emptyOld();
    const held = kindNames.reduce((sum, name) => sum + store.all[name].size + store.binned[name].size, 0);
    if (held >= (options.recordLimit ?? Number.POSITIVE_INFINITY)) return message(402, 'Record limit reached.');
    return json(201, store.add(kind, body).row);
  }

  function put(kind: KindName, body: SandboxRow): SandboxAnswer {
    const id = body[kinds[kind].idKey];
    if (id === undefined || id === null) return message(400, `${kinds[kind].idKey} is required`);
    const stored = store.all[kind].get(String(id));
    if (!stored) return message(options.putMissingStatus ?? 404, 'Record not found.');
    if (stored.hidden) return message(403, 'User does not have access to record.');
    const fault = store.faultOf(kind, body, false);
    if (fault !== null) return message(400, fault);
    store.set(kind, stored.row, body);
    return json(options.putStatus ?? 201, stored.row);
  }

  function remove(kind: KindName, id: string): SandboxAnswer {
    if (undeletable.has(`${kind} ${id}`)) return message(417, 'Delete failed.');
    store.remove(kind, id);
    return { status: 202, headers: headers() };
  }

  /** Tags, dates and links of a record; reading them answers 201 in the Swagger document. Its own change date stays as it was. */
  function collection(row: SandboxRow, name: string, method: string, body: unknown): SandboxAnswer {
    const items = (row[name] ?? []) as SandboxRow[];
    const same = (a: SandboxRow) => (b: SandboxRow) => name === 'TAGS' && a['TAG_NAME'] === b['TAG_NAME'];
    if (method === 'PUT' && Array.isArray(body)) row[name] = body;
    else if (method === 'POST') row[name] = [...items.filter((item) => !same(body as SandboxRow)(item)), body];
    else if (method === 'DELETE' && name === 'TAGS') row[name] = items.filter((item) => !same(body as SandboxRow)(item));
    else if (method !== 'GET') return message(405, 'The requested resource does not support this method.');
    return method === 'DELETE' ? { status: 202, headers: headers() } : json(201, row[name]);
  }

  function route({ method, path, query, body: raw }: SandboxRequest): SandboxAnswer {
    const [base, object = '', second, third, ...more] = path.split('/').filter(Boolean);
    const is = (name: string) => object.toLowerCase() === name;
    if (base !== 'v3.1' || more.length > 0) return message(404, 'No such resource.');
    if (method === 'GET' && is('instance')) return json(200, { INSTANCE_NAME: 'Sandbox', INSTANCE_SUBDOMAIN: 'sandbox', PLAN_NAME: 'Professional', NEW_USER_EXPERIENCE_ENABLED: true });
    if (method === 'GET' && is('users')) return second?.toLowerCase() === 'me' ? json(200, me) : json(200, [me]);
    if (method === 'GET' && is('customfields')) return json(200, definitionsFor(store, second));
    const kind = kindNames.find((name) => is(kinds[name].path.toLowerCase()));
    if (kind === undefined) return message(is('contact') || is('lead') || is('organisation') ? 405 : 404, 'No such resource.');
    const status = denied.get(kind);
    if (status !== undefined) return message(status, 'User does not have access to this object.');
    const searching = second?.toLowerCase();
    if (method === 'GET' && third === undefined && (second === undefined || searching === 'search' || searching === 'searchbytag')) {
      return list(kind, second === undefined ? 'list' : searching === 'search' ? 'search' : 'search-by-tag', query);
    }
    const body = parseBody(raw);
    if (second === undefined) {
      if (method !== 'PUT' && method !== 'POST') return message(405, 'The requested resource does not support this method.');
      if (body === null || typeof body !== 'object' || Array.isArray(body)) return message(400, 'Data validation error.');
      return method === 'PUT' ? put(kind, body as SandboxRow) : post(kind, body as SandboxRow);
    }
    if (!/^\d+$/.test(second)) return message(400, 'The id is not valid.');
    const stored = store.all[kind].get(second);
    if (!stored) return message(404, 'Record not found.');
    if (stored.hidden) return message(403, 'User does not have access to record.');
    const name = third?.toUpperCase();
    if (name !== undefined) return name !== 'CUSTOMFIELDS' && kinds[kind].collections.includes(name) ? collection(stored.row, name, method, body) : message(404, 'No such resource.');
    if (method === 'GET') return json(200, stored.row);
    return method === 'DELETE' ? remove(kind, second) : message(405, 'The requested resource does not support this method.');
  }

  const me = { USER_ID: 2_240_727, CONTACT_ID: 366_637_000, FIRST_NAME: 'Kaiku', LAST_NAME: 'Sandbox', TIMEZONE_ID: 'Europe/Helsinki', EMAIL_ADDRESS: 'kaiku@esimerkki.test', ADMINISTRATOR: true, ACCOUNT_OWNER: false, ACTIVE: true, DATE_CREATED_UTC: '2024-01-02 07:00:00', DATE_UPDATED_UTC: '2024-01-02 07:00:00', USER_CURRENCY: 'EUR', INSTANCE_ID: 1 };

  const sandbox: InsightlySandbox = {
    vendor: 'insightly',
    connections: options.connections ?? 5,
    handle(request) {
      if (!isKey(request.headers['authorization'], apiKey)) return sandbox.unauthorized();
      const at = performance.now();
      arrivals = arrivals.filter((t) => at - t < 1000);
      if (arrivals.length >= (options.perSecond ?? 10)) return sandbox.throttled(options.retryAfter);
      arrivals.push(at);
      const today = formatSpaced(now()).slice(0, 10);
      if (today !== quotaDay) [quotaDay, left] = [today, limit];
      if (left <= 0) return sandbox.throttled(options.retryAfter);
      left--;
      return route(request);
    },
    // the body of a 429 is not documented, so it is nothing that could be parsed
    throttled: (retryAfter) => ({ status: 429, headers: { ...headers(), 'content-type': 'text/plain', ...(retryAfter ? { 'retry-after': retryAfter } : {}) }, body: 'slow down {' }),
    unauthorized: () => ({ status: 401, headers: headers(), body: JSON.stringify({ Message: 'Authorization has been denied for this request.' }) }),
    state: () => Object.fromEntries(kindNames.map((kind) => [kind, [...store.all[kind].values()].map(({ row }) => row)])),
    act: (what) => act(sandbox, what),
    seed: (count) => customers(count, sandbox),
    add(kind, fields) {
      for (const name of Object.keys(fields)) if (name.endsWith('__c')) sandbox.define(kind, { name, type: typeof fields[name] === 'boolean' ? 'BIT' : 'TEXT' });
      return String(store.add(kind, fields).row[kinds[kind].idKey]);
    },
    update: (kind, id, fields) => store.set(kind, store.mustHave(kind, id).row, fields, true),
    remove: (kind, id) => void store.remove(kind, id),
    restore: (kind, id) => store.restore(kind, id),
    purge: () => {
      for (const kind of kindNames) store.binned[kind].clear();
    },
    hide: (kind, id, hidden = true) => {
      store.mustHave(kind, id).hidden = hidden;
    },
    deny: (kind, status) => void (status === null ? denied.delete(kind) : denied.set(kind, status)),
    convert(id) {
      const { row } = store.mustHave('lead', id);
      const contact = sandbox.add('contact', {
        FIRST_NAME: row['FIRST_NAME'] ?? '-',
        LAST_NAME: row['LAST_NAME'],
        EMAIL_ADDRESS: row['EMAIL'] || null,
        PHONE: row['PHONE'],
        EMAIL_OPTED_OUT: row['EMAIL_OPTED_OUT'],
        CUSTOMFIELDS: row['CUSTOMFIELDS'],
      });
      store.set('lead', row, { CONVERTED: true, CONVERTED_CONTACT_ID: Number(contact), CONVERTED_DATE_UTC: formatSpaced(now()) }, true);
      return contact;
    },
    merge(winner, loser) {
      const { row } = store.mustHave('contact', winner);
      const from = store.mustHave('contact', loser).row;
      store.set('contact', row, Object.fromEntries(Object.keys(kinds.contact.fields).filter((name) => row[name] === null && from[name] !== null).map((name) => [name, from[name]])), true);
      store.all.contact.delete(loser);
    },
    keepFromDeletion: (kind, id) => void undeletable.add(`${kind} ${id}`),
    define(kind, field) {
      if (!store.custom[kind].some(({ name }) => name === field.name)) store.custom[kind].push(field);
    },
    record: (kind, id) => store.all[kind].get(id)?.row,
    ids: (kind) => [...store.all[kind].keys()],
    bin(kind) {
      store.emptyOld();
      return [...store.binned[kind].keys()];
    },
    setQuota(value) {
      left = value;
    },
    webhookBody: (kind, id) => webhookBody(store.mustHave(kind, id).row),
    async delivered() {
      while (sending.size > 0) await Promise.all(sending);
    },
  };
  return sandbox;
}

/** The key is the user name, encoded with or without its colon; the password is not looked at. */
function isKey(header: string | undefined, apiKey: string): boolean {
  const given = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  return given !== undefined && Buffer.from(given, 'base64').toString('utf8').split(':')[0] === apiKey;
}

function parseBody(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
