import { randomBytes } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { everybody } from '../../src/core/scope.ts';
import { newKeyFile, parseKeyFile, rotated, rotateKey } from '../../src/core/seal.ts';
import { noteKeys } from '../../src/jobs/note-keys.ts';
import { searchEntries } from '../../src/store/audit.ts';
import { createVault } from '../../src/store/vault.ts';
import { testRuntime } from '../support/runtime.ts';

import { openWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

it('writes each new key down once, and opens what was sealed under the former one', async () => {
  const { needs } = world;
  let text = newKeyFile(randomBytes, new Date());
  const use = () => (needs.vault = createVault(parseKeyFile(text), randomBytes));
  use();
  expect(await noteKeys(needs)).toBe(0);
  const sealed = needs.vault.sealJson('row:1', 'value');
  for (const kind of rotated) text = rotateKey(text, kind, randomBytes);
  use();
  expect(await noteKeys(needs)).toBe(3);
  expect(await noteKeys(needs)).toBe(0);
  const told = await searchEntries(needs.db, everybody, { action: 'key.rotated' }, 10);
  expect(told.map(({ line }) => JSON.parse(line).code).sort()).toEqual(['kek', 'ml-dsa', 'signing']);
  expect(needs.vault.unsealJson('row:1', sealed)).toBe('value');
});
