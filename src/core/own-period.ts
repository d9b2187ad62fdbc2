import { addDays, type Day } from './day.ts';
import type { Retained } from './duty.ts';

/** Data that nobody searches and that end by themselves (server logs): how long their entries last is the company's own period, no law's. */

const cited = /^own period: (\d+) days, by itself$/;

/** What is cited where otherwise a law stands. */
export const ownPeriod = (days: number): string => `own period: ${days} days, by itself`;

/** The days of a period that was cited so; null: a law's, or whatever a person wrote. */
export const daysOfOwnPeriod = (law: string): number | null => {
  const [, days] = cited.exec(law) ?? [];
  return days === undefined ? null : Number(days);
};

/** What still lies there after nothing more is written about somebody. `from`: the last day on which an entry may have been made. */
export const endsAfter = (from: Day, days: number, fields: readonly string[]): Retained => ({
  fields: [...fields],
  until: addDays(from, days),
  law: ownPeriod(days),
});
