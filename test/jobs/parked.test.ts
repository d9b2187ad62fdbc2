import { beforeEach, describe, expect, it } from 'vitest';
import { fiPack } from '../../src/core/retention-fi.ts';
import type { RetentionPack } from '../../src/core/retention-rule.ts';
import { everybody } from '../../src/core/scope.ts';
import { answerTask } from '../../src/jobs/ask-person.ts';
import { onNewDay, onStart } from '../../src/jobs/daily.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { holdReason, placeHold, prolongHold, questionHolds, releaseHold } from '../../src/jobs/legal-holds.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { dayOf, now } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { reviewParked } from '../../src/jobs/review-parked.ts';
import { entries, sequence } from '../../src/store/audit.ts';
import { casesOf } from '../../src/store/cases.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { allHeld } from '../../src/store/held.ts';
import { legalHoldById } from '../../src/store/legal-holds.ts';
import { recordsOf } from '../../src/store/records.ts';
import { parkedErasures, parkedYears } from '../../src/store/retention.ts';
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
const invoiced = `${thisYear}-03-31`;
const until = `${thisYear + 6}-12-31`;
const slice = { limit: 100, offset: 0 };

/** Aino is known and linked; with an invoice, a law keeps part of her row. */
async function known(invoice: { newest: string; open: boolean } | null = { newest: invoiced, open: false }) {
  const row = accounting.add({ ...aino });
  accounting.add({ givenName: 'Other', email: 'other@sahko.test' });
  world.register.put('1', { person: aino });
  world.register.put('2', { person: { givenName: 'Other', email: 'other@sahko.test' } });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  if (invoice) accounting.invoices.set(row.id, invoice);
  subject = (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', aino.email)))[0]?.id ?? '';
  return row;
}

async function erase() {
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
  return id;
}

const actionsOf = async () => {
  await sequence(world.needs.db, world.needs.signer);
  return (await entries(world.needs.db, 0, 10_000)).map(({ line }) => JSON.parse(line ?? '') as Record<string, string>);
};

/** The pack with another length for vouchers: a later version. */
const packOf = (years: number | null): RetentionPack => ({
  ...fiPack,
  version: '99',
  rules: fiPack.rules.flatMap((rule) => (rule.id !== 'fi/vouchers' ? [rule] : years === null ? [] : [{ ...rule, years }])),
});

describe('a parked erasure', () => {
  it('runs on its day by itself, and not a day before', async () => {
    const row = await known();
    await erase();
    accounting.invoices.delete(row.id);
    const lastHalfHour = Date.parse(`${until}T23:30:00Z`) - (await now(world.needs)).getTime();
    await advanceClock(world.needs.db, `PT${Math.floor(lastHalfHour / 60_000)}M`);
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(true);
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained' });
    await advanceClock(world.needs.db, 'PT40M');
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(false);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });

  it('names rule and version, and is listed by year to whoever may see the person', async () => {
    await known();
    await erase();
    expect(await parkedYears(world.needs.db, everybody)).toEqual([{ year: thisYear + 6, n: 1 }]);
    const part = { fields: ['customerNumber', 'familyName', 'givenName'], rule: 'fi/vouchers', pack: fiPack.version, until };
    expect(await parkedErasures(world.needs.db, everybody, slice)).toMatchObject([
      { subject, system: 'newsletter', retained: { until, parts: [part] } },
    ]);
    expect(await parkedErasures(world.needs.db, everybody, slice, thisYear + 5)).toEqual([]);
    expect(await parkedErasures(world.needs.db, [{ people: 'staff', systems: 'all' }], slice)).toEqual([]);
  });

  it('keeps nothing for a law that does not name it: an e-mail address is no part of a voucher', async () => {
    accounting.keeps = ['givenName', 'familyName', 'email'];
    const row = await known();
    await erase();
    expect(row.fields).toEqual({ givenName: 'Aino', familyName: 'Virtanen' });
    expect((await duty())?.retained).toMatchObject({ fields: ['familyName', 'givenName'] });
  });

  it('calls what an open claim keeps kept by the claim, and looks at it again each quarter', async () => {
    accounting.keeps = ['familyName', 'phone'];
    const row = await known({ newest: invoiced, open: true });
    await erase();
    expect((await duty())?.retained).toMatchObject({
      until,
      parts: [
        { fields: ['familyName'], until, rule: 'fi/vouchers' },
        { fields: ['phone'], law: 'GDPR Art. 17(3)(e)' },
      ],
    });
    accounting.invoices.set(row.id, { newest: invoiced, open: false });
    await advanceClock(world.needs.db, 'P93D');
    await world.settle();
    expect(row.fields).toEqual({ familyName: 'Virtanen' });
    expect((await duty())?.retained).toMatchObject({ until, parts: [{ fields: ['familyName'] }] });
  });

  it('is counted again under a later pack: a longer day counts at once, with an entry in the log', async () => {
    await known();
    await erase();
    for (const task of await tasks(world.needs.db, everybody))
      if (!task.outcome) await answerTask(world.needs, task.id, { outcome: 'erased', by: 'test' });
    await world.settle();
    expect(await reviewParked(world.needs)).toEqual({ read: 1, moved: 0 });
    expect(await reviewParked(world.needs, packOf(8))).toEqual({ read: 1, moved: 1 });
    await world.settle();
    const longer = `${thisYear + 8}-12-31`;
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained', retained: { until: longer } });
    expect(await parkedErasures(world.needs.db, everybody, slice)).toMatchObject([
      { moved: { from: until, to: longer, pack: '99' }, on: new Date(`${thisYear + 9}-01-01T00:00:00Z`) },
    ]);
    expect(await actionsOf()).toContainEqual(expect.objectContaining({ action: 'parked.moved', from: until, to: longer }));
    expect(await reviewParked(world.needs, packOf(8))).toEqual({ read: 1, moved: 0 });
    // what the looks after that day need is kept as long
    const [found] = await casesOf(world.needs.db, subject);
    expect(found?.state).toBe('closed');
    expect((found?.envelope_until?.getTime() ?? 0) - Date.parse(longer)).toBe(100 * 86_400_000);
  });

  it('gives people a month before a shorter day counts, and stays at that day', async () => {
    const row = await known({ newest: `${thisYear - 3}-05-01`, open: false });
    await erase();
    await reviewParked(world.needs, packOf(1));
    const shorter = (await parkedErasures(world.needs.db, everybody, slice))[0]?.retained.until ?? '';
    expect(shorter).toBe(dayOf(new Date((await now(world.needs)).getTime() + 30 * 86_400_000)));
    await advanceClock(world.needs.db, 'P3D');
    expect(await reviewParked(world.needs, packOf(1))).toEqual({ read: 1, moved: 0 });
    await world.settle();
    accounting.invoices.delete(row.id);
    await advanceClock(world.needs.db, 'P29D');
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(false);
  });

  it('keeps its day where the rule is no more, and asks a person once', async () => {
    await known();
    await erase();
    await reviewParked(world.needs, packOf(null));
    await reviewParked(world.needs, packOf(null));
    await world.settle();
    expect(await duty()).toMatchObject({ state: 'waiting', retained: { until } });
    expect((await allHeld(world.needs.db, everybody)).map((h) => [h.kind, h.reason])).toEqual([['parked-rule', 'rule-gone']]);
  });

  it('is counted again once on each day, and at a start under other financial years', async () => {
    await known();
    await erase();
    expect(await onNewDay(world.needs)).toBe(true);
    expect(await onNewDay(world.needs)).toBe(false);
    const controller = { ...world.needs.config.controller, financialYearEnd: '02-28' };
    await onStart({ ...world.needs, config: { ...world.needs.config, controller } });
    expect((await parkedErasures(world.needs.db, everybody, slice))[0]).toMatchObject({
      moved: { from: until, to: `${thisYear + 7}-12-31` },
    });
  });

  it('that people stated is asked of them again on the day after the last, and not on it', async () => {
    await known();
    await erase();
    const day = `${thisYear + 2}-12-31`;
    const [task] = await tasks(world.needs.db, everybody);
    await answerTask(world.needs, task?.id ?? '', { outcome: 'retained', by: 'test', until: day, law: 'their law' });
    await world.settle();
    const asked = async () => (await tasks(world.needs.db, everybody)).filter(({ outcome }) => !outcome).length;
    const last = Date.parse(`${day}T23:30:00Z`) - (await now(world.needs)).getTime();
    await advanceClock(world.needs.db, `PT${Math.floor(last / 60_000)}M`);
    await world.settle();
    expect(await asked()).toBe(0);
    expect(await parkedErasures(world.needs.db, everybody, slice, thisYear + 2)).toMatchObject([
      { system: 'partner', place: null },
    ]);
    await advanceClock(world.needs.db, 'PT40M');
    await world.settle();
    expect(await asked()).toBe(1);
  });

  it('seals the day of the document', async () => {
    await known();
    await erase();
    const [record] = await recordsOf(world.needs.db, subject, 'newsletter');
    expect(JSON.stringify(record)).not.toContain(invoiced);
  });
});

describe('a legal hold', () => {
  const ask = (more: object = {}) => ({
    subject,
    system: null,
    fields: null,
    owner: 'legal',
    reason: 'Virtanen sues us',
    review: `${thisYear + 1}-06-30`,
    by: 'test',
    ...more,
  });

  it('stops an approved erasure where it holds, lets the others go on, and says why', async () => {
    const row = await known(null);
    const id = await placeHold(world.needs, ask({ system: 'newsletter' }));
    await erase();
    expect(accounting.rows.has(row.id)).toBe(true);
    expect(row.standing).toBe('restricted');
    expect(await duty()).toMatchObject({ state: 'held', reason: 'legal-hold' });
    const plan = (await casesOf(world.needs.db, subject))[0]?.plan;
    expect(plan?.find(({ system }) => system === 'newsletter')).toMatchObject({ step: 'hold', reason: 'legal-hold' });
    expect((await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === 'partner')).toMatchObject({ state: 'asked' });
    await releaseHold(world.needs, id ?? '', 'test');
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(false);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });

  it('holds back what was parked when its day comes, and nobody is asked for it', async () => {
    const row = await known();
    await erase();
    const id = await placeHold(world.needs, ask());
    accounting.invoices.delete(row.id);
    await advanceClock(world.needs.db, 'P8Y');
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(true);
    expect(await duty()).toMatchObject({ state: 'held', reason: 'legal-hold' });
    await releaseHold(world.needs, id ?? '', 'test');
    await world.settle();
    expect(accounting.rows.has(row.id)).toBe(false);
  });

  it('placed while an erasure is under way asks the people no more, and asks them again when it is lifted', async () => {
    await known(null);
    await erase();
    const asked = async () => (await tasks(world.needs.db, everybody)).filter(({ outcome }) => !outcome).length;
    const partner = async () => (await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === 'partner');
    expect(await asked()).toBe(1);
    const id = await placeHold(world.needs, ask({ system: 'partner' }));
    await world.settle();
    expect(await asked()).toBe(0);
    expect(await partner()).toMatchObject({ state: 'held', reason: 'legal-hold' });
    await releaseHold(world.needs, id ?? '', 'test');
    await world.settle();
    expect(await asked()).toBe(1);
    expect(await partner()).toMatchObject({ state: 'asked' });
  });

  it('becomes a question on the day of its review, once, and holds on', async () => {
    const row = await known(null);
    const id = (await placeHold(world.needs, ask())) ?? '';
    expect(await questionHolds(world.needs)).toBe(0);
    await advanceClock(world.needs.db, 'P2Y');
    expect(await questionHolds(world.needs)).toBe(1);
    expect(await questionHolds(world.needs)).toBe(0);
    expect((await allHeld(world.needs.db, everybody)).map((h) => [h.kind, h.details['hold']])).toEqual([['hold-review', id]]);
    await erase();
    expect(accounting.rows.has(row.id)).toBe(true);
    await prolongHold(world.needs, id, null, 'test');
    expect(await allHeld(world.needs.db, everybody)).toEqual([]);
    await advanceClock(world.needs.db, 'P100D');
    expect(await questionHolds(world.needs)).toBe(1);
    await releaseHold(world.needs, id, 'test');
    expect(await allHeld(world.needs.db, everybody)).toEqual([]);
  });

  it('keeps its reason sealed, out of the log and out of the database in the clear', async () => {
    await known(null);
    const id = (await placeHold(world.needs, ask())) ?? '';
    const found = await legalHoldById(world.needs.db, id);
    expect(JSON.stringify(found)).not.toContain('Virtanen');
    expect(found && holdReason(world.needs, found)).toBe('Virtanen sues us');
    await releaseHold(world.needs, id, 'test');
    const log = (await actionsOf()).filter(({ action }) => action?.startsWith('legal-hold'));
    expect(log.map(({ action }) => action)).toEqual(['legal-hold.placed', 'legal-hold.released']);
    expect(JSON.stringify(log)).not.toContain('Virtanen');
  });
});
