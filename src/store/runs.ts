import { sql } from 'kysely';
import { changes, type Db, json, row, rows } from './database.ts';

/** A full resync of one system, or a drift run: kept here, not in the queue. */
export interface RunRow {
  id: string;
  kind: string;
  system: string;
  state: 'previewed' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';
  phase: 'reading' | 'comparing' | 'working';
  dry: boolean;
  actor: string;
  counts: Record<string, number>;
  /** Requests that reading its pages took; those of its steps are on the items. */
  calls: number;
  pages: number;
  page_ms: number;
  problem: string | null;
  position: string | null;
  per_second: number | null;
  attempts: number;
  samples: Buffer | null;
  fence: number;
  started_at: Date;
  finished_at: Date | null;
}

export const runById = (db: Db, id: string): Promise<RunRow | undefined> =>
  row(db, sql<RunRow>`SELECT * FROM run WHERE id = ${id}`);

/** False: another run of this system is not over. */
export async function insertRun(
  db: Db,
  r: { id: string; system: string; dry: boolean; actor: string; counts: Record<string, number>; perSecond: number | null },
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`INSERT INTO run (id, kind, system, state, dry, actor, counts, per_second)
          VALUES (${r.id}, 'resync', ${r.system}, 'running', ${r.dry}, ${r.actor}, ${json(r.counts)}, ${r.perSecond})
          ON CONFLICT DO NOTHING`,
    )) === 1
  );
}

/** How long a process may be silent before another takes its run, in seconds. */
const runLeaseSeconds = 6;

/** Takes a run that nobody works at, or one named; null where there is none. */
export const takeRun = (db: Db, id: string | null): Promise<RunRow | undefined> =>
  row(
    db,
    sql<RunRow>`
      UPDATE run SET fence = fence + 1, lease_until = clock_timestamp() + ${runLeaseSeconds} * interval '1 second'
      WHERE id = (SELECT id FROM run WHERE state = 'running' AND wake_at <= clock_timestamp() AND ${id === null ? sql`(NOT dry OR kind = 'drift')` : sql`id = ${id}`}
        AND coalesce(lease_until, '-infinity') < clock_timestamp() ORDER BY wake_at LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING *`,
  );

/** Keeps a run; answers its state as it is now, null when another process has it. */
export const keepRun = async (db: Db, run: RunRow): Promise<RunRow['state'] | null> =>
  (
    await row(
      db,
      sql<{ state: RunRow['state'] }>`
        UPDATE run SET lease_until = clock_timestamp() + ${runLeaseSeconds} * interval '1 second'
        WHERE id = ${run.id} AND fence = ${run.fence} RETURNING state`,
    )
  )?.state ?? null;

/** Writes down how far a run has come. False: another process has it by now. */
export async function noteRun(
  db: Db,
  run: RunRow,
  set: Partial<
    Pick<RunRow, 'phase' | 'counts' | 'calls' | 'pages' | 'page_ms' | 'position' | 'problem' | 'attempts' | 'samples'>
  >,
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`UPDATE run SET
        phase = ${set.phase ?? sql`phase`}, counts = ${set.counts ? json(set.counts) : sql`counts`}, calls = ${set.calls ?? sql`calls`},
        pages = ${set.pages ?? sql`pages`}, page_ms = ${set.page_ms ?? sql`page_ms`}, position = ${set.position ?? sql`position`},
        problem = ${set.problem === undefined ? sql`problem` : set.problem}, attempts = ${set.attempts ?? sql`attempts`},
        samples = ${set.samples ?? sql`samples`}
      WHERE id = ${run.id} AND fence = ${run.fence}`,
    )) === 1
  );
}

/** Gives a run back, to be looked at again after a while. */
export const leaveRun = (db: Db, run: RunRow, waitMs: number) =>
  changes(
    db,
    sql`UPDATE run SET lease_until = NULL, wake_at = clock_timestamp() + ${waitMs} * interval '1 millisecond' WHERE id = ${run.id} AND fence = ${run.fence}`,
  );

/** Moves a run from one of the states named; false when it is in another. What was seen goes with the end. */
export async function moveRun(
  db: Db,
  id: string,
  from: readonly RunRow['state'][],
  to: RunRow['state'],
  problem: string | null = null,
): Promise<boolean> {
  const isEnd = to !== 'running' && to !== 'paused';
  const moved = await changes(
    db,
    sql`UPDATE run SET state = ${to}, problem = ${problem}, wake_at = clock_timestamp(), finished_at = CASE WHEN ${isEnd} THEN now() END
        WHERE id = ${id} AND state = ANY(${from}::text[])`,
  );
  if (moved === 1 && isEnd) await changes(db, sql`DELETE FROM run_seen WHERE run = ${id}`);
  return moved === 1;
}

export const throttleRun = (db: Db, id: string, perSecond: number | null) =>
  changes(
    db,
    sql`UPDATE run SET per_second = ${perSecond}, wake_at = clock_timestamp() WHERE id = ${id} AND state IN ('running', 'paused')`,
  );

