import type { SandboxAnswer } from '../../sandbox.ts';
import type { Batches } from './batches.ts';
import { batchSubscribe } from './bulk.ts';
import { addMember, archive, type Body, changeMember, changeTags, deletePermanently, putMember } from './members.ts';
import { mergeFieldFrom } from './merge-fields.ts';
import { json, noContent, notAllowed, notFound } from './problem.ts';
import { listMembers, listView, page, partial, searchMembers } from './reading.ts';
import { type Audience, hashOf, type StoredMember } from './state.ts';
import { memberView } from './view.ts';
import { hookView, type Webhooks } from './webhooks.ts';
import type { World } from './world.ts';

/** One call as the routes see it. */
export interface VendorCall {
  method: string;
  /** Decoded, without `/3.0`. */
  path: string[];
  query: URLSearchParams;
  body: Body;
  /** Where this sandbox is reached, for the addresses it hands out. */
  origin: string;
}

export interface Parts {
  world: World;
  hooks: Webhooks;
  batches: Batches;
}

/** The part of `/3.0` that Kaiku and its tests use. */
export async function route(parts: Parts, call: VendorCall): Promise<SandboxAnswer> {
  const [first, id, third] = call.path;
  const { world } = parts;
  if (first === undefined) return get(call, () => ({ account_id: 'sandbox', account_name: 'Sandbox', role: 'owner' }));
  if (first === 'ping') return get(call, () => ({ health_status: "Everything's Chimpy!" }));
  if (first === 'search-members') return get(call, () => searchMembers(world.audiences.values(), call.query));
  if (first === 'batches') return batchRoute(parts.batches, call, id);
  if (first !== 'lists') throw notFound();
  if (id === undefined)
    return get(call, () => ({
      lists: page([...world.audiences.values()].map(listView), call.query),
      total_items: world.audiences.size,
      _links: [],
    }));
  const audience = world.audiences.get(id);
  if (!audience) throw notFound();
  switch (third) {
    case undefined:
      if (call.method === 'POST') return json(200, batchSubscribe(world, audience, call.body, call.query));
      return get(call, () => listView(audience), 'GET, POST');
    case 'members':
      return memberRoute(parts, audience, call);
    case 'merge-fields':
      return mergeFieldRoute(audience, call);
    case 'webhooks':
      return hookRoute(parts.hooks, audience, call);
    case 'interest-categories':
      return interestRoute(audience, call);
    case 'tag-search': {
      const start = (call.query.get('name') ?? '').toLowerCase();
      const tags = new Map(audience.members.flatMap((m) => m.tags.map((t) => [t.id, t] as const)));
      const found = [...tags.values()].filter((t) => t.name.toLowerCase().startsWith(start));
      return get(call, () => ({ tags: found, total_items: found.length, _links: [] }));
    }
    default:
      throw notFound();
  }
}

function get(call: VendorCall, view: () => Record<string, unknown>, allow = 'GET'): SandboxAnswer {
  if (call.method !== 'GET') throw notAllowed(allow);
  return json(200, partial(view(), call.query));
}

function interestRoute(audience: Audience, call: VendorCall): SandboxAnswer {
  const [, , , category, kind] = call.path;
  const idOf = (title: string) => hashOf(title).slice(0, 10);
  const titles = [...new Set(audience.interests.map((interest) => interest.category))];
  const told = (name: string, all: Record<string, unknown>[], each: Record<string, unknown>) => {
    if (call.method !== 'GET') throw notAllowed('GET');
    const more = { list_id: audience.id, total_items: all.length, _links: [] };
    // names may be asked for where the list is empty, too
    return json(200, partial({ [name]: page(all, call.query), ...more }, call.query, { [name]: [each], ...more }));
  };
  const oneCategory = { list_id: '', id: '', title: '', type: 'checkboxes' };
  if (category === undefined)
    return told(
      'categories',
      titles.map((title) => ({ ...oneCategory, list_id: audience.id, id: idOf(title), title })),
      oneCategory,
    );
  const title = titles.find((one) => idOf(one) === category);
  if (title === undefined || kind !== 'interests') throw notFound();
  const mine = audience.interests.filter((interest) => interest.category === title);
  const oneInterest = { category_id: category, list_id: audience.id, id: '', name: '' };
  return told(
    'interests',
    mine.map(({ id, name }) => ({ ...oneInterest, id, name })),
    oneInterest,
  );
}

