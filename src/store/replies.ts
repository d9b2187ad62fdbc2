import { sql } from 'kysely';
import { hubNowSql } from './clock.ts';
import { changes, type Db, row, rows } from './database.ts';
import type { TaskRow } from './tasks.ts';

/** How a task is asked by mail. Times of codes and reminders are the hub's. */
export interface ReplyLink {
  task: string;
  expires_at: Date | null;
  mails: number;
  mailed_at: Date | null;
  next_at: Date | null;
  tries: number;
  problem: string | null;
  bounced_at: Date | null;
  code_hash: Buffer | null;
  code_until: Date | null;
  code_tries: number;
  codes: number;
  codes_day: string | null;
  pass_hash: Buffer | null;
  pass_until: Date | null;
}

/** Open tasks of a system that people run get their link; a mailbox that bounced is tried again when its address is another. */
export async function openLinks(db: Db, system: string, addressKey: Buffer): Promise<void> {
  await changes(
    db,
    sql`INSERT INTO reply_link (task, address_key) SELECT id, ${addressKey} FROM task t WHERE answered_at IS NULL AND system = ${system}
          AND NOT EXISTS (SELECT 1 FROM reply_link l WHERE l.task = t.id) ON CONFLICT DO NOTHING`,
  );
  await changes(
    db,
    sql`UPDATE reply_link l SET bounced_at = NULL, problem = NULL, tries = 0, next_at = NULL, wake_at = clock_timestamp(), address_key = ${addressKey}
        FROM task t WHERE t.id = l.task AND t.answered_at IS NULL AND t.system = ${system} AND l.address_key IS DISTINCT FROM ${addressKey}`,
  );
}

export interface DueMail extends Pick<TaskRow, 'id' | 'system' | 'ask' | 'version' | 'due' | 'created_at'> {
  mails: number;
  tries: number;
}

/** The next task that somebody has to be mailed about; another process leaves it alone for a minute. */
export const takeDueMail = (db: Db, systems: readonly string[]): Promise<DueMail | undefined> =>
  row(
    db,
    sql<DueMail>`
      UPDATE reply_link l SET wake_at = clock_timestamp() + interval '1 minute', tries = l.tries + 1 FROM task t
      WHERE t.id = l.task AND l.task = (
        SELECT l2.task FROM reply_link l2 JOIN task t2 ON t2.id = l2.task
        WHERE t2.answered_at IS NULL AND t2.system = ANY(${[...systems]}::text[]) AND l2.bounced_at IS NULL
          AND l2.wake_at <= clock_timestamp()
          AND (l2.next_at IS NULL OR l2.next_at <= ${hubNowSql} OR l2.told_version <> t2.version OR l2.told_ask <> t2.ask)
        ORDER BY l2.wake_at LIMIT 1 FOR UPDATE OF l2 SKIP LOCKED)
      RETURNING t.id, t.system, t.ask, t.version, t.due, t.created_at, l.mails, l.tries`,
  );

/** The link of a mail is good from before it is sent: one that arrives must open. */
export const setReplyToken = (db: Db, task: string, hash: Buffer, until: Date) =>
  changes(
    db,
    sql`UPDATE reply_link SET token_hash = ${hash}, expires_at = ${until}, pass_hash = NULL, code_hash = NULL WHERE task = ${task}`,
  );

export const replyMailed = (db: Db, m: Pick<DueMail, 'id' | 'version' | 'ask'>, at: Date, next: Date) =>
  changes(
    db,
    sql`UPDATE reply_link SET mails = mails + 1, mailed_at = ${at}, next_at = ${next}, told_version = ${m.version}, told_ask = ${m.ask},
          tries = 0, problem = NULL, wake_at = clock_timestamp() WHERE task = ${m.id}`,
  );

/** `againMs` null: the mailbox is refused for good. */
export const replyNotMailed = (db: Db, task: string, problem: string, at: Date, againMs: number | null) =>
  changes(
    db,
    sql`UPDATE reply_link SET problem = ${problem}, bounced_at = ${againMs === null ? at : null},
          wake_at = clock_timestamp() + ${againMs ?? 0} * interval '1 millisecond' WHERE task = ${task}`,
  );

export const linkByToken = (db: Db, hash: Buffer): Promise<ReplyLink | undefined> =>
  row(db, sql<ReplyLink>`SELECT * FROM reply_link WHERE token_hash = ${hash}`);

export const linkOf = (db: Db, task: string): Promise<ReplyLink | undefined> =>
  row(db, sql<ReplyLink>`SELECT * FROM reply_link WHERE task = ${task}`);

