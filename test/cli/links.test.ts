import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { changes } from '../../src/store/database.ts';
import { aino } from '../jobs/world.ts';
import { granted, idOf, linkedAino } from '../server/hub.ts';
import { openShell, type Shell } from './run.ts';

let shell: Shell;
beforeEach(async () => {
  shell = await openShell();
  return () => shell.close();
});

interface Held {
  id: string;
  candidates: { subject: string }[];
}
interface Links {
  links: { id: string; system: string; rule: string }[];
}

const linksOf = async (id: string) =>
  (await shell.hub.ask('GET', `/subjects/${id}`)).json<Links>().links.filter((l) => l.system === 'newsletter');

it('lists what is held with both sides masked, and links it when a person says whose it is', async () => {
  shell.hub.register.put('1', { person: aino, ...granted });
  shell.hub.newsletter.add({ givenName: 'Eino', familyName: 'Virtanen', email: aino.email });
  await pollRegister(shell.hub.needs, 'crm');
  expect(await shell.kaiku('link', 'newsletter', '--apply', '--json')).toMatchObject({ code: 1 });
  const listed = await shell.kaiku('held', 'list');
  expect(listed.code).toBe(1);
  expect(listed.out).toContain('givenName E…');
  expect(listed.out).not.toContain('Eino');
  const [held] = (await shell.kaiku('held', 'list', '--json')).json<Held[]>();
  const subject = held?.candidates[0]?.subject ?? '';
  expect((await shell.kaiku('held', 'decide', held?.id ?? '', 'link')).err).toContain('say whose row it is');
  expect((await shell.kaiku('held', 'decide', held?.id ?? '', 'link', '--subject', subject)).out).toBe('decided: link');
  expect(await linksOf(subject)).toMatchObject([{ rule: 'person' }]);
  expect(await shell.kaiku('held', 'list')).toMatchObject({ code: 0, out: 'Nothing is held.' });
});

it('cuts a link and moves another', async () => {
  const id = await linkedAino(shell.hub);
  const other = await idOf(shell.hub, 'other@sahko.test');
  const [mine] = await linksOf(id);
  const [theirs] = await linksOf(other);
  expect((await shell.kaiku('unlink', mine?.id ?? '')).out).toBe('The tie is cut.');
  expect((await shell.kaiku('unlink', mine?.id ?? '')).code).toBe(4);
  expect((await shell.kaiku('relink', theirs?.id ?? '', '--to', id)).out).toBe('The row is theirs now.');
  expect(await linksOf(id)).toMatchObject([{ rule: 'person' }]);
});

it('merges two subjects, and splits them again', async () => {
  const id = await linkedAino(shell.hub);
  const other = await idOf(shell.hub, 'other@sahko.test');
  expect((await shell.kaiku('subject', 'merge', other, '--into', id)).code).toBe(0);
  expect(await idOf(shell.hub, 'other@sahko.test')).toBe(id);
  const split = await shell.kaiku('subject', 'split', id, '--place', 'contact', '--remote-id', '2', '--json');
  expect(split.code).toBe(0);
  expect(await idOf(shell.hub, 'other@sahko.test')).toBe(split.json<{ made: string }>().made);
  expect((await shell.kaiku('subject', 'merge', id, '--into', id)).code).toBe(4);
});

it('says that two of different roles are one human being, and takes it back', async () => {
  const id = await linkedAino(shell.hub);
  const other = await idOf(shell.hub, 'other@sahko.test');
  expect(await shell.kaiku('subject', 'same', id, '--as', other)).toMatchObject({ code: 4 });
  await changes(shell.hub.needs.db, sql`UPDATE subject SET role = 'employee' WHERE id = ${other}`);
  expect((await shell.kaiku('subject', 'same', id, '--as', other)).out).toBe('Noted: the same person, in two roles.');
  const erasure = await shell.kaiku('erase', '--subject', id, '--json');
  const first = erasure.json<{ case: string }>().case;
  expect(await shell.kaiku('case', 'also', first, '--subject', other)).toMatchObject({ code: 1 });
  expect((await shell.hub.ask('GET', '/erasures')).json<unknown[]>()).toHaveLength(2);
  expect((await shell.kaiku('subject', 'same', other, '--as', id, '--withdraw')).code).toBe(0);
  expect((await shell.kaiku('case', 'also', first, '--subject', other)).code).toBe(4);
});
