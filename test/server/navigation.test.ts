import { beforeEach, expect, it } from 'vitest';
import { watch } from '../../src/jobs/watch.ts';
import { pauseSystem } from '../../src/store/systems.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';
import { openPages, placeOf, textOf } from './pages.ts';

let hub: TestHub;
let pages: ReturnType<typeof openPages>;
beforeEach(async () => {
  hub = await openTestHub();
  pages = openPages(hub);
  return () => hub.close();
});

/** The entry that the navigation marks as the one where the reader is. */
const current = (text: string) => /<a href="([^"]*)" aria-current="page">/.exec(text)?.[1];

it('counts the open alerts beside their entry, in words for whoever listens, and only for those who may see them', async () => {
  expect((await pages.get('/')).text).not.toContain('class="count"');
  await pauseSystem(hub.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
  await watch(hub.needs);
  for (const [lang, words] of [
    ['en', 'Alerts 1 (1 alert is open)'],
    ['fi', 'Hälytykset 1 (1 hälytys on avoinna)'],
    ['sv', 'Larm 1 (1 larm är öppet)'],
  ] as const)
    expect(textOf(await pages.get('/', 'dpo', lang)).replace(/ +(?=\()/g, ' ')).toContain(words);
  for (const role of ['viewer', 'auditor', 'hr'] as const)
    expect([role, (await pages.get('/', role)).text.includes('class="count"')]).toEqual([role, false]);
});

it('marks the systems as the place of a run', async () => {
  await linkedAino(hub);
  const run = placeOf(await pages.post('/systems/newsletter/preview'));
  expect(run).toMatch(/^\/runs\//);
  expect(current((await pages.get(run)).text)).toBe('/systems');
  expect(current((await pages.get('/systems/newsletter')).text)).toBe('/systems');
  expect(current((await pages.get('/')).text)).toBe('/');
});

it('shows drift on the page of a system that can be compared, to those who may see it', async () => {
  const link = 'href="/systems/newsletter/drift"';
  expect((await pages.get('/systems/newsletter', 'dpo')).text).toContain(link);
  expect((await pages.get('/systems/newsletter', 'viewer')).text).not.toContain(link);
  const crm = await pages.get('/systems/crm');
  expect([crm.status, crm.text.includes('/systems/crm/drift')]).toEqual([200, false]);
});
