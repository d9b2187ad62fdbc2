import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { ConfigError } from '../../src/config-faults.ts';
import { registry } from '../../src/connectors/registry.ts';
import { periodFindings, periodsFor, yearsOf } from '../../src/core/retention-policy.ts';

const text = readFileSync(join(import.meta.dirname, '../../config/kaiku.yaml'), 'utf8');
const env = Object.fromEntries(
  [...text.matchAll(/env: ([A-Z_]+)/g)].map(([, name]) => [name ?? '', name === 'MAILCHIMP_API_KEY' ? 'key-us6' : 'secret']),
);
const load = (yaml: string) => parseConfig(yaml, 'kaiku.yaml', env, registry);
const faultsOf = (yaml: string) => {
  try {
    load(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};
/** The example with periods of its two purposes, and more of the controller. */
const withPeriods = (marketing: string, invoicing = '', controller = '') =>
  text
    .replace(/ +retention:\n(?: +- .*\n)+/g, '')
    .replace(
      '    permission: newsletter\n',
      `    permission: newsletter\n${marketing ? `    retention:\n      - ${marketing}\n` : ''}`,
    )
    .replace('    for: [customer]\n', `    for: [customer]\n${invoicing ? `    retention:\n      - ${invoicing}\n` : ''}`)
    .replace('  financialYearEnd: 12-31\n', `  financialYearEnd: 12-31\n${controller}`);
const period = '{ after: last-contact, keep: P24M, for: [prospect], approve: auto }';

describe('a purpose’s own period', () => {
  it('is a length after something happened, for the roles it names', () => {
    const config = load(withPeriods(period));
    expect(periodsFor(Object.values(config.purposes), 'prospect')).toEqual([
      { purpose: 'marketing', role: 'prospect', trigger: 'last-contact', from: 'event', length: { months: 24 }, approve: 'auto' },
    ]);
    expect(periodsFor(Object.values(config.purposes), 'customer')).toEqual([]);
  });

  it('may be a rule of the pack, with the rule’s own clock', () => {
    const config = load(withPeriods('', '{ rules: [fi/vouchers] }'));
    expect(config.purposes['invoicing']?.retention).toEqual([
      {
        trigger: 'document',
        from: 'calendar-year-of-financial-year-end',
        length: { years: 6 },
        rules: ['fi/vouchers'],
        approve: 'person',
      },
    ]);
    // a voucher names no e-mail address and no phone number
    expect(periodFindings(config)).toContainEqual({
      code: 'outside-scope',
      name: 'invoicing',
      params: { fields: ['email', 'phone'] },
    });
  });

  it.each([
    ['shorter than the law', '{ rules: [fi/vouchers], keep: P5Y }', /is shorter than the law: .* fi\/vouchers keeps it until/],
    ['longer without a reason', '{ rules: [fi/vouchers], keep: P8Y }', /is longer than the law .*: say why, as reason/],
    ['without a length', '{ after: last-contact }', /says no length/],
    ['without a beginning', '{ keep: P2Y }', /after is missing.*last-contact/],
    ['with a length that is none', '{ after: last-contact, keep: 24 months }', /P24M/],
    ['with a key that is none', '{ afte: last-contact, keep: P2Y }', /not a key/, 'after'],
    ['with a rule that is none', '{ rules: [fi/voucher] }', /no retention rule/, 'fi/vouchers'],
    ['after something that never happens', '{ after: last-contct, keep: P2Y }', /must be one of/, 'last-contact'],
  ])('%s is refused at its line', (_name, given, message, suggestion?: string) => {
    const yaml = withPeriods('', given);
    const fault = faultsOf(yaml).find((f) => message.test(f.message));
    expect(fault, JSON.stringify(faultsOf(yaml))).toBeDefined();
    expect(fault?.line).toBe(yaml.split('\n').findIndex((l) => l.includes(given)) + 1);
    expect(fault?.column).toBeGreaterThan(1);
    if (suggestion) expect(fault?.suggestion).toBe(suggestion);
  });

  it('longer than the law is taken with a reason', () => {
    expect(faultsOf(withPeriods('', '{ rules: [fi/vouchers], keep: P8Y, reason: a claim of the tax office }'))).toEqual([]);
  });

  it('that is missing is a finding and no fault', () => {
    const config = load(withPeriods(period));
    expect(periodFindings(config)).toEqual([{ code: 'period-missing', name: 'invoicing', params: {} }]);
  });
});

describe('financial years', () => {
  it('that ended otherwise are listed', () => {
    const years = load(withPeriods('', '', '  financialYears: { begins: 2023-04-01, ends: [2024-03-31, 2024-12-31] }\n'));
    expect(yearsOf(years)).toEqual({ yearEnd: '12-31', begins: '2023-04-01', ends: ['2024-03-31', '2024-12-31'] });
  });

  it.each([
    ['backwards', '[2024-12-31, 2024-03-31]', /ends before it begins/],
    ['for too long', '[2022-03-31, 2024-12-31]', /longer than 18 months/],
    ['on no day', '[2024-02-30]', /must be a day/],
  ])('that run %s are refused', (_name, ends, message) => {
    const yaml = withPeriods('', '', `  financialYears: { ends: ${ends} }\n`);
    const fault = faultsOf(yaml).find((f) => message.test(f.message));
    expect(fault?.line).toBe(yaml.split('\n').findIndex((l) => l.includes('financialYears')) + 1);
  });
});

describe('what happened to people', () => {
  it('is read from date fields of the register; another event is an unknown key', () => {
    const events = (what: string) => text.replace(/ +events: .*\n/, `      events: ${what}\n`);
    const config = load(events('{ last-contact: LAST_ACTIVITY_DATE_UTC, relationship-end: changedAt }'));
    expect(config.systems['crm']?.register?.events).toEqual({
      'last-contact': 'LAST_ACTIVITY_DATE_UTC',
      'relationship-end': 'changedAt',
    });
    expect(faultsOf(events('{ last-contct: X }'))[0]).toMatchObject({ suggestion: 'last-contact' });
  });
});
