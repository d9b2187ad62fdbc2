import { beforeEach, expect, it } from 'vitest';
import { watch } from '../../src/jobs/watch.ts';
import { pauseSystem } from '../../src/store/systems.ts';
import { openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await openTestHub();
  await pauseSystem(hub.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
  await watch(hub.needs);
  return () => hub.close();
});

const page = (as: string, lang = 'fi') =>
  hub.raw({ method: 'GET', url: '/alerts', headers: { authorization: `Bearer ${as}`, 'accept-language': lang } });

it('lists what is open, to those who look after it', async () => {
  const found = (await hub.ask('GET', '/alerts', undefined, 'dpo')).json<{ open: unknown[]; channels: unknown }>();
  expect(found.open).toMatchObject([
    {
      kind: 'system-paused',
      system: 'newsletter',
      code: 'CREDENTIALS_REJECTED',
      text: 'newsletter is paused: the system rejects our credentials: renew them in the configuration, then check again',
    },
  ]);
  expect(found.channels).toEqual({ mail: false, webhook: false });
  expect((await hub.ask('GET', '/alerts', undefined, 'viewer')).status).toBe(403);
});

it('shows them on a page in each language, and says when nobody is told', async () => {
  for (const [lang, text] of [
    ['fi', 'newsletter on pysäytetty: järjestelmä hylkää tunnukset: uusi ne asetuksissa ja tarkista sitten uudelleen'],
    ['sv', 'newsletter är pausat: systemet avvisar våra uppgifter: förnya dem i konfigurationen och kontrollera sedan igen'],
    ['en', 'newsletter is paused: the system rejects our credentials: renew them in the configuration, then check again'],
  ] as const) {
    const answer = await page('token-of-dpo', lang);
    expect(answer.text).toContain(text);
    expect(answer.text).not.toContain('⟦');
  }
  expect((await page('token-of-admin', 'en')).text).toContain('Nobody is told of alerts');
  expect((await page('token-of-viewer')).status).toBe(403);
});

it('sends a test message for the admin alone, and says that nothing is configured', async () => {
  expect((await hub.ask('POST', '/alerts/test', undefined, 'dpo')).status).toBe(403);
  expect((await hub.ask('POST', '/alerts/test', undefined, 'admin')).json()).toEqual({});
});
