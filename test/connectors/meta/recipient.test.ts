import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/connectors/http.ts';
import { sha256 } from '../../../src/connectors/meta/mapping.ts';
import type { SandboxAnswer } from '../../../src/connectors/sandbox.ts';
import { failureOf } from '../../conformance/world.ts';
import { call, given, matti, world } from './setup.ts';
import { account, audience } from './subject.ts';

const custom = (id: string, more: { state?: 'flagged' | 'gone' | 'foreign' } = {}) => ({
  id,
  subtype: 'CUSTOM' as const,
  ...more,
});
const visitors = { id: '2389999', subtype: 'WEBSITE' as const };
const phone = '+358 40 123 4567';
const phoneHash = sha256('358401234567');

describe('an erasure at Meta', () => {
  it('takes a person out of every customer list, by the hash alone, and nobody else', async () => {
    await using w = await world({ accounts: { [account]: [custom('1'), visitors, custom('2')] } });
    for (const list of ['1', '2']) {
      w.vendor.upload(list, 'EMAIL', matti.hash);
      w.vendor.upload(list, 'EMAIL', sha256('eino@sahko.test'));
    }
    const ref = w.refFor({ email: ' Matti.Meikalainen@example.fi' });
    expect(await w.recipient.erase(ref, call)).toEqual({ kind: 'accepted', ref });
    expect(w.vendor.members().map(({ value }) => value)).toEqual([sha256('eino@sahko.test'), sha256('eino@sahko.test')]);
    expect(w.vendor.bodies).toEqual([1, 2].map(() => JSON.stringify({ payload: { schema: ['EMAIL'], data: [[matti.hash]] } })));
  });

  it('takes out by telephone too who was uploaded by nothing else', async () => {
    await using w = await world();
    w.vendor.upload(audience, 'PHONE', phoneHash);
    await w.recipient.erase(w.refFor({ email: matti.email, phone }), call);
    expect(w.vendor.members()).toHaveLength(1);
    await w.recipient.erase(w.refFor({ email: matti.email, phone }, `${account}/PHONE:phone`), call);
    expect(w.vendor.members()).toEqual([]);
  });

  it('reads lists in pages to the last', async () => {
    const lists = Array.from({ length: 7 }, (_, n) => custom(String(n + 1)));
    await using w = await world({ accounts: { [account]: lists }, pageSize: 3 });
    for (const { id } of lists) w.vendor.upload(id, 'EMAIL', matti.hash);
    expect(await w.recipient.erase(w.refFor({ email: matti.email }), call)).toMatchObject({ kind: 'accepted' });
    expect(w.vendor.members()).toEqual([]);
  });

  it('is only received at first: it shows up to a day later', async () => {
    let at = Date.now();
    await using w = await world({ removalMs: 24 * 3_600_000, now: () => new Date(at) });
    w.vendor.upload(audience, 'EMAIL', matti.hash);
    await w.recipient.erase(w.refFor({ email: matti.email }), call);
    expect(w.vendor.members()).toHaveLength(1);
    at += 25 * 3_600_000;
    expect(w.vendor.members()).toEqual([]);
    expect(w.connector.manifest.erasure.cap).toBe('accepted');
  });

  it('goes on with the other lists where one is flagged, and asks its people: the person is still in that one', async () => {
    await using w = await world({ accounts: { [account]: [custom('1'), custom('2', { state: 'flagged' }), custom('3')] } });
    for (const list of ['1', '2', '3']) w.vendor.upload(list, 'EMAIL', matti.hash);
    expect(await w.recipient.erase(w.refFor({ email: matti.email }), call)).toEqual({
      kind: 'refused',
      code: 'audience-flagged',
      ask: true,
    });
    expect(w.vendor.members().map(({ audience: list }) => list)).toEqual(['2']);
  });

  it('passes over lists that are deleted or another account’s, and notes it', async () => {
    const heard: { code: string; request: string }[] = [];
    const noting: Call = { ...call, heard: (what) => void heard.push(what) };
    await using w = await world({
      accounts: { [account]: [custom('1', { state: 'gone' }), custom('2', { state: 'foreign' }), custom('3')] },
    });
    w.vendor.upload('3', 'EMAIL', matti.hash);
    expect(await w.recipient.erase(w.refFor({ email: matti.email }), noting)).toMatchObject({ kind: 'accepted' });
    expect(w.vendor.members()).toEqual([]);
    expect(heard).toEqual(['1487366/0', '1487301/0'].map((code) => ({ code, request: 'AbCd-123' })));
  });

  it('claims nothing where there is no list to take anybody out of', async () => {
    for (const lists of [[], [visitors], [custom('1', { state: 'gone' })]]) {
      await using w = await world({ accounts: { [account]: lists } });
      expect(await w.recipient.erase(w.refFor({ email: matti.email }), call)).toEqual({
        kind: 'refused',
        code: 'no-customer-list',
      });
    }
  });

  it('is refused where Meta counts the value as invalid', async () => {
    await using w = await world();
    const ref = { place: `${account}/EMAIL:email`, id: 'not-hashed' };
    expect(await w.recipient.erase(ref, call)).toEqual({ kind: 'refused', code: 'identifier-invalid' });
  });

  it('knows the short answer, and a payload as a field of a form', async () => {
    await using w = await world({ shortAnswers: true, settings: { bodyAs: 'form' } });
    w.vendor.upload(audience, 'EMAIL', matti.hash);
    expect(await w.recipient.erase(w.refFor({ email: matti.email }), call)).toMatchObject({ kind: 'accepted' });
    expect([w.vendor.members(), w.vendor.bodies[0]?.startsWith('payload=%7B')]).toEqual([[], true]);
  });
});

