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
export const switchOn = (right: string) =>
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
export async function probe(right: string, later: boolean, work: () => Promise<string | undefined>): Promise<RightProbe> {
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
  const hands = { customers, writes: writesOf(needs.client, needs.settings) };
  const proven: RightProbe[] = [];
  let key: string | undefined;
  try {
    proven.push(
      await tried('customer-write', async () => {
        const made = await hands.writes.addCard(marked, call);
        if (isRefused(made)) return `the marked customer was not taken (${made.refusal})`;
        key = made;
        return customerProblem(needs, hands, made, call);
      }),
    );
    const made = key;
    proven.push(
      made === undefined
        ? { right: 'contactperson-write', ok: null, problem: noCustomer }
        : await tried('contactperson-write', () => personProblem(hands, made, call)),
    );
  } finally {
    proven.push(await removed(hands, key, call));
  }
  return proven;
}

const noCustomer = 'not tried: there is no marked customer';

/** What the system could not answer now stays open; the test goes on, so that it can clear up after itself. */
async function tried(right: string, work: () => Promise<string | undefined>): Promise<RightProbe> {
  try {
    return await probe(right, true, work);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { right, ok: null, problem: `not proven: ${error.message} (status ${error.status ?? 'unknown'})` };
  }
}

/** Whatever came before, the marked customer goes; where it does not, the probe says where it is. */
async function removed({ customers, writes }: Hands, key: string | undefined, call: Call): Promise<RightProbe> {
  const right = 'deletecustomer';
  const there = async () => {
    if (key !== undefined) return (await customers.get(key, call)) ? [key] : [];
    // the answer may have been lost, and the card made
    const lines = await customers.list({ keyword: mark }, call);
    return lines.filter(({ name }) => name.startsWith(mark)).map((line) => line.key);
  };
  const remove = async (isFirst: boolean) => {
    const left = isFirst && key !== undefined ? [key] : await there();
    for (const one of left) {
      const said = await writes.deleteCard(one, call);
      if (isRefused(said) && said.otherwise) throw said.otherwise;
    }
    return left.length > 0;
  };
  let wasThere = key !== undefined;
  // a second time after a look, since the first answer may have been lost; the look says whether there is anything to do
  const tries: RightProbe[] = [];
  for (let n = 0; n < 2 && tries.every(({ ok }) => ok === null); n++) {
    tries.push(
      await tried(right, async () => {
        wasThere = (await remove(n === 0)) || wasThere;
        return (await there()).length > 0 ? 'the marked customer is still there after its deletion' : undefined;
      }),
    );
  }
  const last = tries.at(-1);
  if (last?.ok === true) return wasThere ? last : { right, ok: null, problem: noCustomer };
  const where = key === undefined ? 'a customer' : `the customer with the NetvisorKey ${key}`;
  return {
    right,
    ok: last?.ok ?? null,
    problem: `${last?.problem}; ${where} "${mark} …" ${last?.ok === false && key !== undefined ? 'is' : 'may be'} left in Netvisor: delete it there by hand, under Customers`,
  };
}

const mark = 'Kaiku kirjoituskoe';
const testName = `${mark} Mäkelä Åström Öhman`;
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
