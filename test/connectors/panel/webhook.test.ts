import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WebhookRequest } from '../../../src/connectors/connector.ts';
import { webhookHeaders } from '../../../src/core/standard-webhook.ts';
import { hookServer } from '../../support/hook-server.ts';
import { aino, call, formerSecret, secret, world } from './setup.ts';

const now = new Date('2026-11-30T10:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const told = (data: object, type = 'contact.changed') => JSON.stringify({ type, timestamp: now.toISOString(), data });
const body = told({ contact: '1001', by: 'contact' });
const signed = (text = body, { by = secret, at = now, id = 'msg_1' } = {}): WebhookRequest => ({
  headers: webhookHeaders(by, { id, at, body: text }),
  rawBody: Buffer.from(text),
  now,
});
const hint = { place: 'contacts', locator: '1001' };

describe('a webhook that came in', () => {
  it('says where to look and nothing else: what it claims of the contact is not believed', async () => {
    await using w = await world();
    w.vendor.add(aino);
    const hints = w.webhook.hints(signed(told({ contact: '1001', by: 'contact', email: 'forged@sahko.test' })));
    expect(hints).toEqual([hint]);
    expect(await w.webhook.follow(hint, call)).toMatchObject([{ ref: { id: '1001' }, fields: { email: aino.email } }]);
    expect(await w.webhook.follow({ ...hint, locator: '1002' }, call)).toEqual([]);
  });

  it('is no news where Kaiku made the change itself', async () => {
    await using w = await world();
    expect(w.webhook.hints(signed(told({ contact: '1001', by: 'kaiku' })))).toEqual([]);
    expect(w.webhook.hints(signed(told({ contact: '1001', by: 'staff' })))).toEqual([hint]);
  });

  it.each([
    ['what is no JSON', 'contact=1001'],
    ['what has no type', '{"data":{"contact":"1001","by":"contact"}}'],
    ['a list', '[]'],
    ['a change of nobody', told({ by: 'contact' })],
    ['a change by somebody unknown', told({ contact: '1001', by: 'somebody' })],
    ['an id that would leave its path', told({ contact: '../about', by: 'contact' })],
  ])('is refused when it is %s, signed or not', async (_what, text) => {
    await using w = await world();
    expect(w.webhook.hints(signed(text))).toBeNull();
  });

  it('is left alone when it is of another type', async () => {
    await using w = await world();
    expect(w.webhook.hints(signed(told({ site: 'sahko.test' }, 'site.updated')))).toEqual([]);
  });

  it.each([
    [-301, false],
    [-300, true],
    [0, true],
    [300, true],
    [301, false],
  ])('that was signed %i seconds off is taken: %s', async (off, isTaken) => {
    await using w = await world();
    expect(w.webhook.hints(signed(body, { at: later(off) }))).toEqual(isTaken ? [hint] : null);
  });

  it('is taken with either of two secrets while one is replaced, alone or with both signatures, and with no third', async () => {
    await using w = await world({ credentials: { webhookSecret: `${secret} ${formerSecret}` } });
    expect([secret, formerSecret].map((by) => w.webhook.hints(signed(body, { by })))).toEqual([[hint], [hint]]);
    const signatures = [formerSecret, secret].map((by) => signed(body, { by }).headers['webhook-signature']);
    const both = { ...signed(), headers: { ...signed().headers, 'webhook-signature': `v1a,x ${signatures.join(' ')}` } };
    expect(w.webhook.hints(both)).toEqual([hint]);
    await using one = await world();
    expect(one.webhook.hints(signed(body, { by: formerSecret }))).toBeNull();
  });

  it.each(['not-a-secret', 'whsec_c2hvcnQ=', `${secret} ${formerSecret} ${secret}`, ''])(
    'is refused, whoever signed it, where the secret is "%s"; the check says so',
    async (webhookSecret) => {
      await using w = await world({ credentials: { webhookSecret } });
      expect(w.webhook.hints(signed())).toBeNull();
      expect(await w.connector.check(call, false)).toContainEqual(expect.objectContaining({ right: 'webhook', ok: false }));
    },
  );
});

/** 10,000 before a release (`KAIKU_FORGERIES`). */
const runs = Number(process.env['KAIKU_FORGERIES'] ?? 1000);
const seed = Number(process.env['KAIKU_SEED'] ?? 20_261_130);

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const header = fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature');
/** One way to forge, alter or delay a delivery. */
const forgeries = fc.oneof(
  fc.record({
    kind: fc.constant('stale' as const),
    off: fc.oneof(fc.integer({ min: 301, max: 10 ** 9 }), fc.integer({ min: -1_700_000_000, max: -301 })),
  }),
  fc.record({ kind: fc.constant('fresh-time' as const), off: fc.integer({ min: -300, max: 300 }).filter((off) => off !== 0) }),
  fc.record({ kind: fc.constant('other-key' as const), key: fc.uint8Array({ minLength: 24, maxLength: 64 }) }),
  fc.record({ kind: fc.constant('body-byte' as const), at: place, flip: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('other-body' as const), text: fc.oneof(fc.string(), fc.json()) }),
  fc.record({ kind: fc.constant('header-char' as const), header, at: place, to: fc.constantFrom(...'AZaz09+/=-_., v\u0000é') }),
  fc.record({ kind: fc.constant('no-header' as const), header }),
  fc.record({ kind: fc.constant('header-twice' as const), header }),
  fc.record({
    kind: fc.constant('junk-signature' as const),
    text: fc.oneof(
      fc.string(),
      fc.base64String().map((s) => `v1,${s}`),
    ),
  }),
  fc.record({ kind: fc.constant('other-scheme' as const), scheme: fc.constantFrom('v1a', 'v2', 'V1', '') }),
  fc.record({ kind: fc.constant('cut-signature' as const), length: fc.integer({ min: 0, max: 46 }) }),
);
type Forgery = typeof forgeries extends fc.Arbitrary<infer F> ? F : never;

function forged(genuine: WebhookRequest, forgery: Forgery): WebhookRequest {
  const headers = { ...genuine.headers };
  const signature = String(headers['webhook-signature']);
  const as = (over: Partial<WebhookRequest>): WebhookRequest => ({ ...genuine, headers, ...over });
  switch (forgery.kind) {
    case 'stale':
      return signed(genuine.rawBody.toString(), { at: later(forgery.off) });
    case 'fresh-time':
      // a delivery that was caught, with another time set under the same signature
      headers['webhook-timestamp'] = String(now.getTime() / 1000 + forgery.off);
      return as({});
    case 'other-key':
      return signed(genuine.rawBody.toString(), { by: `whsec_${Buffer.from(forgery.key).toString('base64')}` });
    case 'body-byte': {
      const rawBody = Buffer.from(genuine.rawBody);
      const at = Math.floor(forgery.at * rawBody.length);
      rawBody[at] = (rawBody[at] ?? 0) ^ forgery.flip;
      return as({ rawBody });
    }
    case 'other-body':
      return as({ rawBody: Buffer.from(forgery.text) });
    case 'header-char': {
      const value = String(headers[forgery.header]);
      const at = Math.floor(forgery.at * value.length);
      headers[forgery.header] = value.slice(0, at) + forgery.to + value.slice(at + 1);
      return as({});
    }
    case 'no-header':
      delete headers[forgery.header];
      return as({});
    case 'header-twice':
      headers[forgery.header] = [String(headers[forgery.header]), String(headers[forgery.header])];
      return as({});
    case 'junk-signature':
      headers['webhook-signature'] = forgery.text;
      return as({});
    case 'other-scheme':
      headers['webhook-signature'] = signature.replace('v1,', `${forgery.scheme},`);
      return as({});
    case 'cut-signature':
      headers['webhook-signature'] = signature.slice(0, forgery.length);
      return as({});
  }
}

describe('a webhook that is forged, altered or stale', () => {
  it(`is never taken (${runs})`, { timeout: 60_000 + runs * 20 }, async () => {
    await using w = await world({ credentials: { webhookSecret: `${secret} ${formerSecret}` } });
    const ids = fc.integer({ min: 1, max: 10 ** 9 }).map(String);
    let met = 0;
    fc.assert(
      fc.property(ids, ids, forgeries, (contact, id, forgery) => {
        const genuine = signed(told({ contact, by: 'contact' }), { id: `msg_${id}` });
        expect(w.webhook.hints(genuine)).toEqual([{ ...hint, locator: contact }]);
        const bad = forged(genuine, forgery);
        const isSame = JSON.stringify(bad.headers) === JSON.stringify(genuine.headers) && bad.rawBody.equals(genuine.rawBody);
        fc.pre(!isSame);
        met++;
        expect(w.webhook.hints(bad)).toBeNull();
      }),
      { numRuns: runs, seed },
    );
    expect(met).toBe(runs);
  });
});

describe('a webhook that the sandbox sends', () => {
  it('is signed so that the connector takes it, and again with a new time and the same id', async () => {
    await using w = await world({ credentials: { webhookSecret: `${secret} ${formerSecret}` } });
    const hub = await hookServer();
    onTestFinished(() => hub.close());
    w.vendor.hook({ url: `http://127.0.0.1:${hub.port}/webhooks/panel/x`, secrets: [secret, formerSecret] });
    const { id } = w.vendor.add(aino);
    w.vendor.edit(id, { email: 'uusi@sahko.test' });
    await w.recipient.restrict({ place: 'contacts', id }, [], call);
    w.vendor.webhooks.sendAgain();
    await w.vendor.webhooks.settled();
    const heard = hub.hooks.map(({ headers, body: text }) =>
      w.webhook.hints({ headers, rawBody: Buffer.from(text), now: new Date() }),
    );
    expect(heard.filter((hints) => hints?.length === 1)).toHaveLength(4);
    // what Kaiku did itself
    expect(heard.filter((hints) => hints?.length === 0)).toHaveLength(2);
    expect(new Set(hub.hooks.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
    expect(hub.hooks.map(({ body: text }) => text).join()).not.toContain('@');
  });
});
