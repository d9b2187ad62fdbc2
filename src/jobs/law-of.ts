import type { Bound } from '../connectors/connector.ts';
import { addDays, dayIn } from '../core/day.ts';
import type { FieldName } from '../core/person.ts';
import { dayAfter, keptBy, type RetainedBy } from '../core/retention.ts';
import { yearsOf } from '../core/retention-policy.ts';
import type { Needs } from './needs.ts';

/** The company's rules, or those that bind such a system where it names none. */
export const rulesOf = (needs: Needs, system: string): readonly string[] => {
  const own = needs.config.systems[system]?.recipient?.retention ?? [];
  return own.length > 0 ? own : (needs.connectors[system]?.manifest.retention ?? []);
};

export interface KeptNow {
  /** A rule is named that keeps any of it, be its time over or not. */
  isNamed: boolean;
  /** What keeps it still. */
  runs: RetainedBy[];
}

/** What keeps a bound row now, field by field. Unfinished work is no document: no law keeps it. */
export function lawOf(needs: Needs, system: string, bound: Bound, at: Date): KeptNow {
  if (bound.pending !== undefined) return { isNamed: false, runs: [] };
  const all = keptBy(rulesOf(needs, system), bound.keeps, bound.newest, yearsOf(needs.config));
  return { isNamed: all.length > 0, runs: all.filter(({ until }) => dayAfter(until) > at) };
}

/** The fields that a bound row keeps: those that a law names, and all of them while a claim is open or nobody named a law. */
export const keptFields = (bound: Bound, runs: readonly RetainedBy[]): readonly FieldName[] =>
  bound.open ? bound.keeps : bound.keeps.filter((field) => runs.some(({ fields }) => fields.includes(field)));

/** An open claim has no end that anybody knows: it is looked at again each quarter. */
export const quarterFrom = (at: Date) => addDays(dayIn(at, 'UTC'), 91);
