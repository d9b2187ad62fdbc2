import canonicalize from 'canonicalize';
import type { AuditEntry } from './audit-entry.ts';
import { append, emptyFrontier, leafHash, rootFromFrontier, verifyInclusion } from './merkle.ts';
import { parseCheckpoint, verifyNote } from './signed-note.ts';

/** What a check of the log found. */
export interface Verification {
  /** Entries read. */
  size: number;
  /** Base64 root over the entries as they are now. */
  root: string;
  /** Every signature holds and every entry is as it was when its checkpoint was signed. */
  verified: boolean;
  /**
   * The first entry, counted from 0, that nothing vouches for any more: exact where the recorded leaf hashes or the entry itself
   * tell, else the first one behind the last checkpoint that still fits. Absent when the entries are not to blame.
   */
  firstBad?: number;
  /** Checkpoints whose signature and root hold. */
  checkpoints: number;
  /** Entries whose body was dropped when its time was over: their hashes stand, what they said is gone. Absent: none. */
  trimmed?: number;
}

/** An entry as kept: its line, and the leaf hash that was recorded for it where that is at hand. Dropped: the hash alone. */
export type KeptEntry = { line: string; hash?: Buffer } | { line: null; hash: Buffer };

/**
 * Checks a whole log against its signed checkpoints (any order; the largest says how long the log is). Entries that came after
 * the largest checkpoint make it unverified only by `mayGrow: false`, the form of an exported file. `vkeys`: the log's keys, newest
 * first; once a newer one has signed, a larger checkpoint under an older one is a forgery, whoever holds the old key.
 */
export async function verifyLog(
  entries: AsyncIterable<KeptEntry>,
  notes: readonly string[],
  vkeys: string | readonly string[],
  options: { mayGrow?: boolean } = {},
): Promise<Verification> {
  const keys = typeof vkeys === 'string' ? [vkeys] : vkeys;
  const signed = notes.map((note) => signedStop(note, keys));
  const stops = signed.filter((stop) => stop !== null).sort((a, b) => a.size - b.size || b.key - a.key);
  let [frontier, checkpoints, next, fits] = [emptyFrontier, 0, 0, 0];
  let firstBad: number | undefined;
  let failed = signed.includes(null) || stops.length === 0 || stops.some((stop, n) => stop.key > (stops[n - 1] ?? stop).key);

  const passStops = () => {
    for (let stop = stops[next]; stop?.size === frontier.size; stop = stops[++next]) {
      if (rootFromFrontier(frontier).equals(stop.root)) {
        checkpoints++;
        fits = stop.size;
      } else {
        firstBad ??= fits;
        failed = true;
      }
    }
  };

  passStops();
  const dropped = droppedBodies();
  for await (const { line, hash } of entries) {
    const leaf = line === null ? hash : leafHash(Buffer.from(line, 'utf8'));
    if (line === null) dropped.missing(frontier.size);
    else if (!isEntryLine(line) || (hash && !hash.equals(leaf))) firstBad = Math.min(firstBad ?? frontier.size, frontier.size);
    else dropped.present(line);
    frontier = append(frontier, leaf).frontier;
    passStops();
  }
  const unexplained = dropped.unexplained();
  if (unexplained !== undefined) firstBad = Math.min(firstBad ?? unexplained, unexplained);
  // entries were cut off the end
  if (next < stops.length) firstBad ??= frontier.size;
  // entries were added behind the end
  const largest = stops.at(-1)?.size;
  if (!options.mayGrow && largest !== undefined && frontier.size > largest) firstBad ??= largest;

  return {
    size: frontier.size,
    root: rootFromFrontier(frontier).toString('base64'),
    verified: !failed && firstBad === undefined,
    ...(firstBad === undefined ? {} : { firstBad }),
    checkpoints,
    ...(dropped.count() === 0 ? {} : { trimmed: dropped.count() }),
  };
}

/**
 * A body may be missing only where a later entry says that everything below a place and before a time was dropped. Stretches, not single
 * places, are remembered.
 */
