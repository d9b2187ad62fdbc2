import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../core/scope.ts';
import type { CaseRow, CaseState } from './cases.ts';
import { hubNowSql } from './clock.ts';
import { type Db, row, rows, type Slice } from './database.ts';
import { heldWithin, within } from './scope.ts';
import type { TaskRow } from './tasks.ts';

/** What the console asks of the ledger, one function a question. Whoever may see only some people asks with their scope. */

/** What waits for a person, by kind. */
export const waitKinds = ['case', 'deadline', 'task', 'held', 'dead', 'unknown', 'paused', 'unlinked'] as const;
export type WaitKind = (typeof waitKinds)[number];

export interface Waiting {
  kind: WaitKind;
  /** Of the case, task, hold or duty; null for a system. */
  id: string | null;
  system: string | null;
  subject: string | null;
  /** What it is about in a word: the task's ask, the hold's kind, the code of a pause. */
  word: string | null;
  /** The day it is due, where it has one. */
  due: Date | null;
  since: Date;
}

/** An answer may be lost for this long before a person is told. */
const unknownAfter = sql`interval '1 hour'`;
/** Tasks come up this long before their day. */
const soon = sql`interval '7 days'`;

/** The kinds of holds about which a verdict can be given now. */
const decidable = sql`('vanished', 'ambiguous-link', 'ambiguous-record', 'hold-review', 'retention', 'returned', 'parked-rule')`;

/** The last moment of a day where the controller is. */
const endOf = (day: RawBuilder<unknown>) => sql`(((${day} + 1)::timestamp AT TIME ZONE 'Europe/Helsinki') - interval '1 second')`;
/** A case that was decided and is not answered, with its day near or gone. */
const late = sql`state IN ('approved', 'running') AND due < (${hubNowSql})::date + 4`;

const dutyWithin = (scope: Scope) => within(scope, sql`duty.subject`, sql`duty.recipient`);

/** Each part is short by itself (an index and a limit), so that the whole stays quick however much waits. */
const parts = (scopes: Partial<Record<WaitKind, Scope>>, upTo: number) => {
  const all: Record<WaitKind, (scope: Scope) => ReturnType<typeof sql>> = {
    case: (
      scope,
    ) => sql`(SELECT 'case' AS kind, id::text AS id, NULL::text AS system, subject::text AS subject, type AS word, ${endOf(sql`due`)} AS due, received_at AS since
      FROM case_file WHERE state = 'planned' AND ${within(scope, sql`case_file.subject`)} ORDER BY due, received_at LIMIT ${upTo})`,
    deadline: (scope) => sql`(SELECT 'deadline', id::text, NULL, subject::text, type, ${endOf(sql`due`)}, received_at
      FROM case_file WHERE ${late} AND ${within(scope, sql`case_file.subject`)} ORDER BY due LIMIT ${upTo})`,
    task: (scope) => sql`(SELECT 'task', id::text, system, subject::text, ask, due, created_at
      FROM task WHERE answered_at IS NULL AND due < ${hubNowSql} + ${soon} AND ${within(scope, sql`task.subject`, sql`task.system`)} ORDER BY due LIMIT ${upTo})`,
    held: (scope) => sql`(SELECT 'held', id::text, system, subject::text, kind, NULL::timestamptz, created_at
      FROM held WHERE verdict IS NULL AND kind IN ${decidable} AND ${heldWithin(scope)} ORDER BY created_at LIMIT ${upTo})`,
    dead: (scope) => sql`(SELECT 'dead', id::text, recipient, subject::text, reason, NULL::timestamptz, since
      FROM duty WHERE state = 'dead' AND ${dutyWithin(scope)} ORDER BY since LIMIT ${upTo})`,
    unknown: (scope) => sql`(SELECT 'unknown', id::text, recipient, subject::text, reason, NULL::timestamptz, since
      FROM duty WHERE state = 'unknown' AND since < now() - ${unknownAfter} AND ${dutyWithin(scope)} ORDER BY since LIMIT ${upTo})`,
    paused: () => sql`(SELECT 'paused', NULL, system, NULL, paused_code, NULL::timestamptz, coalesce(paused_at, now())
      FROM system_state WHERE paused_code IS NOT NULL)`,
    unlinked: () => sql`(SELECT 'unlinked', NULL, s.system, NULL, NULL, NULL::timestamptz, d.since
      FROM system_state s JOIN LATERAL (
        SELECT since FROM duty WHERE recipient = s.system AND state = 'held' AND reason = 'not-linked' LIMIT 1) d ON true
      WHERE s.linked_at IS NULL)`,
  };
  return waitKinds.flatMap((kind) => {
    const scope = scopes[kind];
    return scope ? [all[kind](scope)] : [];
  });
};

