import { sql } from 'kysely';
import { changes, type Db, json, row, rows } from './database.ts';

/** What is known of a configured system apart from its configuration: first contact, breaker, pause. */
export interface SystemState {
  system: string;
  linked_at: Date | null;
  paused_code: string | null;
  failures: number;
  breaker_until: Date | null;
  breaker_open: boolean;
  last_answer_at: Date | null;
  last_poll_at: Date | null;
  last_sweep_at: Date | null;
  last_total: Record<string, number>;
}

const columns = sql`system, linked_at, paused_code, failures, breaker_until,
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

/** Duties of a system that were held for `reason` are owed again. */
export const releaseHeld = (db: Db, system: string, reason: string): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET state = 'open', reason = NULL, since = now(), wake_at = now(), raised = raised + 1
        WHERE recipient = ${system} AND state = 'held' AND reason = ${reason}`,
  );

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

export async function pauseSystem(db: Db, system: string, code: string): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`UPDATE system_state SET paused_code = ${code}, paused_at = now() WHERE system = ${system} AND paused_code IS DISTINCT FROM ${code}`,
    )) > 0
  );
}

export async function resumeSystem(db: Db, system: string): Promise<boolean> {
  const resumed = await changes(
    db,
    sql`UPDATE system_state SET paused_code = NULL, paused_at = NULL, failures = 0, breaker_until = NULL
        WHERE system = ${system} AND paused_code IS NOT NULL`,
  );
  return resumed > 0;
}

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

/** Which of several processes polls or sweeps now: at most one an interval, whoever asks first. */
export async function takeTurn(db: Db, system: string, what: string, everyMs: number): Promise<boolean> {
  const name = `turn:${what}`;
  await sql`INSERT INTO cursor (system, object, position, saved_at) VALUES (${system}, ${name}, '', '-infinity') ON CONFLICT DO NOTHING`.execute(
    db,
  );
  return (
    (await changes(
      db,
      sql`UPDATE cursor SET saved_at = clock_timestamp()
          WHERE system = ${system} AND object = ${name} AND saved_at <= clock_timestamp() - ${everyMs} * interval '1 millisecond'`,
    )) > 0
  );
}

export const cursorOf = async (db: Db, system: string, object: string): Promise<string | null> =>
  (await row(db, sql<{ position: string }>`SELECT position FROM cursor WHERE system = ${system} AND object = ${object}`))
    ?.position ?? null;

export const saveCursor = (db: Db, system: string, object: string, position: string) =>
  changes(
    db,
    sql`INSERT INTO cursor (system, object, position) VALUES (${system}, ${object}, ${position})
        ON CONFLICT (system, object) DO UPDATE SET position = excluded.position, saved_at = now()`,
  );
