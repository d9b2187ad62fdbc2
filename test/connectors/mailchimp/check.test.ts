import { describe, expect, it } from 'vitest';
import { freeCall } from '../../../src/connectors/http.ts';
import { mailchimp } from '../../../src/connectors/mailchimp/connector.ts';
import { audience, call, world } from './setup.ts';

const right = (probes: { right: string; problem?: string }[], name: string) => probes.find((p) => p.right.startsWith(name));

describe('the check', () => {
  it('reads only, and says what only a write could prove', async () => {
    await using w = await world();
    const probes = await w.connector.check(call, false);
    expect(probes.map((p) => [p.right, p.ok])).toEqual([
      ['account', true],
      [`audience ${audience}`, true],
      [`merge-fields ${audience}`, true],
      ['members-write', null],
    ]);
    expect(right(probes, 'members-write')).toMatchObject({ problem: expect.stringContaining('checkDomain') });
    expect(w.server.log.every((l) => l.method === 'GET')).toBe(true);
    expect((await w.connector.check(call, true)).at(-1)?.ok).toBeNull();
    expect(w.vendor.writes).toEqual([]);
  });

  it('writes a marked member that is never mailed, and removes it for good', async () => {
    await using w = await world({ settings: { checkDomain: 'esimerkki.test' } });
    expect((await w.connector.check(call, true)).at(-1)).toEqual({ right: 'members-write', ok: true });
    expect(w.vendor.members(audience)).toEqual([]);
    expect(w.vendor.writes.map((x) => x.method)).toEqual(['POST', 'POST']);
    expect(w.vendor.writes[0]?.body).toMatch(/"kaiku-check\+[0-9a-f]+@esimerkki\.test","status":"unsubscribed"/);
  });

  it.each(['cut-body', 'garbage-200', 'unauthorized'] as const)(
    'removes the member when it cannot be read back (%s)',
    async (kind) => {
      await using w = await world({ settings: { checkDomain: 'esimerkki.test' } });
      w.server.fault({ method: 'GET', path: '/members/', kind });
      const probe = (await w.connector.check(call, true).catch(() => [])).at(-1);
      expect(probe?.ok ?? null).not.toBe(true);
      expect(w.vendor.members(audience)).toEqual([]);
    },
  );

  it('removes the member when the answer to its making was lost', async () => {
    await using w = await world({ settings: { checkDomain: 'esimerkki.test' } });
    w.server.fault({ method: 'POST', kind: 'commit-then-drop' });
    await expect(w.connector.check(call, true)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    expect(w.vendor.members(audience)).toEqual([]);
  });

  it('names the member that it could not remove, and takes it for nobody', async () => {
    await using w = await world({ settings: { checkDomain: 'esimerkki.test' } });
    w.server.fault({ method: 'POST', path: 'delete-permanent', kind: 'drop-before-commit' });
    const probe = (await w.connector.check(call, true)).at(-1);
    const address = String(w.vendor.members(audience)[0]?.['email_address']);
    expect(address).toMatch(/^kaiku-check\+[0-9a-f]{32}@esimerkki\.test$/);
    expect(probe).toMatchObject({ right: 'members-write', ok: false, problem: expect.stringContaining(address) });
    for await (const page of w.recipient.list(call)) expect(page).toEqual([]);
  });

  it('says what to mend: a rejected key, a missing audience, merge fields that do not fit', async () => {
    await using wrongKey = await world({ credentials: { apiKey: 'other-us1' } });
    expect(await wrongKey.connector.check(call, false)).toEqual([
      { right: 'account', ok: false, problem: expect.stringContaining('API key was rejected') },
    ]);
    await using w = await world({
      audiences: [{ id: audience, merge_fields: [{ tag: 'MUST', type: 'text', required: true }] }],
      settings: { audiences: [audience, 'missing001'], map: { FNAME: 'givenName', NOPE: 'phone', ADDRESS: 'address' } },
    });
    const probes = await w.connector.check(call, false);
    expect(right(probes, 'audience missing001')).toMatchObject({ ok: false, problem: expect.stringContaining('missing001') });
    await using mapped = await world({
      audiences: [{ id: audience, merge_fields: [{ tag: 'MUST', type: 'text', required: true }] }],
    });
    expect(right(await mapped.connector.check(call, false), 'merge-fields')).toMatchObject({
      ok: null,
      problem: expect.stringContaining('MUST'),
    });
    expect(right(probes, `merge-fields ${audience}`)).toMatchObject({ ok: false });
    const problem = right(probes, `merge-fields ${audience}`)?.problem;
    for (const said of ['no merge field NOPE', 'ADDRESS: a field of type address', 'MUST is required but not mapped'])
      expect(problem).toContain(said);
  });

  it('compares the data centre of the key with the one of the address before anything is sent', async () => {
    const settings = mailchimp.settings.parse({ audiences: [audience] });
    const connector = mailchimp.connect(
      { system: 'n', baseUrl: 'https://us6.api.mailchimp.com/3.0', credentials: { apiKey: 'abc-us12' }, settings },
      async () => {
        throw new Error('nothing may be sent');
      },
    );
    expect(await connector.check(freeCall, false)).toEqual([
      { right: 'account', ok: false, problem: expect.stringContaining('https://us12.api.mailchimp.com/3.0') },
    ]);
  });

  it('throws where nothing can be said: the account was not reached', async () => {
    await using w = await world();
    await w.server.close();
    await expect(w.connector.check(call, false)).rejects.toMatchObject({ code: 'RECIPIENT_UNREACHABLE' });
  });
});

describe('the settings', () => {
  it('have a usual map and know their words', () => {
    expect(mailchimp.settings.parse({ audiences: ['a1'] })).toEqual({
      audiences: ['a1'],
      map: { FNAME: 'givenName', LNAME: 'familyName' },
      interests: {},
      tags: {},
      connections: 8,
    });
    for (const wrong of [
      {},
      { audiences: [] },
      { audiences: ['a1'], map: { FNAME: 'firstName' } },
      { audiences: ['a1'], map: { fname: 'givenName' } },
      { audiences: ['a1'], other: 1 },
    ]) {
      expect(mailchimp.settings.safeParse(wrong).success).toBe(false);
    }
  });
});
