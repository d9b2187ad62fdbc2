import type { Retained } from './duty.ts';
import type { Fields } from './person.ts';

/**
 * How long a law keeps what hangs on a row. Rules are data: each cites its section, and the grade says how sure the reading is
 * (`R2`: read on a reliable page that quotes the law; the text in force must be checked by a person).
 */
export interface RetentionRule {
  id: string;
  /** As a person may cite it. */
  law: string;
  grade: 'R' | 'R2' | 'C';
  years: number;
  /** From when the years count: the end of the financial year itself, or of the calendar year in which it ended. */
  from: 'financial-year-end' | 'calendar-year-of-financial-year-end';
}

export const retentionRules: Readonly<Record<string, RetentionRule>> = {
  'fi/vouchers': {
    id: 'fi/vouchers',
    law: 'Accounting Act 1336/1997, chapter 2 section 10',
    grade: 'R2',
    years: 6,
    from: 'calendar-year-of-financial-year-end',
  },
  'fi/books': {
    id: 'fi/books',
    law: 'Accounting Act 1336/1997, chapter 2 section 10',
    grade: 'R2',
    years: 10,
    from: 'financial-year-end',
  },
};

/** A calendar date, `YYYY-MM-DD`. */
type Day = string;

/**
 * The end of the financial year that a day belongs to. `yearEnd` is `MM-DD`; the last of February is that of each year.
 */
export function financialYearEnd(day: Day, yearEnd: string): Day {
  const endIn = (year: number) =>
    yearEnd.startsWith('02-') && Number(yearEnd.slice(3)) >= 28
      ? `${year}-02-${isLeap(year) ? '29' : '28'}`
      : `${year}-${yearEnd}`;
  const year = Number(day.slice(0, 4));
  return day <= endIn(year) ? endIn(year) : endIn(year + 1);
}

const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** The last day on which the rule keeps a document of `day`. */
export function retainedUntil(rule: RetentionRule, day: Day, yearEnd: string): Day {
  const end = financialYearEnd(day, yearEnd);
  const year = Number(end.slice(0, 4)) + rule.years;
  if (rule.from === 'calendar-year-of-financial-year-end') return `${year}-12-31`;
  // ten years after 29 February end with February
  return end.endsWith('-02-29') && !isLeap(year) ? `${year}-02-28` : `${year}${end.slice(4)}`;
}

/** The rule that keeps a document of `day` longest, and until when; null where no rule is named. */
export function longestRetention(names: readonly string[], day: Day, yearEnd: string): { until: Day; law: string } | null {
  let longest: { until: Day; law: string } | null = null;
  for (const rule of names.flatMap((name) => retentionRules[name] ?? [])) {
    const until = retainedUntil(rule, day, yearEnd);
    if (longest === null || until > longest.until) longest = { until, law: rule.law };
  }
  return longest;
}

/** The first moment after a last day, as the hub's clock counts: midnight in Finland is before midnight UTC, so nothing goes early. */
export const dayAfter = (day: Day): Date => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000);

/** Whether a stripped row holds more again than what was kept in it. */
export const hasGrown = (kept: Retained | null | undefined, fields: Fields): boolean =>
  kept != null && Object.entries(fields).some(([name, value]) => value !== undefined && !kept.fields.includes(name));
