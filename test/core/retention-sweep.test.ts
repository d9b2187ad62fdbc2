import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Purpose } from '../../src/core/configuration.ts';
import { addDays } from '../../src/core/day.ts';
import { holdsOn, isHeld, type LegalHold } from '../../src/core/legal-hold.ts';
import type { FieldName } from '../../src/core/person.ts';
import { retainedBy } from '../../src/core/retention.ts';
import type { Trigger } from '../../src/core/retention-rule.ts';
import { type PurposePeriod, type SweptSubject, sweep } from '../../src/core/retention-sweep.ts';

const today = '2026-11-25';
const hold = (over: Partial<LegalHold> = {}): LegalHold => ({
  id: 'h1',
  owner: 'counsel',
  reason: 'a dispute over an invoice',
  fields: ['billingAddress'],
  placed: '2026-01-01',
  review: '2027-01-01',
  ...over,
});

describe('a legal hold', () => {
  const on = (one: Partial<LegalHold>, day = today, system?: string) => holdsOn([hold(one)], day, system);

  it('holds its fields from its day on', () => {
    expect(on({})).toMatchObject({ fields: ['billingAddress'], questions: [] });
    expect(on({}, '2025-12-31')).toMatchObject({ holds: [], fields: [] });
    expect(on({}, '2026-01-01').holds).toHaveLength(1);
    expect(on({ fields: '*' }).fields).toBe('*');
  });

  it('past its review becomes a question, and holds on', () => {
    expect(on({}, '2026-12-31').questions).toEqual([]);
    for (const day of ['2027-01-01', '2099-01-01'])
      expect(on({}, day)).toMatchObject({
        fields: ['billingAddress'],
        questions: [{ hold: 'h1', owner: 'counsel', since: '2027-01-01' }],
      });
  });

  it('ends when a person lifts it, and asks no more', () => {
    const lifted = { on: '2027-02-01', by: 'counsel' };
    expect(on({ lifted }, '2027-01-31').fields).toEqual(['billingAddress']);
    expect(on({ lifted }, '2027-02-01')).toEqual({ holds: [], fields: [], questions: [] });
  });

  it('may hold at some systems only', () => {
    expect(on({ systems: ['accounting'] }, today, 'accounting').holds).toHaveLength(1);
    expect(on({ systems: ['accounting'] }, today, 'newsletter').holds).toHaveLength(0);
    expect(on({ systems: ['accounting'] }).holds).toHaveLength(1);
    expect(on({}, today, 'newsletter').holds).toHaveLength(1);
  });

  it('adds to another', () => {
    const both = holdsOn([hold(), hold({ id: 'h2', fields: ['email', 'billingAddress'] })], today);
    expect(both.fields).toEqual(['billingAddress', 'email']);
    expect(isHeld(both, 'email')).toBe(true);
    expect(isHeld(both, 'phone')).toBe(false);
    expect(holdsOn([hold(), hold({ fields: '*' })], today).fields).toBe('*');
  });
});

const purpose = (name: string, fields: FieldName[], roles?: string[]): Purpose => ({
  name,
  basis: 'legitimate-interest',
  fields,
  ...(roles ? { for: roles } : {}),
});
const purposes = [
  purpose('prospecting', ['givenName', 'email', 'phone']),
  purpose('service', ['givenName', 'email', 'billingAddress'], ['customer']),
  purpose('employment', ['givenName', 'email', 'identityCode']),
  purpose('emergency', ['custom.nextOfKin'], ['employee']),
  purpose('recruitment', ['givenName', 'email', 'custom.application']),
];
const period = (
  name: string,
  role: string,
  trigger: Trigger,
  length: PurposePeriod['length'],
  approve: 'person' | 'auto' = 'person',
) => ({ purpose: name, role, trigger, from: 'event', length, approve }) satisfies PurposePeriod;
const periods = [
  period('prospecting', 'prospect', 'last-contact', { years: 2 }),
  period('prospecting', 'customer', 'last-contact', { years: 2 }),
  period('service', 'customer', 'relationship-end', { years: 1 }, 'auto'),
  period('employment', 'employee', 'employment-end', { years: 2 }),
  period('emergency', 'employee', 'employment-end', { days: 0 }, 'auto'),
  period('recruitment', 'applicant', 'application-decided', { years: 1 }),
];
const base: SweptSubject = {
  role: 'prospect',
  fields: ['givenName', 'email'],
  events: {},
  purposes: ['prospecting'],
  holds: [],
  retained: [],
};
const swept = (over: Partial<SweptSubject>, day = today) => sweep({ ...base, ...over }, purposes, periods, day, '12-31');

