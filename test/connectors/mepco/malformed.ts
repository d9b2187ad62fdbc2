import { formSpoils, type Grid, inCell, pick, quoted, type Random, type Spoil, textOf } from '../spoilt-csv.ts';

const headers = ['Person Number', 'User Name', 'User Email', 'User Language', 'User SSN', 'Ts päättymispv'];
const codes = ['131052-308T', '100190-999P', '100190Y999P', '010594Y9021', '150785X9009', '020502E902X', '010203A9013'];
const names = ['Åke Öhman', 'Äijä Väinö Mäkelä', 'Ulla Sjögren', 'Kaisa Häkkinen', 'Bo Ångström'];
const languages = ['FINNISH', 'SWEDISH', 'ENGLISH'];

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

/** What the form leaves open, and the columns do not. */
export const spoils: Record<string, Spoil> = {
  ...formSpoils,
  'a delimiter in quotes': inCell(1, (cell) => `"${cell};"`, quoted),
  'columns that changed places': (grid, random) => {
    const [head = []] = grid;
    const a = random(6);
    const b = (a + 1 + random(5)) % 6;
    [head[a], head[b]] = [head[b] ?? '', head[a] ?? ''];
    return { bytes: Buffer.from(textOf(grid)), settings: {} };
  },
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
