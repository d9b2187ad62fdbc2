import { beforeEach, describe, expect, it } from 'vitest';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { audience, hookSecret, type Journey, openJourney, settled, until } from './hub.ts';

let journey: Journey;
beforeEach(async () => {
  journey = await openJourney();
  return () => journey.close();
});

const members = () => journey.newsletter.members(audience) as { email_address: string; contact_id: string; status: string }[];

/** A customer on the newsletter, created there by the hub itself: the recipient held nobody. */
async function onNewsletter(email = 'aino@sahko.test'): Promise<{ id: string; subject: string }> {
  const id = journey.customer({ EMAIL_ADDRESS: email });
  const subject = await until('the subject', () => journey.subjectOf(email));
  await settled(journey, subject, 'newsletter', 'created');
  return { id, subject };
}

describe('a rectification', () => {
  it('travels from the register to the recipient and to the people, and is read back', async () => {
    const { id, subject } = await onNewsletter();
    const before = members()[0]?.contact_id;
    journey.crm.update('contact', id, { EMAIL_ADDRESS: 'uusi@sahko.test', LAST_NAME: 'Mäkelä' });
    expect(await settled(journey, subject, 'newsletter', 'updated')).toMatchObject({ evidence: 'observed', version: 2 });
    expect(members()).toMatchObject([{ email_address: 'uusi@sahko.test', contact_id: before, status: 'subscribed' }]);
    const task = await until(
      'the task',
      async () => (await journey.get<{ id: string; ask: string; due: string }[]>('/tasks'))[0],
    );
    expect(task.ask).toBe('update');
    expect((await journey.post(`/tasks/${task.id}/answer`, { outcome: 'updated' })).status).toBe(200);
    expect(await settled(journey, subject, 'partner', 'updated')).toMatchObject({ evidence: 'acknowledged' });
    expect(await journey.subjectOf('aino@sahko.test')).toBe(subject);
  });

  it('whose answer is lost leaves one member, the same contact, and its standing', async () => {
    const { id, subject } = await onNewsletter();
    const before = members()[0];
    journey.newsletterServer.fault({ kind: 'commit-then-drop', method: 'PATCH' });
    journey.crm.update('contact', id, { EMAIL_ADDRESS: 'uusi@sahko.test' });
    expect(await settled(journey, subject, 'newsletter', 'updated')).toMatchObject({ evidence: 'observed' });
    expect(members()).toMatchObject([{ email_address: 'uusi@sahko.test', contact_id: before?.contact_id, status: 'subscribed' }]);
    expect(journey.newsletterServer.log.filter((r) => r.method === 'PATCH')).toHaveLength(1);
  });

  it('never re-subscribes somebody who unsubscribed, in a hundred corrections, and the register is told', async () => {
    const { id, subject } = await onNewsletter();
    journey.newsletter.unsubscribe('aino@sahko.test');
    const body = new URLSearchParams({ type: 'unsubscribe', 'data[list_id]': audience, 'data[email]': 'aino@sahko.test' });
    const hook = await fetch(`${journey.url}/webhooks/newsletter/${hookSecret}`, { method: 'POST', body });
    expect(hook.status).toBe(202);
    await until('the register', async () => journey.crm.record('contact', id)?.['EMAIL_OPTED_OUT'] === true);
    await settled(journey, subject, 'crm', 'restricted');
    const corrections = journey.runtime.kind === 'server' ? 100 : 20;
    for (let n = 0; n < corrections; n++) {
      journey.crm.update('contact', id, n % 3 === 0 ? { EMAIL_ADDRESS: `aino${n}@sahko.test` } : { FIRST_NAME: `Aino ${n}` });
      await until(`correction ${n}`, async () => {
        await pollRegister(journey.needs, 'crm');
        const duty = (await journey.duties(subject))['newsletter'];
        return duty?.state === 'settled' && duty.version >= n + 2;
      });
    }
    expect(members()).toMatchObject([{ status: 'unsubscribed' }]);
    for (const write of journey.newsletter.writes.filter((w) => w.method !== 'POST'))
      expect(JSON.stringify(write)).not.toMatch(/"status":"(subscribed|pending)"/);
  });

  it('finds the recipient again after an hour of faults of every kind', async () => {
    const { id, subject } = await onNewsletter();
    for (const kind of ['throttle', 'bare-403', 'html-502', 'garbage-200', 'cut-body'] as const)
      journey.newsletterServer.fault({ kind });
    journey.crm.update('contact', id, { FIRST_NAME: 'Aini' });
    expect(
      await until(
        'the correction',
        async () =>
          (await journey.duties(subject))['newsletter']?.outcome === 'updated' && (await journey.duties(subject))['newsletter'],
        90,
      ),
    ).toMatchObject({ evidence: 'observed' });
    expect(members()).toHaveLength(1);
  });
});
