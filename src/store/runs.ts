import { sql } from 'kysely';
import { changes, type Db, json, row, rows } from './database.ts';

/** A full resync, a first contact or a drift run of one system: kept here, not in the queue. */
export interface RunRow {
  id: string;
  kind: 'resync' | 'link' | 'drift';
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
  rows_read: number;
  /** Rows in which a value would be emptied. */
  blanks: number;
  /** How many rows somebody agreed to lose. */
  agreed: number | null;
  /** The preview that was agreed to. */
  preview: string | null;
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

/** Resyncs and first contacts of a system, newest first; drift runs have a list of their own. */
export const runsOf = (db: Db, system: string, limit: number): Promise<RunRow[]> =>
  rows(db, sql<RunRow>`SELECT * FROM run WHERE system = ${system} AND kind <> 'drift' ORDER BY started_at DESC LIMIT ${limit}`);

/** The run of a system that is not over; a preview is one too. */
export const openRun = (db: Db, system: string, kind: RunRow['kind'], dry: boolean): Promise<RunRow | undefined> =>
  row(
    db,
    sql<RunRow>`SELECT * FROM run WHERE system = ${system} AND kind = ${kind} AND dry = ${dry} AND state IN ('running', 'paused')
      ORDER BY started_at DESC LIMIT 1`,
  );

/** The run that somebody started from this preview. */
export const runOfPreview = (db: Db, preview: string): Promise<{ id: string } | undefined> =>
  row(db, sql<{ id: string }>`SELECT id FROM run WHERE preview = ${preview}`);

/** For how long a preview says enough about what a run would do, in minutes. */
export const previewMinutes = 60;

/** Whether a preview ended so lately that it still holds. */
export const isFresh = async (db: Db, id: string): Promise<boolean> =>
  (
    await row(
      db,
      sql<{
        fresh: boolean;
      }>`SELECT finished_at > now() - ${previewMinutes} * interval '1 minute' AS fresh FROM run WHERE id = ${id}`,
    )
  )?.fresh === true;

/** How long whoever waits for a preview has it for themselves before the clockwork takes it, in seconds. */
const attendedSeconds = 10;

/** False: another run of this system is not over, or this preview was agreed to already. */
export async function insertRun(
  db: Db,
  r: {
    id: string;
    kind: RunRow['kind'];
    system: string;
    dry: boolean;
    actor: string;
    counts: Record<string, number>;
    perSecond: number | null;
    agreed: number | null;
    preview: string | null;
    /** Somebody waits for the answer and drives it. */
    attended: boolean;
  },
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`INSERT INTO run (id, kind, system, state, dry, actor, counts, per_second, agreed, preview, wake_at)
          VALUES (${r.id}, ${r.kind}, ${r.system}, 'running', ${r.dry}, ${r.actor}, ${json(r.counts)}, ${r.perSecond}, ${r.agreed}, ${r.preview},
            clock_timestamp() + ${r.dry && r.attended ? attendedSeconds : 0} * interval '1 second')
          ON CONFLICT DO NOTHING`,
    )) === 1
  );
}

/** How long a process may be silent before another takes its run, in seconds. */
const runLeaseSeconds = 6;

