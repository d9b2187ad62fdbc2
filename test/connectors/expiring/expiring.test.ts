import { expect, it } from 'vitest';
import { expiring } from '../../../src/connectors/expiring/connector.ts';
import { freeCall } from '../../../src/connectors/http.ts';
import { aboutSystem } from '../../../src/server/about-system.ts';

const settings = { keepDays: 30, what: { fi: 'palvelinlokit', en: 'server logs' } };
const connect = () =>
  expiring.connect({ system: 'logs', baseUrl: '', credentials: {}, settings: expiring.settings.parse(settings) }, async () => {
    throw new Error('nothing is called');
  });

it('has no verbs, no credentials and nothing to probe', async () => {
  const connector = connect();
  expect([connector.recipient, connector.register, connector.people]).toEqual([undefined, undefined, undefined]);
  expect(connector.ends).toEqual({ afterDays: 30, what: settings.what });
  expect(await connector.check(freeCall, true)).toEqual([]);
  expect([expiring.credentials, expiring.manifest.erasure.cap]).toEqual([[], 'accepted']);
});

it('takes whole days of up to ten years, and what it is in words', () => {
  expect(expiring.settings.parse({ keepDays: 1, what: 'logs' })).toEqual({ keepDays: 1, what: 'logs' });
  const wrong = [
    ...[0, 3651, 1.5, '30', undefined].map((keepDays) => ({ ...settings, keepDays })),
    ...['', ' ', {}, { de: 'Protokolle' }, undefined].map((what) => ({ ...settings, what })),
    { ...settings, answerer: 'a@b.test' },
  ];
  for (const one of wrong) expect(expiring.settings.safeParse(one).success).toBe(false);
});

it('is told in words: how long, by whose word, and that nobody is asked', () => {
  const recipient = { purposes: ['security'], undoHours: 0, dueDays: 14, retention: [] };
  const system = { name: 'logs', connector: 'expiring', baseUrl: '', credentials: {}, owner: null, settings, recipient };
  const { says, people } = aboutSystem(system, connect(), { isMailed: true, unknown: [] });
  expect(people).toBeUndefined();
  expect(says[0]).toMatch(
    /^server logs: ends by itself 30 days after each entry, by the company's own period\. .*nobody is asked/,
  );
  expect(says.join(' ')).not.toMatch(/task|mailed|law/);
  expect(says.at(-1)).toMatch(/^Evidence of an erasure ends at "accepted": /);
});
