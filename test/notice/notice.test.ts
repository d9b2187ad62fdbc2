import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { ConfigError, type Fault } from '../../src/config-faults.ts';
import { loadNotice } from '../../src/config-notice.ts';
import { registry } from '../../src/connectors/registry.ts';
import { type NoticeCode, type NoticeFinding, noticeFindings, noticeLaw } from '../../src/core/notice.ts';
import { translator } from '../../src/server/console/i18n.ts';
import { noticeAgainst } from '../../src/server/notice.ts';
import { noticeWords } from '../../src/server/notice-words.ts';

const env = new Proxy({}, { get: (_, name) => (name === 'MAILCHIMP_API_KEY' ? 'key-us6' : 'a-secret') }) as Record<
  string,
  string
>;
const folder = (company: string) => join(import.meta.dirname, '../../config/examples', company);
const configOf = (company: string) => loadConfig(join(folder(company), 'kaiku.yaml'), env, registry);
const noticeOf = (company: string) => loadNotice(join(folder(company), 'notice.yaml'), configOf(company));
const words = (findings: NoticeFinding[]) =>
  findings.map((one) => noticeWords(translator('en'), one).replace(/ \(GDPR[^)]*(?:\(\w\)[^)]*)*\)$/, '')).sort();

describe('the notice of the building-services firm', () => {
  it('names no period, no authority, no transfer, half of the rights, and makers whom nothing reaches', () => {
    const found = noticeFindings(noticeOf('building-services'), configOf('building-services'));
    expect(words(found)).toEqual(
      [
        ...[
          'orders',
          'invoicing',
          'bookkeeping',
          'marketing',
          'advertising',
          'analytics',
          'surveys',
          'payroll',
          'recruitment',
        ].map((purpose) => `how long data is kept for ${purpose} is told in words that set no time`),
        ...['chimney-sweeping', 'emergency', 'employment'].map(
          (purpose) => `the purpose ${purpose} is configured, and the notice does not tell it`,
        ),
        'the notice tells the purpose internal-information, and none of that name is configured',
        'the basis of analytics is told as legitimate interest, and configured as consent',
        'the legal basis of recruitment is not told',
        'custom.gaClientId is given to analytics, and the notice does not name it',
        'the notice names makers of embedded content, and nothing here reaches it: no correction or erasure is carried there',
        ...['Insightly', 'Mailchimp', 'Facebook', 'LinkedIn'].map((name) => `where the data goes at ${name} is not said`),
        ...['Google Analytics', 'makers of embedded content'].map(
          (name) => `${name} is in US, outside the EEA, and the notice says nothing of it`,
        ),
        ...['restriction', 'objection', 'portability'].map((right) => `the right of ${right} is not told`),
        'the right to complain to the supervisory authority is not told',
      ].sort(),
    );
  });
});

describe('the notice of the web host', () => {
  it('leans on a repealed law, keeps everything ten years, and promises the Union while it names an American service', () => {
    const found = noticeFindings(noticeOf('wordpress-host'), configOf('wordpress-host'));
    expect(found).toContainEqual({
      code: 'law-repealed',
      law: '523/1999',
      by: 'Data Protection Act 1050/2018',
      since: '2019-01-01',
    });
    expect(found).toContainEqual({ code: 'transfer-denied', recipient: 'Google Analytics', country: 'US' });
    expect(found).toContainEqual({
      code: 'kept-too-long',
      told: { years: 10 },
      fields: ['organisation', 'address', 'billingAddress', 'givenName', 'familyName', 'email', 'phone'],
      longest: 6,
    });
    expect(found).toContainEqual({ code: 'recipient-not-told', system: 'newsletter' });
    // logs of visits stand in no line of it
    expect(found).toContainEqual({ code: 'purpose-not-told', purpose: 'security' });
    expect(found).toContainEqual({ code: 'recipient-not-told', system: 'wordpress-logs' });
    expect(found).toContainEqual({ code: 'period-differs', purpose: 'hosting', told: { years: 10 }, configured: { years: 3 } });
    expect(found.filter(({ code }) => code === 'basis-not-told')).toHaveLength(2);
    expect(found.filter(({ code }) => code === 'right-not-told')).toHaveLength(5);
  });
});

