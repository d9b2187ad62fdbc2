import { createHash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 §2.1, whole and grown leaf by leaf. Positions are numbers, not bits: a log may outgrow 2^31.
 * Everywhere below a leaf is known by its hash.
 */

/** A perfect subtree: covers the leaves from `index * 2^level` on, `2^level` of them. */
export interface TreeNode {
  level: number;
  index: number;
  hash: Buffer;
}

/** The right edge of a tree of `size` leaves: its perfect subtrees from left to right, largest first. */
export interface Frontier {
  size: number;
  nodes: TreeNode[];
}

export const emptyFrontier: Frontier = { size: 0, nodes: [] };

/** SHA-256(0x00 ‖ data). */
export function leafHash(data: Buffer): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(data).digest();
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** The root of no leaves at all: SHA-256 of nothing. */
export const emptyRoot = (): Buffer => createHash('sha256').digest();

/** The root over leaf hashes. */
export function rootOf(leafHashes: readonly Buffer[]): Buffer {
  return rootFromFrontier(leafHashes.reduce<Frontier>((frontier, hash) => append(frontier, hash).frontier, emptyFrontier));
}

/** Adds one leaf; `nodes` are the perfect subtrees that it completed, the leaf itself first: kept, they give every later proof. */
export function append(frontier: Frontier, leaf: Buffer): { frontier: Frontier; nodes: TreeNode[] } {
  let node: TreeNode = { level: 0, index: frontier.size, hash: leaf };
  const nodes = [node];
  const edge = [...frontier.nodes];
  for (let left = edge.at(-1); left && left.level === node.level; left = edge.at(-1)) {
    edge.pop();
    node = { level: node.level + 1, index: (node.index - 1) / 2, hash: nodeHash(left.hash, node.hash) };
    nodes.push(node);
  }
  edge.push(node);
  return { frontier: { size: frontier.size + 1, nodes: edge }, nodes };
}

export function rootFromFrontier(frontier: Frontier): Buffer {
  return frontier.nodes.length === 0 ? emptyRoot() : fold(frontier.nodes.map((node) => node.hash));
}

/** Joins perfect subtrees from the right, as the tree hash does. */
function fold(hashes: readonly Buffer[]): Buffer {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

type Span = readonly [from: number, to: number];

/** The subtrees whose hashes prove that leaf `index` is in a tree of `size`: RFC 6962 §2.1.1, nearest first. */
function inclusionSpans(index: number, size: number): Span[] {
  demand(
    Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size,
    `no leaf ${index} in a tree of ${size}`,
  );
  const spans: Span[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + split(to - from);
    spans.push(index < middle ? [middle, to] : [from, middle]);
    [from, to] = index < middle ? [from, middle] : [middle, to];
  }
  return spans.reverse();
}

/** The subtrees whose hashes prove that a tree of `size` grew out of its first `first` leaves: RFC 6962 §2.1.2. */
function consistencySpans(first: number, size: number): Span[] {
  demand(
    Number.isSafeInteger(first) && Number.isSafeInteger(size) && first >= 0 && first <= size,
    `a tree of ${size} has no first ${first} leaves`,
  );
  if (first === 0 || first === size) return [];
  const spans: Span[] = [];
  let [from, to] = [0, size];
  while (to !== first) {
    const middle = from + split(to - from);
    spans.push(first <= middle ? [middle, to] : [from, middle]);
    [from, to] = first <= middle ? [from, middle] : [middle, to];
  }
  // the first tree's own root is known to who asks; a smaller subtree is not
  if (from !== 0) spans.push([from, to]);
  return spans.reverse();
}

/** The largest power of two below `width`. */
function split(width: number): number {
  let power = 1;
  while (power * 2 < width) power *= 2;
  return power;
}

/** The perfect subtrees that make up a span, left to right. A span of the tree begins at a multiple of its largest one. */
function perfectNodes([from, to]: Span): { level: number; index: number }[] {
  const nodes: { level: number; index: number }[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    let width = 1;
    while (at + width * 2 <= to) {
      width *= 2;
      level++;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** Proof that leaf `index` is in the tree over these leaf hashes; checked with `verifyInclusion`. */
export function inclusionProof(leafHashes: readonly Buffer[], index: number): Buffer[] {
  return inclusionSpans(index, leafHashes.length).map(([from, to]) => rootOf(leafHashes.slice(from, to)));
}

/** Proof that the tree over these leaf hashes begins with its first `first`; checked with `verifyConsistency`. */
export function consistencyProof(leafHashes: readonly Buffer[], first: number): Buffer[] {
  return consistencySpans(first, leafHashes.length).map(([from, to]) => rootOf(leafHashes.slice(from, to)));
}

/** Gives a kept perfect subtree. */
export type NodeAt = (level: number, index: number) => Promise<Buffer>;

/** The same proof from kept subtrees: at most 2·log2(size) of them are read. Throws `RangeError` for a leaf that is not there. */
export async function inclusionProofFrom(nodeAt: NodeAt, index: number, size: number): Promise<Buffer[]> {
  return Promise.all(inclusionSpans(index, size).map((span) => spanHash(nodeAt, span)));
}

export async function consistencyProofFrom(nodeAt: NodeAt, first: number, size: number): Promise<Buffer[]> {
  return Promise.all(consistencySpans(first, size).map((span) => spanHash(nodeAt, span)));
}

/** The right edge of a tree of `size`, from kept subtrees. */
export async function frontierFrom(nodeAt: NodeAt, size: number): Promise<Frontier> {
  const places = perfectNodes([0, size]);
  return {
    size,
    nodes: await Promise.all(places.map(async (place) => ({ ...place, hash: await nodeAt(place.level, place.index) }))),
  };
}

async function spanHash(nodeAt: NodeAt, span: Span): Promise<Buffer> {
  return fold(await Promise.all(perfectNodes(span).map(({ level, index }) => nodeAt(level, index))));
}

/** Whether `proof` shows that `leaf` is number `index` of the `size` leaves under `root`. RFC 9162 §2.1.3.2. */
export function verifyInclusion(leaf: Buffer, index: number, size: number, proof: readonly Buffer[], root: Buffer): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let [position, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash);
      while (position % 2 === 0 && position !== 0) [position, last] = [position / 2, half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/** Whether `proof` shows that the tree under `root` (of `size`) begins with the tree under `firstRoot` (of `first`). RFC 9162 §2.1.4.2. */
export function verifyConsistency(
  first: number,
  size: number,
  firstRoot: Buffer,
  root: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(size) || first < 0 || first > size) return false;
  if (first === size) return proof.length === 0 && firstRoot.equals(root);
  if (first === 0) return proof.length === 0 && firstRoot.equals(emptyRoot());
  let [position, last] = [first - 1, size - 1];
  while (position % 2 === 1) [position, last] = [half(position), half(last)];
  // a first tree that is one perfect subtree is its own first node
  const [start, ...rest] = position === 0 ? [firstRoot, ...proof] : proof;
  if (!start) return false;
  let [old, now] = [start, start];
  for (const node of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      old = nodeHash(node, old);
      now = nodeHash(node, now);
      while (position % 2 === 0 && position !== 0) [position, last] = [position / 2, half(last)];
    } else {
      now = nodeHash(now, node);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && old.equals(firstRoot) && now.equals(root);
}

const half = (n: number) => Math.floor(n / 2);

function demand(holds: boolean, message: string): asserts holds {
  if (!holds) throw new RangeError(message);
}
