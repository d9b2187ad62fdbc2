import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignInConfig } from '../../../src/core/configuration.ts';
import { Browser } from '../browser.ts';
import { openTestHub, type TestHub } from '../hub.ts';

const url = 'http://localhost:9';
const map = { 'kaiku-dpo': ['dpo'], 'kaiku-admin': ['admin'] } as const;
const configured = (issuer: string): SignInConfig => ({
  url,
  requireTotp: true,
  oidc: { issuer, clientId: 'kaiku', clientSecret: 'a-secret-of-the-client', label: 'Entra', roles: { claim: 'groups', map } },
});
const openHub = (issuer: string) =>
  openTestHub({ needs: (needs) => ({ ...needs, config: { ...needs.config, signIn: configured(issuer) } }) });

type Claims = Record<string, unknown> & { iat: number };

/** A token in its compact form, signed by whatever is handed in. */
const token = (header: object, claims: object, signature: (bytes: Buffer) => Buffer | string): string => {
  const body = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signed = signature(Buffer.from(body));
  return `${body}.${typeof signed === 'string' ? signed : signed.toString('base64url')}`;
};
const byKey = (key: KeyObject) => (claims: object) =>
  token({ alg: 'RS256', kid: 'k1' }, claims, (bytes) => signBytes('sha256', bytes, key));

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('with a real provider', () => {
  let hub: TestHub;
  let groups: string[] = ['kaiku-dpo'];

  beforeAll(async () => {
    const place = createServer();
    const issuer = await listen(place);
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: 'kaiku',
          client_secret: 'a-secret-of-the-client',
          redirect_uris: [`${url}/sign-in/callback`],
          response_types: ['code'],
        },
      ],
      claims: { openid: ['sub', 'groups', 'name', 'email'], profile: ['name'], email: ['email'] },
      conformIdTokenClaims: false,
      pkce: { required: () => true },
      findAccount: (_context, sub) => ({
        accountId: sub,
        claims: async () => ({ sub, name: 'Tuomas Tietosuoja', email: 'tuomas@firma.test', groups }),
      }),
    });
    place.on('request', provider.callback());
    hub = await openHub(issuer);
    return async () => {
      await hub.close();
      place.close();
    };
  });

  /** Through the provider's own forms, as a person goes: sign in, consent, and back. Answers where it sends the browser. */
  async function atProvider(start: string): Promise<string> {
    const jar = new Map<string, string>();
    let at = start;
    let form: URLSearchParams | undefined;
    for (let step = 0; step < 12; step++) {
      const answer = await fetch(at, {
        redirect: 'manual',
        method: form ? 'POST' : 'GET',
        headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') },
        ...(form ? { body: form } : {}),
      });
      for (const line of answer.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      const to = answer.headers.get('location');
      if (to) {
        at = new URL(to, at).href;
        form = undefined;
        if (at.startsWith(url)) return at.slice(url.length);
        continue;
      }
      const text = await answer.text();
      const action = /action="([^"]+)"/.exec(text)?.[1];
      if (!action) throw new Error(`the provider answered ${answer.status}: ${text.slice(0, 500)}`);
      at = new URL(action, at).href;
      const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1] ?? 'login';
      form = new URLSearchParams({ prompt, login: 'sub-1', password: 'x' });
    }
    throw new Error('the provider goes round in circles');
  }

  const begin = async (to = '/') => {
    const browser = new Browser(hub);
    const answer = await browser.get(`/sign-in/provider?to=${encodeURIComponent(to)}`);
    return { browser, at: String(answer.headers['location']) };
  };

  it('signs somebody in with the roles of their groups, and again with other groups', async () => {
    groups = ['kaiku-dpo', 'somebody-else'];
    const { browser, at } = await begin('/account');
    const asked = new URL(at).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      redirect_uri: `${url}/sign-in/callback`,
      code_challenge_method: 'S256',
      response_type: 'code',
    });
    const back = await browser.get(await atProvider(at));
    expect([back.status, back.headers['refresh']]).toEqual([200, '0; url=/account']);
    expect((await browser.get('/account')).text).toContain('Tuomas Tietosuoja');
    expect((await browser.get('/api/v1/cases')).status).toBe(200);
    expect((await browser.get('/accounts')).status).toBe(403);
    expect((await hub.ask('GET', '/accounts')).json()).toMatchObject([
      { signIn: 'provider', roles: ['dpo'], address: 'tuomas@firma.test' },
    ]);

    groups = ['kaiku-admin'];
    const again = await begin();
    await again.browser.get(await atProvider(again.at));
    expect((await again.browser.get('/accounts')).status).toBe(200);
    // the roles of before are gone, and the session under them
    expect((await browser.get('/api/v1/cases')).status).toBe(401);
    expect((await hub.ask('GET', '/accounts')).json<unknown[]>()).toHaveLength(1);
    expect(await hub.dump('account')).not.toMatch(/tuomas|sub-1/i);
  });

  it('lets nobody in whose groups give no role, and closes what was open', async () => {
    groups = ['kaiku-dpo'];
    const first = await begin();
    await first.browser.get(await atProvider(first.at));
    groups = ['__proto__', 'constructor', 'somebody-else'];
    const { browser, at } = await begin();
    expect((await browser.get(await atProvider(at))).status).toBe(403);
    expect(browser.cookies.has('kaiku')).toBe(false);
    expect((await first.browser.get('/account')).status).toBe(303);
  });

  it('takes an answer only in the browser that asked, and once', async () => {
    groups = ['kaiku-dpo'];
    const { browser, at } = await begin();
    const callback = await atProvider(at);
    expect((await new Browser(hub).get(callback)).status).toBe(401);
    const other = await begin();
    expect((await other.browser.get(callback)).status).toBe(401);
    expect((await browser.get(callback)).status).toBe(200);
    expect((await browser.get(callback)).status).toBe(401);
  });

  it('takes no answer whose state or code was changed', async () => {
    for (const change of ['state', 'code', 'iss']) {
      const { browser, at } = await begin();
      const callback = new URL(await atProvider(at), url);
      callback.searchParams.set(change, 'another');
      expect((await browser.get(callback.pathname + callback.search)).status).toBe(401);
    }
  });
});

