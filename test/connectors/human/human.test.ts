import { expect, it } from 'vitest';
import { freeCall } from '../../../src/connectors/http.ts';
import { human } from '../../../src/connectors/human/connector.ts';

const connect = () =>
  human.connect(
    { system: 'partner', baseUrl: '', credentials: {}, settings: human.settings.parse({ answerer: 'privacy@partner.test' }) },
    async () => {
      throw new Error('people are not called');
    },
  );

it('asks people and calls nothing', async () => {
  const connector = connect();
  expect(connector.manifest).toMatchObject({ human: true, readBack: false, erasure: { depth: 'person', cap: 'acknowledged' } });
  expect(connector.recipient).toBeUndefined();
  expect(connector.register).toBeUndefined();
  expect(await connector.check(freeCall, true)).toEqual([]);
  expect(human.credentials).toEqual([]);
});

it('knows an answerer, their language and the words of the company', () => {
  expect(human.settings.parse({ answerer: 'privacy@partner.test' })).toMatchObject({ language: 'fi' });
  for (const wrong of [{}, { answerer: 'nobody' }, { answerer: 'a@b.test', language: 'de' }, { answerer: 'a@b.test', other: 1 }])
    expect(human.settings.safeParse(wrong).success).toBe(false);
});
