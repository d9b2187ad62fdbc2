import { addDays, type Day, earlier, later } from './day.ts';
import type { Retained, RetainedPart } from './duty.ts';
import type { FieldName, Fields } from './person.ts';
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

/**
 * What rules keep of a row that documents hang on, field by field: each field by the rule that keeps it longest, and none that no rule
 * names. The first to end comes first.
 */
export function keptBy(
  names: readonly string[],
  fields: readonly FieldName[],
  day: Day,
  years: string | FinancialYears,
  pack: RetentionPack = fiPack,
): RetainedBy[] {
  const all = retainedBy(names, { document: day }, years, pack).sort((a, b) => (a.until < b.until ? -1 : 1));
  const longest = (field: string) => all.findLast((one) => one.fields.includes(field));
  return all.flatMap((one) => {
    const own = fields.filter((field) => longest(field) === one);
    return own.length > 0 ? [{ ...one, fields: own }] : [];
  });
}

/** Legal claims (Art. 17(3)(e)): what is unpaid or in collection. */
export const claimLaw = 'GDPR Art. 17(3)(e)';

/**
 * What is left in a row, and which law keeps which of it. What no rule names is kept for an open claim alone, which is looked at again
 * on `claimUntil`; null: there is no claim, and such a field is kept by nothing.
 */
export function retainedIn(fields: readonly string[], kept: readonly RetainedBy[], claimUntil: Day | null): Retained | null {
  const parts: RetainedPart[] = kept.flatMap(({ fields: own, until, law, rule, pack }) => {
    const there = fields.filter((field) => own.includes(field)).sort();
    return there.length > 0 ? [{ fields: there, until, law, rule, pack }] : [];
  });
  const beyond = fields.filter((field) => !parts.some((part) => part.fields.includes(field))).sort();
  if (claimUntil !== null && beyond.length > 0) parts.push({ fields: beyond, until: claimUntil, law: claimLaw });
  if (parts.length === 0) return null;
  const laws = [...new Set([...parts.map(({ law }) => law), ...(claimUntil === null ? [] : [claimLaw])])];
  return {
    fields: parts.flatMap((part) => part.fields).sort(),
    until: parts.map(({ until }) => until).reduce(later),
    law: laws.join('; '),
    parts,
  };
}

/** The day on which the first of it may go. */
export const firstEnd = ({ until, parts = [] }: Retained): Day => parts.map((part) => part.until).reduce(earlier, until);

/** Days between a shorter date being shown and its taking effect. */
const noticeDays = 30;

/**
 * The day that counts after a rule gave another one. A longer one counts at once: what a law keeps must not go. A shorter one counts
 * too, and not before people had a month to see it: an erasure cannot be taken back, a day more can.
 */
export const cautiousDay = (was: Day, counted: Day, today: Day): Day =>
  counted >= was ? counted : earlier(was, later(counted, addDays(today, noticeDays)));

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
