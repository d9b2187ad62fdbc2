import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await openTestHub();
  return () => hub.close();
});

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { field: string; message: string }[];
}

describe('an error', () => {
  const cases: [what: string, status: number, method: 'GET' | 'POST', path: string, body?: unknown][] = [
    ['an id that is none', 400, 'GET', '/subjects/not-an-id'],
    ['an id that nobody has', 404, 'GET', `/subjects/${randomUUID()}`],
    ['a page that is not there', 404, 'GET', '/nowhere'],
    ['a question without a word', 400, 'GET', '/subjects'],
    ['an address that is none', 400, 'GET', '/subjects?email=aino'],
    ['a body with a key too many', 400, 'POST', '/cases', { type: 'erasure', emial: 'x' }],
    ['a case that nobody is named in', 400, 'POST', '/cases', { type: 'erasure' }],
    ['a case of no right', 400, 'POST', '/cases', { type: 'forgiveness', subject: randomUUID() }],
    ['a case about nobody', 404, 'POST', '/cases', { type: 'erasure', email: 'nobody@sahko.test' }],
    ['the clock of no case', 404, 'POST', `/cases/${randomUUID()}/extend`, { reasons: 'x' }],
    ['a role that is none', 400, 'POST', '/tokens', { role: 'king' }],
    ['a system that is none', 404, 'POST', '/systems/constructor/check'],
    ['a duration that is none', 400, 'POST', '/test/clock', { advance: 'P' }],
    ['a closed test clock', 409, 'POST', '/test/clock', { advance: 'P1D' }],
    ['a verdict on nothing', 404, 'POST', `/held/${randomUUID()}/keep`],
    ['an address that is no URL', 400, 'GET', '/subjects/%zz'],
  ];
  it.each(cases)('%s is problem JSON with status %i', async (_what, status, method, path, body) => {
    const answer = await hub.ask(method, path, body);
    expect(answer.type).toContain('application/problem+json');
    expect(answer.json<Problem>()).toMatchObject({ status, title: expect.any(String), detail: expect.stringMatching(/\w{3}/) });
    expect(answer.status).toBe(status);
  });

  it('names the field of a wrong body and what fits, and never the value', async () => {
    const answer = await hub.ask('POST', '/cases', {
      type: 'erazure',
      email: 'aino@sahko.test',
      receivedAt: 'yesterday at noon',
    });
    const { errors } = answer.json<Problem>();
    expect(errors?.map((e) => e.field).sort()).toEqual(['receivedAt', 'type']);
    expect(errors?.find((e) => e.field === 'type')?.message).toContain('erasure');
    expect(answer.text).not.toMatch(/erazure|aino|yesterday/);
  });

  it('is problem JSON too for a body that is no JSON, is too large, or of another kind', async () => {
    const post = (payload: string, type = 'application/json') =>
      hub.raw({
        method: 'POST',
        url: '/api/v1/cases',
        headers: { authorization: 'Bearer local-token', 'content-type': type },
        payload,
      });
    for (const [status, answer] of [
      [400, await post('{"email": "aino@sahko.test"')],
      [413, await post(JSON.stringify({ note: 'x'.repeat(1024 * 1024) }))],
      [415, await post('<a/>', 'text/xml')],
    ] as const) {
      expect(answer.json<Problem>()).toMatchObject({ status, detail: expect.any(String) });
      expect(answer.type).toContain('application/problem+json');
      expect(answer.text).not.toContain('aino');
    }
  });

  it('tells nothing of a fault of ours but that it is one', async () => {
    const broken = await openTestHub({
      needs: (needs) => {
        const newsletter = needs.connectors['newsletter'];
        if (!newsletter) throw new Error('the world has no newsletter');
        const check = async () => {
          throw new Error('the row of aino@sahko.test is odd');
        };
        return { ...needs, connectors: { ...needs.connectors, newsletter: { ...newsletter, check } } };
      },
    });
    try {
      const answer = await broken.ask('POST', '/systems/newsletter/check');
      expect(answer.json<Problem>()).toMatchObject({ status: 500, title: 'Internal error' });
      expect(answer.text + broken.logged()).not.toContain('aino');
      expect(broken.logged()).toContain('a request failed');
    } finally {
      await broken.close();
    }
  });
});

describe('an error on a page', () => {
  const page = (method: 'GET' | 'POST', url: string, form = '', lang = 'fi') =>
    hub.raw({
      method,
      url,
      headers: {
        authorization: 'Bearer local-token',
        'accept-language': lang,
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(method === 'POST' ? { payload: form } : {}),
    });

  it('says in the language of the page what is wrong, where it has a code', async () => {
    const subject = randomUUID();
    for (const [lang, words] of [
      ['fi', 'Se on poistettu, se ei kuulu nähtäviisi tai osoitteessa on virhe.'],
      ['sv', 'Det har tagits bort, är inte till för dig att se, eller så är adressen felskriven.'],
      ['en', 'It was removed, is not for you to see, or the address is mistyped.'],
    ] as const) {
      const answer = await page('GET', `/people/${subject}`, '', lang);
      expect([answer.status, answer.text.includes(words), /⟦|There is no data subject/.test(answer.text)]).toEqual([
        404,
        true,
        false,
      ]);
    }
    const drift = await page('POST', '/systems/newsletter/drift');
    expect([drift.status, drift.text.includes('Järjestelmää ei ole vielä liitetty')]).toEqual([409, true]);
  });

  it('marks what is told in English alone as English', async () => {
    const answer = await page('GET', '/people/not-an-id');
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/<p lang="en">id: must be/);
  });
});