describe('with a provider that lies', () => {
  let hub: TestHub;
  let issuer: string;
  let lie: (claims: Claims) => string;
  const [good, bad] = [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('rsa', { modulusLength: 2048 })];
  const sign = byKey(good.privateKey);

  beforeAll(async () => {
    const jwk = { ...good.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' };
    const server = createServer((request, response) => {
      const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
      if (request.url?.startsWith('/.well-known'))
        return json({
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ['code'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      if (request.url === '/jwks') return json({ keys: [jwk] });
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: issuer, aud: 'kaiku', sub: 's', iat: now, exp: now + 60, groups: ['kaiku-dpo'], name: 'T', nonce };
      return json({ access_token: 'a', token_type: 'bearer', id_token: lie(claims) });
    });
    issuer = await listen(server);
    hub = await openHub(issuer);
    return async () => {
      await hub.close();
      server.close();
    };
  });
  let nonce = '';
  beforeEach(() => {
    lie = (claims) => sign(claims);
  });

  const come = async () => {
    const browser = new Browser(hub);
    const asked = new URL(String((await browser.get('/sign-in/provider')).headers['location'])).searchParams;
    nonce = asked.get('nonce') ?? '';
    return (await browser.get(`/sign-in/callback?code=c&state=${asked.get('state')}`)).status;
  };
  it('believes it when it does not', async () => {
    expect(await come()).toBe(200);
  });

  it.each<[string, typeof lie]>([
    ['another nonce', (c) => sign({ ...c, nonce: 'another' })],
    ['no nonce', ({ nonce: _, ...c }) => sign(c)],
    ['another audience', (c) => sign({ ...c, aud: 'another-client' })],
    ['another issuer', (c) => sign({ ...c, iss: 'https://evil.test' })],
    ['a token that ended', (c) => sign({ ...c, iat: c.iat - 7200, exp: c.iat - 3600 })],
    ['a token without an end', ({ exp: _, ...c }) => sign(c)],
    ['no signature (alg none)', (c) => token({ alg: 'none' }, c, () => '')],
    ['a signature of a key of its own', byKey(bad.privateKey)],
    [
      'a signature by the client secret',
      (c) => token({ alg: 'HS256' }, c, (bytes) => createHmac('sha256', 'a-secret-of-the-client').update(bytes).digest()),
    ],
    ['no token at all', () => ''],
  ])('lets nobody in on %s', async (_name, with_) => {
    lie = with_;
    expect(await come()).toBe(401);
  });
});
