import { describe, expect, it } from 'vitest';
import type { Answer, Wire } from '../../../src/connectors/http.ts';
import type { Fault } from '../../../src/connectors/sandbox.ts';
import { Failure } from '../../../src/core/failure.ts';
import { aino, audience, call, given, refOf, world } from './setup.ts';

const anyRef = { place: audience, id: 'c'.repeat(32), key: 'd'.repeat(32) };

/** A wire that answers one thing, whatever is asked. */
const saying = (status: number, body: string, headers: Record<string, string> = {}): Wire => {
  const answer: Answer = { status, headers, body: Buffer.from(body), text: () => body, json: () => JSON.parse(body) as unknown };
  return async () => answer;
};
const problem = (status: number, title: string) =>
  saying(status, JSON.stringify({ title, status, detail: '' }), { 'content-type': 'application/problem+json' });

describe('what an answer means', () => {
  it.each([
    ['a rejected key', problem(401, 'API Key Invalid'), 'CREDENTIALS_REJECTED'],
    ['a disabled user', problem(403, 'User Disabled'), 'CREDENTIALS_REJECTED'],
    ['a missing right', problem(403, 'Forbidden'), 'RIGHT_MISSING'],
    ['a bare 403', saying(403, ''), 'RECIPIENT_THROTTLED'],
    ['an HTML 403', saying(403, '<html>Request Blocked</html>'), 'RECIPIENT_THROTTLED'],
    ['a 429', problem(429, 'TooManyRequests'), 'RECIPIENT_THROTTLED'],
    ['an HTML 502', saying(502, '<html>502</html>'), 'RECIPIENT_UNAVAILABLE'],
    ['an HTML 503', saying(503, '<html>Request Blocked</html>'), 'RECIPIENT_UNAVAILABLE'],
    ['a 500', problem(500, 'Internal Server Error'), 'RECIPIENT_UNAVAILABLE'],
    ['a 200 that is no member', saying(200, '{}'), 'ANSWER_GARBLED'],
    ['a page of somebody between', saying(404, '<html>not here</html>'), 'ANSWER_GARBLED'],
    ['a redirect', saying(302, ''), 'ANSWER_GARBLED'],
    ['a 422', problem(422, 'Method override'), 'RECIPIENT_REFUSED'],
  ])('names %s', async (_what, wire, code) => {
    await using w = await world({ behind: () => wire });
    await expect(w.recipient.read(anyRef, call)).rejects.toMatchObject({ code });
  });

  it('waits a few seconds where the vendor names no time, and what it names where it does', async () => {
    await using w = await world();
    w.server.fault({ kind: 'throttle' });
    await expect(w.recipient.read(anyRef, call)).rejects.toMatchObject({ code: 'RECIPIENT_THROTTLED', retryAfterMs: 3000 });
    w.server.fault({ kind: 'throttle', retryAfter: '17' });
    await expect(w.recipient.read(anyRef, call)).rejects.toMatchObject({ retryAfterMs: 17_000 });
  });

  it.each<[Fault['kind'], string]>([
    ['html-502', 'ANSWER_LOST'],
    ['server-error', 'ANSWER_LOST'],
    ['commit-then-drop', 'ANSWER_LOST'],
    ['drop-before-commit', 'ANSWER_LOST'],
    ['hang', 'ANSWER_LOST'],
    ['cut-body', 'ANSWER_LOST'],
    ['garbage-200', 'ANSWER_GARBLED'],
    ['bare-403', 'RECIPIENT_THROTTLED'],
    ['unauthorized', 'CREDENTIALS_REJECTED'],
  ])('calls a write that met %s %s: nothing is repeated blindly', async (kind, code) => {
    await using w = await world({ deadlineMs: 300 });
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    w.server.fault({ kind, method: 'PATCH' });
    await expect(w.recipient.rectify(ref, given({ givenName: 'Aino' }), [], call)).rejects.toMatchObject({ code });
    expect(w.server.log.filter((l) => l.method === 'PATCH')).toHaveLength(1);
  });

  it('keeps address and key out of every failure', async () => {
    await using w = await world({ deadlineMs: 300 });
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    for (const kind of ['html-502', 'hang', 'garbage-200', 'unauthorized'] as const) {
      w.server.fault({ kind });
      const error: unknown = await w.recipient.read(ref, call).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(Failure);
      const failure = error as Failure;
      expect(JSON.stringify([failure.message, failure.stack, failure, String(failure.cause)])).not.toMatch(
        /aino|key-us1|a2V5|lists\//i,
      );
    }
  });

  it('sends nothing once the lease is lost', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    const before = w.server.log.length;
    const lost = {
      beforeWire: async (kind: 'read' | 'write') => {
        if (kind === 'write') throw new Failure('LEASE_LOST');
        return Number.POSITIVE_INFINITY;
      },
    };
    await expect(w.recipient.erase(ref, lost)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(w.server.log.slice(before).map((l) => l.method)).toEqual(['GET']);
  });

  it('tells the lease of each call its own, side by side', async () => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino });
    const seen: string[] = [];
    const named = (name: string) => ({
      beforeWire: async () => {
        seen.push(name);
        return Number.POSITIVE_INFINITY;
      },
    });
    await Promise.all(['a', 'b', 'c'].map((name) => w.recipient.find({ email: aino }, audience, named(name))));
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
  });

  it('finishes a long scan over a page that failed once', async () => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino });
    w.server.fault({ kind: 'html-502', path: '/members' });
    let found = 0;
    for await (const page of w.recipient.list(call)) found += page.length;
    expect(found).toBe(1);
  });

  it('is not led astray by a "server" in a path', async () => {
    await using w = await world({ audiences: ['server1'], settings: { audiences: ['server1'] } });
    w.vendor.seedMember('server1', { email: 'observer@sahko.test' });
    expect(await w.recipient.find({ email: 'observer@sahko.test' }, 'server1', call)).toHaveLength(1);
  });
});

