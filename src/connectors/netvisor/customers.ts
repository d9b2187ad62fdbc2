import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import { type Card, type Document, type Listed, readCard, readDocuments, readListed } from './card.ts';
import type { NetvisorClient, Said } from './client.ts';
import { all, child, type Element, queryValue, text } from './xml.ts';

/** How a write ended, in our words. */
export type Told = { kind: 'done'; key?: string } | { kind: 'refused'; code: string };

/** The calls on customers, parsed. */
export interface Customers {
  get(key: string, call: Call): Promise<Card | null>;
  /** At most 500 at once; those that are gone are not in the answer. */
  getMany(keys: readonly string[], call: Call): Promise<Card[]>;
  /** Every customer, or those whose name, code or business id hold the word. E-mail and phone are not searched. */
  list(keyword: string | null, call: Call): Promise<Listed[]>;
  add(content: readonly Element[], call: Call): Promise<Told>;
  edit(key: string, content: readonly Element[], call: Call): Promise<Told>;
  contact(content: readonly Element[], call: Call): Promise<Told>;
  remove(key: string, call: Call): Promise<Told>;
  /** Invoices, orders and drafts of one customer. */
  documents(key: string, call: Call): Promise<{ invoices: Document[]; others: Document[] }>;
}

/** The most that `idlist` takes. */
export const chunk = 500;

export function customersOf(client: NetvisorClient): Customers {
  const documents = async (key: string, type: string, call: Call) => {
    const said = await client.read(
      'salesinvoicelist.nv',
      [...(type ? [`listtype=${type}`] : []), `customernetvisorkey=${key}`],
      call,
    );
    return readDocuments(ok(said), key);
  };
  const told = (said: Said, insert = false): Told => {
    if (said.kind === 'unsendable') return { kind: 'refused', code: 'character-not-in-encoding' };
    if (said.kind === 'failed') return { kind: 'refused', code: said.code.toLowerCase().replaceAll('_', '-') };
    if (!insert) return { kind: 'done' };
    const key = text(child(said.root, 'Replies'), 'InsertedDataIdentifier');
    // something was added, and nobody knows what
    if (!/^\d{1,18}$/.test(key)) throw new Failure('ANSWER_LOST');
    return { kind: 'done', key };
  };

  return {
    async get(key, call) {
      const said = await client.read('getcustomer.nv', [`id=${key}`], call);
      // the documented answer for a key that nobody has
      if (said.kind === 'failed' && said.code === 'INVALID_DATA') return null;
      const found = child(ok(said), 'Customer');
      if (found === undefined) throw new Failure('ANSWER_GARBLED');
      const card = readCard(found);
      if (card.key !== key) throw new Failure('ANSWER_GARBLED');
      return card;
    },
    async getMany(keys, call) {
      const [only] = keys;
      if (only === undefined) return [];
      const said = await client.read('getcustomer.nv', [`idlist=${keys.join(',')}`], call);
      if (said.kind === 'failed' && said.code === 'INVALID_DATA' && keys.length === 1) return [];
      const root = ok(said);
      const cards = [...all(child(root, 'Customers'), 'Customer'), ...all(root, 'Customer')].map(readCard);
      if (cards.some((card) => !keys.includes(card.key))) throw new Failure('ANSWER_GARBLED');
      return cards;
    },
    async list(keyword, call) {
      const word = keyword === null ? null : queryValue(keyword);
      if (keyword !== null && word === null) return [];
      return readListed(ok(await client.read('customerlist.nv', word === null ? [] : [`keyword=${word}`], call)));
    },
    add: async (content, call) => told(await client.write('customer.nv', ['method=add'], content, call), true),
    edit: async (key, content, call) => told(await client.write('customer.nv', ['method=edit', `id=${key}`], content, call)),
    contact: async (content, call) => {
      const isAdded = JSON.stringify(content).includes('["method","add"]');
      return told(await client.write('contactperson.nv', [], content, call), isAdded);
    },
    remove: async (key, call) => told(await client.destroy('deletecustomer.nv', [`customerid=${key}`], call)),
    async documents(key, call) {
      const invoices = await documents(key, '', call);
      const others = [...(await documents(key, 'preinvoice', call)), ...(await documents(key, 'draftandinvoice', call))];
      return { invoices, others };
    },
  };
}

/** The answer's root; a read is refused for nothing but our own mistake. */
function ok(said: Said) {
  if (said.kind !== 'ok') throw new Failure('RECIPIENT_REFUSED');
  return said.root;
}
