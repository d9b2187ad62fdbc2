import { type IdentifierKind, normalise } from '../../core/identifier.ts';
import type { Fields, OrganisationName } from '../../core/person.ts';
import type { Call } from '../http.ts';
import type { Card, ContactPerson, Customers, ListedCustomer } from './customers.ts';
import { businessIdOf, isPersonCard, namesOf } from './mapping.ts';
import { compose, type NameOrder, sameName, soleTraderOf } from './names.ts';
import { encodeQuery } from './xml.ts';

/**
 * Netvisor searches name, code, business id and name extension, and finds parts of them: every hit is compared exactly afterwards.
 * E-mail and telephone cannot be searched, only compared.
 */
export interface Finding {
  /** Cards of a person with these values. */
  cards(fields: Fields, call: Call): Promise<Card[]>;
  /** Lines of the cards that are this firm's; more than one where it has several. */
  firms(organisation: OrganisationName, call: Call): Promise<ListedCustomer[]>;
  /** Contact persons of the firm that these values name. */
  contacts(fields: Fields, call: Call): Promise<{ card: Card; person: ContactPerson }[]>;
}

export function findingOf(customers: Customers, nameOrder: NameOrder): Finding {
  async function lines(text: string, call: Call): Promise<ListedCustomer[]> {
    const keyword = keywordOf(text);
    return keyword === '' ? [] : customers.list({ keyword }, call);
  }
  async function cardsOf(found: ListedCustomer[], call: Call): Promise<Card[]> {
    const cards: Card[] = [];
    for await (const some of customers.chunks(
      found.map(({ key }) => key),
      call,
    ))
      cards.push(...some);
    return cards;
  }
  const persons = async (found: ListedCustomer[], call: Call) => (await cardsOf(found, call)).filter(isPersonCard);

  async function firms({ name = '', businessId = '' }: OrganisationName, call: Call): Promise<ListedCustomer[]> {
    const id = businessIdOf(businessId);
    const byId = id === '' ? [] : (await lines(id, call)).filter((line) => businessIdOf(line.organisationIdentifier) === id);
    if (byId.length > 1) {
      const named = byId.filter((line) => sameName(line.name, name));
      return named.length > 0 ? named : byId;
    }
    if (byId.length === 1 || name === '') return byId;
    // another firm of the same name has another id
    return (await lines(name, call)).filter(
      (line) => sameName(line.name, name) && (id === '' || businessIdOf(line.organisationIdentifier) === ''),
    );
  }

  return {
    firms,
    async cards(fields, call) {
      const trader = soleTraderOf(fields);
      const number = canonical('customerNumber', fields.customerNumber);
      if (number !== null) {
        const found = (await lines(String(fields.customerNumber), call)).filter(
          (line) => canonical('customerNumber', line.code) === number,
        );
        const cards = await persons(found, call);
        if (cards.length > 0) return cards;
      }
      const businessId = businessIdOf(trader?.businessId ?? '');
      if (businessId !== '') {
        const found = (await lines(businessId, call)).filter((line) => businessIdOf(line.organisationIdentifier) === businessId);
        const cards = await persons(found, call);
        if (cards.length > 0) return cards;
      }
      const isTheirs = sameReach(fields);
      const named = await lines(trader?.name ?? compose(namesOf(fields), nameOrder), call);
      return (await persons(named, call)).filter(({ values }) => isTheirs(values.Email, values.PhoneNumber));
    },
    async contacts(fields, call) {
      const { organisation } = fields;
      if (typeof organisation !== 'object' || !isOrganisation(organisation)) return [];
      const all = (await cardsOf(await firms(organisation, call), call)).flatMap((card) =>
        card.persons.map((person) => ({ card, person })),
      );
      const isTheirs = sameReach(fields);
      return all.filter(({ person }) => isTheirs(person.email, person.phone));
    },
  };
}

export const isOrganisation = (value: object): value is OrganisationName => 'name' in value || 'businessId' in value;

/** A name that ISO-8859-1 cannot spell is searched by its longest word that it can. */
function keywordOf(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  if (encodeQuery(line) !== null) return line;
  const [longest = ''] = line
    .split(/\s+/)
    .filter((word) => encodeQuery(word) !== null)
    .sort((a, b) => b.length - a.length);
  return longest;
}

const canonical = (kind: IdentifierKind, value: unknown) => (typeof value === 'string' ? normalise(kind, value) : null);

/** Whether a row has the same e-mail address; where either has none, the same telephone number. */
export function sameReach(fields: Fields): (email: string | undefined, phone: string | undefined) => boolean {
  const email = canonical('email', fields.email);
  const phone = canonical('phone', fields.phone);
  return (rowEmail, rowPhone) => {
    const other = canonical('email', rowEmail);
    if (email !== null && other !== null) return email === other;
    return phone !== null && phone === canonical('phone', rowPhone);
  };
}

/** Whether two texts are the same address, number or code. */
export const isSame = (kind: IdentifierKind, a: string | undefined, b: string | undefined): boolean => {
  const one = canonical(kind, a);
  return one !== null && one === canonical(kind, b);
};
