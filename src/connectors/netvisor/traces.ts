import type { Card, ContactPerson } from './customers.ts';
import type { CardField, CardValues } from './elements.ts';
import { isSame } from './finding.ts';
import { isPersonCard } from './mapping.ts';
import { sameName } from './names.ts';

/**
 * What a card says of somebody besides their own row on it: their address, number or name in other elements, and texts that name
 * them. The first is corrected and blanked with the row; of a text only people can say what it needs to stay.
 */

export type Named = Pick<ContactPerson, 'firstName' | 'lastName' | 'email' | 'phone'>;
type Part = 'name' | 'email' | 'phone';

const block = { name: 'ContactPerson', email: 'ContactPersonEmail', phone: 'ContactPersonPhone' } as const;
/** Elements of the firm's that may hold one person's. Never its name, its address or its identifiers. */
const others = {
  email: ['Email', 'EmailInvoicingAddress'],
  phone: ['PhoneNumber', 'FaxNumber'],
  name: ['NameExtension', 'DeliveryName', 'YourDefaultReference'],
} as const satisfies Record<Part, readonly CardField[]>;
const parts = ['name', 'email', 'phone'] as const;

const namesOf = ({ firstName, lastName }: Named) => [`${firstName} ${lastName}`.trim(), `${lastName} ${firstName}`.trim()];
const isTheirs = (part: Part, text: string | undefined, person: Named): boolean =>
  part === 'name' ? namesOf(person).some((name) => sameName(text ?? '', name)) : isSame(part, text, person[part]);

/** The elements that show exactly a part of this person, block and others. */
function elementsOf(card: Card, person: Named): [CardField, Part][] {
  const { values } = card;
  return parts.flatMap((part) => {
    // on somebody's own card these are the customer's; and what a colleague shares is the firm's
    const isFirms = isPersonCard(card) || card.persons.filter((other) => isTheirs(part, partOf(other, part), person)).length > 1;
    const fields = [block[part], ...(isFirms ? [] : others[part])];
    return fields.filter((field) => isTheirs(part, values[field], person)).map((field): [CardField, Part] => [field, part]);
  });
}
const partOf = (person: Named, part: Part) => (part === 'name' ? (namesOf(person)[0] ?? '') : person[part]);

/** The card's elements after what stands in them of a person was replaced. */
export function correctedTraces(card: Card, person: Named, fresh: Partial<Record<Part, string>>): CardValues {
  return Object.fromEntries(
    elementsOf(card, person).flatMap(([field, part]) => (fresh[part] === undefined ? [] : [[field, fresh[part]]])),
  );
}

/** The same for an erasure: blanked, and with them the whole block where it names nobody else. */
export function blankedTraces(card: Card, person: Named): CardValues {
  const { ContactPerson: name, ContactPersonEmail: email } = card.values;
  const isNamesakes = !isTheirs('email', email, person) && card.persons.some((other) => isSame('email', email, other.email));
  const isWhole = name === undefined ? isTheirs('email', email, person) : isTheirs('name', name, person) && !isNamesakes;
  return {
    ...Object.fromEntries(elementsOf(card, person).map(([field]) => [field, ''])),
    ...(isWhole ? emptyBlock : {}),
  };
}

/** `ContactName` can be written and not read: it goes with the block. */
export const emptyBlock: CardValues = { ContactName: '', ContactPerson: '', ContactPersonEmail: '', ContactPersonPhone: '' };

/** Elements that people fill with a text. In a note, one of the names alone says enough. */
const notes: readonly CardField[] = ['Comment', 'DefaultTextBeforeInvoiceLines', 'DefaultTextAfterInvoiceLines'];
const texts: readonly CardField[] = [
  ...notes,
  'NameExtension',
  'HomePageUri',
  'DeliveryName',
  'DeliveryStreetAddress',
  'ContactPerson',
  'CustomerAgreementIdentifier',
  'ReferenceNumber',
  'YourDefaultReference',
];

/** Which parts of a person the card's texts show, once `blanked` are empty; null: none. */
export function shownInTexts(card: Card, person: Named, blanked: CardValues): Record<Part, boolean> | null {
  const firm = words(card.values.Name ?? '');
  const shown = { name: false, email: false, phone: false };
  for (const field of texts) {
    const text = blanked[field] === undefined ? (card.values[field] ?? '') : '';
    if (text === '') continue;
    const said = words(text).replaceAll(firm, ' ');
    const alone = notes.includes(field) ? ownNames(card, person) : [];
    shown.name ||= namesOf(person).some((name) => words(name) !== ' ' && said.includes(words(name).trimEnd()));
    shown.name ||= alone.some((name) => said.includes(name));
    shown.email ||= person.email !== '' && text.toLowerCase().includes(person.email.trim().toLowerCase());
    shown.phone ||= numbersIn(text).some((number) => isSame('phone', number, person.phone));
  }
  return shown.name || shown.email || shown.phone ? shown : null;
}

/** Each with a blank around, so that whole words are compared. */
const words = (text: string) =>
  ` ${text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `.replace(/^ +$/, ' ');
const numbersIn = (text: string) => text.match(/\+?\d[\d\s()/-]*\d/g) ?? [];

/** The names that nobody else on the card has too. */
function ownNames(card: Card, person: Named): string[] {
  const colleagues = card.persons.filter((other) => !isTheirs('name', namesOf(other)[0], person));
  const taken = words(colleagues.flatMap(namesOf).join(' '));
  return [person.firstName, person.lastName].map(words).filter((name) => name.length > 3 && !taken.includes(name));
}
