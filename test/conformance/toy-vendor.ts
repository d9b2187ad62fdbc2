import { z } from 'zod';
import type { Connector, Profile, Recipient, RemoteRef, Written } from '../../src/connectors/connector.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire, type WireRequest } from '../../src/connectors/http.ts';
import type { SandboxAnswer } from '../../src/connectors/sandbox.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Fields } from '../../src/core/person.ts';
import type { Subject, Vendor } from './world.ts';

/**
 * The smallest vendor that keeps the contract: rows with an id, an e-mail address, two names and a state. The suite is proven on it:
 * it passes, and each of its broken variants does not.
 */
const Row = z.object({
  id: z.string().min(1),
  email: z.string().min(1),
  first: z.string(),
  last: z.string(),
  state: z.enum(['on', 'off', 'dead']),
});
type Row = z.infer<typeof Row>;
type Person = Fields & { email: string; givenName: string };
const pageSize = 10;

function toyVendor(): Vendor {
  const rows = new Map<string, Row>();
  const archived = new Map<string, Row>();
  let made = 0;
  const json = (status: number, body?: unknown): SandboxAnswer => ({
    status,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const byEmail = (email: unknown) => [...rows.values()].find((row) => row.email === String(email).trim().toLowerCase());
  const add = (fields: Partial<Row>): Row => {
    const row: Row = { id: `row${++made}`, email: '', first: '', last: '', state: 'on', ...fields };
    rows.set(row.id, row);
    return row;
  };
  return {
    rows: () => [...rows.values(), ...archived.values()],
    put: ({ email, givenName, familyName }) =>
      void add({ email: email.toLowerCase(), first: String(givenName ?? ''), last: String(familyName ?? '') }),
    freeze: (email) => {
      const row = byEmail(email);
      if (row) row.state = 'dead';
    },
    behaviour: {
      vendor: 'toy',
      throttled: (retryAfter) => ({ ...json(429), headers: retryAfter ? { 'retry-after': retryAfter } : {} }),
      unauthorized: () => json(401),
      handle({ method, path, query, headers, body }) {
        if (headers['authorization'] !== 'Bearer toy-secret') return json(401);
        const [, , id, action] = path.split('/');
        const row = id ? rows.get(id) : undefined;
        if (id && !row) return json(404);
        const asked = body.length > 0 ? (JSON.parse(body.toString('utf8')) as Partial<Row>) : {};
        if (method === 'GET' && row) return json(200, row);
        if (method === 'GET') {
          const email = query.get('email');
          if (email !== null) return json(200, [byEmail(email)].filter(Boolean));
          const offset = Number(query.get('offset'));
          return json(200, { rows: [...rows.values()].slice(offset, offset + pageSize), total: rows.size });
        }
        if (method === 'POST' && !row) return byEmail(asked.email) ? json(409) : json(201, add(asked));
        if (!row) return json(404);
        if (method === 'POST' && action === 'stop') {
          if (row.state === 'on') row.state = 'off';
          return json(200, row);
        }
        if (method === 'DELETE') {
          rows.delete(row.id);
          if (action !== 'for-good') archived.set(row.id, row);
          return json(204);
        }
        if (method !== 'PATCH') return json(405);
        const holder = asked.email === undefined ? undefined : byEmail(asked.email);
        if (holder && holder !== row) return json(409);
        return json(200, Object.assign(row, asked));
      },
    },
  };
}

/** One fault of a connector that its author could have overlooked. */
export type Breakage = (good: Recipient, parts: Parts) => Partial<Recipient>;
export interface Parts {
  ask(method: WireRequest['method'], path: string, call: Call, body?: unknown): Promise<Answer>;
  refOf(place: string, id: string): RemoteRef;
}

function connectToy(origin: string, wire: Wire, broken?: Breakage): Connector {
  const ask: Parts['ask'] = async (method, path, call, body) => {
    const kind = method === 'GET' ? 'read' : 'write';
    const send = () =>
      wire(
        {
          method,
          url: `${origin}${path}`,
          kind,
          headers: { authorization: 'Bearer toy-secret' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        call,
      ).then((answer) => {
        const { status } = answer;
        const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], new Date());
        if (status === 401) throw new Failure('CREDENTIALS_REJECTED', { status });
        if (status === 429 || status === 403) throw new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs });
        if (status >= 500) throw new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status });
        return answer;
      });
    return kind === 'read' ? retryRead(send) : send();
  };
  const parse = <T>(schema: z.ZodType<T>, answer: Answer): T => {
    if (answer.status >= 300) throw new Failure('ANSWER_GARBLED', { status: answer.status });
    const parsed = schema.safeParse(answer.json());
    if (!parsed.success) throw new Failure('ANSWER_GARBLED', { status: answer.status });
    return parsed.data;
  };
  const refOf = (place: string, id: string): RemoteRef => ({ place, id });
  const standings = { on: 'active', off: 'restricted', dead: 'inert' } as const;
  const toProfile = (place: string, row: Row): Profile => ({
    ref: refOf(place, row.id),
    fields: {
      email: row.email,
      ...(row.first === '' ? {} : { givenName: row.first }),
      ...(row.last === '' ? {} : { familyName: row.last }),
    },
    standing: standings[row.state],
    refused: false,
  });
  const body = (fields: Fields, blanked: readonly string[] = []) => ({
    ...(typeof fields.email === 'string' ? { email: fields.email.trim().toLowerCase() } : {}),
    ...(typeof fields.givenName === 'string' ? { first: fields.givenName } : blanked.includes('givenName') ? { first: '' } : {}),
    ...(typeof fields.familyName === 'string' ? { last: fields.familyName } : blanked.includes('familyName') ? { last: '' } : {}),
  });
  /** A write of one row, answered with that row. */
  const written = (ref: RemoteRef, answer: Answer): Written => {
    if (answer.status === 404) return { kind: 'not-found' };
    if (answer.status === 409) return { kind: 'refused', code: 'address-taken' };
    if (parse(Row, answer).id !== ref.id) throw new Failure('ANSWER_GARBLED');
    return { kind: 'accepted', ref };
  };

  const good: Recipient = {
    places: ['people'],
    asHeld: (fields) => (typeof fields.email === 'string' ? { ...fields, email: fields.email.toLowerCase() } : fields),
    async read(ref, call) {
      const answer = await ask('GET', `/people/${ref.id}`, call);
      if (answer.status === 404) return null;
      const row = parse(Row, answer);
      if (row.id !== ref.id) throw new Failure('ANSWER_GARBLED');
      return toProfile(ref.place, row);
    },
    async find({ email }, place, call) {
      const answer = await ask('GET', `/people?email=${encodeURIComponent(String(email))}`, call);
      return parse(z.array(Row), answer).map((row) => toProfile(place, row));
    },
    async create(fields, place, call) {
      const answer = await ask('POST', '/people', call, body(fields));
      if (answer.status === 409) return { kind: 'exists' };
      return { kind: 'accepted', ref: refOf(place, parse(Row, answer).id) };
    },
    rectify: async (ref, fields, blanked, call) =>
      written(ref, await ask('PATCH', `/people/${ref.id}`, call, body(fields, blanked))),
    restrict: async (ref, _permissions, call) => written(ref, await ask('POST', `/people/${ref.id}/stop`, call)),
    async erase(ref, call) {
      const answer = await ask('DELETE', `/people/${ref.id}/for-good`, call);
      if (answer.status === 404) return { kind: 'not-found' };
      if (answer.status !== 204) throw new Failure('ANSWER_GARBLED', { status: answer.status });
      return { kind: 'accepted', ref };
    },
    async *list(call) {
      const Page = z.object({ rows: z.array(Row), total: z.int() });
      for (let offset = 0; ; offset += pageSize) {
        const { rows, total } = parse(Page, await ask('GET', `/people?offset=${offset}`, call));
        if (rows.length > 0) yield rows.map((row) => toProfile('people', row));
        if (offset + pageSize >= total) return;
      }
    },
  };
  return {
    manifest: {
      vendor: 'toy',
      roles: ['recipient'],
      human: false,
      erasure: { depth: 'hard', cap: 're-observed', why: 'it is a toy' },
      readBack: true,
      limits: { connections: 4 },
      deadlineSeconds: 5,
      backupLagDays: null,
      rights: [],
    },
    recipient: { ...good, ...broken?.(good, { ask, refOf }) },
    check: async () => [],
  };
}

export const toySubject = (broken?: Breakage): Subject => ({
  place: 'people',
  start: toyVendor,
  connect: (origin, wire) => connectToy(origin, wire, broken),
  person: (n): Person => ({ email: `henkilo.${n}@asiakas.test`, givenName: `Etunimi${n}x`, familyName: `Sukunimi${n}x` }),
  secrets: ['toy-secret'],
});
