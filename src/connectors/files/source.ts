import { createHash } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import type { Fields } from '../../core/person.ts';
import type { Exchange } from '../exchange.ts';
import type { FileEntry } from '../exchange-files.ts';
import { wildcard } from '../file-settings.ts';
import type { Call } from '../http.ts';
import { settledList, type Wait } from '../settled.ts';
import { readTable, spelled } from '../table.ts';
import { decode, refused } from '../text-file.ts';
import { type Cells, toFields } from './form.ts';
import type { FilesSettings } from './settings.ts';

export interface Row {
  key: string;
  cells: Cells;
  fields: Fields;
}

/** The other side's newest whole export, believed. */
export interface Export {
  rows: ReadonlyMap<string, Row>;
  /** By the other side's clock, in ms. */
  writtenMs: number;
}

export type ReadNewest = (call: Call) => Promise<Export>;

const keptMs = 5000;
/** Fewer rows than these are never a mass disappearance. */
const fewest = 3;

/**
 * Reads the newest export that stands still, kept for a few seconds so that many looks are one reading. One that is malformed, or lacks
 * very many rows of the one before it, says nothing: the look fails and is taken again, it never becomes "not there".
 */
export function newestExport(exchange: Exchange, settings: FilesSettings, wait: Wait): ReadNewest {
  const { folder, names } = settings.export;
  const isExport = wildcard(names);
  const list = settledList(exchange, {
    folder,
    settleMs: settings.settleSeconds * 1000,
    isWanted: (name) => isExport.test(name) && !name.startsWith('.') && !isOwn(name, settings),
    wait,
  });
  const readOne = async ({ name, size }: FileEntry, call: Call) => {
    const bytes = await exchange.read(folder === '' ? name : `${folder}/${name}`, call);
    if (bytes?.length !== size) throw unread(`${name} changed while it was read`);
    return { code: createHash('sha256').update(bytes).digest('hex').slice(0, 16), rows: readRows(name, bytes, settings) };
  };

  async function read(call: Call): Promise<Export> {
    const left = (await list(call)).sort(
      (a, b) => b.entry.modifiedMs - a.entry.modifiedMs || (a.entry.name < b.entry.name ? 1 : -1),
    );
    const [newest, before] = left.filter(({ isSettled }) => isSettled).map(({ entry }) => entry);
    if (!newest) throw unread('there is no export of the other side to read');
    try {
      const { rows, code } = await readOne(newest, call);
      // one that cannot be read any more is nothing to hold the newest against
      const known = before && !settings.agreed.includes(code) ? await readOne(before, call).catch(garbledAsNull) : null;
      const missing = known === null ? 0 : [...known.rows.keys()].filter((key) => !rows.has(key)).length;
      if (known !== null && missing >= fewest && missing > known.rows.size * settings.mostVanishing)
        throw refused(
          newest.name,
          rows.size + 1,
          `${missing} of ${known.rows.size} rows are missing in it; if that is right, add ${code} to agreed in the settings`,
        );
      return { rows, writtenMs: newest.modifiedMs };
    } catch (error) {
      // tried again until the other side mends it, however long that takes
      if (error instanceof Failure && error.code === 'ANSWER_GARBLED') throw unread(error.hint ?? error.message);
      throw error;
    }
  }

  let kept: Promise<Export> | null = null;
  return (call) => {
    if (kept) return kept;
    const reading = read(call);
    kept = reading;
    const forget = () => {
      if (kept === reading) kept = null;
    };
    reading.then(() => setTimeout(forget, keptMs).unref(), forget);
    return reading;
  };
}

const unread = (hint: string) => new Failure('RECIPIENT_UNAVAILABLE', { hint });

const garbledAsNull = (error: unknown): null => {
  if (error instanceof Failure && error.code === 'ANSWER_GARBLED') return null;
  throw error;
};

/** Our own file of changes, where both sides share a folder. */
export const isOwn = (name: string, { changes, export: theirs }: FilesSettings): boolean =>
  changes.folder === theirs.folder && name.startsWith(changes.prefix);

export function readRows(file: string, bytes: Buffer, settings: FilesSettings): Map<string, Row> {
  const table = readTable(file, decode(file, bytes, settings.encoding), settings);
  for (const column of [settings.key, ...Object.values(settings.map)])
    if (!table.headers.includes(spelled(column))) throw refused(file, 1, `the column "${column}" is missing`);
  const lines = new Map<string, number>();
  const rows = new Map<string, Row>();
  for (const { line, cells } of table.rows) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    const named = new Map(table.headers.map((header, i) => [header, (cells[i] ?? '').trim()]));
    const key = named.get(spelled(settings.key)) ?? '';
    if (key === '') throw refused(file, line, 'a row without a key');
    const twin = lines.get(key);
    if (twin !== undefined) throw refused(file, line, `the same key as on line ${twin}`);
    lines.set(key, line);
    rows.set(key, { key, cells: named, fields: toFields(named, settings, { file, line }) });
  }
  if (rows.size === 0) throw refused(file, 1, 'there is nobody in it');
  return rows;
}
