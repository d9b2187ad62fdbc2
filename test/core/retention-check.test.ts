import { describe, expect, it } from 'vitest';
import type { FieldName } from '../../src/core/person.ts';
import { checkPeriods, type PeriodSetting } from '../../src/core/retention-check.ts';
import { fiPack } from '../../src/core/retention-fi.ts';

const bookkeeping: PeriodSetting = {
  name: 'bookkeeping',
  fields: ['givenName', 'familyName', 'billingAddress'],
  rules: ['fi/vouchers'],
  period: { trigger: 'document', from: 'calendar-year-of-financial-year-end', length: { years: 6 } },
};
const document = (years: number, from: 'event' | 'financial-year-end' | 'calendar-year-of-financial-year-end') =>
  ({ trigger: 'document', from, length: { years } }) as const;
const find = (over: Partial<PeriodSetting>, yearEnd: Parameters<typeof checkPeriods>[2] = '12-31') =>
  checkPeriods([], [{ ...bookkeeping, ...over }], yearEnd);
const codes = (over: Partial<PeriodSetting>, yearEnd?: Parameters<typeof checkPeriods>[2]) =>
  find(over, yearEnd).map(({ code }) => code);

describe('a period of a company', () => {
  it('as long as the law demands is no finding', () => expect(find({})).toEqual([]));

  it('is missing where a purpose has none', () => {
    expect(checkPeriods(['bookkeeping', 'marketing'], [bookkeeping], '12-31')).toEqual([
      { code: 'period-missing', name: 'marketing', params: {} },
    ]);
    expect(codes({ period: null })).toEqual(['period-missing']);
  });

  it('is none when it says "as long as needed"', () => {
    // the first company's notice: as far as it is necessary to get the agreed things done
    expect(codes({ name: 'customers', fields: '*', rules: [], period: 'as-long-as-needed' })).toEqual(['period-undefined']);
  });

  it('is two findings when it is a flat ten years at least over everything', () => {
    // the second company's notice: the customer register is kept for at least 10 years to meet the duty to keep books
    const flat = { ...document(10, 'financial-year-end'), isAtLeast: true };
    const found = find({ name: 'customer-register', fields: '*', rules: ['fi/books'], period: flat });
    expect(found.map(({ code }) => code)).toEqual(['no-upper-limit', 'flat-over-everything']);
    const beyond: FieldName[] = ['email', 'phone', 'mobile', 'jobTitle', 'birthDate', 'identityCode', 'language'];
    expect(found[1]?.params).toEqual({ fields: beyond });
    expect(codes({ fields: '*', rules: ['fi/books'], period: flat, reason: 'bookkeeping' })).toContain('flat-over-everything');
  });

  it('is flat without a law named too, once it is as long as one', () => {
    const own = (years: number) => ({ trigger: 'last-contact', from: 'event', length: { years } }) as const;
    expect(codes({ fields: '*', rules: [], period: own(10) })).toEqual(['flat-over-everything']);
    expect(codes({ fields: '*', rules: [], period: own(6) })).toEqual(['flat-over-everything']);
    expect(codes({ fields: '*', rules: [], period: own(5) })).toEqual([]);
  });

  it('is never shorter than a law demands, be it for one day of the year', () => {
    expect(find({ period: document(5, 'calendar-year-of-financial-year-end') })).toMatchObject([
      {
        code: 'shorter-than-law',
        params: { rule: 'fi/vouchers', event: '2027-01-01', until: '2032-12-31', least: '2033-12-31' },
      },
    ]);
    expect(codes({ period: document(6, 'event'), reason: 'we would rather' })).toEqual(['shorter-than-law']);
    // for years that end in December both clocks are the same; for any other the vouchers would go early
    expect(codes({ period: document(6, 'financial-year-end') }, '12-31')).toEqual([]);
    expect(codes({ period: document(6, 'financial-year-end') }, '03-31')).toEqual(['shorter-than-law']);
    // one changed year is enough
    expect(
      codes({ period: document(6, 'financial-year-end') }, { yearEnd: '12-31', ends: ['2024-06-30', '2025-12-31'] }),
    ).toEqual(['shorter-than-law']);
  });

  it('is longer only with a reason', () => {
    const longer = document(7, 'calendar-year-of-financial-year-end');
    expect(find({ period: longer })).toMatchObject([
      { code: 'longer-without-reason', params: { event: '2027-01-01', until: '2034-12-31', longest: '2033-12-31' } },
    ]);
    expect(codes({ period: longer, reason: '  ' })).toEqual(['longer-without-reason']);
    expect(codes({ period: longer, reason: 'a tax audit is announced' })).toEqual([]);
  });

  it('is measured by the longest of the rules it names', () => {
    const rules = ['fi/vouchers', 'fi/books'];
    expect(codes({ rules, period: document(10, 'financial-year-end') })).toEqual([]);
    expect(codes({ rules, period: document(6, 'calendar-year-of-financial-year-end') })).toEqual(['shorter-than-law']);
    expect(codes({ rules, period: document(11, 'financial-year-end') })).toEqual(['longer-without-reason']);
  });

  it('of recruitment is a year, two with a reason, and no more', () => {
    const kept = (years: number, reason?: string) =>
      codes({
        name: 'recruitment',
        fields: ['givenName', 'email'],
        rules: ['fi/recruitment'],
        period: { trigger: 'application-decided', from: 'event', length: { years } },
        ...(reason ? { reason } : {}),
      });
    expect(kept(1)).toEqual([]);
    expect(kept(2)).toEqual(['longer-without-reason']);
    expect(kept(2, 'claims under the Criminal Code')).toEqual([]);
    expect(kept(3, 'claims under the Criminal Code')).toEqual(['longer-than-accepted']);
    // what guards a claim may go earlier: no law demands that it stays
    expect(
      codes({
        fields: ['email'],
        rules: ['fi/recruitment'],
        period: { trigger: 'application-decided', from: 'event', length: { months: 3 } },
      }),
    ).toEqual([]);
  });

  it('longer than any law keeps such fields wants a reason, though it rests on none', () => {
    const own = (years: number) => ({ trigger: 'last-contact', from: 'event', length: { years } }) as const;
    expect(find({ fields: ['email'], rules: [], period: own(4) })).toEqual([
      { code: 'longer-than-any-rule', name: 'bookkeeping', params: { months: 48, longest: 36 } },
    ]);
    expect(codes({ fields: ['email'], rules: [], period: own(4), reason: 'a warranty of five years' })).toEqual([]);
    expect(codes({ fields: ['email'], rules: [], period: own(3) })).toEqual([]);
    expect(codes({ fields: ['email'], rules: [], period: { ...own(3), length: { years: 3, days: 1 } } })).toEqual([
      'longer-than-any-rule',
    ]);
  });

  it('keeps no field for a law that does not name it', () => {
    expect(find({ fields: ['givenName', 'email', 'custom.nickname'] })).toEqual([
      { code: 'outside-scope', name: 'bookkeeping', params: { fields: ['email', 'custom.nickname'] } },
    ]);
  });

  it('cannot be compared where its clock starts elsewhere, and cannot rest on a rule that is none', () => {
    expect(find({ period: { trigger: 'last-contact', from: 'event', length: { years: 20 } } })).toEqual([
      { code: 'trigger-differs', name: 'bookkeeping', params: { rule: 'fi/vouchers', own: 'last-contact', law: 'document' } },
    ]);
    expect(codes({ fields: ['givenName'], rules: ['fi/vouchers', 'fi/fifty-years'] })).toEqual(['unknown-rule']);
  });

  it('of the length of each rule, over its own fields, is no finding', () => {
    for (const rule of fiPack.rules) {
      const period = { trigger: rule.trigger, from: rule.from, length: { years: rule.years } };
      for (const end of ['12-31', '03-31', '02-29'])
        expect(codes({ name: rule.id, fields: rule.scope.fields, rules: [rule.id], period }, end)).toEqual([]);
    }
  });
});
