import type { SandboxAnswer } from '../../sandbox.ts';
import { inserted, succeeded } from './answer.ts';
import type { Asked } from './customers.ts';
import { invalid, noSuchCustomer } from './failure.ts';
import { documentOf, type Read } from './reading.ts';
import { contentOf, personRule } from './schema.ts';
import type { Card, Company, Customer } from './state.ts';

/** `POST contactperson.nv` (Netvisor help 77000554184): the verb stands in the document. */
export function postContactPerson(company: Company, { body }: Asked): SandboxAnswer {
  const leaves = contentOf(documentOf(body, company.switches.encoding), personRule);
  const verb = leaves.get('method')?.text;
  if (verb === undefined) throw invalid('Element method is mandatory');
  holdNames(leaves, verb !== 'delete', company.switches.deletionNamesPerson);
  const customerKey = leaves.get('customeridentifier')?.text;
  const customer = company.find(customerKey);
  if (!customer) throw noSuchCustomer(customerKey ?? '');
  const card = cardOf(leaves);
  if (verb === 'add') {
    if (leaves.has('contactpersonidentifier')) throw invalid('Element contactpersonidentifier is not allowed in add');
    const id = company.nextKey();
    customer.people.push({ id, card });
    settleDefault(customer, id, card);
    company.touched(customer);
    return inserted(company.now(), id);
  }
  const id = leaves.get('contactpersonidentifier')?.text;
  const person = customer.people.find((held) => String(held.id) === id);
  if (!person) throw invalid(`Contact person not found with Netvisor identifier: ${id ?? ''}`);
  if (verb === 'delete') customer.people.splice(customer.people.indexOf(person), 1);
  else {
    Object.assign(person.card, card);
    settleDefault(customer, person.id, card);
  }
  company.touched(customer);
  return succeeded(company.now());
}

/** First name, last name and language occur exactly once, whatever the verb; what is mandatory may not be empty. */
function holdNames(leaves: Map<string, Read>, isWritten: boolean, deletionNames: boolean): void {
  for (const name of ['firstname', 'lastname', 'language']) {
    const found = leaves.get(name);
    if (!found && (isWritten || deletionNames)) throw invalid(`Element ${name} is mandatory`);
    if (isWritten && found?.text === '') throw invalid(`Element ${name} is mandatory and may not be empty`);
  }
}

const offCard = new Set(['method', 'customeridentifier', 'contactpersonidentifier']);

/** 0 takes the office or the position away. */
const cardOf = (leaves: Map<string, Read>): Card =>
  Object.fromEntries(
    [...leaves]
      .filter(([name]) => !offCard.has(name))
      .map(([name, { text }]) => [name, /^(office|position)identifier$/.test(name) && text === '0' ? '' : text]),
  );

function settleDefault(customer: Customer, id: number, card: Card): void {
  if (card['isdefault'] !== '1') return;
  for (const person of customer.people) if (person.id !== id) person.card['isdefault'] = '0';
}
