import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { addDays, addMonths } from '../../src/core/day.ts';
import { keptBy, keptUntil, retainedBy, retainedUntil, retentionRules, review } from '../../src/core/retention.ts';
import { fiPack } from '../../src/core/retention-fi.ts';
import { financialYearEnd, lastDay, type RetentionRule, triggers, yearFaults } from '../../src/core/retention-rule.ts';

const rule = (id: string): RetentionRule => {
  const found = fiPack.rules.find((one) => one.id === id);
  if (!found) throw new Error(`no rule ${id}`);
  return found;
};
const until = (id: string, event: string, years: Parameters<typeof retainedUntil>[2] = '12-31') =>
  retainedUntil(rule(id), event, years);

describe('the Finnish pack', () => {
  it('has a date, a version, and rules that say what they rest on', () => {
    expect(fiPack).toMatchObject({ id: 'fi', version: '2', date: '2026-11-25' });
    expect(new Set(fiPack.rules.map(({ id }) => id)).size).toBe(fiPack.rules.length);
    for (const { id, law, grade, scope, trigger, years, verify } of fiPack.rules) {
      expect(id).toMatch(/^fi\/[a-z-]+$/);
      expect(law).toMatch(/\d+\/\d{4}/);
      expect(['R', 'R2', 'C']).toContain(grade);
      expect(triggers).toContain(trigger);
      expect(scope.fields.length).toBeGreaterThan(0);
      expect(years).toBeGreaterThan(0);
      // nothing here was read in the official text, and the pack says so
      expect(verify).toBeTruthy();
    }
  });

  it('marks what is recalled', () => {
    expect(fiPack.rules.flatMap(({ id, grade }) => (grade === 'C' ? [id] : []))).toEqual([
      'fi/recruitment',
      'fi/site-workers',
      'fi/claims',
    ]);
  });

  it('lets a system name the rules that a document of its day can count, and no others', () => {
    expect(Object.keys(retentionRules)).toEqual(['fi/vouchers', 'fi/books', 'fi/payroll-books', 'fi/payroll-vouchers']);
    expect(keptBy(['fi/recruitment'], ['email'], '2026-01-01', '12-31')).toEqual([]);
  });

  it.each([
    // the worked example: the financial year ended on 31 March 2024
    ['fi/vouchers', '2024-03-31', '03-31', '2030-12-31'],
    ['fi/books', '2024-03-31', '03-31', '2034-03-31'],
    ['fi/vouchers', '2023-04-01', '03-31', '2030-12-31'],
    ['fi/books', '2023-04-01', '03-31', '2034-03-31'],
    ['fi/vouchers', '2024-04-01', '03-31', '2031-12-31'],
    ['fi/payroll-books', '2024-03-31', '03-31', '2034-03-31'],
    ['fi/payroll-vouchers', '2024-03-31', '03-31', '2030-12-31'],
    ['fi/payroll-notes', '2024-01-31', '03-31', '2030-12-31'],
    ['fi/property-vat', '2024-01-01', '03-31', '2037-12-31'],
    ['fi/property-vat', '2024-12-31', '03-31', '2037-12-31'],
    ['fi/working-time', '2024-06-15', '03-31', '2026-12-31'],
    ['fi/working-time-after', '2024-06-15', '03-31', '2026-06-15'],
    ['fi/work-certificate', '2024-02-29', '03-31', '2034-02-28'],
    ['fi/recruitment', '2024-02-29', '03-31', '2025-02-28'],
    ['fi/site-workers', '2024-05-31', '03-31', '2030-05-31'],
    ['fi/claims', '2024-05-31', '03-31', '2027-05-31'],
  ])('%s of %s, years to %s, is kept until %s', (id, event, yearEnd, expected) => {
    expect(until(id, event, yearEnd)).toBe(expected);
  });

  it('keeps payroll vouchers apart from payroll bookkeeping', () => {
    expect(until('fi/payroll-vouchers', '2026-06-30') < until('fi/payroll-books', '2026-06-30')).toBe(true);
  });

  it('keeps no phone number, e-mail address or title for the sake of a voucher', () => {
    for (const id of ['fi/vouchers', 'fi/books'])
      for (const field of ['phone', 'mobile', 'email', 'jobTitle', 'language', 'identityCode'] as const)
        expect(rule(id).scope.fields).not.toContain(field);
  });
});