/** Takes a run that nobody works at, or one named (a preview at once: somebody waits for it); none: undefined. */
export const takeRun = (db: Db, id: string | null): Promise<RunRow | undefined> =>
  row(
    db,
    sql<RunRow>`
      UPDATE run SET fence = fence + 1, lease_until = clock_timestamp() + ${runLeaseSeconds} * interval '1 second'
      WHERE id = (SELECT id FROM run WHERE state = 'running'
        AND ${id === null ? sql`wake_at <= clock_timestamp()` : sql`id = ${id} AND (wake_at <= clock_timestamp() OR dry)`}
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
    Pick<
      RunRow,
      | 'phase'
      | 'counts'
      | 'calls'
      | 'pages'
      | 'page_ms'
      | 'rows_read'
      | 'blanks'
      | 'position'
      | 'problem'
      | 'attempts'
      | 'samples'
    >
  >,
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`UPDATE run SET
        phase = ${set.phase ?? sql`phase`}, counts = ${set.counts ? json(set.counts) : sql`counts`}, calls = ${set.calls ?? sql`calls`},
        pages = ${set.pages ?? sql`pages`}, page_ms = ${set.page_ms ?? sql`page_ms`},
        rows_read = ${set.rows_read ?? sql`rows_read`}, blanks = ${set.blanks ?? sql`blanks`}, position = ${set.position ?? sql`position`},
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

/** A person agrees to lose so many rows: a run that stopped for that goes on. */
export const agreeRun = (db: Db, id: string, rowsLost: number): Promise<number> =>
  changes(
    db,
    sql`UPDATE run SET state = 'running', problem = NULL, agreed = ${rowsLost}, wake_at = clock_timestamp() WHERE id = ${id} AND state = 'paused'`,
  );

/**
 * An ended run is under way again: behind its steps where it has any, else from its first page, since what it saw went with its end.
 * False: another run of the system is not over.
 */
export async function reopenRun(db: Db, run: RunRow): Promise<boolean> {
  const again = changes(
    db,
    sql`UPDATE run SET state = 'running', problem = NULL, attempts = 0, finished_at = NULL, wake_at = clock_timestamp(), lease_until = NULL,
          position = CASE WHEN phase = 'working' THEN position END,
          phase = CASE WHEN phase = 'comparing' THEN 'reading' ELSE phase END
        WHERE id = ${run.id} AND state = ${run.state}
          AND NOT EXISTS (SELECT 1 FROM run o WHERE o.system = run.system AND o.id <> run.id AND NOT o.dry AND o.state IN ('running', 'paused'))`,
  );
  return (
    (await again.catch((error: { code?: string }) => {
      // the other one was started in the same moment
      if (error.code === '23505') return 0;
      throw error;
    })) === 1
  );
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
  seen: readonly {
    record: string;
    same: boolean;
    state: string;
    fingerprints: Record<string, string> | null;
    refused: boolean;
  }[],
) =>
  changes(
    db,
    sql`INSERT INTO run_seen (run, record, same, state, fingerprints, refused)
        SELECT ${run}, s.record, s.same, s.state, s.fingerprints, s.refused
        FROM jsonb_to_recordset(${json(seen)}) AS s (record uuid, same boolean, state text, fingerprints jsonb, refused boolean)
        ON CONFLICT (run, record) DO NOTHING`,
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
export const handItems = (db: Db, run: RunRow, room: number): Promise<{ subject: string; step: string; retried: boolean }[]> =>
  rows(
    db,
    sql<{ subject: string; step: string; retried: boolean }>`
      UPDATE run_item SET handed_at = clock_timestamp() WHERE run = ${run.id} AND subject IN
        (SELECT subject FROM run_item WHERE run = ${run.id} AND handed_at IS NULL ORDER BY subject LIMIT ${room} FOR UPDATE SKIP LOCKED)
      RETURNING subject, step, retried`,
  );

export interface Progress {
  total: number;
  handed: number;
  done: number;
  failed: number;
  calls: number;
  /** Came to rest within the last minute. */
  recent: number;
  /** The seconds of that minute in which steps were under way. */
  recentSeconds: number;
}

/** How far the steps of a run have come, derived from the duties themselves. */
export const progressOf = async (db: Db, run: RunRow): Promise<Progress> =>
  (await row(
    db,
    sql<Progress>`
      SELECT count(*) AS total, count(i.handed_at) AS handed, coalesce(sum(i.calls), 0)::int AS calls,
        count(*) FILTER (WHERE ${atRest}) AS done,
        count(*) FILTER (WHERE i.handed_at IS NOT NULL AND d.state IN ('dead', 'held')) AS failed,
        count(*) FILTER (WHERE ${atRest} AND d.since > now() - interval '1 minute') AS recent,
        coalesce(least(60, extract(epoch FROM clock_timestamp() - min(i.handed_at))), 0)::float8 AS "recentSeconds"
      FROM run_item i LEFT JOIN duty d ON d.subject = i.subject AND d.recipient = ${run.system} WHERE i.run = ${run.id}`,
  )) ?? { total: 0, handed: 0, done: 0, failed: 0, calls: 0, recent: 0, recentSeconds: 0 };

const atRest = sql`(i.handed_at IS NOT NULL AND (d.id IS NULL OR d.state IN ('settled', 'held', 'asked', 'dead') OR (d.state = 'waiting' AND d.outcome = 'retained')))`;

const hasFailed = sql`i.handed_at IS NOT NULL AND d.state IN ('dead', 'held')`;

/** The steps that failed are owed again. */
export const retryFailed = (db: Db, run: RunRow) =>
  changes(
    db,
    sql`UPDATE run_item i SET handed_at = NULL, retried = true FROM duty d
        WHERE i.run = ${run.id} AND d.subject = i.subject AND d.recipient = ${run.system} AND ${hasFailed}`,
  );

/** The duties of steps that failed, and what each step was. */
export const failedItems = (db: Db, run: RunRow, limit: number): Promise<{ duty: string; step: string }[]> =>
  rows(
    db,
    sql<{ duty: string; step: string }>`
      SELECT d.id AS duty, i.step FROM run_item i JOIN duty d ON d.subject = i.subject AND d.recipient = ${run.system}
      WHERE i.run = ${run.id} AND ${hasFailed} ORDER BY d.state, i.subject LIMIT ${limit}`,
  );

/** Requests that a step of a run took. */
export const countItemCalls = (db: Db, system: string, subject: string, calls: number) =>
  changes(
    db,
    sql`UPDATE run_item i SET calls = i.calls + ${calls} FROM run r
        WHERE r.id = i.run AND r.system = ${system} AND r.state IN ('running', 'paused') AND i.subject = ${subject} AND i.handed_at IS NOT NULL`,
  );
