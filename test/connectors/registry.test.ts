import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { factoryOf, registry } from '../../src/connectors/registry.ts';

it('lists every folder, under the name of its vendor', () => {
  const folders = readdirSync(new URL('../../src/connectors', import.meta.url), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(Object.keys(registry).sort()).toEqual(folders.map((entry) => entry.name).sort());
  for (const [name, factory] of Object.entries(registry)) expect(factory.manifest.vendor).toBe(name);
});

it('knows nobody else, not even what every object has', () => {
  expect(factoryOf('mailchimp')).toBe(registry['mailchimp']);
  expect(factoryOf('mailchump')).toBeUndefined();
  expect(factoryOf('constructor')).toBeUndefined();
});
