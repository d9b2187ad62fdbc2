import pg from 'pg';
import { openDatabase } from '../../src/store/database.ts';

/** The database that every test's own is copied from: migrated once a run, from nothing, and never written to. */
export const migrated = 'kaiku_migrated';

/** The same server's address, with another database. */
export const on = (server: string, name: string) => server.replace(/\/[^/]*$/, `/${name}`);

export async function onServer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

export async function makeTemplate(server: string): Promise<void> {
  await onServer(server, `CREATE DATABASE ${migrated}`);
  await (await openDatabase(on(server, migrated), { max: 1 })).close();
}