/** What needs a person: what is overdue, then what is due or has waited longest; only of the kinds that have a scope. */
export async function waitingList(
  db: Db,
  scopes: Partial<Record<WaitKind, Scope>>,
  { limit, offset }: Slice,
): Promise<Waiting[]> {
  const asked = parts(scopes, offset + limit);
  if (asked.length === 0) return [];
  return rows(
    db,
    sql<Waiting>`
      SELECT * FROM (${sql.join(asked, sql` UNION ALL `)}) AS w(kind, id, system, subject, word, due, since)
      ORDER BY coalesce(due < ${hubNowSql}, false) DESC, coalesce(due, since + interval '7 days'), kind, id LIMIT ${limit} OFFSET ${offset}`,
  );
}

export type Tally = Record<WaitKind | 'overdue' | 'asked' | 'holds' | 'erasures', number>;

/** How much waits, by kind. */
export async function tally(db: Db, scope: Scope): Promise<Tally> {
  const [cases, asked, holds] = [
    within(scope, sql`case_file.subject`),
    within(scope, sql`task.subject`, sql`task.system`),
    heldWithin(scope),
  ];
  return (await row(
    db,
    sql<Tally>`SELECT
      (SELECT count(*) FROM case_file WHERE state = 'planned' AND ${cases}) AS "case",
      (SELECT count(*) FROM case_file WHERE type = 'erasure' AND state IN ('planned', 'approved', 'running') AND ${cases}) AS erasures,
      (SELECT count(*) FROM case_file WHERE ${late} AND ${cases}) AS deadline,
      (SELECT count(*) FROM task WHERE answered_at IS NULL AND ${asked}) AS asked,
      (SELECT count(*) FROM task WHERE answered_at IS NULL AND due < ${hubNowSql} + ${soon} AND ${asked}) AS task,
      (SELECT count(*) FROM task WHERE answered_at IS NULL AND due < ${hubNowSql} AND ${asked}) AS overdue,
      (SELECT count(*) FROM held WHERE verdict IS NULL AND ${holds}) AS holds,
      (SELECT count(*) FROM held WHERE verdict IS NULL AND kind IN ${decidable} AND ${holds}) AS held,
      (SELECT count(*) FROM duty WHERE state = 'dead' AND ${dutyWithin(scope)}) AS dead,
      (SELECT count(*) FROM duty WHERE state = 'unknown' AND since < now() - ${unknownAfter} AND ${dutyWithin(scope)}) AS unknown,
      (SELECT count(*) FROM system_state WHERE paused_code IS NOT NULL) AS paused,
      (SELECT count(*) FROM system_state s WHERE linked_at IS NULL
        AND EXISTS (SELECT 1 FROM duty WHERE recipient = s.system AND state = 'held' AND reason = 'not-linked')) AS unlinked`,
  )) as Tally;
}

/** What is owed at each system and in which state; what is settled is not counted, it may be everybody. */
export async function owedCounts(db: Db, scope: Scope): Promise<Map<string, Record<string, number>>> {
  const found = await rows(
    db,
    sql<{ recipient: string; state: string; n: number }>`
      SELECT recipient, state, count(*) AS n FROM duty WHERE state <> 'settled' AND ${dutyWithin(scope)} GROUP BY 1, 2`,
  );
  const counts = new Map<string, Record<string, number>>();
  for (const { recipient, state, n } of found) counts.set(recipient, { ...counts.get(recipient), [state]: n });
  return counts;
}

/** How many cases are in each state. */
export async function caseCounts(db: Db, scope: Scope): Promise<Partial<Record<CaseState, number>>> {
  const found = await rows(
    db,
    sql<{ state: CaseState; n: number }>`
      SELECT state, count(*) AS n FROM case_file WHERE ${within(scope, sql`case_file.subject`)} GROUP BY state`,
  );
  return Object.fromEntries(found.map(({ state, n }) => [state, n]));
}

/** How many erasures the matrix has, ended ones included. */
export const erasureCount = async (db: Db, scope: Scope): Promise<number> =>
  (
    await row(
      db,
      sql<{ n: number }>`
        SELECT count(*) AS n FROM case_file
        WHERE type = 'erasure' AND state <> 'refused' AND ${within(scope, sql`case_file.subject`)}`,
    )
  )?.n ?? 0;

