import { mkdir, open, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type JournalEntry, journalLine, parseJournal, type Tombstone } from '../core/tombstone.ts';
import { changes, type Db, row, rows } from './database.ts';

/**
 * Tombstones: keyed hashes of erased identifiers. They are written to a journal outside the database, flushed to the disk, before
 * the erasure is reported, so that an older backup of the database cannot bring anybody back.
 */
export interface ErasureJournal {
  append(entry: JournalEntry): Promise<void>;
  /** All of it; throws when a line in the middle is broken. A torn last line (a crash while writing) was never reported. */
  read(): Promise<JournalEntry[]>;
}

/** One file a process, so that several hosts can share the folder without writing over each other. */
export function fileJournal(folder: string, writer: string): ErasureJournal {
  const path = join(folder, `${writer}.jsonl`);
  return {
    async append(entry) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const before = await readFile(path, 'utf8').catch(() => '');
      if (before !== '' && !before.endsWith('\n'))
        await truncate(path, Buffer.byteLength(before.slice(0, before.lastIndexOf('\n') + 1)));
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(journalLine(entry));
        await file.sync();
      } finally {
        await file.close();
      }
      const dir = await open(folder, 'r');
      await dir.sync().finally(() => dir.close());
    },
    async read() {
      const names = await readdir(folder).catch((error: { code?: string }) => {
        if (error.code === 'ENOENT') return [] as string[];
        throw error;
      });
      const all: JournalEntry[] = [];
      for (const name of names.filter((n) => n.endsWith('.jsonl')).sort()) {
        const journal = parseJournal(await readFile(join(folder, name), 'utf8'));
        if (journal.broken.length > 0) {
          throw new Error(
            `the tombstone journal ${name} is damaged at line ${journal.broken.join(', ')}: an erasure may be missing. Restore that file, then start again.`,
          );
        }
        all.push(...journal.entries);
      }
      return all;
    },
  };
}

/** Answers how many were new. */
export async function putTombstones(db: Db, caseId: string | null, tombstones: readonly Tombstone[]): Promise<number> {
  let added = 0;
  for (const t of tombstones) {
    const put = await row(
      db,
      sql<{ fresh: boolean }>`
        INSERT INTO tombstone (kind, hash, key_id, normaliser, role, basis, made_at, until, case_file)
        VALUES (${t.kind}, ${Buffer.from(t.hash, 'hex')}, ${t.keyId}, ${t.normaliser}, ${t.role}, ${t.basis}, ${t.madeAt}, ${t.until}, ${caseId})
        ON CONFLICT (kind, hash, role) DO UPDATE SET until = greatest(tombstone.until, excluded.until)
        RETURNING xmax = 0 AS fresh`,
    );
    if (put?.fresh) added++;
  }
  return added;
}

export const tombstonesOfCase = async (db: Db, caseId: string): Promise<Tombstone[]> =>
  (
    await rows(
      db,
      sql<Omit<Tombstone, 'keyId' | 'madeAt' | 'until' | 'hash'> & { key_id: string; made_at: Date; until: Date; hash: Buffer }>`
        SELECT kind, hash, key_id, normaliser, role, basis, made_at, until FROM tombstone WHERE case_file = ${caseId}`,
    )
  ).map(({ key_id, made_at, until, hash, ...rest }) => ({
    ...rest,
    hash: hash.toString('hex'),
    keyId: key_id,
    madeAt: made_at.toISOString(),
    until: until.toISOString(),
  }));

/** Of an erasure that was withdrawn; those of an older erasure with the same identifiers stay. */
export const dropTombstones = (db: Db, caseId: string): Promise<number> =>
  changes(db, sql`DELETE FROM tombstone WHERE case_file = ${caseId}`);

/** Of people who are somebody new: these stand against nobody any more. `role` null: in every role. Answers how many there were. */
export const liftTombstones = (
  db: Db,
  role: string | null,
  stones: readonly { kind: string; hash: Buffer }[],
): Promise<number> =>
  stones.length === 0
    ? Promise.resolve(0)
    : changes(
        db,
        sql`DELETE FROM tombstone t USING unnest(${stones.map((s) => s.kind)}::text[], ${stones.map((s) => s.hash)}::bytea[]) AS met(kind, hash)
            WHERE t.kind = met.kind AND t.hash = met.hash ${role === null ? sql`` : sql`AND t.role = ${role}`}`,
      );

export interface MetStone {
  kind: string;
  hash: Buffer;
  role: string;
  subject: string | null;
}

/** Which of these identifiers were erased in one of these roles, and are still guarded. Asked on every way in. */
export const tombstonesAmong = (
  db: Db,
  roles: readonly string[],
  hashes: readonly { kind: string; hash: Buffer }[],
  now: Date,
): Promise<MetStone[]> =>
  hashes.length === 0
    ? Promise.resolve([])
    : rows(
        db,
        sql<MetStone>`
          SELECT DISTINCT t.kind, t.hash, t.role, c.subject
          FROM tombstone t LEFT JOIN case_file c ON c.id = t.case_file
          JOIN unnest(${hashes.map((h) => h.kind)}::text[], ${hashes.map((h) => h.hash)}::bytea[]) AS asked(kind, hash) ON t.kind = asked.kind AND t.hash = asked.hash
          WHERE t.role = ANY(${[...roles]}::text[]) AND t.until > ${now}`,
      );
