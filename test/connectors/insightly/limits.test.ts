import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/connectors/http.ts';
import { insightly } from '../../../src/connectors/insightly/connector.ts';
import { quotaOf } from '../../../src/connectors/insightly/quota.ts';
import { call, clock, wire, world } from './setup.ts';

const answered = (status: number, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: Buffer.alloc(0),
  text: () => '',
  json: () => null,
});
const remaining = (calls: number) => ({ 'x-ratelimit-remaining': String(calls) });
const hour = 3_600_000;

describe('a 429', () => {
  const heard = (time: ReturnType<typeof clock>, resetHour = 0) => {
    const quota = quotaOf(resetHour, time.now);
    return (status: number, headers?: Record<string, string>) => {
      const answer = answered(status, headers);
      quota.heard(answer);
      return status === 429 ? quota.refusal(answer) : undefined;
    };
  };

  it('without headers after the last call of the day means the day, and says how long', () => {
    const say = heard(clock('2025-04-19T20:00:00Z'));
    say(200, remaining(0));
    expect(say(429)).toMatchObject({ code: 'RECIPIENT_QUOTA_SPENT', retryAfterMs: 4 * hour + 300_000 });
  });

  it("without headers means the rate while calls are left, and when the last number is yesterday's", () => {
    const time = clock('2025-04-19T20:00:00Z');
    const say = heard(time);
    say(200, remaining(12));
    expect(say(429)).toMatchObject({ code: 'RECIPIENT_THROTTLED', retryAfterMs: 6000 });
    say(200, remaining(0));
    time.pass(5 * 3600);
    expect(say(429)?.code).toBe('RECIPIENT_THROTTLED');
  });

  it('that tells nothing and does not end waits longer each time, up to a quarter of an hour, and starts anew after a success', () => {
    const say = heard(clock());
    const waits = Array.from({ length: 10 }, () => say(429)?.retryAfterMs);
    expect(waits.slice(0, 3)).toEqual([6000, 12_000, 24_000]);
    expect(waits.at(-1)).toBe(15 * 60_000);
    say(200);
    expect(say(429)?.retryAfterMs).toBe(6000);
    expect(say(429, remaining(7))?.retryAfterMs).toBe(6000);
  });

  it('on both sides of the supposed reset asks again within the hour: the reset is at another one', () => {
    const time = clock('2025-04-19T23:00:00Z');
    const say = heard(time);
    expect(say(429, remaining(0))?.retryAfterMs).toBe(hour + 300_000);
    time.pass(3600 + 300);
    expect(say(429, remaining(0))).toMatchObject({ code: 'RECIPIENT_QUOTA_SPENT', retryAfterMs: hour });
    time.pass(3600);
    say(200, remaining(900));
    time.pass(3600);
    expect(say(429, remaining(0))?.retryAfterMs).toBeGreaterThan(20 * hour);
  });

  it('waits as long as Retry-After where that is longer', () => {
    const say = heard(clock('2025-04-19T23:59:00Z'));
    expect(say(429, { ...remaining(0), 'retry-after': '7200' })?.retryAfterMs).toBe(2 * hour);
  });

  it('is told apart over the wire without headers too', async () => {
    await using w = await world({ quota: 2, quotaHeadersOn429: false });
    await w.register.total('contact', call);
    w.server.fault({ kind: 'throttle' });
    await expect(w.register.total('contact', call)).rejects.toMatchObject({ code: 'RECIPIENT_THROTTLED' });
    await w.register.total('contact', call);
    await expect(w.register.total('contact', call)).rejects.toMatchObject({ code: 'RECIPIENT_QUOTA_SPENT' });
  });
});

