import { sql } from 'kysely';
import type { Retained } from '../core/duty.ts';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, json, row, rows, type Slice } from './database.ts';
import { within } from './scope.ts';

/** What is kept for a while: parked erasures, what happened to people, and which purposes need them no more. */

// Parked erasures

/** A row that a law keeps of somebody whose erasure is owed. */
export interface ParkedRow {
  duty: string;
  subject: string;
  system: string;
  /** Null: a person's statement, without a row of ours. */
  place: string | null;
  retained: Retained;
  /** The moment it is tried, as the hub's clock counts. */
  on: Date | null;
  moved: Moved | null;
}

/** What counting again under a later pack, or other financial years, made of a day. */
export interface Moved {
  from: string;
  to: string;
  pack: string;
  at: string;
}

const parked = sql`
  FROM duty d LEFT JOIN record r ON r.subject = d.subject AND r.recipient = d.recipient AND r.state = 'stripped' AND r.retained IS NOT NULL
  WHERE d.retained IS NOT NULL AND d.outcome = 'retained' AND d.state IN ('waiting', 'held', 'open', 'sending', 'unknown')`;

/** Everything that is parked, the first to end first. `year`: of the last day. */
export const parkedErasures = (
  db: Db,
  scope: Scope,
  { limit, offset }: Slice,
  year: number | null = null,
): Promise<ParkedRow[]> =>
  rows(
    db,
    sql<ParkedRow>`
      SELECT d.id AS duty, d.subject, d.recipient AS system, r.place, coalesce(r.retained, d.retained) AS retained,
        d.legal_not_before AS "on", r.retained_moved AS moved ${parked}
        AND ${within(scope, sql`d.subject`, sql`d.recipient`)}
        ${year === null ? sql`` : sql`AND left(coalesce(r.retained, d.retained) ->> 'until', 4) = ${String(year)}`}
      ORDER BY coalesce(r.retained, d.retained) ->> 'until', d.recipient, d.id, r.id LIMIT ${limit} OFFSET ${offset}`,
  );

/** How much is parked, by the year of its last day. */
export const parkedYears = (db: Db, scope: Scope): Promise<{ year: number; n: number }[]> =>
  rows(
    db,
    sql<{ year: number; n: number }>`
      SELECT left(coalesce(r.retained, d.retained) ->> 'until', 4)::int AS year, count(*) AS n ${parked}
        AND ${within(scope, sql`d.subject`, sql`d.recipient`)} GROUP BY 1 ORDER BY 1`,
  );

/** A parked row as it is counted again. */
export interface Recounted {
  id: string;
  subject: string;
  recipient: string;
  retained: Retained;
  retained_pack: string;
  sealed_event: Buffer;
}

/** The next parked rows after an id, in its order. */
export const parkedAfter = (db: Db, after: string, limit: number): Promise<Recounted[]> =>
  rows(
    db,
    sql<Recounted>`
      SELECT id, subject, recipient, retained, retained_pack, sealed_event FROM record
      WHERE id > ${after} AND retained_rule IS NOT NULL AND state = 'stripped' AND retained IS NOT NULL ORDER BY id LIMIT ${limit}`,
  );

/** A row counted again: under which pack, and what came of it where the day is another. */
export const recount = (db: Db, record: string, pack: string, other: { retained: Retained; moved: Moved } | null) =>
  changes(
    db,
    sql`UPDATE record SET retained_pack = ${pack}
          ${other ? sql`, retained = ${json(other.retained)}, retained_moved = ${json(other.moved)}` : sql``}
        WHERE id = ${record} AND state = 'stripped'`,
  );

// Purposes that are over

export interface PurposeOver {
  purpose: string;
  since: string;
}

export const purposesOver = (db: Db, subject: string): Promise<PurposeOver[]> =>
  rows(db, sql<PurposeOver>`SELECT purpose, since FROM purpose_over WHERE subject = ${subject} ORDER BY purpose`);

