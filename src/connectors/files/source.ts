import { createHash } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import type { Exchange } from '../exchange.ts';
import type { FileEntry } from '../exchange-files.ts';
import { wildcard } from '../file-settings.ts';
import type { Call } from '../http.ts';
import { keptShortly } from '../kept.ts';
import { settledList, type Wait } from '../settled.ts';
import { beliefOf } from './belief.ts';
import { type Read, type Row, readRows } from './rows.ts';
import type { FilesSettings } from './settings.ts';

/** The other side's newest whole export, believed. */
export interface Export {
  rows: ReadonlyMap<string, Row>;
  /** By the other side's clock, in ms. */
  writtenMs: number;
}

export type ReadNewest = (call: Call) => Promise<Export>;

export type Newest = ReadNewest & {
  /** The next read lists the folder again. */
  forget(): void;
};

/**
 * Reads the newest export that stands still, kept for a few seconds so that many looks are one reading. One that is malformed, or lacks
 * very many rows of those before it, says nothing: the look fails and is taken again, it never becomes "not there".
 */
export function newestExport(exchange: Exchange, settings: FilesSettings, wait: Wait): Newest {
  const { folder, names } = settings.export;
  const isExport = wildcard(names);
  const list = settledList(exchange, {
    folder,
    settleMs: settings.settleSeconds * 1000,
    isWanted: (name) => isExport.test(name) && !name.startsWith('.') && !isOwn(name, settings),
    wait,
  });
  const readOne = async ({ name, size }: FileEntry, call: Call): Promise<Read> => {
    const bytes = await exchange.read(folder === '' ? name : `${folder}/${name}`, call);
    if (bytes?.length !== size) throw unread(`${name} changed while it was read`);
    return { code: codeOf(bytes), rows: readRows(name, bytes, settings) };
  };
  const belief = beliefOf(readOne, settings);

  return keptShortly(async (call) => {
    const left = (await list(call)).sort(
      (a, b) => b.entry.modifiedMs - a.entry.modifiedMs || (a.entry.name < b.entry.name ? 1 : -1),
    );
    const [newest, ...earlier] = left.filter(({ isSettled }) => isSettled).map(({ entry }) => entry);
    if (!newest) throw unread('there is no export of the other side to read');
    try {
      return { rows: await belief.believed(newest, earlier, call), writtenMs: newest.modifiedMs };
    } catch (error) {
      // tried again until the other side mends it, however long that takes
      if (error instanceof Failure && error.code === 'ANSWER_GARBLED') throw unread(error.hint ?? error.message);
      throw error;
    }
  });
}

/** What `agreed` names a file by. */
export const codeOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

const unread = (hint: string) => new Failure('RECIPIENT_UNAVAILABLE', { hint });

/** Our own file of changes, where both sides share a folder. */
export const isOwn = (name: string, { changes, export: theirs }: FilesSettings): boolean =>
  changes.folder === theirs.folder && name.startsWith(changes.prefix);
