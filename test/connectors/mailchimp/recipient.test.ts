import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../src/connectors/connector.ts';
import { hashOf } from '../../../src/connectors/mailchimp/mapping.ts';
import { aino, audience, call, clock, given, refOf, world } from './setup.ts';

const writtenTo = (writes: readonly { method: string; path: string; body: string }[]) =>
  writes.map((w) => `${w.method} ${w.body}`);

describe('reading', () => {
  it('hashes the trimmed, lower-cased address as the vendor documents', () => {
    expect(hashOf(' Urist.McVankab@freddiesjokes.com ')).toBe('62eeb292278cc15f5817cb78f7790b08');
  });

  it('shows the mapped fields, the standing and a refusal', async () => {
    await using w = await world();
    for (const status of ['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional', 'archived'] as const) {
      w.vendor.seedMember(audience, { email: `${status}@sahko.test`, status, FNAME: 'Aino', LNAME: 'Virtanen' });
    }
    const found = async (status: string) => (await w.recipient.find({ email: `${status}@sahko.test` }, audience, call))[0];
    expect(await found('subscribed')).toMatchObject({
      standing: 'active',
      refused: false,
      fields: { givenName: 'Aino', familyName: 'Virtanen', email: 'subscribed@sahko.test' },
    });
    expect(await found('unsubscribed')).toMatchObject({ standing: 'restricted', refused: true });
    expect(await found('cleaned')).toMatchObject({ standing: 'inert', refused: false });
    expect(await found('archived')).toMatchObject({ standing: 'inert', refused: false });
    expect(await found('pending')).toMatchObject({ standing: 'active' });
    expect(await found('transactional')).toMatchObject({ standing: 'active' });
    expect(await found('nobody')).toBeUndefined();
  });

  it('finds a member whose address changed elsewhere by the contact id, and never takes the new holder of the old address for them', async () => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino });
    const [before] = await w.recipient.find({ email: aino }, audience, call);
    w.vendor.changeAddress(aino, 'uusi@sahko.test');
    w.vendor.seedMember(audience, { email: aino, FNAME: 'Other' });
    const after = await w.recipient.read(before?.ref ?? { place: '', id: '' }, call);
    expect(after).toMatchObject({
      ref: { id: before?.ref.id, key: hashOf('uusi@sahko.test') },
      fields: { email: 'uusi@sahko.test' },
    });
  });

  it.each([true, false])('says null only when neither key finds anybody (contact ids taken: %s)', async (takesContactIds) => {
    await using w = await world({ takesContactIds });
    w.vendor.seedMember(audience, { email: aino });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    if (!profile) throw new Error('nobody found');
    refOf(await w.recipient.erase(profile.ref, call));
    expect(await w.recipient.read(profile.ref, call)).toBeNull();
    expect(w.server.log.slice(-2).map((l) => l.status)).toEqual([404, 404]);
  });

  it('lists every member of every audience once, whatever the standing, over many pages', async () => {
    await using w = await world({ audiences: [audience, 'second0001'], settings: { audiences: [audience, 'second0001'] } });
    for (let n = 0; n < 2300; n++)
      w.vendor.seedMember(audience, {
        email: `n${n}@sahko.test`,
        status: n % 7 === 0 ? 'unsubscribed' : n % 11 === 0 ? 'archived' : 'subscribed',
      });
    w.vendor.seedMember('second0001', { email: 'n1@sahko.test', status: 'cleaned' });
    const all: Profile[] = [];
    for await (const page of w.recipient.list(call)) all.push(...page);
    expect(all).toHaveLength(2301);
    expect(new Set(all.map((p) => `${p.ref.place} ${p.ref.id}`)).size).toBe(2301);
    expect(w.server.log.every((l) => l.method === 'GET')).toBe(true);
  });

  it('misses nobody when members change while the pages are read', async () => {
    const time = clock();
    await using w = await world({ now: time.now });
    for (let n = 0; n < 1500; n++) w.vendor.seedMember(audience, { email: `n${n}@sahko.test` });
    const seen = new Set<unknown>();
    for await (const page of w.recipient.list(call)) {
      for (const p of page) seen.add(p.fields.email);
      time.pass(10);
      // forty members of the first page move to the end
      if (seen.size < 1100) for (let n = 0; n < 40; n++) w.vendor.editProfile(`n${n}@sahko.test`, { FNAME: 'Later' });
    }
    expect(seen.size).toBe(1500);
  });

  it('answers changes since a cursor, the ones of the same second included', async () => {
    const time = clock(new Date().toISOString());
    await using w = await world({ now: time.now });
    w.vendor.seedMember(audience, { email: aino });
    const first = await w.recipient.changes?.(null, call);
    expect(first?.profiles).toEqual([]);
    time.pass(60);
    w.vendor.unsubscribe(aino);
    const second = await w.recipient.changes?.(first?.cursor ?? '', call);
    expect(second?.profiles).toMatchObject([{ refused: true, fields: { email: aino } }]);
    w.vendor.seedMember(audience, { email: 'same.second@sahko.test' });
    const third = await w.recipient.changes?.(second?.cursor ?? '', call);
    expect(third?.profiles.map((p) => p.fields.email)).toContain('same.second@sahko.test');
    time.pass(60);
    w.vendor.editProfile('same.second@sahko.test', { FNAME: 'Later' });
    const fourth = await w.recipient.changes?.(third?.cursor ?? '', call);
    const fifth = await w.recipient.changes?.(fourth?.cursor ?? '', call);
    expect(fifth?.profiles.map((p) => p.fields.email)).toEqual(['same.second@sahko.test']);
    await expect(w.recipient.changes?.('broken', call)).rejects.toThrow('cursor');
  });
});

