import type { SandboxAnswer } from '../../sandbox.ts';
import { element, finnishIso, inserted, succeeded } from './answer.ts';
import { customerView, listView } from './customer-view.ts';
import { invalid, NetvisorFailure, noSuchCustomer } from './failure.ts';
import type { Language } from './gate.ts';
import { documentOf, type Read } from './reading.ts';
import { contentOf, customerRule } from './schema.ts';
import type { Card, Company, Customer } from './state.ts';

/** A request that was let in. */
export interface Asked {
  query: Map<string, string>;
  body: Buffer;
  language: Language;
  origin: string;
}

const listedIds = 500;
const listedCodes = 100;

/** A query's list of keys, at most `listedIds` of them. */
export function keysOf(list: string): string[] {
  const keys = list.split(',').map((part) => part.trim());
  if (keys.length > listedIds) throw invalid(`At most ${listedIds} identifiers may be given`);
  const wrong = keys.find((key) => !/^\d{1,9}$/.test(key));
  if (wrong !== undefined) throw invalid(`Identifier is not a number: ${wrong}`);
  return keys;
}

/** `GET customerlist.nv` (Netvisor help 77000554179). E-mail addresses and telephone numbers are not searched. */
export function customerList(company: Company, { query, origin }: Asked): SandboxAnswer {
  const keyword = (query.get('keyword') ?? '').toLowerCase();
  const codes = (query.get('customercodelist') ?? '').split(',').filter((code) => code !== '');
  if (codes.length > listedCodes) throw invalid(`At most ${listedCodes} customer codes may be given`);
  const since = keyword === '' ? (query.get('changedsince') ?? '') : '';
  if (since !== '' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(since)) throw invalid('changedsince is not YYYY-MM-DDTHH:mm:ss');
  const { listsDeleted, changedSinceZone } = company.switches;
  const changed = (at: Date) => (changedSinceZone === 'utc' ? at.toISOString().slice(0, 19) : finnishIso(at));
  const found = [...company.customers.values(), ...(listsDeleted ? company.deleted.values() : [])].filter(
    ({ card, changedAt }) =>
      (codes.length === 0 || codes.includes(card['internalidentifier'] ?? '')) &&
      (since === '' || changed(changedAt) >= since) &&
      ['name', 'internalidentifier', 'externalidentifier', 'nameextension'].some((name) =>
        (card[name] ?? '').toLowerCase().includes(keyword),
      ),
  );
  const rows = found.map((customer) => listView(company, customer, origin));
  return succeeded(company.now(), [element('Customerlist', rows)]);
}

/** `GET getcustomer.nv` (766863). Keys of a list that nobody has are left out: our reading, nothing is said of it. */
export function getCustomer(company: Company, { query }: Asked): SandboxAnswer {
  const id = query.get('id');
  const list = query.get('idlist');
  const replyOption = Number(query.get('replyoption') ?? 0);
  if (!Number.isInteger(replyOption) || replyOption < 0 || replyOption > 15) throw invalid('replyoption is not valid');
  if ((id === undefined) === (list === undefined)) throw invalid('Either id or idlist must be given');
  if (list !== undefined) {
    const found = keysOf(list).flatMap((key) => company.find(key) ?? []);
    const rows = found.map((customer) => customerView(company, customer, replyOption));
    return succeeded(company.now(), [element('Customers', rows)]);
  }
  const customer = company.find(id);
  if (!customer) throw noSuchCustomer(id ?? '');
  return succeeded(company.now(), [customerView(company, customer, replyOption)]);
}

/** `POST customer.nv` (77000554181): what is absent is kept, what is empty is blanked. */
export function postCustomer(company: Company, { query, body }: Asked): SandboxAnswer {
  const method = query.get('method');
  if (method !== 'add' && method !== 'edit') throw invalid('The parameter method must be add or edit');
  const id = query.get('id');
  const customer = company.find(id);
  if (method === 'edit' && !customer) throw noSuchCustomer(id ?? '');
  const leaves = contentOf(documentOf(body, company.switches.encoding), customerRule);
  const given = cardOf(company, leaves, customer);
  if (method === 'edit' && customer) {
    Object.assign(customer.card, given);
    company.touched(customer);
    return succeeded(company.now());
  }
  if (!given['name']) throw invalid('Element name is mandatory');
  return inserted(company.now(), company.add({ isactive: '1', isprivatecustomer: '0', ...given }).key);
}

function cardOf(company: Company, leaves: Map<string, Read>, customer: Customer | undefined): Card {
  const card: Card = Object.fromEntries([...leaves].map(([name, { text }]) => [name, text]));
  const code = leaves.get('internalidentifier');
  if (code?.attributes['type'] === 'automatic') card['internalidentifier'] = company.freeCode();
  else if (code && code.text !== '') {
    const holder = [...company.customers.values()].find(({ card: held }) => held['internalidentifier'] === code.text);
    if (holder && holder !== customer) throw new NetvisorFailure('DUPLICATE_DATA', `Customer code ${code.text} is in use`);
  }
  return card;
}

const hasInvoices: Record<Language, string> = {
  FI: 'Asiakkaalla on laskuja',
  EN: 'The customer has invoices',
  SE: 'Kunden har fakturor',
};

/** `GET deletecustomer.nv?customerid=` (77000554182): only without invoicing history. */
export function deleteCustomer(company: Company, { query, language }: Asked): SandboxAnswer {
  const id = query.get('customerid');
  if (id === undefined) throw invalid('The parameter customerid is missing');
  const customer = company.find(id);
  if (!customer) throw noSuchCustomer(id);
  const { ordersBlockDeletion, draftsBlockDeletion, deletionRefusalCode } = company.switches;
  const blocks = { invoice: true, order: ordersBlockDeletion, draft: draftsBlockDeletion };
  if (company.invoicesOf(customer.key).some(({ kind }) => blocks[kind]))
    throw new NetvisorFailure(deletionRefusalCode, hasInvoices[language]);
  company.customers.delete(customer.key);
  company.deleted.set(customer.key, { ...customer, changedAt: company.now() });
  return succeeded(company.now());
}
