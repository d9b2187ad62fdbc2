import { sql } from 'kysely';
import { changes, type Db, json, row } from './database.ts';

/** A resync or a link: kept here, not in the queue. */
export interface RunRow {
  id: string;
  kind: string;
  system: string;
  state: 'previewed' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';
  counts: Record<string, number>;
  calls: number;
  problem: string | null;
}

export const putRun = (db: Db, r: Omit<RunRow, 'problem'> & { problem?: string | null }) =>
  changes(
    db,
    sql`INSERT INTO run (id, kind, system, state, counts, calls, problem) VALUES (${r.id}, ${r.kind}, ${r.system}, ${r.state}, ${json(r.counts)}, ${r.calls}, ${r.problem ?? null})
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, counts = excluded.counts, calls = excluded.calls, problem = excluded.problem,
          finished_at = CASE WHEN excluded.state IN ('finished', 'failed', 'stopped', 'previewed') THEN now() END`,
  );

export const runById = (db: Db, id: string): Promise<RunRow | undefined> =>
  row(db, sql<RunRow>`SELECT id, kind, system, state, counts, calls, problem FROM run WHERE id = ${id}`);
