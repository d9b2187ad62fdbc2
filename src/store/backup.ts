import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { type Kysely, sql } from 'kysely';
import { type Db, ledgerSchema, migrations, openDatabase, rows } from './database.ts';

/**
 * A copy of the whole ledger in one file, made by SQL alone: any PostgreSQL takes it back, the embedded one brings no tools. Lines:
 *
 *   H {…}        what it is, of which instance, under which keys, at which step of the schema
 *   T table      rows of this table follow
 *   R {…}        one row as JSON; what is sealed in the ledger is sealed here
 *   E sha256 n   over every line before it, and how many rows
 *
 * Keys and journal are no part of it: a copy that held them would open itself, and would forget who was erased since.
 */
export const backupFormat = 'kaiku-backup-1';

export interface BackupHead {
  format: typeof backupFormat;
  /** ISO 8601. */
  at: string;
  instance: string;
  kekId: string;
  hmacKeyId: string;
  /** The last step of the schema. */
  schema: string;
}

export interface BackupSummary extends BackupHead {
  rows: number;
  /** Of the content, before it is packed. */
  sha256: string;
}

/** A file that cannot be used; the message says why. Nothing was changed then. */
export class BackupError extends Error {
  override name = 'BackupError';
}

/** Rows read or written at once. */
const batch = 500;
/** Kysely's own: the steps of the schema. */
const bookkeeping = new Set(['kysely_migration', 'kysely_migration_lock']);

interface Column {
  table: string;
  column: string;
  sequence: string | null;
}
const columnsOf = (db: Db, schema: string): Promise<Column[]> =>
  rows(
    db,
    sql<Column>`
      SELECT c.relname AS table, a.attname AS column, pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) AS sequence
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE n.nspname = ${schema} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      ORDER BY c.relname, a.attnum`,
  );
const tablesOf = (columns: readonly Column[]): string[] =>
  [...new Set(columns.map(({ table }) => table))].filter((table) => !bookkeeping.has(table));