describe('refusals of a write', () => {
  const refusing =
    (status: number, body: Record<string, unknown>): ((wire: Wire) => Wire) =>
    (wire) =>
    (request, c) =>
      request.method === 'GET' ? wire(request, c) : saying(status, JSON.stringify(body))(request, c);

  it.each([
    [{ title: 'Member In Compliance State', detail: 'x is in a compliance state due to unsubscribe' }, 'compliance'],
    [
      {
        title: 'Invalid Resource',
        detail: 'Your merge fields were invalid.',
        errors: [{ field: 'PHONE', message: 'Please enter a value' }],
      },
      'field-invalid',
    ],
    [{ title: 'JSON Parse Exception', detail: '' }, 'not-accepted'],
  ])('names %j', async (body, code) => {
    await using w = await world({ behind: refusing(400, body) });
    w.vendor.seedMember(audience, { email: aino });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    expect(await w.recipient.rectify(profile?.ref ?? anyRef, given({ givenName: 'x' }), [], call)).toEqual({
      kind: 'refused',
      code,
    });
  });

  it('knows both recorded forms of an address that is taken', async () => {
    const body = {
      title: 'Invalid Resource',
      detail: 'x',
      errors: [{ field: 'email', message: 'x is already in this list with a status of "subscribed".' }],
    };
    await using w = await world({ behind: refusing(400, body) });
    w.vendor.seedMember(audience, { email: aino });
    w.vendor.seedMember(audience, { email: 'taken@sahko.test' });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    expect(await w.recipient.rectify(profile?.ref ?? anyRef, given({ email: 'taken@sahko.test' }), [], call)).toEqual({
      kind: 'refused',
      code: 'address-taken',
    });
  });

  it('does not call an erasure accepted that the vendor did not confirm with 204', async () => {
    await using w = await world({ behind: refusing(200, {}) });
    w.vendor.seedMember(audience, { email: aino });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    await expect(w.recipient.erase(profile?.ref ?? anyRef, call)).rejects.toMatchObject({ code: 'ANSWER_GARBLED' });
  });

  it('passes on that a state forbids the erasure', async () => {
    await using w = await world({ behind: refusing(405, { title: 'Method Not Allowed' }) });
    w.vendor.seedMember(audience, { email: aino });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    expect(await w.recipient.erase(profile?.ref ?? anyRef, call)).toEqual({ kind: 'refused', code: 'state' });
  });
});