/** Each month's end of four years, a leap year among them: 48 financial years, counted by the machine's own calendar. */
const yearEnds = [2023, 2024, 2025, 2026].flatMap((year) =>
  Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(year, month + 1, 0))),
);
const text = (date: Date) => date.toISOString().slice(0, 10);

describe('financial years', () => {
  it('of 48 ends are counted as the machine counts them', () => {
    for (const end of yearEnds) {
      const [year, month] = [end.getUTCFullYear(), end.getUTCMonth()];
      const before = new Date(Date.UTC(year - 1, month + 1, 0));
      const books = new Date(end);
      books.setUTCFullYear(year + 10);
      // 29 February of a year that has none is 1 March to the machine
      if (books.getUTCMonth() !== month) books.setUTCDate(0);
      for (const day = new Date(before.getTime() + 86_400_000); day <= end; day.setUTCDate(day.getUTCDate() + 1)) {
        const yearEnd = text(end).slice(5);
        expect([text(day), until('fi/vouchers', text(day), yearEnd)]).toEqual([text(day), `${year + 6}-12-31`]);
        expect([text(day), until('fi/books', text(day), yearEnd)]).toEqual([text(day), text(books)]);
      }
    }
  });

  it('that changed are listed, and the rule goes on after the last', () => {
    // from calendar years to years that end in March, by one long year of fifteen months
    const years = { yearEnd: '03-31', ends: ['2023-12-31', '2025-03-31'] };
    expect(financialYearEnd('2022-07-01', years)).toBe('2022-12-31');
    expect(financialYearEnd('2022-12-31', years)).toBe('2022-12-31');
    expect(financialYearEnd('2023-01-01', years)).toBe('2023-12-31');
    expect(financialYearEnd('2024-01-01', years)).toBe('2025-03-31');
    expect(financialYearEnd('2025-03-31', years)).toBe('2025-03-31');
    expect(financialYearEnd('2025-04-01', years)).toBe('2026-03-31');
    expect(until('fi/vouchers', '2024-02-01', years)).toBe('2031-12-31');
    expect(until('fi/books', '2024-02-01', years)).toBe('2035-03-31');
    // as if nothing had changed, the vouchers of that January would go a year early
    expect(until('fi/vouchers', '2024-02-01', '03-31')).toBe('2030-12-31');
    expect(yearFaults(years)).toEqual([]);
  });

  it('may begin with a long one: whatever is older belongs to it', () => {
    const years = { yearEnd: '12-31', begins: '2022-07-01', ends: ['2023-12-31'] };
    expect(financialYearEnd('2022-08-01', years)).toBe('2023-12-31');
    expect(financialYearEnd('2022-06-15', years)).toBe('2023-12-31');
    expect(financialYearEnd('2024-01-01', years)).toBe('2024-12-31');
    expect(yearFaults(years)).toEqual([]);
    expect(yearFaults({ ...years, begins: '2022-06-30' })).toEqual([{ fault: 'longer-than-18-months', end: '2023-12-31' }]);
  });

  it('end with February before the first that is listed, leap year or not', () => {
    const years = { yearEnd: '12-31', ends: ['2025-02-28', '2025-12-31'] };
    expect(financialYearEnd('2024-02-29', years)).toBe('2024-02-29');
    expect(financialYearEnd('2024-03-01', years)).toBe('2025-02-28');
  });

  it('are at fault when they run backwards or for too long', () => {
    expect(yearFaults({ yearEnd: '12-31' })).toEqual([]);
    expect(yearFaults({ yearEnd: '12-31', ends: ['2023-06-30', '2024-12-31'] })).toEqual([]);
    expect(yearFaults({ yearEnd: '12-31', ends: ['2023-06-29', '2024-12-31'] })).toEqual([
      { fault: 'longer-than-18-months', end: '2024-12-31' },
    ]);
    expect(yearFaults({ yearEnd: '12-31', ends: ['2023-06-30', '2025-01-01'] })).toHaveLength(1);
    expect(yearFaults({ yearEnd: '12-31', ends: ['2024-12-31', '2023-06-30'] })).toEqual([
      { fault: 'not-ascending', end: '2023-06-30' },
    ]);
    expect(yearFaults({ yearEnd: '12-31', ends: ['2024-12-31', '2024-12-31'] })).toHaveLength(1);
    expect(yearFaults({ yearEnd: '12-31', begins: '2024-01-01', ends: ['2023-12-31'] })).toEqual([
      { fault: 'not-ascending', end: '2023-12-31' },
    ]);
  });
});