describe('the sweep', () => {
  it('proposes a prospect without contact for the set time, and not a day before', () => {
    const events = { 'last-contact': '2024-11-25' };
    expect(swept({ events })).toEqual({
      keep: [{ fields: ['givenName', 'email'], why: 'purpose', by: 'prospecting', until: '2026-11-25' }],
      propose: [],
      questions: [],
    });
    expect(swept({ events }, '2026-11-26')).toEqual({
      keep: [],
      propose: [{ fields: ['givenName', 'email'], rule: 'prospecting', since: '2026-11-26', approve: 'person' }],
      questions: [],
    });
  });

  it('proposes an applicant after the time of claims, and keeps one whose application is open', () => {
    const applicant = {
      role: 'applicant',
      purposes: ['recruitment'],
      fields: ['givenName', 'custom.application'] as FieldName[],
    };
    expect(swept(applicant).keep).toMatchObject([{ why: 'purpose', until: null }]);
    const decided = { ...applicant, events: { 'application-decided': '2025-11-24' } };
    expect(swept(decided).propose).toMatchObject([{ rule: 'recruitment', since: '2026-11-25' }]);
    expect(swept({ ...decided, holds: [hold({ fields: '*' })] })).toEqual({
      keep: [{ fields: ['givenName', 'custom.application'], why: 'hold', by: 'h1', until: null }],
      propose: [],
      questions: [],
    });
  });

  it('lets next of kin go with the employment, and the employee stay for claims', () => {
    const employee: Partial<SweptSubject> = {
      role: 'employee',
      purposes: ['employment', 'emergency'],
      fields: ['givenName', 'identityCode', 'custom.nextOfKin'],
    };
    expect(swept(employee).propose).toEqual([]);
    expect(swept({ ...employee, events: { 'employment-end': '2026-11-24' } })).toEqual({
      keep: [{ fields: ['givenName', 'identityCode'], why: 'purpose', by: 'employment', until: '2028-11-24' }],
      propose: [{ fields: ['custom.nextOfKin'], rule: 'emergency', since: '2026-11-25', approve: 'auto' }],
      questions: [],
    });
  });

  const customer: Partial<SweptSubject> = {
    role: 'customer',
    purposes: ['service', 'prospecting'],
    fields: ['givenName', 'email', 'phone', 'billingAddress'],
    events: { 'relationship-end': '2024-05-31', 'last-contact': '2024-05-31' },
  };

  it('keeps a voucher by law and proposes the rest: bookkeeping is no excuse for all of it', () => {
    const retained = retainedBy(['fi/vouchers'], { document: '2024-05-31' }, '12-31');
    expect(swept({ ...customer, retained })).toEqual({
      keep: [
        {
          fields: ['givenName', 'billingAddress'],
          why: 'law',
          by: 'Accounting Act 1336/1997, chapter 2 section 10',
          until: '2030-12-31',
        },
      ],
      propose: [{ fields: ['email', 'phone'], rule: 'prospecting', since: '2026-06-01', approve: 'person' }],
      questions: [],
    });
    expect(swept({ ...customer, retained }, '2031-01-01').propose).toMatchObject([
      { fields: ['givenName'], rule: 'prospecting', since: '2031-01-01', approve: 'person' },
      { fields: ['email', 'phone'], since: '2026-06-01' },
      { fields: ['billingAddress'], rule: 'service', since: '2031-01-01', approve: 'auto' },
    ]);
    expect(swept({ ...customer, retained }, '2030-12-31').keep).toHaveLength(1);
  });

  it('names the purpose that lasts longest', () => {
    const events = { 'last-contact': '2026-05-31' };
    expect(swept({ ...customer, events }).keep).toEqual([
      { fields: ['givenName', 'email', 'billingAddress'], why: 'purpose', by: 'service', until: null },
      { fields: ['phone'], why: 'purpose', by: 'prospecting', until: '2028-05-31' },
    ]);
    const both = { ...events, 'relationship-end': '2026-10-31' };
    expect(swept({ ...customer, events: both }).keep[0]).toMatchObject({ by: 'prospecting', until: '2028-05-31' });
  });

  it('asks where a purpose has no period', () => {
    expect(swept({ role: 'applicant', purposes: ['prospecting'] }).questions).toEqual([
      { fields: ['givenName', 'email'], code: 'period-missing', about: 'prospecting' },
    ]);
  });

  it('asks where the start was never recorded', () => {
    expect(swept({}).questions).toEqual([
      { fields: ['givenName', 'email'], code: 'event-unknown', about: 'prospecting', trigger: 'last-contact' },
    ]);
  });

  it('proposes what no purpose covers, and never by itself', () => {
    const events = { 'last-contact': '2026-11-01' };
    expect(swept({ fields: ['givenName', 'jobTitle'], events }).propose).toEqual([
      { fields: ['jobTitle'], rule: 'no-purpose', since: null, approve: 'person' },
    ]);
    // the purpose is not for this role
    expect(swept({ fields: ['billingAddress'], purposes: ['service'] }).propose).toMatchObject([{ rule: 'no-purpose' }]);
  });

  it('asks the owner of a hold that is due for review, and keeps what it holds', () => {
    const found = swept({
      fields: ['billingAddress', 'email'],
      holds: [hold({ review: today })],
      events: { 'last-contact': '2020-01-01' },
    });
    expect(found.questions).toEqual([{ fields: ['billingAddress'], code: 'hold-review', about: 'h1' }]);
    expect(found.keep).toMatchObject([{ fields: ['billingAddress'], why: 'hold' }]);
    expect(found.propose).toMatchObject([{ fields: ['email'] }]);
  });

  it('counts several periods of a purpose to the last of them', () => {
    const two = [...periods, period('prospecting', 'prospect', 'claim-due', { years: 3 }, 'auto')];
    const events = { 'last-contact': '2020-01-01', 'claim-due': '2023-06-01' };
    const at = (day: string) => sweep({ ...base, events }, purposes, two, day, '12-31');
    expect(at('2026-06-01').keep).toMatchObject([{ until: '2026-06-01' }]);
    expect(at('2026-06-02').propose).toMatchObject([{ since: '2026-06-02', approve: 'person' }]);
  });
});

