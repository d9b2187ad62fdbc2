import { describe, expect, it } from 'vitest';
import { failureOf } from '../../conformance/world.ts';
import { aino, call, given, refOf, world } from './setup.ts';

const forPeople = { kind: 'refused', code: 'last-owner', ask: true };

describe('an erasure in the panel', () => {
  it('takes the contact and leaves every site, with its other owners', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino, ['sahko.test', 'lampo.test']);
    const other = w.vendor.add({ email: 'eino@sahko.test' }, ['sahko.test', 'lampo.test']);
    expect(await w.recipient.erase(refOf(id), call)).toEqual({ kind: 'accepted', ref: refOf(id) });
    expect(w.vendor.contacts().map((contact) => contact.id)).toEqual([other.id]);
    expect(w.vendor.sites()).toEqual({ 'sahko.test': [other.id], 'lampo.test': [other.id] });
  });

  it('of the last owner of a site is refused there, does nothing, and is for people', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino, ['sahko.test', 'lampo.test']);
    w.vendor.add({ email: 'eino@sahko.test' }, ['sahko.test']);
    const before = JSON.stringify([w.vendor.contacts(), w.vendor.sites()]);
    expect(await w.recipient.erase(refOf(id), call)).toEqual(forPeople);
    expect(JSON.stringify([w.vendor.contacts(), w.vendor.sites()])).toBe(before);
    expect(await w.recipient.read(refOf(id), call)).toMatchObject({ ref: { id }, standing: 'active' });
  });

  it('asks for nothing but the one contact: no site and no domain is ever named', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino, ['sahko.test']);
    await w.recipient.erase(refOf(id), call);
    await w.recipient.restrict(refOf(id), [], call);
    await w.recipient.rectify(refOf(id), given({ email: 'uusi@sahko.test' }), [], call);
    expect(w.server.log.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `DELETE /contacts/${id}`,
      `POST /contacts/${id}/restrict`,
      `PATCH /contacts/${id}`,
    ]);
    expect(w.vendor.sites()).toEqual({ 'sahko.test': [id] });
  });
});

describe('a correction in the panel', () => {
  it('sends what changed alone, with null for what goes, and leaves a restriction standing', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino);
    await w.recipient.restrict(refOf(id), [], call);
    const said = await w.recipient.rectify(refOf(id), given({ email: ' Uusi@Sahko.test ' }), ['phone'], call);
    expect(said).toEqual({ kind: 'accepted', ref: refOf(id) });
    expect(w.vendor.bodies.at(-1)).toBe('{"email":"uusi@sahko.test","phone":null}');
    expect(w.vendor.contacts()).toMatchObject([{ ...aino, email: 'uusi@sahko.test', phone: null, restricted: true }]);
  });

  it('never empties an address, and never writes a customer number', async () => {
    await using w = await world();
    const { id } = w.vendor.add(aino);
    expect(await w.recipient.rectify(refOf(id), given({}), ['email'], call)).toEqual({ kind: 'refused', code: 'address-needed' });
    expect(await w.recipient.rectify(refOf(id), given({ customerNumber: 'K-8' }), [], call)).toMatchObject({ kind: 'accepted' });
    expect(await w.recipient.rectify(refOf('9'), given({ customerNumber: 'K-8' }), [], call)).toEqual({ kind: 'not-found' });
    expect(w.vendor.bodies).toEqual([]);
    expect(w.recipient.carries).not.toContain('customerNumber');
  });

  it.each([
    ['an address that another contact has', { email: 'EINO@sahko.test' }, 'address-taken'],
    ['what is no address', { email: 'no address' }, 'field-invalid'],
    ['a name without an end', { givenName: 'x'.repeat(300) }, 'field-invalid'],
  ])('says of %s why it was refused', async (_what, fields, code) => {
    await using w = await world();
    const { id } = w.vendor.add(aino);
    w.vendor.add({ email: 'eino@sahko.test' });
    expect(await w.recipient.rectify(refOf(id), given(fields), [], call)).toEqual({ kind: 'refused', code });
  });

  it('writes the telephone number that the settings name', async () => {
    await using w = await world({ settings: { phone: 'mobile' } });
    const { id } = w.vendor.add(aino);
    await w.recipient.rectify(refOf(id), given({ phone: '1', mobile: '+358401111111' }), [], call);
    expect(w.vendor.bodies).toEqual(['{"phone":"+358401111111"}']);
    expect(await w.recipient.read(refOf(id), call)).toMatchObject({ fields: { mobile: '+358401111111' } });
  });
});

