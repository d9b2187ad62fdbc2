import type { Purpose } from './configuration.ts';
import { addDays, type Day, later } from './day.ts';
import { holdsOn, isHeld, type LegalHold } from './legal-hold.ts';
import type { FieldName } from './person.ts';
import { keptUntil, type RetainedBy } from './retention.ts';
import { type FinancialYears, lastDay, type Period, type Trigger } from './retention-rule.ts';

/**
 * What no purpose and no law needs any more, found by rule, field by field: a prospect without contact for the set time, an applicant
 * after the time of claims, next of kin after the employment. The rule proposes; who decides is said with the period.
 *
 * Of each field a hold comes first, then a purpose whose period runs, then a law: what is over for every purpose is kept by law alone
 * from then on. A field that none of them keeps is proposed for erasure; where a purpose has no period, or its start was not
 * recorded, a person is asked instead.
 */
export interface SweptSubject {
  role: string;
  /** The fields that are held about the person somewhere. */
  fields: readonly FieldName[];
  /** What has happened. An employment, a relationship or an application that is not here goes on. */
  events: Partial<Record<Trigger, Day>>;
  /** The purposes that this person's data were taken for. */
  purposes: readonly string[];
  holds: readonly LegalHold[];
  /** What laws keep, as `retainedBy` counts it. */
  retained: readonly RetainedBy[];
}

export interface PurposePeriod extends Period {
  purpose: string;
  role: string;
  /** `auto`: erased without a person where the policy says so. */
  approve: 'person' | 'auto';
}

export interface Sweep {
  keep: { fields: FieldName[]; why: 'hold' | 'law' | 'purpose'; by: string; until: Day | null }[];
  propose: { fields: FieldName[]; rule: string; since: Day | null; approve: 'person' | 'auto' }[];
  questions: { fields: FieldName[]; code: SweepQuestion; about: string; trigger?: Trigger }[];
}

/** A missing period is a finding; a start that nobody recorded, and a hold whose review is due, are questions. */
export type SweepQuestion = 'period-missing' | 'event-unknown' | 'hold-review';

/** Their end is recorded when it comes; until then they last. The last contact, by contrast, has always been. */
const lasting: ReadonlySet<Trigger> = new Set([
  'employment-end',
  'relationship-end',
  'application-decided',
  'site-completed',
  'claim-due',
]);

type Verdict =
  | { kind: 'keep'; why: 'hold' | 'law' | 'purpose'; by: string; until: Day | null }
  | { kind: 'propose'; rule: string; since: Day | null; approve: 'person' | 'auto' }
  | { kind: 'question'; code: SweepQuestion; about: string; trigger?: Trigger };

export function sweep(
  subject: SweptSubject,
  purposes: readonly Purpose[],
  periods: readonly PurposePeriod[],
  today: Day,
  years: string | FinancialYears,
): Sweep {
  const found: Sweep = { keep: [], propose: [], questions: [] };
  const held = holdsOn(subject.holds, today);
  for (const { hold } of held.questions) {
    const of = held.holds.filter(({ id }) => id === hold);
    const fields = subject.fields.filter((field) => of.some((one) => isHeld(one, field)));
    found.questions.push({ fields, code: 'hold-review', about: hold });
  }
  const mine = purposes.filter(
    ({ name, for: roles }) => subject.purposes.includes(name) && (!roles || roles.includes(subject.role)),
  );
  const needs = mine.map((purpose) => ({ purpose, need: needOf(subject, purpose.name, periods, today, years) }));
  const byVerdict = new Map<string, { verdict: Verdict; fields: FieldName[] }>();
  for (const field of new Set(subject.fields)) {
    const own = needs.flatMap(({ purpose, need }) => (purpose.fields.includes(field) ? [need] : []));
    const verdict =
      held.holds.length > 0 && isHeld(held, field) ? holdOf(held.holds, field) : verdictOf(subject, field, own, today);
    const key = JSON.stringify(verdict);
    const group = byVerdict.get(key) ?? { verdict, fields: [] };
    group.fields.push(field);
    byVerdict.set(key, group);
  }
  for (const { verdict, fields } of byVerdict.values()) {
    if (verdict.kind === 'keep') found.keep.push({ fields, ...without(verdict) });
    else if (verdict.kind === 'propose') found.propose.push({ fields, ...without(verdict) });
    else found.questions.push({ fields, ...without(verdict) });
  }
  return found;
}

