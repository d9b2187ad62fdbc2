import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient, Refusal } from './client.ts';
import type { ContactPerson } from './customers.ts';
import { type CardValues, customerElement } from './elements.ts';
import type { NetvisorSettings } from './settings.ts';
import { childOf, type Element, element } from './xml.ts';

/** The calls that change something. None of them touches an invoice, an order or a voucher. */
export interface Writes {
  /** The new card's key. */
  addCard(values: CardValues, call: Call): Promise<string | Refusal>;
  /** Only these elements: a missing one is kept, an empty one blanked. */
  editCard(key: string, values: CardValues, call: Call): Promise<'done' | Refusal>;
  deleteCard(key: string, call: Call): Promise<'done' | Refusal>;
  addPerson(card: string, person: Omit<ContactPerson, 'id'>, call: Call): Promise<string | Refusal>;
  editPerson(card: string, person: PersonEdit, call: Call): Promise<'done' | Refusal>;
  deletePerson(card: string, person: ContactPerson, call: Call): Promise<'done' | Refusal>;
}

/** The names are demanded each time; the rest is kept where it is missing. */
type PersonEdit = Pick<ContactPerson, 'id' | 'firstName' | 'lastName'> & Partial<ContactPerson>;

export const isRefused = (said: string | Refusal): said is Refusal => typeof said === 'object';

export function writesOf(client: NetvisorClient, { language }: Pick<NetvisorSettings, 'language'>): Writes {
  const done = (said: Element | Refusal): 'done' | Refusal => ('refusal' in said ? said : 'done');
  const inserted = (said: Element | Refusal): string | Refusal => ('refusal' in said ? said : keyIn(said));

  // the verb stands inside the XML, and nothing in the query
  const person = (method: 'add' | 'edit' | 'delete', card: string, p: Partial<ContactPerson>, call: Call) =>
    client.post(
      'contactperson.nv',
      {},
      element('contactperson', [
        element('method', method),
        element('customeridentifier', card, { type: 'netvisor' }),
        ...(p.id === undefined ? [] : [element('contactpersonidentifier', p.id, { type: 'netvisor' })]),
        // both are demanded each time, and neither may be empty: one that is not there is left out, which keeps it
        ...(p.firstName ? [element('firstname', p.firstName)] : []),
        ...(p.lastName ? [element('lastname', p.lastName)] : []),
        element('language', language, { type: 'ISO-3166' }),
        ...(p.phone === undefined ? [] : [element('phonenumber', p.phone)]),
        ...(p.email === undefined ? [] : [element('email', p.email)]),
      ]),
      call,
    );

  return {
    addCard: async (values, call) =>
      inserted(await client.post('customer.nv', { method: 'add' }, customerElement(values, true), call)),
    editCard: async (id, values, call) =>
      done(await client.post('customer.nv', { method: 'edit', id }, customerElement(values), call)),
    deleteCard: async (customerid, call) => done(await client.destroy('deletecustomer.nv', { customerid }, call)),
    addPerson: async (card, fresh, call) => inserted(await person('add', card, fresh, call)),
    editPerson: async (card, fresh, call) => done(await person('edit', card, fresh, call)),
    // as far as is known a deletion demands them too; what stands for a missing one goes with the row
    deletePerson: async (card, { id, firstName, lastName }, call) =>
      done(await person('delete', card, { id, firstName: firstName || '-', lastName: lastName || '-' }, call)),
  };
}

function keyIn(root: Element): string {
  const replies = childOf(root, 'Replies');
  const key = (replies && childOf(replies, 'InsertedDataIdentifier')?.text.trim()) ?? '';
  if (!/^\d+$/.test(key)) throw new Failure('ANSWER_GARBLED');
  return key;
}
