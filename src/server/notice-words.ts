import { type NoticeFinding, noticeLaw } from '../core/notice.ts';
import type { Length } from '../core/retention-rule.ts';
import type { Translator } from './console/i18n.ts';

const lengthText = (t: Translator, { years, months, days }: Length) =>
  t('policy.length', { y: years ?? 0, m: months ?? 0, d: days ?? 0 }).trim();

/** A finding of the published notice in words, with the law that asks for it. */
export const noticeWords = (t: Translator, one: NoticeFinding): string => `${findingText(t, one)} (${noticeLaw[one.code]})`;

function findingText(t: Translator, one: NoticeFinding): string {
  const values: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(one)) values[key] = valueText(t, key, value);
  return t(`notice.finding.${one.code}`, values);
}

function valueText(t: Translator, key: string, value: unknown): string | number {
  if (typeof value === 'number') return value;
  if (key === 'field' && typeof value === 'string') return t.word('field', value);
  if (key === 'right' && typeof value === 'string') return t.word('caseType', value);
  if (key === 'since' && typeof value === 'string') return t.day(value);
  if (Array.isArray(value)) return value.map((name) => (key === 'fields' ? t.word('field', name) : String(name))).join(', ');
  if (typeof value === 'object' && value !== null) return lengthText(t, value);
  // a basis is told in words; a basis that is none of the law's stands as it was written
  return key === 'told' || key === 'configured' ? t.word('basis', String(value)) : String(value);
}
