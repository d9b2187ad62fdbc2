import { sql } from 'kysely';
import { type AlertKind, type Condition, type Facts, type NoticeLine, personalIdOf } from '../core/alert.ts';
import { type Scope, seesEverybody } from '../core/scope.ts';
import { hubNowSql } from './clock.ts';
import { changes, type Db, json, row, rows } from './database.ts';
import { stuckTasks } from './replies.ts';
import { hiddenAmong } from './scope.ts';

/** One matter that people are told of. */
export interface AlertRow {
  id: string;
  kind: AlertKind;
  about: string;
  system: string | null;
  detail: Condition['detail'];
  opened_at: Date;
  told_at: Date | null;
  resolved_at: Date | null;
  resolved_told_at: Date | null;
}

/** A look takes so many of each kind at most: the oldest first, so that none waits for ever. */
const most = 500;

/** What the rules look at, apart from who is a register. */
export async function factsOf(
  db: Db,
  silentAfter: number,
): Promise<Omit<Facts, 'systems' | 'logVerified' | 'unreached'> & { systems: Omit<Facts['systems'][number], 'isRegister'>[] }> {
  return {
    systems: await rows(
      db,
      sql<Omit<Facts['systems'][number], 'isRegister'>>`
        SELECT system, paused_code AS "pausedCode", failures >= ${silentAfter} AS silent,
          coalesce(last_poll_at, (SELECT created_at FROM instance)) AS "lastReadAt" FROM system_state`,
    ),
    deadDuties: await rows(
      db,
      sql<{
        id: string;
        system: string;
      }>`SELECT id, recipient AS system FROM duty WHERE state = 'dead' ORDER BY since, id LIMIT ${most}`,
    ),
    tasks: await rows(
      db,
      sql<{
        id: string;
        system: string;
        due: Date;
      }>`SELECT id, system, due FROM task WHERE answered_at IS NULL ORDER BY due, id LIMIT ${most}`,
    ),
    stuck: await stuckTasks(db),
    cases: await rows(
      db,
      sql<{
        id: string;
        since: Date;
      }>`SELECT id, received_at AS since FROM case_file WHERE state = 'planned' ORDER BY received_at, id LIMIT ${most}`,
    ),
    deadlines: await rows(
      db,
      sql<{ id: string; due: string; target: string; since: Date }>`
        SELECT id, due, coalesce(target, due) AS target, received_at AS since FROM case_file
        WHERE state IN ('planned', 'approved', 'running') AND due IS NOT NULL AND coalesce(target, due) < (${hubNowSql})::date + 16
        ORDER BY due, id LIMIT ${most}`,
    ),
    corrections: await rows(
      db,
      sql<{ id: string; system: string; code: string }>`
        SELECT c.id, s.register AS system, c.hindered->>'code' AS code FROM case_file c JOIN subject s ON s.id = c.subject
        WHERE c.state = 'running' AND c.hindered->>'code' LIKE 'register-%' ORDER BY c.received_at, c.id LIMIT ${most}`,
    ),
    intakes: await rows(
      db,
      sql<{
        id: string;
        since: Date;
      }>`SELECT id, received_at AS since FROM intake WHERE state = 'waiting' ORDER BY received_at, id LIMIT ${most}`,
    ),
    holds: await rows(
      db,
      sql<{ id: string; system: string; since: Date; urgent: boolean }>`
        SELECT id, system, created_at AS since, kind = 'mass-change' AS urgent FROM held WHERE verdict IS NULL ORDER BY created_at, id LIMIT ${most}`,
    ),
    drift: await rows(
      db,
      sql<{ system: string; run: string; count: number }>`
        SELECT DISTINCT ON (system) system, id AS run,
          (SELECT coalesce(sum(value::int), 0)::int FROM jsonb_each_text(counts) WHERE key IN ('missing', 'stale', 'extra', 'erased-but-back', 'orphan')) AS count
        FROM run WHERE kind = 'drift' AND state = 'finished' ORDER BY system, finished_at DESC`,
    ),
    runs: await rows(
      db,
      sql<Facts['runs'][number]>`
        SELECT DISTINCT ON (system, kind) system, kind, id AS run, CASE WHEN state = 'failed' THEN coalesce(problem, 'failed') END AS failed
        FROM run WHERE state IN ('finished', 'failed') AND (NOT dry OR kind = 'drift') ORDER BY system, kind, finished_at DESC`,
    ),
    finished: await rows(
      db,
      sql<{ system: string; run: string }>`
        SELECT system, id AS run FROM run WHERE state = 'finished' AND NOT dry AND finished_at > now() - interval '1 day' LIMIT ${most}`,
    ),
  };
}

/** One look at a time over all processes. Call inside the transaction of the look. */
export const lockAlerts = (db: Db) => rows(db, sql`SELECT pg_advisory_xact_lock(1801677675, 1)`);

export const openAlerts = (db: Db): Promise<AlertRow[]> =>
  rows(db, sql<AlertRow>`SELECT * FROM alert WHERE resolved_at IS NULL ORDER BY opened_at, kind, about`);

export const recentAlerts = (db: Db, limit: number): Promise<AlertRow[]> =>
  rows(db, sql<AlertRow>`SELECT * FROM alert WHERE resolved_at IS NOT NULL ORDER BY resolved_at DESC, id LIMIT ${limit}`);