describe('a notice', () => {
  const config = configOf('wordpress-host');
  const whole = () => ({
    name: 'n',
    laws: ['1050/2018'],
    contact: true,
    complaint: true,
    rights: ['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability'] as const,
    purposes: Object.values(config.purposes).map(({ name, basis, retention }) => ({
      name,
      basis,
      keep: retention?.[0]?.length ?? { years: 2 },
    })),
    fields: [...new Set(Object.values(config.purposes).flatMap(({ fields }) => fields))],
    recipients: Object.keys(config.systems).map((system) => ({ name: system, system, country: 'FI' })),
    transfers: 'none' as const,
  });

  it('that tells what is true has no finding', () => {
    expect(noticeFindings(whole(), config)).toEqual([]);
  });

  it('that leaves one thing out has the finding for it, and no other', () => {
    const { purposes, fields, recipients } = whole();
    const lacks: [NoticeCode, object][] = [
      ['recipient-not-told', { recipients: recipients.slice(1) }],
      ['recipient-not-connected', { recipients: [...recipients, { name: 'x', country: 'SE' }] }],
      [
        'country-unsaid',
        { recipients: recipients.map(({ name, system }) => ({ name, system, ...(name === 'crm' ? {} : { country: 'NO' }) })) },
      ],
      ['transfer-denied', { recipients: recipients.map((r, i) => (i === 0 ? { ...r, country: 'US' } : r)) }],
      ['transfer-unsaid', { transfers: 'unsaid', recipients: recipients.map((r, i) => (i === 0 ? { ...r, country: 'GB' } : r)) }],
      ['purpose-not-told', { purposes: purposes.slice(1) }],
      ['purpose-not-configured', { purposes: [...purposes, { name: 'x', basis: 'contract', keep: { years: 1 } }] }],
      [
        'basis-not-told',
        { purposes: purposes.map(({ name, keep, basis }) => ({ name, keep, ...(name === 'hosting' ? {} : { basis }) })) },
      ],
      ['basis-differs', { purposes: purposes.map((p) => (p.name === 'hosting' ? { ...p, basis: 'consent' } : p)) }],
      [
        'period-not-told',
        { purposes: purposes.map(({ name, keep, basis }) => ({ name, basis, ...(name === 'hosting' ? {} : { keep }) })) },
      ],
      ['period-vague', { purposes: purposes.map((p) => (p.name === 'hosting' ? { ...p, keep: 'as-long-as-needed' } : p)) }],
      ['period-differs', { purposes: purposes.map((p) => (p.name === 'hosting' ? { ...p, keep: { years: 2 } } : p)) }],
      ['kept-too-long', { keepsAll: { years: 7 } }],
      ['field-not-told', { fields: fields.slice(1) }],
      ['law-repealed', { laws: ['95/46/EC'] }],
      ['right-not-told', { rights: whole().rights.slice(1) }],
      ['contact-not-told', { contact: false }],
      ['complaint-not-told', { complaint: false }],
    ];
    expect(lacks.map(([code]) => code).sort()).toEqual(Object.keys(noticeLaw).sort());
    for (const [code, lack] of lacks)
      expect(
        noticeFindings({ ...whole(), ...lack }, config).map((one) => one.code),
        code,
      ).toEqual([code]);
  });

  it('of ten years is right where a law keeps each of its fields so long', () => {
    const keeps = (years: number) =>
      noticeFindings({ ...whole(), fields: ['givenName'], keepsAll: { years } }, config).some(
        ({ code }) => code === 'kept-too-long',
      );
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), (years) => keeps(years) === years > 6));
  });
});

describe('one period for everything', () => {
  it('may rest on a law that binds a kind of system, where the company names none', () => {
    const config = configOf('building-services');
    const system = config.systems['accounting'];
    const without = (retention: string[]) => ({
      ...config,
      purposes: {},
      systems: system?.recipient ? { accounting: { ...system, recipient: { ...system.recipient, retention } } } : {},
    });
    const notice = { ...noticeOf('building-services'), fields: ['givenName' as const], keepsAll: { years: 6 } };
    const tooLong = (ofKind: Record<string, string[]>) =>
      noticeFindings(notice, without([]), ofKind).some(({ code }) => code === 'kept-too-long');
    expect([tooLong({}), tooLong({ netvisor: ['fi/vouchers'] })]).toEqual([true, false]);
  });
});

it('is held against the configuration in one way: with the rules of the kinds that are connected, law and words beside each finding', () => {
  const config = configOf('building-services');
  const { accounting } = config.systems;
  if (!accounting?.recipient) throw new Error('the example keeps no books');
  const systems = { accounting: { ...accounting, recipient: { ...accounting.recipient, retention: [] } } };
  const notice = { ...noticeOf('building-services'), fields: ['givenName' as const], keepsAll: { years: 6 } };
  const saidBy = (kindOf: Parameters<typeof noticeAgainst>[2]) =>
    noticeAgainst(notice, { ...config, purposes: {}, systems }, kindOf).findings;
  const codes = (kindOf: Parameters<typeof noticeAgainst>[2]) => saidBy(kindOf).map(({ code }) => code);
  expect(codes(() => undefined)).toContain('kept-too-long');
  expect(codes(({ connector }) => registry[connector]?.manifest)).not.toContain('kept-too-long');
  for (const { law, text } of saidBy(() => undefined)) expect(text).toContain(`(${law})`);
});

describe('a notice that is filled in wrong', () => {
  const good = readFileSync(join(folder('wordpress-host'), 'notice.yaml'), 'utf8');
  const faultsOf = (text: string): Fault[] => {
    const path = join(mkdtempSync(join(tmpdir(), 'kaiku-notice-')), 'notice.yaml');
    writeFileSync(path, text);
    try {
      loadNotice(path, configOf('wordpress-host'));
      return [];
    } catch (error) {
      return error instanceof ConfigError ? error.faults : (Promise.reject(error) as never);
    }
  };
  it.each([
    ['system: bookkeeper', 'system: bokkeeper', /no system of the configuration/, 'bookkeeper'],
    ['country: United States', 'country: Untied States', /is no country/, undefined],
    ['keepsAll: P10Y', 'keepsAll: 10 years', /as P10Y/, undefined],
    ['transfers: none', 'transfers: nowhere', /must be one of none, told, unsaid/, undefined],
    ['complaint: false', 'complain: false', /not a key/, 'complaint'],
    ['fields: [organisation,', 'fields: [shoeSize,', /not a field of a person/, undefined],
  ])('%s written as %s is told with its line', (from, to, message, suggestion) => {
    expect(good).toContain(from);
    const text = good.replace(from, to);
    const line = text.split('\n').findIndex((l) => l.includes(to)) + 1;
    expect(faultsOf(text)).toContainEqual(
      expect.objectContaining({ line, message: expect.stringMatching(message), ...(suggestion ? { suggestion } : {}) }),
    );
  });

  it('or is not there is told in words', () => {
    expect(() => loadNotice('/nowhere/notice.yaml', config())).toThrow(/no such file/);
  });
  const config = () => configOf('wordpress-host');
});
