import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyLog } from '../../src/core/audit-verify.ts';
import { leafHash, rootOf } from '../../src/core/merkle.ts';
import { checkpointText, signNote, vkeyOf } from '../../src/core/signed-note.ts';
import { checkpoints, entries, latestCheckpoint, sequence, tell } from '../../src/store/audit.ts';
import { changes, type Db, rows } from '../../src/store/database.ts';
import { openWorld, type World } from '../jobs/world.ts';
import { random } from '../support/random.ts';
import { testRuntime } from '../support/runtime.ts';

/**
 * Whoever may write to the database, and even has the log's key, edits the log below a checkpoint that somebody keeps elsewhere. Each edit
 * is made in the tables, looked for, and rolled back. `KAIKU_EDITS`: how many; `KAIKU_SEED`: which.
 */
const edits = Number(process.env['KAIKU_EDITS'] ?? 300);
const size = 150;

let world: World;
let kept: string;
let vkey: string;
let drop: () => Promise<void>;
beforeAll(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  const { db, newId, signer } = world.needs;
  for (let n = 0; n < size; n++)
    await tell(db, newId, new Date(Date.UTC(2026, 0, 1, 0, n)), [
      { actor: 'kaiku', action: 'sweep.finished', system: 'crm', code: `c-${n}` },
    ]);
  while ((await sequence(db, signer, 40)) > 0);
  kept = (await latestCheckpoint(db))?.note ?? '';
  vkey = vkeyOf(signer.seed, signer.origin);
  // an ordinary role cannot even try
  for (const table of ['audit_entry', 'audit_leaf', 'audit_node', 'audit_checkpoint'])
    await changes(db, sql`ALTER TABLE ${sql.table(table)} DISABLE TRIGGER USER`);
  drop = async () => {
    await world.close();
    await runtime.drop();
  };
}, 120_000);
afterAll(() => drop());

async function* kept_(db: Db) {
  yield* await entries(db, 0, 1_000_000);
}
const isBelieved = async (db: Db) =>
  (await verifyLog(kept_(db), [...(await checkpoints(db)).map((c) => c.note), kept], vkey, { mayGrow: true })).verified;

const seqOf = async (db: Db, index: number) =>
  (await rows(db, sql<{ seq: number }>`SELECT seq FROM audit_leaf WHERE index = ${index}`))[0]?.seq ?? 0;
const rewrite = (db: Db, seq: number, from: string, to: string) =>
  changes(db, sql`UPDATE audit_entry SET line = replace(line, ${from}, ${to}) WHERE seq = ${seq}`);

/** Whoever has the key makes every hash and every checkpoint fit again. */
async function coverUp({ db, signer }: World['needs']): Promise<void> {
  await changes(db, sql`DELETE FROM audit_leaf WHERE seq NOT IN (SELECT seq FROM audit_entry)`);
  const all = await rows(
    db,
    sql<{ seq: number; line: string }>`SELECT l.seq, e.line FROM audit_leaf l JOIN audit_entry e USING (seq) ORDER BY l.index`,
  );
  const hashes = all.map(({ line }) => leafHash(Buffer.from(line, 'utf8')));
  for (const [n, { seq }] of all.entries())
    await changes(db, sql`UPDATE audit_leaf SET index = ${n}, hash = ${hashes[n]} WHERE seq = ${seq}`);
  await changes(db, sql`DELETE FROM audit_checkpoint`);
  const root = rootOf(hashes);
  const note = signNote(signer.seed, signer.origin, checkpointText({ origin: signer.origin, size: all.length, root }));
  await changes(db, sql`INSERT INTO audit_checkpoint (size, root, note) VALUES (${all.length}, ${root}, ${note})`);
}

type Edit = (db: Db, at: number, other: number) => Promise<unknown>;
const kinds: Record<string, Edit> = {
  'a word of an entry': async (db, at) => rewrite(db, await seqOf(db, at), '"kaiku"', '"somebody"'),
  'the time of an entry': async (db, at) => rewrite(db, await seqOf(db, at), '2026-01-01', '2026-01-02'),
  'an entry taken out': async (db, at) => {
    const seq = await seqOf(db, at);
    await changes(db, sql`DELETE FROM audit_leaf WHERE seq = ${seq}`);
    await changes(db, sql`DELETE FROM audit_entry WHERE seq = ${seq}`);
  },
  'the words of an entry dropped': async (db, at) => changes(db, sql`DELETE FROM audit_entry WHERE seq = ${await seqOf(db, at)}`),
  'two entries exchanged': async (db, at, other) => {
    const [a, b] = [await seqOf(db, at), await seqOf(db, other)];
    await changes(
      db,
      sql`UPDATE audit_entry e SET line = o.line FROM audit_entry o WHERE (e.seq = ${a} AND o.seq = ${b}) OR (e.seq = ${b} AND o.seq = ${a})`,
    );
  },
  'a leaf hash': async (db, at) => changes(db, sql`UPDATE audit_leaf SET hash = sha256(hash) WHERE index = ${at}`),
  'the log cut off behind it': async (db, at) => changes(db, sql`DELETE FROM audit_leaf WHERE index >= ${at}`),
  'every checkpoint': async (db) =>
    changes(db, sql`UPDATE audit_checkpoint SET root = sha256(root), note = replace(note, 'a', 'b')`),
};

it(`finds each of ${edits} edits of the log below a checkpoint that is kept elsewhere, covered up with the key or not`, async () => {
  const { needs } = world;
  expect(await isBelieved(needs.db)).toBe(true);
  const pick = random(Number(process.env['KAIKU_SEED'] ?? 1));
  const names = Object.keys(kinds);
  const missed: string[] = [];
  for (let n = 0; n < edits; n++) {
    const name = names[pick(names.length)] ?? '';
    const at = pick(size);
    const other = (at + 1 + pick(size - 1)) % size;
    const hides = name !== 'a leaf hash' && name !== 'every checkpoint' && pick(10) === 0;
    await needs.db
      .transaction()
      .execute(async (tx) => {
        const db = tx as unknown as Db;
        await kinds[name]?.(db, at, other);
        if (hides) await coverUp({ ...needs, db });
        if (await isBelieved(db)) missed.push(`${name} at ${at}${hides ? ', covered up' : ''}`);
        throw new RollBack();
      })
      .catch((error: unknown) => {
        if (!(error instanceof RollBack)) throw error;
      });
  }
  expect(missed).toEqual([]);
  expect(await isBelieved(needs.db)).toBe(true);
});

class RollBack extends Error {}
