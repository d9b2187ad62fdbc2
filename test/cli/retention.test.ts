import { beforeAll, expect, it } from 'vitest';
import { linkedAino } from '../server/hub.ts';
import { openShell, type Shell } from './run.ts';

let shell: Shell;
let subject: string;
beforeAll(async () => {
  shell = await openShell();
  subject = await linkedAino(shell.hub);
  return () => shell.close();
});

it('places, lists, reviews and lifts a hold', async () => {
  const set = ['hold', 'set', '--subject', subject, '--owner', 'legal', '--reason', 'a claim', '--review', '2040-06-30'];
  const made = (await shell.kaiku(...set, '--system', 'newsletter', '--field', 'email', 'phone', '--json')).json<{
    id: string;
  }>();
  expect(made).toMatchObject({ subject, system: 'newsletter', fields: ['email', 'phone'], review: '2040-06-30' });
  expect((await shell.kaiku('hold', 'list')).out).toContain(made.id);
  expect((await shell.kaiku('hold', 'review', made.id, '--until', '2041-01-31')).out).toContain('2041-01-31');
  expect((await shell.kaiku('hold', 'release', made.id)).out).toContain('is lifted');
  expect((await shell.kaiku('hold', 'release', made.id)).code).toBe(4);
  expect((await shell.kaiku('hold', 'list', '--json')).json()).toEqual({ holds: [] });
});

it('says what is wrong with a hold', async () => {
  const ran = await shell.kaiku(
    'hold',
    'set',
    '--subject',
    subject,
    '--owner',
    'legal',
    '--reason',
    'x',
    '--review',
    '2001-01-01',
  );
  expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('a day to come') });
  expect((await shell.kaiku('hold', 'set', '--subject', subject)).code).toBe(2);
});

it('lists what is parked, and shows with the rights what the declared periods lack', async () => {
  expect((await shell.kaiku('parked', '--json')).json()).toEqual({ years: [], parked: [] });
  expect((await shell.kaiku('parked', '--year', '2031')).out).toContain('(none)');
  expect((await shell.kaiku('parked', '--year', 'soon')).code).toBe(2);
  const { retention } = (await shell.kaiku('check', '--json')).json<{ retention: object[] }>();
  expect(retention).toContainEqual({ code: 'period-missing', purpose: 'marketing', params: {} });
  expect((await shell.kaiku('check')).out).toContain('How long is kept:');
});
