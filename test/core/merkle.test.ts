import { createHash } from 'node:crypto';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  append,
  consistencyProof,
  consistencyProofFrom,
  emptyFrontier,
  emptyRoot,
  frontierFrom,
  inclusionProof,
  inclusionProofFrom,
  leafHash,
  nodeHash,
  rootFromFrontier,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/core/merkle.ts';

/** The inputs, roots and proofs that the Certificate Transparency project publishes for RFC 6962 implementations. */
const published = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => leafHash(Buffer.from(hex, 'hex')),
);
const publishedRoots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const publishedInclusion: [index: number, size: number, proof: string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const publishedConsistency: [first: number, size: number, proof: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const hexes = (hashes: Buffer[]) => hashes.map((hash) => hash.toString('hex'));

describe('the published vectors of RFC 6962', () => {
  it('gives the root of nothing', () => {
    expect(emptyRoot().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(rootOf([]).equals(emptyRoot())).toBe(true);
  });

  it('gives each root from one leaf to eight', () => {
    for (const [n, root] of publishedRoots.entries()) expect(rootOf(published.slice(0, n + 1)).toString('hex')).toBe(root);
  });

  it('makes and verifies the inclusion proofs', () => {
    for (const [index, size, proof] of publishedInclusion) {
      const leaves = published.slice(0, size);
      expect(hexes(inclusionProof(leaves, index))).toEqual(proof);
      const given = proof.map((hex) => Buffer.from(hex, 'hex'));
      expect(verifyInclusion(leaves[index] as Buffer, index, size, given, rootOf(leaves))).toBe(true);
    }
  });

  it('makes and verifies the consistency proofs', () => {
    for (const [first, size, proof] of publishedConsistency) {
      const leaves = published.slice(0, size);
      expect(hexes(consistencyProof(leaves, first))).toEqual(proof);
      const given = proof.map((hex) => Buffer.from(hex, 'hex'));
      expect(verifyConsistency(first, size, rootOf(leaves.slice(0, first)), rootOf(leaves), given)).toBe(true);
    }
  });
});

/** RFC 6962 §2.1 word for word, to compare with. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return leaves[0] as Buffer;
  const k = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}
function naivePath(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}
function naiveProof(m: number, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  const k = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return m <= k
    ? [...naiveProof(m, leaves.slice(0, k), whole), naiveRoot(leaves.slice(k))]
    : [...naiveProof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

const leavesOf = (size: number) => Array.from({ length: size }, (_, n) => leafHash(Buffer.from(`leaf ${n}`)));

/** A tree grown leaf by leaf that keeps its perfect subtrees, as the ledger does. */
function grown(leaves: readonly Buffer[]) {
  const kept = new Map<string, Buffer>();
  let frontier = emptyFrontier;
  for (const leaf of leaves) {
    const next = append(frontier, leaf);
    for (const { level, index, hash } of next.nodes) {
      expect(kept.has(`${level}/${index}`)).toBe(false);
      kept.set(`${level}/${index}`, hash);
    }
    frontier = next.frontier;
  }
  const asked: string[] = [];
  const nodeAt = async (level: number, index: number) => {
    asked.push(`${level}/${index}`);
    const hash = kept.get(`${level}/${index}`);
    if (!hash) throw new Error(`node ${level}/${index} was never completed`);
    return hash;
  };
  return { frontier, nodeAt, asked };
}

const treeAndPlaces = fc
  .integer({ min: 1, max: 130 })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1), first: fc.nat(size) }));

describe('a tree of any size', () => {
  test.prop([treeAndPlaces], { numRuns: 200 })('agrees with the definition, in each form', async ({ size, index, first }) => {
    const leaves = leavesOf(size);
    const { frontier, nodeAt } = grown(leaves);
    const root = naiveRoot(leaves);
    expect(rootOf(leaves)).toEqual(root);
    expect(rootFromFrontier(frontier)).toEqual(root);
    expect(await frontierFrom(nodeAt, size)).toEqual(frontier);

    const path = naivePath(index, leaves);
    expect(inclusionProof(leaves, index)).toEqual(path);
    expect(await inclusionProofFrom(nodeAt, index, size)).toEqual(path);
    expect(verifyInclusion(leaves[index] as Buffer, index, size, path, root)).toBe(true);

    const proof = first === 0 ? [] : naiveProof(first, leaves, true);
    expect(consistencyProof(leaves, first)).toEqual(proof);
    expect(await consistencyProofFrom(nodeAt, first, size)).toEqual(proof);
    expect(verifyConsistency(first, size, naiveRoot(leaves.slice(0, first)), root, proof)).toBe(true);
  });

  test.prop([treeAndPlaces], { numRuns: 60 })(
    'proves an older tree from the subtrees of a newer one',
    async ({ size, index }) => {
      const { nodeAt } = grown(leavesOf(200));
      expect(await inclusionProofFrom(nodeAt, index, size)).toEqual(naivePath(index, leavesOf(size)));
    },
  );

  test.prop([treeAndPlaces, fc.nat(), fc.nat(255)], { numRuns: 300 })(
    'does not verify a proof for another leaf, place, size or with a changed hash',
    ({ size, index, first }, where, bit) => {
      const leaves = leavesOf(size);
      const root = rootOf(leaves);
      const leaf = leaves[index] as Buffer;
      const path = inclusionProof(leaves, index);
      expect(verifyInclusion(leafHash(Buffer.from('another')), index, size, path, root)).toBe(false);
      expect(verifyInclusion(leaf, index, size, [...path, leaf], root)).toBe(false);
      if (size > 1) expect(verifyInclusion(leaf, (index + 1) % size, size, path, root)).toBe(false);
      if (path.length > 0) {
        expect(verifyInclusion(leaf, index, size, path.slice(1), root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, flipped(path, where, bit), root)).toBe(false);
      }
      const proof = consistencyProof(leaves, first);
      const firstRoot = rootOf(leaves.slice(0, first));
      expect(verifyConsistency(first, size, firstRoot, root, [...proof, leaf])).toBe(false);
      expect(verifyConsistency(first, size, leafHash(Buffer.from('forked')), root, proof)).toBe(false);
      if (proof.length > 0) expect(verifyConsistency(first, size, firstRoot, root, flipped(proof, where, bit))).toBe(false);
    },
  );

  it('proves one entry of a million in at most 20 hashes, from at most 40 kept nodes', async () => {
    const asked: string[] = [];
    const nodeAt = async (level: number, index: number) => {
      asked.push(`${level}/${index}`);
      return leafHash(Buffer.from(`${level}/${index}`));
    };
    const proof = await inclusionProofFrom(nodeAt, 999_999, 1_000_000);
    expect(proof.length).toBeLessThanOrEqual(20);
    expect(asked.length).toBeLessThanOrEqual(40);
  });

  it('refuses a leaf outside the tree', async () => {
    expect(() => inclusionProof(leavesOf(3), 3)).toThrow(RangeError);
    expect(() => consistencyProof(leavesOf(3), 4)).toThrow(RangeError);
    expect(verifyInclusion(leavesOf(1)[0] as Buffer, 1, 1, [], rootOf(leavesOf(1)))).toBe(false);
  });
});

function flipped(hashes: readonly Buffer[], where: number, bit: number): Buffer[] {
  return hashes.map((hash, n) => {
    if (n !== where % hashes.length) return hash;
    const copy = Buffer.from(hash);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy;
  });
}
