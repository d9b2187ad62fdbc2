import { sql } from 'kysely';
import type { Evidence, Lane, Outcome, Retained, State } from '../core/duty.ts';
import { lanes } from '../core/duty.ts';
import { hubNowSql } from './clock.ts';
import { changes, type Db, json, row, rows } from './database.ts';

/** A duty's row. Times that leases and back-off use are the server's; `legal_not_before` is the hub's. */
export interface DutyRow {
  id: string;
  subject: string;
  recipient: string;
  wanted: number;
  satisfied: number;
  raised: number;
  state: State;
  outcome: Outcome | null;
  evidence: Evidence;
  lane: number;
  reason: string | null;
  next: string | null;
  since: Date;
  not_before: Date | null;
  legal_not_before: Date | null;
  retained: Retained | null;
  asked_whom: string | null;
  asked_due: Date | null;
  fence: number;
  crashes: number;
  attempts: number;
  /** The last look after an erasure, and the next; the hub's clock. */
  rechecked_at: Date | null;
  recheck_due: Date | null;
}

/** How a duty at work says what its successor has to stop, should its holder fall. */
export const withdraws = 'withdraw ';

/** Crashes after which a duty is `dead`: shown, alerted, re-driven by a click. */
const crashLimit = 5;

/** How long a worker may hold a duty before the wire without saying so again, in seconds. */
export const leaseSeconds = 5;

/** The right to work at a duty. Every statement of the holder names the fence; a successor's is higher. */
export interface Lease {
  duty: DutyRow;
  fence: number;
  /** What the last holder left: nothing sent, or perhaps something (`unknown`: read before any write). */
  mustRead: boolean;
  /** Set by the holder when a write may have left: whatever goes wrong after that, the successor reads first. */
  sent?: boolean;
  /** Requests that left under it. */
  calls?: number;
}

/**
 * Takes a duty for work if a step is owed now: it is open or unknown, its time has come, or its holder is gone. A holder that
 * may have sent something is given its lease *and* the vendor's deadline; what comes after starts from `unknown`.
 */
export async function takeLease(db: Db, duty: string, worker: string, deadlineSeconds: number): Promise<Lease | null> {
  const taken = await row(
    db,
    sql<DutyRow & { was: State; was_sent: boolean }>`
      WITH before AS (
        SELECT id, state AS was, sent_at IS NOT NULL AS was_sent FROM duty
        WHERE id = ${duty} AND (
          state IN ('open', 'unknown')
          OR (state = 'waiting' AND coalesce(not_before, '-infinity') <= clock_timestamp()
              AND coalesce(legal_not_before, '-infinity') <= ${hubNowSql})
          OR (state = 'sending' AND clock_timestamp() > lease_until
              + CASE WHEN sent_at IS NULL THEN interval '0' ELSE deadline_s * interval '1 second' END))
        FOR UPDATE)
      UPDATE duty SET
        state = CASE WHEN before.was = 'sending' AND crashes + 1 >= ${crashLimit} THEN 'dead' ELSE 'sending' END,
        crashes = crashes + CASE WHEN before.was = 'sending' THEN 1 ELSE 0 END,
        reason = CASE WHEN before.was = 'sending' AND crashes + 1 >= ${crashLimit} THEN 'crashed' ELSE reason END,
        fence = fence + 1, worker = ${worker}, lease_until = clock_timestamp() + ${leaseSeconds} * interval '1 second',
        deadline_s = ${deadlineSeconds},
        sent_at = CASE WHEN before.was = 'unknown' OR before.was_sent THEN sent_at END,
        wake_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
      FROM before WHERE duty.id = before.id
      RETURNING duty.*, before.was, before.was_sent`,
  );
  if (!taken) return null;
  if (taken.state === 'dead') {
    await changes(db, sql`UPDATE duty SET wake_at = NULL, since = now() WHERE id = ${duty} AND fence = ${taken.fence}`);
    return null;
  }
  return { duty: taken, fence: taken.fence, mustRead: taken.was === 'unknown' || taken.was_sent };
}