function without<V extends { kind: string }>({ kind: _, ...rest }: V) {
  return rest;
}

/** Held without a day: a hold ends by a person. */
const holdOf = (holds: readonly LegalHold[], field: FieldName): Verdict => ({
  kind: 'keep',
  why: 'hold',
  by: holds.find((hold) => isHeld(hold, field))?.id ?? '',
  until: null,
});

export type Need =
  | { kind: 'runs'; purpose: string; until: Day | null }
  | { kind: 'over'; purpose: string; until: Day; approve: 'person' | 'auto' }
  | { kind: 'question'; code: SweepQuestion; about: string; trigger?: Trigger };

/** What each purpose of somebody's role still needs them for. */
export const needsOf = (
  subject: Pick<SweptSubject, 'role' | 'events'>,
  purposes: readonly Pick<Purpose, 'name'>[],
  periods: readonly PurposePeriod[],
  today: Day,
  years: string | FinancialYears,
): { purpose: string; need: Need }[] =>
  purposes.map(({ name }) => ({ purpose: name, need: needOf(subject, name, periods, today, years) }));

/** What one purpose still needs the person for. Of several periods the last to end counts. */
function needOf(
  { role, events }: Pick<SweptSubject, 'role' | 'events'>,
  purpose: string,
  periods: readonly PurposePeriod[],
  today: Day,
  years: string | FinancialYears,
): Need {
  const own = periods.filter((period) => period.purpose === purpose && period.role === role);
  if (own.length === 0) return { kind: 'question', code: 'period-missing', about: purpose };
  const days: Day[] = [];
  for (const period of own) {
    const event = events[period.trigger];
    if (event !== undefined) days.push(lastDay(period, event, years));
    else if (lasting.has(period.trigger)) return { kind: 'runs', purpose, until: null };
    else return { kind: 'question', code: 'event-unknown', about: purpose, trigger: period.trigger };
  }
  const until = days.reduce(later);
  if (until >= today) return { kind: 'runs', purpose, until };
  return { kind: 'over', purpose, until, approve: own.every(({ approve }) => approve === 'auto') ? 'auto' : 'person' };
}

function verdictOf(subject: SweptSubject, field: FieldName, needs: readonly Need[], today: Day): Verdict {
  const runs = needs.flatMap((need) => (need.kind === 'runs' ? [need] : []));
  const longest = runs.reduce<(typeof runs)[number] | null>((a, b) => (a === null || outlasts(b.until, a.until) ? b : a), null);
  if (longest) return { kind: 'keep', why: 'purpose', by: longest.purpose, until: longest.until };
  const byLaw = keptUntil(subject.retained, field);
  if (byLaw !== null && byLaw >= today) {
    const law = subject.retained.find(({ fields, until }) => until === byLaw && fields.includes(field));
    return { kind: 'keep', why: 'law', by: law?.law ?? '', until: byLaw };
  }
  const question = needs.find((need) => need.kind === 'question');
  if (question) return question;
  const over = needs.flatMap((need) => (need.kind === 'over' ? [need] : []));
  const last = over.reduce<(typeof over)[number] | null>((a, b) => (a === null || b.until > a.until ? b : a), null);
  // held for nothing: since when, nobody recorded, so that a person decides
  if (last === null) return { kind: 'propose', rule: 'no-purpose', since: null, approve: 'person' };
  const approve = over.every((need) => need.approve === 'auto') ? 'auto' : 'person';
  return {
    kind: 'propose',
    rule: last.purpose,
    since: addDays(byLaw === null ? last.until : later(byLaw, last.until), 1),
    approve,
  };
}

const outlasts = (a: Day | null, b: Day | null) => b !== null && (a === null || a > b);
