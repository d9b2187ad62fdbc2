import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogSigner, vkeysOf } from '../core/log-keys.ts';
import { parseCheckpoint, verifyNote } from '../core/signed-note.ts';
import { latestCheckpoint, rootAt } from '../store/audit.ts';
import { cursorOf } from '../store/systems.ts';
import type { Needs } from './needs.ts';

export const places = ['folder', 'mail', 'webhook'] as const;
export type Place = (typeof places)[number];

/** What is known of a place: the last checkpoint that reached it, and since when none does. ISO 8601 times. */
export interface PlaceState {
  place: Place;
  size?: number;
  at?: string;
  failedSince?: string;
  /** Why: a code of the file system or of the mail server, an HTTP status, or how the kept checkpoint does not fit. */
  code?: string;
}

/** The configured places, and how each stands. */
export async function placesNow(needs: Needs): Promise<PlaceState[]> {
  const { checkpoints } = needs.config.audit ?? {};
  const known = await Promise.all(
    places.filter((place) => checkpoints?.[place] !== undefined).map((place) => stateOf(needs, place)),
  );
  return known;
}

async function stateOf(needs: Needs, place: Place): Promise<PlaceState> {
  const kept = await cursorOf(needs.db, 'kaiku', `outside:${place}`);
  return { place, ...(kept === null ? {} : (JSON.parse(kept) as Omit<PlaceState, 'place'>)) };
}

/**
 * How a checkpoint that somebody kept elsewhere stands to this log. `longer`: the log was cut, or an older ledger was restored; `another`:
 * what it said up to there is not what it says now.
 */
export type Fit = 'fits' | 'not-signed' | 'longer' | 'another';

const misfits: readonly string[] = ['not-signed', 'longer', 'another'] satisfies Exclude<Fit, 'fits'>[];

/** Whether a place failed because what it keeps does not fit this log. */
export const isMisfit = (code: string | undefined): boolean => code !== undefined && misfits.includes(code);

export async function fitOf(needs: Needs, note: string): Promise<Fit> {
  const text = verifyNote(note, vkeysOf(needs.signer));
  const kept = text === null ? null : parseCheckpoint(text);
  if (!kept) return 'not-signed';
  if (kept.size > ((await latestCheckpoint(needs.db))?.size ?? 0)) return 'longer';
  return (await rootAt(needs.db, kept.size)).equals(kept.root) ? 'fits' : 'another';
}

/** The name of a checkpoint's file: in the order of their sizes. */
const fileOf = (size: number) => `checkpoint-${String(size).padStart(12, '0')}.txt`;
const isCheckpointFile = (name: string) => /^checkpoint-\d{12,}\.txt$/.test(name);

/** The last checkpoint in a folder; null: none yet. Throws what the file system says. */
export async function lastInFolder(folder: string): Promise<string | null> {
  const names = await readdir(folder);
  const last = names.filter(isCheckpointFile).sort().at(-1);
  return last === undefined ? null : readFile(join(folder, last), 'utf8');
}

/** Puts a checkpoint beside those that are there, and the keys that verify it; never over a file. Flushed when it answers. */
export async function putInFolder(folder: string, size: number, note: string, signer: LogSigner): Promise<void> {
  await writeOnce(join(folder, fileOf(size)), note);
  for (const vkey of vkeysOf(signer)) await writeOnce(join(folder, `vkey-${vkey.split('+')[1]}.txt`), `${vkey}\n`);
}

async function writeOnce(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o444);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
    // of two processes that deliver at once one is first; a torn file of the same name is no delivery
    if ((await readFile(path, 'utf8')) !== text && !path.includes('vkey-')) throw error;
  }
}

/** Makes the folder where its parent is there: a share that is not mounted is not made up on the local disk. */
export const openFolder = (folder: string): Promise<unknown> =>
  mkdir(folder).catch((error: { code?: string }) => {
    if (error.code !== 'EEXIST') throw error;
  });