function droppedBodies() {
  const stretches: { from: number; to: number; after: string }[] = [];
  const marks: { below: number; before: string }[] = [];
  let lastTime = '';
  return {
    missing(index: number) {
      const last = stretches.at(-1);
      if (last?.to === index) last.to++;
      else stretches.push({ from: index, to: index + 1, after: lastTime });
    },
    present(line: string) {
      const { action, time, version, to } = JSON.parse(line) as Partial<AuditEntry>;
      if (time !== undefined && time > lastTime) lastTime = time;
      if (action === 'log.trimmed' && version !== undefined && to !== undefined && to < yearBefore(time ?? ''))
        marks.push({ below: version, before: to });
    },
    unexplained() {
      for (const { from, to, after } of stretches) {
        const below = Math.max(0, ...marks.filter(({ before }) => after < before).map((mark) => mark.below));
        if (to > below) return Math.max(from, below);
      }
      return undefined;
    },
    count: () => stretches.reduce((sum, { from, to }) => sum + to - from, 0),
  };
}

/** What a note vouches for, and the place of the key that signed it among the log's; null where none did. */
function signedStop(note: string, vkeys: readonly string[]) {
  const text = verifyNote(note, vkeys);
  const stop = text === null ? null : parseCheckpoint(text);
  return stop && { ...stop, key: vkeys.findIndex((vkey) => verifyNote(note, vkey) !== null) };
}

/** Nothing is dropped sooner, whatever an entry says. */
const yearBefore = (time: string) => `${Number(time.slice(0, 4)) - 1}${time.slice(4)}`;

/** Checks an exported file, one entry a line in leaf order, against the checkpoint beside it. Needs nothing but the three files. */
export function verifyExport(lines: AsyncIterable<string>, checkpoint: string, vkey: string): Promise<Verification> {
  return verifyLog(entriesOf(lines), [checkpoint], vkey);
}

async function* entriesOf(lines: AsyncIterable<string>): AsyncIterable<KeptEntry> {
  for await (const line of lines) {
    // only a line end: an empty line is no entry, and a file that ends in one is whole
    const text = line.replace(/\r?\n$/, '');
    const [, leaf] = /^\{"leaf":"([A-Za-z0-9+/]{43}=)"\}$/.exec(text) ?? [];
    if (leaf !== undefined) yield { line: null, hash: Buffer.from(leaf, 'base64') };
    else if (text !== '') yield { line: text };
  }
}

/** How an exported file says that an entry's body was dropped. */
export const trimmedLine = (hash: Buffer): string => `{"leaf":"${hash.toString('base64')}"}`;

/** An entry of an evidence pack: where it stands in the log, and the proof that it does. */
export interface ProvenEntry {
  index: number;
  line: string;
  /** Base64 hashes, nearest first. */
  proof: readonly string[];
}

/** Checks single entries, a case's for instance, against one checkpoint: no other entry has to be shown. */
export function verifyEntries(entries: readonly ProvenEntry[], checkpoint: string, vkey: string): Verification {
  const text = verifyNote(checkpoint, vkey);
  const stop = text === null ? null : parseCheckpoint(text);
  if (!stop) return { size: entries.length, root: '', verified: false, checkpoints: 0 };
  const bad = entries.find(({ index, line, proof }) => {
    const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
    return !isEntryLine(line) || !verifyInclusion(leafHash(Buffer.from(line, 'utf8')), index, stop.size, hashes, stop.root);
  });
  return {
    size: entries.length,
    root: stop.root.toString('base64'),
    verified: bad === undefined,
    ...(bad ? { firstBad: bad.index } : {}),
    checkpoints: 1,
  };
}

/** One spelling an entry: RFC 8785, so that no second parser can read another thing out of the same leaf. */
function isEntryLine(line: string): boolean {
  try {
    return canonicalize(JSON.parse(line)) === line;
  } catch {
    return false;
  }
}