function memberRoute({ world }: Parts, audience: Audience, call: VendorCall): SandboxAnswer {
  const [, , , key, action, name] = call.path;
  const { method, body, query } = call;
  const skip = query.get('skip_merge_validation') === 'true';
  const view = (member: StoredMember) =>
    json(200, partial(memberView(audience.id, member), method === 'GET' ? query : new URLSearchParams()));
  if (key === undefined) {
    if (method === 'POST') return view(addMember(world, audience, body, skip));
    if (method === 'GET') return json(200, partial(listMembers(audience, query), query, listShape));
    throw notAllowed('GET, POST');
  }
  if (action === 'actions' && name === 'delete-permanent') {
    if (method !== 'POST') throw notAllowed('POST');
    deletePermanently(audience, key);
    return noContent();
  }
  // creates where nobody is, so it is the one verb that does not ask who is there
  if (action === undefined && method === 'PUT') return view(putMember(world, audience, key, body, skip));
  const member = action === 'tags' && method === 'POST' ? audience.byHash(key) : audience.find(key, world.takesContactIds);
  if (!member) throw notFound();
  if (action === 'tags') {
    if (method === 'GET') return json(200, { tags: page(member.tags, query), total_items: member.tags.length, _links: [] });
    if (method !== 'POST') throw notAllowed('GET, POST');
    changeTags(world, audience, member, body);
    return noContent();
  }
  if (action !== undefined) throw notFound();
  switch (method) {
    case 'GET':
      return view(member);
    case 'PATCH':
      return view(changeMember(world, audience, member, body, skip, 'api'));
    case 'DELETE':
      archive(world, audience, member, 'api');
      return noContent();
    default:
      throw notAllowed('GET, PUT, PATCH, DELETE');
  }
}

/** Names that `fields` may ask for, also when a page is empty. */
const sample: StoredMember = {
  id: '',
  contact_id: '',
  web_id: 0,
  unique_email_id: '',
  email_address: '',
  email_type: '',
  status: 'unsubscribed',
  merge_fields: {},
  interests: {},
  tags: [],
  language: '',
  vip: false,
  source: '',
  lastChanged: 0,
  signedUp: null,
  optedIn: null,
  unsubscribedBy: null,
  unsubscribedAt: null,
  archivedFrom: null,
};
const listShape = { members: [memberView('', sample)], list_id: '', total_items: 0, _links: [] };

function mergeFieldRoute(audience: Audience, call: VendorCall): SandboxAnswer {
  const view = (field: Audience['mergeFields'][number]) => ({
    ...field,
    default_value: '',
    public: false,
    display_order: field.merge_id + 1,
    options: {},
    list_id: audience.id,
    _links: [],
  });
  if (call.method === 'POST') {
    const field = mergeFieldFrom(audience.mergeFields, call.body);
    audience.mergeFields.push(field);
    return json(200, view(field));
  }
  return get(
    call,
    () => ({
      merge_fields: page(audience.mergeFields.map(view), call.query),
      list_id: audience.id,
      total_items: audience.mergeFields.length,
      _links: [],
    }),
    'GET, POST',
  );
}

async function hookRoute(hooks: Webhooks, audience: Audience, call: VendorCall): Promise<SandboxAnswer> {
  const id = call.path[3];
  if (id === undefined) {
    if (call.method === 'POST') return json(200, await hooks.create(audience, call.body));
    return get(
      call,
      () => ({
        webhooks: audience.hooks.map((h) => hookView(audience, h)),
        list_id: audience.id,
        total_items: audience.hooks.length,
        _links: [],
      }),
      'GET, POST',
    );
  }
  const at = audience.hooks.findIndex((h) => h.id === id);
  const hook = audience.hooks[at];
  if (!hook) throw notFound();
  if (call.method !== 'DELETE') return get(call, () => hookView(audience, hook), 'GET, DELETE');
  audience.hooks.splice(at, 1);
  return noContent();
}

function batchRoute(batches: Batches, call: VendorCall, id: string | undefined): SandboxAnswer {
  if (id === undefined && call.method === 'POST') return json(200, batches.start(call.body, call.origin));
  if (id === undefined) return get(call, () => batches.list(call.origin), 'GET, POST');
  if (call.method !== 'DELETE') return get(call, () => batches.get(id, call.origin), 'GET, DELETE');
  batches.stop(id);
  return noContent();
}
