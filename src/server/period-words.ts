import type { RetentionPeriod } from '../core/configuration.ts';
import { retentionRules } from '../core/retention.ts';
import { fiPack } from '../core/retention-fi.ts';
import type { Translator } from './console/i18n.ts';

/** How long purposes and laws keep, in words: for the policy, the record, the notice and the answer to access. */
export const periodLines = (t: Translator, periods: readonly Omit<RetentionPeriod, 'approve'>[] = []): string[] =>
  periods.map(({ length, trigger, for: roles, rules }) =>
    [
      t('policy.periodOf', {
        length: t('policy.length', { y: length.years ?? 0, m: length.months ?? 0, d: length.days ?? 0 }).trim(),
        trigger: t.word('trigger', trigger),
      }),
      ...(roles ? [t('policy.periodFor', { roles: roles.map((r) => t.word('role', r)).join(', ') })] : []),
      ...(rules.length > 0 ? [`(${t.law([...new Set(rules.map(lawOfRule))].join('; '))})`] : []),
    ].join(' '),
  );

const lawOfRule = (id: string): string => fiPack.rules.find((rule) => rule.id === id)?.law ?? id;

/** Rules that bind a system's rows, each with its law and length. */
export const retentionWords = (t: Translator, rules: readonly string[]): string =>
  rules.length === 0
    ? t('policy.noRetention')
    : rules
        .map((name) => t('policy.rule', { name, law: t.law(lawOfRule(name)), years: retentionRules[name]?.years ?? 0 }))
        .join('; ');

/** The same without the pack's own names, for people outside. */
export const lawLines = (t: Translator, rules: readonly string[]): string[] =>
  rules.map((name) => t('policy.ruleTold', { law: t.law(lawOfRule(name)), years: retentionRules[name]?.years ?? 0 }));