/** Writes the ledger as it is at one moment to a file that only this user reads; the hub may run. Whole or not at all. */
export async function writeBackup(db: Db, file: string, at: Date): Promise<BackupSummary> {
  const part = `${file}.${process.pid}.part`;
  const sum = createHash('sha256');
  let head: BackupHead | undefined;
  let count = 0;
  const line = (text: string) => {
    sum.update(text).update('\n');
    return `${text}\n`;
  };
  async function* lines(tx: Db) {
    head = await headOf(tx, at);
    yield line(`H ${JSON.stringify(head)}`);
    for (const table of tablesOf(await columnsOf(tx, ledgerSchema))) {
      yield line(`T ${table}`);
      await sql`DECLARE copied NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM ${sql.table(table)} t`.execute(tx);
      for (;;) {
        const some = await sql<{ line: string }>`FETCH ${sql.lit(batch)} FROM copied`.execute(tx);
        count += some.rows.length;
        if (some.rows.length === 0) break;
        yield some.rows.map((row) => line(`R ${row.line}`)).join('');
      }
      await sql`CLOSE copied`.execute(tx);
    }
    yield `E ${sum.digest('hex')} ${count}\n`;
  }
  try {
    let digest = '';
    await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (tx) => {
        await pipeline(
          Readable.from(lines(tx)).on('data', (chunk: string) => {
            if (chunk.startsWith('E ')) digest = chunk.split(' ')[1] ?? '';
          }),
          createGzip({ level: 6 }),
          createWriteStream(part, { mode: 0o600 }),
        );
      });
    const written = await open(part, 'r+');
    await written.sync().finally(() => written.close());
    await rename(part, file);
    if (!head) throw new Error('a backup without a head');
    return { ...head, rows: count, sha256: digest };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function headOf(tx: Db, at: Date): Promise<BackupHead> {
  const { rows: found } = await sql<{ id: string; kek_id: string; hmac_key_id: string }>`
    SELECT id, kek_id, hmac_key_id FROM instance`.execute(tx);
  const { rows: steps } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name DESC LIMIT 1`.execute(tx);
  const [instance, step] = [found[0], steps[0]];
  if (!instance || !step) throw new BackupError('there is nothing to back up: this ledger was never used');
  return {
    format: backupFormat,
    at: at.toISOString(),
    instance: instance.id,
    kekId: instance.kek_id,
    hmacKeyId: instance.hmac_key_id,
    schema: step.name,
  };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  await stat(file).catch(() => {
    throw new BackupError(`${file}: there is no such file, or it cannot be read`);
  });
  const source = createReadStream(file);
  const unpacked = source.pipe(createGunzip());
  source.on('error', (error) => unpacked.destroy(error));
  try {
    yield* createInterface({ input: unpacked, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new BackupError(`${file}: is cut off or damaged (${(error as Error).message})`);
  }
}

/** Reads a backup to its end and checks it; answers what it is. Throws `BackupError`. */
export async function readBackup(file: string, row?: (table: string, line: string) => Promise<void>): Promise<BackupSummary> {
  const sum = createHash('sha256');
  let head: BackupHead | undefined;
  let table = '';
  let count = 0;
  let end: [string, string] | undefined;
  for await (const text of linesOf(file)) {
    if (end) throw new BackupError(`${file}: something stands after its end`);
    const kind = text.slice(0, 2);
    const rest = text.slice(2);
    if (kind === 'E ') {
      end = rest.split(' ') as [string, string];
      continue;
    }
    sum.update(text).update('\n');
    if (!head) {
      head = kind === 'H ' ? headFrom(rest) : undefined;
      if (!head) throw new BackupError(`${file}: is no backup of Kaiku, or one of another format than ${backupFormat}`);
    } else if (kind === 'T ') table = rest;
    else if (kind === 'R ' && table !== '') {
      count++;
      await row?.(table, rest);
    } else throw new BackupError(`${file}: holds a line that no backup has`);
  }
  if (!head) throw new BackupError(`${file}: is empty`);
  const sha256 = sum.digest('hex');
  if (!end || end[0] !== sha256 || Number(end[1]) !== count) throw new BackupError(`${file}: is cut off or was altered`);
  return { ...head, rows: count, sha256 };
}

function headFrom(text: string): BackupHead | undefined {
  try {
    const head = JSON.parse(text) as BackupHead;
    return head.format === backupFormat ? head : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Puts a backup in the place of the ledger. It is read into a schema beside it, brought up to date there, and takes the ledger's place in
 * one transaction: a restore that fails or is killed leaves everything as it was.
 */
export async function restoreBackup(connectionString: string, file: string, head: BackupHead): Promise<BackupSummary> {
  const beside = `${ledgerSchema}_restored`;
  if (!migrations.includes(head.schema))
    throw new BackupError(`${file}: was made by a newer Kaiku (its schema is at ${head.schema}): restore it with that one`);
  const before = await openDatabase(connectionString, { max: 2, schema: beside, upTo: head.schema, fresh: true });
  let read: BackupSummary;
  try {
    read = await fill(before.db, beside, file);
  } finally {
    await before.close();
  }
  const after = await openDatabase(connectionString, { max: 2, schema: beside });
  try {
    await after.db.transaction().execute(async (tx) => {
      // who was at work then is no more, and may have written: nobody holds these, and each is read first
      await sql`
        UPDATE duty SET state = 'unknown', worker = NULL, lease_until = NULL, fence = fence + 1,
          sent_at = coalesce(sent_at, clock_timestamp()), wake_at = clock_timestamp()
        WHERE state = 'sending'`.execute(tx);
      // what is known of rows is of then: every system is compared at the next turn, not in a week
      await sql`DELETE FROM cursor WHERE object = 'turn:drift'`.execute(tx);
      await sql`DROP SCHEMA IF EXISTS ${sql.id(ledgerSchema)} CASCADE`.execute(tx);
      await sql`ALTER SCHEMA ${sql.id(beside)} RENAME TO ${sql.id(ledgerSchema)}`.execute(tx);
    });
  } finally {
    await after.close();
  }
  return read;
}

async function fill(db: Kysely<unknown>, schema: string, file: string): Promise<BackupSummary> {
  return db.transaction().execute(async (tx) => {
    const columns = await columnsOf(tx, schema);
    const known = new Map(tablesOf(columns).map((table) => [table, columns.filter((c) => c.table === table)]));
    const keys = await foreignKeys(tx, schema);
    // rows come table by table; what points at each other is checked at the end
    for (const { table, name } of keys)
      await sql`ALTER TABLE ${sql.table(table)} ALTER CONSTRAINT ${sql.id(name)} DEFERRABLE`.execute(tx);
    await sql`SET CONSTRAINTS ALL DEFERRED`.execute(tx);
    let [waiting, of]: [string[], string] = [[], ''];
    const flush = async () => {
      if (waiting.length === 0) return;
      const own = known.get(of);
      if (!own) throw new BackupError(`${file}: holds a table that this schema has not: ${of}`);
      const names = sql.join(own.map(({ column }) => sql.id(column)));
      await sql`INSERT INTO ${sql.table(of)} (${names})
        SELECT ${names} FROM json_populate_recordset(NULL::${sql.id(schema, of)}, ${`[${waiting.join(',')}]`}::json)`.execute(tx);
      waiting = [];
    };
    const read = await readBackup(file, async (table, line) => {
      if (table !== of || waiting.length === batch) await flush();
      of = table;
      waiting.push(line);
    });
    await flush();
    await sql`SET CONSTRAINTS ALL IMMEDIATE`.execute(tx);
    for (const { table, name } of keys)
      await sql`ALTER TABLE ${sql.table(table)} ALTER CONSTRAINT ${sql.id(name)} NOT DEFERRABLE`.execute(tx);
    for (const { table, column, sequence } of columns)
      if (sequence)
        await sql`SELECT setval(${sequence}::regclass, coalesce((SELECT max(${sql.id(column)}) FROM ${sql.table(table)}), 0) + 1, false)`.execute(
          tx,
        );
    return read;
  });
}

const foreignKeys = async (tx: Db, schema: string): Promise<{ table: string; name: string }[]> =>
  (
    await sql<{ table: string; name: string }>`
      SELECT c.relname AS table, k.conname AS name FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${schema} AND k.contype = 'f'`.execute(tx)
  ).rows;