describe('whatever comes', () => {
  const names = purposes.map(({ name }) => name);
  const fields: FieldName[] = ['givenName', 'email', 'phone', 'billingAddress', 'identityCode', 'custom.nextOfKin', 'jobTitle'];
  const day = fc.integer({ min: 0, max: 6000 }).map((n) => addDays('2018-01-01', n));
  const subject: fc.Arbitrary<SweptSubject> = fc.record({
    role: fc.constantFrom('prospect', 'customer', 'employee', 'applicant'),
    fields: fc.uniqueArray(fc.constantFrom(...fields)),
    purposes: fc.uniqueArray(fc.constantFrom(...names)),
    events: fc.record(
      { 'last-contact': day, 'employment-end': day, 'relationship-end': day, 'application-decided': day },
      { requiredKeys: [] },
    ) as fc.Arbitrary<SweptSubject['events']>,
    holds: fc.array(
      fc
        .record({ placed: day, review: day, lift: fc.option(day), fields: fc.uniqueArray(fc.constantFrom(...fields)) })
        .map(({ placed, review, lift, fields }) =>
          hold({ placed, review, fields, ...(lift ? { lifted: { on: lift, by: 'x' } } : {}) }),
        ),
      { maxLength: 3 },
    ),
    retained: day.map((document) => retainedBy(['fi/vouchers'], { document }, '12-31')),
  });

  test.prop([subject, day])('every field has one verdict, and none that is held or bound is proposed', (one, at) => {
    const found = sweep(one, purposes, periods, at, '12-31');
    const verdicts = [...found.keep, ...found.propose, ...found.questions.filter(({ code }) => code !== 'hold-review')];
    expect(verdicts.flatMap((verdict) => verdict.fields).toSorted()).toEqual([...one.fields].toSorted());
    const held = holdsOn(one.holds, at);
    for (const { fields: going, since, approve, rule } of found.propose) {
      for (const field of going) {
        expect(isHeld(held, field)).toBe(false);
        expect(one.retained.some((law) => law.fields.includes(field) && law.until >= at)).toBe(false);
      }
      if (since !== null) expect(since <= at).toBe(true);
      if (rule === 'no-purpose') expect(approve).toBe('person');
    }
    for (const { until } of found.keep) if (until !== null) expect(until >= at).toBe(true);
  });

  test.prop([subject, day, fc.integer({ min: 0, max: 3000 })])('what time alone made ripe stays ripe', (one, at, more) => {
    // holds are lifted and placed by people, so only without them is time alone at work
    const free = { ...one, holds: [] };
    const ripe = (when: string) => sweep(free, purposes, periods, when, '12-31').propose.flatMap((p) => p.fields);
    expect(ripe(addDays(at, more))).toEqual(expect.arrayContaining(ripe(at)));
  });

  test.prop([subject, day])('a hold over everything keeps everything', (one, at) => {
    const found = sweep(
      { ...one, holds: [hold({ fields: '*', placed: '2000-01-01', review: '2100-01-01' })] },
      purposes,
      periods,
      at,
      '12-31',
    );
    expect(found.propose).toEqual([]);
    expect(found.keep.flatMap((kept) => kept.fields).toSorted()).toEqual([...one.fields].toSorted());
  });
});