/** Of these alerts, those that somebody sees. Whoever sees staff alone is no operator: what is about no person is not for them. */
export async function alertsWithin<A extends Pick<AlertRow, 'kind' | 'about'>>(
  db: Db,
  scope: Scope,
  alerts: readonly A[],
): Promise<A[]> {
  if (seesEverybody(scope)) return [...alerts];
  const hidden = await hiddenAmong(
    db,
    scope,
    alerts.flatMap((a) => personalIdOf(a) ?? []),
  );
  const isOperator = scope.some(({ people }) => people === 'others');
  return alerts.filter((a) => {
    const id = personalIdOf(a);
    return id === null ? isOperator : !hidden.has(id);
  });
}

/** How many alerts are open: what a bell shows. */
export const openAlertCount = async (db: Db, scope: Scope): Promise<number> =>
  (await alertsWithin(db, scope, await openAlerts(db))).length;

/** Opens an alert; an event that was told before is not opened again. */
export const openAlert = (db: Db, id: string, c: Condition, isEvent: boolean, at: Date) =>
  changes(
    db,
    sql`INSERT INTO alert (id, kind, about, system, detail, opened_at)
        SELECT ${id}, ${c.kind}, ${c.about}, ${c.system}, ${json(c.detail)}, ${at}
        WHERE NOT (${isEvent} AND EXISTS (SELECT 1 FROM alert WHERE kind = ${c.kind} AND about = ${c.about}))
        ON CONFLICT DO NOTHING`,
  );

export const resolveAlert = (db: Db, id: string, at: Date) =>
  changes(db, sql`UPDATE alert SET resolved_at = ${at} WHERE id = ${id} AND resolved_at IS NULL`);

/** Alerts whose opening, or whose end, was not told yet. */
export const untold = (db: Db): Promise<AlertRow[]> =>
  rows(
    db,
    sql<AlertRow>`SELECT * FROM alert WHERE (told_at IS NULL AND (resolved_at IS NULL OR kind = 'run-finished'))
        OR (told_at IS NOT NULL AND resolved_at IS NOT NULL AND resolved_told_at IS NULL) ORDER BY opened_at, id`,
  );

export const markTold = (db: Db, id: string, which: 'opened' | 'resolved') =>
  changes(
    db,
    which === 'opened'
      ? sql`UPDATE alert SET told_at = now() WHERE id = ${id}`
      : sql`UPDATE alert SET resolved_told_at = now() WHERE id = ${id}`,
  );

/** Alerts that are long over go; the audit log keeps what happened. */
export const dropOldAlerts = async (db: Db): Promise<void> => {
  await changes(db, sql`DELETE FROM alert WHERE resolved_at < now() - interval '90 days'`);
  await changes(db, sql`DELETE FROM notice WHERE created_at < now() - interval '90 days'`);
};

// The outbox

export interface NoticeRow {
  id: string;
  channel: 'mail' | 'webhook';
  target: string;
  lines: NoticeLine[];
  created_at: Date;
  attempts: number;
  next_at: Date;
  problem: string | null;
  sent_at: Date | null;
  given_up_at: Date | null;
}

export const putNotice = (db: Db, n: Pick<NoticeRow, 'id' | 'channel' | 'target' | 'lines'>) =>
  changes(db, sql`INSERT INTO notice (id, channel, target, lines) VALUES (${n.id}, ${n.channel}, ${n.target}, ${json(n.lines)})`);

/** How long a process that took a message has for it before another may try, in seconds. */
const leaseSeconds = 120;

/** Takes the next message whose time has come. Whoever falls before it is marked sent leaves it to be tried again, under its id. */
export const takeNotice = (db: Db): Promise<NoticeRow | undefined> =>
  row(
    db,
    sql<NoticeRow>`
      UPDATE notice SET attempts = attempts + 1, next_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
      WHERE id = (SELECT id FROM notice WHERE sent_at IS NULL AND given_up_at IS NULL AND next_at <= clock_timestamp()
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *`,
  );

export const noticeSent = (db: Db, id: string) =>
  changes(db, sql`UPDATE notice SET sent_at = now(), problem = NULL WHERE id = ${id} AND sent_at IS NULL`);

export const noticeFailed = (db: Db, id: string, problem: string, waitMs: number | null) =>
  changes(
    db,
    sql`UPDATE notice SET problem = ${problem}, given_up_at = ${waitMs === null ? sql`now()` : null},
          next_at = clock_timestamp() + ${waitMs ?? 0} * interval '1 millisecond' WHERE id = ${id} AND sent_at IS NULL`,
  );

/** Messages that were not delivered yet, or never were. */
export const undelivered = (db: Db, limit: number): Promise<NoticeRow[]> =>
  rows(db, sql<NoticeRow>`SELECT * FROM notice WHERE sent_at IS NULL ORDER BY created_at DESC LIMIT ${limit}`);

export const lastSent = async (db: Db): Promise<Record<string, Date>> =>
  Object.fromEntries(
    (
      await rows(
        db,
        sql<{ channel: string; at: Date }>`SELECT channel, max(sent_at) AS at FROM notice WHERE sent_at IS NOT NULL GROUP BY 1`,
      )
    ).map((r) => [r.channel, r.at]),
  );
