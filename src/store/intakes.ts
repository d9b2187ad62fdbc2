import { sql } from 'kysely';
import type { IntakeState } from '../core/intake.ts';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, row, rows, type Slice } from './database.ts';
import { intakeWithin } from './scope.ts';

export interface IntakeRow {
  id: string;
  type: 'access' | 'rectification' | 'erasure' | 'restriction' | 'objection' | 'portability';
  language: 'fi' | 'sv' | 'en';
  role: string | null;
  state: IntakeState;
  reason: string | null;
  key: Buffer | null;
  sealed: Buffer | null;
  received_at: Date;
  confirmed_at: Date | null;
  ended_at: Date | null;
  ended_by: string | null;
  case_file: string | null;
  tries: number;
}

export const insertIntake = (
  db: Db,
  i: Pick<IntakeRow, 'id' | 'type' | 'language' | 'role' | 'received_at'> & {
    key: Buffer;
    sealed: Buffer;
    addressKey: Buffer;
    senderKey: Buffer;
  },
) =>
  changes(
    db,
    sql`INSERT INTO intake (id, type, language, role, received_at, key, sealed, address_key, sender_key)
        VALUES (${i.id}, ${i.type}, ${i.language}, ${i.role}, ${i.received_at}, ${i.key}, ${i.sealed}, ${i.addressKey}, ${i.senderKey})`,
  );

/** The request concerns one role from now on. False where it named one. */
export const setIntakeRole = async (db: Db, id: string, role: string): Promise<boolean> =>
  (await changes(
    db,
    sql`UPDATE intake SET role = ${role}, wake_at = clock_timestamp(), tries = 0 WHERE id = ${id} AND role IS NULL`,
  )) > 0;

/** The same confirmed request for another role, sealed anew; it counts towards no limit. The machine goes on with it. */
export const copyIntake = (db: Db, id: string, of: { id: string; role: string; key: Buffer; sealed: Buffer }) =>
  changes(
    db,
    sql`INSERT INTO intake (id, type, language, role, state, received_at, confirmed_at, key, sealed, wake_at)
        SELECT ${of.id}, type, language, ${of.role}, state, received_at, confirmed_at, ${of.key}, ${of.sealed}, clock_timestamp()
        FROM intake WHERE id = ${id}`,
  );

/** How many forms came lately: from this sender within the hour, for this mailbox within the day, and in all within the hour. */
export async function formsLately(
  db: Db,
  addressKey: Buffer,
  senderKey: Buffer,
): Promise<{ sender: number; mailbox: number; all: number }> {
  const found = await row(
    db,
    sql<{ sender: number; mailbox: number; all: number }>`
      SELECT count(*) FILTER (WHERE sender_key = ${senderKey} AND created_at > clock_timestamp() - interval '1 hour')::int AS sender,
        count(*) FILTER (WHERE address_key = ${addressKey})::int AS mailbox,
        count(*) FILTER (WHERE created_at > clock_timestamp() - interval '1 hour')::int AS all
      FROM intake WHERE created_at > clock_timestamp() - interval '1 day'`,
  );
  return found ?? { sender: 0, mailbox: 0, all: 0 };
}

/** One at a time counts and adds, so that a burst does not slip past the limits. */
export const lockForms = (db: Db) => changes(db, sql`SELECT pg_advisory_xact_lock(hashtext('kaiku:forms'))`);

export const intakeById = (db: Db, id: string): Promise<IntakeRow | undefined> =>
  row(db, sql<IntakeRow>`SELECT * FROM intake WHERE id = ${id}`);

export const lockIntake = (db: Db, id: string): Promise<IntakeRow | undefined> =>
  row(db, sql<IntakeRow>`SELECT * FROM intake WHERE id = ${id} FOR UPDATE`);

export const intakeByToken = (db: Db, hash: Buffer): Promise<IntakeRow | undefined> =>
  row(db, sql<IntakeRow>`SELECT * FROM intake WHERE token_hash = ${hash}`);

/** What people have to see to first, the oldest first; then what is over. What nobody confirmed is nobody's matter yet. */
export const allIntakes = (
  db: Db,
  scope: Scope,
  { limit, offset }: Slice,
  state: IntakeState | null = null,
): Promise<IntakeRow[]> =>
  rows(
    db,
    sql<IntakeRow>`
      SELECT * FROM intake WHERE ${intakeWithin(scope)} AND ${state === null ? sql`state <> 'unconfirmed'` : sql`state = ${state}`}
      ORDER BY state IN ('taken', 'dismissed'), received_at, id LIMIT ${limit} OFFSET ${offset}`,
  );

export async function intakeCounts(db: Db, scope: Scope): Promise<Partial<Record<IntakeState, number>>> {
  const found = await rows(
    db,
    sql<{ state: IntakeState; n: number }>`SELECT state, count(*) AS n FROM intake WHERE ${intakeWithin(scope)} GROUP BY state`,
  );
  return Object.fromEntries(found.map(({ state, n }) => [state, n]));
}

/** The next that the machine goes on with; another process leaves it alone for a minute. */
export const takeIntake = (db: Db): Promise<IntakeRow | undefined> =>
  row(
    db,
    sql<IntakeRow>`
      UPDATE intake SET wake_at = clock_timestamp() + interval '1 minute', tries = tries + 1 WHERE id = (
        SELECT id FROM intake WHERE wake_at <= clock_timestamp() ORDER BY wake_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *`,
  );

/** The hash of the link that is being mailed; the former one opens nothing any more. */
export const setIntakeToken = (db: Db, id: string, hash: Buffer) =>
  changes(db, sql`UPDATE intake SET token_hash = ${hash} WHERE id = ${id} AND state = 'unconfirmed'`);

/** The machine goes on after so many ms; null: when somebody does something. */
export const wakeIntake = (db: Db, id: string, afterMs: number | null) =>
  changes(
    db,
    sql`UPDATE intake SET wake_at = ${afterMs === null ? null : sql`clock_timestamp() + ${afterMs} * interval '1 millisecond'`} WHERE id = ${id}`,
  );

/** From one of these states to another; false where it was in none of them. */
export const moveIntake = async (
  db: Db,
  id: string,
  from: readonly IntakeState[],
  to: IntakeState,
  set: { reason?: string; confirmedAt?: Date; endedAt?: Date; endedBy?: string; case?: string; wakes?: boolean },
): Promise<boolean> =>
  (await changes(
    db,
    sql`UPDATE intake SET state = ${to}, reason = ${set.reason ?? null}, tries = 0,
          confirmed_at = coalesce(${set.confirmedAt ?? null}, confirmed_at), ended_at = ${set.endedAt ?? null},
          ended_by = ${set.endedBy ?? null}, case_file = ${set.case ?? null},
          wake_at = ${set.wakes ? sql`clock_timestamp()` : null}
        WHERE id = ${id} AND state = ANY(${[...from]}::text[])`,
  )) > 0;

/** What the sender wrote is gone, and with its key from every copy. */
export const forgetIntake = (db: Db, id: string) =>
  changes(db, sql`UPDATE intake SET key = NULL, sealed = NULL, wake_at = NULL WHERE id = ${id}`);

/** What nobody confirmed by `before` is forgotten; what serves the limits alone goes after its day. */
export async function dropIntakes(db: Db, before: Date): Promise<number> {
  await changes(
    db,
    sql`UPDATE intake SET address_key = NULL, sender_key = NULL
        WHERE address_key IS NOT NULL AND created_at < clock_timestamp() - interval '1 day'`,
  );
  return changes(db, sql`DELETE FROM intake WHERE state = 'unconfirmed' AND received_at < ${before}`);
}