describe('what was parked', () => {
  const parked = { rule: 'fi/vouchers', event: '2024-03-31', until: '2030-12-31' };

  it('is counted by each rule whose event is known, with the version that counted', () => {
    const kept = retainedBy(
      ['fi/vouchers', 'fi/books', 'fi/recruitment', 'fi/claims'],
      { document: '2024-03-31', 'claim-due': '2024-04-30' },
      '03-31',
    );
    expect(kept.map((one) => [one.rule, one.pack, one.event, one.until])).toEqual([
      ['fi/vouchers', '2', '2024-03-31', '2030-12-31'],
      ['fi/books', '2', '2024-03-31', '2034-03-31'],
      ['fi/claims', '2', '2024-04-30', '2027-04-30'],
    ]);
    expect(keptUntil(kept, 'billingAddress')).toBe('2034-03-31');
    expect(keptUntil(kept, 'email')).toBe('2027-04-30');
    expect(keptUntil(kept, 'jobTitle')).toBeNull();
  });

  it('stays as it is while the rule does', () => expect(review(parked, '03-31')).toEqual({ kind: 'same' }));

  it('shows the difference where the rule or the financial year changed', () => {
    const rules = fiPack.rules.map((one) => (one.id === 'fi/vouchers' ? { ...one, years: 7 } : one));
    const next = { ...fiPack, version: '3', rules };
    expect(review(parked, '03-31', next)).toEqual({ kind: 'moved', from: '2030-12-31', until: '2031-12-31', pack: '3' });
    expect(review({ ...parked, event: '2024-02-01' }, { yearEnd: '03-31', ends: ['2023-12-31', '2025-03-31'] })).toMatchObject({
      kind: 'moved',
      until: '2031-12-31',
    });
  });

  it('becomes a question where the rule is no more', () => {
    expect(review(parked, '03-31', { ...fiPack, version: '3', rules: [] })).toEqual({ kind: 'rule-gone', pack: '3' });
  });
});

describe('whatever comes', () => {
  const day = fc.integer({ min: 0, max: 30_000 }).map((n) => addDays('2000-01-01', n));
  const yearEnd = fc.constantFrom(...yearEnds.map((end) => text(end).slice(5)));

  test.prop([day, yearEnd])('a financial year holds its day, and ends within twelve months of it', (event, end) => {
    const found = financialYearEnd(event, end);
    expect(found >= event).toBe(true);
    expect(found <= addMonths(event, 12)).toBe(true);
    expect(financialYearEnd(found, end)).toBe(found);
    expect(financialYearEnd(addDays(found, 1), end) > found).toBe(true);
  });

  test.prop([day, yearEnd])('vouchers never go before six years, nor books before ten, nor any a year too late', (event, end) => {
    const closed = financialYearEnd(event, end);
    const [vouchers, books] = [until('fi/vouchers', event, end), until('fi/books', event, end)];
    expect(vouchers >= addMonths(closed, 72) && vouchers < addMonths(closed, 84)).toBe(true);
    expect(vouchers.slice(5)).toBe('12-31');
    expect(books).toBe(addMonths(closed, 120));
  });

  test.prop([day, day, yearEnd])('a later document is never kept for a shorter time', (a, b, end) => {
    const [first, second] = a <= b ? [a, b] : [b, a];
    for (const one of fiPack.rules) expect(retainedUntil(one, first, end) <= retainedUntil(one, second, end)).toBe(true);
  });

  test.prop([day, fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 400 })])(
    'months and days are both counted',
    (event, months, days) => {
      expect(lastDay({ from: 'event', length: { months, days } }, event, '12-31')).toBe(addDays(addMonths(event, months), days));
    },
  );
});
