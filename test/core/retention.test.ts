import { expect, it } from 'vitest';
import { dayAfter, financialYearEnd, keptBy, retainedUntil, retentionRules } from '../../src/core/retention.ts';

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
