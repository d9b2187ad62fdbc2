import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Config, Purpose } from '../../src/core/configuration.ts';
import { addDays, type Day } from '../../src/core/day.ts';
import { everybody } from '../../src/core/scope.ts';
import { onStart } from '../../src/jobs/daily.ts';
import { openErasureCase } from '../../src/jobs/erasure.ts';
import { placeHold } from '../../src/jobs/legal-holds.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { dayOf, now } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { recheckErasures } from '../../src/jobs/recheck-erasure.ts';
import { sweepRetention } from '../../src/jobs/sweep-retention.ts';
import { giveVerdict } from '../../src/server/verdicts.ts';
import { casesOf } from '../../src/store/cases.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { rows } from '../../src/store/database.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { allHeld } from '../../src/store/held.ts';
import { eventsOf, openQuestions, purposesOver } from '../../src/store/retention.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { testRuntime } from '../support/runtime.ts';
import { memoryConfig, openWorld, type World } from './world.ts';

const period = (more: object = {}) => ({
  trigger: 'last-contact' as const,
  from: 'event' as const,
  length: { months: 24 },
  rules: [],
  approve: 'person' as const,
  ...more,
});
const purpose = (name: string, more: Partial<Purpose>): Purpose => ({
  ...(memoryConfig.purposes['marketing'] as Purpose),
  name,
  ...more,
});

/** A prospect is needed for two years after the last contact, a customer's invoicing while the relationship lasts. */
const config: Config = {
  ...memoryConfig,
  purposes: {
    marketing: purpose('marketing', { fields: ['givenName', 'email'], retention: [period()] }),
    invoicing: purpose('invoicing', {
      fields: ['givenName', 'familyName', 'email', 'phone', 'customerNumber'],
      for: ['customer'],
      retention: [period({ trigger: 'relationship-end', length: { years: 1 } })],
    }),
  },
};
delete (config.purposes['invoicing'] as { permission?: string }).permission;
const crm = memoryConfig.systems['crm'] as Config['systems'][string];
config.systems = {
  ...memoryConfig.systems,
  crm: { ...crm, register: { ...crm.register, events: { 'last-contact': 'LAST', 'relationship-end': 'END' } } as never },
};
const byItself: Config = {
  ...config,
  purposes: {
    ...config.purposes,
    marketing: purpose('marketing', { fields: ['givenName', 'email'], retention: [period({ approve: 'auto' })] }),
  },
};

let world: World;
let today: Day;
const open = async (given: Config) => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl, { config: given });
  today = dayOf(await now(world.needs));
  return async () => {
    await world.close();
    await runtime.drop();
  };
};

