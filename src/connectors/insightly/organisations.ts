import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import type { Client } from './client.ts';
import { kinds } from './objects.ts';
import { everyRow } from './pages.ts';
import { organisationIdOf, parseId, parseRow, type Row } from './row.ts';
import type { InsightlySettings } from './settings.ts';

/** The companies that people act for, read as seldom as possible. */
export interface Organisations {
  /** The company of each row, by its id; null where it is gone or hidden from our key. */
  of(rows: readonly Row[], call: Call): Promise<(row: Row) => Row | null>;
}

/** A company's name changes seldom, and its change does not touch its people's rows anyway. */
const keptForMs = 10 * 60_000;
/** From so many unknown companies on, reading all of them in pages costs less than asking one by one. */
const worthReadingAll = 10;

export function organisationsOf(client: Client, settings: InsightlySettings): Organisations {
  const known = new Map<string, { row: Row | null; at: number }>();
  const isFresh = (id: string) => performance.now() - (known.get(id)?.at ?? Number.NEGATIVE_INFINITY) < keptForMs;
  const keep = (id: string, row: Row | null) => known.set(id, { row, at: performance.now() });

  async function readAll(call: Call): Promise<void> {
    const list = {
      how: '',
      query: {},
      top: settings.pageSize,
      idOf: (row: unknown) => parseId(kinds.organisation, row),
    } as const;
    for await (const rows of everyRow(client, kinds.organisation, list, call))
      for (const value of rows) {
        const row = parseRow(kinds.organisation, value);
        keep(row.id, row);
      }
  }

  async function readOne(id: string, call: Call): Promise<void> {
    const found = await client.get(kinds.organisation, id, call);
    keep(id, found.kind === 'found' ? parseRow(kinds.organisation, found.row) : null);
  }

  return {
    async of(rows, call) {
      if (!settings.organisations) return () => null;
      const missing = () => [...new Set(rows.flatMap((row) => organisationIdOf(row) ?? []))].filter((id) => !isFresh(id));
      try {
        if (missing().length >= worthReadingAll) await readAll(call);
        for (const id of missing()) await readOne(id, call);
      } catch (error) {
        // a person without their company's name is still a person who changed
        if (!(error instanceof Failure && error.code === 'RIGHT_MISSING')) throw error;
      }
      return (row) => known.get(organisationIdOf(row) ?? '')?.row ?? null;
    },
  };
}
