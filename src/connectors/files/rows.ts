import type { Fields } from '../../core/person.ts';
import { readTable, spelled } from '../table.ts';
import { decode, refused } from '../text-file.ts';
import { type Cells, toFields } from './form.ts';
import { type FilesSettings, personalColumns } from './settings.ts';

export interface Row {
  key: string;
  cells: Cells;
  fields: Fields;
}

/** An export, read; `code`: of its content, by which a person agrees to it. */
export interface Read {
  code: string;
  rows: ReadonlyMap<string, Row>;
}

/**
 * Reads a whole file, or refuses it whole by file, line and reason. A row that shows nobody any more (`erased.row: blank`) is no row.
 */
export function readRows(file: string, bytes: Buffer, settings: FilesSettings): Map<string, Row> {
  const table = readTable(file, decode(file, bytes, settings.encoding), settings);
  for (const column of [settings.key, ...Object.values(settings.map)])
    if (!table.headers.includes(spelled(column))) throw refused(file, 1, `the column "${column}" is missing`);
  const personal = personalColumns(settings).map(spelled);
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
    // the property stays, and the person is gone
    if (personal.length > 0 && personal.every((column) => named.get(column) === '')) continue;
    rows.set(key, { key, cells: named, fields: toFields(named, settings, { file, line }) });
  }
  if (rows.size === 0) throw refused(file, 1, 'there is nobody in it');
  return rows;
}
