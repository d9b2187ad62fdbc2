import { AsyncLocalStorage } from 'node:async_hooks';
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import { ledger } from './migrations/001-ledger.ts';
import { boundRows } from './migrations/002-bound-rows.ts';
import { runs } from './migrations/003-runs.ts';
import { paused } from './migrations/004-paused.ts';
import { accounts } from './migrations/005-accounts.ts';
import { consoleIndexes } from './migrations/006-console.ts';
import { runsShown } from './migrations/007-runs.ts';
import { drift } from './migrations/008-drift.ts';
import { notices } from './migrations/009-notices.ts';
import { cases } from './migrations/010-cases.ts';
import { rights } from './migrations/011-rights.ts';
import { retention } from './migrations/012-retention.ts';
import { letters } from './migrations/015-letters.ts';
import { handover } from './migrations/016-handover.ts';
import { intakes } from './migrations/017-intakes.ts';
import { exceptions } from './migrations/018-exceptions.ts';
import { logTrimmed } from './migrations/019-log-trimmed.ts';
import { refsForgotten } from './migrations/020-refs-forgotten.ts';
import { replies } from './migrations/021-replies.ts';
import { replyFiles } from './migrations/022-reply-files.ts';
import { ownCountIndexes } from './migrations/023-own-counts.ts';
import { answersShown } from './migrations/025-answers-shown.ts';
import { rechecksWithoutCase } from './migrations/027-rechecks-without-case.ts';
import { samePersonIndex } from './migrations/028-same-person.ts';

/** Whether anybody else is connected to a ledger's database, and which instance's ledger stands there. Changes nothing. */
export async function otherUsers(connectionString: string): Promise<{ inUse: boolean; instance: string | null }> {
  const client = new pg.Client({ connectionString, application_name: 'kaiku-look' });
  await client.connect();
  try {
    const used = await client.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'kaiku' LIMIT 1",
    );
    const there = await client.query(`SELECT to_regclass('${ledgerSchema}.instance') IS NOT NULL AS there`);
    const found = there.rows[0]?.there ? await client.query(`SELECT id FROM ${ledgerSchema}.instance`) : { rows: [] };
    return { inUse: used.rows.length > 0, instance: found.rows[0]?.id ?? null };
  } finally {
    await client.end();
  }
}

/** The ledger's tables are reached through `sql` alone: the statements are the interface, the row types stand beside them. */
export type Db = Kysely<unknown>;
export type Tx = Transaction<unknown>;

/** The schema of the ledger, apart from the queue's own. */
export const ledgerSchema = 'kaiku';

/** int8 as a number: versions, sizes and counts stay far below 2^53. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === 20) return Number;
    // calendar dates stay text: a Date would drag a time zone in
    if (oid === 1082) return String;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

export interface Database {
  db: Db;
  pool: pg.Pool;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Connections of this process. */
  max?: number;
  schema?: string;
  /** The last step of the schema to take; by default all. */
  upTo?: string;
  /** Begins with an empty schema: what was left of an earlier try goes. */
  fresh?: boolean;
}

/** Opens the ledger and brings its schema up to date. */
export async function openDatabase(
  connectionString: string,
  { max = 12, schema = ledgerSchema, upTo, fresh }: OpenOptions = {},
): Promise<Database> {
  const pool = new pg.Pool({
    connectionString,
    max,
    types: types as pg.CustomTypesConfig,
    options: `-c search_path=${schema}`,
    application_name: 'kaiku',
  });
  // an idle connection that the server ended (a restart) is replaced by the pool; without a listener Node would stop the process
  pool.on('error', () => {});
  // the same for one that is in use: its statement is rejected, and that is told where it was asked
  pool.on('connect', (client) => client.on('error', () => {}));
  const db: Db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  if (fresh) await sql`DROP SCHEMA IF EXISTS ${sql.id(schema)} CASCADE`.execute(db);
  await migrate(db, schema, upTo);
  let closed: Promise<void> | undefined;
  return { db, pool, close: () => (closed ??= db.destroy()) };
}

const migration = (text: string): Migration => ({
  up: async (on) => {
    await sql.raw(text).execute(on);
  },
});

const steps: Record<string, Migration> = {
  '001-ledger': migration(ledger),
  '002-bound-rows': migration(boundRows),
  '003-runs': migration(runs),
  '004-paused': migration(paused),
  '005-accounts': migration(accounts),
  '006-console': migration(consoleIndexes),
  '007-runs': migration(runsShown),
  '008-drift': migration(drift),
  '009-notices': migration(notices),
  '010-cases': migration(cases),
  '011-rights': migration(rights),
  '012-retention': migration(retention),
  '015-letters': migration(letters),
  '016-handover': migration(handover),
  '017-intakes': migration(intakes),
  '018-exceptions': migration(exceptions),
  '019-log-trimmed': migration(logTrimmed),
  '020-refs-forgotten': migration(refsForgotten),
  '021-replies': migration(replies),
  '022-reply-files': migration(replyFiles),
  '023-own-counts': migration(ownCountIndexes),
  '025-answers-shown': migration(answersShown),
  '027-rechecks-without-case': migration(rechecksWithoutCase),
  '028-same-person': migration(samePersonIndex),
};
/** Every step of the schema, the first one first. */
export const migrations: readonly string[] = Object.keys(steps);

async function migrate(db: Db, schema: string, upTo: string | undefined): Promise<void> {
  await sql`CREATE SCHEMA IF NOT EXISTS ${sql.id(schema)}`.execute(db).catch(async (error: { code?: string }) => {
    // two processes of a new instance start at once: the loser finds the schema there
    if (error.code !== '23505' && error.code !== '42P06') throw error;
  });
  const migrator = new Migrator({ db, migrationTableSchema: schema, provider: { getMigrations: async () => steps } });
  const { error } = upTo === undefined ? await migrator.migrateToLatest() : await migrator.migrateTo(upTo);
  if (error) throw error;
}

const current = new AsyncLocalStorage<Tx>();

/**
 * Runs `work` in one transaction; inside another it joins that one, so that aggregates compose. A serialisation failure or a
 * deadlock is tried again twice.
 */
export async function inTransaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const outer = current.getStore();
  if (outer) return work(outer);
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute((tx) => current.run(tx, () => work(tx)));
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (attempt === 3 || (code !== '40001' && code !== '40P01')) throw error;
    }
  }
}

/** A stretch of a long list. */
export interface Slice {
  limit: number;
  offset: number;
}

/** The rows of a statement. Inside `inTransaction` it runs there. */
export async function rows<R>(db: Db, statement: ReturnType<typeof sql<R>>): Promise<R[]> {
  return (await statement.execute(current.getStore() ?? db)).rows;
}

export async function row<R>(db: Db, statement: ReturnType<typeof sql<R>>): Promise<R | undefined> {
  return (await rows(db, statement))[0];
}

/** How many rows a statement changed. */
export async function changes(db: Db, statement: ReturnType<typeof sql<unknown>>): Promise<number> {
  return Number((await statement.execute(current.getStore() ?? db)).numAffectedRows ?? 0);
}

/** jsonb parameters go as text: a bare array would become a PostgreSQL array. */
export const json = (value: unknown) => sql`${JSON.stringify(value)}::text::jsonb`;
