import { sql } from 'kysely';
import { changes, type Db, row } from './database.ts';

/** A bearer token of the API: only its hash is kept. */
export const putToken = (db: Db, id: string, role: string, hash: Buffer) =>
  changes(db, sql`INSERT INTO token (id, role, hash) VALUES (${id}, ${role}, ${hash})`);

export const tokenByHash = (db: Db, hash: Buffer): Promise<{ id: string; role: string } | undefined> =>
  row(db, sql<{ id: string; role: string }>`SELECT id, role FROM token WHERE hash = ${hash} AND revoked_at IS NULL`);
