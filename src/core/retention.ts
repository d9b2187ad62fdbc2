import { type Day, later } from './day.ts';
import type { Retained } from './duty.ts';
import type { Fields } from './person.ts';
import { fiPack } from './retention-fi.ts';
import { type FinancialYears, lastDay, type RetentionPack, type RetentionRule, type Trigger } from './retention-rule.ts';

export { financialYearEnd } from './retention-rule.ts';

/** The rules that bind a row by the day of a document on it: those that a system may name. */
export const retentionRules: Readonly<Record<string, RetentionRule>> = Object.fromEntries(
  fiPack.rules.filter((rule) => rule.trigger === 'document').map((rule) => [rule.id, rule]),
);

/** The last day on which the rule keeps what an event of `day` began. */
export const retainedUntil = (rule: RetentionRule, day: Day, years: string | FinancialYears): Day =>
  lastDay({ from: rule.from, length: { years: rule.years } }, day, years);

/** The rule that keeps a document of `day` longest, and until when; null where no rule is named. */
export function longestRetention(
  names: readonly string[],
  day: Day,
  years: string | FinancialYears,
): { until: Day; law: string } | null {
  let longest: { until: Day; law: string } | null = null;
  for (const rule of names.flatMap((name) => retentionRules[name] ?? [])) {
    const until = retainedUntil(rule, day, years);
    if (longest === null || until > longest.until) longest = { until, law: rule.law };
  }
  return longest;
}

/** The first moment after a last day, as the hub's clock counts: midnight in Finland is before midnight UTC, so nothing goes early. */
export const dayAfter = (day: Day): Date => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000);

/** Whether a stripped row holds more again than what was kept in it. */
export const hasGrown = (kept: Retained | null | undefined, fields: Fields): boolean =>
  kept != null && Object.entries(fields).some(([name, value]) => value !== undefined && !kept.fields.includes(name));
/** What a law keeps, and by which version of which rule: all that is needed to count again. */
export interface RetainedBy {
  rule: string;
  pack: string;
  law: string;
  grade: RetentionRule['grade'];
  fields: readonly string[];
  event: Day;
  until: Day;
}

/** Every rule of the pack whose event is known, with its last day. The company's years decide where financial years count. */
export function retainedBy(
  names: readonly string[],
  events: Partial<Record<Trigger, Day>>,
  years: string | FinancialYears,
  pack: RetentionPack = fiPack,
): RetainedBy[] {
  return pack.rules.flatMap((rule) => {
    const event = events[rule.trigger];
    if (event === undefined || !names.includes(rule.id)) return [];
    const { id, law, grade, scope } = rule;
    return [{ rule: id, pack: pack.version, law, grade, fields: scope.fields, event, until: retainedUntil(rule, event, years) }];
  });
}

export type Reviewed =
  | { kind: 'same' }
  | { kind: 'moved'; from: Day; until: Day; pack: string }
  /** No rule of that name any more: nobody decides alone what becomes of what it kept. */
  | { kind: 'rule-gone'; pack: string };

/** Looks at a parked erasure again, under the rules of today: a difference is shown, never taken silently. */
export function review(
  parked: Pick<RetainedBy, 'rule' | 'event' | 'until'>,
  years: string | FinancialYears,
  pack: RetentionPack = fiPack,
): Reviewed {
  const rule = pack.rules.find(({ id }) => id === parked.rule);
  if (!rule) return { kind: 'rule-gone', pack: pack.version };
  const until = retainedUntil(rule, parked.event, years);
  return until === parked.until ? { kind: 'same' } : { kind: 'moved', from: parked.until, until, pack: pack.version };
}

/** The last day of several, of one field: it may go when no rule keeps it any more. */
export function keptUntil(kept: readonly Pick<RetainedBy, 'fields' | 'until'>[], field: string): Day | null {
  const days = kept.flatMap(({ fields, until }) => (fields.includes(field) ? [until] : []));
  return days.length === 0 ? null : days.reduce(later);
}