describe('a wrong pod', () => {
  it('that answers 404 makes nobody disappear', async () => {
    await using w = await world();
    const id = w.crm.add('contact', { FIRST_NAME: 'Aino' });
    w.crm.moveAway(404);
    await expect(w.register.look({ place: 'contact', id }, call)).rejects.toMatchObject({ code: 'RIGHT_MISSING' });
    await expect(w.recipient.read({ place: 'contact', id }, call)).rejects.toMatchObject({ code: 'RIGHT_MISSING' });
    await expect(w.register.sweep('contact', call)).rejects.toMatchObject({ code: 'RIGHT_MISSING' });
    w.crm.moveAway(401);
    await expect(w.register.look({ place: 'contact', id }, call)).rejects.toMatchObject({ code: 'CREDENTIALS_REJECTED' });
    w.crm.moveAway(null);
    expect(await w.register.look({ place: 'contact', id }, call)).toMatchObject({ kind: 'found' });
  });

  it('is named by the check', async () => {
    await using w = await world();
    w.crm.moveAway(401);
    expect((await w.connector.check(call, false))[0]).toMatchObject({ ok: false, problem: expect.stringContaining('pod') });
  });

  it('and a plan that lost its leads look the same: no lead is gone', async () => {
    await using w = await world();
    const id = w.crm.add('lead', { LAST_NAME: 'Salmi' });
    w.crm.deny('lead', 404);
    await expect(w.register.look({ place: 'lead', id }, call)).rejects.toMatchObject({ code: 'RIGHT_MISSING' });
    w.crm.deny('lead', null);
    w.crm.remove('lead', id);
    expect(await w.register.look({ place: 'lead', id }, call)).toEqual({ kind: 'gone' });
  });

  it('costs one more request for the first record that is gone, not one for each', async () => {
    await using w = await world();
    for (let n = 1; n <= 5; n++)
      expect(await w.register.look({ place: 'contact', id: String(n) }, call)).toEqual({ kind: 'gone' });
    expect(w.server.log).toHaveLength(6);
  });
});

describe('the check', () => {
  it("tells how many of the day's calls are left", async () => {
    await using w = await world({ quota: 1000 });
    const probe = (await w.connector.check(call, false)).at(-1);
    expect(probe).toMatchObject({ right: 'daily quota', ok: true });
    expect(probe?.problem).toBe(`${1000 - w.server.log.length} of 1000 calls are left today`);
  });

  it('says that none are left instead of breaking off', async () => {
    await using w = await world({ quota: 2 });
    const probes = await w.connector.check(call, false);
    expect(probes.map(({ right, ok }) => [right, ok])).toEqual([
      ['users/me: read', true],
      ['contacts: read', true],
      ['daily quota', false],
    ]);
  });
});

describe('a field that the key may not see', () => {
  it('is named by the check where rows lack it', async () => {
    await using w = await world();
    w.crm.add('contact', { FIRST_NAME: 'Aino', EMAIL_ADDRESS: 'aino@asiakas.test' });
    const fields = async () => (await w.connector.check(call, false)).find((p) => p.right === 'contacts: configured fields');
    expect(await fields()).toMatchObject({ ok: true });
    w.crm.conceal('contact', 'EMAIL_ADDRESS', 'missing');
    w.crm.conceal('contact', 'ADDRESS_MAIL_CITY', 'missing');
    const probe = await fields();
    expect(probe?.ok).toBe(false);
    for (const name of ['EMAIL_ADDRESS', 'ADDRESS_MAIL_CITY'])
      expect(probe?.problem).toContain(`${name} is not shown to this key`);
  });
});

describe('an answer that is packed', () => {
  it('is read like any other', async () => {
    await using w = await world({ gzip: true });
    const id = w.crm.add('contact', { FIRST_NAME: 'Väinö' });
    expect(await w.register.look({ place: 'contact', id }, call)).toMatchObject({ record: { person: { givenName: 'Väinö' } } });
    expect(await w.recipient.restrict({ place: 'contact', id }, ['newsletter'], call)).toMatchObject({ kind: 'accepted' });
  });
});

describe('a webhook with a login', () => {
  const login = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const connect = (credentials: Record<string, string>) =>
    insightly.connect(
      {
        system: 'crm',
        baseUrl: 'https://api.na1.insightly.com/v3.1',
        credentials: { apiKey: 'key', ...credentials },
        settings: insightly.settings.parse({}),
      },
      wire,
    );
  const rawBody = Buffer.from('{"entity":{"CONTACT_ID":7}}');
  const heard = (authorization?: string) =>
    connect({ webhookUser: 'kaiku', webhookPassword: 'sala:na' }).webhook?.hints({
      headers: authorization === undefined ? {} : { authorization },
      rawBody,
      now: new Date(),
    });

  it('is heard with it and with nothing else', () => {
    expect(heard(login('kaiku', 'sala:na'))).toEqual([{ place: 'contact', locator: '7' }]);
    for (const wrong of [
      undefined,
      '',
      login('kaiku', 'other'),
      login('other', 'sala:na'),
      login('', ''),
      'Bearer x',
      'Basic ???',
    ])
      expect(heard(wrong)).toBeNull();
  });

  it('is not asked for one where none is configured, and half a login is a mistake of the set-up', () => {
    expect(connect({}).webhook?.hints({ headers: {}, rawBody, now: new Date() })).toHaveLength(1);
    expect(() => connect({ webhookUser: 'kaiku' })).toThrow('webhookPassword');
    expect(() => connect({ webhookPassword: 'x' })).toThrow('webhookUser');
  });
});
