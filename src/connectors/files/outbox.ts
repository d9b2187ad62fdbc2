import { createHash } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import type { Call } from '../http.ts';
import type { FilesSettings } from './settings.ts';

/**
 * Our files of changes. Beside each lies an empty file with a name of its content, which stays when the other side took the change away: so
 * the same change is left once for each export of theirs, whichever process asks and however often.
 */
export interface Outbox {
  /** Leaves a change, unless it was left since the other side's newest export was written. */
  leave(key: string, file: Buffer, exportedMs: number, call: Call): Promise<void>;
}

export function outboxOf(exchange: Exchange, { changes }: FilesSettings): Outbox {
  const path = (name: string) => (changes.folder === '' ? name : `${changes.folder}/${name}`);
  return {
    async leave(key, file, exportedMs, call) {
      // no more than a name: a value of the person could be guessed from a hash of few letters
      const code = createHash('sha256').update(key).update('\0').update(file).digest('hex').slice(0, 32);
      const noted = `.${changes.prefix}${code}`;
      const notes = (await exchange.list(changes.folder, call)).filter(({ name }) => name.startsWith(`.${changes.prefix}`));
      if (notes.some(({ name, modifiedMs }) => name === noted && modifiedMs >= exportedMs)) return;
      const stamp = new Date().toISOString().replace(/\D/g, '');
      await exchange.write(path(`${changes.prefix}${stamp}-${code.slice(0, 8)}.csv`), file, call);
      await exchange.write(path(noted), Buffer.alloc(0), call);
      for (const { name, modifiedMs } of notes)
        if (modifiedMs < exportedMs - keptMs && name !== noted) await exchange.remove(path(name), call);
    },
  };
}

/** Notes of changes that were left so long before the newest export are of no use to anybody. */
const keptMs = 30 * 86_400_000;
