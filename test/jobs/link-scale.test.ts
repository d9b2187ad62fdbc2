import { beforeEach, expect, it } from 'vitest';
import type { Fields } from '../../src/core/person.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { testRuntime } from '../support/runtime.ts';
import { knowPeople } from './people.ts';
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

const given = ['Päivi', 'Sören', 'Aino', 'Jari', 'Åsa', 'Matti', 'Veikko'];
const family = ['Mäkelä', 'Öhman', 'Virtanen', 'Korhonen', 'Laine', 'Salo', 'Åström', 'Koskinen', 'Hiltunen'];
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '');

/**
 * KAIKU_LINK_ROWS rows of one recipient: seven of ten are of somebody in the register, a tenth of those without its dots and a tenth with
 * its names swapped; three of ten are nobody's.
 */
it('links a large recipient with few looks at the register, and nobody to a stranger', async () => {
  const size = Number(process.env['KAIKU_LINK_ROWS'] ?? 600);
  const people = Math.round(size * 0.7);
  const nameOf = (n: number) => ({
    givenName: given[n % 7] ?? '',
    familyName: `${family[n % 9]}${'abcdefghij'[Math.floor(n / 63) % 10]}`,
  });
  const looks = { register: 0 };
  const register: { id: string; person: Fields }[] = [];
  const look = world.register.look.bind(world.register);
  world.register.look = async (ref) => {
    looks.register++;
    return look(ref);
  };
  for (let n = 0; n < size; n++) {
    const { givenName, familyName } = nameOf(n);
    const email = `${plain(givenName)}.${plain(familyName)}.${n}@yritys-esimerkki.test`.toLowerCase();
    if (n >= people) world.newsletter.add({ givenName, familyName, email: `outo${email}` });
    else {
      register.push({ id: String(n), person: { givenName, familyName, email } });
      const rows = [
        { givenName: plain(givenName), familyName: plain(familyName) },
        { givenName: familyName, familyName: givenName },
      ];
      world.newsletter.add({ ...(rows[n % 10] ?? { givenName, familyName }), email });
    }
  }
  await knowPeople(world, register);
  const started = performance.now();
  const result = await linkRecipient(world.needs, 'newsletter', true, 'test');
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `link: ${size} rows in ${seconds.toFixed(1)} s (${Math.round(size / seconds)}/s), linked ${result.linked}, orphans ${result.orphans}, looks at the register ${looks.register}\n`,
  );
  expect(result).toMatchObject({ read: size, linked: people, orphans: size - people, ambiguous: 0, shared: 0 });
  // one for each row that is spelt otherwise, and none for anybody else
  expect(looks.register).toBeLessThanOrEqual(people / 10);
}, 1_800_000);
