import { Failure } from '../../core/failure.ts';
import { isSoleTrader } from '../../core/organisation.ts';
import type { Profile, Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Client } from './client.ts';
import { definitionsOf } from './definitions.ts';
import { type Mapping, toProfile } from './mapping.ts';
import { kinds, type Place } from './objects.ts';
import type { Organisations } from './organisations.ts';
import { everyRow } from './pages.ts';
import { refuserOf } from './refusal.ts';
import { placeOf, readRow } from './register.ts';
import { organisationIdOf, parseId, parseRow, type Row, textOf } from './row.ts';
import { isMarked } from './write-test.ts';

/**
 * What the register owes about its own rows: the mapped refusals, and at the very end its own erasure. Contact data is never
 * written here; the register is its master.
 */
export function recipientOf(client: Client, organisations: Organisations, mapping: Mapping): Recipient {
  const { settings } = mapping;
  const refusals = Object.entries(mapping.register?.permissions ?? {}).flatMap(([name, { refused }]) =>
    refused === undefined ? [] : [{ name, refused }],
  );
  const refuse = refuserOf(client, definitionsOf(client), settings);

  async function toProfiles(place: Place, all: readonly Row[], call: Call): Promise<Profile[]> {
    const rows = all.filter((row) => !isMarked(row));
    const companyOf = await organisations.of(place === 'contact' ? rows : [], call);
    return rows.map((row) => toProfile(place, row, companyOf(row), mapping));
  }

  /** Null when it is gone. A row that only our key cannot see is not gone. */
  async function held(ref: RemoteRef, call: Call): Promise<Row | null> {
    const row = await readRow(client, placeOf(ref.place), ref.id, call);
    if (row === 'hidden') throw new Failure('RIGHT_MISSING', { status: 403 });
    return row === 'gone' ? null : row;
  }

  async function* pages(place: Place, query: Record<string, string>, call: Call): AsyncGenerator<Row[]> {
    const kind = kinds[place];
    const how = 'field_name' in query ? '/Search' : '';
    const list = { how, query, top: settings.pageSize, idOf: (row: unknown) => parseId(kind, row) } as const;
    for await (const rows of everyRow(client, kind, list, call)) yield rows.map((row) => parseRow(kind, row));
  }

  /** The company of a sole trader, where nobody else acts for it. */
  async function firmOfTrader(ref: RemoteRef, call: Call): Promise<string | null> {
    const row = await held(ref, call);
    const id = row === null ? undefined : organisationIdOf(row);
    if (row === null || id === undefined) return null;
    const company = (await organisations.of([row], call))(row);
    if (company === null || !isSoleTrader(textOf(company, 'ORGANISATION_NAME') ?? '')) return null;
    for await (const others of pages('contact', { field_name: 'ORGANISATION_ID', field_value: id }, call))
      if (others.some((other) => other.id !== ref.id && organisationIdOf(other) === id)) return null;
    return id;
  }

  return {
    places: ['contact'],

    async read(ref, call) {
      const row = await held(ref, call);
      return row === null ? null : ((await toProfiles(placeOf(ref.place), [row], call))[0] ?? null);
    },

    async find({ email }, place, call) {
      if (typeof email !== 'string') return [];
      const where = placeOf(place);
      const field = where === 'lead' ? 'EMAIL' : 'EMAIL_ADDRESS';
      const found = new Map<string, Row>();
      // Search matches a whole value; whether it minds the case is not documented
      for (const spelling of new Set([email, email.toLowerCase()])) {
        for await (const rows of pages(where, { field_name: field, field_value: spelling }, call)) {
          for (const row of rows) if (textOf(row, field)?.toLowerCase() === email.trim().toLowerCase()) found.set(row.id, row);
        }
      }
      return toProfiles(where, [...found.values()], call);
    },

    create: async () => masterData,
    rectify: async () => masterData,

    async restrict(ref, permissions, call): Promise<Written> {
      const place = placeOf(ref.place);
      const asked = refusals
        .filter(({ name }) => permissions.length === 0 || permissions.includes(name))
        .map(({ refused }) => refused);
      if (asked.length === 0) return { kind: 'refused', code: 'no-refused-field' };
      return refuse(ref, place, asked, held, call);
    },

    /** A sole trader's company is the person under another heading: it goes first, so that a lost answer leaves the way back to it. */
    async erase(ref, call): Promise<Written> {
      const firm = placeOf(ref.place) === 'contact' && settings.organisations ? await firmOfTrader(ref, call) : null;
      if (firm !== null && (await client.delete(kinds.organisation, firm, call)) === 'failed')
        return { kind: 'refused', code: 'delete-failed' };
      const said = await client.delete(kinds[placeOf(ref.place)], ref.id, call);
      if (said === 'gone') return { kind: 'not-found' };
      return said === 'failed' ? { kind: 'refused', code: 'delete-failed' } : { kind: 'accepted', ref };
    },

    async *list(call) {
      for await (const rows of pages('contact', {}, call)) if (rows.length > 0) yield await toProfiles('contact', rows, call);
    },
  };
}

const masterData: Written = { kind: 'refused', code: 'register-is-master' };
