import { badRequest, invalid } from './problem.ts';
import { type Audience, type StoredMember, statuses } from './state.ts';
import { memberView } from './view.ts';

/** GET: filters, paging and partial answers. */

const time = (query: URLSearchParams, name: string): number | undefined => {
  const value = query.get(name);
  if (value === null) return undefined;
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) throw badRequest(`${name} is not an ISO 8601 time.`);
  // one second is the precision of every time there
  return Math.floor(ms / 1000);
};
const second = (ms: number | null) => (ms === null ? Number.NEGATIVE_INFINITY : Math.floor(ms / 1000));
const sortKeys = {
  last_changed: (m: StoredMember) => m.lastChanged,
  timestamp_opt: (m: StoredMember) => m.optedIn ?? 0,
  timestamp_signup: (m: StoredMember) => m.signedUp ?? 0,
};

/** GET /lists/{id}/members: 10 unless asked, 1,000 at most; archived members only by name. */
export function listMembers(audience: Audience, query: URLSearchParams): Record<string, unknown> {
  const status = query.get('status');
  if (status !== null && !statuses.some((s) => s === status)) throw invalid(`"${status}" is not a status of a list member.`);
  if (query.has('since_last_campaign') && status === null)
    throw badRequest('Status is required when using since_last_campaign filter.');
  if (query.has('unsubscribed_since') && status !== 'unsubscribed')
    throw badRequest('unsubscribed_since works only with the status unsubscribed.');
  const [since, before, unsubscribedSince] = [
    time(query, 'since_last_changed'),
    time(query, 'before_last_changed'),
    time(query, 'unsubscribed_since'),
  ];
  const unique = query.get('unique_email_id');
  const found = audience.members.filter(
    (m) =>
      (status === null ? m.status !== 'archived' : m.status === status) &&
      (since === undefined || second(m.lastChanged) > since) &&
      (before === undefined || second(m.lastChanged) < before) &&
      (unsubscribedSince === undefined || second(m.unsubscribedAt) > unsubscribedSince) &&
      (unique === null || m.unique_email_id === unique) &&
      (query.get('vip_only') !== 'true' || m.vip),
  );
  const sort = query.get('sort_field');
  if (sort !== null) {
    const key = Object.entries(sortKeys).find(([name]) => name === sort)?.[1];
    if (!key) throw badRequest(`sort_field cannot be ${sort}.`);
    const sign = query.get('sort_dir') === 'DESC' ? -1 : 1;
    found.sort((a, b) => sign * (key(a) - key(b)));
  }
  return {
    members: page(found, query).map((m) => memberView(audience.id, m)),
    list_id: audience.id,
    total_items: found.length,
    _links: [],
  };
}

export function page<T>(all: readonly T[], query: URLSearchParams): readonly T[] {
  const count = whole(query, 'count', 10);
  if (count > 1000) throw badRequest('count may be 1000 at most.');
  const offset = whole(query, 'offset', 0);
  // nought once gave everything, and a caller should not find out on the live account
  return count === 0 ? all : all.slice(offset, offset + count);
}

function whole(query: URLSearchParams, name: string, usual: number): number {
  const value = query.get(name);
  if (value === null) return usual;
  if (!/^\d+$/.test(value)) throw badRequest(`${name} must be a whole number.`);
  return Number(value);
}

/** GET /search-members. Without `list_id` it spans all audiences. */
export function searchMembers(audiences: Iterable<Audience>, query: URLSearchParams): Record<string, unknown> {
  const text = query.get('query')?.trim().toLowerCase();
  if (!text) throw badRequest('query is needed.');
  const list = query.get('list_id');
  const exact: unknown[] = [];
  const full: unknown[] = [];
  for (const audience of audiences) {
    if (list !== null && audience.id !== list) continue;
    for (const member of audience.members) {
      const words = [member.email_address, member.merge_fields['FNAME'], member.merge_fields['LNAME']].map((w) =>
        String(w ?? '').toLowerCase(),
      );
      if (words[0] === text) exact.push(memberView(audience.id, member));
      else if (words.some((w) => w.includes(text))) full.push(memberView(audience.id, member));
    }
  }
  return {
    exact_matches: { members: exact, total_items: exact.length },
    full_search: { members: full, total_items: full.length },
    _links: [],
  };
}

export const listView = (audience: Audience) => {
  const count = (status: string) => audience.members.filter((m) => m.status === status).length;
  return {
    id: audience.id,
    web_id: audience.web_id,
    name: audience.name,
    double_optin: audience.double_optin,
    list_rating: 0,
    visibility: 'prv',
    stats: { member_count: count('subscribed'), unsubscribe_count: count('unsubscribed'), cleaned_count: count('cleaned') },
    _links: [],
  };
};

/** `fields` and `exclude_fields`: dots lead inside, both at once and unknown names are errors. */
export function partial(
  value: Record<string, unknown>,
  query: URLSearchParams,
  shape: Record<string, unknown> = value,
): Record<string, unknown> {
  const paths = (name: string) =>
    query
      .get(name)
      ?.split(',')
      .map((path) => path.trim().split('.')) ?? [];
  const [kept, left] = [paths('fields'), paths('exclude_fields')];
  if (kept.length > 0 && left.length > 0) throw badRequest('fields and exclude_fields are mutually exclusive.');
  for (const path of [...kept, ...left])
    if (!knows(shape, path)) throw badRequest(`${path.join('.')} is not a field of this resource.`);
  if (kept.length > 0) return pick(value, kept) as Record<string, unknown>;
  return left.length > 0 ? (omit(value, left) as Record<string, unknown>) : value;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const rest = (paths: string[][], name: string) => paths.filter(([first]) => first === name).map((path) => path.slice(1));

function knows(shape: unknown, [first, ...more]: string[]): boolean {
  const inside = Array.isArray(shape) ? shape[0] : shape;
  if (first === undefined || !isObject(inside)) return first === undefined;
  if (first === 'merge_fields' || first === 'interests') return true;
  return first in inside && knows(inside[first], more);
}

function pick(value: unknown, paths: string[][]): unknown {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, paths));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      rest(paths, name).length > 0 ? [[name, pick(inner, rest(paths, name))]] : [],
    ),
  );
}

function omit(value: unknown, paths: string[][]): unknown {
  if (Array.isArray(value)) return value.map((item) => omit(item, paths));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const inside = rest(paths, name);
      return inside.some((path) => path.length === 0) ? [] : [[name, inside.length > 0 ? omit(inner, inside) : inner]];
    }),
  );
}
