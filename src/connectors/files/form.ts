import { stringify } from 'csv-stringify/sync';
import iconv from 'iconv-lite';
import type { Address, FieldName, Fields } from '../../core/person.ts';
import { fieldsOf } from '../../core/person.ts';
import { readDay, splitName } from '../file-settings.ts';
import { spelled } from '../table.ts';
import { refused } from '../text-file.ts';
import type { FilesSettings } from './settings.ts';

/** Cells by the compared name of their column. */
export type Cells = ReadonlyMap<string, string>;

/** What a spreadsheet takes for the beginning of a formula, behind any apostrophes. */
const formula = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** The value that an escaped cell stands for. A cell that the other side never escaped has no apostrophe before its sign. */
const unescaped = (cell: string, { escapeFormulas }: FilesSettings): string =>
  escapeFormulas && cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;

/** The canonical fields of a row. Throws the refusal of its file where a date is none. */
export function toFields(cells: Cells, settings: FilesSettings, at: { file: string; line: number }): Fields {
  const person: Record<string, unknown> = {};
  const addresses: Record<string, Address> = {};
  const custom: Record<string, string> = {};
  for (const [field, column] of Object.entries(settings.map)) {
    const value = unescaped(cells.get(spelled(column)) ?? '', settings);
    if (value === '') continue;
    const [whole = '', part] = field.split('.', 2);
    if (field === 'name') Object.assign(person, splitName(value, settings.nameOrder));
    else if (whole === 'custom' && part !== undefined) custom[part] = value;
    else if (part !== undefined) addresses[whole] = { ...addresses[whole], [part]: value };
    else if (field === 'birthDate') {
      const day = readDay(value, 'any');
      if (day === null) throw refused(at.file, at.line, 'birthDate: no date of the agreed form');
      person[field] = day;
    } else person[field] = value;
  }
  return fieldsOf({ ...person, ...addresses, custom });
}

/** The mapped cells of a row with these fields; what has no column is left out. */
export function toCells(fields: Fields, settings: FilesSettings): Map<string, string> {
  const given: Partial<Record<string, unknown>> = fields;
  const text = (value: unknown) => (value === undefined || value === null ? '' : String(value).trim());
  const cells = new Map<string, string>();
  for (const [field, column] of Object.entries(settings.map)) {
    const [whole = '', part] = field.split('.', 2);
    if (field === 'name') {
      const parts = [text(given['givenName']), text(given['familyName'])];
      if (settings.nameOrder === 'family-first') parts.reverse();
      cells.set(spelled(column), parts.filter((word) => word !== '').join(' '));
    } else if (whole === 'custom' || part === undefined) {
      const value = text(given[field]);
      const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value) ?? [];
      const isDay = field === 'birthDate' && settings.dates === 'd.m.yyyy' && year !== undefined;
      cells.set(spelled(column), isDay ? `${Number(date)}.${Number(month)}.${year}` : value);
    } else cells.set(spelled(column), text((given[whole] as Record<string, unknown> | undefined)?.[part]));
  }
  return cells;
}

/** Fields that a row has a place for. */
export function carriedBy({ map }: FilesSettings): FieldName[] {
  const names = Object.keys(map).flatMap((field) =>
    field === 'name' ? ['givenName', 'familyName'] : [field.startsWith('custom.') ? field : (field.split('.')[0] ?? field)],
  );
  return [...new Set(names)] as FieldName[];
}

/** The file of one change: a header, and the key, the mark and every mapped column of the row. Null: a value cannot be written so. */
export function toFile(key: string, cells: Cells, mark: 'change' | 'erase', settings: FilesSettings): Buffer | null {
  const columns = [...new Set(Object.values(settings.map))].filter((column) => spelled(column) !== spelled(settings.key));
  const marked = settings.mark ? [[settings.mark.column, settings.mark[mark] ?? ''] as const] : [];
  const row: (readonly [string, string])[] = [
    ...marked,
    [settings.key, key],
    ...columns.map((column) => [column, cells.get(spelled(column)) ?? ''] as const),
  ];
  // a key must reach the other side letter by letter
  if (settings.escapeFormulas && formula.test(key)) return null;
  const values = row.map(([, value]) => value);
  if (values.some((value) => value !== '' && !isWritable(value, settings))) return null;
  const text = stringify([row.map(([column]) => column), values.map((value) => ahead(value, settings))], {
    delimiter: settings.delimiter,
    quote: settings.quotes === 'double' ? '"' : false,
    record_delimiter: settings.lineBreak === 'crlf' ? '\r\n' : '\n',
    escape_formulas: settings.escapeFormulas,
  });
  const bytes = iconv.encode(text, settings.encoding);
  return iconv.decode(bytes, settings.encoding) === text ? bytes : null;
}

/** An apostrophe that stands there already gets one more, so that taking one off gives back what was there. */
const ahead = (value: string, { escapeFormulas }: FilesSettings): string =>
  escapeFormulas && value.startsWith("'") && formula.test(value) ? `'${value}` : value;

const isWritable = (value: string, { quotes, delimiter }: FilesSettings): boolean =>
  !/(?!\t)\p{Cc}/u.test(value) && (quotes === 'double' || !(value.includes(delimiter) || value.includes('"')));
