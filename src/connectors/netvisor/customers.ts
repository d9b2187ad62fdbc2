import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient, Query } from './client.ts';
import { type CardField, type CardValues, readBlocks } from './elements.ts';
import { childOf, childrenOf, type Element } from './xml.ts';

/** A contact person of a card. */
export interface ContactPerson {
  id: string;
  firstName: string;
  lastName: string;
  phone: string;
  email: string;
}

/** A customer card, as read just now. */
export interface Card {
  /** The NetvisorKey. */
  key: string;
  values: CardValues;
  persons: ContactPerson[];
}

/** Told how many customers could not be read: a list without them proves of nobody that they are not there. */
export type Unread = (rows: number) => void;

/** One line of the customer list. */
export interface ListedCustomer {
  key: string;
  name: string;
  code: string;
  organisationIdentifier: string;
}

export interface Customers {
  /** Lines of the list; without a filter all of them. Without `unread` a line that cannot be read spoils the answer. */
  list(query: Query, call: Call, unread?: Unread): Promise<ListedCustomer[]>;
  /** Null: Netvisor does not know the key. */
  get(key: string, call: Call): Promise<Card | null>;
  /** Chunk by chunk; a card that went in between is left out. Without `unread` a card that cannot be read spoils the answer. */
  chunks(keys: readonly string[], call: Call, unread?: Unread): AsyncIterable<Card[]>;
}

/** The most that `idlist` takes. */
const chunkSize = 500;

export function customersOf(client: NetvisorClient): Customers {
  async function several(keys: readonly string[], call: Call, unread?: Unread): Promise<Card[]> {
    if (keys.length === 0) return [];
    const root = await client.get('getcustomer.nv', { idlist: keys.join(',') }, call);
    if (root !== null) return cardsIn(root, keys, unread);
    // one unknown key spoils the whole list, and Netvisor does not say which
    if (keys.length === 1) return [];
    const half = Math.ceil(keys.length / 2);
    return [...(await several(keys.slice(0, half), call, unread)), ...(await several(keys.slice(half), call, unread))];
  }
  return {
    async list(query, call, unread) {
      const root = await client.get('customerlist.nv', query, call);
      if (root === null) throw new Failure('RECIPIENT_REFUSED');
      const list = childOf(root, 'Customerlist');
      if (!list) throw new Failure('ANSWER_GARBLED');
      return readable(
        childrenOf(list, 'Customer'),
        (line) => ({
          key: keyIn(line, 'Netvisorkey'),
          name: textIn(line, 'Name'),
          code: textIn(line, 'Code'),
          organisationIdentifier: textIn(line, 'OrganisationIdentifier'),
        }),
        unread,
      );
    },
    async get(key, call) {
      // a key that is none would ask for something else
      if (!/^\d+$/.test(key)) return null;
      const root = await client.get('getcustomer.nv', { id: key }, call);
      if (root === null) return null;
      const [card, ...others] = cardsIn(root, [key]);
      if (!card || others.length > 0) throw new Failure('ANSWER_GARBLED');
      return card;
    },
    async *chunks(keys, call, unread) {
      for (let at = 0; at < keys.length; at += chunkSize) yield await several(keys.slice(at, at + chunkSize), call, unread);
    },
  };
}

/** What `read` makes of each element. One that is broken is counted where somebody counts, and spoils the whole elsewhere. */
function readable<T>(elements: Element[], read: (of: Element) => T, unread?: Unread): T[] {
  let broken = 0;
  const found = elements.flatMap((of) => {
    try {
      return [read(of)];
    } catch (error) {
      if (!unread || !(error instanceof Failure)) throw error;
      broken++;
      return [];
    }
  });
  if (broken > 0) unread?.(broken);
  return found;
}

const textIn = (of: Element, name: string) => childOf(of, name)?.text.trim() ?? '';

function keyIn(of: Element, name: string): string {
  const key = textIn(of, name);
  if (!/^\d+$/.test(key)) throw new Failure('ANSWER_GARBLED');
  return key;
}

/** A card that was not asked for is another person's: a spoilt answer. */
function cardsIn(root: Element, asked: readonly string[], unread?: Unread): Card[] {
  const list = childOf(root, 'Customers');
  const elements = childrenOf(list ?? root, 'Customer');
  if (!list && elements.length === 0) throw new Failure('ANSWER_GARBLED');
  const cards = readable(elements, cardOf, unread);
  const found = new Map<string, Card>();
  for (const card of cards) {
    if (!asked.includes(card.key)) throw new Failure('ANSWER_GARBLED');
    // a card that is there twice is one
    if (!found.has(card.key)) found.set(card.key, card);
  }
  return [...found.values()];
}

function cardOf(customer: Element): Card {
  const base = childOf(customer, 'CustomerBaseInformation');
  if (!base) throw new Failure('ANSWER_GARBLED');
  const values: CardValues = {};
  for (const [block, rows] of readBlocks) {
    const found = childOf(customer, block);
    if (!found) continue;
    for (const [, name] of rows) {
      const text = textIn(found, name);
      if (text !== '') values[name satisfies CardField] = text;
    }
  }
  // the one field that a card cannot lack
  if (!values.Name) throw new Failure('ANSWER_GARBLED');
  const persons = childrenOf(childOf(customer, 'CustomerContactPersons') ?? customer, 'CustomerContactPerson');
  return {
    key: keyIn(base, 'NetvisorKey'),
    values,
    persons: persons.map((person) => ({
      id: keyIn(person, 'ContactPersonID'),
      firstName: textIn(person, 'ContactPersonFirstName'),
      lastName: textIn(person, 'ContactPersonLastName'),
      phone: textIn(person, 'ContactPersonPhoneNumber'),
      email: textIn(person, 'ContactPersonEmail'),
    })),
  };
}
