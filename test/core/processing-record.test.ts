import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/core/configuration.ts';
import { processingRecord } from '../../src/core/processing-record.ts';

const system = { connector: 'mailchimp', baseUrl: '', credentials: {}, owner: null, settings: {} };
const config: Config = {
  controller: { name: 'Esimerkki Oy', businessId: '1234567-1', languages: ['fi'], privacyContact: 'tietosuoja@esimerkki.test' },
  purposes: {
    marketing: { name: 'marketing', basis: 'legitimate-interest', fields: ['givenName', 'email'] },
    payroll: {
      name: 'payroll',
      basis: 'legal-obligation',
      fields: ['identityCode'],
      for: ['employee'],
      retention: [{ trigger: 'employment-end', from: 'event', length: { years: 10 }, rules: [], approve: 'person' }],
    },
    surveys: { name: 'surveys', basis: 'consent', fields: ['email'] },
  },
  systems: {
    crm: {
      ...system,
      name: 'crm',
      connector: 'insightly',
      country: 'US',
      register: { for: 'customer', pollSeconds: 60, sweepHours: 24, eraseAfterDays: 14, permissions: {} },
    },
    newsletter: {
      ...system,
      name: 'newsletter',
      country: 'US',
      recipient: { purposes: ['marketing'], undoHours: 0, dueDays: 14, retention: [] },
    },
    wages: {
      ...system,
      name: 'wages',
      connector: 'human',
      recipient: { purposes: ['payroll'], undoHours: 0, dueDays: 14, retention: ['fi/payroll'] },
    },
  },
};
const vendors = { mailchimp: { vendor: 'mailchimp', human: false }, human: { vendor: 'people', human: true } };
const record = processingRecord(config, vendors);

describe('the record of processing', () => {
  it('tells of each purpose whom it concerns, what is used, who is given it and where that is', () => {
    expect(record.activities[0]).toMatchObject({
      purpose: 'marketing',
      people: ['customer'],
      fields: ['givenName', 'email'],
      registers: ['crm'],
      recipients: [{ system: 'newsletter', vendor: 'mailchimp', human: false, country: 'US', outsideEea: true }],
      laws: [],
    });
    expect(record.activities[1]).toMatchObject({
      purpose: 'payroll',
      people: ['employee'],
      registers: [],
      recipients: [{ system: 'wages', human: true }],
      laws: [{ system: 'wages', rules: ['fi/payroll'] }],
    });
    expect(record.activities[1]?.recipients[0]).not.toHaveProperty('country');
  });

  it('names what the law asks for and nobody said, and nothing that was said', () => {
    expect(record.gaps).toEqual([
      { code: 'no-period', purpose: 'marketing' },
      { code: 'no-period', purpose: 'surveys' },
      { code: 'no-recipient', purpose: 'surveys' },
      { code: 'transfer-safeguard', system: 'crm', country: 'US' },
      { code: 'transfer-safeguard', system: 'newsletter', country: 'US' },
      { code: 'no-country', system: 'wages' },
      { code: 'systems-security' },
    ]);
    const { privacyContact: _contact, ...controller } = config.controller;
    const whole = processingRecord(
      {
        ...config,
        controller,
        systems: { wages: { ...config.systems['wages'], name: 'wages', country: 'FI' } as never },
        purposes: {},
      },
      vendors,
    );
    expect(whole.gaps).toEqual([{ code: 'no-contact' }, { code: 'systems-security' }]);
  });
});
