import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type SftpServer, startSftpServer } from '../support/sftp-server.ts';
import { type Journey, openJourney, settled, until } from './hub.ts';

/**
 * Staff: Mepco's person files over SFTP are the register, Netvisor's payroll is told, and the same Netvisor has a customer card of the
 * same human under the same mailbox, from another register.
 */
const purposes = `
  pay: { basis: legal-obligation, fields: [givenName, familyName, email, phone, address, identityCode], for: [employee] }
  employment: { basis: contract, fields: [givenName, familyName, email], for: [employee] }`;

const systems = ({ address, hostKey }: SftpServer) => `
  staff:
    connector: mepco
    baseUrl: ${address}
    credentials: { user: { env: SFTP_USER }, privateKey: { env: SFTP_KEY } }
    owner: hr-lead
    settings:
      hostKeys: ['${hostKey}']
      full: henkilot-*.csv
      settleSeconds: 1
      mostChanging: 1
      map: { givenName: First, familyName: Last, email: User Email, phone: Phone, identityCode: User SSN, address.street: Street, address.postcode: Postcode, address.city: City }
    register: { for: employee, pollSeconds: 1 }
    recipient: { purposes: [employment] }
`;
const payroll = (accounting: string) => `
  payroll:
    connector: netvisor
    baseUrl: ${accounting}
    credentials: { customerId: { env: NV_ID }, customerKey: { env: NV_KEY }, partnerId: { env: NV_PARTNER }, partnerKey: { env: NV_PARTNER_KEY } }
    owner: hr-lead
    settings: { organisationId: 2607385-7, payroll: true, deadlineSeconds: 10 }
    recipient: { purposes: [pay] }
`;

const aino = {
  number: '0001',
  first: 'Aino',
  last: 'Virtanen',
  email: 'aino@sahko.test',
  phone: '+358401234567',
  code: '131052-308T',
  street: 'Vanhakatu 1',
  postcode: '53100',
  city: 'Lappeenranta',
};
const others = Array.from({ length: 8 }, (_, i) => ({
  ...aino,
  number: `00${i + 10}`,
  first: `Henkilo${'ABCDEFGH'[i]}`,
  email: `henkilo${i}@sahko.test`,
  phone: `+35840765432${i}`,
  code: '',
}));

const rowOf = (one: typeof aino) =>
  [one.number, one.first, one.last, one.email, one.phone, one.code, one.street, one.postcode, one.city].join(';');
const header = 'Person Number;First;Last;User Email;Phone;User SSN;Street;Postcode;City';

let journey: Journey;
let server: SftpServer;
let exported = 0;
/** Mepco leaves a whole export. */
function leave(...people: (typeof aino)[]) {
  const path = join(server.folder, `henkilot-${++exported}.csv`);
  writeFileSync(`${path}.part`, [header, ...people.map(rowOf), ''].join('\r\n'));
  renameSync(`${path}.part`, path);
}

beforeEach(async () => {
  server = await startSftpServer();
  exported = 0;
  journey = await openJourney(undefined, {
    accounting: {},
    more: {
      purposes,
      systems: (accounting) => systems(server) + payroll(accounting),
      env: { SFTP_USER: server.user, SFTP_KEY: server.privateKey },
    },
  });
  return async () => {
    await journey.close();
    await server[Symbol.asyncDispose]();
  };
});

interface Seen {
  id: string;
  role: string;
}
const inRole = async (role: string) =>
  (await journey.get<Seen[]>(`/subjects?email=${encodeURIComponent(aino.email)}`)).find((seen) => seen.role === role)?.id;

async function ainoTwice(employment: { ends?: string } = {}) {
  const { street, postcode, city, phone, email } = aino;
  const key = journey.accounting.seedEmployee({
    firstName: aino.first,
    lastName: aino.last,
    email,
    phone,
    street,
    postcode,
    city,
    identifier: aino.code,
    bankAccount: 'FI7179979580007335',
    ...employment,
  });
  const colleague = others[0] ?? aino;
  journey.accounting.seedEmployee({ firstName: colleague.first, lastName: colleague.last, email: colleague.email });
  const card = journey.accounting.seedCustomer({
    name: 'Aino Virtanen',
    email,
    phone,
    street,
    postcode,
    city,
    code: 'C-1',
    isPrivate: true,
  });
  journey.customer({ PHONE: phone, Newsletter__c: false });
  leave(aino, ...others);
  const staff = await until('the export', () => inRole('employee'));
  const customer = await until('the CRM', () => inRole('customer'));
  expect((await journey.post('/systems/payroll/link', { apply: true })).json).toMatchObject({ read: 2, linked: 2, ambiguous: 0 });
  expect((await journey.post('/systems/accounting/link', { apply: true })).json).toMatchObject({
    read: 1,
    linked: 1,
    ambiguous: 0,
  });
  for (const [subject, system] of [
    [staff, 'payroll'],
    [customer, 'accounting'],
  ] as const)
    await until(`${system} to settle`, async () => (await journey.duties(subject))[system]?.state === 'settled');
  return { staff, customer, key, card };
}