describe('creating', () => {
  it('adds a subscribed member once', async () => {
    await using w = await world();
    const fields = given({ email: 'Aino.Virtanen@sahko.test', givenName: 'Aino', familyName: 'Virtanen' });
    const ref = refOf(await w.recipient.create(fields, audience, call));
    expect(ref).toEqual({ place: audience, id: w.vendor.member(audience, aino)?.['contact_id'], key: hashOf(aino) });
    expect(w.vendor.member(audience, aino)).toMatchObject({
      status: 'subscribed',
      email_address: 'Aino.Virtanen@sahko.test',
      merge_fields: { FNAME: 'Aino', LNAME: 'Virtanen' },
    });
    expect(await w.recipient.create(fields, audience, call)).toEqual({ kind: 'exists' });
    expect((await w.recipient.read(ref, call))?.fields).toEqual(w.recipient.asHeld?.(fields, audience));
  });

  it('leaves everybody who is there as they are', async () => {
    await using w = await world({ switches: { compliance: false } });
    for (const status of ['unsubscribed', 'cleaned', 'archived', 'pending'] as const) {
      w.vendor.seedMember(audience, { email: `${status}@sahko.test`, status });
      expect(await w.recipient.create(given({ email: `${status}@sahko.test` }), audience, call)).toEqual({ kind: 'exists' });
      expect(w.vendor.member(audience, `${status}@sahko.test`)).toMatchObject({ status });
    }
    expect(w.vendor.writes).toEqual([]);
  });

  it('says forgotten for an address that was deleted permanently', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    refOf(await w.recipient.erase(ref, call));
    expect(await w.recipient.create(given({ email: aino }), audience, call)).toEqual({ kind: 'forgotten' });
  });

  it('refuses what only the person may do, and addresses that are none', async () => {
    await using w = await world({
      audiences: [{ id: audience, double_optin: true }, 'open000001'],
      settings: { audiences: [audience, 'open000001'] },
    });
    expect(await w.recipient.create(given({ email: aino }), audience, call)).toEqual({ kind: 'refused', code: 'double-opt-in' });
    expect(w.vendor.writes).toEqual([]);
    expect(await w.recipient.create(given({ email: 'foo@example.com' }), 'open000001', call)).toEqual({
      kind: 'refused',
      code: 'address-invalid',
    });
    expect(await w.recipient.create(given({ email: 'AAAAA' }), 'open000001', call)).toEqual({
      kind: 'refused',
      code: 'address-invalid',
    });
    expect(await w.recipient.create(given({ givenName: 'Aino' }), 'open000001', call)).toEqual({
      kind: 'refused',
      code: 'no-address',
    });
  });

  it('refuses where the audience demands a field that is not mapped', async () => {
    await using w = await world({
      audiences: [{ id: audience, merge_fields: [{ tag: 'PHONE', type: 'phone', required: true }] }],
    });
    expect(await w.recipient.create(given({ email: aino }), audience, call)).toEqual({ kind: 'refused', code: 'field-invalid' });
    expect(w.vendor.members(audience)).toEqual([]);
  });
});

