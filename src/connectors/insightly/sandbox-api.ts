import type { SandboxAnswer, SandboxRequest } from '../sandbox.ts';
import { type KindName, kinds } from './objects.ts';
import { definitionsFor, type ListKind, type ListOptions, listRows } from './sandbox-lists.ts';
import { kindNames, type SandboxRow, type Store } from './sandbox-store.ts';

/** The sandbox's API: which call does what, and how the vendor words its answers. */

export interface ApiOptions {
  /** Records the plan holds, binned ones included; above it a POST answers 402. */
  recordLimit?: number;
  /** Status of a PUT that worked: 201 in the Swagger document, 200 in others' recordings. */
  putStatus?: 200 | 201;
  /** Status of a PUT whose id is nobody's. */
  putMissingStatus?: 400 | 404;
}

export interface SandboxApi {
  route(request: SandboxRequest): SandboxAnswer;
  /** Of every answer: the daily quota. */
  headers(): Record<string, string>;
  /** Kinds of records that the plan or the key's user lacks. */
  denied: Map<KindName, 403 | 404>;
  /** `kind id` of records whose deletion fails. */
  undeletable: Set<string>;
  /** `kind field` of what the key's user may not see. */
  concealed: Map<string, 'missing' | 'null'>;
}

const me = {
  USER_ID: 2_240_727,
  CONTACT_ID: 366_637_000,
  FIRST_NAME: 'Kaiku',
  LAST_NAME: 'Sandbox',
  TIMEZONE_ID: 'Europe/Helsinki',
  EMAIL_ADDRESS: 'kaiku@esimerkki.test',
  ADMINISTRATOR: true,
  ACCOUNT_OWNER: false,
  ACTIVE: true,
  DATE_CREATED_UTC: '2024-01-02 07:00:00',
  DATE_UPDATED_UTC: '2024-01-02 07:00:00',
  USER_CURRENCY: 'EUR',
  INSTANCE_ID: 1,
};

export function createApi({
  store,
  listing,
  options,
  quota,
}: {
  store: Store;
  listing: ListOptions;
  options: ApiOptions;
  quota: { limit: number; left: number };
}): SandboxApi {
  const denied = new Map<KindName, 403 | 404>();
  const undeletable = new Set<string>();
  const concealed: SandboxApi['concealed'] = new Map();
  let turn = 0;

  const headers = () => ({
    'content-type': 'application/json; charset=utf-8',
    'x-ratelimit-limit': String(quota.limit),
    'x-ratelimit-remaining': String(quota.left),
  });
  const json = (status: number, value: unknown, more: Record<string, string> = {}): SandboxAnswer => ({
    status,
    headers: { ...headers(), ...more },
    body: JSON.stringify(value),
  });
  const message = (status: number, text: string) => json(status, { Message: text });

  /** A row as the key's user sees it. */
  const seen = (kind: KindName, row: SandboxRow): SandboxRow =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        const how = concealed.get(`${kind} ${name}`);
        return how === 'missing' ? [] : [[name, how === 'null' ? null : value]];
      }),
    );

  function list(kind: KindName, how: ListKind, query: URLSearchParams): SandboxAnswer {
    const found = listRows(store, kind, how, query, listing, turn++);
    if (typeof found === 'string') return message(400, found);
    return json(
      200,
      found.page.map((row) => seen(kind, row)),
      found.total === null ? {} : { 'x-total-count': String(found.total) },
    );
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

  /** Tags, dates and links of a record; reading them answers 201 in the Swagger document, adding one answers that one. Its own change date stays as it was. */
  function collection(row: SandboxRow, name: string, method: string, body: unknown): SandboxAnswer {
    const items = (row[name] ?? []) as SandboxRow[];
    const same = (a: SandboxRow) => (b: SandboxRow) => name === 'TAGS' && a.TAG_NAME === b.TAG_NAME;
    if (method === 'PUT' && Array.isArray(body)) row[name] = body;
    else if (method === 'POST') row[name] = [...items.filter((item) => !same(body as SandboxRow)(item)), body];
    else if (method === 'DELETE' && name === 'TAGS') row[name] = items.filter((item) => !same(body as SandboxRow)(item));
    else if (method !== 'GET') return message(405, 'The requested resource does not support this method.');
    if (method === 'DELETE') return { status: 202, headers: headers() };
    return json(201, method === 'POST' ? body : row[name]);
  }

  function route({ method, path, query, body: raw }: SandboxRequest): SandboxAnswer {
    const [base, object = '', second, third, ...more] = path.split('/').filter(Boolean);
    const is = (name: string) => object.toLowerCase() === name;
    if (base !== 'v3.1' || more.length > 0) return message(404, 'No such resource.');
    if (method === 'GET' && is('instance'))
      return json(200, {
        INSTANCE_NAME: 'Sandbox',
        INSTANCE_SUBDOMAIN: 'sandbox',
        PLAN_NAME: 'Professional',
        NEW_USER_EXPERIENCE_ENABLED: true,
      });
    if (method === 'GET' && is('users')) return second?.toLowerCase() === 'me' ? json(200, me) : json(200, [me]);
    if (method === 'GET' && is('customfields')) return json(200, definitionsFor(store, second));
    const kind = kindNames.find((name) => is(kinds[name].path.toLowerCase()));
    if (kind === undefined) return message(is('contact') || is('lead') || is('organisation') ? 405 : 404, 'No such resource.');
    const status = denied.get(kind);
    if (status !== undefined) return message(status, 'User does not have access to this object.');
    const searching = second?.toLowerCase();
    if (
      method === 'GET' &&
      third === undefined &&
      (second === undefined || searching === 'search' || searching === 'searchbytag')
    ) {
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
    if (name !== undefined)
      return name !== 'CUSTOMFIELDS' && kinds[kind].collections.includes(name)
        ? collection(stored.row, name, method, body)
        : message(404, 'No such resource.');
    if (method === 'GET') return json(200, seen(kind, stored.row));
    return method === 'DELETE' ? remove(kind, second) : message(405, 'The requested resource does not support this method.');
  }

  return { route, headers, denied, undeletable, concealed };
}

function parseBody(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
