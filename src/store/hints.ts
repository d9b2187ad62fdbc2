import { sql } from 'kysely';
import { changes, type Db, rows } from './database.ts';

/** A webhook's hint: where to look, sealed; gone when it was followed. */
export interface HintRow {
  id: number;
  system: string;
  sealed: Buffer;
  attempts: number;
}

/** Stores a hint before its webhook is answered; the same delivery again is one hint. */
export const putHint = (db: Db, system: string, digest: Buffer, sealed: Buffer) =>
  changes(db, sql`INSERT INTO hint (system, digest, sealed) VALUES (${system}, ${digest}, ${sealed}) ON CONFLICT DO NOTHING`);

export const dueHints = (db: Db, limit: number): Promise<HintRow[]> =>
  rows(
    db,
    sql<HintRow>`
      UPDATE hint SET not_before = now() + interval '30 seconds', attempts = attempts + 1
      WHERE id IN (SELECT id FROM hint WHERE not_before <= now() ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id, system, sealed, attempts`,
  );

export const dropHint = (db: Db, id: number) => changes(db, sql`DELETE FROM hint WHERE id = ${id}`);
