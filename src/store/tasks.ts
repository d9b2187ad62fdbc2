import { sql } from 'kysely';
import type { Outcome } from '../core/duty.ts';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, row, rows, type Slice } from './database.ts';
import { within } from './scope.ts';

/** What a person at a system was asked. One open task per duty: a newer ask replaces the older one's words, never adds a second. */
export interface TaskRow {
  id: string;
  duty: string;
  system: string;
  subject: string;
  case_file: string | null;
  ask: 'update' | 'restrict' | 'erase';
  version: number;
  due: Date;
  created_at: Date;
  answered_at: Date | null;
  outcome: Outcome | null;
  until: string | null;
  law: string | null;
}

const columns = sql`id, duty, system, subject, case_file, ask, version, due, created_at, answered_at, outcome, until, law`;

export const taskById = (db: Db, id: string): Promise<TaskRow | undefined> =>
  row(db, sql<TaskRow>`SELECT ${columns} FROM task WHERE id = ${id}`);

/** The open ones by their due date, then the answered ones, newest answer first. */
export const tasks = (db: Db, scope: Scope, { limit, offset }: Slice = { limit: 500, offset: 0 }): Promise<TaskRow[]> =>
  rows(
    db,
    sql<TaskRow>`
      SELECT ${columns} FROM task WHERE ${within(scope, sql`task.subject`, sql`task.system`)}
      ORDER BY answered_at IS NOT NULL, CASE WHEN answered_at IS NULL THEN due END, answered_at DESC, id
      LIMIT ${limit} OFFSET ${offset}`,
  );

/** Asks, or brings the open task up to date; its due date never moves later. Answers the task's id. */
export async function ask(
  db: Db,
  t: {
    id: string;
    duty: string;
    system: string;
    subject: string;
    caseId: string | null;
    ask: TaskRow['ask'];
    version: number;
    due: Date;
  },
): Promise<{ id: string; asked: boolean }> {
  const found = await row(
    db,
    sql<{ id: string; fresh: boolean }>`
      INSERT INTO task (id, duty, system, subject, case_file, ask, version, due)
      VALUES (${t.id}, ${t.duty}, ${t.system}, ${t.subject}, ${t.caseId}, ${t.ask}, ${t.version}, ${t.due})
      ON CONFLICT (duty) WHERE answered_at IS NULL DO UPDATE SET ask = excluded.ask, version = excluded.version,
        case_file = coalesce(excluded.case_file, task.case_file), due = least(task.due, excluded.due)
      RETURNING id, id = ${t.id} AS fresh`,
  );
  return { id: found?.id ?? t.id, asked: found?.fresh ?? true };
}

/** Records an answer once; false when the task was answered before. */
export async function answer(
  db: Db,
  a: { id: string; by: string; outcome: Outcome; sealedNote: Buffer | null; until: string | null; law: string | null; at: Date },
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`UPDATE task SET answered_at = ${a.at}, answered_by = ${a.by}, outcome = ${a.outcome}, sealed_note = ${a.sealedNote}, until = ${a.until}, law = ${a.law}
          WHERE id = ${a.id} AND answered_at IS NULL`,
    )) === 1
  );
}

/** What was answered last at a duty, and by its people: what was taken back is no answer, nor what was seen done since. */
export const lastAnswer = (db: Db, duty: string): Promise<TaskRow | undefined> =>
  row(
    db,
    sql<TaskRow>`
      SELECT ${columns} FROM task WHERE duty = ${duty} AND answered_at IS NOT NULL AND shown_at IS NULL AND outcome <> 'superseded'
      ORDER BY answered_at DESC LIMIT 1`,
  );

/** What was answered at this duty was seen done: it says nothing of what is owed later. */
export const answersShown = (db: Db, duty: string, at: Date): Promise<number> =>
  changes(db, sql`UPDATE task SET shown_at = ${at} WHERE duty = ${duty} AND answered_at IS NOT NULL AND shown_at IS NULL`);

/** The last answer of people to each of these duties: who stated it, and when. */
export const answersOf = (db: Db, duties: readonly string[]): Promise<{ duty: string; task: string; by: string; at: Date }[]> =>
  rows(
    db,
    sql<{ duty: string; task: string; by: string; at: Date }>`
      SELECT DISTINCT ON (duty) duty, id AS task, answered_by AS by, answered_at AS at FROM task
      WHERE duty = ANY(${[...duties]}::uuid[]) AND answered_at IS NOT NULL AND outcome <> 'superseded' ORDER BY duty, answered_at DESC`,
  );

/** What was asked of people at one duty is asked no more. */
export const withdrawTask = (db: Db, duty: string, by: string, at: Date): Promise<number> =>
  changes(
    db,
    sql`UPDATE task SET answered_at = ${at}, answered_by = ${by}, outcome = 'superseded' WHERE duty = ${duty} AND answered_at IS NULL`,
  );

/** People asked to erase what must stay now are asked no more; where it ends they are asked anew. */
export const withdrawErasures = (db: Db, subject: string, system: string | null, by: string, at: Date): Promise<number> =>
  changes(
    db,
    sql`UPDATE task SET answered_at = ${at}, answered_by = ${by}, outcome = 'superseded'
        WHERE subject = ${subject} AND ask = 'erase' AND answered_at IS NULL ${system === null ? sql`` : sql`AND system = ${system}`}`,
  );
