import { expect, it } from 'vitest';
import { leafHash, verifyInclusion } from '../../src/core/merkle.ts';
import { parseCheckpoint, verifyNote } from '../../src/core/signed-note.ts';
import { proofOf, verifierKey } from '../../src/server/audit-log.ts';
import { entries, latestCheckpoint, sequence, tell } from '../../src/store/audit.ts';
import { openWorld } from '../jobs/world.ts';
import { random } from '../support/random.ts';
import { testRuntime } from '../support/runtime.ts';

/** Of the ledger itself, as the API reads it. `KAIKU_LOG`: how many entries. */
const size = Number(process.env['KAIKU_LOG'] ?? 20_000);

it(`proves any of ${size} entries of the ledger with few hashes`, { timeout: 3_600_000 }, async () => {
  const runtime = await testRuntime();
  const world = await openWorld(runtime.databaseUrl);
  try {
    const { db, newId, signer } = world.needs;
    const before = (await latestCheckpoint(db))?.size ?? 0;
    for (let n = 0; n < size; n += 5000)
      await tell(
        db,
        newId,
        new Date(),
        Array.from({ length: Math.min(5000, size - n) }, (_, i) => ({
          actor: 'kaiku',
          action: 'sweep.finished' as const,
          system: 'crm',
          code: `c-${n + i}`,
        })),
      );
    while ((await sequence(db, signer)) > 0);
    const latest = await latestCheckpoint(db);
    const stop = parseCheckpoint(verifyNote(latest?.note ?? '', verifierKey(world.needs)) ?? '');
    if (!stop) throw new Error('no checkpoint');
    expect(stop.size).toBeGreaterThanOrEqual(before + size);
    const pick = random(1);
    const times: number[] = [];
    let hashes = 0;
    for (let n = 0; n < 200; n++) {
      const index = pick(stop.size);
      const began = performance.now();
      const proof = (await proofOf(world.needs, index, stop.size)).map((hash) => Buffer.from(hash, 'base64'));
      times.push(performance.now() - began);
      hashes = Math.max(hashes, proof.length);
      const [entry] = await entries(db, index, index + 1);
      expect(verifyInclusion(leafHash(Buffer.from(entry?.line ?? '')), index, stop.size, proof, stop.root)).toBe(true);
    }
    times.sort((a, b) => a - b);
    process.stdout.write(
      `log of ${stop.size} in the ledger: at most ${hashes} hashes a proof, ${times[100]?.toFixed(1)} ms in the middle, ${times[199]?.toFixed(1)} ms at most\n`,
    );
    expect(hashes).toBeLessThanOrEqual(Math.ceil(Math.log2(stop.size)));
  } finally {
    await world.close();
    await runtime.drop();
  }
});
