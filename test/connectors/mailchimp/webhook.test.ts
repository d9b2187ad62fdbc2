import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '../../../src/connectors/connector.ts';
import { aino, audience, call, officialClient, world } from './setup.ts';

const secret = 'a-signing-secret-of-some-length';
const now = new Date('2026-03-02T10:00:00Z');
const seconds = Math.floor(now.getTime() / 1000);
const body = (data: Record<string, string>, type = 'unsubscribe') =>
  Buffer.from(
    new URLSearchParams({
      type,
      fired_at: '2026-03-02 09:59:58',
      ...Object.fromEntries(Object.entries(data).map(([k, v]) => [`data[${k}]`, v])),
    }).toString(),
  );
const about = (email: string) => ({ list_id: audience, email, id: '8a25ff1d98' });
const sign = (raw: Buffer, key = secret, t = seconds) =>
  `t=${t},v1=${createHmac('sha256', key).update(`${t}.`).update(raw).digest('hex')}`;
const request = (rawBody: Buffer, signature?: string): WebhookRequest => ({
  headers: signature === undefined ? {} : { 'x-mailchimp-signature': signature },
  rawBody,
  now,
});

describe('a webhook that came in', () => {
  it('is a hint to look again, and carries no data', async () => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino, FNAME: 'Aino' });
    const [hint] = w.webhook.hints(request(body({ ...about(aino), 'merges][FNAME': 'Forged' }))) ?? [];
    expect(hint).toEqual({ place: audience, locator: JSON.stringify({ emails: [aino] }) });
    expect(await w.webhook.follow(hint ?? { place: '', locator: '' }, call)).toMatchObject([
      { standing: 'active', refused: false, fields: { email: aino, givenName: 'Aino' } },
    ]);
  });

  it('looks under both addresses after a change of address', async () => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino });
    w.vendor.changeAddress(aino, 'uusi@sahko.test');
    const [hint] =
      w.webhook.hints(
        request(body({ list_id: audience, new_id: 'x', new_email: 'uusi@sahko.test', old_email: aino }, 'upemail')),
      ) ?? [];
    expect(await w.webhook.follow(hint ?? { place: '', locator: '' }, call)).toMatchObject([
      { fields: { email: 'uusi@sahko.test' } },
    ]);
  });

  it.each(['campaign', 'batch_operation_completed', 'sms_subscribe'])('leaves %s alone', async (type) => {
    await using w = await world();
    expect(w.webhook.hints(request(body({ id: 'x' }, type)))).toEqual([]);
  });

  it('leaves other audiences alone, and refuses what is in no documented form', async () => {
    await using w = await world();
    expect(w.webhook.hints(request(body({ ...about(aino), list_id: 'another' })))).toEqual([]);
    expect(w.webhook.hints(request(Buffer.from('')))).toBeNull();
    expect(w.webhook.hints(request(Buffer.from('{"type":"unsubscribe"}')))).toBeNull();
    expect(w.webhook.hints(request(body({ list_id: audience })))).toBeNull();
  });

  it('needs the signature where a secret is configured, within five minutes, with either secret while rotating', async () => {
    await using w = await world({ credentials: { signingSecret: `${secret} former-secret` } });
    const raw = body(about(aino));
    expect(w.webhook.hints(request(raw, sign(raw)))).toHaveLength(1);
    expect(w.webhook.hints(request(raw, sign(raw, 'former-secret')))).toHaveLength(1);
    expect(w.webhook.hints(request(raw, sign(raw, secret, seconds - 300)))).toHaveLength(1);
    expect(w.webhook.hints(request(raw, sign(raw, secret, seconds - 301)))).toBeNull();
    expect(w.webhook.hints(request(raw, sign(raw, secret, seconds + 301)))).toBeNull();
    expect(w.webhook.hints(request(raw, sign(raw, 'wrong')))).toBeNull();
    expect(w.webhook.hints(request(raw))).toBeNull();
    expect(w.webhook.hints(request(body(about('other@sahko.test')), sign(raw)))).toBeNull();
  });

  test.prop([fc.string({ maxLength: 120 }), fc.string({ maxLength: 60 }), fc.integer({ min: -400, max: 400 }), fc.boolean()], {
    numRuns: 2000,
  })('takes no forged signature', async (junk, key, off, altered) => {
    await using w = await shared;
    const raw = body(about(aino));
    const t = seconds + off;
    const forged = altered
      ? sign(raw, secret, t).replace(/v1=./, (m) => (m.endsWith('0') ? 'v1=1' : 'v1=0'))
      : key === secret
        ? junk
        : sign(raw, key || 'x', t);
    expect(w.webhook.hints(request(raw, forged))).toBeNull();
    expect(w.webhook.hints(request(raw, junk))).toBeNull();
  });
});

/** One world for the property above: nothing in it changes. */
const shared = world({ credentials: { signingSecret: secret } }).then((w) => ({
  webhook: w.webhook,
  [Symbol.asyncDispose]: async () => {},
}));

