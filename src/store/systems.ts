import { sql } from 'kysely';
import { changes, type Db, json, row, rows } from './database.ts';

/** What is known of a configured system apart from its configuration: first contact, breaker, pause. */
export interface SystemState {
  system: string;
  linked_at: Date | null;
  paused_code: string | null;
  paused_rights: string[];
  failures: number;
  breaker_until: Date | null;
  breaker_open: boolean;
  last_answer_at: Date | null;
  last_poll_at: Date | null;
  last_sweep_at: Date | null;
  last_total: Record<string, number>;
}

const columns = sql`system, linked_at, paused_code, paused_rights, failures, breaker_until,
  coalesce(breaker_until > clock_timestamp(), false) AS breaker_open, last_answer_at, last_poll_at, last_sweep_at, last_total`;

export async function knowSystems(db: Db, names: readonly string[]): Promise<void> {
  await sql`INSERT INTO system_state (system) SELECT unnest(${names}::text[]) ON CONFLICT DO NOTHING`.execute(db);
}

export const systemState = (db: Db, system: string): Promise<SystemState | undefined> =>
  row(db, sql<SystemState>`SELECT ${columns} FROM system_state WHERE system = ${system}`);

export const systemStates = (db: Db): Promise<SystemState[]> =>
  rows(db, sql<SystemState>`SELECT ${columns} FROM system_state ORDER BY system`);

/** First contact is made. Its held duties may run now. Answers how many were released. */
export async function markLinked(db: Db, system: string): Promise<number> {
  await changes(db, sql`UPDATE system_state SET linked_at = coalesce(linked_at, now()) WHERE system = ${system}`);
  return releaseHeld(db, system, 'not-linked');
}

/**
 * Duties of a system that were held for `reason` are owed again; whoever is at work at one just now, and may hold it for that reason
 * in a moment, is told by `raised`.
 */
export async function releaseHeld(db: Db, system: string, reason: string): Promise<number> {
  await changes(
    db,
    sql`UPDATE duty SET raised = raised + 1 WHERE recipient = ${system} AND state IN ('open', 'sending', 'unknown')`,
  );
  return changes(
    db,
    sql`UPDATE duty SET state = 'open', reason = NULL, since = now(), wake_at = now(), raised = raised + 1
        WHERE recipient = ${system} AND state = 'held' AND reason = ${reason}`,
  );
}

/** What the last check of a system said of its rights; our words, never a secret. */
export interface SystemCheck {
  system: string;
  at: Date;
  actor: string;
  rights: { right: string; ok: boolean | null; problem?: string }[];
  /** A failure's code where the system did not answer. */
  problem: string | null;
}

export const putCheck = (db: Db, c: Omit<SystemCheck, 'at'>) =>
  changes(
    db,
    sql`INSERT INTO system_check (system, actor, rights, problem) VALUES (${c.system}, ${c.actor}, ${json(c.rights)}, ${c.problem})
        ON CONFLICT (system) DO UPDATE SET at = now(), actor = excluded.actor, rights = excluded.rights, problem = excluded.problem`,
  );

export const systemChecks = (db: Db): Promise<SystemCheck[]> =>
  rows(db, sql<SystemCheck>`SELECT system, at, actor, rights, problem FROM system_check`);

/** The first look for a right that is there again, and the longest wait between two. */
const [firstLookMs, longestLookMs] = [30_000, 1_800_000];

/** What is known to be missing. */
export interface Lack {
  /** Rights that a check found missing, by their names. */
  rights?: readonly string[];
  /** A write was refused. Which right it needed is not known, and reading proves nothing about it. */
  byWriting?: boolean;
}

/**
 * What was found before and what is found now add up: the system goes on when all of it is proven. One that went on by itself and is
 * paused again soon is looked at ever more slowly. Answers whether this is news.
 */
export async function pauseSystem(db: Db, system: string, code: string, lack: Lack = {}): Promise<boolean> {
  const wait = sql`CASE WHEN s.paused_code IS NOT NULL THEN s.look_wait_ms
    WHEN s.resumed_at > clock_timestamp() - interval '1 hour' THEN least(s.look_wait_ms * 2, ${longestLookMs}::int) ELSE ${firstLookMs}::int END`;
  const said = await row(
    db,
    sql<{ fresh: boolean }>`
      UPDATE system_state s SET paused_code = ${code}, paused_at = CASE WHEN was.code = ${code} THEN s.paused_at ELSE now() END,
        paused_rights = ARRAY(SELECT DISTINCT unnest(s.paused_rights || ${lack.rights ?? []}::text[])),
        paused_writing = s.paused_writing OR ${lack.byWriting ?? false},
        look_wait_ms = ${wait},
        look_at = CASE WHEN s.paused_code IS NOT NULL THEN s.look_at ELSE clock_timestamp() + (${wait}) * interval '1 millisecond' END
      FROM (SELECT paused_code AS code FROM system_state WHERE system = ${system} FOR UPDATE) was
      WHERE s.system = ${system} RETURNING was.code IS DISTINCT FROM ${code} AS fresh`,
  );
  return said?.fresh ?? false;
}

/** `byItself`: a pause that follows soon is looked at more slowly than this one was. */
export async function resumeSystem(db: Db, system: string, byItself: boolean): Promise<boolean> {
  const resumed = await changes(
    db,
    sql`UPDATE system_state SET paused_code = NULL, paused_at = NULL, paused_rights = '{}', paused_writing = false, look_at = NULL,
          resumed_at = CASE WHEN ${byItself} THEN clock_timestamp() END, failures = 0, breaker_until = NULL
        WHERE system = ${system} AND paused_code IS NOT NULL`,
  );
  return resumed > 0;
}

