import { beforeEach, describe, expect, it } from 'vitest';
import { everybody } from '../../src/core/scope.ts';
import { answerTask } from '../../src/jobs/ask-person.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { recheckErasures } from '../../src/jobs/recheck-erasure.ts';
import { dutyView } from '../../src/server/shapes.ts';
import { giveVerdict } from '../../src/server/verdicts.ts';
import { caseById, dropEnvelopes } from '../../src/store/cases.ts';
import { advanceClock, hubNow } from '../../src/store/clock.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { allHeld } from '../../src/store/held.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { tasks } from '../../src/store/tasks.ts';
import { testRuntime } from '../support/runtime.ts';
import { aino, MemoryRecipient, openWorld, type World } from './world.ts';

let newsletter: MemoryRecipient;
let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  newsletter = new MemoryRecipient();
  world = await openWorld(runtime.databaseUrl, { newsletter });
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

let subject = '';
let found = '';
const dutyOf = async (system = 'newsletter') => (await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === system);
const look = () => recheckErasures(world.needs, 'newsletter');

/** Aino was erased everywhere, and her case is closed; `others`: people who are still in the newsletter. */
async function erased(others = 1) {
  const row = newsletter.add({ ...aino });
  for (let n = 0; n < others; n++) newsletter.add({ givenName: 'Other', email: `other${n}@sahko.test` });
  world.register.put('1', { person: aino });
  for (let n = 0; n < others; n++) world.register.put(`o${n}`, { person: { givenName: 'Other', email: `other${n}@sahko.test` } });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  subject = (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', aino.email)))[0]?.id ?? '';
  found = (
    await openErasureCase(world.needs, {
      subject,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
      fields: aino,
    })
  ).id;
  await world.settle();
  await approveCase(world.needs, found, 'test');
  await world.settle();
  for (const task of await tasks(world.needs.db, everybody))
    if (!task.outcome) await answerTask(world.needs, task.id, { outcome: 'erased', by: 'test' });
  await world.settle();
  return row;
}

describe('an erasure is looked at again', () => {
  it('after 7, 30 and 90 days of the hub’s clock, and not before', async () => {
    await erased();
    expect((await caseById(world.needs.db, found))?.state).toBe('closed');
    await advanceClock(world.needs.db, 'P6D');
    expect(await look()).toBe(0);
    expect((await dutyOf())?.evidence).toBe('observed');
    for (const [advance, next] of [
      ['P1D', 30],
      ['P23D', 90],
      ['P60D', null],
    ] as const) {
      await advanceClock(world.needs.db, advance);
      expect(await look()).toBe(1);
      expect(await look()).toBe(0);
      const duty = await dutyOf();
      expect(duty).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 're-observed' });
      expect(duty?.recheck_due === null).toBe(next === null);
    }
  });

  it('proves nothing without a living row that the same route finds', async () => {
    await erased();
    newsletter.blind = true;
    await advanceClock(world.needs.db, 'P8D');
    expect(await look()).toBe(1);
    expect((await dutyOf())?.evidence).toBe('observed');
    await advanceClock(world.needs.db, 'P2D');
    newsletter.blind = false;
    expect(await look()).toBe(1);
    expect((await dutyOf())?.evidence).toBe('re-observed');
  });

  it('gives an erasure that nothing proved at first the evidence that a later look has', async () => {
    await erased(0);
    expect(await dutyOf()).toMatchObject({ outcome: 'erased', evidence: 'accepted' });
    world.register.put('9', { person: { givenName: 'New', email: 'new@sahko.test' }, granted: { newsletter: true } });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    await advanceClock(world.needs.db, 'P8D');
    expect(await look()).toBe(1);
    expect(await dutyOf()).toMatchObject({ outcome: 'erased', evidence: 're-observed' });
  });

  it('never says more than the system can prove, and says until when backups may hold the person', async () => {
    const connector = world.needs.connectors['newsletter'];
    if (!connector) throw new Error('no newsletter');
    const { manifest } = connector;
    const weak = { ...manifest, backupLagDays: 30, erasure: { ...manifest.erasure, cap: 'acknowledged' as const } };
    world.needs.connectors['newsletter'] = { ...connector, manifest: weak };
    await erased();
    await advanceClock(world.needs.db, 'P8D');
    await look();
    const duty = await dutyOf();
    expect(duty).toMatchObject({ outcome: 'erased', evidence: 'acknowledged' });
    const since = duty?.since.getTime() ?? 0;
    expect(duty && dutyView(world.needs, duty)).toMatchObject({
      cap: 'acknowledged',
      backupsUntil: new Date(since + 30 * 86_400_000).toISOString().slice(0, 10),
      rechecks: { last: expect.any(String), next: expect.any(String) },
    });
    const partner = await dutyOf('partner');
    expect(partner && dutyView(world.needs, partner)).not.toHaveProperty('backupsUntil');
  });

  it('holds what is back, touches nothing, and erases it again when a person says so', async () => {
    const row = await erased();
    newsletter.rows.set(row.id, row);
    await advanceClock(world.needs.db, 'P8D');
    await look();
    await world.settle();
    expect(await dutyOf()).toMatchObject({ state: 'held', reason: 'returned' });
    expect(newsletter.rows.has(row.id)).toBe(true);
    const [held] = await allHeld(world.needs.db, everybody);
    expect(held).toMatchObject({ kind: 'returned', subject, system: 'newsletter' });
    await giveVerdict(world.needs, held?.id ?? '', 'erase', 'test', undefined);
    await world.settle();
    expect(newsletter.rows.has(row.id)).toBe(false);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    await advanceClock(world.needs.db, 'P8D');
    expect(await look()).toBeGreaterThan(0);
    expect((await dutyOf())?.evidence).toBe('re-observed');
  });

  it('finds whoever is back in the register as well, and says no more that they are erased there', async () => {
    await erased();
    expect(await dutyOf('crm')).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'acknowledged' });
    await advanceClock(world.needs.db, 'P8D');
    expect(await recheckErasures(world.needs, 'crm')).toBe(1);
    expect(await dutyOf('crm')).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'acknowledged' });
    world.register.put('1', { person: aino });
    await advanceClock(world.needs.db, 'P23D');
    expect(await recheckErasures(world.needs, 'crm')).toBe(1);
    expect(await dutyOf('crm')).toMatchObject({ state: 'held', reason: 'returned', outcome: null });
    expect((await allHeld(world.needs.db, everybody)).map((h) => [h.kind, h.system])).toEqual([['rearrival', 'crm']]);
  });

  it('finds a new row under the person’s own address too, and lets go of one that is somebody else’s', async () => {
    await erased();
    const made = newsletter.add({ givenName: 'Aino', email: aino.email });
    await advanceClock(world.needs.db, 'P8D');
    await look();
    await world.settle();
    const [held] = await allHeld(world.needs.db, everybody);
    expect(held?.kind).toBe('returned');
    await giveVerdict(world.needs, held?.id ?? '', 'dismiss', 'test', undefined);
    await world.settle();
    expect(newsletter.rows.has(made.id)).toBe(true);
    await advanceClock(world.needs.db, 'P23D');
    await look();
    expect(await allHeld(world.needs.db, everybody)).toEqual([]);
  });

  it('waits until nothing else is owed there, and ends with the case’s envelope', async () => {
    await erased();
    await advanceClock(world.needs.db, 'P8D');
    world.register.put('9', { person: { givenName: 'New', email: 'new@sahko.test' }, granted: { newsletter: true } });
    await pollRegister(world.needs, 'crm');
    expect(await look()).toBe(0);
    await world.settle();
    expect(await look()).toBe(1);
    await advanceClock(world.needs.db, 'P120D');
    await dropEnvelopes(world.needs.db, await hubNow(world.needs.db));
    expect(await look()).toBe(0);
  });
});

describe('the undo window', () => {
  it('lets nothing be erased while it runs', async () => {
    const system = world.needs.config.systems['newsletter'];
    if (!system?.recipient) throw new Error('no newsletter');
    const config = { ...world.needs.config, systems: { ...world.needs.config.systems } };
    config.systems['newsletter'] = { ...system, recipient: { ...system.recipient, undoHours: 24 } };
    world.needs.config = config;
    const row = await erased();
    expect(newsletter.rows.has(row.id)).toBe(true);
    expect(row.standing).toBe('restricted');
    expect(await dutyOf()).toMatchObject({ state: 'waiting', reason: 'undo-window' });
    await advanceClock(world.needs.db, 'PT23H');
    await world.settle();
    expect(newsletter.rows.has(row.id)).toBe(true);
    await advanceClock(world.needs.db, 'PT2H');
    await world.settle();
    expect(newsletter.rows.has(row.id)).toBe(false);
  });
});
