import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Manifest } from '../../src/connectors/connector.ts';
import { factoryOf, registry } from '../../src/connectors/registry.ts';
import { faultsOf } from '../conformance/manifest.ts';

it('lists every folder, under the name of its vendor', () => {
  const folders = readdirSync(new URL('../../src/connectors', import.meta.url), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(Object.keys(registry).sort()).toEqual(folders.map((entry) => entry.name).sort());
  for (const [name, factory] of Object.entries(registry)) expect(factory.manifest.vendor).toBe(name);
});

it.each(Object.entries(registry))(
  'has a manifest of %s that leaves nothing open',
  (_name, { manifest, credentials, optionalCredentials = [] }) => {
    expect(faultsOf(manifest)).toEqual([]);
    expect(manifest.human || manifest.endsByItself === true).toBe(credentials.length + optionalCredentials.length === 0);
  },
);

it.each<[string, Partial<Manifest>]>([
  ['erasure.cap', { readBack: false }],
  ['erasure.cap', { erasure: { depth: 'archive', cap: 'observed', why: 'it is only archived' } }],
  ['erasure.why', { erasure: { depth: 'hard', cap: 'observed', why: '' } }],
  ['readBackPath', { readBackPath: ' ' }],
  ['limits.connections', { limits: { connections: 0 } }],
  ['deadlineSeconds', { deadlineSeconds: 0 }],
  ['backupLagDays', { backupLagDays: -1 }],
  ['rights', { rights: [] }],
  ['retention', { retention: [] }],
])('says what a manifest leaves open: %s', (what, over) => {
  const { manifest } = registry['mailchimp'] ?? {};
  if (!manifest) throw new Error('no manifest');
  expect(faultsOf({ ...manifest, ...over }).join()).toContain(what);
});

it('has a page for whoever adds one that names every field of a manifest', () => {
  const page = readFileSync(new URL('../../docs/add-a-connector.md', import.meta.url), 'utf8');
  const fields = Object.values(registry).flatMap(({ manifest }) => Object.keys(manifest));
  for (const field of new Set([...fields, 'retention'].filter((name) => !['vendor', 'roles', 'human'].includes(name))))
    expect(page).toMatch(new RegExp(`^\\| .*\`${field}[\`.]`, 'm'));
});

it('knows nobody else, not even what every object has', () => {
  expect(factoryOf('mailchimp')).toBe(registry['mailchimp']);
  expect(factoryOf('mailchump')).toBeUndefined();
  expect(factoryOf('constructor')).toBeUndefined();
});
