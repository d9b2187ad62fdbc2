import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../conformance/world.ts';
import { call, clientId, given, world } from './setup.ts';
import { property } from './subject.ts';

const aino = { 'custom.gaClientId': clientId };
const hourMs = 3_600_000;

/** A clock that moves only when it is told to. */
function clock() {
  let at = Date.now();
  return {
    now: () => new Date(at),
    pass: (ms: number) => {
      at += ms;
    },
  };
}

describe('an erasure at Google Analytics', () => {
  it('asks for the deletion by the client id, and leaves every other visitor', async () => {
    await using w = await world();
    for (const id of [clientId, '2.3']) w.vendor.visit(property, 'clientId', id);
    w.vendor.visit('987654321', 'clientId', clientId);
    const ref = w.refFor(aino);
    expect(await w.recipient.erase(ref, call)).toEqual({ kind: 'accepted', ref });
    expect(w.vendor.users().map(({ property: p, id }) => [p, id])).toEqual([
      [property, '2.3'],
      ['987654321', clientId],
    ]);
  });

  it('is only accepted at first: the reports follow within 72 hours, and a visit afterwards is collected anew', async () => {
    const { now, pass } = clock();
    await using w = await world({ now });
    w.vendor.visit(property, 'clientId', clientId);
    pass(1000);
    await w.recipient.erase(w.refFor(aino), call);
    expect([w.vendor.users(), w.vendor.inReports(property)]).toEqual([[], [clientId]]);
    pass(73 * hourMs);
    expect(w.vendor.inReports(property)).toEqual([]);
    w.vendor.visit(property, 'clientId', clientId);
    expect(w.vendor.users()).toHaveLength(1);
    expect(w.connector.manifest.erasure.cap).toBe('accepted');
  });

  it('names nobody whom the register gives no identifier of', async () => {
    await using w = await world();
    expect(w.recipient.refFor?.({ email: 'aino@sahko.test', givenName: 'Aino' }, `${property}/clientId`)).toBeNull();
  });

  it('is refused where Google does not take the identifier, or shows no property', async () => {
    await using w = await world();
    const refused = { kind: 'refused', code: 'identifier-invalid' };
    expect(await w.recipient.erase({ place: `${property}/clientId`, id: '' }, call)).toEqual(refused);
    await using old = await world({ settings: { version: 'v1beta' } });
    expect(await old.recipient.erase(old.refFor(aino), call)).toEqual({ kind: 'refused', code: 'property-missing' });
  });

  it('cannot end the use of somebody’s data, add anybody, or correct', async () => {
    await using w = await world();
    w.vendor.visit(property, 'clientId', clientId);
    const ref = w.refFor(aino);
    expect(await w.recipient.restrict(ref, ['analytics'], call)).toEqual({ kind: 'refused', code: 'cannot-restrict' });
    expect(await w.recipient.create(given(aino), ref.place, call)).toEqual({ kind: 'refused', code: 'cannot-add' });
    expect(await w.recipient.rectify(ref, given({ 'custom.gaClientId': `GA1.1.${clientId}` }), [], call)).toEqual({
      kind: 'accepted',
      ref,
    });
    expect(w.server.log).toEqual([]);
    const next = { place: ref.place, id: '7.8' };
    expect(await w.recipient.rectify(ref, given({ 'custom.gaClientId': '7.8' }), [], call)).toEqual({
      kind: 'accepted',
      ref: next,
    });
    expect(w.vendor.users()).toEqual([]);
  });

  it('goes by the older API where that is chosen, until its day is spent', async () => {
    await using w = await world({ settings: { api: 'v3' }, dailyQuota: 2 });
    w.vendor.visit(property, 'clientId', clientId);
    for (let n = 0; n < 2; n++) expect(await w.recipient.erase(w.refFor(aino), call)).toMatchObject({ kind: 'accepted' });
    expect(w.vendor.users()).toEqual([]);
    expect(await failureOf(w.recipient.erase(w.refFor(aino), call))).toMatchObject({
      code: 'RECIPIENT_QUOTA_SPENT',
      retryAfterMs: hourMs,
    });
  });
});

describe('access tokens', () => {
  it('are asked for once, and anew shortly before their end', async () => {
    await using w = await world();
    for (let n = 0; n < 3; n++) await w.recipient.erase(w.refFor(aino), call);
    expect(w.vendor.tokensGiven).toBe(1);
    await using short = await world({ tokenSeconds: 100 });
    for (let n = 0; n < 2; n++) await short.recipient.erase(short.refFor(aino), call);
    expect(short.vendor.tokensGiven).toBe(2);
  });

  it('that ended before their time are replaced once, and the deletion is sent again', async () => {
    await using w = await world();
    await w.recipient.erase(w.refFor(aino), call);
    w.vendor.revokeTokens();
    w.vendor.visit(property, 'clientId', clientId);
    expect(await w.recipient.erase(w.refFor(aino), call)).toMatchObject({ kind: 'accepted' });
    expect([w.vendor.tokensGiven, w.vendor.users()]).toEqual([2, []]);
  });

  it('are refused to a key that is not the account’s, and to what is no key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    for (const account of [
      JSON.stringify({ client_email: 'a@b.test', private_key: privateKey }),
      '{"private_key":"x"}',
      'secret',
    ]) {
      await using w = await world({ account });
      const failure = await failureOf(w.recipient.erase(w.refFor(aino), call));
      expect(failure.code).toBe('CREDENTIALS_REJECTED');
      expect(JSON.stringify(failure) + failure.message).not.toContain('secret');
    }
  });

  it.each([
    ['throttle', 'RECIPIENT_THROTTLED'],
    ['server-error', 'RECIPIENT_UNAVAILABLE'],
    ['garbage-200', 'ANSWER_GARBLED'],
    ['commit-then-drop', 'RECIPIENT_UNAVAILABLE'],
  ] as const)('that %s meets end in %s, and no deletion was sent', async (kind, code) => {
    await using w = await world();
    w.server.fault({ kind, path: '/token' });
    expect((await failureOf(w.recipient.erase(w.refFor(aino), call))).code).toBe(code);
    expect(w.server.log.some(({ path }) => path.includes('submitUserDeletion'))).toBe(false);
  });
});

describe('the check', () => {
  it('reads the property, and leaves open what only a deletion proves', async () => {
    await using w = await world();
    expect(await w.connector.check(call, false)).toEqual([
      { right: `property ${property}`, ok: true },
      { right: `user-deletion ${property}`, ok: null, problem: expect.stringContaining('--write-test') },
    ]);
  });

  it('asks with the write test for the deletion of somebody who is nobody', async () => {
    await using w = await world();
    w.vendor.visit(property, 'clientId', clientId);
    expect(await w.connector.check(call, true)).toContainEqual({ right: `user-deletion ${property}`, ok: true });
    expect(w.vendor.users()).toHaveLength(1);
  });

  it('says which role is missing', async () => {
    await using w = await world({ properties: ['5'] });
    expect(await w.connector.check(call, true)).toEqual([
      { right: `property ${property}`, ok: false, problem: expect.stringContaining('Editor') },
    ]);
  });

  it('reads nothing of the older API, whose scope opens no property', async () => {
    await using w = await world({ settings: { api: 'v3' } });
    expect(await w.connector.check(call, true)).toEqual([
      { right: `property ${property}`, ok: null, problem: expect.any(String) },
      { right: `user-deletion ${property}`, ok: true },
    ]);
  });
});
