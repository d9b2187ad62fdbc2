import { createHash } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import type { Exchange } from '../exchange.ts';
import type { FileEntry } from '../exchange-files.ts';
import { wildcard } from '../file-settings.ts';
import type { Call } from '../http.ts';
import { keptShortly } from '../kept.ts';
import { settledList, type Wait } from '../settled.ts';
import { disbelief } from './belief.ts';
import { toRecord } from './mapping.ts';
import { type Mapping, over, type Row, readExport } from './rows.ts';
import type { MepcoSettings } from './settings.ts';

/** A file of the folder, and what it says: everybody, or changes alone. */
export interface Found {
  entry: FileEntry;
  kind: 'full' | 'delta';
}

/** One file, read: taken as what the register says, or refused whole. `people`: everybody known after it. */
export type Step =
  | (Found & { sha256: string; rows: ReadonlyMap<string, Row>; unnumbered: number; people: ReadonlyMap<string, Row> })
  | (Found & { refusal: Failure });

/** What the register says now: the newest whole export that is believed, with the changes after it. */
export interface Snapshot {
  people: ReadonlyMap<string, Row>;
  /** The whole export that it rests on; null: there is none, and nobody is known to be missing. */
  whole: { rows: number } | null;
  /** Why it proves of nobody that they are not there, where it does not. */
  doubt: 'export-unfinished' | 'export-refused' | 'rows-without-number' | 'no-whole-export' | null;
  /** A file that came after it and was refused: nobody knows what holds now. */
  refusal: Failure | null;
  /** Rows of the whole export that are nobody's. */
  unnumbered: number;
}

export interface Exports {
  /**
   * Files that stand still, oldest first, as far as none before them is still being written. `aside`: names that a clearing of ours left
   * behind when its process was gone.
   */
  list(call: Call): Promise<{ found: Found[]; isUnfinished: boolean; aside: string[] }>;
  /** Reads them one after the other. */
  walk(found: readonly Found[], call: Call): AsyncGenerator<Step>;
  /** Kept for a few seconds, so that looks at many people are one reading. */
  snapshot(call: Call): Promise<Snapshot>;
  path(name: string): string;
}

/** What is known for sure, or the failure that says why nothing is: what an older export says is no answer. */
export function soundly(snapshot: Snapshot): Snapshot {
  if (snapshot.refusal) throw unread(snapshot.refusal.hint ?? snapshot.refusal.message);
  return snapshot;
}

/** Somebody is not in it; thrown where that proves nothing. */
export function mustProve({ doubt, whole }: Snapshot): void {
  if (whole === null) throw unread('there is no whole export on the server to read');
  if (doubt === 'rows-without-number')
    throw unread('the newest whole export has rows without a number: nobody is proven to lack in it');
  if (doubt !== null) throw unread('an export is still being written: nobody is proven to lack yet');
}

const unread = (hint: string) => new Failure('RECIPIENT_UNAVAILABLE', { hint });

/** How a file is called that is about to be cleared: nobody else writes such a name, and no pattern matches it. */
export const asideName = '.kaiku-';

export function exportsOf(exchange: Exchange, mapping: Mapping, wait: Wait): Exports {
  const { settings } = mapping;
  const kindOf = kinds(settings);
  const path = (name: string) => (settings.folder === '' ? name : `${settings.folder}/${name}`);
  const listLeft = settledList(exchange, {
    folder: settings.folder,
    settleMs: settings.settleSeconds * 1000,
    isWanted: (name) => kindOf(name) !== null || name.startsWith(asideName),
    wait,
  });
  const order = orderOf(settings);

  async function list(call: Call): Promise<{ found: Found[]; isUnfinished: boolean; aside: string[] }> {
    const left = await listLeft(call);
    const aside = left.flatMap(({ entry }) => (entry.name.startsWith(asideName) ? [entry.name] : []));
    const exports = left.filter(({ entry }) => kindOf(entry.name) !== null).sort((a, b) => order(a.entry, b.entry));
    const unfinished = exports.findIndex(({ isSettled }) => !isSettled);
    const found = exports
      .slice(0, unfinished < 0 ? undefined : unfinished)
      .flatMap(({ entry }) => ({ entry, kind: kindOf(entry.name) ?? 'full' }));
    return { found, isUnfinished: unfinished >= 0, aside };
  }

  async function* walk(found: readonly Found[], call: Call): AsyncGenerator<Step> {
    let people: ReadonlyMap<string, Row> = new Map();
    for (const { entry, kind } of found) {
      const bytes = await exchange.read(path(entry.name), call);
      if (bytes?.length !== entry.size) {
        const refusal = new Failure('RECIPIENT_UNAVAILABLE', { hint: `${entry.name} changed while it was read` });
        yield { entry, kind, refusal };
        return;
      }
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      try {
        const read = readExport(entry, bytes, mapping);
        for (const row of read.rows.values()) toRecord(row, mapping);
        const doubted = kind === 'full' ? disbelief(entry.name, sha256, read, people, mapping) : null;
        if (doubted) throw doubted;
        const rows = new Map(
          [...read.rows].map(([id, row]) => [id, kind === 'delta' ? over(people.get(id), row, settings.blanks) : row]),
        );
        people = kind === 'full' ? rows : new Map([...people, ...rows]);
        yield { entry, kind, sha256, rows, unnumbered: read.unnumbered, people };
      } catch (error) {
        if (!(error instanceof Failure && error.code === 'ANSWER_GARBLED')) throw error;
        yield { entry, kind, refusal: error };
      }
    }
  }

  async function read(call: Call): Promise<Snapshot> {
    const { found, isUnfinished } = await list(call);
    let snapshot: Snapshot = { people: new Map(), whole: null, doubt: 'no-whole-export', refusal: null, unnumbered: 0 };
    for await (const step of walk(found, call)) {
      if ('refusal' in step) snapshot = { ...snapshot, doubt: 'export-refused', refusal: step.refusal };
      else if (step.kind === 'full')
        snapshot = {
          people: step.people,
          whole: { rows: step.rows.size },
          doubt: step.unnumbered > 0 ? 'rows-without-number' : null,
          refusal: null,
          unnumbered: step.unnumbered,
        };
      else snapshot = { ...snapshot, people: step.people };
    }
    return isUnfinished ? { ...snapshot, doubt: 'export-unfinished' } : snapshot;
  }

  return { list, walk, path, snapshot: keptShortly(read) };
}

function kinds({ full, delta }: MepcoSettings): (name: string) => Found['kind'] | null {
  const matches = (pattern: string | undefined) => (pattern === undefined ? null : wildcard(pattern));
  const [isFull, isDelta] = [matches(full), matches(delta)];
  return (name) => (name.startsWith('.') ? null : isFull?.test(name) ? 'full' : isDelta?.test(name) ? 'delta' : null);
}

/** Oldest first. The server's times are whole seconds, so the name decides between two of one second. */
export function orderOf({ orderBy }: MepcoSettings): (a: FileEntry, b: FileEntry) => number {
  const byName = (a: FileEntry, b: FileEntry) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return orderBy === 'name' ? byName : (a, b) => a.modifiedMs - b.modifiedMs || byName(a, b);
}
