import type { Fields } from '../../src/core/person.ts';

/** A register, and a recipient that grew beside it: typed by other hands, in other years. `truth` says whose each row is. */
export interface Pair {
  register: { id: string; person: Fields }[];
  rows: { fields: Fields; truth: string | null; what: string }[];
}

const given = [
  'Aino',
  'Eino',
  'Jari',
  'Jani',
  'Matti',
  'Maija',
  'Päivi',
  'Sören',
  'Åsa',
  'Kalle',
  'Liisa',
  'Olli',
  'Outi',
  'Veikko',
  'Ville',
];
const family = [
  'Virtanen',
  'Korhonen',
  'Mäkelä',
  'Åström',
  'Öhman',
  'Nieminen',
  'Laine',
  'Salo',
  'Salonen',
  'af Forselles',
  'Mäki-Kuusi',
];

/** Reproducible chance (mulberry32). */
export function chance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, of: <T>(list: readonly T[]): T => list[below(list.length)] as T };
}

const ascii = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '');

export function makePair(seed: number): Pair {
  const { below, of } = chance(seed);
  const register: Pair['register'] = [];
  const rows: Pair['rows'] = [];
  const host = `p${seed}.test`;
  const people = 6 + below(4);
  for (let i = 0; i < people; i++) {
    const person: Fields = {
      givenName: of(given),
      familyName: of(family),
      email: `${ascii(of(given)).toLowerCase()}${i}@${host}`,
      phone: `+35840${String(seed % 10_000).padStart(4, '0')}${String(i).padStart(3, '0')}`,
      ...(below(3) > 0 ? { customerNumber: `K${seed}-${i}` } : {}),
    };
    register.push({ id: `${seed}-${i}`, person });
  }
  // a couple that shares an address, and a firm whose people share a mailbox and a switchboard
  const [a, b, c, d] = register;
  if (a && b && below(2) === 0) b.person = { ...b.person, familyName: a.person.familyName ?? '', email: a.person.email ?? '' };
  if (c && d && below(2) === 0)
    for (const one of [c, d]) one.person = { ...one.person, email: `info@${host}`, phone: `+3589${seed % 100_000}00` };
  for (const { id, person } of register) {
    const made = rowOf(seed, id, person, below(14), of);
    if (made) rows.push(...made);
  }
  for (let i = 0; i < 2; i++)
    rows.push({
      fields: { givenName: of(given), familyName: of(family), email: `stranger${i}@${host}` },
      truth: null,
      what: 'stranger',
    });
  return { register, rows };
}

function rowOf(seed: number, id: string, p: Fields, kind: number, of: <T>(list: readonly T[]) => T): Pair['rows'] | null {
  const row = (fields: Fields, what: string, truth: string | null = id) => [{ fields, truth, what }];
  const email = String(p.email);
  switch (kind) {
    case 0:
      return row({ ...p }, 'equal');
    case 1:
      return row(
        { ...p, email: ` ${email.toUpperCase()} `, givenName: String(p.givenName).normalize('NFD') },
        'other case and form',
      );
    case 2:
      return row({ ...p, givenName: p.familyName ?? '', familyName: p.givenName ?? '' }, 'swapped names');
    case 3:
      return row(
        { ...p, phone: `0${String(p.phone).slice(4, 6)} ${String(p.phone).slice(6, 9)} ${String(p.phone).slice(9)}` },
        'national phone',
      );
    case 4:
      return row({ ...p, givenName: ascii(String(p.givenName)), familyName: ascii(String(p.familyName)) }, 'without dots');
    case 5:
      return row({ ...p, familyName: `${String(p.familyName).slice(0, -1)}` }, 'slip in the name');
    case 6:
      return row({ ...p, email: email.replace('@', 'n@'), phone: '' }, 'slip in the address');
    case 7:
      // the other one at home, whom the register does not know, under the same address and number
      return row(
        { givenName: of(['Hilkka', 'Tauno']), familyName: p.familyName ?? '', email, phone: p.phone ?? '' },
        'family member',
        null,
      );
    case 8:
      return row({ givenName: 'Uusi', familyName: 'Omistaja', phone: p.phone ?? '' }, 'number handed on', null);
    case 9:
      return row({ email }, 'address alone');
    case 10:
      return row({ givenName: p.givenName ?? '', familyName: p.familyName ?? '' }, 'name alone');
    case 11:
      return [...row({ ...p }, 'first of two'), ...row({ ...p, customerNumber: '' }, 'second of two')];
    case 12:
      // a namesake with an address of their own
      return row(
        { givenName: p.givenName ?? '', familyName: p.familyName ?? '', email: `namesake-${id}@p${seed}.test` },
        'namesake',
        null,
      );
    default:
      return null;
  }
}
