import { createHash, createHmac } from 'node:crypto';
import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';
import { cut, hashOf } from './mapping.ts';
import { problem } from './sandbox-answers.ts';

/**
 * Mailchimp's audiences as far as we use them, faithful to recorded traffic: members with stable contact ids and hashes that follow
 * the address, archiving that is not erasing, addresses that are burnt for ever, problem documents without a `type`.
 */
export interface MailchimpSandboxOptions {
  apiKey?: string;
  audiences?: string[];
  now?: () => Date;
  /** Audiences that demand the person's own confirmation. */
  doubleOptIn?: string[];
  /** Whether a re-subscription of somebody who unsubscribed is refused; both were reported. */
  compliance?: boolean;
  connections?: number;
  /** Whether `contact_id` is taken in a path, as the official description says. */
  takesContactIds?: boolean;
}

export interface SandboxMember {
  contactId: string;
  webId: number;
  email: string;
  status: string;
  /** What it was before it was archived. */
  before: string;
  mergeFields: Record<string, unknown>;
  tags: Set<string>;
  lastChanged: Date;
  optedIn: Date | null;
}

export interface MailchimpSandbox extends SandboxBehaviour {
  seedMember(audience: string, member: { email: string; status?: string } & Record<string, unknown>): SandboxMember;
  members(audience: string): SandboxMember[];
  member(audience: string, email: string): SandboxMember | undefined;
  forgotten(audience: string): string[];
  /** The person clicks the link in a mail. */
  unsubscribe(audience: string, email: string): void;
  resubscribeByForm(audience: string, email: string): void;
  changeAddress(audience: string, email: string, to: string): void;
  clean(audience: string, email: string): void;
  archive(audience: string, email: string): void;
  /** A webhook's body as Mailchimp would send it, with its signature header where a secret is given. */
  webhook(audience: string, type: string, data: Record<string, string>, signingSecret?: string): { body: string; headers: Record<string, string> };
}

type Json = Record<string, unknown>;

