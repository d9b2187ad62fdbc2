import { Failure } from '../../core/failure.ts';
import type { Look, Register, RegisterRecord, Sweep } from '../connector.ts';
import type { Call } from '../http.ts';
import { readChanges } from './changes.ts';
import type { Client } from './client.ts';
import { type Mapping, toRecord } from './mapping.ts';
import { isPlace, kinds, type Place } from './objects.ts';
import type { Organisations } from './organisations.ts';
import { parseId, parseRow, type Row } from './row.ts';

export function registerOf(client: Client, organisations: Organisations, mapping: Mapping): Register {
  const { settings } = mapping;

  async function toRecords(place: Place, rows: readonly Row[], call: Call): Promise<RegisterRecord[]> {
    const companyOf = await organisations.of(place === 'contact' ? rows : [], call);
    return rows.map((row) => toRecord(place, row, companyOf(row), mapping));
  }

  return {
    objects: settings.leads ? ['contact', 'lead'] : ['contact'],

    async *changes(object, cursor, call) {
      const place = placeOf(object);
      for await (const page of readChanges(kinds[place], cursor, { client, settings }, call)) {
        yield { records: await toRecords(place, page.rows, call), cursor: page.cursor };
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
      return (await client.page(kinds[placeOf(object)], false, { brief: true, top: 1, skip: 0, count_total: true }, call)).total;
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
 * Every id, with its proof: each page came, the total stood still, and as many distinct ids were seen as it says. Anything less says
 * so and must not be read as a disappearance.
 */
async function sweep(client: Client, place: Place, top: number, call: Call): Promise<Sweep> {
  const ids = new Set<string>();
  let first: number | null = null;
  for (let skip = 0; ; ) {
    let page: { found: string[]; total: number | null };
    try {
      const answered = await client.page(kinds[place], false, { brief: true, top, skip, count_total: true }, call);
      page = { found: answered.rows.map((row) => parseId(kinds[place], row)), total: answered.total };
    } catch (error) {
      // a rejected key or a lost lease is not the scan's own trouble
      if (error instanceof Failure && (error.next === 'retry-later' || error.next === 'read-first'))
        return { ids, complete: false, why: 'page-failed' };
      throw error;
    }
    if (page.total === null) return { ids, complete: false, why: 'count-mismatch' };
    first ??= page.total;
    if (page.total !== first) return { ids, complete: false, why: 'total-changed' };
    for (const id of page.found) ids.add(id);
    skip += page.found.length;
    if (page.found.length === 0 || skip >= first) break;
  }
  return ids.size === first ? { ids, complete: true } : { ids, complete: false, why: 'count-mismatch' };
}
