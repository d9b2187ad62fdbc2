import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { everybody } from '../../src/core/scope.ts';
import { answerTask } from '../../src/jobs/ask-person.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import { dutiesOf, endLease, takeLease } from '../../src/store/duties.ts';
import { allHeld } from '../../src/store/held.ts';
import { recordsOf } from '../../src/store/records.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { tasks } from '../../src/store/tasks.ts';
import { testRuntime } from '../support/runtime.ts';
import { until } from '../support/until.ts';
import { aino, openWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const granted = { granted: { newsletter: true }, refused: { newsletter: false } };
const idOf = async (email: string) =>
  (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', email)))[0]?.id ?? '';
const duty = async (system: string, email = aino.email) =>
  (await dutiesOf(world.needs.db, await idOf(email))).find((d) => d.recipient === system);

/** Works on until the duty of a recipient is no longer so: what was lost or failed is looked at again after a while. */
const leaves = (system: string, state: string) =>
  until(`the duty to leave ${state}`, async () => {
    await world.settle();
    return (await duty(system))?.state !== state;
  });

/** Aino is in the register and, linked, on the newsletter. */
async function linkedAino(): Promise<string> {
  world.newsletter.add({ givenName: 'Aino', familyName: 'Virtanen', email: aino.email });
  world.newsletter.add({ givenName: 'Other', email: 'other@sahko.test' });
  world.register.put('1', { person: aino, ...granted });
  world.register.put('2', { person: { givenName: 'Other', email: 'other@sahko.test' }, ...granted });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  return idOf(aino.email);
}

describe('first contact', () => {
  it('holds every duty of a recipient that was never linked, and writes nothing there', async () => {
    world.newsletter.add({ email: aino.email });
    world.register.put('1', { person: aino, ...granted });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(await duty('newsletter')).toMatchObject({ state: 'held', reason: 'not-linked' });
    expect(world.newsletter.log).toEqual([]);
  });

  it('owes what a worker was about to hold while the recipient was linked', async () => {
    world.newsletter.add({ givenName: 'Aino', familyName: 'Virtanen', email: aino.email });
    world.register.put('1', { person: aino, ...granted });
    await pollRegister(world.needs, 'crm');
    const lease = await takeLease(world.needs.db, (await duty('newsletter'))?.id ?? '', randomUUID(), 2);
    await linkRecipient(world.needs, 'newsletter', true, 'test');
    // what it read before the link
    if (lease) await endLease(world.needs.db, lease, { state: 'held', reason: 'not-linked' });
    expect(await duty('newsletter')).toMatchObject({ state: 'open' });
    await world.settle();
    expect(await duty('newsletter')).toMatchObject({ state: 'settled', outcome: 'unchanged' });
  });

  it('ties rows by exact address and settles what is equal without a write', async () => {
    await linkedAino();
    expect(await duty('newsletter')).toMatchObject({ state: 'settled', outcome: 'unchanged' });
    expect(world.newsletter.log.filter((l) => l !== 'read' && l !== 'find')).toEqual([]);
  });

  it('creates a newcomer who agreed, once, and nobody else', async () => {
    await linkRecipient(world.needs, 'newsletter', true, 'test');
    world.register.put('1', { person: aino, ...granted });
    world.register.put('2', {
      person: { ...aino, email: 'no@sahko.test', customerNumber: 'A-2' },
      granted: { newsletter: false },
      refused: { newsletter: false },
    });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(await duty('newsletter')).toMatchObject({ state: 'settled', outcome: 'created', evidence: 'observed' });
    expect(await duty('newsletter', 'no@sahko.test')).toMatchObject({
      state: 'settled',
      outcome: 'absent',
      reason: 'no-permission',
    });
    expect([...world.newsletter.rows.values()].map((r) => r.fields)).toEqual([
      { givenName: 'Aino', familyName: 'Virtanen', email: aino.email },
    ]);
  });
});

describe('a rectification', () => {
  it('changes the row that is there, reads it back, and asks the people who have no interface', async () => {
    const id = await linkedAino();
    world.register.put('1', { person: { ...aino, email: 'uusi@sahko.test' } });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(await duty('newsletter', 'uusi@sahko.test')).toMatchObject({
      state: 'settled',
      outcome: 'updated',
      evidence: 'observed',
    });
    expect(world.newsletter.rows.get('1')?.fields.email).toBe('uusi@sahko.test');
    expect(await duty('partner', 'uusi@sahko.test')).toMatchObject({ state: 'asked', evidence: 'asked', asked_whom: 'finance' });
    const [task] = await tasks(world.needs.db, everybody);
    await answerTask(world.needs, task?.id ?? '', { outcome: 'updated', by: 'test' });
    await world.settle();
    expect(await duty('partner', 'uusi@sahko.test')).toMatchObject({
      state: 'settled',
      outcome: 'updated',
      evidence: 'acknowledged',
    });
    expect((await idOf(aino.email)) === id).toBe(true);
  });

  it('reads before a second write when the answer was lost, and changes nothing twice', async () => {
    await linkedAino();
    world.newsletter.failAfter = new Failure('ANSWER_LOST');
    world.register.put('1', { person: { ...aino, givenName: 'Aini' } });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(await duty('newsletter')).toMatchObject({ state: 'unknown' });
    world.newsletter.log.length = 0;
    await leaves('newsletter', 'unknown');
    expect(await duty('newsletter')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
    expect(world.newsletter.log).not.toContain('rectify');
  });

  it('reads first after a fault of our own that came behind a write', async () => {
    await linkedAino();
    const { read } = world.newsletter;
    let broken = true;
    world.newsletter.read = async (ref, call) => {
      if (broken && world.newsletter.log.includes('rectify')) {
        broken = false;
        throw new Error('the ledger was away');
      }
      return read.call(world.newsletter, ref, call);
    };
    world.register.put('1', { person: { ...aino, givenName: 'Aini' } });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(await duty('newsletter')).toMatchObject({ state: 'waiting', reason: 'internal-error' });
    await leaves('newsletter', 'waiting');
    expect(await duty('newsletter')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
    expect(world.newsletter.log.filter((l) => l === 'rectify')).toHaveLength(1);
  });

  it('finds the row of a create whose answer was lost instead of creating another', async () => {
    await linkRecipient(world.needs, 'newsletter', true, 'test');
    world.newsletter.failAfter = new Failure('ANSWER_LOST');
    world.register.put('1', { person: aino, ...granted });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    await leaves('newsletter', 'unknown');
    expect(await duty('newsletter')).toMatchObject({ state: 'settled', outcome: 'created', evidence: 'observed' });
    expect(world.newsletter.rows.size).toBe(1);
    expect(world.newsletter.log.filter((l) => l === 'create')).toHaveLength(1);
  });

  it('never re-subscribes somebody who refused there, and carries the refusal to the register', async () => {
    await linkedAino();
    const row = world.newsletter.rows.get('1');
    if (row) Object.assign(row, { standing: 'restricted', refused: true });
    for (let n = 0; n < 5; n++) {
      world.register.put('1', { person: { ...aino, givenName: `Aino ${n}` } });
      await pollRegister(world.needs, 'crm');
      await world.settle();
    }
    expect(world.newsletter.rows.get('1')).toMatchObject({ standing: 'restricted', fields: { givenName: 'Aino 4' } });
    expect(world.register.rows.get('1')).toMatchObject({ restricted: true, refused: { newsletter: true } });
  });
});

it('restricts again somebody who signed up by themselves and then refused in the register', async () => {
  await linkedAino();
  world.register.put('1', { person: aino, granted: { newsletter: true }, refused: { newsletter: true } });
  await pollRegister(world.needs, 'crm');
  await world.settle();
  expect(world.newsletter.rows.get('1')?.standing).toBe('restricted');
  // a fresh act at the register, and the person's own sign-up at the recipient
  world.register.put('1', { refused: { newsletter: false } });
  await pollRegister(world.needs, 'crm');
  await world.settle();
  expect(world.newsletter.rows.get('1')?.standing).toBe('restricted');
  Object.assign(world.newsletter.rows.get('1') ?? {}, { standing: 'active', refused: false });
  world.register.put('1', { refused: { newsletter: true } });
  await pollRegister(world.needs, 'crm');
  await world.settle();
  expect(world.newsletter.rows.get('1')?.standing).toBe('restricted');
});

describe('an erasure', () => {
  it('restricts at once, erases only what was approved, the register last, and keeps nothing readable', async () => {
    const id = await linkedAino();
    const { id: caseId } = await openErasureCase(world.needs, {
      subject: id,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
      fields: aino,
    });
    await world.settle();
    expect(world.newsletter.rows.get('1')?.standing).toBe('restricted');
    expect(world.register.rows.get('1')?.restricted).toBe(true);
    expect(world.newsletter.log).not.toContain('erase');
    expect(world.journal).toHaveLength(0);
    await approveCase(world.needs, caseId, 'test');
    expect(world.journal).toHaveLength(1);
    await world.settle();
    const states = Object.fromEntries((await dutiesOf(world.needs.db, id)).map((d) => [d.recipient, d]));
    expect(states['newsletter']).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    expect(states['crm']).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'acknowledged' });
    expect(states['partner']).toMatchObject({ state: 'asked' });
    expect(world.register.rows.has('1')).toBe(false);
    expect(await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', aino.email))).toEqual([]);
    const [task] = await tasks(world.needs.db, everybody);
    await answerTask(world.needs, task?.id ?? '', { outcome: 'erased', by: 'test' });
    const { caseById } = await import('../../src/store/cases.ts');
    expect((await caseById(world.needs.db, caseId))?.state).toBe('closed');
  });

  it('says accepted, not observed, when no other living row proves that the look-up works', async () => {
    const id = await linkedAino();
    world.newsletter.rows.delete('2');
    const { id: caseId } = await openErasureCase(world.needs, {
      subject: id,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
    });
    await approveCase(world.needs, caseId, 'test');
    await world.settle();
    const duties = Object.fromEntries((await dutiesOf(world.needs.db, id)).map((d) => [d.recipient, d]));
    expect(duties['newsletter']).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'accepted' });
  });

  it('holds a re-arrival of an erased person under another id', async () => {
    const id = await linkedAino();
    const { id: caseId } = await openErasureCase(world.needs, {
      subject: id,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
      fields: aino,
    });
    await approveCase(world.needs, caseId, 'test');
    await world.settle();
    world.register.put('77', { person: { ...aino, email: 'AINO@Sahko.test' }, ...granted });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(await allHeld(world.needs.db, everybody)).toMatchObject([{ kind: 'rearrival', reason: 'tombstone' }]);
    expect(world.newsletter.rows.has('1')).toBe(false);
  });

  it('does not let a correction that was under way bring the person back', async () => {
    const id = await linkedAino();
    const { id: caseId } = await openErasureCase(world.needs, {
      subject: id,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
    });
    world.register.put('1', { person: { ...aino, givenName: 'Late' } });
    await pollRegister(world.needs, 'crm');
    await approveCase(world.needs, caseId, 'test');
    await world.settle();
    expect(world.newsletter.log).not.toContain('rectify');
    expect(world.newsletter.rows.has('1')).toBe(false);
  });
});

describe('a disappearance', () => {
  it('is held for a verdict, and only after a complete scan', async () => {
    const id = await linkedAino();
    world.register.rows.delete('1');
    world.register.complete = false;
    await sweepRegister(world.needs, 'crm');
    expect(await allHeld(world.needs.db, everybody)).toEqual([]);
    world.register.complete = true;
    await sweepRegister(world.needs, 'crm');
    await world.settle();
    expect(await allHeld(world.needs.db, everybody)).toMatchObject([{ kind: 'vanished', subject: id }]);
    expect(await duty('newsletter')).toMatchObject({ state: 'held', reason: 'vanished' });
    expect(world.newsletter.rows.has('1')).toBe(true);
  });
});

describe('a lease', () => {
  it('is not given to a second worker, and its successor waits for the deadline when something may have been sent', async () => {
    await linkedAino();
    world.register.put('1', { person: { ...aino, givenName: 'Aini' } });
    await pollRegister(world.needs, 'crm');
    const open = await duty('newsletter');
    const first = await takeLease(world.needs.db, open?.id ?? '', randomUUID(), 2);
    expect(first).not.toBeNull();
    expect(await takeLease(world.needs.db, open?.id ?? '', randomUUID(), 2)).toBeNull();
  });
});

it('stores one row a place and never another person’s', async () => {
  const id = await linkedAino();
  expect(await recordsOf(world.needs.db, id, 'newsletter')).toHaveLength(1);
});
