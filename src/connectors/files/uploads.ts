import { Failure } from '../../core/failure.ts';
import type { Exports } from '../connector.ts';
import type { Exchange } from '../exchange.ts';
import { wildcard } from '../file-settings.ts';
import type { Call } from '../http.ts';
import { refused } from '../text-file.ts';
import { refuseDoubted } from './belief.ts';
import { readRows } from './rows.ts';
import type { FilesSettings } from './settings.ts';
import { codeOf, isOwn, type Newest } from './source.ts';

/**
 * Exports that somebody downloaded and hands over here, in place of dropping them into the folder. Read first as a look would read them, so
 * that one that would not be believed never lies there and hides a good one.
 */
export const uploadsOf = (exchange: Exchange, newest: Newest, settings: FilesSettings): Exports => ({
  async take(bytes, now, call) {
    const name = nameOf(now, settings);
    const rows = readRows(name, bytes, settings);
    refuseDoubted(name, { rows, code: codeOf(bytes) }, await newestOrNone(newest, call), settings);
    const { folder } = settings.export;
    await exchange.write(folder === '' ? name : `${folder}/${name}`, bytes, call);
    newest.forget();
    return { rows: rows.size };
  },
});

/** A name that a look takes for an export: the time stands in the place of the first `*`. Throws where that is no such name. */
function nameOf(now: Date, settings: FilesSettings): string {
  const { names } = settings.export;
  const stamp = now.toISOString().replace(/\D/g, '');
  const name = names.replace('*', stamp).replaceAll('*', '').replaceAll('?', '0');
  if (!wildcard(names).test(name) || isOwn(name, settings) || name.startsWith('.'))
    throw refused(name, 1, 'export.names allows no name of Kaiku’s own choosing');
  return name;
}

/** No export yet, or none that can be read, is nothing to hold the new one against. */
async function newestOrNone(newest: Newest, call: Call) {
  try {
    return (await newest(call)).rows;
  } catch (error) {
    if (error instanceof Failure && error.code === 'RECIPIENT_UNAVAILABLE') return null;
    throw error;
  }
}
