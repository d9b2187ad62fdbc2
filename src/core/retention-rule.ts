import { addDays, addMonths, type Day, isLeap } from './day.ts';
import type { FieldName } from './person.ts';

/** What must have happened before a period begins. */
export const triggers = [
  /** The day of the voucher, entry or letter. */
  'document',
  /** The day an adjustment period of immovable-property VAT began. */
  'adjustment-period',
  'payment',
  /** The day worked, or the day a holiday was earned or taken. */
  'working-time',
  'employment-end',
  'application-decided',
  'site-completed',
  'claim-due',
  'relationship-end',
  'last-contact',
] as const;
export type Trigger = (typeof triggers)[number];

/** From when the years count: the event itself, the end of its calendar year, or the end of the financial year it falls in. */
export type ClockStart = 'event' | 'calendar-year-of-event' | 'financial-year-end' | 'calendar-year-of-financial-year-end';

export interface Length {
  years?: number;
  months?: number;
  days?: number;
}

export interface Period {
  trigger: Trigger;
  from: ClockStart;
  length: Length;
}

/**
 * How long a law keeps what hangs on a row. Rules are data: each cites its section, and the grade says how sure the reading is
 * (`R`: the text or an authority's page was read; `R2`: read on a reliable page that quotes it; `C`: recalled). The text in force
 * must be checked by a person.
 */
export interface RetentionRule {
  id: string;
  /** As a person may cite it. */
  law: string;
  grade: 'R' | 'R2' | 'C';
  /** A minimum must be kept; what guards a claim may be kept that long, and no longer without a reason. */
  kind: 'minimum' | 'claim';
  scope: {
    /** What is kept, in words. */
    what: string;
    /** The fields of a person that stand in it: no other is kept by this rule. */
    fields: readonly FieldName[];
  };
  trigger: Trigger;
  from: ClockStart;
  years: number;
  /** The most that a company may choose, with a reason. */
  longest?: { years: number; grade: 'R' | 'R2' | 'C' };
  /** What a person must verify before relying on it. */
  verify?: string;
}

export interface RetentionPack {
  id: string;
  version: string;
  date: Day;
  rules: readonly RetentionRule[];
}

/**
 * When a company's financial years end. `yearEnd` (`MM-DD`) is the rule; where they ended otherwise, `ends` lists them, and the rule
 * goes on after the last. Before the first listed end the years are taken to have ended on its date, unless `begins` says
 * that the company's first year began then: everything older belongs to that year.
 */
export interface FinancialYears {
  yearEnd: string;
  ends?: readonly Day[];
  begins?: Day;
}

export type YearFault = 'not-ascending' | 'longer-than-18-months';

/** The longest financial year there is: 18 months (Accounting Act 1336/1997, chapter 1 section 4; recalled). */
export function yearFaults({ ends = [], begins }: FinancialYears): { fault: YearFault; end: Day }[] {
  const firsts = [begins, ...ends.map((end) => addDays(end, 1))];
  return ends.flatMap((end, i): { fault: YearFault; end: Day }[] => {
    const first = firsts[i];
    if (first === undefined) return [];
    if (end < first) return [{ fault: 'not-ascending', end }];
    return end > addDays(addMonths(first, 18), -1) ? [{ fault: 'longer-than-18-months', end }] : [];
  });
}

/** The end of the financial year that a day belongs to. The last of February is that of each year. */
export function financialYearEnd(day: Day, years: string | FinancialYears): Day {
  const { yearEnd, ends = [], begins } = typeof years === 'string' ? { yearEnd: years } : years;
  const listed = ends.find((end) => day <= end);
  if (listed === undefined) return regularEnd(day, yearEnd);
  const before = listed.slice(5);
  const isOlder = listed === ends[0] && begins === undefined && day <= regularEnd(addMonths(listed, -12), before);
  return isOlder ? regularEnd(day, before) : listed;
}

function regularEnd(day: Day, yearEnd: string): Day {
  const endIn = (year: number) =>
    yearEnd.startsWith('02-') && Number(yearEnd.slice(3)) >= 28
      ? `${year}-02-${isLeap(year) ? '29' : '28'}`
      : `${year}-${yearEnd}`;
  const year = Number(day.slice(0, 4));
  return day <= endIn(year) ? endIn(year) : endIn(year + 1);
}

/** The last day of a period that an event began. Ten years after 29 February end with February. */
export function lastDay({ from, length }: Pick<Period, 'from' | 'length'>, event: Day, years: string | FinancialYears): Day {
  const start = startOf(from, event, years);
  return addDays(addMonths(start, monthsOf(length)), length.days ?? 0);
}

/** Whole months of a length; days are left out. */
export const monthsOf = ({ years = 0, months = 0 }: Length): number => years * 12 + months;

function startOf(from: ClockStart, event: Day, years: string | FinancialYears): Day {
  switch (from) {
    case 'event':
      return event;
    case 'calendar-year-of-event':
      return `${event.slice(0, 4)}-12-31`;
    case 'financial-year-end':
      return financialYearEnd(event, years);
    case 'calendar-year-of-financial-year-end':
      return `${financialYearEnd(event, years).slice(0, 4)}-12-31`;
  }
}
