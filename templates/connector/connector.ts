import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import type { Connector, ConnectorFactory, Manifest, Recipient, RemoteRef, RightProbe, Written } from '../connector.ts';
import type { Answer, Call } from '../http.ts';
import { type Ask, createClient, parse } from './client.ts';
import { place, Row, spell, toBody, toProfile } from './mapping.ts';

export const manifest: Manifest = {
  vendor: 'acme',
  roles: ['recipient'],
  human: false,
  erasure: { depth: 'hard', cap: 're-observed', why: 'DELETE removes the row, which later look-ups confirm' },
  readBack: true,
  readBackPath: 'GET /people/{id}',
  limits: { connections: 4 },
  deadlineSeconds: 30,
  backupLagDays: null,
  rights: ['people: read', 'people: write'],
};

export const acme: ConnectorFactory<Record<string, never>> = {
  manifest,
  settings: z.strictObject({}),
  credentials: ['apiKey'],
  connect({ baseUrl, credentials }, wire): Connector {
    const ask = createClient(baseUrl, credentials['apiKey'] ?? '', wire);
    return { manifest, recipient: recipientOf(ask), check: (call) => checkRights(ask, call) };
  },
};

function recipientOf(ask: Ask): Recipient {
  const path = ({ id }: RemoteRef) => `/people/${encodeURIComponent(id)}`;
  const change = async (ref: RemoteRef, body: Partial<Row>, call: Call) =>
    written(ref, await ask('PATCH', path(ref), call, body));
  return {
    places: [place],
    carries: ['email', 'givenName', 'familyName'],
    asHeld: (fields) => (fields.email === undefined ? fields : { ...fields, email: spell(fields.email) }),
    async read(ref, call) {
      const answer = await ask('GET', path(ref), call);
      return answer.status === 404 ? null : toProfile(theSame(ref, parse(Row, answer)));
    },
    async find({ email }, _place, call) {
      if (email === undefined) return [];
      const answer = await ask('GET', `/people?email=${encodeURIComponent(spell(email))}`, call);
      return parse(Page, answer).rows.map(toProfile);
    },
    async create(fields, _place, call) {
      const answer = await ask('POST', '/people', call, toBody(fields));
      if (answer.status === 409) return { kind: 'exists' };
      return { kind: 'accepted', ref: { place, id: parse(Row, answer).id } };
    },
    rectify: (ref, fields, blanked, call) => change(ref, toBody(fields, blanked), call),
    restrict: (ref, _permissions, call) => change(ref, { mailing: false }, call),
    async erase(ref, call) {
      const answer = await ask('DELETE', path(ref), call);
      if (answer.status === 404) return { kind: 'not-found' };
      if (answer.status !== 204) throw new Failure('ANSWER_GARBLED', { status: answer.status });
      return { kind: 'accepted', ref };
    },
    async *list(call) {
      const seen = new Set<string>();
      // behind the last row, not behind a number of rows: nobody moves into a page that was read
      for (let after = ''; ; ) {
        const { rows, more } = parse(Page, await ask('GET', `/people?after=${encodeURIComponent(after)}`, call));
        const fresh = rows.filter(({ id }) => !seen.has(id) && seen.add(id));
        if (fresh.length > 0) yield fresh.map(toProfile);
        if (!more) return;
        if (fresh.length === 0) throw new Failure('ANSWER_GARBLED');
        after = rows.at(-1)?.id ?? after;
      }
    },
  };
}

const Page = z.looseObject({ rows: z.array(Row), more: z.boolean() });

function written(ref: RemoteRef, answer: Answer): Written {
  if (answer.status === 404) return { kind: 'not-found' };
  if (answer.status === 409) return { kind: 'refused', code: 'address-taken' };
  theSame(ref, parse(Row, answer));
  return { kind: 'accepted', ref };
}

/** An answer about another row is no answer. */
function theSame(ref: RemoteRef, row: Row): Row {
  if (row.id !== ref.id) throw new Failure('ANSWER_GARBLED');
  return row;
}

async function checkRights(ask: Ask, call: Call): Promise<RightProbe[]> {
  parse(Page, await ask('GET', '/people?after=', call));
  return [
    { right: 'people: read', ok: true },
    { right: 'people: write', ok: null, problem: 'provable only by writing' },
  ];
}
