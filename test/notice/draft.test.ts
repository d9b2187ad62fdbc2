import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { registry } from '../../src/connectors/registry.ts';
import type { Config } from '../../src/core/configuration.ts';
import { processingRecord } from '../../src/core/processing-record.ts';
import { languages, translator } from '../../src/server/console/i18n.ts';
import { draftText, noticeDraft } from '../../src/server/notice-draft.ts';

const env = new Proxy({}, { get: (_, name) => (name === 'MAILCHIMP_API_KEY' ? 'key-us6' : 'a-secret') }) as Record<
  string,
  string
>;
const configOf = (company: string) =>
  loadConfig(join(import.meta.dirname, '../../config/examples', company, 'kaiku.yaml'), env, registry);
const kinds = Object.fromEntries(
  Object.entries(registry).map(([kind, { manifest: m }]) => [
    kind,
    { vendor: m.vendor, human: m.human, retention: m.retention ?? [] },
  ]),
);
const draftOf = (config: Config, language: (typeof languages)[number] = 'en') =>
  noticeDraft(translator(language), config, processingRecord(config, kinds));
const textOf = (config: Config, language: (typeof languages)[number] = 'en') =>
  draftText(translator(language), draftOf(config, language));

describe.each(['building-services', 'wordpress-host'])('the draft of %s', (company) => {
  const config = configOf(company);

  it.each(languages)('names each purpose, field and recipient in %s, by what people call them', (language) => {
    const text = textOf(config, language);
    const t = translator(language);
    for (const { title, fields } of Object.values(config.purposes)) {
      expect(title).toBeTypeOf('object');
      expect(text).toContain((title as Record<string, string>)[language]);
      for (const field of fields) expect(text).toContain(t.word('field', field));
    }
    for (const { title, recipient } of Object.values(config.systems))
      if (recipient) expect(text).toContain(typeof title === 'string' ? title : title?.[language]);
    expect(text).not.toMatch(/⟦|undefined|\[object/);
  });

  it('asks for what no configuration says, and promises nothing about countries that nobody named', () => {
    const { privacyContact: _, ...controller } = config.controller;
    const systems = Object.fromEntries(Object.entries(config.systems).map(([name, { country: _, ...s }]) => [name, s]));
    const { open, sections } = draftOf({ ...config, controller, systems });
    expect(open.filter((point) => point.startsWith('In which country'))).toHaveLength(Object.keys(config.systems).length);
    expect(open.some((point) => point.startsWith('Which the legitimate interest is: Newsletter'))).toBe(true);
    expect(open).toContain('How you are reached in matters of data protection (Article 13(1)(a)).');
    expect(sections.map((s) => s.heading)).not.toContain('Transfers outside the European Economic Area');
  });
});

describe('a draft', () => {
  const config = configOf('building-services');
  const placed = (country: string, crm = country): Config => ({
    ...config,
    systems: Object.fromEntries(
      Object.entries(config.systems).map(([name, s]) => [name, { ...s, country: name === 'crm' ? crm : country }]),
    ),
  });
  const transfers = (of: Config) => draftOf(of).sections.find((s) => s.heading.startsWith('Transfers'))?.paragraphs;

  it('says that nothing leaves the EEA only when every system is said to be within it', () => {
    expect(transfers(placed('FI'))).toEqual(['The data are not transferred outside the European Economic Area.']);
    expect(transfers(placed('FI', 'US'))).toEqual([
      'Insightly processes data outside the European Economic Area (United States).',
    ]);
    expect(draftOf(placed('FI', 'US')).open).toContain(
      'By which safeguard the data are transferred: Insightly, United States (Article 46).',
    );
  });

  it('tells the way to make a request: the public form, else the contact', () => {
    const rights = (of: Config) =>
      draftOf(of)
        .sections.find((s) => s.heading === 'Your rights')
        ?.paragraphs.join(' ') ?? '';
    expect(rights({ ...config, requests: { url: 'https://privacy.example' } })).toContain('https://privacy.example/request');
    const contact = { ...config.controller, privacyContact: 'privacy@example.fi' };
    expect(rights({ ...config, controller: contact })).toContain('send a request to privacy@example.fi');
  });

  it('tells of each right what rests on it, and of consent that it may be withdrawn', () => {
    const text = textOf(config);
    expect(text).toContain('rests on a legitimate interest (Article 21): Newsletter, Targeted advertising, Customer surveys');
    expect(text).toMatch(/Consent you may withdraw.* earlier processing: Analysis of the website\./);
    const { analytics: _, ...others } = config.purposes;
    expect(textOf({ ...config, purposes: others })).not.toContain('Consent you may withdraw');
  });

  it('tells for how long: the company’s periods, and what a law keeps at which system', () => {
    expect(textOf(config)).toContain('Newsletter: 24 months after: last contact.');
    expect(textOf(config)).toContain('Netvisor keeps by law: 6 years (Accounting Act 1336/1997, chapter 2 section 10).');
    expect(textOf(config, 'fi')).toContain('Kirjanpitolaki 1336/1997, 2 luvun 10 §');
  });
});
