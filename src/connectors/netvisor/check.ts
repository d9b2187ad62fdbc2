import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient } from './client.ts';
import { type Card, type Customers, customersOf } from './customers.ts';
import { invoicesOf } from './invoices.ts';
import type { NetvisorSettings } from './settings.ts';
import { isRefused, type Writes, writesOf } from './writes.ts';

export interface CheckNeeds {
  client: NetvisorClient;
  settings: NetvisorSettings;
  baseUrl: string;
  now(): Date;
}

/** What a user of Netvisor has to do; the rights are given one by one, by a main user. */
const switchOn = (right: string) =>
  `a main user must switch on ${right} for the integration in Netvisor: Company settings, integration, rights per resource`;

/**
 * Reads each resource that Kaiku reads. What only a write proves stays open, and the write test makes, changes and deletes a marked
 * customer, in the vendor's test environment alone: in the books of a company nothing is written to try something out.
 */
export async function checkRights(needs: CheckNeeds, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  const customers = customersOf(needs.client);
  let first: string | undefined;
  const listed = await probe('customerlist', false, async () => {
    first = (await customers.list({}, call))[0]?.key;
    return undefined;
  });
  if (listed.ok !== true) return [listed, ...unproven('not tried: the customer list could not be read')];
  const card: RightProbe = first
    ? await probe('getcustomer', true, async () => void (await customers.get(first ?? '', call)))
    : { right: 'getcustomer', ok: null, problem: 'provable only with a customer: the list is empty' };
  const today = needs.now().toISOString().slice(0, 10);
  const sales = await probe('salesinvoicelist', true, async () => void (await invoicesOf(needs.client).probe(today, call)));
  return [listed, card, sales, ...(await writeRights(needs, customers, call, writeTest))];
}

const writing = ['customer-write', 'contactperson-write', 'deletecustomer'] as const;
const resources = {
  'customer-write': 'customer.nv',
  'contactperson-write': 'contactperson.nv',
  deletecustomer: 'deletecustomer.nv',
};
const unproven = (problem: string): RightProbe[] => writing.map((right) => ({ right, ok: null, problem }));

/** `later`: another resource answered with the same keys, so it is the right that is missing, under whichever code. */
async function probe(right: string, later: boolean, work: () => Promise<string | undefined>): Promise<RightProbe> {
  try {
    const problem = await work();
    return problem === undefined ? { right, ok: true } : { right, ok: false, problem };
  } catch (error) {
    return { right, ok: false, problem: problemOf(error, right, later) };
  }
}

function problemOf(error: unknown, right: string, later: boolean): string {
  if (!(error instanceof Failure)) throw error;
  switch (error.code) {
    case 'CREDENTIALS_REJECTED':
      return later
        ? switchOn(right)
        : 'Netvisor rejected the keys: check customerId, customerKey, partnerId, partnerKey, settings.organisationId and settings.mac';
    case 'RIGHT_MISSING':
      return switchOn(right);
    case 'ANSWER_GARBLED':
    case 'RECIPIENT_REFUSED':
      return `the answer is not Netvisor's (status ${error.status ?? 'unknown'}): check that baseUrl is https://integration.netvisor.fi`;
    default:
      throw error;
  }
}

/** The vendor's test environment, or a sandbox on this machine. */
const isForTests = (baseUrl: string) =>
  /^(isvapi\.netvisor\.fi|localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(new URL(baseUrl).hostname);

async function writeRights(needs: CheckNeeds, customers: Customers, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  if (!writeTest)
    return writing.map((right) => ({ right, ok: null, problem: `provable only by writing; ${switchOn(resources[right])}` }));
  if (!isForTests(needs.baseUrl))
    return unproven(
      'not tried: the write test makes a customer, and this is the book-keeping of a company; run it at isvapi.netvisor.fi',
    );
  const writes = writesOf(needs.client, needs.settings);
  let key: string | undefined;
  const edited = await probe('customer-write', true, async () => {
    const made = await writes.addCard(marked, call);
    if (isRefused(made)) return `the marked customer was not taken (${made.refusal})`;
    key = made;
    return customerProblem(needs, { customers, writes }, made, call);
  });
  if (key === undefined) return [edited, ...unproven('not tried: there is no marked customer').slice(1)];
  const made = key;
  const person = await probe('contactperson-write', true, () => personProblem({ customers, writes }, made, call));
  const deleted = await probe('deletecustomer', true, async () => {
    const said = await writes.deleteCard(made, call);
    if (isRefused(said)) return 'the marked customer could not be deleted: delete the card "Kaiku kirjoituskoe" by hand';
    return (await customers.get(made, call)) ? 'the marked customer is still there after its deletion' : undefined;
  });
  return [edited, person, deleted];
}

const testName = 'Kaiku kirjoituskoe Mäkelä Åström Öhman';
const marked = {
  Name: testName,
  IsActive: '0',
  IsPrivateCustomer: '1',
  PhoneNumber: '+358 50 000 0000',
  Email: 'kaiku@example.com',
};

interface Hands {
  customers: Customers;
  writes: Writes;
}

async function customerProblem(needs: CheckNeeds, { customers, writes }: Hands, key: string, call: Call) {
  const seen = await customers.get(key, call);
  if (seen?.values.Name !== testName) {
    const other = needs.settings.bodyEncoding === 'utf-8' ? 'iso-8859-15' : 'utf-8';
    return `å, ä and ö came back as something else: set settings.bodyEncoding to ${other}`;
  }
  const said = await writes.editCard(key, { PhoneNumber: '' }, call);
  if (isRefused(said)) return `the marked customer could not be changed (${said.refusal})`;
  const back = await customers.get(key, call);
  if (back?.values.PhoneNumber) return 'a field that was sent empty was not blanked';
  return back?.values.Email === marked.Email ? undefined : 'a field that was not sent was changed';
}

async function personProblem({ customers, writes }: Hands, key: string, call: Call) {
  const person = { firstName: 'Kaiku', lastName: 'Kirjoituskoe', phone: '', email: 'kaiku@example.com' };
  const made = await writes.addPerson(key, person, call);
  if (isRefused(made)) return `the marked contact person was not taken (${made.refusal})`;
  const has = (card: Card | null) => card?.persons.some(({ id }) => id === made) ?? false;
  if (!has(await customers.get(key, call))) return 'the marked contact person could not be read back';
  const said = await writes.deletePerson(key, { ...person, id: made }, call);
  if (isRefused(said)) return `the marked contact person could not be deleted (${said.refusal})`;
  return has(await customers.get(key, call)) ? 'the marked contact person is still there after its deletion' : undefined;
}
