import { Failure } from '../../core/failure.ts';
import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Customers } from './customers.ts';
import type { NetvisorSettings } from './settings.ts';
import { contactMessage } from './strip.ts';
import type { Element } from './xml.ts';

export interface CheckNeeds {
  customers: Customers;
  settings: NetvisorSettings;
  baseUrl: string;
  mark: () => string;
}

const where = 'in Netvisor, as a main user: Company settings, Integrations, this integration, rights by resource';
const toGrant = (resource: string) => `grant ${resource} ${where}`;
const letters = 'Mäkelä Åström Öhman';

/** Each resource has its own right: one may be read and another refused. The first three are read; the rest is provable by writing only. */
export async function checkRights(needs: CheckNeeds, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  const { customers } = needs;
  let key: string | undefined;
  const probes: RightProbe[] = [
    await probe('customerlist', async () => {
      key = (await customers.list(null, call))[0]?.key;
      return true;
    }),
  ];
  const sample = key;
  if (probes[0]?.ok === false && isConnection(probes[0])) return probes;
  const nobody = { ok: null, problem: 'the company has no customer yet: nothing to read' };
  probes.push(
    sample === undefined
      ? { right: 'getcustomer', ...nobody }
      : await probe('getcustomer', async () => (await customers.get(sample, call)) !== null),
    sample === undefined
      ? { right: 'salesinvoicelist', ...nobody }
      : await probe('salesinvoicelist', async () => {
          await customers.documents(sample, call);
          return true;
        }),
  );
  if (!writeTest)
    return [
      ...probes,
      ...['customer-write', 'contactperson-write', 'deletecustomer'].map((right) => ({
        right,
        ok: null,
        problem: `provable only by writing: ${toGrant(resources[right] ?? right)}; kaiku check --write-test proves it in the test company`,
      })),
    ];
  if (!isTestCompany(needs.baseUrl))
    return [
      ...probes,
      ...['customer-write', 'contactperson-write', 'deletecustomer'].map((right) => ({
        right,
        ok: null,
        problem:
          "this is a company's live accounting: Kaiku writes no test record there, only in the test company (isvapi.netvisor.fi)",
      })),
    ];
  return [...probes, ...(await writeProbes(needs, call))];
}

const resources: Record<string, string> = {
  customerlist: 'customerlist.nv',
  getcustomer: 'getcustomer.nv',
  salesinvoicelist: 'salesinvoicelist.nv',
  'customer-write': 'customer.nv',
  'contactperson-write': 'contactperson.nv',
  deletecustomer: 'deletecustomer.nv',
};

function isTestCompany(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return hostname === 'isvapi.netvisor.fi' || hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

const isConnection = (probed: RightProbe) => probed.problem === keysRejected;
const keysRejected =
  'the keys, the organisation id or the signature were rejected: compare the four keys and settings.organisationId';

async function probe(right: string, look: () => Promise<boolean>): Promise<RightProbe> {
  try {
    return (await look()) ? { right, ok: true } : { right, ok: false, problem: toGrant(resources[right] ?? right) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'CREDENTIALS_REJECTED')
      return { right, ok: false, problem: right === 'customerlist' ? keysRejected : toGrant(resources[right] ?? right) };
    if (error.code === 'RIGHT_MISSING') return { right, ok: false, problem: toGrant(resources[right] ?? right) };
    throw error;
  }
}

/** A marked customer is added, read back with its letters, edited, given a contact person, and deleted again. */
async function writeProbes({ customers, settings, mark }: CheckNeeds, call: Call): Promise<RightProbe[]> {
  const name = `Kaiku kirjoituskoe ${letters} ${mark()}`;
  const basics = (more: Element[]): Element[] => [['customer', [['customerbaseinformation', more]]]];
  let key = '';
  const found: RightProbe[] = [];
  found.push(
    await probe('customer-write', async () => {
      const told = await customers.add(
        basics([
          ['internalidentifier', '', { type: 'automatic' }],
          ['name', name],
          ['city', 'Vaasa'],
          ['email', 'kirjoituskoe@kaiku.invalid'],
          ['isprivatecustomer', '1'],
        ]),
        call,
      );
      key = told.kind === 'done' ? (told.key ?? '') : '';
      return key !== '';
    }),
  );
  if (key === '')
    return [
      ...found,
      ...['contactperson-write', 'deletecustomer'].map((right) => ({
        right,
        ok: null,
        problem: 'not tried: no test record could be written',
      })),
    ];
  try {
    found.push(await encodingProbe());
    found.push(
      await probe('contactperson-write', async () => {
        const person = { id: '', firstName: 'Koe', lastName: 'Öhman', email: '', phone: '' };
        const added = await customers.contact(contactMessage('add', key, person, null, settings.language), call);
        if (added.kind === 'refused') return false;
        const there = (await customers.get(key, call))?.contacts[0];
        if (!there) return false;
        return (await customers.contact(contactMessage('delete', key, there, there, settings.language), call)).kind === 'done';
      }),
    );
  } finally {
    found.push(
      await probe(
        'deletecustomer',
        async () => (await customers.remove(key, call)).kind === 'done' && (await customers.get(key, call)) === null,
      ),
    );
  }
  return found;

  async function encodingProbe(): Promise<RightProbe> {
    const right = 'body-encoding';
    await customers.edit(key, basics([['email', '']]), call);
    const back = await customers.get(key, call);
    const other = settings.bodyEncoding === 'utf-8' ? 'iso-8859-15' : 'utf-8';
    if (back?.name !== name)
      return { right, ok: false, problem: `å, ä and ö came back spoilt: set settings.bodyEncoding to ${other}` };
    if (back.email !== '' || back.city !== 'Vaasa')
      return { right, ok: false, problem: 'an edit did not keep what it left out, or not blank what it sent empty' };
    return { right, ok: true };
  }
}