describe('an objection and a correction at Meta', () => {
  it('take the person out, and put nobody in', async () => {
    await using w = await world();
    w.vendor.upload(audience, 'EMAIL', matti.hash);
    const ref = w.refFor({ email: matti.email });
    const fresh = { email: 'uusi@sahko.test' };
    expect(await w.recipient.rectify(ref, given(fresh), [], call)).toEqual({ kind: 'accepted', ref: w.refFor(fresh) });
    expect(w.vendor.members()).toEqual([]);
    w.vendor.upload(audience, 'EMAIL', w.refFor(fresh).id);
    expect(await w.recipient.restrict(w.refFor(fresh), ['ads'], call)).toMatchObject({ kind: 'accepted' });
    expect(w.vendor.members()).toEqual([]);
  });
});

/** Meta's refusals, by code and subcode, of the request that removes. */
const refusals: [number, number | undefined, string][] = [
  [190, 463, 'CREDENTIALS_REJECTED'],
  [190, 460, 'CREDENTIALS_REJECTED'],
  [200, undefined, 'RIGHT_MISSING'],
  [294, undefined, 'RIGHT_MISSING'],
  [2655, undefined, 'RIGHT_MISSING'],
  [105, undefined, 'RECIPIENT_REFUSED'],
  [100, undefined, 'RECIPIENT_REFUSED'],
  [2650, undefined, 'NOT_APPLIED'],
  [4, undefined, 'RECIPIENT_THROTTLED'],
  [17, undefined, 'RECIPIENT_THROTTLED'],
  [80003, undefined, 'RECIPIENT_THROTTLED'],
  [1, 99, 'ANSWER_LOST'],
  [2, undefined, 'ANSWER_LOST'],
  [341, undefined, 'RECIPIENT_UNAVAILABLE'],
  [368, undefined, 'RECIPIENT_UNAVAILABLE'],
  [5000, undefined, 'RECIPIENT_UNAVAILABLE'],
  [21009, undefined, 'RECIPIENT_UNAVAILABLE'],
  [987654, undefined, 'RECIPIENT_REFUSED'],
];