/**
 * Asked immediately before each request: is the duty still ours? Renews the lease; before a write also records that something
 * may be sent from now on. Answers how many milliseconds the lease lasts, or null when it is lost.
 */
export async function renewLease(db: Db, lease: Lease, kind: 'read' | 'write'): Promise<number | null> {
  const renewed = await changes(
    db,
    sql`UPDATE duty SET lease_until = clock_timestamp() + ${leaseSeconds} * interval '1 second',
          sent_at = CASE WHEN ${kind === 'write'} THEN clock_timestamp() ELSE sent_at END,
          wake_at = clock_timestamp() + (${leaseSeconds}
            + CASE WHEN ${kind === 'write'} OR sent_at IS NOT NULL THEN deadline_s ELSE 0 END) * interval '1 second'
        WHERE id = ${lease.duty.id} AND fence = ${lease.fence} AND state = 'sending'
          AND clock_timestamp() <= lease_until + CASE WHEN sent_at IS NULL THEN interval '0' ELSE deadline_s * interval '1 second' END`,
  );
  return renewed === 1 ? leaseSeconds * 1000 : null;
}

/** What a step left behind. */
export interface Move {
  state: Exclude<State, 'sending'>;
  outcome?: Outcome | null;
  evidence?: Evidence;
  reason?: string | null;
  next?: string | null;
  /** Server clock, milliseconds from now: back-off, a vendor's wish. */
  waitMs?: number;
  /** Hub clock: undo window, law. */
  until?: Date | null;
  retained?: Retained | null;
  asked?: { whom: string; due: Date } | null;
  satisfied?: number;
  attempts?: number;
  /** A write may have left before the step broke off: whoever takes the duty next reads first, whatever its state is called. */
  mustRead?: boolean;
}

/**
 * Ends a lease with what came of it. When the duty was raised meanwhile, a settled one is open again: a newer version is never
 * dropped. False: the lease was lost, nothing was written and the caller's transaction must not commit anything of the step.
 */
export async function endLease(db: Db, lease: Lease, move: Move): Promise<boolean> {
  const again = sql`(raised > ${lease.duty.raised})`;
  const restless = move.state === 'settled' || move.state === 'asked' || move.state === 'held';
  return (
    (await changes(
      db,
      sql`UPDATE duty SET
        state = CASE WHEN ${restless} AND ${again} THEN 'open' ELSE ${move.state} END,
        outcome = ${move.outcome === undefined ? sql`outcome` : sql`${move.outcome}`},
        evidence = ${move.evidence === undefined ? sql`evidence` : sql`${move.evidence}`},
        reason = ${move.reason ?? null}, next = ${move.next ?? null},
        satisfied = ${move.satisfied === undefined ? sql`satisfied` : sql`greatest(satisfied, ${move.satisfied})`},
        not_before = ${move.waitMs === undefined ? null : sql`clock_timestamp() + ${move.waitMs} * interval '1 millisecond'`},
        legal_not_before = ${move.until ?? null},
        retained = ${move.retained === undefined ? sql`retained` : move.retained === null ? null : json(move.retained)},
        asked_whom = ${move.asked?.whom ?? null}, asked_due = ${move.asked?.due ?? null},
        attempts = ${move.attempts ?? 0}, crashes = 0,
        sent_at = ${move.state === 'unknown' || move.mustRead ? sql`coalesce(sent_at, clock_timestamp())` : null}, worker = NULL, lease_until = NULL, handed_at = NULL,
        since = CASE WHEN ${move.state} = state AND outcome IS NOT DISTINCT FROM ${move.outcome ?? null} THEN since ELSE now() END,
        wake_at = CASE
          WHEN ${restless} AND ${again} THEN clock_timestamp()
          WHEN ${move.state === 'waiting' || move.state === 'open' || move.state === 'unknown'}
            THEN ${move.waitMs === undefined ? (move.until ? sql`${move.until}::timestamptz - (SELECT clock_offset FROM instance)` : sql`clock_timestamp()`) : sql`clock_timestamp() + ${move.waitMs} * interval '1 millisecond'`}
          END
      WHERE id = ${lease.duty.id} AND fence = ${lease.fence} AND state = 'sending'`,
    )) === 1
  );
}

