import { expect, it } from 'vitest';
import { audience } from '../../src/demo/firm.ts';
import { testRuntime } from '../support/runtime.ts';
import { eventually, openChaos, struck } from './harness.ts';

const emails = (members: Record<string, unknown>[]) => members.map((m) => String(m['email_address'])).sort();

it('a worker that was stopped past its lease and woken sends nothing any more', async () => {
  const runtime = await testRuntime();
  const chaos = await openChaos(runtime);
  try {
    const zombie = await chaos.startWorker({ KILL_AT: 'before-wire', KILL_METHOD: 'PATCH', KILL_MARK: chaos.mark, STOP: '1' });
    await eventually('the first state', 90, async () => (await chaos.duty())?.state === 'settled');
    chaos.crm.update('contact', chaos.hero, { EMAIL_ADDRESS: 'uusi@sahko.test' });
    await struck(chaos);
    await chaos.startWorker();
    await eventually('the other worker', 90, async () => (await chaos.duty())?.outcome === 'updated');
    const before = chaos.newsletterServer.log.filter((r) => r.method === 'PATCH').length;
    zombie.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(chaos.newsletterServer.log.filter((r) => r.method === 'PATCH')).toHaveLength(before);
    expect(emails(chaos.newsletter.members(audience))).toEqual(['onni@sahko.test', 'uusi@sahko.test']);
  } finally {
    await chaos.close();
    await runtime.drop();
  }
});

it('a stopped creation does not bring back a person who was erased meanwhile', async () => {
  const runtime = await testRuntime();
  const chaos = await openChaos(runtime);
  try {
    const zombie = await chaos.startWorker({ KILL_AT: 'before-wire', KILL_METHOD: 'POST', KILL_MARK: chaos.mark, STOP: '1' });
    await eventually('the first state', 90, async () => (await chaos.duty())?.state === 'settled');
    const id = chaos.crm.add('contact', {
      FIRST_NAME: 'Uusi',
      LAST_NAME: 'Asiakas',
      EMAIL_ADDRESS: 'newcomer@sahko.test',
      Newsletter__c: true,
    });
    await struck(chaos);
    const subject = await chaos.idOf('newcomer@sahko.test');
    await chaos.startWorker();
    chaos.crm.update('contact', id, { Erase__c: true });
    await eventually('the erasure', 120, async () => {
      const duty = await chaos.duty('crm', subject);
      return duty?.state === 'settled' && duty.outcome === 'erased';
    });
    zombie.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(emails(chaos.newsletter.members(audience))).not.toContain('newcomer@sahko.test');
    expect(chaos.crm.record('contact', id)).toBeUndefined();
  } finally {
    await chaos.close();
    await runtime.drop();
  }
});

it('a poison duty that kills each worker ends dead and visible, and the others go on', async () => {
  const runtime = await testRuntime();
  const chaos = await openChaos(runtime);
  try {
    chaos.crm.update('contact', chaos.hero, { EMAIL_ADDRESS: 'uusi@sahko.test' });
    for (let n = 0; n < 6; n++) {
      // each worker gets a marker of its own: each dies at the same duty
      const mark = `${chaos.mark}-${n}`;
      const worker = await chaos.startWorker({ KILL_AT: 'before-request', KILL_METHOD: 'PATCH', KILL_MARK: mark });
      await eventually(
        'the next crash or the end',
        90,
        async () => worker.exitCode !== null || worker.signalCode !== null || (await chaos.duty())?.state === 'dead',
      );
      if ((await chaos.duty())?.state === 'dead') break;
    }
    expect(await chaos.duty()).toMatchObject({ state: 'dead', reason: 'crashed' });
    expect(await chaos.duty('newsletter', await chaos.idOf('onni@sahko.test'))).toMatchObject({ state: 'settled' });
  } finally {
    await chaos.close();
    await runtime.drop();
  }
});
