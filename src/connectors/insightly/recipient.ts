import { Failure } from '../../core/failure.ts';
import type { FieldIs, Profile, Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Client } from './client.ts';
import { type Mapping, toProfile } from './mapping.ts';
import { kinds, type Place } from './objects.ts';
import type { Organisations } from './organisations.ts';
import { placeOf, readRow } from './register.ts';
import { holds, parseRow, type Row, textOf } from './row.ts';

/**
 * What the register owes about its own rows: the mapped refusals, and at the very end its own erasure. Contact data is never
 * written here; the register is its master.
 */
export function recipientOf(client: Client, organisations: Organisations, mapping: Mapping): Recipient {
  const { settings } = mapping;
  const refusals = Object.entries(mapping.register?.permissions ?? {}).flatMap(([name, { refused }]) =>
    refused === undefined ? [] : [{ name, refused }],
  );

  async function toProfiles(place: Place, rows: readonly Row[], call: Call): Promise<Profile[]> {
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
    for (let skip = 0; ; ) {
      const page = await client.page(
        kinds[place],
        'field_name' in query,
        { ...query, top: settings.pageSize, skip, count_total: true },
        call,
      );
      yield page.rows.map((row) => parseRow(kinds[place], row));
      skip += page.rows.length;
      if (page.rows.length === 0 || (page.total === null ? page.rows.length < settings.pageSize : skip >= page.total)) return;
    }
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
      const row = await held(ref, call);
      if (row === null) return { kind: 'not-found' };
      const open = asked.filter((signal) => !holds(row, signal));
      if (open.length === 0) return { kind: 'accepted', ref };
      const body = refusal(row, open, place);
      const said = await client.put(kinds[place], body, call);
      if (said === 'gone') return { kind: 'not-found' };
      const now = await held(ref, call);
      if (now === null) return { kind: 'not-found' };
      if (said === 'invalid') return { kind: 'refused', code: 'refusal-not-accepted' };
      if (open.some((signal) => !holds(now, signal)) || lostOthers(row, now, open)) throw new Failure('NOT_APPLIED');
      return { kind: 'accepted', ref };
    },

    async erase(ref, call): Promise<Written> {
      const said = await client.delete(kinds[placeOf(ref.place)], ref.id, call);
      if (said === 'gone') return { kind: 'not-found' };
      return said === 'failed' ? { kind: 'refused', code: 'delete-failed' } : { kind: 'accepted', ref };
    },

    async *list(call) {
      for await (const rows of pages('contact', {}, call)) if (rows.length > 0) yield await toProfiles('contact', rows, call);
    },
  };

  /** Only what changes, with the id in the body. Custom fields go back whole, because a PUT may replace the array (undocumented). */
  function refusal(row: Row, signals: readonly FieldIs[], place: Place): Record<string, unknown> {
    const body: Record<string, unknown> = { [kinds[place].idKey]: Number(row.id) };
    const custom = signals.filter(({ field }) => !(field in row.standard) && field !== 'TAGS');
    for (const { field, equals } of signals) if (field in row.standard) body[field] = equals;
    if (signals.some(({ field }) => field === 'TAGS')) {
      const tags = [...row.tags, ...signals.filter(({ field }) => field === 'TAGS').map(({ equals }) => String(equals))];
      body.TAGS = tags.map((TAG_NAME) => ({ TAG_NAME }));
    }
    if (custom.length === 0) return body;
    const kept =
      settings.customFieldWrites === 'changed'
        ? []
        : row.custom.filter(({ name }) => !custom.some(({ field }) => field === name));
    body.CUSTOMFIELDS = [
      ...kept.map(({ name, value }) => ({ FIELD_NAME: name, FIELD_VALUE: value })),
      ...custom.map(({ field, equals }) => ({ FIELD_NAME: field, FIELD_VALUE: equals })),
    ];
    return body;
  }
}

const masterData: Written = { kind: 'refused', code: 'register-is-master' };

/** Whether a custom field that we did not mean to touch lost its value. */
function lostOthers(before: Row, after: Row, ours: readonly FieldIs[]): boolean {
  const left = new Map(after.custom.map(({ name, value }) => [name, value]));
  return before.custom.some(
    ({ name, value }) => value !== null && (left.get(name) ?? null) === null && !ours.some(({ field }) => field === name),
  );
}