export const lockLink = (db: Db, task: string): Promise<ReplyLink | undefined> =>
  row(db, sql<ReplyLink>`SELECT * FROM reply_link WHERE task = ${task} FOR UPDATE`);

export const setCode = (db: Db, task: string, c: { hash: Buffer; until: Date; codes: number; day: string }) =>
  changes(
    db,
    sql`UPDATE reply_link SET code_hash = ${c.hash}, code_until = ${c.until}, code_tries = 0, codes = ${c.codes}, codes_day = ${c.day} WHERE task = ${task}`,
  );

export const codeFailed = (db: Db, task: string) =>
  changes(db, sql`UPDATE reply_link SET code_tries = code_tries + 1 WHERE task = ${task}`);

/** The code is used up, and the page stays open with the pass. */
export const setPass = (db: Db, task: string, hash: Buffer, until: Date) =>
  changes(db, sql`UPDATE reply_link SET code_hash = NULL, pass_hash = ${hash}, pass_until = ${until} WHERE task = ${task}`);

export const putQuestion = (db: Db, task: string, sealed: Buffer, at: Date) =>
  changes(db, sql`UPDATE task SET sealed_question = ${sealed}, questioned_at = ${at} WHERE id = ${task} AND answered_at IS NULL`);

export const putAttestation = (db: Db, task: string, sealed: Buffer) =>
  changes(db, sql`UPDATE task SET sealed_attestation = ${sealed} WHERE id = ${task}`);

export const statementsOf = (
  db: Db,
  task: string,
): Promise<{ sealed_attestation: Buffer | null; sealed_question: Buffer | null; questioned_at: Date | null } | undefined> =>
  row(
    db,
    sql<{ sealed_attestation: Buffer | null; sealed_question: Buffer | null; questioned_at: Date | null }>`
      SELECT sealed_attestation, sealed_question, questioned_at FROM task WHERE id = ${task}`,
  );

/** Open tasks whose mailbox is refused for good, or whose people asked something back. */
export const stuckTasks = (db: Db): Promise<{ id: string; system: string; since: Date; why: 'bounced' | 'questioned' }[]> =>
  rows(
    db,
    sql<{ id: string; system: string; since: Date; why: 'bounced' | 'questioned' }>`
      SELECT t.id, t.system, l.bounced_at AS since, 'bounced' AS why FROM reply_link l JOIN task t ON t.id = l.task
      WHERE l.bounced_at IS NOT NULL AND t.answered_at IS NULL
      UNION ALL SELECT id, system, questioned_at, 'questioned' FROM task WHERE questioned_at IS NOT NULL AND answered_at IS NULL
      LIMIT 500`,
  );

/** How long people of each system took to answer, in days: the middle one and how many answered, over the last year. */
export const answerTimes = (db: Db): Promise<{ system: string; answers: number; days: number }[]> =>
  rows(
    db,
    sql<{ system: string; answers: number; days: number }>`
      SELECT system, count(*)::int AS answers,
        (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - asked_at)) / 86400)::float8 AS days
      FROM (SELECT system, answered_at, created_at AS asked_at FROM task
        WHERE answered_at IS NOT NULL AND outcome <> 'superseded' AND answered_at > ${hubNowSql} - interval '1 year') t
      GROUP BY system`,
  );

/** A mail about an open task came back for good. False: the task was answered, or newer mails got through since. */
export const bounced = async (db: Db, task: string, mail: number, problem: string, at: Date): Promise<boolean> =>
  (await changes(
    db,
    sql`UPDATE reply_link l SET bounced_at = ${at}, problem = ${problem} FROM task t
        WHERE l.task = ${task} AND t.id = l.task AND t.answered_at IS NULL AND l.bounced_at IS NULL AND l.mails = ${mail + 1}`,
  )) === 1;

export const putReplyFile = (db: Db, f: { task: string; sealed: Buffer; sha256: Buffer; until: Date }) =>
  changes(
    db,
    sql`INSERT INTO reply_file (task, sealed, sha256, until) VALUES (${f.task}, ${f.sealed}, ${f.sha256}, ${f.until}) ON CONFLICT DO NOTHING`,
  );

export const replyFileOf = (db: Db, task: string): Promise<{ sealed: Buffer; sha256: Buffer; until: Date } | undefined> =>
  row(
    db,
    sql<{ sealed: Buffer; sha256: Buffer; until: Date }>`SELECT sealed, sha256, until FROM reply_file WHERE task = ${task}`,
  );

/** Files whose time is over; what was stated about them stays. */
export const dropReplyFiles = (db: Db, now: Date) => changes(db, sql`DELETE FROM reply_file WHERE until <= ${now}`);
