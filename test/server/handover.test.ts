import { beforeEach, describe, expect, it } from 'vitest';
import { expireHandovers } from '../../src/jobs/hand-over.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let id: string;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  id = await linkedAino(hub);
  return () => hub.close();
});

/** A case of Aino's that is approved, and known to be her own. */
async function ready(type: 'access' | 'portability', language = 'fi'): Promise<string> {
  const { id: found } = (await hub.ask('POST', '/cases', { type, subject: id, language })).json<{ id: string }>();
  await hub.ask('POST', `/cases/${found}/approve`);
  await hub.ask('POST', `/cases/${found}/identity`, { state: 'proven', how: 'known-address' });
  return found;
}
const prepared = async (found: string) => {
  const answer = await hub.ask('POST', `/cases/${found}/prepare`);
  expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store']);
  const { link, missing } = answer.json<{ link: string; missing: { system: string; code: string }[] }>();
  return { path: new URL(link).pathname, missing };
};
const visit = (method: 'GET' | 'POST', url: string, lang = 'fi') => {
  const origin = 'http://localhost';
  const headers: Record<string, string> = { 'accept-language': lang, host: 'localhost', origin, 'sec-fetch-site': 'same-origin' };
  return hub.raw(
    method === 'GET'
      ? { method, url, headers }
      : { method, url, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, payload: '' },
  );
};
const stateOf = async (found: string) => (await hub.ask('GET', `/cases/${found}`)).json<{ state: string }>().state;

describe('the answer to a request for access', () => {
  it('is handed over once, by a link, and nothing of it stays', async () => {
    const found = await ready('access');
    const { path, missing } = await prepared(found);
    // people cannot be read: it is said, not left out
    expect(missing).toEqual([{ system: 'partner', code: 'people' }]);
    expect(await hub.dump('handover')).not.toMatch(/aino|virtanen/i);
    // a mail scanner looks at links: nothing happens by that
    for (let looks = 0; looks < 3; looks++) expect((await visit('GET', path)).status).toBe(200);
    expect(await stateOf(found)).toBe('running');
    const given = await visit('POST', path);
    expect([given.status, given.type, given.headers['content-disposition']]).toEqual([
      200,
      'text/html; charset=utf-8',
      expect.stringContaining('attachment; filename="access-'),
    ]);
    expect(given.text).toContain('aino@sahko.test');
    expect(given.text).toContain('Henkilötietonne');
    // the row was there before anything was handed over: a recipient all the same
    expect(given.text).toMatch(/<td>newsletter<\/td><td><\/td><td>[^<]*etunimi[^<]*<\/td><td>löydetty sieltä/);
    expect(given.text).toContain('partner: tiedot ovat ihmisillä');
    expect(given.text).toContain('Tietosuojavaltuutetun');
    expect(given.text).not.toMatch(/⟦|https?:\/\/(?!tietosuoja)/);
    expect(await stateOf(found)).toBe('closed');
    const again = await visit('POST', path);
    expect([again.status, again.text.includes('aino@')]).toEqual([404, false]);
    expect((await visit('GET', path)).text).toContain('on jo luovutettu');
    expect(await hub.dump('audit_entry')).toContain('answer.handed-over');
    expect(await hub.dump('handover')).not.toContain(path.split('/').at(-1) ?? '?');
  });

  it('is in the person’s language, whatever the reader’s', async () => {
    for (const [language, words] of [
      ['sv', 'Dina personuppgifter'],
      ['en', 'Your personal data'],
    ] as const) {
      const { path } = await prepared(await ready('access', language));
      const { text } = await visit('POST', path);
      expect(text).toContain(words);
      expect(text).toContain(`lang="${language}"`);
      expect(text).not.toContain('⟦');
    }
  });

  it('says when a system did not answer', async () => {
    hub.newsletter.read = async () => {
      throw new Error('down');
    };
    const { path, missing } = await prepared(await ready('access', 'en'));
    expect(missing.map((m) => m.system)).toEqual(['newsletter', 'partner']);
    expect((await visit('POST', path)).text).toContain('newsletter did not answer');
  });

  it('is gone when nobody opened it in time, and the case stays open', async () => {
    const found = await ready('access');
    const { path } = await prepared(found);
    await hub.ask('POST', '/test/clock', { advance: 'P8D' });
    expect((await visit('POST', path)).status).toBe(404);
    expect(await expireHandovers(hub.needs)).toBe(1);
    expect((await visit('GET', path, 'en')).text).toContain('the answer is gone');
    expect(await stateOf(found)).toBe('running');
  });

  it('made again takes the place of the one before', async () => {
    const found = await ready('access');
    const first = await prepared(found);
    const second = await prepared(found);
    expect((await visit('POST', first.path)).status).toBe(404);
    expect((await visit('POST', second.path)).status).toBe(200);
  });

  it('is handed to one of two who open it at the same moment', async () => {
    const { path } = await prepared(await ready('access'));
    const both = await Promise.all([visit('POST', path), visit('POST', path)]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 404]);
  });

  it.each([
    ['before it is approved', [], 'not-approved'],
    ['before it is known who asks', ['approve'], 'identity-unproven'],
    ['while it is doubted who asks', ['approve', 'doubt'], 'identity-unproven'],
  ])('is not made %s', async (_when, steps, code) => {
    const { id: found } = (await hub.ask('POST', '/cases', { type: 'access', subject: id })).json<{ id: string }>();
    if (steps.includes('approve')) await hub.ask('POST', `/cases/${found}/approve`);
    if (steps.includes('doubt')) await hub.ask('POST', `/cases/${found}/identity`, { state: 'doubted', how: 'call-back' });
    const answer = await hub.ask('POST', `/cases/${found}/prepare`);
    expect([answer.status, answer.json()['code']]).toEqual([409, code]);
  });
});

it('a portable answer holds what the person gave under a contract or by consent, and nothing else', async () => {
  const { path } = await prepared(await ready('portability'));
  const given = await visit('POST', path);
  const answer = JSON.parse(given.text) as { format: string; systems: { isRegister: boolean; values: Record<string, string> }[] };
  expect(given.type).toContain('application/json');
  expect(answer.format).toBe('kaiku-portability-1');
  expect(answer.systems.map((s) => s.isRegister)).toEqual([true]);
  expect(answer.systems[0]?.values).toMatchObject({ email: 'aino@sahko.test' });
});

it('a link that leads to nothing says so, in each language', async () => {
  for (const lang of ['fi', 'sv', 'en']) {
    const nothing = await visit('GET', '/answer/nothing-of-the-kind', lang);
    expect([nothing.status, nothing.text.includes('⟦')]).toEqual([404, false]);
  }
});
