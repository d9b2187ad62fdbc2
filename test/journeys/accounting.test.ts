import { beforeEach, describe, expect, it } from 'vitest';
import { type Journey, openJourney, settled, until } from './hub.ts';

/** Insightly, Mailchimp, Netvisor and a bureau, over real sockets; Netvisor counts every breach of its rules. */
let journey: Journey;
beforeEach(async () => {
  journey = await openJourney(undefined, { accounting: {} });
  return () => journey.close();
});

const year = new Date().getUTCFullYear();
const aino = { name: 'Aino Virtanen', email: 'aino@sahko.test', phone: '+358401234567', code: 'C-1' };

/** Aino is in the CRM, and a private customer in accounting with an identity code. Answers her subject and card. */
async function ainoInAccounting(invoices: { date: string; open?: number; status?: 'open' | 'paid' }[], more: object = {}) {
  const card = journey.accounting.seedCustomer({
    ...aino,
    isPrivate: true,
    externalIdentifier: '131052-308T',
    street: 'Vanhakatu 1',
    postcode: '15110',
    city: 'Lahti',
    comment: 'soita ennen käyntiä',
    ...more,
  });
  journey.accounting.seedCustomer({ name: 'Muu Asiakas', code: 'C-9', isPrivate: true, email: 'muu@sahko.test' });
  for (const invoice of invoices) journey.accounting.seedInvoice({ customer: card, ...invoice });
  const contact = journey.customer({ PHONE: '+358401234567', Newsletter__c: false });
  journey.customer({
    FIRST_NAME: 'Muu',
    LAST_NAME: 'Asiakas',
    EMAIL_ADDRESS: 'muu@sahko.test',
    Customer_No__c: 'C-9',
    Newsletter__c: false,
  });
  const subject = await until('the poll', () => journey.subjectOf(aino.email));
  await until('the other', () => journey.subjectOf('muu@sahko.test'));
  const link = await journey.post('/systems/accounting/link', { apply: true });
  expect(link.json).toMatchObject({ linked: 2, orphans: 0, ambiguous: 0 });
  await until('accounting to settle', async () => (await journey.duties(subject))['accounting']?.state === 'settled');
  return { card, subject, contact };
}

async function erase(subject: string) {
  const opened = await journey.post('/cases', { type: 'erasure', subject, receivedAt: new Date().toISOString(), channel: 'cli' });
  const found = opened.json as { id: string; plan: { system: string; step: string; retained?: object }[] };
  await until('the restriction', async () =>
    journey.accounting.customers().every((c) => c.card['isactive'] !== '1' || c.card['name'] !== aino.name),
  );
  await journey.post(`/cases/${found.id}/approve`);
  return found;
}

const card = (key: number) => journey.accounting.customer(key)?.card ?? {};