/**
 * Something that this duty depends on has changed: it is owed again, in at least this lane. A duty at work is not disturbed, it
 * sees `raised` when it ends. `held` ones and ones asked of a person are looked at again too: the plan decides what they are now.
 */
export async function raise(
  db: Db,
  what: { subject: string; recipients?: readonly string[]; lane: Lane; wanted?: number; newId: () => string },
): Promise<{ id: string; recipient: string }[]> {
  const lane = lanes[what.lane];
  if (what.recipients && what.wanted !== undefined) {
    for (const recipient of what.recipients) {
      await changes(
        db,
        sql`INSERT INTO duty (id, subject, recipient, wanted, lane, wake_at) VALUES (${what.newId()}, ${what.subject}, ${recipient}, ${what.wanted}, ${lane}, now())
            ON CONFLICT (subject, recipient) DO NOTHING`,
      );
    }
  }
  return rows(
    db,
    sql<{ id: string; recipient: string }>`
      UPDATE duty SET raised = raised + 1, wanted = greatest(wanted, ${what.wanted ?? 0}),
        lane = CASE WHEN state IN ('settled', 'asked', 'held') THEN ${lane} ELSE least(lane, ${lane}) END,
        since = CASE WHEN state IN ('settled', 'held', 'asked') THEN now() ELSE since END,
        wake_at = CASE WHEN state IN ('sending', 'dead') THEN wake_at ELSE clock_timestamp() END,
        not_before = CASE WHEN state = 'waiting' AND ${lane} <= 2 THEN NULL ELSE not_before END,
        legal_not_before = CASE WHEN state = 'waiting' THEN NULL ELSE legal_not_before END,
        state = CASE WHEN state IN ('settled', 'held', 'asked', 'waiting') THEN 'open' ELSE state END
      WHERE subject = ${what.subject}
        ${what.recipients ? sql`AND recipient = ANY(${what.recipients}::text[])` : sql``}
      RETURNING id, recipient`,
  );
}

/** Gives an open duty a minute's rest. */
export const letRest = (db: Db, duty: string): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET state = 'waiting', reason = 'restless', not_before = clock_timestamp() + interval '1 minute',
          wake_at = clock_timestamp() + interval '1 minute', since = now() WHERE id = ${duty} AND state = 'open'`,
  );

/** Whoever takes this duty next reads its rows before anything else. */
export const readFirst = (db: Db, subject: string, recipient: string): Promise<number> =>
  changes(db, sql`UPDATE duty SET state = 'unknown' WHERE subject = ${subject} AND recipient = ${recipient} AND state = 'open'`);

/** What was settled turned out not to hold: it waits for a person, and says no word of what it was. */
export const holdBack = (db: Db, duty: string, reason: string): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET state = 'held', outcome = NULL, evidence = 'observed', reason = ${reason}, wake_at = NULL, since = now()
        WHERE id = ${duty} AND state = 'settled'`,
  );

/**
 * A person decided that the recipient is not told: nothing is owed there, and nothing is known. Not while somebody works at it. A write
 * that may have left is not forgotten, nor what must be stopped with it: whoever takes the duty again reads first.
 */
export const settleExcepted = (db: Db, duty: string, ground: string, version: number): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET state = 'settled', outcome = 'excepted', evidence = 'none', reason = ${ground}, asked_whom = NULL,
          next = CASE WHEN starts_with(next, ${withdraws}) THEN next END, asked_due = NULL, not_before = NULL, legal_not_before = NULL, satisfied = greatest(satisfied, ${version}), raised = raised + 1,
          fence = fence + 1, attempts = 0, crashes = 0, wake_at = NULL, since = now(),
          sent_at = CASE WHEN state IN ('unknown', 'dead') THEN coalesce(sent_at, clock_timestamp()) ELSE sent_at END
        WHERE id = ${duty} AND state <> 'sending'`,
  );

/** A person puts a dead duty to work again. */
export const redrive = (db: Db, duty: string): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET state = 'unknown', crashes = 0, attempts = 0, reason = NULL, since = now(), wake_at = now() WHERE id = ${duty} AND state = 'dead'`,
  );

