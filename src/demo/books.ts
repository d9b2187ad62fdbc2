import type { Customer } from '../connectors/insightly/sandbox-handles.ts';
import type { NetvisorSandbox } from '../connectors/netvisor/sandbox.ts';

const place = { postcode: '15110', city: 'Lahti' };

/**
 * Accounting as it grew beside the register: a card for each private customer, one for each firm with its people on it; every second
 * private customer was invoiced this year.
 */
export function keepBooks(accounting: NetvisorSandbox, people: readonly Customer[]): void {
  const year = new Date().getUTCFullYear();
  const firms = new Map<string, Customer[]>();
  for (const person of people.filter((p) => p.customer)) {
    const { givenName, familyName, email, phone, street, customerNumber, organisation } = person;
    if (organisation) {
      firms.set(organisation, [...(firms.get(organisation) ?? []), person]);
      continue;
    }
    const card = accounting.seedCustomer({
      name: `${givenName} ${familyName}`,
      code: customerNumber,
      email,
      phone,
      street,
      ...place,
      isPrivate: true,
    });
    if (isInvoiced(person)) accounting.seedInvoice({ customer: card, date: `${year}-01-31`, status: 'paid' });
  }
  for (const [name, contacts] of firms)
    accounting.seedCustomer({
      name,
      ...place,
      contactPersons: contacts.map(({ givenName, familyName, email, phone }) => ({
        firstName: givenName,
        lastName: familyName,
        email,
        phone,
      })),
    });
}

export const isInvoiced = ({ customerNumber }: Customer): boolean => Number(customerNumber?.slice(-1)) % 2 === 0;
