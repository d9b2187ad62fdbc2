import { sql } from 'kysely';
import { type AuditEntry, entryLine, subjectRef } from '../core/audit-entry.ts';
import { isSignedByNewer, type LogSigner, signCheckpoint } from '../core/log-keys.ts';
import { append, type Frontier, frontierFrom, leafHash, rootFromFrontier } from '../core/merkle.ts';
import type { Scope } from '../core/scope.ts';
import { hubNow } from './clock.ts';
import { changes, type Db, inTransaction, row, rows } from './database.ts';
import { entryBeyond } from './scope.ts';

/** What a writer says; id, time and the subject's pseudonym are added here. */
export type Told = Omit<AuditEntry, 'v' | 'id' | 'time' | 'subject'> & { subject?: { id: string; nonce: Buffer | null } };

/** Writes entries into the caller's transaction. No lock: their place in the tree comes later, from the sequencer. */
export async function tell(db: Db, newId: () => string, now: Date, told: Told[]): Promise<void> {
  if (told.length === 0) return;
  const entries = told.map(({ subject, ...rest }) => {
    const entry: AuditEntry = { v: 1, id: newId(), time: now.toISOString(), ...rest };
    if (subject?.nonce) entry.subject = subjectRef(subject.nonce, subject.id);
    return entry;
  });
  await changes(
    db,
    sql`INSERT INTO audit_entry (id, case_file, line)
        SELECT * FROM unnest(${entries.map((e) => e.id)}::uuid[], ${entries.map((e) => e.case ?? null)}::uuid[], ${entries.map(entryLine)}::text[])`,
  );
}

/** A transaction-level lock of the sequencer alone; writers never take it. */
const sequencerLock = 0x6b61696b;

/**
 * Gives the entries that have none their leaf, in one transaction, and signs a checkpoint over the new tree. Only one process
 * does it at a time; the others answer 0. Answers how many leaves were added.
 */
export async function sequence(db: Db, signer: LogSigner, batch = 5000): Promise<number> {
  return inTransaction(db, async () => {
    const got = await row(db, sql<{ got: boolean }>`SELECT pg_try_advisory_xact_lock(${sequencerLock}) AS got`);
    if (!got?.got) return 0;
    const waiting = await rows(
      db,
      sql<{ seq: number; line: string }>`
        SELECT e.seq, e.line FROM audit_entry e WHERE NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.seq = e.seq)
        ORDER BY e.seq LIMIT ${batch}`,
    );
    if (waiting.length === 0) return 0;
    const last = await latestCheckpoint(db);
    if (last && isSignedByNewer(signer, last.note)) return 0;
    let frontier = await frontierNow(db);
    const leaves: { index: number; seq: number; hash: Buffer }[] = [];
    const nodes: { level: number; index: number; hash: Buffer }[] = [];
    for (const { seq, line } of waiting) {
      const hash = leafHash(Buffer.from(line, 'utf8'));
      leaves.push({ index: frontier.size, seq, hash });
      const next = append(frontier, hash);
      frontier = next.frontier;
      nodes.push(...next.nodes);
    }
    await changes(
      db,
      sql`INSERT INTO audit_leaf (index, seq, hash)
          SELECT * FROM unnest(${leaves.map((l) => l.index)}::bigint[], ${leaves.map((l) => l.seq)}::bigint[], ${leaves.map((l) => l.hash)}::bytea[])`,
    );
    await changes(
      db,
      sql`INSERT INTO audit_node (level, index, hash)
          SELECT * FROM unnest(${nodes.map((n) => n.level)}::int[], ${nodes.map((n) => n.index)}::bigint[], ${nodes.map((n) => n.hash)}::bytea[])`,
    );
    const root = rootFromFrontier(frontier);
    const size = frontier.size;
    const note = signCheckpoint(signer, size, root, await hubNow(db));
    await changes(db, sql`INSERT INTO audit_checkpoint (size, root, note) VALUES (${size}, ${root}, ${note})`);
    return waiting.length;
  });
}

/** The right edge of the tree, from the stored perfect subtrees. */
async function frontierNow(db: Db): Promise<Frontier> {
  const size = (await row(db, sql<{ n: number }>`SELECT coalesce(max(index) + 1, 0) AS n FROM audit_leaf`))?.n ?? 0;
  return frontierFrom((level, index) => nodeAt(db, level, index), size);
}

export interface CheckpointRow {
  size: number;
  root: Buffer;
  note: string;
}

export const latestCheckpoint = (db: Db): Promise<CheckpointRow | undefined> =>
  row(db, sql<CheckpointRow>`SELECT size, root, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1`);