describe('a refusal of Meta', () => {
  it.each(refusals)('with code %i/%s is %s', async (code, subcode, named) => {
    await using w = await world();
    const said: SandboxAnswer = {
      status: 400,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ error: { message: matti.email, code, ...(subcode ? { error_subcode: subcode } : {}) } }),
    };
    const { handle } = w.vendor;
    w.vendor.handle = (request) => (request.method === 'DELETE' ? said : handle(request));
    const failure = await failureOf(w.recipient.erase(w.refFor({ email: matti.email }), call));
    expect(failure.code).toBe(named);
    expect(`${failure.message} ${failure.hint} ${JSON.stringify(failure)}`).not.toContain('matti');
  });

  it('for one list that is missing, or closed to us, asks its people', async () => {
    await using w = await world({ accounts: { [account]: [custom('1')] } });
    const { handle } = w.vendor;
    w.vendor.handle = (request) =>
      request.method === 'DELETE' ? handle({ ...request, path: '/v25.0/99/users' }) : handle(request);
    expect(await w.recipient.erase(w.refFor({ email: matti.email }), call)).toEqual({
      kind: 'refused',
      code: 'audience-closed',
      ask: true,
    });
  });

  it('to slow down is heard before the lists are through, and nothing is claimed of the rest', async () => {
    await using w = await world({ accounts: { [account]: [custom('1'), custom('2')] }, calls: 2 });
    for (const list of ['1', '2']) w.vendor.upload(list, 'EMAIL', matti.hash);
    expect(await failureOf(w.recipient.erase(w.refFor({ email: matti.email }), call))).toMatchObject({
      code: 'RECIPIENT_THROTTLED',
      retryAfterMs: 300_000,
    });
    expect(w.vendor.members().map(({ audience: list }) => list)).toEqual(['2']);
  });

  it('of a token that ended is for an operator', async () => {
    await using w = await world();
    w.vendor.expireToken();
    expect((await failureOf(w.recipient.erase(w.refFor({ email: matti.email }), call))).code).toBe('CREDENTIALS_REJECTED');
  });

  it.each([
    ['{"success":false}', 'NOT_APPLIED'],
    ['{"audience_id":"5","num_received":1,"num_invalid_entries":0}', 'ANSWER_GARBLED'],
    [`{"audience_id":"${audience}","num_received":0,"num_invalid_entries":0}`, 'ANSWER_GARBLED'],
  ])('is also %s at 200: %s', async (body, named) => {
    await using w = await world();
    const { handle } = w.vendor;
    w.vendor.handle = (request) => (request.method === 'DELETE' ? { status: 200, body } : handle(request));
    expect((await failureOf(w.recipient.erase(w.refFor({ email: matti.email }), call))).code).toBe(named);
  });
});

it('proves that it knows the app’s secret, where the app demands it', async () => {
  await using w = await world({ appSecret: 'app-secret' });
  expect(await w.recipient.erase(w.refFor({ email: matti.email }), call)).toMatchObject({ kind: 'accepted' });
  await using without = await world({ appSecret: 'app-secret', knowsSecret: false });
  expect((await failureOf(without.recipient.erase(without.refFor({ email: matti.email }), call))).code).toBe('RECIPIENT_REFUSED');
});

describe('the check', () => {
  it('reads the lists, names those that are flagged, and leaves open what only a removal proves', async () => {
    await using w = await world({ accounts: { [account]: [custom('1', { state: 'flagged' }), custom('2')] } });
    expect(await w.connector.check(call, false)).toEqual([
      { right: `audiences ${account}`, ok: true },
      { right: 'audience 1', ok: null, problem: expect.stringContaining('flagged') },
      { right: `removal ${account}`, ok: null, problem: expect.stringContaining('--write-test') },
    ]);
  });

  it('takes nobody out with the write test', async () => {
    await using w = await world();
    w.vendor.upload(audience, 'EMAIL', matti.hash);
    expect(await w.connector.check(call, true)).toContainEqual({ right: `removal ${account}`, ok: true });
    expect(w.vendor.members()).toHaveLength(1);
  });

  it('says what is missing', async () => {
    await using none = await world({ accounts: {} });
    expect(await none.connector.check(call, true)).toEqual([
      { right: `audiences ${account}`, ok: false, problem: expect.stringContaining('ads_management') },
    ]);
    await using empty = await world({ accounts: { [account]: [] } });
    expect(await empty.connector.check(call, true)).toContainEqual({
      right: `removal ${account}`,
      ok: null,
      problem: expect.stringContaining('no customer list'),
    });
  });
});