export function mailchimpSandbox(options: MailchimpSandboxOptions = {}): MailchimpSandbox {
  const apiKey = options.apiKey ?? 'sandbox-us1';
  const now = options.now ?? (() => new Date());
  const audiences = options.audiences ?? ['ab12cd34ef'];
  const lists = new Map(audiences.map((id) => [id, { members: new Map<string, SandboxMember>(), forgotten: new Set<string>() }]));
  const tags = new Map(audiences.map((id) => [id, [
    { tag: 'FNAME', type: 'text' },
    { tag: 'LNAME', type: 'text' },
    { tag: 'ADDRESS', type: 'address' },
    { tag: 'PHONE', type: 'phone' },
    { tag: 'SITE', type: 'text' },
  ]]));
  let serial = 0;
  const listOf = (id: string) => {
    const list = lists.get(id);
    if (!list) throw new Error(`there is no audience ${id}`);
    return list;
  };

  const json = (status: number, body: unknown): SandboxAnswer => ({
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', server: 'openresty', vary: 'Accept-Encoding', 'x-request-id': requestId(++serial) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const refuse = (status: number, title: string, detail: string, more: Json = {}) => problem(status, title, detail, requestId(++serial), more);

  const shown = (list: string, m: SandboxMember): Json => ({
    id: hashOf(m.email),
    email_address: m.email,
    unique_email_id: createHash('sha1').update(m.email.toLowerCase()).digest('hex').slice(0, 10),
    contact_id: m.contactId,
    full_name: `${m.mergeFields['FNAME'] ?? ''} ${m.mergeFields['LNAME'] ?? ''}`.trim(),
    web_id: m.webId,
    email_type: 'html',
    status: m.status,
    consents_to_one_to_one_messaging: true,
    merge_fields: { FNAME: '', LNAME: '', ADDRESS: '', PHONE: '', SITE: '', ...m.mergeFields },
    interests: {},
    stats: { avg_open_rate: 0, avg_click_rate: 0 },
    ip_signup: '',
    timestamp_signup: '',
    ip_opt: '127.0.0.1',
    timestamp_opt: m.optedIn ? stamp(m.optedIn) : '',
    member_rating: 2,
    last_changed: stamp(m.lastChanged),
    language: '',
    vip: false,
    email_client: '',
    location: { latitude: 0, longitude: 0, gmtoff: 0, dstoff: 0, country_code: '', timezone: '', region: '' },
    source: 'API - Generic',
    tags_count: m.tags.size,
    tags: [...m.tags].map((name, id) => ({ id, name })),
    list_id: list,
    _links: [],
  });

  function put(list: string, email: string, status: string, merge: Json): SandboxMember {
    const member: SandboxMember = {
      contactId: createHash('md5').update(`${list}/${++serial}`).digest('hex'),
      webId: 500_000_000 + serial,
      email,
      status,
      before: status,
      mergeFields: {},
      tags: new Set(),
      lastChanged: now(),
      optedIn: status === 'subscribed' ? now() : null,
    };
    setMerge(list, member, merge);
    listOf(list).members.set(hashOf(email), member);
    return member;
  }

  /** Unknown tags are ignored without a word; texts are cut at 255 bytes. */
  function setMerge(list: string, member: SandboxMember, merge: Json): void {
    for (const [tag, value] of Object.entries(merge)) {
      if (!tags.get(list)?.some((t) => t.tag === tag)) continue;
      member.mergeFields[tag] = typeof value === 'string' ? cut(value) : value;
    }
  }

  const lookUp = (list: string, key: string): SandboxMember | undefined => {
    const { members } = listOf(list);
    if (key.includes('@')) return members.get(hashOf(key));
    return members.get(key.toLowerCase()) ?? (options.takesContactIds === false ? undefined : [...members.values()].find((m) => m.contactId === key));
  };

  const notFound = () => refuse(404, 'Resource Not Found', 'The requested resource could not be found.');
  const exists = (email: string) => refuse(400, 'Member Exists', `${email} is already a list member. Use PUT to insert or update list members.`, { type: undefined });
  const badAddress = (email: unknown): SandboxAnswer | null => {
    if (typeof email !== 'string' || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return refuse(400, 'Invalid Resource', 'Please provide a valid email address.');
    if (/@example\.(com|org|net)$/i.test(email)) return refuse(400, 'Invalid Resource', `${email} looks fake or invalid, please enter a real email address.`);
    return null;
  };
  const forgottenAnswer = (email: string) =>
    refuse(400, 'Forgotten Email Not Subscribed', `${email} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.`);

  function create(list: string, body: Json, status: unknown): SandboxAnswer {
    const bad = badAddress(body['email_address']);
    if (bad) return bad;
    const email = String(body['email_address']).trim();
    if (!['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional'].includes(String(status))) {
      return refuse(400, 'Invalid Resource', "The resource submitted could not be validated. For field-specific details, see the 'errors' array.", { errors: [{ field: 'status', message: 'This value should be one of the accepted ones.' }] });
    }
    if (listOf(list).forgotten.has(hashOf(email))) return forgottenAnswer(email);
    return json(200, shown(list, put(list, email, String(status), (body['merge_fields'] ?? {}) as Json)));
  }

  function change(list: string, member: SandboxMember, body: Json): SandboxAnswer {
    const { members, forgotten } = listOf(list);
    const email = body['email_address'] === undefined ? member.email : String(body['email_address']).trim();
    if (hashOf(email) !== hashOf(member.email)) {
      const bad = badAddress(email);
      if (bad) return bad;
      if (members.has(hashOf(email))) return exists(email);
      if (forgotten.has(hashOf(email))) return forgottenAnswer(email);
    }
    const status = body['status'];
    if (status === 'subscribed' && (member.status === 'unsubscribed' || member.status === 'cleaned') && options.compliance !== false) {
      return refuse(400, 'Member In Compliance State', `${member.email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`);
    }
    members.delete(hashOf(member.email));
    member.email = email;
    members.set(hashOf(email), member);
    setMerge(list, member, (body['merge_fields'] ?? {}) as Json);
    if (typeof status === 'string') member.status = status;
    member.lastChanged = now();
    return json(200, shown(list, member));
  }

  function archive(list: string, member: SandboxMember): SandboxAnswer {
    if (['archived', 'pending', 'cleaned'].includes(member.status)) {
      const said = refuse(405, 'Method Not Allowed', 'This list member cannot be removed. Can not archive a contact that is bounced, pending or archived');
      return { ...said, headers: { ...said.headers, allow: 'GET, PUT' } };
    }
    Object.assign(member, { before: member.status, status: 'archived', lastChanged: now() });
    return json(204, undefined);
  }

  function listMembers(list: string, query: URLSearchParams): SandboxAnswer {
    const count = Number(query.get('count') ?? 10);
    if (count > 1000) return refuse(400, 'Invalid Resource', 'count may be 1000 at most', { errors: [{ field: 'count', message: 'Item limit is 1000.' }] });
    const status = query.get('status');
    const since = query.get('since_last_changed');
    const after = since ? Math.floor(Date.parse(since) / 1000) : null;
    let found = [...listOf(list).members.values()].filter((m) => (status ? m.status === status : m.status !== 'archived'));
    // strictly later, in whole seconds
    if (after !== null) found = found.filter((m) => Math.floor(m.lastChanged.getTime() / 1000) > after);
    if (query.get('sort_field') === 'last_changed') found.sort((a, b) => (a.lastChanged.getTime() - b.lastChanged.getTime()) * (query.get('sort_dir') === 'DESC' ? -1 : 1));
    const offset = Number(query.get('offset') ?? 0);
    return json(200, { members: found.slice(offset, offset + count).map((m) => shown(list, m)), list_id: list, total_items: found.length, _links: [] });
  }

  function member(method: string, list: string, key: string, rest: string[], body: Json): SandboxAnswer {
    const found = lookUp(list, key);
    if (rest.join('/') === 'actions/delete-permanent' && method === 'POST') {
      // the description names only the hash here
      if (!found || hashOf(found.email) !== key.toLowerCase()) return notFound();
      listOf(list).members.delete(hashOf(found.email));
      listOf(list).forgotten.add(hashOf(found.email));
      return json(204, undefined);
    }
    if (rest[0] === 'tags' && found) {
      for (const tag of (body['tags'] ?? []) as { name: string; status: string }[]) tag.status === 'active' ? found.tags.add(tag.name) : found.tags.delete(tag.name);
      return method === 'POST' ? json(204, undefined) : json(200, { tags: [...found.tags].map((name, id) => ({ id, name })), total_items: found.tags.size });
    }
    if (rest.length > 0) return notFound();
    if (method === 'PUT') {
      if (found) return change(list, found, body);
      if (hashOf(String(body['email_address'] ?? '')) !== key.toLowerCase() && !key.includes('@') && listOf(list).members.has(hashOf(String(body['email_address'] ?? '')))) return exists(String(body['email_address']));
      return create(list, body, body['status_if_new'] ?? body['status']);
    }
    if (!found) return notFound();
    if (method === 'GET') return json(200, shown(list, found));
    if (method === 'PATCH') return change(list, found, body);
    if (method === 'DELETE') return archive(list, found);
    return refuse(405, 'Method Not Allowed', 'The requested method and resource are not compatible.');
  }

  function batchMembers(list: string, body: Json): SandboxAnswer {
    const given = (body['members'] ?? []) as Json[];
    if (given.length > 500) return refuse(400, 'Invalid Resource', 'at most 500 members');
    const [added, updated, errors]: [Json[], Json[], Json[]] = [[], [], []];
    for (const row of given) {
      const there = listOf(list).members.get(hashOf(String(row['email_address'] ?? '')));
      const said = there ? (body['update_existing'] === true ? change(list, there, row) : exists(there.email)) : create(list, row, row['status']);
      const read = JSON.parse(String(said.body ?? '{}')) as Json;
      if (said.status === 200) (there ? updated : added).push(read);
      else errors.push({ email_address: row['email_address'], error: read['detail'], error_code: there ? 'ERROR_CONTACT_EXISTS' : 'ERROR_GENERIC', field: '', field_message: '' });
    }
    return json(200, { new_members: added, updated_members: updated, errors, total_created: added.length, total_updated: updated.length, error_count: errors.length });
  }

  function route({ method, path, query, body: bytes }: SandboxRequest): SandboxAnswer {
    const [base, resource, list, sub, key, ...rest] = path.split('/').filter(Boolean).map(decodeURIComponent);
    if (base !== '3.0') return notFound();
    let body: Json = {};
    if (bytes.length > 0) {
      try {
        body = JSON.parse(bytes.toString('utf8')) as Json;
      } catch {
        return refuse(400, 'JSON Parse Exception', 'We encountered an unspecified JSON parsing error.');
      }
    }
    if (resource === 'ping') return json(200, { health_status: "Everything's Chimpy!" });
    if (resource === 'search-members') return search(query);
    if (resource !== 'lists') return notFound();
    if (list === undefined) return json(200, { lists: audiences.map(about), total_items: audiences.length, _links: [] });
    if (!lists.has(list)) return notFound();
    if (sub === undefined) return method === 'POST' ? batchMembers(list, body) : json(200, about(list));
    if (sub === 'merge-fields') return json(200, { merge_fields: tags.get(list)?.map((t, i) => ({ merge_id: i + 1, name: t.tag, required: false, ...t })), list_id: list, total_items: tags.get(list)?.length ?? 0 });
    if (sub !== 'members') return notFound();
    if (key !== undefined) return member(method, list, key, rest, body);
    if (method === 'GET') return listMembers(list, query);
    const there = listOf(list).members.get(hashOf(String(body['email_address'] ?? '')));
    return there ? exists(there.email) : create(list, body, body['status']);
  }

  const about = (id: string): Json => ({ id, web_id: 1, name: `Audience ${id}`, double_optin: options.doubleOptIn?.includes(id) === true, stats: { member_count: lists.get(id)?.members.size ?? 0 } });

  function search(query: URLSearchParams): SandboxAnswer {
    const wanted = (query.get('query') ?? '').toLowerCase();
    const places = query.get('list_id') ? [String(query.get('list_id'))] : audiences;
    const found = places.flatMap((id) => [...(lists.get(id)?.members.values() ?? [])].filter((m) => m.email.toLowerCase() === wanted).map((m) => shown(id, m)));
    return json(200, { exact_matches: { members: found, total_items: found.length }, full_search: { members: found, total_items: found.length } });
  }

  const acting = (list: string, email: string, status: string) => {
    const found = listOf(list).members.get(hashOf(email));
    if (!found) throw new Error('there is no such member');
    Object.assign(found, { before: found.status, status, lastChanged: now() });
  };

  const sandbox: MailchimpSandbox = {
    vendor: 'mailchimp',
    connections: options.connections ?? 10,
    handle(request) {
      const given = request.headers['authorization'] ?? '';
      const basic = given.startsWith('Basic ') ? Buffer.from(given.slice(6), 'base64').toString('utf8').split(':').slice(1).join(':') : '';
      if (basic !== apiKey && given !== `Bearer ${apiKey}`) return sandbox.unauthorized();
      return route(request);
    },
    throttled: () => refuse(429, 'Too Many Requests', 'You have exceeded the limit of 10 simultaneous connections.'),
    unauthorized: () => refuse(401, 'API Key Invalid', "Your API key may be invalid, or you've attempted to access the wrong datacenter."),
    state: () => Object.fromEntries(audiences.map((id) => [id, sandbox.members(id).map((m) => shown(id, m))])),
    act(what) {
      const list = String(what['audience'] ?? audiences[0]);
      const email = String(what['email'] ?? '');
      const deeds: Record<string, () => unknown> = {
        seed: () => shown(list, sandbox.seedMember(list, what as { email: string })),
        unsubscribe: () => sandbox.unsubscribe(list, email),
        resubscribe: () => sandbox.resubscribeByForm(list, email),
        changeAddress: () => sandbox.changeAddress(list, email, String(what['to'] ?? '')),
        clean: () => sandbox.clean(list, email),
        archive: () => sandbox.archive(list, email),
      };
      const deed = deeds[String(what['do'])];
      if (!deed) throw new Error(`do must be one of ${Object.keys(deeds).join(', ')}`);
      return deed() ?? {};
    },
    seedMember: (list, { email, status = 'subscribed', ...merge }) => put(list, email, status, merge),
    members: (list) => [...listOf(list).members.values()],
    member: (list, email) => listOf(list).members.get(hashOf(email)),
    forgotten: (list) => [...listOf(list).forgotten],
    unsubscribe: (list, email) => acting(list, email, 'unsubscribed'),
    resubscribeByForm(list, email) {
      listOf(list).forgotten.delete(hashOf(email));
      if (listOf(list).members.has(hashOf(email))) acting(list, email, 'subscribed');
      else put(list, email, 'subscribed', {});
    },
    changeAddress(list, email, to) {
      const found = listOf(list).members.get(hashOf(email));
      if (found) change(list, found, { email_address: to });
    },
    clean: (list, email) => acting(list, email, 'cleaned'),
    archive: (list, email) => acting(list, email, 'archived'),
    webhook(list, type, data, signingSecret) {
      const form = new URLSearchParams({ type, fired_at: stamp(now()).slice(0, 19).replace('T', ' '), 'data[list_id]': list });
      for (const [name, value] of Object.entries(data)) form.set(`data[${name}]`, value);
      const body = form.toString();
      const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'MailChimp.com' };
      if (signingSecret) {
        const t = Math.floor(now().getTime() / 1000);
        headers['x-mailchimp-signature'] = `t=${t},v1=${createHmac('sha256', signingSecret).update(`${t}.${body}`).digest('hex')}`;
      }
      return { body, headers };
    },
  };
  return sandbox;
}

/** `2021-11-23T22:51:56+00:00`, as recorded. */
const stamp = (date: Date) => `${date.toISOString().slice(0, 19)}+00:00`;

const requestId = (n: number) => `0c1f7a4e-0000-4000-8000-${String(n).padStart(12, '0')}`;
