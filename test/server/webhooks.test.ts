import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { dueHints } from '../../src/store/hints.ts';
import { hookSecret, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await openTestHub();
  return () => hub.close();
});

const deliver = (payload: string, more: { secret?: string; type?: string; authentic?: string; system?: string } = {}) =>
  hub.raw({
    method: 'POST',
    url: `/webhooks/${more.system ?? 'newsletter'}/${more.secret ?? hookSecret}`,
    headers: { 'content-type': more.type ?? 'application/json', 'x-authentic': more.authentic ?? 'yes' },
    payload,
  });

describe('a webhook', () => {
  it('is answered 202 after its hints are stored, sealed', async () => {
    const answer = await deliver('{"rows": ["row-one", "row-two"]}');
    expect(answer.status).toBe(202);
    expect(await hub.dump('hint')).not.toMatch(/row-one|row-two/);
    const hints = (await dueHints(hub.needs.db, 10)).map((h) => hub.needs.vault.unsealJson('hint:newsletter', h.sealed));
    expect(hints).toEqual([
      { place: 'all', locator: 'row-one' },
      { place: 'all', locator: 'row-two' },
    ]);
  });

  it('takes any content type and hands the raw bytes over', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'application/octet-stream']) {
      expect((await deliver(`{"rows": ["${type}"]}`, { type })).status).toBe(202);
    }
    expect(await dueHints(hub.needs.db, 10)).toHaveLength(4);
  });

  it('stores the same delivery once', async () => {
    await deliver('{"rows": ["1"]}');
    expect((await deliver('{"rows": ["1"]}')).status).toBe(202);
    expect(await dueHints(hub.needs.db, 10)).toHaveLength(1);
  });

  it.each([
    ['with another secret', { secret: 'another-secret' }],
    ['with the secret cut short', { secret: hookSecret.slice(0, -1) }],
    ['with the hash of the secret', { secret: createHash('sha256').update(hookSecret).digest('hex') }],
    ['for a system without webhooks', { system: 'crm' }],
    ['for a system that is none', { system: 'constructor' }],
  ])('is unknown %s, and nothing is stored', async (_what, more) => {
    const answer = await deliver('{"rows": ["1"]}', more);
    expect(answer.status).toBe(404);
    expect(answer.type).toContain('application/problem+json');
    expect(await dueHints(hub.needs.db, 10)).toEqual([]);
  });

  it('is refused when it is not authentic, and nothing is stored', async () => {
    expect((await deliver('{"rows": ["1"]}', { authentic: 'no' })).status).toBe(401);
    expect(await dueHints(hub.needs.db, 10)).toEqual([]);
  });

  it('is refused above a megabyte', async () => {
    expect((await deliver('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  });

  it('answers the validation ping in both forms', async () => {
    expect((await hub.raw({ method: 'GET', url: `/webhooks/newsletter/${hookSecret}` })).status).toBe(200);
    expect((await hub.raw({ method: 'POST', url: `/webhooks/newsletter/${hookSecret}` })).status).toBe(200);
    expect((await hub.raw({ method: 'GET', url: '/webhooks/newsletter/wrong' })).status).toBe(404);
  });

  it('never writes its secret into the log', async () => {
    await deliver('{"rows": ["1"]}');
    await deliver('{"rows": ["1"]}', { secret: 'a-mistyped-secret' });
    await hub.raw({ method: 'GET', url: `/webhooks/${hookSecret}` });
    expect(hub.logged()).not.toMatch(/a-secret-of-the-path|a-mistyped-secret/);
    expect(hub.logged()).toContain('/webhooks/:system/:secret');
  });
});