describe('a look-up in the panel', () => {
  it('has the address in a body, and no value of a person in any URL', async () => {
    await using w = await world();
    w.vendor.add(aino);
    await w.recipient.find(aino, 'contacts', call);
    expect(w.server.log.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /contacts/search']);
    expect(w.vendor.bodies).toEqual(['{"email":"aino@sahko.test"}']);
  });

  it("by a firm's customer number finds whose name does not contradict: the firm's other contacts are other people", async () => {
    await using w = await world();
    const { id } = w.vendor.add({ ...aino, email: 'old@sahko.test' });
    w.vendor.add({ email: 'eino@sahko.test', givenName: 'Eino', familyName: 'Salo', customerNumber: aino.customerNumber });
    const found = await w.recipient.find({ ...aino, email: 'uusi@sahko.test' }, 'contacts', call);
    expect(found.map(({ ref }) => ref.id)).toEqual([id]);
    expect(await w.recipient.find({ ...aino, customerNumber: 'K-8', email: 'uusi@sahko.test' }, 'contacts', call)).toEqual([]);
  });

  it('that is answered with other contacts is no answer', async () => {
    const others = { contacts: [{ id: '9', ...aino, email: 'eino@sahko.test', restricted: false, fromKaiku: [] }] };
    const text = JSON.stringify(others);
    const answer = { status: 200, headers: {}, body: Buffer.from(text), text: () => text, json: () => others };
    await using w = await world({ behind: () => async () => answer });
    for (const asked of [{ email: aino.email }, { customerNumber: 'K-8' }])
      expect((await failureOf(w.recipient.find(asked, 'contacts', call))).code).toBe('ANSWER_GARBLED');
  });

  it('adds nobody: an account is made by an order', async () => {
    await using w = await world();
    expect(w.recipient.placesFor?.(aino)).toEqual([]);
    expect(await w.recipient.create(given(aino), 'contacts', call)).toEqual({ kind: 'refused', code: 'cannot-add' });
    expect(w.server.log).toEqual([]);
  });
});

describe('what an answer means', () => {
  const saying = (status: number, text: string) => async () => ({
    status,
    headers: {},
    body: Buffer.from(text),
    text: () => text,
    json: () => {
      const parsed: unknown = JSON.parse(text);
      return parsed;
    },
  });
  const word = (error: string) => JSON.stringify({ error });

  it.each([
    [401, '', 'CREDENTIALS_REJECTED', 'CREDENTIALS_REJECTED'],
    [403, '', 'RIGHT_MISSING', 'RIGHT_MISSING'],
    [408, '', 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST'],
    [429, '', 'RECIPIENT_THROTTLED', 'RECIPIENT_THROTTLED'],
    [503, '<html>', 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST'],
    [200, '{}', 'ANSWER_GARBLED', 'ANSWER_GARBLED'],
    [302, word('not-found'), 'ANSWER_GARBLED', 'ANSWER_GARBLED'],
    [404, '"not-found"', 'ANSWER_GARBLED', 'ANSWER_GARBLED'],
    [404, word('last-owner'), 'RECIPIENT_REFUSED', 'RECIPIENT_REFUSED'],
    [409, word('something-new'), 'RECIPIENT_REFUSED', 'RECIPIENT_REFUSED'],
    [400, word('bad'), 'RECIPIENT_REFUSED', 'RECIPIENT_REFUSED'],
    [409, word('email-taken'), 'ANSWER_GARBLED', 'ANSWER_GARBLED'],
    [410, word('cursor-gone'), 'ANSWER_GARBLED', 'ANSWER_GARBLED'],
  ])('%i %s is %s to a read and %s to a DELETE', async (status, text, reading, writing) => {
    await using w = await world({ behind: () => saying(status, text) });
    expect((await failureOf(w.recipient.read(refOf('1'), call))).code).toBe(reading);
    expect((await failureOf(w.recipient.erase(refOf('1'), call))).code).toBe(writing);
  });

  it.each([200, 202])('%i is no success of a DELETE', async (status) => {
    await using w = await world({ behind: () => saying(status, word('last-owner')) });
    expect((await failureOf(w.recipient.erase(refOf('1'), call))).code).toBe('ANSWER_GARBLED');
  });

  it('a restriction that is answered with a contact in use is none', async () => {
    const text = JSON.stringify({ id: '1', ...aino, restricted: false, fromKaiku: [] });
    await using w = await world({ behind: () => saying(200, text) });
    expect((await failureOf(w.recipient.restrict(refOf('1'), [], call))).code).toBe('NOT_APPLIED');
  });
});

describe('the check', () => {
  it('says of each right whether the token has it', async () => {
    await using w = await world({ rights: ['read', 'correct'] });
    const probes = await w.connector.check(call, false);
    expect(probes.map(({ right, ok }) => [right, ok])).toEqual([
      ['read', true],
      ['correct', true],
      ['restrict', false],
      ['erase', false],
      ['webhook', true],
      ['read changes', true],
    ]);
    const { id } = w.vendor.add(aino);
    expect((await failureOf(w.recipient.erase(refOf(id), call))).code).toBe('RIGHT_MISSING');
  });

  it('stops before a contract that it does not know', async () => {
    const text = JSON.stringify({ contract: 'kaiku-panel-2', rights: [] });
    const answer = {
      status: 200,
      headers: {},
      body: Buffer.from(text),
      text: () => text,
      json: () => JSON.parse(text) as unknown,
    };
    await using w = await world({ behind: () => async () => answer });
    expect(await w.connector.check(call, false)).toContainEqual(expect.objectContaining({ right: 'contract', ok: false }));
  });
});

describe('the sandbox', () => {
  it('lets people act on its own pages: an account, an edit, a removal that leaves no site without an owner', async () => {
    await using w = await world();
    const act = async (deed: object) =>
      (await (await fetch(`${w.server.url}/_sandbox/act`, { method: 'POST', body: JSON.stringify(deed) })).json()) as never;
    const { id } = (await act({ do: 'add', email: aino.email, givenName: 'Aino', sites: ['sahko.test'] })) as { id: string };
    await act({ do: 'edit', id, email: 'uusi@sahko.test' });
    expect(w.vendor.contacts()).toMatchObject([{ id, email: 'uusi@sahko.test', givenName: 'Aino', familyName: null }]);
    expect(await act({ do: 'remove', id })).toEqual({ removed: false });
    await act({ do: 'add', email: 'eino@sahko.test', sites: ['sahko.test'] });
    expect(await act({ do: 'remove', id })).toEqual({ removed: true });
    expect(Object.keys(w.vendor.sites())).toEqual(['sahko.test']);
  });
});
