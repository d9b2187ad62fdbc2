import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { registry } from '../../src/connectors/registry.ts';
import { languages, translator, translatorFor } from '../../src/server/console/i18n.ts';

const configOf = (name: string) =>
  loadConfig(
    join(import.meta.dirname, '../../config/examples', name, 'kaiku.yaml'),
    new Proxy({}, { get: () => 'key-us6' }),
    registry,
  );

describe('a field of the company’s own', () => {
  it('is called what the configuration says, in the reader’s language, and every other word stays', () => {
    const config = configOf('building-services');
    const words = languages.map((lang) => translatorFor(config, lang).word('field', 'custom.salary'));
    expect(words).toEqual(['palkka', 'lön', 'pay']);
    const t = translatorFor(config, 'fi');
    expect([t.lang, t.word('field', 'email'), t.word('state', 'custom.salary'), t('home.title')]).toEqual([
      'fi',
      translator('fi').word('field', 'email'),
      'custom.salary',
      translator('fi')('home.title'),
    ]);
  });

  it.each(['building-services', 'wordpress-host'])('has its words in all three languages in the example of %s', (name) => {
    const config = configOf(name);
    const own = Object.values(config.purposes).flatMap(({ fields }) => fields.filter((field) => field.startsWith('custom.')));
    for (const field of own)
      for (const lang of languages) expect([field, translatorFor(config, lang).word('field', field)]).not.toEqual([field, field]);
  });
});
