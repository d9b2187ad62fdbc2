import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { freeCall } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { everybody } from '../../src/core/scope.ts';
import { answerTask } from '../../src/jobs/ask-person.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { foreseeLaw } from '../../src/jobs/foresee-law.ts';
import { hear } from '../../src/jobs/hear-recipient.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { caseById } from '../../src/store/cases.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { changes } from '../../src/store/database.ts';
import { dutiesOf, redrive } from '../../src/store/duties.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { tasks } from '../../src/store/tasks.ts';
import { testRuntime } from '../support/runtime.ts';
import { Accounting, accountingConfig } from './accounting.ts';
import { aino, openWorld, type World } from './world.ts';

let accounting: Accounting;
let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  accounting = new Accounting();
  world = await openWorld(runtime.databaseUrl, { newsletter: accounting, config: accountingConfig });
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

let subject = '';
const duty = async () => (await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === 'newsletter');
const thisYear = new Date().getUTCFullYear();
const day = `${thisYear}-03-31`;
const until = `${thisYear + 6}-12-31`;

/** Aino is a customer with invoices, and asks to be erased. Answers the row and the case. */
async function erasing(invoices: { newest: string; open: boolean; pending?: string } | null, isNamed = false) {
  const row = accounting.add({ ...aino });
  if (isNamed) accounting.named.add(row.id);
  accounting.add({ givenName: 'Other', email: 'other@sahko.test' });
  world.register.put('1', { person: aino });
  world.register.put('2', { person: { givenName: 'Other', email: 'other@sahko.test' } });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  if (invoices) accounting.invoices.set(row.id, invoices);
  subject = (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', aino.email)))[0]?.id ?? '';
  const { id } = await openErasureCase(world.needs, {
    subject,
    source: 'cli',
    channel: null,
    receivedAt: new Date(),
    approve: 'person',
  });
  await world.settle();
  await approveCase(world.needs, id, 'test');
  await world.settle();
  return { row, id };
}

describe('an erasure that meets a law', () => {
  it('erases where nothing binds the row', async () => {
    const { row } = await erasing(null);
    expect(accounting.rows.has(row.id)).toBe(false);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });

  it('leaves a stripped row alone that a poll shows again, and strips one that was filled again', async () => {
    const { row } = await erasing({ newest: day, open: false });
    const heard = async () => {
      const shown = await accounting.read({ place: 'all', id: row.id }, freeCall);
      if (shown) await hear(world.needs, 'newsletter', shown);
      await world.settle();
    };
    const [before, log] = [await duty(), accounting.log.length];
    await heard();
    await heard();
    expect(await duty()).toEqual(before);
    expect(accounting.log.slice(log).filter((verb) => verb !== 'read')).toEqual([]);
    row.fields = { ...row.fields, phone: '+358401234567' };
    await heard();
    expect(row.fields).not.toHaveProperty('phone');
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained' });
  });

  it('strips what no law needs, ends the use, and waits for the day, which it names with the fields and the law', async () => {
    const { row } = await erasing({ newest: day, open: false });
    expect(row).toMatchObject({
      standing: 'restricted',
      fields: { givenName: 'Aino', familyName: 'Virtanen', customerNumber: 'A-1' },
    });
    expect(row.fields).not.toHaveProperty('email');
    expect(accounting.log).not.toContain('erase');
    expect(await duty()).toMatchObject({
      state: 'waiting',
      outcome: 'retained',
      evidence: 'observed',
      retained: { fields: ['customerNumber', 'familyName', 'givenName'], until, law: expect.stringContaining('1336/1997') },
    });
  });

  it('is foreseen in the plan of the case, with the fields, the day and the law', async () => {
    await erasing({ newest: day, open: false });
    expect((await foreseeLaw(world.needs, subject)).get('newsletter')).toMatchObject({
      until,
      fields: expect.arrayContaining(['familyName']),
    });
  });

  it('counts as settled for the case: the register is erased, and the case closes', async () => {
    const { id } = await erasing({ newest: day, open: false });
    expect(world.register.rows.has('1')).toBe(false);
    await answerTasks();
    expect((await caseById(world.needs.db, id))?.state).toBe('closed');
  });

  it('strips once when the answer was lost', async () => {
    accounting.failAfter = new Failure('ANSWER_LOST');
    await erasing({ newest: day, open: false });
    for (let i = 0; i < 40 && (await duty())?.outcome !== 'retained'; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await world.settle();
    }
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained', evidence: 'observed' });
  });

  it('tries the erasure when the day has come', async () => {
    const { row } = await erasing({ newest: day, open: false });
    accounting.invoices.delete(row.id);
    await advanceClock(world.needs.db, 'P5Y');
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(true);
    await advanceClock(world.needs.db, 'P2Y');
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(false);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });

  it('waits anew when an invoice came after the row was stripped', async () => {
    const { row } = await erasing({ newest: day, open: false });
    accounting.invoices.set(row.id, { newest: `${thisYear + 2}-05-01`, open: false });
    await advanceClock(world.needs.db, 'P7Y');
    await world.settle();
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained', retained: { until: `${thisYear + 8}-12-31` } });
  });

  it('overwrites with the values that were agreed, where the system refuses even then', async () => {
    const { row } = await erasing({ newest: day, open: false });
    accounting.neutral = 'Poistettu asiakas';
    await advanceClock(world.needs.db, 'P7Y');
    await world.settle();
    expect(row.fields).toEqual({ familyName: 'Poistettu asiakas' });
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'stripped', evidence: 'observed', reason: 'neutral-values' });
  });

  it('asks whoever owns the system, where no values are agreed', async () => {
    await erasing({ newest: day, open: false });
    await answerTasks();
    await advanceClock(world.needs.db, 'P7Y');
    await world.settle();
    expect(await duty()).toMatchObject({ state: 'asked', asked_whom: 'accountant' });
    await answerTasks();
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'acknowledged' });
  });

  it('strips a row on which unfinished work alone hangs, and asks for the rest, which is no law', async () => {
    const { row } = await erasing({ newest: day, open: false, pending: 'has-orders' });
    expect(row.fields).not.toHaveProperty('email');
    expect(row.standing).toBe('restricted');
    expect(accounting.log).not.toContain('erase');
    expect(await duty()).toMatchObject({ state: 'asked', outcome: null, reason: 'has-orders', asked_whom: 'accountant' });
    expect((await foreseeLaw(world.needs, subject)).get('newsletter')).toBeUndefined();
    await answerTasks();
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'acknowledged' });
  });

  it('asks people for an erasure that only they can end, and says why', async () => {
    await erasing(null, true);
    expect(await duty()).toMatchObject({ state: 'asked', outcome: null, reason: 'named-in-text', asked_whom: 'accountant' });
  });

  it('strips what came to be bound between the question and the refusal', async () => {
    const bound = accounting.bound.bind(accounting);
    let asked = 0;
    accounting.bound = async (ref, call) => (asked++ === 0 ? null : bound(ref, call));
    const { row } = await erasing({ newest: day, open: false });
    expect(accounting.log).toContain('erase');
    expect(row.fields).not.toHaveProperty('email');
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained' });
  });

  it.each(['ANSWER_GARBLED', 'ANSWER_LOST', 'NOT_APPLIED'] as const)(
    'gives up an erasure that comes to nothing again and again, and takes it up on a click (%s)',
    async (code) => {
      let erasures = 0;
      const erase = accounting.erase.bind(accounting);
      accounting.erase = (_ref, call) =>
        call.beforeWire('write').then(() => {
          erasures++;
          throw new Failure(code);
        });
      await erasing(null);
      for (let n = 0; n < 60 && (await duty())?.state !== 'dead'; n++) {
        await changes(
          world.needs.db,
          sql`UPDATE duty SET wake_at = now(), not_before = NULL, handed_at = NULL WHERE state <> 'dead'`,
        );
        await changes(world.needs.db, sql`UPDATE system SET breaker_until = NULL, failures = 0`).catch(() => {});
        await world.settle();
      }
      expect(await duty()).toMatchObject({ state: 'dead', attempts: 16 });
      expect(erasures).toBe(16);
      accounting.erase = erase;
      await redrive(world.needs.db, (await duty())?.id ?? '');
      await world.settle();
      expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased' });
    },
  );

  it('keeps an open claim beyond the date, and says why', async () => {
    await erasing({ newest: `${thisYear - 9}-05-01`, open: true });
    expect(await duty()).toMatchObject({
      state: 'waiting',
      outcome: 'retained',
      retained: { law: expect.stringContaining('Art. 17(3)(e)') },
    });
  });

  it('tries the erasure of old invoices at once, and neutral values when it is refused', async () => {
    accounting.neutral = 'Poistettu asiakas';
    const { row } = await erasing({ newest: `${thisYear - 9}-05-01`, open: false });
    expect(accounting.log).toContain('erase');
    expect(row.fields).toEqual({ familyName: 'Poistettu asiakas' });
  });
});

async function answerTasks(): Promise<void> {
  for (const task of await tasks(world.needs.db, everybody))
    if (!task.outcome) await answerTask(world.needs, task.id, { outcome: 'erased', by: 'test' });
  await world.settle();
}