const who = async (email: string) =>
  (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', email)))[0]?.id ?? '';
const email = 'liisa@sahko.test';

/** Somebody in the register, in the newsletter, and known to both. */
async function known(role: string, events: Partial<Record<string, Day>>, person: object = {}) {
  world.newsletter.add({ givenName: 'Liisa', email });
  world.newsletter.add({ givenName: 'Other', email: 'other@sahko.test' });
  world.register.put('1', { role, person: { givenName: 'Liisa', email, ...person }, events, granted: { newsletter: true } });
  world.register.put('2', { person: { givenName: 'Other', email: 'other@sahko.test' }, events: { 'last-contact': today } });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  return who(email);
}

/** Looks at everybody whose day has come. */
async function sweepAll() {
  let looked = 0;
  for (let n = 0; n < 20; n++) {
    const some = await sweepRetention(world.needs, 3);
    if (some === 0) return looked;
    looked += some;
  }
  throw new Error('the sweep does not come to an end');
}
const held = () => allHeld(world.needs.db, everybody);

describe('the retention sweep', () => {
  beforeEach(() => open(config));

  it('proposes a prospect on the day after the set time, and not before', async () => {
    const id = await known('prospect', { 'last-contact': addDays(today, -720) });
    await sweepAll();
    expect(await held()).toEqual([]);
    await advanceClock(world.needs.db, 'P9D');
    expect(await sweepAll()).toBe(0);
    await advanceClock(world.needs.db, 'P3D');
    expect(await sweepAll()).toBe(1);
    expect(await held()).toMatchObject([{ kind: 'retention', subject: id, reason: 'nothing-needed' }]);
    expect(world.newsletter.rows.size).toBe(2);
  });

  it('opens an erasure case when a person says yes, and erases nothing before that is approved', async () => {
    const id = await known('prospect', { 'last-contact': addDays(today, -800) });
    await sweepAll();
    const [proposed] = await held();
    await giveVerdict(world.needs, proposed?.id ?? '', 'erase', 'test', undefined);
    await world.settle();
    expect(await casesOf(world.needs.db, id)).toMatchObject([{ state: 'planned', source: 'retention' }]);
    expect(world.newsletter.rows.size).toBe(2);
  });

  it('keeps whom a person keeps, and proposes them again in half a year', async () => {
    await known('prospect', { 'last-contact': addDays(today, -800) });
    await sweepAll();
    await giveVerdict(world.needs, (await held())[0]?.id ?? '', 'keep', 'test', undefined);
    await advanceClock(world.needs.db, 'P100D');
    await sweepAll();
    expect(await held()).toEqual([]);
    await advanceClock(world.needs.db, 'P100D');
    await sweepAll();
    expect(await held()).toHaveLength(1);
  });

  it('takes a proposal back when the person was in contact again', async () => {
    await known('prospect', { 'last-contact': addDays(today, -800) });
    await sweepAll();
    world.register.put('1', { events: { 'last-contact': today } });
    await pollRegister(world.needs, 'crm');
    await sweepAll();
    expect(await held()).toEqual([]);
  });

  it('asks instead of guessing where the last contact was never recorded', async () => {
    await known('prospect', {});
    await sweepAll();
    expect(await held()).toEqual([]);
    expect(await openQuestions(world.needs.db, everybody)).toMatchObject([
      { code: 'event-unknown', about: 'marketing', trigger: 'last-contact', role: 'prospect', n: 1 },
    ]);
    expect(await openQuestions(world.needs.db, [{ people: 'staff', systems: 'all' }])).toEqual([]);
    world.register.put('1', { events: { 'last-contact': today } });
    await pollRegister(world.needs, 'crm');
    await sweepAll();
    expect(await openQuestions(world.needs.db, everybody)).toEqual([]);
  });

  it('ends one purpose of somebody whom another needs: its system erases, the others stay', async () => {
    const id = await known(
      'customer',
      { 'last-contact': addDays(today, -800) },
      { phone: '+358401234567', customerNumber: 'A-1' },
    );
    await sweepAll();
    const [proposed] = await held();
    expect(proposed).toMatchObject({ reason: 'purpose-over', details: { over: [{ purpose: 'marketing' }] } });
    await giveVerdict(world.needs, proposed?.id ?? '', 'erase', 'test', undefined);
    await world.settle();
    expect([...world.newsletter.rows.values()].map((row) => row.fields.email)).toEqual(['other@sahko.test']);
    expect(world.register.rows.has('1')).toBe(true);
    const duties = await dutiesOf(world.needs.db, id);
    expect(duties.find((d) => d.recipient === 'newsletter')).toMatchObject({
      state: 'settled',
      outcome: 'erased',
      evidence: 'observed',
    });
    world.register.put('1', { person: { givenName: 'Liisa-Maria', email, phone: '+358401234567', customerNumber: 'A-1' } });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(world.newsletter.rows.size).toBe(1);
  });

  it('leaves alone what a legal hold keeps', async () => {
    const id = await known('prospect', { 'last-contact': addDays(today, -800) });
    await placeHold(world.needs, {
      subject: id,
      system: null,
      fields: null,
      owner: 'legal',
      reason: 'x',
      review: addDays(today, 900),
      by: 't',
    });
    await sweepAll();
    expect(await held()).toEqual([]);
  });

  it('looks at everybody anew when other periods are declared, and seals what happened', async () => {
    const id = await known('prospect', { 'last-contact': addDays(today, -400) });
    await onStart(world.needs);
    await sweepAll();
    expect(await held()).toEqual([]);
    const shorter = {
      ...config,
      purposes: { ...config.purposes, marketing: purpose('marketing', { retention: [period({ length: { years: 1 } })] }) },
    };
    world.needs.config = shorter;
    await onStart(world.needs);
    expect(await sweepAll()).toBe(2);
    expect(await held()).toHaveLength(1);
    expect(String(await eventsOf(world.needs.db, id))).not.toContain(addDays(today, -400));
  });
});

describe('the retention sweep, where the policy says so', () => {
  beforeEach(() => open(byItself));

  it('erases by itself whom nothing needs any more', async () => {
    const id = await known('prospect', { 'last-contact': addDays(today, -800) });
    await sweepAll();
    await world.settle();
    expect(await held()).toEqual([]);
    expect([...world.newsletter.rows.values()].map((row) => row.fields.email)).toEqual(['other@sahko.test']);
    expect(world.register.rows.has('1')).toBe(false);
    expect(await casesOf(world.needs.db, id)).toMatchObject([{ source: 'retention', approve: 'auto' }]);
  });

  it('asks a person as soon as one day would take very many', async () => {
    for (let n = 0; n < 24; n++)
      world.register.put(`m${n}`, {
        role: 'prospect',
        person: { givenName: 'Liisa', email: `m${n}@sahko.test` },
        events: { 'last-contact': addDays(today, -800) },
      });
    await pollRegister(world.needs, 'crm');
    await sweepAll();
    expect((await held()).map(({ reason }) => reason)).toEqual(Array(5).fill('nothing-needed'));
  });

  it('ends a purpose by itself, and takes it up again after a new contact', async () => {
    const id = await known('customer', { 'last-contact': addDays(today, -800) });
    await sweepAll();
    await world.settle();
    expect(await purposesOver(world.needs.db, id)).toMatchObject([{ purpose: 'marketing' }]);
    expect(world.newsletter.rows.size).toBe(1);
    world.register.put('1', { events: { 'last-contact': today } });
    await pollRegister(world.needs, 'crm');
    await sweepAll();
    expect(await purposesOver(world.needs.db, id)).toEqual([]);
  });

  /** Marketing ended for a customer, whose row of the newsletter is gone. */
  async function goneFromNewsletter() {
    const id = await known('customer', { 'last-contact': addDays(today, -800) });
    await sweepAll();
    await world.settle();
    return id;
  }
  const look = () => recheckErasures(world.needs, 'newsletter');
  const dutyOf = async (id: string) => (await dutiesOf(world.needs.db, id)).find((d) => d.recipient === 'newsletter');

  it('looks again after 7, 30 and 90 days at a row that an ended purpose erased, without a case', async () => {
    const id = await goneFromNewsletter();
    expect(await casesOf(world.needs.db, id)).toEqual([]);
    expect(await dutyOf(id)).toMatchObject({ outcome: 'erased', evidence: 'observed' });
    expect((await dutyOf(id))?.recheck_due).not.toBeNull();
    for (const advance of ['P7D', 'P23D', 'P60D']) {
      expect(await look()).toBe(0);
      await advanceClock(world.needs.db, advance);
      expect(await look()).toBe(1);
      expect(await dutyOf(id)).toMatchObject({ outcome: 'erased', evidence: 're-observed' });
    }
    expect((await dutyOf(id))?.recheck_due).toBeNull();
  });

  it('holds such a row that is there again, and erases it once a person says so', async () => {
    const id = await goneFromNewsletter();
    world.newsletter.add({ givenName: 'Liisa', email });
    await advanceClock(world.needs.db, 'P8D');
    expect(await look()).toBe(1);
    await world.settle();
    expect(await dutyOf(id)).toMatchObject({ state: 'held', reason: 'returned' });
    expect(world.newsletter.rows.size).toBe(2);
    const [back] = await held();
    expect(back).toMatchObject({ kind: 'returned', system: 'newsletter', subject: id });
    await giveVerdict(world.needs, back?.id ?? '', 'erase', 'somebody', undefined);
    await world.settle();
    expect(await dutyOf(id)).toMatchObject({ state: 'settled', outcome: 'erased' });
    expect([...world.newsletter.rows.values()].map((row) => row.fields.email)).toEqual(['other@sahko.test']);
  });

  it('looks for nobody who is needed there again', async () => {
    const id = await goneFromNewsletter();
    world.register.put('1', { events: { 'last-contact': today } });
    await pollRegister(world.needs, 'crm');
    await sweepAll();
    await world.settle();
    expect(await purposesOver(world.needs.db, id)).toEqual([]);
    world.newsletter.add({ givenName: 'Liisa', email });
    await advanceClock(world.needs.db, 'P100D');
    while ((await look()) > 0);
    expect(await held()).toEqual([]);
    expect((await dutyOf(id))?.recheck_due ?? null).toBeNull();
  });

  it('keeps nowhere where the row was, once the person is erased', async () => {
    const id = await goneFromNewsletter();
    const looks = () => rows(world.needs.db, sql`SELECT 1 FROM recheck WHERE subject = ${id} AND case_file IS NULL`);
    expect(await looks()).toHaveLength(3);
    const { id: found } = await openErasureCase(world.needs, {
      subject: id,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'auto',
      fields: { givenName: 'Liisa', email },
    });
    await world.settle();
    expect(world.register.rows.has('1')).toBe(false);
    expect(found).not.toBe('');
    expect(await looks()).toEqual([]);
  });
});
