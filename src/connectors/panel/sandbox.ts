import { z } from 'zod';
import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';
import { contract, rights } from './check.ts';
import type { Word } from './client.ts';
import type { Contact } from './mapping.ts';
import { cursorOf, PanelStore, positionIn } from './sandbox-store.ts';
import { type Hook, PanelWebhooks } from './sandbox-webhooks.ts';

export interface PanelSandboxOptions {
  token?: string;
  rights?: readonly string[];
  pageSize?: number;
  now?: () => Date;
}

export interface PanelSandbox extends SandboxBehaviour {
  /** People of the company make an account, and owner of these sites. */
  add(contact: Partial<Contact> & { email: string }, sites?: readonly string[]): Contact;
  /** The contact changes their own data on the edit page. */
  edit(id: string, values: { email?: string; phone?: string }): void;
  /** The panel drops its changes of more than some months ago: of now, here. */
  forgetChanges(): void;
  contacts(): Contact[];
  /** By site, the ids of its owners. */
  sites(): Record<string, string[]>;
  /** Bodies of the requests that are no GET, in order. */
  bodies: string[];
  hook(hook: Hook): void;
  webhooks: PanelWebhooks;
}

const Text = z.string().trim().min(1).max(200);
const Correction = z
  .strictObject({
    email: z.email(),
    givenName: Text.nullable(),
    familyName: Text.nullable(),
    phone: Text.nullable(),
  })
  .partial();
const Search = z.union([z.strictObject({ email: Text }), z.strictObject({ customerNumber: Text })]);

/** A panel that fulfils the contract of the README, with its refusals, its edit page, and webhooks that it signs. */
export function panelSandbox(options: PanelSandboxOptions = {}): PanelSandbox {
  const { token = 'sandbox', pageSize = 10, now = () => new Date() } = options;
  const may = options.rights ?? rights;
  const webhooks = new PanelWebhooks(now);
  const store = new PanelStore((change) => webhooks.tell(change));
  const bodies: string[] = [];

  const changing = (right: string, contact: Contact | undefined, work: (contact: Contact) => SandboxAnswer): SandboxAnswer =>
    may.includes(right) ? (contact ? work(contact) : said('not-found')) : json(403, { error: 'forbidden' });

  function corrected(contact: Contact, body: unknown): SandboxAnswer {
    const given = Correction.safeParse(body);
    if (!given.success) return said('invalid');
    const holder = given.data.email === undefined ? undefined : store.holderOf(given.data.email);
    if (holder && holder !== contact) return said('email-taken');
    return json(200, store.correct(contact, present(given.data), 'kaiku'));
  }

  function found(body: unknown): SandboxAnswer {
    const asked = Search.safeParse(body);
    if (!asked.success) return said('invalid');
    const what = asked.data;
    const holder = 'email' in what ? store.holderOf(what.email) : undefined;
    const contacts =
      'email' in what
        ? [holder].filter((one) => one !== undefined)
        : [...store.contacts.values()].filter(({ customerNumber }) => customerNumber === what.customerNumber);
    return json(200, { contacts });
  }

  function page(cursor: string | null): SandboxAnswer {
    const behind = cursor === null ? 0 : positionIn('contacts', cursor);
    if (behind === null) return said('cursor-gone');
    // behind the last contact, not behind a number of them: nobody moves into a page that was read
    const rest = [...store.contacts.values()].filter(({ id }) => Number(id) > behind);
    const contacts = rest.slice(0, pageSize);
    const next = rest.length > pageSize ? cursorOf('contacts', Number(contacts.at(-1)?.id)) : null;
    return json(200, { contacts, next });
  }

  function changed(cursor: string | null): SandboxAnswer {
    const from = cursor === null ? store.changes.length : positionIn('changes', cursor);
    if (from === null || !store.remembers(from)) return said('cursor-gone');
    const changes = store.changes.slice(from, from + pageSize);
    const to = from + changes.length;
    return json(200, { changes, cursor: cursorOf('changes', to), more: to < store.changes.length });
  }

  function answer({ method, path, query, body }: SandboxRequest): SandboxAnswer {
    const [where, id, deed, ...more] = path.split('/').slice(1).map(decodeURIComponent);
    if (method === 'GET' && path === '/about') return json(200, { contract, rights: may });
    // no word of the contract: the panel's own page for an address that it does not have
    if (more.length > 0 || (where !== 'contacts' && path !== '/changes')) return { status: 404, body: '<h1>Not found</h1>' };
    const isSearch = method === 'POST' && path === '/contacts/search';
    const asked: unknown = body.length > 0 ? JSON.parse(body.toString('utf8')) : {};
    if (method === 'GET' || isSearch) {
      if (!may.includes('read')) return json(403, { error: 'forbidden' });
      if (isSearch) return found(asked);
      if (id === undefined) return (where === 'contacts' ? page : changed)(query.get('cursor'));
    }
    const contact = store.contacts.get(id ?? '');
    if (deed === 'restrict' && method === 'POST') return changing('restrict', contact, (one) => json(200, store.restrict(one)));
    if (deed !== undefined || id === undefined) return json(405, { error: 'method' });
    if (method === 'GET') return contact ? json(200, contact) : said('not-found');
    if (method === 'PATCH') return changing('correct', contact, (one) => corrected(one, asked));
    if (method !== 'DELETE') return json(405, { error: 'method' });
    return changing('erase', contact, (one) => (store.remove(one, 'kaiku') ? { status: 204 } : said('last-owner')));
  }

  const contactIn = (id: string): Contact => {
    const contact = store.contacts.get(id);
    if (!contact) throw new Error(`the panel has no contact ${id}`);
    return contact;
  };
  const sites = () => Object.fromEntries([...store.sites].map(([site, owners]) => [site, [...owners]]));
  const sandbox: PanelSandbox = {
    vendor: 'panel',
    throttled: (retryAfter) => ({ ...json(429), headers: retryAfter ? { 'retry-after': retryAfter } : {} }),
    unauthorized: () => json(401, { error: 'unauthorized' }),
    bodies,
    webhooks,
    hook: (hook) => webhooks.add(hook),
    add: (contact, owned) => ({ ...store.add(contact, owned) }),
    edit(id, values) {
      store.correct(contactIn(id), values, 'contact');
    },
    forgetChanges: () => store.forgetChanges(),
    contacts: () => [...store.contacts.values()].map((contact) => ({ ...contact })),
    sites,
    state: () => ({ contacts: [...store.contacts.values()], sites: sites(), deliveries: webhooks.deliveries }),
    act: (what) => act(sandbox, store, what),
    handle(request) {
      if (request.headers['authorization'] !== `Bearer ${token}`) return json(401, { error: 'unauthorized' });
      if (request.method !== 'GET') bodies.push(request.body.toString('utf8'));
      return answer(request);
    },
  };
  return sandbox;
}

