import { sql } from 'kysely';
import type { Exception } from '../core/exception.ts';
import { changes, type Db, rows } from './database.ts';

export interface ExceptionRow extends Exception {
  case_file: string;
  recipient: string;
  sealed_reason: Buffer;
  made_by: string;
  made_at: Date;
}

const columns = sql`e.case_file, e.recipient, e.ground, e.sealed_reason, e.version, e.made_by, e.made_at, c.type`;

/** False: it was decided before. */
export const insertException = async (db: Db, e: Omit<ExceptionRow, 'type'> & { subject: string }): Promise<boolean> =>
  (await changes(
    db,
    sql`INSERT INTO exception (case_file, subject, recipient, ground, sealed_reason, version, made_by, made_at)
        VALUES (${e.case_file}, ${e.subject}, ${e.recipient}, ${e.ground}, ${e.sealed_reason}, ${e.version}, ${e.made_by}, ${e.made_at})
        ON CONFLICT DO NOTHING`,
  )) === 1;

export const exceptionsOfCase = (db: Db, id: string): Promise<ExceptionRow[]> =>
  rows(
    db,
    sql<ExceptionRow>`SELECT ${columns} FROM exception e JOIN case_file c ON c.id = e.case_file WHERE e.case_file = ${id} ORDER BY e.recipient`,
  );

/** What holds for one recipient of a person: a restriction's ends with the restriction. */
export const exceptionsAt = (db: Db, subject: string, recipient: string): Promise<ExceptionRow[]> =>
  rows(
    db,
    sql<ExceptionRow>`
      SELECT ${columns} FROM exception e JOIN case_file c ON c.id = e.case_file
      WHERE e.subject = ${subject} AND e.recipient = ${recipient}
        AND (c.type NOT IN ('restriction', 'objection') OR c.state = 'running' OR c.restricts)`,
  );
