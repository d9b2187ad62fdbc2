import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/core/audit-verify.ts';
import { vkeysOf } from '../../src/core/log-keys.ts';
import { inclusionProofFrom, leafHash, verifyInclusion } from '../../src/core/merkle.ts';
import { tell } from '../../src/jobs/needs.ts';
import { checkpoints, entries, latestCheckpoint, nodeAt, sequence } from '../../src/store/audit.ts';
import { openWorld, type World } from '../jobs/world.ts';
import { testRuntime } from '../support/runtime.ts';

let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const write = (n: number) => tell(world.needs, { actor: 'kaiku', action: 'sweep.finished', system: 'crm', code: `n${n}` });
const seal = () => sequence(world.needs.db, world.needs.signer);
async function verify() {
  const { db, signer } = world.needs;
  const all = await entries(db, 0, 1_000_000);
  const kept = (async function* () {
    yield* all;
  })();
  const notes = (await checkpoints(db)).map((c) => c.note);
  return verifyLog(kept, notes, vkeysOf(signer), { mayGrow: true });
}

describe('the log', () => {
  it('verifies over a new signing key and a second signature, and a process with the old file stands back', async () => {
    await write(1);
    await seal();
    const old = world.needs.signer;
    const mlDsa = { seed: Buffer.alloc(32, 3), former: [] };
    world.needs.signer = { origin: old.origin, seed: Buffer.alloc(32, 2), former: [old.seed], mlDsa };
    await write(2);
    await seal();
    expect(await verify()).toMatchObject({ verified: true, size: 2, checkpoints: 2 });
    await write(3);
    expect(await sequence(world.needs.db, old)).toBe(0);
    expect(await seal()).toBe(1);
    expect(await verify()).toMatchObject({ verified: true, size: 3 });
    expect((await latestCheckpoint(world.needs.db))?.note.match(/^— /gm)).toHaveLength(2);
  });

  it('takes entries from writers at once, and gives each one leaf', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, n) => write(n)));
    // several sequencers: one works, the others stand aside
    await Promise.all([seal(), seal(), seal()]);
    await write(60);
    await seal();
    expect(await verify()).toMatchObject({ verified: true, size: 61 });
    const leaves = await entries(world.needs.db, 0, 100);
    expect(leaves.map((l) => l.index)).toEqual(leaves.map((_, i) => i));
  });

  it('proves an entry by its path', async () => {
    for (let n = 0; n < 21; n++) await write(n);
    await seal();
    const latest = await latestCheckpoint(world.needs.db);
    const [entry] = await entries(world.needs.db, 13, 14);
    const proof = await inclusionProofFrom((level, index) => nodeAt(world.needs.db, level, index), 13, 21);
    expect(verifyInclusion(leafHash(Buffer.from(entry?.line ?? '')), 13, 21, proof, latest?.root ?? Buffer.alloc(0))).toBe(true);
  });

  it.each([
    'UPDATE kaiku.audit_entry SET line = line',
    'DELETE FROM kaiku.audit_entry',
    'TRUNCATE kaiku.audit_leaf',
    'DELETE FROM kaiku.audit_checkpoint',
    'UPDATE kaiku.audit_node SET hash = hash',
  ])('refuses %s', async (statement) => {
    await write(1);
    await seal();
    await expect(sql.raw(statement).execute(world.needs.db)).rejects.toThrow(/append-only|permission denied/);
  });

  it('shows what somebody with all rights did to it behind our back', async () => {
    for (let n = 0; n < 8; n++) await write(n);
    await seal();
    const { db } = world.needs;
    await sql`ALTER TABLE kaiku.audit_entry DISABLE TRIGGER ALL`.execute(db);
    await sql`UPDATE kaiku.audit_entry SET line = replace(line, 'n3', 'n9') WHERE line LIKE '%"n3"%'`.execute(db);
    expect(await verify()).toMatchObject({ verified: false, firstBad: 3 });
  });
});

it('refuses a row that quotes a person', async () => {
  await expect(
    tell(world.needs, { actor: 'kaiku', action: 'check.done', system: 'crm', code: 'aino@sahko.test' }),
  ).rejects.toThrow();
});
