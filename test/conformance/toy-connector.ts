import { z } from 'zod';
import type { Connector, Profile, Recipient, RemoteRef, Written } from '../../src/connectors/connector.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire, type WireRequest } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Fields } from '../../src/core/person.ts';
import { Row, toyVendor } from './toy-vendor.ts';
import type { Subject } from './world.ts';

/** The connector of the toy vendor. The suite is proven on it: it passes, and each of its broken variants does not. */
type Person = Fields & { email: string; givenName: string };

/** One fault of a connector that its author could have overlooked. */
export type Breakage = (good: Recipient, parts: Parts) => { [K in keyof Recipient]?: Recipient[K] | undefined };
export interface Parts {
  ask(method: WireRequest['method'], path: string, call: Call, body?: unknown): Promise<Answer>;
  origin: string;
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
      ...(row.email === '' ? {} : { email: row.email }),
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
      if (answer.status === 409) return { kind: 'refused', code: 'invoiced' };
      if (answer.status !== 204) throw new Failure('ANSWER_GARBLED', { status: answer.status });
      return { kind: 'accepted', ref };
    },
    async *list(call) {
      const Page = z.object({ rows: z.array(Row), total: z.int() });
      const seen = new Set<string>();
      // behind the last row and not behind a number of rows: nobody moves into a page that was read
      for (let after = '0'; ; ) {
        const { rows, total } = parse(Page, await ask('GET', `/people?after=${after}`, call));
        const fresh = rows.filter(({ id }) => !seen.has(id) && seen.add(id));
        if (fresh.length > 0) yield fresh.map((row) => toProfile('people', row));
        if (fresh.length === 0 && total > 0) throw new Failure('ANSWER_GARBLED');
        if (rows.length >= total) return;
        after = rows.at(-1)?.id.slice(3) ?? after;
      }
    },
    async bound(ref, call) {
      const Invoices = z.array(z.object({ date: z.iso.date(), open: z.boolean() }));
      const answer = await ask('GET', `/people/${ref.id}/invoices`, call);
      if (answer.status === 404) return null;
      const invoices = parse(Invoices, answer);
      const newest = invoices.map(({ date }) => date).sort();
      const last = newest.at(-1);
      return last === undefined ? null : { newest: last, open: invoices.some(({ open }) => open), keeps: ['familyName'] };
    },
    strip: async (ref, _bound, call) =>
      written(ref, await ask('PATCH', `/people/${ref.id}`, call, { email: '', first: '', state: 'off' })),
    neutralise: async (ref, call) =>
      written(ref, await ask('PATCH', `/people/${ref.id}`, call, { email: '', first: '', last: 'removed', state: 'off' })),
    async rectifyMany(items, call) {
      const said: Written[] = [];
      for (const { ref, fields, blanked } of items) said.push(await good.rectify(ref, fields, blanked, call));
      return said;
    },
  };
  return {
    manifest: {
      vendor: 'toy',
      roles: ['recipient'],
      human: false,
      erasure: { depth: 'hard', cap: 're-observed', why: 'it is a toy' },
      readBack: true,
      readBackPath: 'GET /people/{id}',
      limits: { connections: 4 },
      deadlineSeconds: 5,
      backupLagDays: null,
      rights: ['people'],
      retention: ['fi/vouchers'],
    },
    recipient: { ...good, ...broken?.(good, { ask, origin }) } as Recipient,
    check: async (call) => [{ right: 'people', ok: (await ask('GET', '/people', call)).status === 200 }],
  };
}

export const toySubject = (broken?: Breakage): Subject => ({
  place: 'people',
  start: toyVendor,
  connect: (origin, wire) => connectToy(origin, wire, broken),
  person: (n): Person => ({ email: `henkilo.${n}@asiakas.test`, givenName: `Etunimi${n}x`, familyName: `Sukunimi${n}x` }),
  optional: ['bound', 'strip', 'neutralise', 'rectifyMany'],
  secrets: ['toy-secret'],
});