// What was seen, and what is owed for it

export const noteSeen = (
  db: Db,
  run: string,
  s: { record: string; same: boolean; state: string; fingerprints: Record<string, string> | null; refused: boolean },
) =>
  changes(
    db,
    sql`INSERT INTO run_seen (run, record, same, state, fingerprints, refused)
        VALUES (${run}, ${s.record}, ${s.same}, ${s.state}, ${s.fingerprints ? json(s.fingerprints) : null}, ${s.refused}) ON CONFLICT (run, record) DO NOTHING`,
  );

export interface SeenRow {
  record: string;
  state: string;
  fingerprints: Record<string, string> | null;
  refused: boolean;
}
export const seenOf = (db: Db, run: string, records: readonly string[]): Promise<SeenRow[]> =>
  rows(
    db,
    sql<SeenRow>`SELECT record, state, fingerprints, refused FROM run_seen WHERE run = ${run} AND record = ANY(${records}::uuid[])`,
  );

/**
 * The next people whom the reading left in doubt: a row of theirs differs, was not seen, or their duty is held. Whose rows are all
 * as the ledger knows them needs no look.
 */
export const doubtful = (db: Db, run: RunRow, limit: number): Promise<{ subject: string }[]> =>
  rows(
    db,
    sql<{ subject: string }>`
      SELECT d.subject FROM duty d WHERE d.recipient = ${run.system} AND d.subject > ${run.position ?? '00000000-0000-0000-0000-000000000000'}
        AND (d.state = 'held' OR EXISTS (
          SELECT 1 FROM record r LEFT JOIN run_seen s ON s.run = ${run.id} AND s.record = r.id
          WHERE r.subject = d.subject AND r.recipient = ${run.system} AND r.state IN ('linked', 'restricted', 'inert')
            AND (s.record IS NULL OR NOT s.same)))
      ORDER BY d.subject LIMIT ${limit}`,
  );

export const peopleOf = async (db: Db, system: string): Promise<number> =>
  (await row(db, sql<{ n: number }>`SELECT count(*) AS n FROM duty WHERE recipient = ${system}`))?.n ?? 0;

export const oweItem = (db: Db, run: string, subject: string, step: string) =>
  changes(db, sql`INSERT INTO run_item (run, subject, step) VALUES (${run}, ${subject}, ${step}) ON CONFLICT DO NOTHING`);

/** People whose step was not handed out yet, at most `room`; marks them handed. */
export const handItems = (db: Db, run: RunRow, room: number): Promise<{ subject: string; step: string }[]> =>
  rows(
    db,
    sql<{ subject: string; step: string }>`
      UPDATE run_item SET handed_at = clock_timestamp() WHERE run = ${run.id} AND subject IN
        (SELECT subject FROM run_item WHERE run = ${run.id} AND handed_at IS NULL ORDER BY subject LIMIT ${room} FOR UPDATE SKIP LOCKED)
      RETURNING subject, step`,
  );

export interface Progress {
  total: number;
  handed: number;
  done: number;
  failed: number;
  calls: number;
  /** Handed out and at rest within the last ten seconds. */
  recent: number;
}

/** How far the steps of a run have come, derived from the duties themselves. */
export const progressOf = async (db: Db, run: RunRow): Promise<Progress> =>
  (await row(
    db,
    sql<Progress>`
      SELECT count(*) AS total, count(i.handed_at) AS handed, coalesce(sum(i.calls), 0)::int AS calls,
        count(*) FILTER (WHERE ${atRest}) AS done,
        count(*) FILTER (WHERE i.handed_at IS NOT NULL AND d.state IN ('dead', 'held')) AS failed,
        count(*) FILTER (WHERE ${atRest} AND d.since > now() - interval '10 seconds') AS recent
      FROM run_item i LEFT JOIN duty d ON d.subject = i.subject AND d.recipient = ${run.system} WHERE i.run = ${run.id}`,
  )) ?? { total: 0, handed: 0, done: 0, failed: 0, calls: 0, recent: 0 };

const atRest = sql`(i.handed_at IS NOT NULL AND (d.id IS NULL OR d.state IN ('settled', 'held', 'asked', 'dead') OR (d.state = 'waiting' AND d.outcome = 'retained')))`;

/** The steps that failed are owed again. */
export const retryFailed = (db: Db, run: RunRow) =>
  changes(
    db,
    sql`UPDATE run_item i SET handed_at = NULL FROM duty d
        WHERE i.run = ${run.id} AND d.subject = i.subject AND d.recipient = ${run.system} AND i.handed_at IS NOT NULL AND d.state IN ('dead', 'held')`,
  );

/** Requests that a step of a run took. */
export const countItemCalls = (db: Db, system: string, subject: string, calls: number) =>
  changes(
    db,
    sql`UPDATE run_item i SET calls = i.calls + ${calls} FROM run r
        WHERE r.id = i.run AND r.system = ${system} AND r.state IN ('running', 'paused') AND i.subject = ${subject} AND i.handed_at IS NOT NULL`,
  );
