import { addDays, type Day, later } from './day.ts';
import { type FieldName, fieldNames } from './person.ts';
import { retainedUntil } from './retention.ts';
import { fiPack } from './retention-fi.ts';
import { type FinancialYears, lastDay, monthsOf, type Period, type RetentionPack, type RetentionRule } from './retention-rule.ts';

/** A company's own period, held against the law: it may keep longer with a reason, and never shorter than a law demands. */
export interface PeriodSetting {
  /** The purpose it belongs to. */
  name: string;
  /** What it keeps; `*`: everything there is about the person. */
  fields: readonly FieldName[] | '*';
  /** The rules of the pack that it rests on; none: the company's own need. */
  rules: readonly string[];
  /** `as-long-as-needed`: what many a notice says instead of a period. */
  period: (Period & { isAtLeast?: boolean }) | 'as-long-as-needed' | null;
  reason?: string;
}

type Found<Code extends string, Params = Record<never, never>> = { code: Code; name: string; params: Params };
export type PeriodFinding =
  | Found<'period-missing'>
  | Found<'period-undefined'>
  /** "At least ten years": no day on which it ends. */
  | Found<'no-upper-limit'>
  | Found<'unknown-rule', { rule: string }>
  /** Its clock starts elsewhere than the law's, so that neither can be said to be longer. */
  | Found<'trigger-differs', { rule: string; own: string; law: string }>
  | Found<'shorter-than-law', { rule: string; event: Day; until: Day; least: Day }>
  | Found<'longer-without-reason', { event: Day; until: Day; longest: Day }>
  /** Longer than was ever accepted: no reason carries it. */
  | Found<'longer-than-accepted', { rule: string; event: Day; until: Day; longest: Day }>
  | Found<'longer-than-any-rule', { months: number; longest: number }>
  /** One law's period over fields that the law does not keep. */
  | Found<'flat-over-everything', { fields: FieldName[] }>
  | Found<'outside-scope', { fields: FieldName[] }>;

/** The findings of a company: a purpose without a period is one, and so is each fault of a period. */
export function checkPeriods(
  purposes: readonly string[],
  settings: readonly PeriodSetting[],
  years: string | FinancialYears,
  pack: RetentionPack = fiPack,
): PeriodFinding[] {
  const missing = purposes.filter((name) => !settings.some((setting) => setting.name === name));
  return [
    ...missing.map((name): PeriodFinding => ({ code: 'period-missing', name, params: {} })),
    ...settings.flatMap((setting) => checkPeriod(setting, years, pack)),
  ];
}

function checkPeriod(setting: PeriodSetting, years: string | FinancialYears, pack: RetentionPack): PeriodFinding[] {
  const { name, period } = setting;
  if (period === null) return [{ code: 'period-missing', name, params: {} }];
  if (period === 'as-long-as-needed') return [{ code: 'period-undefined', name, params: {} }];
  const rules = pack.rules.filter(({ id }) => setting.rules.includes(id));
  const unknown = setting.rules.filter((id) => !rules.some((rule) => rule.id === id));
  return [
    ...(period.isAtLeast ? [{ code: 'no-upper-limit' as const, name, params: {} }] : []),
    ...unknown.map((rule): PeriodFinding => ({ code: 'unknown-rule', name, params: { rule } })),
    ...againstRules(setting, period, rules, years),
    ...(rules.length === 0 ? againstAll(setting, period, pack) : []),
    ...beyondScope(setting, period, rules, pack),
  ];
}

/** Every day of a common year and of a leap year, after the listed ends too: a period may be too short for one day of the year only. */
function sampleDays(years: string | FinancialYears): Day[] {
  const listed = typeof years === 'string' ? [] : (years.ends ?? []);
  const from = [2027, 2028, ...new Set(listed.map((end) => Number(end.slice(0, 4))))].map((year) => `${year}-01-01`);
  return from.flatMap((first) => Array.from({ length: 366 }, (_, i) => addDays(first, i)));
}

function againstRules(
  { name, reason }: PeriodSetting,
  period: Period,
  rules: readonly RetentionRule[],
  years: string | FinancialYears,
): PeriodFinding[] {
  const found: PeriodFinding[] = [];
  const alike = rules.filter((rule) => rule.trigger === period.trigger);
  for (const { id, trigger } of rules)
    if (trigger !== period.trigger)
      found.push({ code: 'trigger-differs', name, params: { rule: id, own: period.trigger, law: trigger } });
  const days = sampleDays(years).map((event) => ({ event, until: lastDay(period, event, years) }));
  const least = (rule: RetentionRule, event: Day) => retainedUntil(rule, event, years);
  for (const rule of alike) {
    const short = rule.kind === 'minimum' ? days.find(({ event, until }) => until < least(rule, event)) : undefined;
    if (short)
      found.push({ code: 'shorter-than-law', name, params: { rule: rule.id, ...short, least: least(rule, short.event) } });
    const most = rule.longest ? { ...rule, years: rule.longest.years } : null;
    const over = most && days.find(({ event, until }) => until > least(most, event));
    if (most && over)
      found.push({ code: 'longer-than-accepted', name, params: { rule: rule.id, ...over, longest: least(most, over.event) } });
  }
  const longest = (event: Day) => alike.map((rule) => least(rule, event)).reduce(later);
  const long = alike.length > 0 && !hasReason(reason) ? days.find(({ event, until }) => until > longest(event)) : undefined;
  if (long) found.push({ code: 'longer-without-reason', name, params: { ...long, longest: longest(long.event) } });
  return found;
}

const hasReason = (reason: string | undefined) => (reason ?? '').trim() !== '';
const covers = (rule: RetentionRule, fields: PeriodSetting['fields']) =>
  fields === '*' || rule.scope.fields.some((field) => fields.includes(field));

/** A period of the company's own need: longer than any law keeps such fields, it wants a reason. */
function againstAll({ name, fields, reason }: PeriodSetting, period: Period, pack: RetentionPack): PeriodFinding[] {
  const months = monthsOf(period.length) + (period.length.days ?? 0) / 30;
  const longest = Math.max(0, ...pack.rules.filter((rule) => covers(rule, fields)).map((rule) => rule.years * 12));
  if (hasReason(reason) || longest === 0 || months <= longest) return [];
  return [{ code: 'longer-than-any-rule', name, params: { months: Math.ceil(months), longest } }];
}

/** A law keeps the fields of its scope and no others (Art. 17(3)(b): "to the extent"); a reason does not make it keep more. */
function beyondScope(
  { name, fields }: PeriodSetting,
  period: Period,
  rules: readonly RetentionRule[],
  pack: RetentionPack,
): PeriodFinding[] {
  const kept = new Set(rules.flatMap((rule) => rule.scope.fields));
  const beyond = (fields === '*' ? fieldNames : fields).filter((field) => !kept.has(field));
  if (fields !== '*')
    return rules.length > 0 && beyond.length > 0 ? [{ code: 'outside-scope', name, params: { fields: beyond } }] : [];
  const shortest = Math.min(...pack.rules.filter(({ kind }) => kind === 'minimum').map((rule) => rule.years * 12));
  const looksLikeLaw = rules.length > 0 || monthsOf(period.length) >= shortest;
  return looksLikeLaw ? [{ code: 'flat-over-everything', name, params: { fields: beyond } }] : [];
}