/**
 * Entries in leaf order, from `from` (inclusive) to `to` (exclusive), with the hash that was recorded for each. A line that is null was
 * dropped.
 */
export const entries = (db: Db, from: number, to: number): Promise<{ index: number; line: string | null; hash: Buffer }[]> =>
  rows(
    db,
    sql`SELECT l.index, e.line, l.hash FROM audit_leaf l LEFT JOIN audit_entry e USING (seq)
        WHERE l.index >= ${from} AND l.index < ${to} ORDER BY l.index`,
  );

/** A perfect subtree's hash; throws when the tree lacks it. */
export async function nodeAt(db: Db, level: number, index: number): Promise<Buffer> {
  const found = await row(db, sql<{ hash: Buffer }>`SELECT hash FROM audit_node WHERE level = ${level} AND index = ${index}`);
  if (!found) throw new Error(`the audit tree lacks node ${level}/${index}`);
  return found.hash;
}

/**
 * Entries that were written, and whose case was closed, before a time. `below`: the place behind the last of them. Nothing that says what
 * was dropped, or which keys signed, is among them.
 */
const expired = (before: Date) => sql`
  audit_entry e JOIN audit_leaf l USING (seq) WHERE (e.line::jsonb ->> 'time') < ${before.toISOString()}
    AND (e.line::jsonb ->> 'action') NOT IN ('log.trimmed', 'key.rotated')
    AND NOT EXISTS (SELECT 1 FROM case_file c WHERE c.id = e.case_file AND (c.closed_at IS NULL OR c.closed_at >= ${before}))`;

export const expiredEntries = async (db: Db, before: Date): Promise<{ count: number; below: number }> =>
  (await row(
    db,
    sql<{
      count: number;
      below: number;
    }>`SELECT count(*) AS count, coalesce(max(l.index) + 1, 0) AS below FROM ${expired(before)}`,
  )) ?? { count: 0, below: 0 };

/** Drops their bodies; the leaves stay. Answers how many. */
export const trimEntries = (db: Db, before: Date): Promise<number> =>
  changes(db, sql`DELETE FROM audit_entry WHERE seq IN (SELECT seq FROM ${expired(before)})`);

/** The tree's root when it had `size` leaves, from the stored nodes. */
export const rootAt = async (db: Db, size: number): Promise<Buffer> =>
  rootFromFrontier(await frontierFrom((level, index) => nodeAt(db, level, index), size));

/** All checkpoints, smallest first; verification compares each with the tree over the entries as they are now. */
export const checkpoints = (db: Db): Promise<CheckpointRow[]> =>
  rows(db, sql<CheckpointRow>`SELECT size, root, note FROM audit_checkpoint ORDER BY size`);

/** What a search asks for; all of it must hold. */
export interface EntrySearch {
  action?: string | undefined;
  system?: string | undefined;
  case?: string | undefined;
  actor?: string | undefined;
  /** ISO 8601 UTC: from the first, before the second. */
  from?: string | undefined;
  to?: string | undefined;
  /** Entries written before this one: the last of the page before. */
  before?: number | undefined;
}

export interface FoundEntry {
  seq: number;
  /** Null: not in the tree yet. */
  index: number | null;
  line: string;
}

/** Entries that a search finds, newest first. Each condition has an index of its own; none is read over from the start. */
export const searchEntries = (db: Db, scope: Scope, s: EntrySearch, limit: number): Promise<FoundEntry[]> =>
  rows(
    db,
    sql<FoundEntry>`
      SELECT e.seq, l.index, e.line FROM (
        SELECT seq, line FROM audit_entry WHERE true
          ${s.case ? sql`AND case_file = ${s.case}` : sql``}
          ${s.action ? sql`AND line::jsonb ->> 'action' = ${s.action}` : sql``}
          ${s.system ? sql`AND line::jsonb ->> 'system' = ${s.system}` : sql``}
          ${s.actor ? sql`AND line::jsonb ->> 'actor' = ${s.actor}` : sql``}
          ${s.from ? sql`AND line::jsonb ->> 'time' >= ${s.from}` : sql``}
          ${s.to ? sql`AND line::jsonb ->> 'time' < ${s.to}` : sql``}
          ${s.before === undefined ? sql`` : sql`AND seq < ${s.before}`}
          AND NOT ${entryBeyond(scope, sql`audit_entry.case_file`, sql`audit_entry.line::jsonb`)}
        ORDER BY seq DESC LIMIT ${limit}) e
      LEFT JOIN audit_leaf l USING (seq) ORDER BY e.seq DESC`,
  );