const cardOf = (key: number) => JSON.stringify(journey.accounting.customer(key));

describe('a member of staff', () => {
  it('who moved and has another name is corrected in payroll, observed, and their customer card is not touched', async () => {
    const { card, customer, key, staff } = await ainoTwice();
    const before = cardOf(card);
    leave({ ...aino, last: 'Åström-Öhman', street: 'Uusikatu 5', postcode: '65100', city: 'Vaasa' }, ...others);
    await until('the correction', async () => journey.accounting.employee(key)?.card['lastname'] === 'Åström-Öhman');
    expect(await settled(journey, staff, 'payroll', 'updated')).toMatchObject({ evidence: 'observed' });
    expect(journey.accounting.employee(key)?.card).toMatchObject({
      firstname: 'Aino',
      lastname: 'Åström-Öhman',
      streetaddress: 'Uusikatu 5',
      postnumber: '65100',
      city: 'Vaasa',
      identifier: aino.code,
      bankaccountnumber: 'FI7179979580007335',
    });
    expect(cardOf(card)).toBe(before);
    expect((await journey.duties(customer))['payroll']).toMatchObject({ state: 'settled', outcome: 'absent' });
    expect((await journey.duties(staff))['accounting']).toMatchObject({ state: 'settled', outcome: 'absent' });
    expect([journey.accounting.reusedTransactionIds(), journey.accounting.overlaps()]).toEqual([0, 0]);
    expect(journey.accounting.forbidden()).toEqual([]);
  }, 120_000);

  it('who has left and is erased is narrowed to what the law keeps, with law and day, by HR’s decision', async () => {
    const year = new Date().getUTCFullYear();
    const { card, key, staff } = await ainoTwice({ ends: `${year - 1}-10-31` });
    journey.accounting.seedPayslip({ employee: key, date: `${year - 1}-11-15` });
    const before = cardOf(card);
    const opened = (
      await journey.post('/cases', { type: 'erasure', subject: staff, receivedAt: new Date().toISOString(), channel: 'cli' })
    ).json as { id: string; plan: { system: string; step: string }[] };
    // the plan says it before anybody decides
    const retained = { until: `${year + 9}-12-31`, law: expect.stringContaining('1118/1996') };
    expect(opened.plan.find(({ system }) => system === 'payroll')).toMatchObject({ step: 'strip', retained });
    expect((await journey.post(`/cases/${opened.id}/approve`)).status).toBeLessThan(300);
    const duty = await until('the parking', async () => {
      const found = (await journey.duties(staff))['payroll'];
      return found?.outcome === 'retained' && found.state === 'waiting' ? found : undefined;
    });
    expect(duty).toMatchObject({
      evidence: 'observed',
      retained: { ...retained, fields: ['address', 'familyName', 'givenName', 'identityCode'] },
    });
    expect(journey.accounting.employee(key)?.card).toMatchObject({
      firstname: 'Aino',
      lastname: 'Virtanen',
      identifier: aino.code,
      streetaddress: 'Vanhakatu 1',
      phonenumber: '',
      email: '',
      bankaccountnumber: '',
      activity: '0',
    });
    expect(cardOf(card)).toBe(before);
    // Mepco's own people are asked to erase there
    await until('the task at Mepco', async () => (await journey.duties(staff))['staff']?.state === 'asked');
    expect(journey.logged.join('')).not.toMatch(/131052|Vanhakatu|aino@sahko/);

    // to everybody but HR there is no such person
    const as = async (role: string) => {
      const { token } = (await journey.post('/tokens', { role })).json as { token: string };
      return (await fetch(`${journey.url}/api/v1/subjects/${staff}`, { headers: { authorization: `Bearer ${token}` } })).status;
    };
    expect([await as('dpo'), await as('hr')]).toEqual([404, 200]);
  }, 120_000);

  it('whose customer side is erased stays whole in payroll and in Mepco, and nobody there is asked', async () => {
    const { card, customer, key, staff } = await ainoTwice();
    const before = JSON.stringify(journey.accounting.employee(key));
    const opened = (
      await journey.post('/cases', { type: 'erasure', subject: customer, receivedAt: new Date().toISOString(), channel: 'cli' })
    ).json as { id: string };
    await journey.post(`/cases/${opened.id}/approve`);
    await settled(journey, customer, 'accounting', 'erased');
    expect(journey.accounting.deleted()).toEqual([card]);
    for (const system of ['payroll', 'staff']) await settled(journey, customer, system, 'absent');
    expect(JSON.stringify(journey.accounting.employee(key))).toBe(before);
    expect((await journey.duties(staff))['payroll']).toMatchObject({ state: 'settled' });
  }, 120_000);
});
