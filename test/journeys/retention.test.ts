import { beforeAll, describe, expect, it } from 'vitest';
import { type Journey, openJourney, settled, until } from './hub.ts';

/** The clockwork of a whole hub on the test clock: what the law and the days do by themselves. */
let journey: Journey;
beforeAll(async () => {
  journey = await openJourney(undefined, { accounting: {} });
  return () => journey.close();
});

const year = new Date().getUTCFullYear();
const aino = { name: 'Aino Virtanen', email: 'aino@sahko.test', code: 'C-1' };

interface Parked {
  years: { year: number; n: number }[];
  parked: { system: string; retained: { until: string; parts: { law: string; rule: string; fields: string[] }[] } }[];
}

describe('days that come by themselves', () => {
  it('parks by a rule, looks again after a week, and erases on the day', async () => {
    const card = journey.accounting.seedCustomer({
      ...aino,
      isPrivate: true,
      street: 'Vanhakatu 1',
      postcode: '15110',
      city: 'Lahti',
    });
    journey.accounting.seedCustomer({ name: 'Muu Asiakas', code: 'C-9', isPrivate: true, email: 'muu@sahko.test' });
    journey.accounting.seedInvoice({ customer: card, date: `${year}-02-01`, status: 'paid' });
    journey.customer({});
    journey.customer({ FIRST_NAME: 'Muu', LAST_NAME: 'Asiakas', EMAIL_ADDRESS: 'muu@sahko.test', Customer_No__c: 'C-9' });
    const subject = await until('the poll', () => journey.subjectOf(aino.email));
    await until('the other', () => journey.subjectOf('muu@sahko.test'));
    await settled(journey, subject, 'newsletter', 'created');
    await journey.post('/systems/accounting/link', { apply: true });
    await until('accounting to settle', async () => (await journey.duties(subject))['accounting']?.state === 'settled');
    const opened = await journey.post('/cases', {
      type: 'erasure',
      subject,
      receivedAt: new Date().toISOString(),
      channel: 'cli',
    });
    await journey.post(`/cases/${(opened.json as { id: string }).id}/approve`);
    await settled(journey, subject, 'newsletter', 'erased');
    await settled(journey, subject, 'crm', 'erased');
    await until('accounting to be parked', async () => {
      const duty = (await journey.duties(subject))['accounting'];
      return duty?.outcome === 'retained' && duty.state === 'waiting';
    });
    const { parked, years } = await journey.get<Parked>('/parked');
    expect(years).toEqual([{ year: year + 6, n: 1 }]);
    expect(parked).toMatchObject([
      {
        system: 'accounting',
        retained: { until: `${year + 6}-12-31`, parts: [{ rule: 'fi/vouchers', law: expect.stringContaining('1336/1997') }] },
      },
    ]);
    expect((await journey.duties(subject))['newsletter']).toMatchObject({ evidence: 'observed', backupsUntil: null });

    await journey.post('/test/clock', { advance: 'P8D' });
    const duty = await until('the look after a week', async () => {
      const found = (await journey.duties(subject))['newsletter'];
      return found?.evidence === 're-observed' ? found : undefined;
    });
    expect(duty).toMatchObject({ state: 'settled', outcome: 'erased', rechecks: { last: expect.any(String) } });
    // the register is looked at too, and is never said to be proven further than its bin allows
    const register = await until('the look at the register', async () => {
      const found = (await journey.duties(subject))['crm'];
      return found?.rechecks?.last ? found : undefined;
    });
    expect(register).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'acknowledged', cap: 'acknowledged' });

    await journey.post('/test/clock', { advance: 'P5Y' });
    await until(
      'the looks of those years',
      async () => (await journey.duties(subject))['newsletter']?.rechecks?.next === undefined,
    );
    expect(journey.accounting.deleted()).toEqual([]);
    for (const invoice of journey.accounting.invoices(card))
      await fetch(`${journey.accountingServer.url}/_sandbox/act`, {
        method: 'POST',
        body: JSON.stringify({ do: 'deleteInvoice', invoice: invoice.key }),
      });
    await journey.post('/test/clock', { advance: 'P2Y' });
    await settled(journey, subject, 'accounting', 'erased');
    expect(journey.accounting.deleted()).toEqual([card]);
    expect((await journey.get<Parked>('/parked')).years).toEqual([]);
  });
});