export const heldCount = async (db: Db, scope: Scope): Promise<number> =>
  (await row(db, sql<{ n: number }>`SELECT count(*) AS n FROM held WHERE verdict IS NULL AND ${heldWithin(scope)}`))?.n ?? 0;

export const taskCounts = async (db: Db, scope: Scope): Promise<{ open: number; answered: number }> =>
  (await row(
    db,
    sql<{ open: number; answered: number }>`
      SELECT count(*) FILTER (WHERE answered_at IS NULL) AS open, count(*) FILTER (WHERE answered_at IS NOT NULL) AS answered
      FROM task WHERE ${within(scope, sql`task.subject`, sql`task.system`)}`,
  )) ?? { open: 0, answered: 0 };

/** What people were asked about one person. */
export const tasksOf = (db: Db, subject: string): Promise<TaskRow[]> =>
  rows(
    db,
    sql<TaskRow>`
      SELECT id, duty, system, subject, case_file, ask, version, due, created_at, answered_at, outcome, until, law
      FROM task WHERE subject = ${subject} ORDER BY created_at DESC LIMIT 100`,
  );

/** An answer's sealed words. */
export const taskNote = async (db: Db, id: string): Promise<Buffer | null> =>
  (await row(db, sql<{ sealed_note: Buffer | null }>`SELECT sealed_note FROM task WHERE id = ${id}`))?.sealed_note ?? null;

export const caseNote = async (db: Db, id: string): Promise<Buffer | null> =>
  (await row(db, sql<{ sealed_note: Buffer | null }>`SELECT sealed_note FROM case_file WHERE id = ${id}`))?.sealed_note ?? null;

const pseudonym = sql`substring(line from '"subject":"([0-9a-f]{64})"')`;

/** What the log says of one person, newest first: found by the pseudonym that only this ledger can make. */
export const historyOf = (db: Db, subjectRef: string, limit: number): Promise<{ seq: number; line: string }[]> =>
  rows(
    db,
    sql<{ seq: number; line: string }>`
      SELECT seq, line FROM audit_entry WHERE line LIKE '%"subject":"%' AND ${pseudonym} = ${subjectRef} ORDER BY seq DESC LIMIT ${limit}`,
  );

/** What the log says of a case and, since it was opened, of its person; oldest first, the newest `limit` of them. */
export const timelineOf = (
  db: Db,
  found: Pick<CaseRow, 'id'>,
  subjectRef: string | null,
  limit: number,
): Promise<{ seq: number; line: string }[]> =>
  rows(
    db,
    sql<{ seq: number; line: string }>`
      WITH own AS (SELECT seq, line FROM audit_entry WHERE case_file = ${found.id}),
        both_ AS (
          SELECT seq, line FROM own
          UNION
          SELECT seq, line FROM audit_entry
          WHERE line LIKE '%"subject":"%' AND ${pseudonym} = ${subjectRef} AND seq >= (SELECT min(seq) FROM own))
      SELECT * FROM (SELECT * FROM both_ ORDER BY seq DESC LIMIT ${limit}) newest ORDER BY seq`,
  );

/** Entries that prove a case: its own, and since it began those about the person's duties; in the tree of `size`. */
export const evidenceLeaves = (
  db: Db,
  of: { case: string; ref: string | null; duties: readonly string[]; size: number },
): Promise<{ index: number; line: string }[]> =>
  rows(
    db,
    sql<{ index: number; line: string }>`
      WITH own AS (SELECT seq, line FROM audit_entry WHERE case_file = ${of.case}),
        about AS (
          SELECT seq, line FROM audit_entry
          WHERE line LIKE '%"subject":"%' AND ${pseudonym} = ${of.ref} AND seq >= (SELECT min(seq) FROM own)
            AND line::jsonb ->> 'duty' = ANY(${[...of.duties]}::text[]))
      SELECT l.index, e.line FROM (SELECT * FROM own UNION SELECT * FROM about) e JOIN audit_leaf l USING (seq)
      WHERE l.index < ${of.size} ORDER BY l.index`,
  );

/** Why somebody's values were shown, newest first. */
export const readsOf = (
  db: Db,
  subject: string,
): Promise<{ id: string; actor: string; reason: string; sealed_note: Buffer | null; at: Date }[]> =>
  rows(db, sql`SELECT id, actor, reason, sealed_note, at FROM person_read WHERE subject = ${subject} ORDER BY at DESC LIMIT 20`);
