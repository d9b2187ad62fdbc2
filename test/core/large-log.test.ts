import { expect, it } from 'vitest';
import { append, emptyFrontier, inclusionProofFrom, leafHash, rootFromFrontier, verifyInclusion } from '../../src/core/merkle.ts';
import { random } from '../support/random.ts';

/** The nodes that the ledger keeps, in memory: a proof reads as many of them as it has hashes. `KAIKU_LOG`: how many entries. */
const size = Number(process.env['KAIKU_LOG'] ?? 20_000);

it(`proves any of ${size} entries with few hashes and few reads`, async () => {
  const nodes = new Map<string, Buffer>();
  let frontier = emptyFrontier;
  for (let n = 0; n < size; n++) {
    const next = append(frontier, leafHash(Buffer.from(`entry ${n}`)));
    frontier = next.frontier;
    for (const { level, index, hash } of next.nodes) nodes.set(`${level}/${index}`, hash);
  }
  const root = rootFromFrontier(frontier);
  const pick = random(1);
  let [reads, hashes, slowest] = [0, 0, 0];
  for (let n = 0; n < 200; n++) {
    const index = pick(size);
    const began = performance.now();
    let here = 0;
    const proof = await inclusionProofFrom(
      async (level, at) => {
        here++;
        return nodes.get(`${level}/${at}`) ?? Buffer.alloc(0);
      },
      index,
      size,
    );
    slowest = Math.max(slowest, performance.now() - began);
    [reads, hashes] = [Math.max(reads, here), Math.max(hashes, proof.length)];
    expect(verifyInclusion(leafHash(Buffer.from(`entry ${index}`)), index, size, proof, root)).toBe(true);
  }
  process.stdout.write(`log of ${size}: at most ${hashes} hashes, ${reads} reads, ${slowest.toFixed(1)} ms a proof\n`);
  expect(hashes).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
  expect(reads).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(size)));
});
