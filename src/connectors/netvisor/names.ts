import { isSoleTrader, withoutSoleTraderWord } from '../../core/organisation.ts';
import type { Fields, OrganisationName } from '../../core/person.ts';
import { oneLine } from './elements.ts';
import type { NetvisorSettings } from './settings.ts';

/** A card has one name, a person two: composed for writing, split for reading, so that the two agree. */

export type NameOrder = NetvisorSettings['nameOrder'];
export interface Names {
  givenName?: string;
  familyName?: string;
}

/** Of a contact person's name part, and so of a part on a card (which takes 250 in all). */
const partLength = 100;
const part = (text: unknown) => oneLine(typeof text === 'string' ? text : '', partLength);

export function compose({ givenName, familyName }: Names, order: NameOrder): string {
  const parts = order === 'given-first' ? [part(givenName), part(familyName)] : [part(familyName), part(givenName)];
  return parts.filter(Boolean).join(' ');
}

/** The family name is the last word, or the first in family-first order. A single word is the name that stands first. */
export function split(name: string, order: NameOrder): Names {
  const words = oneLine(name, 250).split(' ').filter(Boolean);
  const [first, ...rest] = words;
  if (first === undefined) return {};
  if (order === 'given-first') {
    if (rest.length === 0) return { givenName: first };
    return { givenName: words.slice(0, -1).join(' '), familyName: words.slice(-1).join('') };
  }
  return rest.length === 0 ? { familyName: first } : { familyName: first, givenName: rest.join(' ') };
}

/** Two names as two systems may spell them. */
export const sameName = (a: string, b: string): boolean => a !== '' && fold(a) === fold(b);
export const fold = (text: string) => oneLine(text, 250).toLowerCase();

/** A sole trader's business name and id, where these fields name one; a firm that the person works for is none of the card's. */
export function soleTraderOf({ organisation }: Fields): OrganisationName | null {
  if (typeof organisation !== 'object' || !('name' in organisation)) return null;
  return organisation.name && isSoleTrader(organisation.name) ? organisation : null;
}

/** The two names that a card's one shows: of a sole trader's, what is left without the word for it. */
export const namesOnCard = (name: string, order: NameOrder): Names =>
  split((isSoleTrader(name) && withoutSoleTraderWord(name)) || name, order);

/**
 * The card's name after a correction. A sole trader's business name is not a person's to overwrite: without the business name only
 * the person's own part of it is changed, where it shows (`Tmi Aino Virtanen`); null where it does not (`Ainon Leipä Tmi`).
 */
export function correctedName(current: string, names: Names, fields: Fields, order: NameOrder): string | null {
  const business = soleTraderOf(fields)?.name;
  if (business) return oneLine(business, 250);
  const composed = compose(names, order);
  if (!isSoleTrader(current) || fields.organisation !== undefined || sameName(current, composed)) return composed;
  const person = withoutSoleTraderWord(current);
  if (fold(person) === fold(composed)) return current;
  const words = fold(composed).split(' ');
  const isTheirs = fold(person)
    .split(' ')
    .some((word) => words.includes(word));
  const fresh = current.replace(person, () => composed);
  return isTheirs && sameName(compose(namesOnCard(fresh, order), order), composed) ? fresh : null;
}
