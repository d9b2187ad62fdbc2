import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, later } from '../../src/core/day.ts';
import { fieldNames } from '../../src/core/person.ts';
import {
  cautiousDay,
  claimLaw,
  dayAfter,
  financialYearEnd,
  firstEnd,
  keptBy,
  retainedIn,
  retainedUntil,
  retentionRules,
} from '../../src/core/retention.ts';

const vouchers = retentionRules['fi/vouchers'];
const books = retentionRules['fi/books'];
if (!vouchers || !books) throw new Error('the rules of the Accounting Act are missing');

it('keeps the vouchers of the year that ended on 31 March 2024 until the end of 2030, and its books until 31 March 2034', () => {
  // the worked example of a Finnish bookkeeping guide
  expect(retainedUntil(vouchers, '2024-03-31', '03-31')).toBe('2030-12-31');
  expect(retainedUntil(books, '2024-03-31', '03-31')).toBe('2034-03-31');
});

it('counts a document of the day after into the next financial year', () => {
  expect(financialYearEnd('2024-04-01', '03-31')).toBe('2025-03-31');
  expect(retainedUntil(vouchers, '2024-04-01', '03-31')).toBe('2031-12-31');
});

it('ends a February year with February, leap year or not', () => {
  expect(financialYearEnd('2024-02-29', '02-28')).toBe('2024-02-29');
  expect(financialYearEnd('2025-02-28', '02-29')).toBe('2025-02-28');
  expect(retainedUntil(books, '2024-02-10', '02-29')).toBe('2034-02-28');
});

it('takes the longest of several rules, and none where none is named', () => {
  expect(
    keptBy(['fi/vouchers', 'fi/books'], ['familyName'], '2025-06-30', '12-31').map(({ rule, until }) => [rule, until]),
  ).toEqual([['fi/books', '2035-12-31']]);
  expect(keptBy([], ['familyName'], '2025-06-30', '12-31')).toEqual([]);
});

it('lets nothing go on the last day itself', () => {
  expect(dayAfter('2030-12-31').toISOString()).toBe('2031-01-01T00:00:00.000Z');
});

describe('whatever comes', () => {
  const day = fc.integer({ min: 0, max: 9000 }).map((n) => addDays('2020-01-01', n));
  const rules = fc.subarray(Object.keys(retentionRules));
  const fields = fc.subarray([...fieldNames]);
  const scopeOf = (rule: string): readonly string[] => retentionRules[rule]?.scope.fields ?? [];

  it('each kept field has one law, one that names it, and is kept as long as the longest of them says', () => {
    fc.assert(
      fc.property(rules, fields, day, fc.option(day), (names, held, document, claim) => {
        const retained = retainedIn(held, keptBy(names, held, document, '12-31'), claim);
        const parts = retained?.parts ?? [];
        for (const { rule, fields: own } of parts)
          if (rule) expect(own.filter((field) => !scopeOf(rule).includes(field))).toEqual([]);
        const listed = parts.flatMap((part) => part.fields).sort();
        expect(listed.length).toBe(new Set(listed).size);
        expect(listed).toEqual(retained?.fields ?? []);
        // without a claim, what no named rule names is kept by nothing
        const named = held.filter((field) => names.some((name) => scopeOf(name).includes(field)));
        expect(listed).toEqual([...(claim === null ? named : held)].sort());
        for (const field of named) {
          const days = names.flatMap((name) => {
            const rule = retentionRules[name];
            return rule && scopeOf(name).includes(field) ? [retainedUntil(rule, document, '12-31')] : [];
          });
          expect(parts.find((part) => part.fields.includes(field))?.until).toBe(days.reduce(later));
        }
        if (!retained) return;
        expect(parts.every(({ until }) => firstEnd(retained) <= until && until <= retained.until)).toBe(true);
        expect(retained.law.includes(claimLaw)).toBe(claim !== null);
      }),
    );
  });

  it('another day never shortens what a law keeps, and a shorter one leaves a month', () => {
    fc.assert(
      fc.property(day, day, day, (was, counted, today) => {
        const takes = cautiousDay(was, counted, today);
        if (counted >= was) expect(takes).toBe(counted);
        else {
          expect(takes <= was && takes >= counted).toBe(true);
          expect(takes === was || takes >= addDays(today, 30)).toBe(true);
        }
        // counting again on a later day moves nothing
        expect(cautiousDay(takes, counted, addDays(today, 1))).toBe(takes);
      }),
    );
  });
});
