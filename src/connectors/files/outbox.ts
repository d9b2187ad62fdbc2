import { createHash } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import type { FileEntry } from '../exchange-files.ts';
import type { Call } from '../http.ts';
import type { FilesSettings } from './settings.ts';

/**
 * Our files of changes. Beside each lies an empty file with a name of its row and its content, which stays when the other side took the
 * change away: so the same change is left once for each export of theirs, whichever process asks and however often. A row has one such
 * note, of the last change that was left for it.
 */
export interface Outbox {
  /** Leaves a change, unless it is the last that was left for this row since the other side's newest export was written. */
  leave(key: string, file: Buffer, exportedMs: number, call: Call): Promise<void>;
  /** Another change than this was left for the row, and may not have reached their export yet. */
  isOvertaken(key: string, file: Buffer, call: Call): Promise<boolean>;
}

export function outboxOf(exchange: Exchange, { changes }: FilesSettings): Outbox {
  const path = (name: string) => (changes.folder === '' ? name : `${changes.folder}/${name}`);
  const isNote = ({ name }: FileEntry) => name.startsWith(`.${changes.prefix}`);
  // no more than names: a value of the person could be guessed from a hash of few letters
  const noteOf = (key: string, code: string) => `.${changes.prefix}${hashOf(key).slice(0, 8)}${code.slice(0, 24)}`;
  const isOfRow = (key: string, name: string) => name.startsWith(noteOf(key, ''));

  /** The file of a change whose note was lost: it lies there already, letter by letter. */
  async function liesThere(
    lying: readonly FileEntry[],
    code: string,
    file: Buffer,
    sinceMs: number,
    call: Call,
  ): Promise<boolean> {
    const like = lying.filter(
      ({ name, size, modifiedMs }) => name.endsWith(endOf(code)) && size === file.length && modifiedMs >= sinceMs,
    );
    for (const { name } of like) if ((await exchange.read(path(name), call))?.equals(file)) return true;
    return false;
  }

  return {
    async leave(key, file, exportedMs, call) {
      const code = hashOf(key, file);
      const noted = noteOf(key, code);
      const lying = await exchange.list(changes.folder, call);
      const notes = lying.filter(isNote);
      if (notes.some(({ name, modifiedMs }) => name === noted && modifiedMs >= exportedMs)) return;
      const others = notes.filter(({ name }) => name !== noted && isOfRow(key, name));
      // behind whatever was left for the row since: the last file counts
      const sinceMs = Math.max(exportedMs, ...others.map(({ modifiedMs }) => modifiedMs + 1));
      const isLeft = await liesThere(lying, code, file, sinceMs, call);
      const stamp = new Date().toISOString().replace(/\D/g, '');
      if (!isLeft) await exchange.write(path(`${changes.prefix}${stamp}${endOf(code)}`), file, call);
      await exchange.write(path(noted), Buffer.alloc(0), call);
      const old = notes.filter(({ name, modifiedMs }) => modifiedMs < exportedMs - keptMs && name !== noted);
      for (const { name } of new Set([...others, ...old])) await exchange.remove(path(name), call);
    },
    async isOvertaken(key, file, call) {
      const noted = noteOf(key, hashOf(key, file));
      const lying = await exchange.list(changes.folder, call);
      return lying.some((entry) => isNote(entry) && isOfRow(key, entry.name) && entry.name !== noted);
    },
  };
}

const hashOf = (key: string, file?: Buffer): string => {
  const hash = createHash('sha256').update(key);
  return (file ? hash.update('\0').update(file) : hash).digest('hex');
};
const endOf = (code: string) => `-${code.slice(0, 8)}.csv`;

/** Notes of changes that were left so long before the newest export are of no use to anybody. */
const keptMs = 30 * 86_400_000;
