import { type Likeness, likeness, type Name } from '../../core/likeness.ts';
import type { Fields, Person } from '../../core/person.ts';
import { internationalDigits } from '../phone.ts';

/** What of a person a row of an export shows: nothing, something that may be another's, or them. */
export type Trace = 'none' | 'doubtful' | 'theirs';

/**
 * Whether a row shows this person, by name, e-mail, telephone and address. An address alone names nobody: whoever moved in lives there. A
 * telephone or e-mail address beside another name is a household's, and a name alone may be another's: `doubtful`.
 */
export function traceIn(row: Fields, person: Fields): Trace {
  const like: Likeness = likeness(row as Name, person as Name);
  const [there, here] = [reachesOf(row as Person), reachesOf(person as Person)];
  const isReached = there.some((way) => here.includes(way));
  if (like === 'different') return isReached ? 'doubtful' : 'none';
  if (isReached) return 'theirs';
  if (like === 'unknown') return 'none';
  const home = homeOf(person as Person);
  if (home !== '' && home === homeOf(row as Person)) return 'theirs';
  return like === 'same' ? 'doubtful' : 'none';
}

const plain = (text: string | undefined): string => (text ?? '').toLowerCase().replace(/\s+/g, ' ').trim();

/** The addresses and numbers that reach somebody, each in one spelling. */
function reachesOf({ email, phone, mobile }: Person): string[] {
  const numbers = [phone, mobile].map((number) => internationalDigits(number ?? '', '358') ?? (number ?? '').replace(/\D/g, ''));
  return [plain(email), ...numbers].filter((way) => way !== '');
}

/** The street with its place; without a street there is no home to compare. */
function homeOf({ address }: Person): string {
  const { street, postcode, city } = address ?? {};
  return plain(street) === '' ? '' : [street, postcode ?? city].map(plain).join(', ');
}
