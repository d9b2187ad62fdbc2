import type { RegisterOptions } from '../connector.ts';
import { readTable, spelled, type Table } from '../table.ts';
import { decode, refused } from '../text-file.ts';
import { type Header, headersOf, type MepcoSettings } from './settings.ts';
import { readNumber } from './values.ts';

/** One person of one export, as it stands there: cells by the compared name of their column. */
export interface Row {
  /** Company and number, or the number alone. */
  id: string;
  file: string;
  line: number;
  modifiedMs: number;
  cells: ReadonlyMap<string, string>;
}

export interface Export {
  rows: ReadonlyMap<string, Row>;
  /** Rows without a person's number, which are nobody's. */
  unnumbered: number;
}

/** What is asked of every file: the settings, and the columns that the register's configuration names. */
export interface Mapping {
  settings: MepcoSettings;
  register: RegisterOptions | undefined;
}

/** Reads a whole file, or refuses it whole by file, line and reason. */
export function readExport(file: { name: string; modifiedMs: number }, bytes: Buffer, { settings, register }: Mapping): Export {
  const { name } = file;
  const table = readTable(name, decode(name, bytes, settings.encoding), settings);
  const number = columnOf(name, table, settings.number);
  const company = columnOf(name, table, settings.company, { isOptional: true });
  const read = readHeaders({ settings, register }).map((header) => columnOf(name, table, header));
  const rows = new Map<string, Row>();
  let unnumbered = 0;
  for (const { line, cells } of table.rows) {
    const at = (column: number | null) => (column === null ? '' : (cells[column] ?? '').trim());
    if (cells.every((cell) => cell.trim() === '')) continue;
    if (at(number) === '') {
      unnumbered++;
      continue;
    }
    for (const column of [number, company, ...read])
      if (at(column).includes(settings.delimiter) || at(column).includes(';'))
        throw refused(name, line, `a value in the column "${table.headers[column ?? 0]}" holds the delimiter`);
    const part = readNumber(name, line, at(company), 'company');
    const own = readNumber(name, line, at(number), 'person');
    if (company !== null && part === '') throw refused(name, line, 'a person without the number of their company');
    const id = part === '' ? own : `${part}/${own}`;
    const twin = rows.get(id);
    if (twin) throw refused(name, line, `the same person's number as on line ${twin.line}`);
    const named = new Map(table.headers.map((header, i) => [header, (cells[i] ?? '').trim()]));
    rows.set(id, { id, file: name, line, modifiedMs: file.modifiedMs, cells: named });
  }
  if (rows.size === 0) throw refused(name, 1, 'there is nobody in it');
  return { rows, unnumbered };
}

/** Headers that must be there: a column that went missing is not a value that was taken away from everybody. */
export function readHeaders({ settings, register }: Mapping): Header[] {
  const signals = [
    register?.erasureSignal?.field,
    ...Object.values(register?.permissions ?? {}).flatMap(({ granted, refused: no }) => [granted?.field, no?.field]),
    ...Object.values(register?.events ?? {}),
  ];
  return [...Object.values(settings.map), ...signals.flatMap((field) => field ?? [])];
}

function columnOf(file: string, table: Table, header: Header): number;
function columnOf(file: string, table: Table, header: Header, options: { isOptional: true }): number | null;
function columnOf(file: string, { headers }: Table, header: Header, options?: { isOptional: true }): number | null {
  const names = headersOf(header).map(spelled);
  const found = headers.flatMap((name, i) => (names.includes(name) ? [i] : []));
  if (found.length > 1) throw refused(file, 1, `two columns that both are "${headersOf(header)[0]}"`);
  if (found[0] === undefined && !options?.isOptional) throw refused(file, 1, `the column "${headersOf(header)[0]}" is missing`);
  return found[0] ?? null;
}

/** A row of changes over what was known: blanks are values, or say nothing, as the settings have it. */
export const over = (known: Row | undefined, row: Row, blanks: MepcoSettings['blanks']): Row => {
  if (!known || blanks === 'empty') return row;
  const filled = [...row.cells].filter(([, value]) => value !== '');
  return { ...row, cells: new Map([...known.cells, ...filled]) };
};

export const cellOf = (row: Row, header: Header): string =>
  headersOf(header)
    .map((name) => row.cells.get(spelled(name)))
    .find((value) => value !== undefined) ?? '';
