import type { Config, Purpose, RetentionPeriod } from './configuration.ts';
import { checkPeriods, type PeriodFinding, type PeriodSetting } from './retention-check.ts';
import type { FinancialYears } from './retention-rule.ts';
import type { PurposePeriod } from './retention-sweep.ts';

/** What the company declared about keeping: its financial years, and how long each purpose needs people. */

/** The company's financial years; the calendar year where it says nothing. */
export const yearsOf = ({ controller }: Pick<Config, 'controller'>): FinancialYears => ({
  yearEnd: controller.financialYearEnd ?? '12-31',
  ...controller.financialYears,
});

/** A purpose's periods as they are held against the law; one entry for each, and one without a period where there is none. */
export const settingsOf = (purpose: Purpose): PeriodSetting[] =>
  (purpose.retention ?? []).map(({ trigger, from, length, rules, reason }) => ({
    name: purpose.name,
    fields: purpose.fields,
    rules,
    period: { trigger, from, length },
    ...(reason === undefined ? {} : { reason }),
  }));

/** What a person should look at in the declared periods: missing ones, too long ones, a law made to keep what it does not. */
export function periodFindings(config: Config): PeriodFinding[] {
  const purposes = Object.values(config.purposes);
  return checkPeriods(
    purposes.map(({ name }) => name),
    purposes.flatMap(settingsOf),
    yearsOf(config),
  );
}

const isFor = (period: Pick<RetentionPeriod, 'for'>, role: string) => !period.for || period.for.includes(role);

/** How long each purpose needs somebody in a role, as the sweep counts it. */
export const periodsFor = (purposes: readonly Purpose[], role: string): PurposePeriod[] =>
  purposes.flatMap(({ name, retention = [] }) =>
    retention
      .filter((period) => isFor(period, role))
      .map(({ trigger, from, length, approve }) => ({ purpose: name, role, trigger, from, length, approve })),
  );

/** Whether anything is declared that a sweep could go by. */
export const hasPeriods = ({ purposes }: Pick<Config, 'purposes'>): boolean =>
  Object.values(purposes).some(({ retention = [] }) => retention.length > 0);
