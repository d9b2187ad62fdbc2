import { formSpoils, type Grid, inCell, pick, type Random, type Spoil, textOf } from '../spoilt-csv.ts';

const headers = ['Id', 'First', 'Last', 'Mail', 'Phone', 'Född'];
const given = ['Aino Maria', 'Väinö Åke', 'Ulla Örn'];
const family = ['Mäkelä', 'Sjögren', 'Häkkinen', 'Ångström'];

export const columns = { givenName: 'First', familyName: 'Last', email: 'Mail', phone: 'Phone', birthDate: 'Född' };

/** Enough people that not one of them leaves unseen when very many do. */
export const gridOf = (random: Random, people = 5 + random(4)): Grid => [
  [...headers],
  ...Array.from({ length: people }, (_, n) => [
    `B${1000 + n}`,
    `${given[random(given.length)]} ${'abcdefgh'[n]}`,
    `${family[random(family.length)]}${'abcdefgh'[n]}`,
    `person${n}@odd.test`,
    `040 555 ${1000 + n}`,
    `${1950 + n}-0${1 + random(9)}-1${random(9)}`,
  ]),
];

const changed =
  (change: (grid: Grid, random: Random) => void): Spoil =>
  (grid, random) => {
    change(grid, random);
    return { bytes: Buffer.from(textOf(grid)), settings: {} };
  };

/** What the form leaves open, whatever came before. */
export const spoils: Record<string, Spoil> = {
  ...formSpoils,
  'no date': inCell(5, pick(['31.2.2027', '2027-13-01', '5.5.27', '5/5/2027', '1.1.0001', 'eilen'])),
  'no key': inCell(0, () => ' '),
};

/** What looks like a whole export, and shows beside the one before alone. */
export const odd: Record<string, Spoil> = {
  'columns that changed places': changed((grid, random) => {
    const [head = []] = grid;
    const a = random(head.length);
    const b = (a + 1 + random(head.length - 1)) % head.length;
    [head[a], head[b]] = [head[b] ?? '', head[a] ?? ''];
  }),
  'cut between two rows': changed((grid, random) => void grid.splice(2 + random(grid.length - 4))),
  'other keys': changed((grid) => {
    for (const cells of grid.slice(1)) cells[0] = `X${cells[0]}`;
  }),
};
