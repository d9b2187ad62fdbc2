import { beforeEach, describe, expect, it } from 'vitest';
import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import { audience, type Journey, openJourney, settled, until } from './hub.ts';

let journey: Journey;
beforeEach(async () => {
  journey = await openJourney();
  return () => journey.close();
});

const members = () => journey.newsletter.members(audience) as { email_address: string; status: string }[];

/** Two customers on the newsletter: the second is the living row that proves that a look-up works. */
async function twoCustomers(): Promise<{ id: string; subject: string }> {
  const id = journey.customer();
  journey.customer({ EMAIL_ADDRESS: 'onni@sahko.test', Customer_No__c: 'C-2' });
  const subject = await until('the subject', () => journey.subjectOf('aino@sahko.test'));
  const other = await until('the other subject', () => journey.subjectOf('onni@sahko.test'));
  await settled(journey, subject, 'newsletter', 'created');
  await settled(journey, other, 'newsletter', 'created');
  return { id, subject };
}

async function eraseNow(subject: string): Promise<string> {
  const opened = await journey.post('/cases', { type: 'erasure', subject });
  const { id } = opened.json as { id: string };
  expect((await journey.post(`/cases/${id}/approve`)).status).toBe(200);
  return id;
}

describe('an erasure', () => {
  it('signalled in the register restricts at once and erases only what was approved', async () => {
    const { id, subject } = await twoCustomers();
    journey.crm.update('contact', id, { Erase__c: true });
    const found = await until(
      'the case',
      async () => (await journey.get<{ id: string; state: string; deadline: { date: string } }[]>('/cases'))[0],
    );
    expect(found).toMatchObject({ state: 'planned', deadline: { date: expect.stringMatching(/^20\d\d-\d\d-\d\d$/) } });
    await settled(journey, subject, 'newsletter', 'restricted');
    expect(members().find((m) => m.email_address === 'aino@sahko.test')?.status).toBe('unsubscribed');
    await until('the refusal in the register', async () => journey.crm.record('contact', id)?.['EMAIL_OPTED_OUT'] === true);
    // twice more the register is read, and nothing goes by that
    const reads = () => journey.crmServer.log.filter(({ path }) => path.includes('/Contacts/Search')).length;
    const before = reads();
    await until('two more looks at the register', async () => reads() >= before + 2);
    expect(members()).toHaveLength(2);
    await journey.post(`/cases/${found.id}/approve`);
    expect(await settled(journey, subject, 'newsletter', 'erased')).toMatchObject({ evidence: 'observed' });
    expect(await settled(journey, subject, 'crm', 'erased')).toMatchObject({ evidence: 'acknowledged' });
    expect(members().map((m) => m.email_address)).toEqual(['onni@sahko.test']);
    expect(journey.crm.record('contact', id)).toBeUndefined();
    const matrix =
      await journey.get<{ case: string; duties: { system: string; outcome: string | null; state: string }[] }[]>('/erasures');
    expect(matrix[0]?.duties.find((d) => d.system === 'partner')).toMatchObject({ state: 'asked' });
  });

  it('is not undone by a stale correction, a re-arrival under another id, or the recipient’s own import', async () => {
    const { subject } = await twoCustomers();
    const opened = await eraseNow(subject);
    await settled(journey, subject, 'crm', 'erased');
    // the same person is typed into the register again, in another spelling
    journey.customer({ EMAIL_ADDRESS: ' AINO@Sahko.test', FIRST_NAME: 'aino', Customer_No__c: 'c-1' });
    const held = await until('the hold', async () => (await journey.get<{ kind: string; reason: string }[]>('/held'))[0]);
    expect(held).toMatchObject({ kind: 'rearrival', reason: 'tombstone' });
    expect(members().map((m) => m.email_address)).toEqual(['onni@sahko.test']);
    const again = await journey.post('/cases', { type: 'erasure', subject });
    // the people are still asked: a second request joins the open case
    expect(again.json).toMatchObject({ id: opened, state: 'running' });
  });

  it('whose answer is lost is read before anything is sent again', async () => {
    const { subject } = await twoCustomers();
    journey.newsletterServer.fault({ kind: 'commit-then-drop', path: 'delete-permanent' });
    await eraseNow(subject);
    expect(await settled(journey, subject, 'newsletter', 'erased')).toMatchObject({ evidence: 'observed' });
    expect(journey.newsletterServer.log.filter((r) => r.path.endsWith('delete-permanent'))).toHaveLength(1);
  });

  it('covers a converted lead together with its contact', async () => {
    await twoCustomers();
    const lead = journey.crm.add('lead', {
      FIRST_NAME: 'Impi',
      LAST_NAME: 'Salmi',
      LEAD_SOURCE_ID: 1,
      LEAD_STATUS_ID: 1,
      EMAIL: 'impi@sahko.test',
      Newsletter__c: true,
    });
    await until('the lead', () => journey.subjectOf('impi@sahko.test'));
    const contact = journey.crm.convert(lead);
    const subject = await until('one subject of both rows', async () => {
      const found = await journey.get<{ id: string; state: string }[]>('/subjects?email=impi@sahko.test');
      const [only] = found.filter((s) => s.state === 'active');
      if (!only || found.filter((s) => s.state === 'active').length > 1) return undefined;
      return (await journey.get<{ registerRecords: unknown[] }>(`/subjects/${only.id}`)).registerRecords.length === 2
        ? only.id
        : undefined;
    });
    await eraseNow(subject);
    await settled(journey, subject, 'crm', 'erased');
    expect(journey.crm.record('contact', contact)).toBeUndefined();
    expect(journey.crm.record('lead', lead)).toBeUndefined();
    expect(members().some((m) => m.email_address === 'impi@sahko.test')).toBe(false);
  });

  it('waits for no silent person: the register goes when the machines are settled', async () => {
    const { subject } = await twoCustomers();
    await eraseNow(subject);
    await settled(journey, subject, 'crm', 'erased');
    const [task] = await journey.get<{ id: string; ask: string; outcome?: string }[]>('/tasks');
    expect(task).toMatchObject({ ask: 'erase' });
    const shown = await journey.get<{ identifiers: Record<string, string> }>(`/tasks/${task?.id}?reveal=true`);
    expect(shown.identifiers).toMatchObject({ email: 'aino@sahko.test', customerNumber: 'C-1' });
    const wrong = await journey.post(`/tasks/${task?.id}/answer`, { outcome: 'retained' });
    expect(wrong.status).toBe(400);
    await journey.post(`/tasks/${task?.id}/answer`, { outcome: 'retained', until: '2031-12-31', law: 'KPL 2:10' });
    expect((await journey.duties(subject))['partner']).toMatchObject({
      state: 'waiting',
      outcome: 'retained',
      retained: { until: '2031-12-31', law: 'KPL 2:10' },
    });
  });
});

