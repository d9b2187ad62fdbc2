import { CsvError, parse } from 'csv-parse/sync';
import { refused } from './text-file.ts';

/** A table of a text file: every line a row, every row as long as the header. Anything else is refused whole. */
export interface Table {
  headers: readonly string[];
  /** `line`: as the file counts, from 1. */
  rows: readonly { line: number; cells: readonly string[] }[];
}

export interface TableForm {
  delimiter: string;
  /** `none`: a quotation mark is a letter like any other. */
  quotes: 'none' | 'double';
  /** Names of the columns of a file without a header row. */
  columns?: readonly string[] | undefined;
  /** Whether the last line has its line break: where it must, a cut file shows. */
  finalLineBreak: boolean;
}

interface Parsed {
  record: string[];
  info: { lines: number };
}

export function readTable(file: string, text: string, form: TableForm): Table {
  if (form.finalLineBreak && !/[\r\n]$/.test(text))
    throw refused(file, text.split(/\r\n|\r|\n/).length, 'the file ends in the middle of a line');
  const all = parseRows(file, text, form);
  const [head, ...others] = form.columns ? [{ line: 0, cells: form.columns }, ...all] : all;
  if (!head) throw refused(file, 1, 'there is no header row');
  const headers = head.cells.map(spelled);
  const twin = headers.findIndex((name, i) => name !== '' && headers.indexOf(name) !== i);
  if (twin >= 0)
    throw refused(file, head.line, `columns ${headers.indexOf(headers[twin] ?? '') + 1} and ${twin + 1} have one name`);
  for (const { line, cells } of others) {
    if (cells.length !== headers.length)
      throw refused(file, line, `${cells.length} columns where the header has ${headers.length}`);
    if (cells.some((cell, i) => headers[i] === '' && cell.trim() !== ''))
      throw refused(file, line, 'a value in a column without a name');
    if (cells.some((cell) => /[\r\n]/.test(cell))) throw refused(file, line, 'a line break inside a value');
    if (form.quotes === 'none' && cells.some(isQuoted))
      throw refused(file, line, 'a value in quotation marks, where the settings say that there are none');
  }
  return { headers, rows: others };
}

const isQuoted = (cell: string): boolean => {
  const text = cell.trim();
  return text.length > 1 && text.startsWith('"') && text.endsWith('"');
};

/** A name of a column as it is compared: without case and doubled blanks. */
export const spelled = (name: string): string => name.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase();

function parseRows(file: string, text: string, { delimiter, quotes }: TableForm): { line: number; cells: string[] }[] {
  try {
    const parsed = parse(text, {
      delimiter,
      quote: quotes === 'double' ? '"' : null,
      escape: quotes === 'double' ? '"' : null,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as Parsed[];
    return parsed.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (error) {
    // the parser's own text quotes the row
    if (!(error instanceof CsvError)) throw error;
    const line = 'lines' in error && typeof error.lines === 'number' ? error.lines : 1;
    throw refused(file, line, faults[error.code] ?? 'the line cannot be read');
  }
}

const faults: Partial<Record<CsvError['code'], string>> = {
  INVALID_OPENING_QUOTE: 'a quotation mark inside a value that does not begin with one',
  CSV_INVALID_CLOSING_QUOTE: 'a quotation mark inside a value, or text after the closing one',
  CSV_QUOTE_NOT_CLOSED: 'a quotation mark that is never closed',
};