/** Somebody who listens for webhooks. */
async function receiver(answer: (body: string) => number = () => 202) {
  const got: { body: string; headers: Record<string, unknown>; method: string }[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    got.push({ body: text, headers: incoming.headers, method: incoming.method ?? '' });
    outgoing.writeHead(incoming.method === 'GET' ? 200 : answer(text)).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    got,
    posts: () => got.filter((g) => g.method === 'POST'),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/newsletter/x`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const events = { subscribe: true, unsubscribe: true, profile: true, cleaned: true, upemail: true, campaign: false };

describe('a webhook that the sandbox sends', () => {
  it('is made after a visit, tells its secret once, and is signed so that the connector takes it', async () => {
    await using w = await world();
    await using r = await receiver();
    const { lists } = officialClient(w.server.url);
    const made = await lists.createListWebhook(audience, {
      url: r.url,
      events,
      sources: { user: true, admin: true, api: false },
    });
    expect(r.got).toMatchObject([{ method: 'GET', headers: { 'user-agent': 'MailChimp.com WebHook Validator' } }]);
    expect(made.signing_enabled).toBe(true);
    const shown = await (
      await fetch(`${w.server.url}/3.0/lists/${audience}/webhooks`, {
        headers: { authorization: `Basic ${btoa('user:key-us1')}` },
      })
    ).text();
    expect(shown).not.toContain(made.signing_secret);

    w.vendor.seedMember(audience, { email: aino, FNAME: 'Aino' });
    w.vendor.unsubscribe(aino);
    await w.vendor.webhooksSettled();
    const [post] = r.posts();
    expect(post?.headers).toMatchObject({ 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'MailChimp.com' });
    expect(Object.fromEntries(new URLSearchParams(post?.body))).toMatchObject({
      type: 'unsubscribe',
      'data[action]': 'unsub',
      'data[email]': aino,
      'data[list_id]': audience,
      'data[merges][FNAME]': 'Aino',
    });
    await using mine = await world({ credentials: { signingSecret: made.signing_secret ?? '' } });
    const heard = mine.webhook.hints({
      headers: post?.headers as Record<string, string>,
      rawBody: Buffer.from(post?.body ?? ''),
      now: new Date(),
    });
    expect(heard).toHaveLength(1);
  });

  it('does not report what came by API where that source is off', async () => {
    await using w = await world();
    await using r = await receiver();
    w.vendor.addWebhook(audience, { url: r.url, sources: { user: true, admin: true, api: false } });
    w.vendor.seedMember(audience, { email: aino });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    await w.recipient.restrict(profile?.ref ?? { place: '', id: '' }, [], call);
    await w.vendor.webhooksSettled();
    expect(r.posts()).toEqual([]);
    w.vendor.changeAddress(aino, 'uusi@sahko.test');
    await w.vendor.webhooksSettled();
    expect(r.posts().map((p) => new URLSearchParams(p.body).get('data[new_email]'))).toEqual(['uusi@sahko.test']);
    expect(r.posts()[0]?.headers).not.toHaveProperty('x-mailchimp-signature');
  });

  it('comes twice and out of order when it is told to, again after a failure, and never after a 410', async () => {
    await using w = await world({
      switches: { duplicateWebhooks: true, reorderWebhooks: true },
      webhooks: { retryDelaysMs: [20, 20] },
    });
    await using r = await receiver((text) => (text.includes('broken') ? 500 : text.includes('farewell') ? 410 : 202));
    w.vendor.addWebhook(audience, { url: r.url });
    for (const email of ['first@sahko.test', 'second@sahko.test']) w.vendor.seedMember(audience, { email });
    w.vendor.unsubscribe('first@sahko.test');
    w.vendor.unsubscribe('second@sahko.test');
    await w.vendor.webhooksSettled();
    const heard = () => r.posts().map((p) => new URLSearchParams(p.body).get('data[email]'));
    expect(heard().sort()).toEqual(['first@sahko.test', 'first@sahko.test', 'second@sahko.test', 'second@sahko.test']);
    w.vendor.switches.duplicateWebhooks = false;
    w.vendor.seedMember(audience, { email: 'broken@sahko.test' });
    w.vendor.unsubscribe('broken@sahko.test');
    await expect.poll(() => heard().filter((e) => e === 'broken@sahko.test').length).toBe(3);
    w.vendor.seedMember(audience, { email: 'farewell@sahko.test' });
    w.vendor.unsubscribe('farewell@sahko.test');
    await w.vendor.webhooksSettled();
    w.vendor.clean('first@sahko.test');
    await w.vendor.webhooksSettled();
    expect(r.posts().at(-1)?.body).toContain('farewell');
  });

  it('that comes twice is the same bytes, and in whatever order it comes the member is told as they are now', async () => {
    await using w = await world({ switches: { duplicateWebhooks: true, reorderWebhooks: true } });
    await using r = await receiver();
    w.vendor.addWebhook(audience, { url: r.url });
    w.vendor.seedMember(audience, { email: aino });
    w.vendor.unsubscribe(aino);
    w.vendor.resubscribeByForm(aino);
    w.vendor.changeAddress(aino, 'uusi@sahko.test');
    w.vendor.unsubscribe('uusi@sahko.test');
    await w.vendor.webhooksSettled();
    const bodies = r.posts().map((p) => p.body);
    expect(bodies.length).toBe(8);
    // the hub keeps one hint for equal bytes; deliveries of one second that say the same are one, too
    expect(new Set(bodies).size).toBeLessThanOrEqual(4);
    expect(new URLSearchParams(bodies[0]).get('data[email]')).toBe('uusi@sahko.test');
    const told = new Map<string, unknown>();
    for (const raw of bodies)
      for (const hint of w.webhook.hints(request(Buffer.from(raw))) ?? [])
        for (const profile of (await w.webhook.follow(hint, call)) as {
          ref: { id: string };
          refused: boolean;
          fields: unknown;
        }[])
          told.set(profile.ref.id, { refused: profile.refused, fields: profile.fields });
    expect([...told.values()]).toEqual([{ refused: true, fields: { email: 'uusi@sahko.test' } }]);
  });
});
