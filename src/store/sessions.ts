import { sql } from 'kysely';
import type { Role } from '../core/scope.ts';
import { changes, type Db, row, rows } from './database.ts';

/** `code`, `enrol`: the password was right, and a code, or setting up where codes come from, is still owed. */
export type Stage = 'code' | 'enrol' | 'full';

/** Without a request for this long a session ends, in minutes. */
const idleMinutes = 30;
/** How long a session lasts at most, in minutes: signed in, and on the way there. */
const longest: Record<Stage, number> = { full: 12 * 60, code: 10, enrol: 30 };

export interface SessionRow {
  id: string;
  account: string;
  stage: Stage;
  roles: Role[];
  systems: string[];
  staff: string[];
  sealed: Buffer;
  language: string | null;
}

export const putSession = (db: Db, s: { id: string; tokenHash: Buffer; account: string; stage: Stage }) =>
  changes(
    db,
    sql`INSERT INTO session (id, token_hash, account, stage, ends_at)
        VALUES (${s.id}, ${s.tokenHash}, ${s.account}, ${s.stage}, clock_timestamp() + ${longest[s.stage]} * interval '1 minute')`,
  );

const alive = sql`s.ends_at > clock_timestamp() AND s.seen_at > clock_timestamp() - ${idleMinutes} * interval '1 minute'`;

/** The session of a token, with what its account may do now: a right that was taken is gone at the next request. */
export const sessionByToken = (db: Db, tokenHash: Buffer): Promise<SessionRow | undefined> =>
  row(
    db,
    sql<SessionRow>`
      SELECT s.id, s.account, s.stage, a.roles, a.systems, a.sealed, a.language,
        ARRAY(SELECT t.subject::text FROM account_staff t WHERE t.account = a.id) AS staff
      FROM session s JOIN account a ON a.id = s.account
      WHERE s.token_hash = ${tokenHash} AND a.disabled_at IS NULL AND ${alive}`,
  );

/** Somebody is there: the idle time starts again. Not written more often than it matters. */
export const touchSession = (db: Db, id: string) =>
  changes(
    db,
    sql`UPDATE session SET seen_at = clock_timestamp() WHERE id = ${id} AND seen_at < clock_timestamp() - interval '10 seconds'`,
  );

export const sessionsOf = (db: Db, account: string): Promise<{ id: string; created_at: Date; seen_at: Date; ends_at: Date }[]> =>
  rows(
    db,
    sql<{ id: string; created_at: Date; seen_at: Date; ends_at: Date }>`
      SELECT s.id, s.created_at, s.seen_at, s.ends_at FROM session s
      WHERE s.account = ${account} AND s.stage = 'full' AND ${alive} ORDER BY s.seen_at DESC`,
  );

export const endSession = async (db: Db, account: string, id: string): Promise<boolean> =>
  (await changes(db, sql`DELETE FROM session WHERE account = ${account} AND id = ${id}`)) === 1;

export const endSessions = (db: Db, account: string): Promise<number> =>
  changes(db, sql`DELETE FROM session WHERE account = ${account}`);

export const dropEndedSessions = (db: Db) => changes(db, sql`DELETE FROM session s WHERE NOT (${alive})`);