describe('rectifying', () => {
  it('changes fields and blanks them, cut between characters at 255 bytes', async () => {
    await using w = await world({
      settings: { map: { FNAME: 'givenName', LNAME: 'familyName', NOTE: 'custom.vip' } },
      audiences: [{ id: audience, merge_fields: [{ tag: 'NOTE' }] }],
    });
    const ref = refOf(
      await w.recipient.create(given({ email: aino, givenName: 'Aino', familyName: 'Virtanen' }), audience, call),
    );
    const long = given({ givenName: `a${'ä'.repeat(200)}`, 'custom.vip': true });
    refOf(await w.recipient.rectify(ref, long, ['familyName'], call));
    const held = w.vendor.member(audience, aino)?.['merge_fields'];
    expect(held).toMatchObject({ FNAME: `a${'ä'.repeat(127)}`, LNAME: '', NOTE: 'true' });
    const back = await w.recipient.read(ref, call);
    expect(back?.fields).toEqual({ email: aino, ...w.recipient.asHeld?.(long, audience) });
  });

  it('moves the member to a new address: one contact, one row', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    const moved = refOf(await w.recipient.rectify(ref, given({ email: 'uusi@sahko.test', givenName: 'Aino' }), [], call));
    expect(moved).toEqual({ ...ref, key: hashOf('uusi@sahko.test') });
    expect(w.vendor.members(audience)).toMatchObject([{ contact_id: ref.id, email_address: 'uusi@sahko.test' }]);
    expect((await w.recipient.read(ref, call))?.ref).toEqual(moved);
  });

  it('ends with one member and the same contact when the answer to an address change was lost', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    w.server.fault({ kind: 'commit-then-drop', method: 'PATCH' });
    const fields = given({ email: 'uusi@sahko.test', givenName: 'Aino' });
    await expect(w.recipient.rectify(ref, fields, [], call)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    const seen = await w.recipient.read(ref, call);
    expect(seen).toMatchObject({ ref: { id: ref.id }, fields: { email: 'uusi@sahko.test', givenName: 'Aino' } });
    const again = refOf(await w.recipient.rectify(ref, fields, [], call));
    expect(again).toEqual({ ...ref, key: hashOf('uusi@sahko.test') });
    expect(w.vendor.members(audience)).toHaveLength(1);
    expect(w.vendor.writes.filter((x) => x.method === 'PATCH')).toHaveLength(1);
  });

  it('ends the same way where the vendor takes no contact ids', async () => {
    await using w = await world({ takesContactIds: false });
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    w.server.fault({ kind: 'commit-then-drop', method: 'PATCH' });
    await expect(w.recipient.rectify(ref, given({ email: 'uusi@sahko.test' }), [], call)).rejects.toMatchObject({
      code: 'ANSWER_LOST',
    });
    const [found] = await w.recipient.find({ email: 'uusi@sahko.test' }, audience, call);
    expect(found?.ref.id).toBe(ref.id);
    expect(w.vendor.members(audience)).toHaveLength(1);
  });

  it('refuses an address that another contact has', async () => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: 'taken@sahko.test' });
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    expect(await w.recipient.rectify(ref, given({ email: 'taken@sahko.test' }), [], call)).toEqual({
      kind: 'refused',
      code: 'address-taken',
    });
    expect(w.vendor.members(audience).map((m) => m['email_address'])).toEqual(['taken@sahko.test', aino]);
  });

  it('refuses an address that was deleted permanently, and to take the address away', async () => {
    await using w = await world();
    const gone = refOf(await w.recipient.create(given({ email: 'gone@sahko.test' }), audience, call));
    refOf(await w.recipient.erase(gone, call));
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    expect(await w.recipient.rectify(ref, given({ email: 'gone@sahko.test' }), [], call)).toEqual({
      kind: 'refused',
      code: 'forgotten',
    });
    expect(await w.recipient.rectify(ref, given({}), ['email'], call)).toEqual({ kind: 'refused', code: 'address-needed' });
  });

  it.each(['cleaned', 'archived'] as const)('touches no %s member', async (status) => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino, status });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    if (!profile) throw new Error('nobody found');
    expect(await w.recipient.rectify(profile.ref, given({ email: 'uusi@sahko.test' }), [], call)).toEqual({
      kind: 'refused',
      code: 'inert',
    });
    expect(w.vendor.writes).toEqual([]);
  });

  it('sends nothing when nothing differs, by case alone included', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino, givenName: 'Aino' }), audience, call));
    refOf(await w.recipient.rectify(ref, given({ email: 'AINO.Virtanen@sahko.test', givenName: 'Aino' }), [], call));
    expect(w.vendor.writes).toHaveLength(1);
  });

  it('never re-subscribes anybody and never sends a standing, in a hundred corrections', async () => {
    await using w = await world({ switches: { compliance: false } });
    let ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    w.vendor.unsubscribe(aino);
    for (let n = 0; n < 100; n++) {
      const fields =
        n % 3 === 0
          ? { email: `aino${n}@sahko.test` }
          : n % 3 === 1
            ? { givenName: `Aino ${n}` }
            : { familyName: `Virtanen ${n}`, givenName: '' };
      ref = refOf(await w.recipient.rectify(ref, given(fields), n % 5 === 0 ? ['familyName'] : [], call));
      expect(await w.recipient.read(ref, call)).toMatchObject({ standing: 'restricted', refused: true });
    }
    const [created, ...corrections] = writtenTo(w.vendor.writes);
    expect(created).toContain('"status":"subscribed"');
    expect(corrections.length).toBeGreaterThan(95);
    expect(corrections.filter((c) => c.includes('status'))).toEqual([]);
    expect(w.vendor.members(audience)).toHaveLength(1);
  });

  it('says not found for a stale correction after an erasure, and brings nobody back', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    refOf(await w.recipient.erase(ref, call));
    expect(await w.recipient.rectify(ref, given({ email: aino, givenName: 'Aino' }), [], call)).toEqual({ kind: 'not-found' });
    expect(await w.recipient.rectify(ref, given({ email: 'uusi@sahko.test' }), [], call)).toEqual({ kind: 'not-found' });
    expect(await w.recipient.restrict(ref, [], call)).toEqual({ kind: 'not-found' });
    expect(w.vendor.members(audience)).toEqual([]);
  });

  it('writes addresses as one text, and keeps the state of an address that has one', async () => {
    await using w = await world({
      settings: { map: { ADDR: 'address', ADDRESS: 'billingAddress', FIRM: 'organisation' } },
      audiences: [{ id: audience, merge_fields: [{ tag: 'ADDR' }, { tag: 'FIRM' }] }],
    });
    w.vendor.seedMember(audience, {
      email: aino,
      ADDRESS: { addr1: '1 Old Rd', addr2: '', city: 'Austin', state: 'TX', zip: '78701', country: 'US' },
    });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    if (!profile) throw new Error('nobody found');
    expect(profile.fields.billingAddress).toBe('1 Old Rd, 78701 Austin, US');
    const fields = given({
      address: { street: 'Hämeenkatu 1', postcode: '15110', city: 'Lahti', country: 'FI' },
      billingAddress: { street: '2 New Rd', postcode: '78702', city: 'Austin', country: 'US' },
      organisation: { name: 'Esimerkki Oy', businessId: '1234567-1' },
    });
    refOf(await w.recipient.rectify(profile.ref, fields, [], call));
    expect(w.vendor.member(audience, aino)?.['merge_fields']).toMatchObject({
      ADDR: 'Hämeenkatu 1, 15110 Lahti, FI',
      ADDRESS: { addr1: '2 New Rd', city: 'Austin', state: 'TX', zip: '78702', country: 'US' },
      FIRM: 'Esimerkki Oy',
    });
    expect((await w.recipient.read(profile.ref, call))?.fields).toEqual({
      email: aino,
      ...w.recipient.asHeld?.(fields, audience),
    });
  });
});

