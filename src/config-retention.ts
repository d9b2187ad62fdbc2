import { z } from 'zod';
import { nearest, type Path } from './config-faults.ts';
import type { Tell } from './config-secrets.ts';
import type { Purpose, RetentionPeriod } from './core/configuration.ts';
import { checkPeriods, type PeriodFinding } from './core/retention-check.ts';
import { fiPack } from './core/retention-fi.ts';
import { settingsOf } from './core/retention-policy.ts';
import { type ClockStart, type FinancialYears, type Length, type Trigger, triggers, yearFaults } from './core/retention-rule.ts';

/** How long the company keeps, as it stands in the file: periods of purposes, financial years, what happened to people and when. */

const starts = [
  'event',
  'calendar-year-of-event',
  'financial-year-end',
  'calendar-year-of-financial-year-end',
] as const satisfies readonly ClockStart[];
export const durationShape = /^P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$/;

const PeriodFile = z.strictObject({
  rules: z
    .array(z.string())
    .default([])
    .describe('Rules of the retention pack that the period rests on; alone, the period is the rule’s own'),
  keep: z
    .string()
    .regex(durationShape, { error: 'must be a length as P24M, P2Y or P90D' })
    .optional()
    .describe('How long, as an ISO 8601 duration of years, months and days'),
  after: z.enum(triggers).optional().describe('What must have happened before the time begins'),
  from: z.enum(starts).optional().describe('From when it counts; default: the event itself, or as the rule says'),
  for: z.array(z.string().min(1)).min(1).optional().describe('Roles; default: all of the purpose'),
  reason: z.string().min(1).max(500).optional().describe('Why longer than the law: without a reason nobody may'),
  approve: z
    .enum(['person', 'auto'])
    .default('person')
    .describe('auto: what is over is erased without asking, where every period that ended says so'),
});
export type PeriodFile = z.infer<typeof PeriodFile>;

export const RetentionFile = z
  .array(PeriodFile)
  .min(1)
  .describe('How long the purpose needs somebody; of several the last to end counts');

const day = z.iso.date({ error: 'must be a day as 2031-12-31' });
export const FinancialYearsFile = z
  .strictObject({
    begins: day.optional().describe('The first day of the first year, where the company is younger than its documents could be'),
    ends: z.array(day).min(1).describe('Last days of years that ended otherwise than financialYearEnd says, in order'),
  })
  .describe('Irregular financial years; financialYearEnd goes on after the last');

/** Which field of the register says what happened to a person and when. */
export const EventsFile = z.strictObject(
  Object.fromEntries(
    triggers.map((trigger) => [
      trigger,
      z.string().min(1).optional().describe('A date field of the register, or changedAt: when the record last changed there'),
    ]),
  ) as Record<Trigger, z.ZodOptional<z.ZodString>>,
);

/** Faults of the financial years. */
export function checkYears(years: FinancialYears, tell: Tell): void {
  const at: Path = ['controller', 'financialYears', 'ends'];
  for (const { fault, end } of yearFaults(years))
    tell(
      [...at, Math.max(0, years.ends?.indexOf(end) ?? 0)],
      fault === 'not-ascending'
        ? `the year that ends on ${end} ends before it begins: list the ends in order`
        : `the year that ends on ${end} is longer than 18 months (Accounting Act 1336/1997, chapter 1 section 4)`,
    );
}

/** The periods of one purpose, checked: never shorter than a law demands, longer only with a reason. */
export function resolvePeriods(
  purpose: Purpose,
  file: readonly PeriodFile[],
  years: FinancialYears,
  tell: Tell,
): RetentionPeriod[] {
  return file.flatMap((given, i) => {
    const at: Path = ['purposes', purpose.name, 'retention', i];
    const period = resolvePeriod(given, at, tell);
    if (!period) return [];
    const wrong = checkPeriods([], settingsOf({ ...purpose, retention: [period] }), years).flatMap(faultOf);
    for (const message of wrong) tell(at, message);
    return [period];
  });
}

function resolvePeriod(given: PeriodFile, at: Path, tell: Tell): RetentionPeriod | null {
  const { rules: names, keep, after, approve, reason } = given;
  const known = fiPack.rules.map(({ id }) => id);
  for (const [i, name] of names.entries())
    if (!known.includes(name))
      tell([...at, 'rules', i], `there is no retention rule "${name}"; there are ${known.join(', ')}`, {
        suggestion: nearest(name, known),
      });
  const [rule] = fiPack.rules.filter(({ id }) => names.includes(id));
  if (keep === undefined && (names.length !== 1 || after !== undefined || given.from !== undefined)) {
    tell(at, 'says no length: write keep: P24M with after, or one rule of the pack alone');
    return null;
  }
  const trigger = after ?? rule?.trigger;
  if (trigger === undefined) {
    if (names.length === 0)
      tell(at, `after is missing: what must have happened before the time begins; one of ${triggers.join(', ')}`);
    return null;
  }
  if (keep === undefined && !rule) return null;
  return {
    trigger,
    from: given.from ?? rule?.from ?? 'event',
    length: keep === undefined ? { years: rule?.years ?? 0 } : lengthOf(keep),
    rules: names,
    approve,
    ...(given.for ? { for: given.for } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Of a text in `durationShape`. */
export function lengthOf(text: string): Length {
  const [, years, months, days] = durationShape.exec(text) ?? [];
  return {
    ...(years ? { years: Number(years) } : {}),
    ...(months ? { months: Number(months) } : {}),
    ...(days ? { days: Number(days) } : {}),
  };
}

/** What no company may declare. The rest is shown as a finding, and is for a person to judge. */
function faultOf(finding: PeriodFinding): string[] {
  const { code, params } = finding;
  if (code === 'shorter-than-law')
    return [
      `is shorter than the law: what began on ${params.event} would end on ${params.until}, and ${params.rule} keeps it until ${params.least}`,
    ];
  if (code === 'longer-without-reason')
    return [
      `is longer than the law (until ${params.until} instead of ${params.longest} for what began on ${params.event}): say why, as reason`,
    ];
  return [];
}