/** The same for a person's duty at one recipient. */
export const redriveOf = (db: Db, subject: string, recipient: string): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET state = 'unknown', crashes = 0, attempts = 0, reason = NULL, since = now(), wake_at = now()
        WHERE subject = ${subject} AND recipient = ${recipient} AND state = 'dead'`,
  );

export const dutyById = (db: Db, id: string): Promise<DutyRow | undefined> =>
  row(db, sql<DutyRow>`SELECT * FROM duty WHERE id = ${id}`);

/** What is owed to several people, by person. */
export async function dutiesOfMany(db: Db, subjects: readonly string[]): Promise<Map<string, DutyRow[]>> {
  const found = await rows(
    db,
    sql<DutyRow>`SELECT * FROM duty WHERE subject = ANY(${subjects}::uuid[]) ORDER BY subject, recipient`,
  );
  const bySubject = new Map<string, DutyRow[]>(subjects.map((subject) => [subject, []]));
  for (const duty of found) bySubject.get(duty.subject)?.push(duty);
  return bySubject;
}

export const dutiesOf = (db: Db, subject: string): Promise<DutyRow[]> =>
  rows(db, sql<DutyRow>`SELECT * FROM duty WHERE subject = ${subject} ORDER BY recipient`);

export interface Wake {
  id: string;
  lane: number;
}

/**
 * The duties of one recipient whose time has come, most urgent first, at most `room` of the slower lanes (objections and erasures
 * are not counted: they overtake). Marks them handed, so that the next look passes them by; a duty whose wake-up was lost comes
 * up again by itself, at once when the queue is `empty`.
 */
export function due(db: Db, recipient: string, room: number, empty: boolean): Promise<Wake[]> {
  return rows(
    db,
    sql<Wake>`
      WITH urgent AS (
        SELECT id FROM duty WHERE recipient = ${recipient} AND wake_at <= clock_timestamp() AND lane <= 2
        ORDER BY lane, wake_at LIMIT 200 FOR UPDATE SKIP LOCKED),
      slower AS (
        SELECT id FROM duty WHERE recipient = ${recipient} AND wake_at <= clock_timestamp() AND lane > 2
        ORDER BY lane, wake_at LIMIT ${room} FOR UPDATE SKIP LOCKED),
      lost AS (
        SELECT id FROM duty WHERE ${empty} AND recipient = ${recipient} AND wake_at > clock_timestamp()
          AND handed_at < clock_timestamp() - interval '2 seconds' AND state IN ('open', 'unknown', 'waiting')
        ORDER BY lane, wake_at LIMIT ${room} FOR UPDATE SKIP LOCKED)
      UPDATE duty SET handed_at = clock_timestamp(), wake_at = clock_timestamp() + interval '8 seconds'
      WHERE id IN (SELECT id FROM urgent UNION SELECT id FROM slower UNION SELECT id FROM lost)
      RETURNING id, lane`,
  );
}

/** Whether a worker is at any duty of a system just now. */
export const areAtWork = async (db: Db, recipient: string): Promise<boolean> =>
  (await row(db, sql`SELECT 1 AS working FROM duty WHERE recipient = ${recipient} AND state = 'sending' LIMIT 1`)) !== undefined;

/**
 * Duties at a system that wait for what people do there look for it `inMs` from now: those that wait for these reasons, and those whose people
 * were asked and may have done it without a word. `asked_due` stays, so that an answer meanwhile is still one. One that is
 * at work is left alone (`areAtWork`).
 */
export const lookAgain = (db: Db, recipient: string, reasons: readonly string[], inMs: number): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET state = 'waiting', not_before = NULL, raised = raised + 1, wake_at = now() + ${inMs}::int * interval '1 millisecond'
        WHERE recipient = ${recipient} AND ((state = 'waiting' AND reason = ANY(${[...reasons]}::text[])) OR (state = 'asked' AND next IS DISTINCT FROM 'restrict'))`,
  );