describe('restricting and erasing', () => {
  it.each(['subscribed', 'pending', 'transactional'] as const)('unsubscribes a %s member and keeps the row', async (status) => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino, status });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    if (!profile) throw new Error('nobody found');
    refOf(await w.recipient.restrict(profile.ref, ['newsletter'], call));
    expect(await w.recipient.read(profile.ref, call)).toMatchObject({ standing: 'restricted' });
    expect(writtenTo(w.vendor.writes)).toEqual(['PATCH {"status":"unsubscribed"}']);
  });

  it.each(['unsubscribed', 'cleaned', 'archived'] as const)('sends nothing for an %s member', async (status) => {
    await using w = await world();
    w.vendor.seedMember(audience, { email: aino, status });
    const [profile] = await w.recipient.find({ email: aino }, audience, call);
    if (!profile) throw new Error('nobody found');
    refOf(await w.recipient.restrict(profile.ref, ['newsletter'], call));
    expect(w.vendor.writes).toEqual([]);
  });

  it.each(['subscribed', 'unsubscribed', 'cleaned', 'pending', 'transactional', 'archived'] as const)(
    'erases a %s member so that nothing can be read afterwards',
    async (status) => {
      await using w = await world();
      w.vendor.seedMember(audience, { email: aino, status });
      const [profile] = await w.recipient.find({ email: aino }, audience, call);
      if (!profile) throw new Error('nobody found');
      refOf(await w.recipient.erase(profile.ref, call));
      expect(await w.recipient.read(profile.ref, call)).toBeNull();
      expect(w.vendor.isForgotten(audience, aino)).toBe(true);
      expect(await w.recipient.erase(profile.ref, call)).toEqual({ kind: 'not-found' });
    },
  );

  it('erases the contact also after the address was changed elsewhere', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    w.vendor.changeAddress(aino, 'uusi@sahko.test');
    w.vendor.seedMember(audience, { email: aino });
    refOf(await w.recipient.erase(ref, call));
    expect(w.vendor.members(audience).map((m) => m['email_address'])).toEqual([aino]);
  });

  it('never uses PUT or DELETE, whatever is asked', async () => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
    await w.recipient.rectify(ref, given({ email: 'uusi@sahko.test' }), ['givenName'], call);
    await w.recipient.restrict(ref, [], call);
    await w.recipient.erase(ref, call);
    await w.recipient.create(given({ email: aino }), audience, call);
    expect([...new Set(w.server.log.map((l) => l.method))].sort()).toEqual(['GET', 'PATCH', 'POST']);
    expect(w.server.log.every((l) => !l.path.includes('%40') && !l.path.includes('@'))).toBe(true);
  });
});