describe('accounting', () => {
  it('is corrected on the card, with the changed elements only, and no voucher is touched', async () => {
    const { card: key, contact, subject } = await ainoInAccounting([{ date: `${year}-02-01`, status: 'paid' }]);
    const before = journey.accounting.invoices(key);
    journey.crm.update('contact', contact, { LAST_NAME: 'Åström-Öhman', EMAIL_ADDRESS: 'aino.uusi@sahko.test' });
    await until('the card', async () => card(key)['email'] === 'aino.uusi@sahko.test');
    expect(card(key)).toMatchObject({ name: 'Aino Åström-Öhman', phonenumber: '+358401234567', comment: 'soita ennen käyntiä' });
    expect(await settled(journey, subject, 'accounting', 'updated')).toMatchObject({ evidence: 'observed' });
    expect(journey.accounting.invoices(key)).toEqual(before);
  });

  it('forgets a customer without invoices: deleted, and read back', async () => {
    const { card: key, subject } = await ainoInAccounting([]);
    const { plan } = await erase(subject);
    expect(plan.find((p) => p.system === 'accounting')).toMatchObject({ step: 'erase' });
    expect(await settled(journey, subject, 'accounting', 'erased')).toMatchObject({ evidence: 'observed' });
    expect(journey.accounting.deleted()).toEqual([key]);
  });

  it('keeps of an invoiced customer what the law keeps, until its day, and says so in plan and status', async () => {
    const { card: key, subject } = await ainoInAccounting([
      { date: `${year - 3}-05-01`, status: 'paid' },
      { date: `${year}-02-01`, status: 'paid' },
    ]);
    const { plan } = await erase(subject);
    const retained = { until: `${year + 6}-12-31`, law: expect.stringContaining('1336/1997') };
    expect(plan.find((p) => p.system === 'accounting')).toMatchObject({ step: 'strip', retained });
    const duty = await until('the parking', async () => {
      const found = (await journey.duties(subject))['accounting'];
      return found?.outcome === 'retained' && found.state === 'waiting' ? found : undefined;
    });
    expect(duty).toMatchObject({
      evidence: 'observed',
      retained: { ...retained, fields: ['address', 'customerNumber', 'familyName', 'givenName'] },
    });
    expect(card(key)).toMatchObject({ name: 'Aino Virtanen', streetaddress: 'Vanhakatu 1', isactive: '0' });
    for (const gone of ['email', 'phonenumber', 'comment', 'externalidentifier']) expect(card(key)[gone] ?? '', gone).toBe('');
    expect(journey.accounting.deleted()).toEqual([]);
    expect(journey.accounting.forbidden()).toEqual([]);
  });

  it('deletes the card when the day has come and the invoices are gone', async () => {
    const { card: key, subject } = await ainoInAccounting([{ date: `${year}-02-01`, status: 'paid' }]);
    await erase(subject);
    await until('the parking', async () => (await journey.duties(subject))['accounting']?.state === 'waiting');
    for (const invoice of journey.accounting.invoices(key))
      await fetch(`${journey.accountingServer.url}/_sandbox/act`, {
        method: 'POST',
        body: JSON.stringify({ do: 'deleteInvoice', invoice: invoice.key }),
      });
    await journey.post('/test/clock', { advance: 'P8Y' });
    expect(await settled(journey, subject, 'accounting', 'erased')).toMatchObject({ evidence: 'observed' });
    expect(journey.accounting.deleted()).toEqual([key]);
  });

  it('forgets a person at a firm and leaves the firm', async () => {
    const firm = journey.accounting.seedCustomer({
      name: 'Sähkö & Putki Oy',
      code: 'F-1',
      externalIdentifier: '0112038-9',
      email: 'laskut@sahkoputki.test',
      contactPersons: [
        { firstName: 'Aino', lastName: 'Virtanen', email: aino.email },
        { firstName: 'Eino', lastName: 'Salo', email: 'eino@sahkoputki.test' },
      ],
      contactBlock: { name: 'Aino Virtanen', email: aino.email, phone: '040 1234567' },
    });
    journey.customer({ Newsletter__c: false });
    journey.customer({
      FIRST_NAME: 'Eino',
      LAST_NAME: 'Salo',
      EMAIL_ADDRESS: 'eino@sahkoputki.test',
      Customer_No__c: 'C-2',
      Newsletter__c: false,
    });
    const subject = await until('the poll', () => journey.subjectOf(aino.email));
    await until('the other', () => journey.subjectOf('eino@sahkoputki.test'));
    expect((await journey.post('/systems/accounting/link', { apply: true })).json).toMatchObject({ read: 3, linked: 3 });
    const opened = (
      await journey.post('/cases', { type: 'erasure', subject, receivedAt: new Date().toISOString(), channel: 'cli' })
    ).json as { id: string };
    await journey.post(`/cases/${opened.id}/approve`);
    await settled(journey, subject, 'accounting', 'erased');
    const left = journey.accounting.customer(firm);
    expect(left?.card).toMatchObject({ name: 'Sähkö & Putki Oy', email: 'laskut@sahkoputki.test', isactive: '1' });
    expect(JSON.stringify(left)).not.toMatch(/Aino|aino/);
    expect(JSON.stringify(left)).toContain('eino@sahkoputki.test');
  });

  it('never reuses a transaction id, and never asks two things at once', async () => {
    await ainoInAccounting([{ date: `${year}-02-01` }]);
    expect(journey.accounting.requests()).toBeGreaterThan(3);
    expect([journey.accounting.reusedTransactionIds(), journey.accounting.overlaps()]).toEqual([0, 0]);
  });
});