const id = z.string();
const Deed = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('add'),
    email: z.email(),
    givenName: Text.optional(),
    familyName: Text.optional(),
    phone: Text.optional(),
    customerNumber: Text.optional(),
    sites: z.array(Text).default([]),
  }),
  z.strictObject({ do: z.literal('edit'), id, email: z.email().optional(), phone: Text.optional() }),
  z.strictObject({ do: z.literal('remove'), id }),
  z.strictObject({ do: z.literal('hook'), url: z.url(), secret: Text }),
  z.strictObject({ do: z.literal('send-again') }),
]);

/** What `POST /_sandbox/act` takes: somebody acts on the panel's own pages. */
function act(sandbox: PanelSandbox, store: PanelStore, what: unknown): unknown {
  const deed = Deed.parse(what);
  switch (deed.do) {
    case 'add': {
      const { do: _, sites, ...given } = deed;
      return sandbox.add({ ...present(given), email: given.email }, sites);
    }
    case 'edit':
      return sandbox.edit(deed.id, present({ email: deed.email, phone: deed.phone }));
    case 'remove': {
      const contact = store.contacts.get(deed.id);
      return { removed: contact !== undefined && store.remove(contact, 'staff') };
    }
    case 'hook':
      return sandbox.hook({ url: deed.url, secrets: [deed.secret] });
    case 'send-again':
      return sandbox.webhooks.sendAgain();
  }
}

/** What was given, without the keys that were not. */
const present = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** A refusal in the contract's words. */
const said = (error: Word): SandboxAnswer => json(statuses[error], { error });
const statuses: Record<Word, number> = {
  'not-found': 404,
  'email-taken': 409,
  'last-owner': 409,
  'cursor-gone': 410,
  invalid: 422,
};

const json = (status: number, body?: unknown): SandboxAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});
