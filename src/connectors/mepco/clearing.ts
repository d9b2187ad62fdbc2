import { createHash } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import type { FileEntry } from '../exchange-files.ts';
import type { Call } from '../http.ts';
import type { Cursor, Taken } from './cursor.ts';
import { asideName, type Exports } from './exports.ts';
import type { MepcoSettings } from './settings.ts';

/**
 * Takes plain files away whose import the saved cursor proves to be committed: they hold identity codes. What a look reads stays: the
 * newest whole export and the changes after it, until the next whole export was taken.
 */
export interface Clearing {
  /** What is there and not needed any more. */
  all(at: Cursor, listed: Awaited<ReturnType<Exports['list']>>, call: Call): Promise<void>;
  /** One file whose content was taken before, put there again. */
  again(entry: FileEntry, taken: Taken, call: Call): Promise<void>;
}

export function clearingOf(exchange: Exchange, exports: Exports, settings: MepcoSettings): Clearing {
  /** Put aside first, under a name that nobody writes: a file that came in its place meanwhile is put back, not lost. */
  async function clear(taken: Taken, call: Call): Promise<void> {
    const aside = exports.path(asideOf(taken));
    if (await exchange.move(exports.path(taken.name), aside, call)) await finish(taken, call);
  }

  async function finish(taken: Taken, call: Call): Promise<void> {
    const aside = exports.path(asideOf(taken));
    const bytes = await exchange.read(aside, call);
    if (bytes === null) return;
    const isSame = createHash('sha256').update(bytes).digest('hex') === taken.sha256;
    if (!isSame) await exchange.move(aside, exports.path(taken.name), call);
    else if (settings.movedTo === undefined) await exchange.remove(aside, call);
    else await exchange.move(aside, `${settings.movedTo}/${taken.name}`, call);
  }

  return {
    async all(at, { found, aside }, call) {
      for (const name of aside) {
        const taken = at.taken.findLast((one) => asideOf(one) === name);
        if (taken) await finish(taken, call);
      }
      const from = settings.full === undefined ? at.taken.length : at.taken.findLastIndex(({ kind }) => kind === 'full');
      if (from < 0) return;
      const needed = at.taken.slice(from).map(({ name }) => name);
      for (const { entry } of found) {
        const taken = at.taken.findLast(({ name }) => name === entry.name);
        const isIt = taken?.size === entry.size && taken.modifiedMs === entry.modifiedMs;
        if (taken && isIt && !needed.includes(entry.name)) await clear(taken, call);
      }
    },
    again: (entry, taken, call) => clear({ ...taken, ...entry }, call),
  };
}

const asideOf = ({ sha256 }: Taken): string => `${asideName}${sha256.slice(0, 16)}`;
