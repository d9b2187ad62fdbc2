import { Failure } from '../../core/failure.ts';
import type { Look, Register, RegisterRecord, Sweep } from '../connector.ts';
import type { Call } from '../http.ts';
import { readChanges } from './changes.ts';
import type { Client } from './client.ts';
import { type Mapping, toRecord } from './mapping.ts';
import { isPlace, kinds, type Place } from './objects.ts';
import type { Organisations } from './organisations.ts';
import { everyRow, walk } from './pages.ts';
import { parseId, parseRow, type Row } from './row.ts';
import { isMarked } from './write-test.ts';

export function registerOf(client: Client, organisations: Organisations, mapping: Mapping): Register {
  const { settings } = mapping;
  const signal = mapping.register?.erasureSignal;

  async function toRecords(place: Place, all: readonly Row[], call: Call): Promise<RegisterRecord[]> {
    const rows = all.filter((row) => !isMarked(row));
    const companyOf = await organisations.of(place === 'contact' ? rows : [], call);
    return rows.map((row) => toRecord(place, row, companyOf(row), mapping));
  }

  return {
    objects: settings.leads ? ['contact', 'lead'] : ['contact'],

    async *changes(object, cursor, call) {
      const place = placeOf(object);
      let reached: string | null = null;
      for await (const page of readChanges(kinds[place], cursor, { client, settings }, call)) {
        yield { records: await toRecords(place, page.rows, call), cursor: page.cursor };
        reached = page.cursor;
      }
      if (signal?.field !== 'TAGS' || reached === null) return;
      // whether a new tag alone moves the date of its record is not documented, so the few that carry it are asked for by it
      const kind = kinds[place];
      const list = { how: '/SearchByTag', query: { tagName: String(signal.equals).trim() }, top: settings.pageSize } as const;
      for await (const rows of everyRow(client, kind, { ...list, idOf: (row) => parseId(kind, row) }, call)) {
        const parsed = rows.map((row) => parseRow(kind, row));
        yield { records: await toRecords(place, parsed, call), cursor: reached };
      }
    },

    async look(ref, call): Promise<Look> {
      const place = placeOf(ref.place);
      const row = await readRow(client, place, ref.id, call);
      if (row === 'gone' || row === 'hidden') return { kind: row };
      const [record] = await toRecords(place, [row], call);
      return record === undefined ? { kind: 'gone' } : { kind: 'found', record };
    },

    async total(object, call) {
      return (await client.page(kinds[placeOf(object)], '', { brief: true, top: 1, skip: 0, count_total: true }, call)).total;
    },

    async sweep(object, call) {
      return sweep(client, placeOf(object), settings.pageSize, call);
    },
  };
}

export function placeOf(object: string): Place {
  if (!isPlace(object)) throw new Error('insightly: people are contacts and leads');
  return object;
}

/** One row by its id, as 404, 403 and 200 tell it. */
export async function readRow(client: Client, place: Place, id: string, call: Call): Promise<Row | 'gone' | 'hidden'> {
  const found = await client.get(kinds[place], id, call);
  if (found.kind !== 'found') return found.kind;
  const row = parseRow(kinds[place], found.row);
  if (row.id !== id) throw new Failure('ANSWER_GARBLED', { status: 200 });
  return row;
}

/**
 * Every id, with its proof: each page came and begins with the last row of the one before, the total stood still, and as many
 * distinct ids were seen as it says. Anything less says so and must not be read as a disappearance.
 */
async function sweep(client: Client, place: Place, top: number, call: Call): Promise<Sweep> {
  const ids = new Set<string>();
  const idOf = (row: unknown) => parseId(kinds[place], row);
  const incomplete = (why: string): Sweep => ({ ids, complete: false, why });
  let first: number | null = null;
  try {
    for await (const page of walk(client, kinds[place], { how: '', query: { brief: true }, top, idOf }, call)) {
      if (page.total === null) return incomplete('count-mismatch');
      first ??= page.total;
      if (page.total !== first) return incomplete('total-changed');
      if (!page.isJoined) return incomplete('page-shifted');
      for (const row of page.rows) ids.add(idOf(row));
    }
  } catch (error) {
    // a spent day, a rejected key or a lost lease is not the scan's own trouble
    const isOwn = error instanceof Failure && (error.next === 'retry-later' || error.next === 'read-first');
    if (isOwn && error.code !== 'RECIPIENT_QUOTA_SPENT') return incomplete('page-failed');
    throw error;
  }
  return ids.size === first ? { ids, complete: true } : incomplete('count-mismatch');
}
