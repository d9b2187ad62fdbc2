import { sql } from 'kysely';
import type { LetterKind } from '../core/letter.ts';
import { changes, type Db, json, row, rows } from './database.ts';

/** A letter of a case. What it says is sealed under the envelope's key: when that goes, nobody reads it any more. */
export interface LetterRow {
  id: string;
  case_file: string;
  kind: LetterKind;
  language: 'fi' | 'sv' | 'en';
  made_at: Date;
  made_by: string;
  sha256: Buffer;
  sealed: Buffer;
  sent: LetterSent | null;
}

/** That the letter went on its way: how, and on which of the controller's days. */
export interface LetterSent {
  how: 'post' | 'mail';
  on: string;
  by: string;
}

export const insertLetter = (db: Db, l: Omit<LetterRow, 'sent'>) =>
  changes(
    db,
    sql`INSERT INTO letter (id, case_file, kind, language, made_at, made_by, sha256, sealed)
        VALUES (${l.id}, ${l.case_file}, ${l.kind}, ${l.language}, ${l.made_at}, ${l.made_by}, ${l.sha256}, ${l.sealed})`,
  );

export const lettersOf = (db: Db, found: string): Promise<LetterRow[]> =>
  rows(db, sql<LetterRow>`SELECT * FROM letter WHERE case_file = ${found} ORDER BY made_at, id`);

/** By its case too, so that a letter is never reached through a case that somebody else may see. */
export const letterById = (db: Db, found: string, id: string): Promise<LetterRow | undefined> =>
  row(db, sql<LetterRow>`SELECT * FROM letter WHERE case_file = ${found} AND id = ${id}`);

/** False when it was sent before. */
export const noteLetterSent = async (db: Db, id: string, sent: LetterSent): Promise<boolean> =>
  (await changes(db, sql`UPDATE letter SET sent = ${json(sent)} WHERE id = ${id} AND sent IS NULL`)) === 1;