/** From now on the purpose needs the person no more; false where that is known. */
export const endPurpose = async (
  db: Db,
  p: { subject: string; purpose: string; since: string; by: string; at: Date },
): Promise<boolean> =>
  (await changes(
    db,
    sql`INSERT INTO purpose_over (subject, purpose, since, decided_by, decided_at)
        VALUES (${p.subject}, ${p.purpose}, ${p.since}, ${p.by}, ${p.at}) ON CONFLICT DO NOTHING`,
  )) === 1;

/** The purpose needs the person again: they were in contact. */
export const resumePurpose = async (db: Db, subject: string, purpose: string): Promise<boolean> =>
  (await changes(db, sql`DELETE FROM purpose_over WHERE subject = ${subject} AND purpose = ${purpose}`)) === 1;

// What happened to people, and when the sweep looks at them

export const eventsOf = async (db: Db, subject: string): Promise<Buffer | null> =>
  (await row(db, sql<{ sealed: Buffer | null }>`SELECT sealed_events AS sealed FROM subject WHERE id = ${subject}`))?.sealed ??
  null;

/** Something happened: the sweep looks at the person again. */
export const putEvents = (db: Db, subject: string, sealed: Buffer | null) =>
  changes(db, sql`UPDATE subject SET sealed_events = ${sealed}, retention_due = '-infinity' WHERE id = ${subject}`);

/** Nobody is known to the sweep any more: what decides was declared anew. */
export const sweepAnew = (db: Db) =>
  changes(db, sql`UPDATE subject SET retention_due = '-infinity' WHERE retention_due > '-infinity'`);

/** The next people whose day has come; each is looked at by one process. */
export const dueForSweep = (db: Db, today: string, limit: number): Promise<{ id: string }[]> =>
  rows(
    db,
    sql<{ id: string }>`
      SELECT id FROM subject WHERE state = 'active' AND retention_due <= ${today} ORDER BY retention_due LIMIT ${limit}`,
  );

export const activePeople = async (db: Db): Promise<number> =>
  (await row(db, sql<{ n: number }>`SELECT count(*) AS n FROM subject WHERE state = 'active'`))?.n ?? 0;

export const sweptUntil = (db: Db, subject: string, due: string) =>
  changes(db, sql`UPDATE subject SET retention_due = ${due} WHERE id = ${subject}`);

/** Every field that any system is known to hold of somebody. */
export const fieldsHeld = async (db: Db, subject: string): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ name: string }>`
        SELECT jsonb_object_keys(fingerprints) AS name FROM version
        WHERE subject = ${subject} AND version = (SELECT version FROM subject WHERE id = ${subject})
        UNION SELECT jsonb_object_keys(fingerprints) FROM record
        WHERE subject = ${subject} AND state IN ('linked', 'restricted', 'inert', 'stripped')`,
    )
  ).map(({ name }) => name);

// What the sweep could not say

export interface Question {
  code: string;
  about: string;
  trigger: string;
}

/** What is open about a person now; what was and is no more goes. */
export async function putQuestions(db: Db, subject: string, questions: readonly Question[], at: Date): Promise<void> {
  const keys = questions.map(({ code, about, trigger }) => `${code} ${about} ${trigger}`);
  await changes(
    db,
    sql`DELETE FROM retention_question WHERE subject = ${subject}
          AND NOT (code || ' ' || about || ' ' || "trigger" = ANY(${keys}::text[]))`,
  );
  for (const { code, about, trigger } of questions)
    await changes(
      db,
      sql`INSERT INTO retention_question (subject, code, about, "trigger", seen_at) VALUES (${subject}, ${code}, ${about}, ${trigger}, ${at})
          ON CONFLICT DO NOTHING`,
    );
}

/** The questions with how many people each is about. */
export const openQuestions = (db: Db, scope: Scope): Promise<(Question & { role: string; n: number; since: Date })[]> =>
  rows(
    db,
    sql<Question & { role: string; n: number; since: Date }>`
      SELECT q.code, q.about, q."trigger", s.role, count(*) AS n, min(q.seen_at) AS since
      FROM retention_question q JOIN subject s ON s.id = q.subject
      WHERE ${within(scope, sql`q.subject`)} GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4 LIMIT 200`,
  );
