import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { startDrift } from '../../src/jobs/drift.ts';
import { hear } from '../../src/jobs/hear-recipient.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { driveRun, startResync } from '../../src/jobs/resync.ts';
import { advanceAll } from '../../src/jobs/schedule.ts';
import { changes } from '../../src/store/database.ts';
import { aino } from '../jobs/world.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let id: string;
let writes: string[];
const moved = 'aino.uusi@sahko.test';

/** The newsletter is master of the e-mail address; the register takes corrections. */
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  id = await linkedAino(hub);
  writes = [];
  const newsletter = hub.needs.config.systems['newsletter']?.recipient;
  const crm = hub.needs.connectors['crm']?.recipient;
  if (!newsletter || !crm) throw new Error('the world is another');
  newsletter.masterOf = ['email'];
  crm.rectify = async (ref, fields) => {
    writes.push(Object.keys(fields).join());
    hub.register.put(ref.id, { person: { ...hub.register.rows.get(ref.id)?.person, ...fields } as never });
    return { kind: 'accepted', ref };
  };
  return () => hub.close();
});

const row = () => {
  const found = [...hub.newsletter.rows.values()].find((r) => r.fields.givenName === 'Aino');
  if (!found) throw new Error('the newsletter has no Aino');
  return found;
};
const inRegister = () => hub.register.rows.get('1')?.person as { email?: string; familyName?: string };
const turn = async () => {
  for (let i = 0; i < 2; i++) {
    await changes(hub.needs.db, sql`UPDATE cursor SET saved_at = '-infinity' WHERE object LIKE 'turn:correct:%'`);
    await advanceAll(hub.needs);
    await hub.settle();
  }
};
const heard = () =>
  hear(hub.needs, 'newsletter', {
    ref: { place: 'all', id: row().id },
    fields: { ...row().fields },
    standing: 'active',
    refused: false,
  });
const compared = async (started: Promise<{ id: string }>) => {
  const run = await started;
  for (let i = 0; i < 50; i++) if (!(await driveRun(hub.needs, run.id))) break;
  await turn();
};
const cases = async () =>
  (await hub.ask('GET', '/cases')).json<{ id: string; type: string; state: string; decision?: { decision: string } }[]>();

describe('a field that a system is master of', () => {
  it.each([
    ['a webhook or poll tells', heard],
    ['a drift check finds', () => compared(startDrift(hub.needs, 'newsletter', 'test'))],
    ['a resync finds', () => compared(startResync(hub.needs, 'newsletter', { actor: 'test', dryRun: false }))],
  ])('is carried to the register, and from there to the others, when %s that it was edited there', async (_how, told) => {
    row().fields = { ...row().fields, email: moved };
    await told();
    await turn();
    expect([inRegister().email, row().fields.email, writes]).toEqual([moved, moved, ['email']]);
    const [found] = await cases();
    expect(found).toMatchObject({ type: 'rectification', decision: { decision: 'approved' } });
    const tasks = (await hub.ask('GET', '/tasks')).json<{ system: string; ask: string }[]>();
    expect(tasks).toMatchObject([{ system: 'partner', ask: 'update' }]);
    // nobody is written to about what they changed themselves
    expect((await hub.ask('GET', `/cases/${found?.id}/letters`)).json()).toMatchObject({ owed: false });
  });

  it('is never overwritten there by a change of the register; what stands there wins', async () => {
    hub.register.put('1', { person: { ...aino, email: 'old@sahko.test', familyName: 'Lahtinen' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    await turn();
    expect(row().fields).toMatchObject({ email: aino.email, familyName: 'Lahtinen' });
    await compared(startDrift(hub.needs, 'newsletter', 'test'));
    expect([inRegister().email, row().fields.email]).toEqual([aino.email, aino.email]);
  });

  it('is written there too when the person asks for its correction', async () => {
    const { id: found } = (
      await hub.ask('POST', '/cases', { type: 'rectification', subject: id, asked: { fields: { email: moved } } })
    ).json<{ id: string }>();
    await hub.ask('POST', `/cases/${found}/approve`);
    await turn();
    expect([inRegister().email, row().fields.email]).toEqual([moved, moved]);
    await compared(startDrift(hub.needs, 'newsletter', 'test'));
    expect([inRegister().email, row().fields.email, writes]).toEqual([moved, moved, ['email']]);
  });

  it('is not taken when it was emptied, says the same in another spelling, is no value, or the person is restricted', async () => {
    for (const email of [undefined, aino.email.toUpperCase(), 'no address']) {
      row().fields = { ...row().fields, email } as never;
      await heard();
      await turn();
    }
    expect([inRegister().email, await cases()]).toEqual([aino.email, []]);
    const { id: found } = (await hub.ask('POST', '/cases', { type: 'restriction', subject: id })).json<{ id: string }>();
    await hub.ask('POST', `/cases/${found}/approve`);
    await turn();
    row().fields = { ...row().fields, email: moved };
    await heard();
    await turn();
    expect(inRegister().email).toBe(aino.email);
  });

  it('waits while another correction is open, and is found again after it', async () => {
    const { id: found } = (
      await hub.ask('POST', '/cases', { type: 'rectification', subject: id, asked: { fields: { familyName: 'Korhonen' } } })
    ).json<{ id: string }>();
    row().fields = { ...row().fields, email: moved };
    await heard();
    await turn();
    expect(inRegister().email).toBe(aino.email);
    await hub.ask('POST', `/cases/${found}/refuse`, { reason: 'not so' });
    await compared(startDrift(hub.needs, 'newsletter', 'test'));
    expect(inRegister().email).toBe(moved);
  });
});
