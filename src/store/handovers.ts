import { sql } from 'kysely';
import { changes, type Db, json, row, rows } from './database.ts';

export interface HandoverRow {
  id: string;
  case_file: string;
  sealed: Buffer | null;
  file: string;
  media_type: string;
  missing: { system: string; code: string }[];
  made_by: string;
  made_at: Date;
  expires_at: Date;
  opened_at: Date | null;
}

/** A new package takes the place of one that nobody opened. */
export async function putHandover(
  db: Db,
  h: Omit<HandoverRow, 'opened_at' | 'sealed'> & { sealed: Buffer; tokenHash: Buffer },
): Promise<void> {
  await changes(db, sql`UPDATE handover SET sealed = NULL WHERE case_file = ${h.case_file} AND sealed IS NOT NULL`);
  await changes(
    db,
    sql`INSERT INTO handover (id, case_file, sealed, file, media_type, token_hash, missing, made_by, made_at, expires_at)
        VALUES (${h.id}, ${h.case_file}, ${h.sealed}, ${h.file}, ${h.media_type}, ${h.tokenHash}, ${json(h.missing)}, ${h.made_by}, ${h.made_at}, ${h.expires_at})`,
  );
}

export const handoverByToken = (db: Db, hash: Buffer): Promise<HandoverRow | undefined> =>
  row(db, sql<HandoverRow>`SELECT * FROM handover WHERE token_hash = ${hash}`);

export const handoversOf = (db: Db, found: string): Promise<HandoverRow[]> =>
  rows(db, sql<HandoverRow>`SELECT * FROM handover WHERE case_file = ${found} ORDER BY made_at DESC`);

/** Takes the package out, once: whoever comes second finds nothing. */
export const takeHandover = (db: Db, id: string, at: Date): Promise<{ sealed: Buffer } | undefined> =>
  row(
    db,
    sql<{ sealed: Buffer }>`
      WITH taken AS (SELECT id, sealed FROM handover WHERE id = ${id} AND sealed IS NOT NULL AND expires_at > ${at} FOR UPDATE)
      UPDATE handover SET sealed = NULL, opened_at = ${at} FROM taken WHERE handover.id = taken.id RETURNING taken.sealed`,
  );

/** Packages that nobody opened in time; each case becomes a question for a person. */
export const dropHandovers = (db: Db, at: Date): Promise<{ id: string; case_file: string }[]> =>
  rows(
    db,
    sql<{ id: string; case_file: string }>`
      UPDATE handover SET sealed = NULL WHERE sealed IS NOT NULL AND expires_at <= ${at} RETURNING id, case_file`,
  );
