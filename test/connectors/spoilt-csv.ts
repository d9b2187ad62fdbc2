import iconv from 'iconv-lite';

/** Files of a few people, spoilt in their form; by a number, so that a run can be had again. What stands in them is each system's own. */
export interface Spoilt {
  bytes: Buffer;
  settings: Record<string, unknown>;
  /** Where the fault stands, where only one line can be meant. */
  line?: number;
}

export type Random = (below: number) => number;
/** The first row is the header; the first column the key. */
export type Grid = string[][];
export type Spoil = (grid: Grid, random: Random) => Spoilt;

export const textOf = (grid: Grid, end = '\r\n', delimiter = ';') => grid.map((cells) => cells.join(delimiter) + end).join('');

/** Every value of a person: none of them may stand in a failure. */
export const valuesIn = (grid: Grid): string[] => grid.slice(1).flatMap((cells) => cells.filter((cell) => cell.length > 3));

export const lineOf = (grid: Grid, random: Random) => 2 + random(grid.length - 1);
export const quoted = { quotes: 'double' };

const widthOf = ([head = []]: Grid) => head.length;

/** Changes one cell of a random row. */
export const inCell =
  (column: number | null, change: (cell: string, random: Random) => string, settings: Record<string, unknown> = {}): Spoil =>
  (grid, random) => {
    const line = lineOf(grid, random);
    const cells = grid[line - 1] ?? [];
    const at = column ?? 1 + random(2);
    cells[at] = change(cells[at] ?? '', random);
    return { bytes: Buffer.from(textOf(grid)), settings, line };
  };
export const pick = (of: readonly string[]) => (_: string, random: Random) => of[random(of.length)] ?? '';

/** Faults of form, which any system refuses. */
export const formSpoils: Record<string, Spoil> = {
  'cut in a line': (grid, random) => {
    const bytes = Buffer.from(textOf(grid));
    let at = 1 + random(bytes.length - 1);
    // behind a line break nothing shows: that is what the stop of a mass disappearance is for
    while (bytes[at - 1] === 0x0a || bytes[at - 1] === 0x0d) at--;
    return { bytes: bytes.subarray(0, at), settings: {} };
  },
  'cut in a line, line break allowed to lack': (grid) => {
    const last = grid.length;
    const text = textOf(grid).trimEnd();
    return { bytes: Buffer.from(text.slice(0, text.lastIndexOf(';'))), settings: { finalLineBreak: false }, line: last };
  },
  'quoted, where quotes are unknown': inCell(1, (cell) => `"${cell}"`),
  'an open quote': inCell(1, (cell) => `"${cell}`, quoted),
  'a quote inside': inCell(1, (cell) => `${cell.slice(0, 2)}"${cell.slice(2)}`, quoted),
  'text behind a quote': inCell(1, (cell) => `"${cell}"x`, quoted),
  'a line break in quotes': (grid, random) => {
    const { bytes, settings } = inCell(1, (cell) => `"${cell.replace(' ', '\n')}"`, quoted)(grid, random);
    return { bytes, settings };
  },
  'Latin-1 for UTF-8': (grid) => ({ bytes: iconv.encode(textOf(grid), 'iso-8859-1'), settings: {}, line: 1 }),
  'UTF-8 for Latin-1': (grid, random) => ({
    bytes: Buffer.from(textOf(grid)),
    settings: { encoding: ['iso-8859-1', 'iso-8859-15', 'windows-1252'][random(3)] },
    line: 1,
  }),
  'encoded twice': (grid) => ({
    bytes: Buffer.from(iconv.decode(Buffer.from(textOf(grid)), 'iso-8859-1')),
    settings: {},
    line: 1,
  }),
  'UTF-16': (grid) => ({ bytes: Buffer.from(`\ufeff${textOf(grid)}`, 'utf16le'), settings: {} }),
  'letters that were lost': inCell(1, (cell) => `${cell}\ufffd`),
  'a null': inCell(null, (cell) => `${cell}\0`),
  'another control character': inCell(
    null,
    (cell, random) => `${cell}${String.fromCharCode([1, 7, 8, 11, 27, 127, 133][random(7)] ?? 1)}`,
  ),
  'one key twice': (grid) => {
    const [, first = []] = grid;
    grid.push([...first]);
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line: grid.length };
  },
  'a column missing': (grid, random) => {
    const at = random(widthOf(grid));
    for (const cells of grid) cells.splice(at, 1);
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line: 1 };
  },
  'a column twice': (grid, random) => {
    const at = random(widthOf(grid));
    for (const [i, cells] of grid.entries()) cells.push(i === 0 ? ` ${(cells[at] ?? '').toUpperCase()} ` : 'x');
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line: 1 };
  },
  'a cell too many': (grid, random) => {
    const line = lineOf(grid, random);
    grid[line - 1]?.push('x');
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line };
  },
  'a cell too few': (grid, random) => {
    const line = lineOf(grid, random);
    grid[line - 1]?.splice(1 + random(4), 1);
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line };
  },
  'a value under no name': (grid, random) => {
    const line = lineOf(grid, random);
    for (const [i, cells] of grid.entries()) cells.push(i === line - 1 ? 'x' : '');
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line };
  },
  'another delimiter': (grid, random) => ({
    bytes: Buffer.from(textOf(grid, '\n', [',', '\t', '|'][random(3)])),
    settings: {},
    line: 1,
  }),
  'nothing at all': () => ({ bytes: Buffer.alloc(0), settings: {}, line: 1 }),
  'a header alone': (grid) => ({ bytes: Buffer.from(textOf(grid.slice(0, 1))), settings: {}, line: 1 }),
  'blank lines alone': () => ({ bytes: Buffer.from('\n\r\n;;;\n'), settings: {} }),
};