describe('a disappearance', () => {
  it('is held, and a verdict decides', async () => {
    const { id, subject } = await twoCustomers();
    journey.crm.remove('contact', id);
    await sweepRegister(journey.needs, 'crm');
    const held = await until(
      'the hold',
      async () => (await journey.get<{ id: string; kind: string; verdicts: string[] }[]>('/held'))[0],
    );
    expect(held).toMatchObject({ kind: 'vanished', verdicts: ['erase', 'keep'] });
    await until('the duty', async () => (await journey.duties(subject))['newsletter']?.state === 'held');
    expect(members()).toHaveLength(2);
    expect((await journey.post(`/held/${held.id}/nonsense`)).status).toBe(400);
    const decided = await journey.post(`/held/${held.id}/erase`);
    const { case: opened } = decided.json as { case: string };
    await journey.post(`/cases/${opened}/approve`);
    expect(await settled(journey, subject, 'newsletter', 'erased')).toMatchObject({ evidence: 'observed' });
  });

  it('that was a restored record releases itself', async () => {
    const { id, subject } = await twoCustomers();
    journey.crm.remove('contact', id);
    await sweepRegister(journey.needs, 'crm');
    await until('the hold', async () => (await journey.get<unknown[]>('/held')).length === 1);
    journey.crm.restore('contact', id);
    await until('no hold', async () => (await journey.get<unknown[]>('/held')).length === 0);
    await until('the duty', async () => (await journey.duties(subject))['newsletter']?.state === 'settled');
  });
});
