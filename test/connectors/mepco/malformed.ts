import iconv from 'iconv-lite';

/** A file of a few people, spoilt in one of many ways; by a number, so that a run can be had again. */
export interface Spoilt {
  kind: string;
  bytes: Buffer;
  settings: Record<string, unknown>;
  /** Where the fault stands, where only one line can be meant. */
  line?: number;
}

type Random = (below: number) => number;

const headers = ['Person Number', 'User Name', 'User Email', 'User Language', 'User SSN', 'Ts päättymispv'];
const codes = ['131052-308T', '100190-999P', '100190Y999P', '010594Y9021', '150785X9009', '020502E902X', '010203A9013'];
const names = ['Åke Öhman', 'Äijä Väinö Mäkelä', 'Ulla Sjögren', 'Kaisa Häkkinen', 'Bo Ångström'];
const languages = ['FINNISH', 'SWEDISH', 'ENGLISH'];

export type Grid = string[][];

export const gridOf = (random: Random, people = 2 + random(5)): Grid => [
  [...headers],
  ...Array.from({ length: people }, (_, n) => [
    String(100 + n).padStart(5, '0'),
    names[random(names.length)] ?? '',
    `person${n}@personnel.test`,
    languages[random(3)] ?? '',
    codes[n % codes.length] ?? '',
    `${1 + random(28)}.${1 + random(12)}.2027`,
  ]),
];

export const textOf = (grid: Grid, end = '\r\n', delimiter = ';') => grid.map((cells) => cells.join(delimiter) + end).join('');

/** Every value of a person: none of them may stand in a failure. */
export const valuesIn = (grid: Grid): string[] => grid.slice(1).flatMap((cells) => cells.filter((cell) => cell.length > 3));

const lineOf = (grid: Grid, random: Random) => 2 + random(grid.length - 1);
const quoted = { quotes: 'double' };

type Spoil = (grid: Grid, random: Random) => Omit<Spoilt, 'kind'>;

/** Changes one cell of a random row. */
const inCell =
  (column: number | null, change: (cell: string, random: Random) => string, settings: Record<string, unknown> = {}): Spoil =>
  (grid, random) => {
    const line = lineOf(grid, random);
    const cells = grid[line - 1] ?? [];
    const at = column ?? 1 + random(2);
    cells[at] = change(cells[at] ?? '', random);
    return { bytes: Buffer.from(textOf(grid)), settings, line };
  };
const pick = (of: readonly string[]) => (_: string, random: Random) => of[random(of.length)] ?? '';

export const spoils: Record<string, Spoil> = {
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
  'a delimiter in quotes': inCell(1, (cell) => `"${cell};"`, quoted),
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
  'columns that changed places': (grid, random) => {
    const [head = []] = grid;
    const a = random(6);
    const b = (a + 1 + random(5)) % 6;
    [head[a], head[b]] = [head[b] ?? '', head[a] ?? ''];
    return { bytes: Buffer.from(textOf(grid)), settings: {} };
  },
  'one key twice': (grid) => {
    const [, first = []] = grid;
    grid.push([...first]);
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line: grid.length };
  },
  'a column missing': (grid, random) => {
    const at = random(6);
    for (const cells of grid) cells.splice(at, 1);
    return { bytes: Buffer.from(textOf(grid)), settings: {}, line: 1 };
  },
  'a column twice': (grid, random) => {
    const at = random(6);
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
  'a formula': inCell(
    null,
    pick(['=1+1', '=HYPERLINK("x")', '@SUM(A1)', "-cmd|'/C calc'!A0", '+cmd', '|x', '=cmd@personnel.test']),
  ),
  'endlessly long': inCell(
    2,
    (_cell, random) => ['a'.repeat(100_000), `${'a.'.repeat(50_000)}@`, `x@${'.'.repeat(99_999)}`][random(3)] ?? '',
  ),
  'a wrong check character': inCell(4, pick(['131052-308U', '320190-999P', '010190G9021', '131052 3080', '1310'])),
  'no date': inCell(5, pick(['31.2.2027', '2027-13-01', '5.5.27', '5/5/2027', '1.1.0001', 'eilen'])),
  'no address': inCell(
    2,
    pick(['aino', 'aino@', '@personnel.test', 'a b@personnel.test', 'aino@personnel', 'a@b@personnel.test']),
  ),
  'no language': inCell(3, pick(['KLINGON', '17', 'f', 'Finnish language'])),
  'no number': inCell(0, pick(['12 34', 'a@b.test', '131052-308T', '#1', '-5', '=5', 'x'.repeat(41), '1/2'])),
  'no name': inCell(1, pick(['aino@personnel.test', '131052-308T', '040 123 4567', '2'])),
};