export interface PausedSystem {
  system: string;
  rights: string[];
  byWriting: boolean;
}

/** The paused systems whose look is due; each is handed to one process, and its next look is twice as far away. */
export const takeLooks = (db: Db): Promise<PausedSystem[]> =>
  rows(
    db,
    sql<PausedSystem>`
      UPDATE system_state SET look_wait_ms = least(look_wait_ms * 2, ${longestLookMs}::int),
        look_at = clock_timestamp() + least(look_wait_ms * 2, ${longestLookMs}::int) * interval '1 millisecond'
      WHERE paused_code IS NOT NULL AND (look_at IS NULL OR look_at <= clock_timestamp())
      RETURNING system, paused_rights AS rights, paused_writing AS "byWriting"`,
  );

/** Whoever restarts the hub may have renewed its credentials: the next look is not put off further. */
export const hastenLooks = (db: Db) =>
  changes(
    db,
    sql`UPDATE system_state SET look_wait_ms = ${firstLookMs}::int, look_at = least(look_at, clock_timestamp() + ${firstLookMs} * interval '1 millisecond')
        WHERE paused_code IS NOT NULL`,
  );

/** Calls in a row that fail before the breaker opens, and for how long it does. */
export const breakerAfter = 5;
const breakerSeconds = 60;

/**
 * Counts an answer or a failure towards the system's breaker, shared by all processes. While it is open nothing is handed to the
 * queue; afterwards one duty probes, and one more failure opens it again.
 */
export async function countCall(db: Db, system: string, answered: boolean): Promise<void> {
  if (answered) {
    await changes(
      db,
      sql`UPDATE system_state SET failures = 0, breaker_until = NULL, last_answer_at = now()
          WHERE system = ${system} AND (failures > 0 OR last_answer_at IS NULL OR last_answer_at < now() - interval '5 seconds')`,
    );
    return;
  }
  await changes(
    db,
    sql`UPDATE system_state SET failures = failures + 1,
          breaker_until = CASE WHEN failures + 1 >= ${breakerAfter} THEN clock_timestamp() + ${breakerSeconds} * interval '1 second' ELSE breaker_until END
        WHERE system = ${system}`,
  );
}

export async function parkSystem(db: Db, system: string, ms: number): Promise<void> {
  await changes(
    db,
    sql`UPDATE system_state SET breaker_until = greatest(coalesce(breaker_until, now()), clock_timestamp() + ${ms} * interval '1 millisecond')
        WHERE system = ${system}`,
  );
}

export const polled = (db: Db, system: string) =>
  changes(db, sql`UPDATE system_state SET last_poll_at = now() WHERE system = ${system}`);

export const swept = (db: Db, system: string, totals: Record<string, number>) =>
  changes(
    db,
    sql`UPDATE system_state SET last_sweep_at = now(), last_total = last_total || ${json(totals)} WHERE system = ${system}`,
  );

/** The register's row counts as last heard; a later drop starts a sweep at once. */
export const noteTotals = (db: Db, system: string, totals: Record<string, number>) =>
  changes(db, sql`UPDATE system_state SET last_total = last_total || ${json(totals)} WHERE system = ${system}`);

/** Which of several processes polls or sweeps now: at most one an interval, whoever asks first. `slowTurn` makes it longer. */
export async function takeTurn(db: Db, system: string, what: string, everyMs: number): Promise<boolean> {
  const name = `turn:${what}`;
  await sql`INSERT INTO cursor (system, object, position, saved_at) VALUES (${system}, ${name}, '', '-infinity') ON CONFLICT DO NOTHING`.execute(
    db,
  );
  return (
    (await changes(
      db,
      sql`UPDATE cursor SET saved_at = clock_timestamp()
          WHERE system = ${system} AND object = ${name}
            AND saved_at <= clock_timestamp() - greatest(${everyMs}, nullif(position, '')::float8) * interval '1 millisecond'`,
    )) > 0
  );
}

/** From now on this turn comes half as often, down to once in `longestMs`; its first interval is `everyMs`. */
export const slowTurn = (db: Db, system: string, what: string, { everyMs, longestMs }: { everyMs: number; longestMs: number }) =>
  changes(
    db,
    sql`UPDATE cursor SET position = greatest(nullif(position, '')::float8, least(2 * coalesce(nullif(position, '')::float8, ${everyMs}), ${longestMs}))::text
        WHERE system = ${system} AND object = ${`turn:${what}`}`,
  );

export const cursorOf = async (db: Db, system: string, object: string): Promise<string | null> =>
  (await row(db, sql<{ position: string }>`SELECT position FROM cursor WHERE system = ${system} AND object = ${object}`))
    ?.position ?? null;

export const saveCursor = (db: Db, system: string, object: string, position: string) =>
  changes(
    db,
    sql`INSERT INTO cursor (system, object, position) VALUES (${system}, ${object}, ${position})
        ON CONFLICT (system, object) DO UPDATE SET position = excluded.position, saved_at = now()`,
  );

/** The next look of the clockwork sweeps, whenever the last one was. */
export const sweepSoon = (db: Db, system: string) =>
  changes(db, sql`UPDATE cursor SET saved_at = '-infinity' WHERE system = ${system} AND object = 'turn:sweep'`);
