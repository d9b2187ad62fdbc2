import { sql } from 'kysely';
import { generate } from 'otplib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changes } from '../../../src/store/database.ts';
import { Browser, goodPassword, openAccount, withoutTotp } from '../browser.ts';
import { openTestHub, type TestHub } from '../hub.ts';

let hub: TestHub;
const audit = async () => await hub.dump('audit_entry');
const age = (table: string, column: string, minutes: number) =>
  changes(
    hub.needs.db,
    sql`UPDATE ${sql.table(table)} SET ${sql.ref(column)} = ${sql.ref(column)} - ${minutes} * interval '1 minute'`,
  );

describe('without a second factor', () => {
  beforeAll(async () => {
    hub = await openTestHub(withoutTotp);
    await openAccount(hub, 'aila@firma.test', ['admin']);
    return () => hub.close();
  });
  // what one test counts against somebody is not the next one's
  beforeEach(async () => {
    await changes(hub.needs.db, sql`DELETE FROM sign_in_try`);
  });

  it('lets somebody in with address and password, however the address is spelled', async () => {
    const browser = new Browser(hub);
    const page = await browser.signIn(' Aila@FIRMA.test', goodPassword);
    expect(page).toMatchObject({ status: 303, headers: { location: '/' } });
    expect((await browser.get('/')).status).toBe(200);
    expect(String(page.headers['set-cookie'])).toMatch(/kaiku=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict/);
  });

  it('keeps neither token, address, name nor password where the database alone could tell them', async () => {
    const browser = new Browser(hub);
    await browser.signIn('aila@firma.test', goodPassword);
    const token = browser.cookies.get('kaiku') ?? 'none';
    const everything = `${await hub.dump('account')}${await hub.dump('session')}${await hub.dump('sign_in_try')}${await audit()}${hub.logged()}`;
    for (const secret of [token, 'aila', 'Testi Henkilö', goodPassword]) {
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(Buffer.from(secret).toString('hex'));
    }
  });

  it('hashes passwords with argon2id, 19 MiB, two passes', async () => {
    expect(await hub.dump('account')).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
  });

  it('gives the same answer for a wrong password and for an address that nobody has', async () => {
    const wrong = await new Browser(hub).signIn('aila@firma.test', 'wrong wrong wrong');
    const nobody = await new Browser(hub).signIn('nobody@firma.test', 'wrong wrong wrong');
    expect(wrong.status).toBe(401);
    expect(wrong.text).toBe(nobody.text);
  });

  it('takes about as long for an address that nobody has', async () => {
    const timed = async (address: string) => {
      const times: number[] = [];
      for (let i = 0; i < 4; i++) {
        await changes(hub.needs.db, sql`DELETE FROM sign_in_try`);
        const began = performance.now();
        await new Browser(hub).signIn(address, 'wrong wrong wrong');
        times.push(performance.now() - began);
      }
      return Math.min(...times);
    };
    const ratio = (await timed('aila@firma.test')) / (await timed('nobody@firma.test'));
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it('looks at five failures in a quarter of an hour for an account, wherever they come from, and no more', async () => {
    const from = (i: number) => Object.assign(new Browser(hub), { ip: `127.3.0.${i}` });
    for (let i = 0; i < 5; i++) expect((await from(i).signIn('aila@firma.test', 'wrong wrong wrong')).status).toBe(401);
    // right, and refused all the same: else the sixth guess would count
    expect((await from(9).signIn('aila@firma.test', goodPassword)).status).toBe(429);
    await age('sign_in_try', 'at', 16);
    expect((await from(9).signIn('aila@firma.test', goodPassword)).status).toBe(303);
  });

  it('looks at five failures from one address, whatever accounts they are for', async () => {
    const browser = Object.assign(new Browser(hub), { ip: '127.4.0.7' });
    for (let i = 0; i < 5; i++) expect((await browser.signIn(`n${i}@firma.test`, 'wrong wrong wrong')).status).toBe(401);
    expect((await browser.signIn('aila@firma.test', goodPassword)).status).toBe(429);
    expect((await new Browser(hub).signIn('aila@firma.test', goodPassword)).status).toBe(303);
  });

  it('counts a hundred guesses at once one by one', async () => {
    const guesses = Array.from({ length: 30 }, (_, i) =>
      Object.assign(new Browser(hub), { ip: `127.5.0.${i}` }).signIn('aila@firma.test', 'wrong wrong wrong'),
    );
    const looked = (await Promise.all(guesses)).filter(({ status }) => status === 401);
    expect(looked).toHaveLength(5);
  });

  it('locks after a hundred failures in a row, until an admin unlocks', async () => {
    const id = await openAccount(hub, 'lukko@firma.test', ['viewer']);
    await changes(hub.needs.db, sql`UPDATE account SET failures = 99 WHERE id = ${id}`);
    const browser = new Browser(hub);
    await browser.signIn('lukko@firma.test', 'wrong wrong wrong');
    expect((await browser.signIn('lukko@firma.test', goodPassword)).status).toBe(401);
    expect(await audit()).toContain('account.locked');
    expect((await hub.ask('POST', `/accounts/${id}/unlock`)).status).toBe(200);
    expect((await browser.signIn('lukko@firma.test', goodPassword)).status).toBe(303);
  });

  it('begins a new session at each sign-in, and takes none that a browser brings along', async () => {
    const browser = new Browser(hub);
    browser.cookies.set('kaiku', 'a'.repeat(43));
    await browser.signIn('aila@firma.test', goodPassword);
    const first = browser.cookies.get('kaiku');
    expect(first).not.toBe('a'.repeat(43));
    await browser.signIn('aila@firma.test', goodPassword);
    expect(browser.cookies.get('kaiku')).not.toBe(first);
  });

  it('ends a session after 30 minutes without a request', async () => {
    const browser = new Browser(hub);
    await browser.signIn('aila@firma.test', goodPassword);
    await age('session', 'seen_at', 29);
    expect((await browser.get('/')).status).toBe(200);
    await age('session', 'seen_at', 31);
    expect((await browser.get('/')).status).toBe(303);
  });

  it('ends a session after 12 hours, however busy', async () => {
    const browser = new Browser(hub);
    await browser.signIn('aila@firma.test', goodPassword);
    await age('session', 'ends_at', 12 * 60 + 1);
    expect((await browser.get('/')).status).toBe(303);
  });

  it('is not kept awake by a page that refreshes itself', async () => {
    const browser = new Browser(hub);
    await browser.signIn('aila@firma.test', goodPassword);
    await age('session', 'seen_at', 29);
    expect((await browser.get('/', { 'x-kaiku-live': '1' })).status).toBe(200);
    await age('session', 'seen_at', 2);
    expect((await browser.get('/')).status).toBe(303);
  });

  it('signs out, and the cookie opens nothing any more', async () => {
    const browser = new Browser(hub);
    await browser.signIn('aila@firma.test', goodPassword);
    const token = browser.cookies.get('kaiku') ?? '';
    await browser.post('/sign-out');
    expect(browser.cookies.has('kaiku')).toBe(false);
    browser.cookies.set('kaiku', token);
    expect((await browser.get('/')).status).toBe(303);
  });

  it('signs out everywhere, and ends one session among several', async () => {
    const [one, two] = [new Browser(hub), new Browser(hub)];
    await one.signIn('aila@firma.test', goodPassword);
    await two.signIn('aila@firma.test', goodPassword);
    const ends = (await two.get('/account')).text.match(/\/account\/sessions\/[0-9a-f-]+\/end/g) ?? [];
    for (const end of ends) await two.post(end);
    expect((await one.get('/')).status).toBe(303);
    expect((await two.get('/')).status).toBe(200);
    await two.post('/account/sign-out-everywhere');
    expect((await two.get('/')).status).toBe(303);
  });

  it('changes a password only for whoever knows the old one, and ends every other session', async () => {
    await openAccount(hub, 'vaihtaja@firma.test', ['viewer']);
    const [one, two] = [new Browser(hub), new Browser(hub)];
    await one.signIn('vaihtaja@firma.test', goodPassword);
    await two.signIn('vaihtaja@firma.test', goodPassword);
    const password = 'Neljäs porsas lentää etelään';
    expect((await one.post('/account/password', { old: 'wrong wrong wrong', password })).status).toBe(422);
    expect((await one.post('/account/password', { old: goodPassword, password: 'salasana1234' })).status).toBe(422);
    const before = one.cookies.get('kaiku');
    expect((await one.post('/account/password', { old: goodPassword, password })).status).toBe(303);
    expect(one.cookies.get('kaiku')).not.toBe(before);
    expect((await one.get('/')).status).toBe(200);
    expect((await two.get('/')).status).toBe(303);
    expect((await two.signIn('vaihtaja@firma.test', password)).status).toBe(303);
  });

  it('takes a role away at once, with the sessions under it', async () => {
    const id = await openAccount(hub, 'rooli@firma.test', ['dpo']);
    const browser = new Browser(hub);
    await browser.signIn('rooli@firma.test', goodPassword);
    expect((await browser.get('/api/v1/cases')).status).toBe(200);
    await hub.ask('POST', `/accounts/${id}/roles`, { roles: ['viewer'] });
    expect((await browser.get('/api/v1/cases')).status).toBe(401);
    await browser.signIn('rooli@firma.test', goodPassword);
    expect((await browser.get('/api/v1/cases')).status).toBe(403);
  });

  it('ends the sessions of an account that is disabled', async () => {
    const id = await openAccount(hub, 'suljettu@firma.test', ['viewer']);
    const browser = new Browser(hub);
    await browser.signIn('suljettu@firma.test', goodPassword);
    await hub.ask('POST', `/accounts/${id}/disable`);
    expect((await browser.get('/')).status).toBe(303);
    expect((await browser.signIn('suljettu@firma.test', goodPassword)).status).toBe(401);
  });

  it('gives nobody a role of their own making, and keeps the last admin', async () => {
    const browser = new Browser(hub);
    const id = await openAccount(hub, 'toinen@firma.test', ['admin']);
    await browser.signIn('toinen@firma.test', goodPassword);
    expect((await browser.post(`/accounts/${id}/roles`, { roles: ['admin', 'dpo'] })).status).toBe(409);
    expect((await browser.post(`/accounts/${id}/disable`)).status).toBe(409);
    const admins = (await hub.ask('GET', '/accounts'))
      .json<{ id: string; roles: string[] }[]>()
      .filter((a) => a.roles.includes('admin'));
    const [last, ...others] = admins.map((a) => a.id);
    for (const other of others) expect((await hub.ask('POST', `/accounts/${other}/disable`)).status).toBe(200);
    expect((await hub.ask('POST', `/accounts/${last}/disable`)).status).toBe(409);
    expect((await hub.ask('POST', `/accounts/${last}/roles`, { roles: ['viewer'] })).status).toBe(409);
    for (const other of others) await hub.ask('POST', `/accounts/${other}/enable`);
  });

  it('writes down who came, who failed and what an admin did, in codes alone', async () => {
    const told = await audit();
    for (const action of [
      'sign-in.done',
      'sign-in.failed',
      'session.ended',
      'account.created',
      'account.roles',
      'account.disabled',
    ])
      expect(told).toContain(action);
  });

  it('sends nobody to another site after the sign-in', async () => {
    for (const to of ['//evil.test', 'https://evil.test', '/\\evil.test']) {
      const answer = await new Browser(hub).post('/sign-in', { address: 'aila@firma.test', password: goodPassword, to });
      expect(answer.headers['location']).toBe('/');
    }
  });
});

describe('a password', () => {
  beforeAll(async () => {
    hub = await openTestHub(withoutTotp);
    return () => hub.close();
  });

  it.each([
    ['too short', 'lyhyt'],
    ['too long', 'ab cd ef '.repeat(20)],
    ['tried first by everybody', 'Salasana12345'],
    ['a run along the keyboard', 'qwertyuiop123'],
    ['the same again', 'aaaaaaaaaaaaaa'],
    ['the own name', 'testihenkilo2026!'.replace('henkilo', 'henkilö')],
    ['the own address', 'matti.meikalainen1'],
  ])('is refused when it is %s', async (_why, password) => {
    const email = `matti.meikalainen@x${Math.random().toString(36).slice(2)}.test`;
    const made = await hub.ask('POST', '/accounts', { email, name: 'Testi Henkilö', roles: ['viewer'] });
    const browser = new Browser(hub);
    const path = new URL(made.json<{ link: string }>().link).pathname;
    expect((await browser.post(path, { password })).status).toBe(422);
    expect((await browser.post(path, { password: goodPassword })).status).toBe(303);
  });
});

describe('with a second factor', () => {
  beforeEach(async () => {
    hub = await openTestHub();
    return () => hub.close();
  });
  const secretOf = (text: string) => (/<code>([A-Z2-7 ]{32,})<\/code>/.exec(text)?.[1] ?? '').replaceAll(' ', '');
  const enrolled = async () => {
    await hub.ask('POST', '/accounts', { email: 'aila@firma.test', name: 'Testi Henkilö', roles: ['admin'] });
    const id = (await hub.ask('GET', '/accounts')).json<{ id: string }[]>()[0]?.id ?? '';
    const { link } = (await hub.ask('POST', `/accounts/${id}/link`)).json<{ link: string }>();
    const browser = new Browser(hub);
    await browser.post(new URL(link).pathname, { password: goodPassword });
    const page = await browser.get('/sign-in/enrol');
    const half = browser.cookies.get('kaiku');
    expect((await browser.get('/')).status).toBe(303);
    expect((await browser.get('/api/v1/systems')).status).toBe(401);
    expect(page.text).toContain('data:image/svg+xml;base64,');
    const secret = secretOf(page.text);
    expect((await browser.post('/sign-in/enrol', { code: '000000' })).status).toBe(401);
    const code = await generate({ secret });
    const done = await browser.post('/sign-in/enrol', { code });
    expect(browser.cookies.get('kaiku')).not.toBe(half);
    return { id, secret, code, browser, codes: done.text.match(/[a-z2-9]{4}(-[a-z2-9]{4}){3}/g) ?? [] };
  };
  const later = (id: string) => changes(hub.needs.db, sql`UPDATE account SET totp_step = 0 WHERE id = ${id}`);

  it('opens nothing before it is set up, and everything after', async () => {
    const { browser, codes } = await enrolled();
    expect(codes).toHaveLength(10);
    expect((await browser.get('/')).status).toBe(200);
    expect(`${await hub.dump('recovery_code')}${hub.logged()}`).not.toContain(codes[0]);
  });

  it('asks for a code after the password, takes each code once, and a recovery code once', async () => {
    const { id, secret, code, codes } = await enrolled();
    const browser = new Browser(hub);
    expect((await browser.signIn('aila@firma.test', goodPassword)).headers['location']).toBe('/sign-in/code');
    expect((await browser.get('/')).status).toBe(303);
    // the code that set it up was used with that
    expect((await browser.post('/sign-in/code', { code })).status).toBe(401);
    await later(id);
    const half = browser.cookies.get('kaiku');
    expect((await browser.post('/sign-in/code', { code: await generate({ secret }) })).status).toBe(303);
    expect(browser.cookies.get('kaiku')).not.toBe(half);
    expect((await browser.get('/')).status).toBe(200);
    for (const status of [303, 401]) {
      const other = new Browser(hub);
      await other.signIn('aila@firma.test', goodPassword);
      expect((await other.post('/sign-in/code', { code: codes[0] ?? '' })).status).toBe(status);
    }
  });

  it('counts wrong codes as it counts wrong passwords', async () => {
    await enrolled();
    await changes(hub.needs.db, sql`DELETE FROM sign_in_try`);
    const browser = new Browser(hub);
    await browser.signIn('aila@firma.test', goodPassword);
    for (let i = 0; i < 5; i++) expect((await browser.post('/sign-in/code', { code: '000000' })).status).toBe(401);
    expect((await browser.post('/sign-in/code', { code: '000000' })).status).toBe(429);
    expect((await new Browser(hub).signIn('aila@firma.test', goodPassword)).status).toBe(429);
  });
});

describe('the first account', () => {
  beforeEach(async () => {
    hub = await openTestHub(withoutTotp);
    return () => hub.close();
  });
  const first = { name: 'Ensimmäinen', email: 'eka@firma.test', password: goodPassword, roles: ['dpo'] };
  const firstLink = async () => new URL((await hub.ask('POST', '/accounts/first-link')).json<{ link: string }>().link).pathname;

  it('is made by a link that works once', async () => {
    const path = await firstLink();
    const browser = new Browser(hub);
    expect((await browser.get(path)).status).toBe(200);
    expect((await browser.post(path, first)).status).toBe(303);
    expect((await browser.get('/')).status).toBe(200);
    expect((await hub.ask('GET', '/accounts')).json()).toMatchObject([{ roles: ['admin', 'dpo'], state: 'active' }]);
    expect((await new Browser(hub).post(path, first)).status).toBe(404);
    expect((await new Browser(hub).get(path)).status).toBe(404);
    expect((await hub.ask('POST', '/accounts/first-link')).status).toBe(409);
  });

  it('is not made by a link that is a day old, was replaced, or was guessed', async () => {
    const replaced = await firstLink();
    const path = await firstLink();
    expect((await new Browser(hub).post(replaced, first)).status).toBe(404);
    expect((await new Browser(hub).post('/set-up/guessed', first)).status).toBe(404);
    await age('set_up_link', 'ends_at', 24 * 60 + 1);
    expect((await new Browser(hub).post(path, first)).status).toBe(404);
  });

  it('leaves no link in the database or the log', async () => {
    const token = (await firstLink()).split('/').at(-1) ?? '';
    await new Browser(hub).get(`/set-up/${token}`);
    expect(`${await hub.dump('set_up_link')}${hub.logged()}`).not.toContain(token);
  });
});

describe('a request that changes something', () => {
  beforeAll(async () => {
    hub = await openTestHub(withoutTotp);
    await openAccount(hub, 'aila@firma.test', ['admin']);
    return () => hub.close();
  });
  const signedIn = async () => {
    const browser = new Browser(hub);
    await browser.signIn('aila@firma.test', goodPassword);
    return browser;
  };
  const deeds = [
    '/account/language',
    '/sign-out',
    '/accounts',
    '/language',
    '/sign-in',
    '/api/v1/tokens',
    '/api/v1/audit/verify',
  ];
  const foreign: [string, Record<string, string>][] = [
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a neighbouring host', { 'sec-fetch-site': 'same-site' }],
    ['typed into the address', { 'sec-fetch-site': 'none' }],
    ['from another origin in an old browser', { origin: 'https://evil.test' }],
    ['from an origin that hides', { origin: 'null' }],
    ['that says nothing of where it is from', {}],
    ['that says both', { 'sec-fetch-site': 'cross-site', origin: 'http://localhost' }],
  ];
  it.each(foreign)('%s is refused everywhere', async (_name, headers) => {
    const browser = await signedIn();
    browser.headers = headers;
    for (const url of deeds) expect([url, (await browser.post(url, { lang: 'sv' })).status]).toEqual([url, 403]);
  });

  it('from the same host is taken in an old browser too', async () => {
    const browser = await signedIn();
    browser.headers = { origin: 'http://localhost' };
    expect((await browser.post('/account/language', { lang: 'sv' })).status).toBe(303);
  });

  it('needs no origin where a bearer token is sent, and takes no cookie beside a wrong one', async () => {
    expect((await hub.ask('POST', '/audit/verify')).status).toBe(200);
    const browser = await signedIn();
    browser.headers = { authorization: 'Bearer wrong' };
    expect((await browser.post('/api/v1/audit/verify')).status).toBe(401);
    expect((await browser.post('/sign-out')).status).toBe(401);
  });

  it('tells no other site anything: no CORS, no referrer', async () => {
    const browser = await signedIn();
    const page = await browser.get('/', { origin: 'https://evil.test' });
    expect(page.headers['referrer-policy']).toBe('same-origin');
    expect(Object.keys(page.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

it('takes no password over plain http from another machine, and a strict cookie where there is https', async () => {
  hub = await openTestHub(withoutTotp);
  const remote = Object.assign(new Browser(hub), { ip: '192.0.2.1' });
  expect((await remote.signIn('aila@firma.test', goodPassword)).status).toBe(409);
  await hub.close();
  hub = await openTestHub({
    needs: (needs) => ({
      ...needs,
      config: { ...needs.config, signIn: { requireTotp: false, url: 'https://kaiku.firma.test' } },
    }),
  });
  await openAccount(hub, 'aila@firma.test', ['admin']);
  const page = await new Browser(hub).signIn('aila@firma.test', goodPassword);
  expect(String(page.headers['set-cookie'])).toMatch(/__Host-kaiku=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict/);
  await hub.close();
});
