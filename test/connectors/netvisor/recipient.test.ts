import { describe, expect, it } from 'vitest';
import type { Profile, RemoteRef } from '../../../src/connectors/connector.ts';
import { Failure } from '../../../src/core/failure.ts';
import { block, call, contact, customer, given, refOf, world } from './setup.ts';

type World = Awaited<ReturnType<typeof world>>;

const aino = {
  name: 'Aino Virtanen',
  code: 'A100',
  email: 'aino@virtanen.test',
  phone: '040 123 4567',
  street: 'Pajukuja 3',
  postcode: '00530',
  city: 'Helsinki',
  isPrivate: true,
};
const firm = {
  name: 'Sähkö & Putki Oy',
  externalIdentifier: '2607385-7',
  email: 'laskut@putki.test',
  contactPersons: [
    { firstName: 'Aino', lastName: 'Virtanen', email: 'aino@putki.test', phone: '040 111' },
    { firstName: 'Eino', lastName: 'Korhonen', email: 'eino@putki.test', phone: '040 222' },
  ],
  contactBlock: { name: 'Aino Virtanen', email: 'AINO@putki.test', phone: '040 999' },
};

async function listed({ recipient }: World): Promise<Profile[]> {
  const found: Profile[] = [];
  for await (const page of recipient.list(call)) found.push(...page);
  return found;
}
const personOf = (w: World, card: number, name: string) =>
  w.vendor.customer(card)?.contactPersons.find((p) => p.card['firstname'] === name)?.id;
const cardOf = (w: World, key: number) => w.vendor.customer(key)?.card ?? {};
const writes = (w: World) => w.server.log.filter(({ method, path }) => method !== 'GET' || path.includes('delete')).length;

describe('what is a row', () => {
  it("lists persons' cards, contact persons and contact blocks, and no firm's card", async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(aino);
    const firmKey = w.vendor.seedCustomer(firm);
    const rows = await listed(w);
    expect(rows.map(({ ref }) => ref)).toEqual([
      customer(key),
      contact(firmKey, personOf(w, firmKey, 'Aino')),
      contact(firmKey, personOf(w, firmKey, 'Eino')),
      block(firmKey),
    ]);
    expect(rows.map(({ fields }) => fields)).toEqual([
      {
        givenName: 'Aino',
        familyName: 'Virtanen',
        email: 'aino@virtanen.test',
        phone: '040 123 4567',
        customerNumber: 'A100',
        billingAddress: { street: 'Pajukuja 3', postcode: '00530', city: 'Helsinki', country: 'FI' },
      },
      { givenName: 'Aino', familyName: 'Virtanen', email: 'aino@putki.test', phone: '040 111' },
      { givenName: 'Eino', familyName: 'Korhonen', email: 'eino@putki.test', phone: '040 222' },
      { givenName: 'Aino', familyName: 'Virtanen', email: 'AINO@putki.test', phone: '040 999' },
    ]);
  });

  it.each([
    ['a private customer', { name: 'Aino Virtanen', isPrivate: true }, true],
    ['who has an identity code', { name: 'Aino Virtanen', externalIdentifier: '010190-900P' }, true],
    ['whose code has lost its check character', { name: 'Aino Virtanen', externalIdentifier: '010190-900X' }, true],
    ['a sole trader', { name: 'Tmi Aino Virtanen', externalIdentifier: '2607385-7' }, true],
    ['a firm', { name: 'Virtanen Oy', externalIdentifier: '2607385-7' }, false],
    ['a customer of whom nothing says that they are a person', { name: 'Aino Virtanen' }, false],
  ])("takes %s for a person's card or not", async (_, seed, isPerson) => {
    await using w = await world();
    w.vendor.seedCustomer({ ...seed, code: '' });
    expect(await listed(w)).toHaveLength(isPerson ? 1 : 0);
  });

  it('shows the rows of a deactivated card as restricted', async () => {
    await using w = await world();
    w.vendor.seedCustomer({ ...aino, isActive: false, contactBlock: { name: 'Eino Virtanen' } });
    expect((await listed(w)).map(({ standing }) => standing)).toEqual(['restricted', 'restricted']);
  });

  it('lists more than one chunk, and one hit, and none', async () => {
    await using w = await world();
    expect(await listed(w)).toEqual([]);
    w.vendor.seedCustomer(aino);
    expect(await listed(w)).toHaveLength(1);
    for (let n = 0; n < 500; n++) w.vendor.seedCustomer({ name: `Etunimi Sukunimi${n}`, isPrivate: true });
    expect(new Set((await listed(w)).map(({ ref }) => ref.id)).size).toBe(501);
    expect(w.server.log.filter(({ path }) => path.includes('getcustomer')).length).toBe(3);
  });

  it('reads nobody where nobody is, and never touches a firm', async () => {
    await using w = await world();
    const firmKey = w.vendor.seedCustomer({ ...firm, contactBlock: undefined });
    for (const ref of [customer(4711), contact(firmKey, 4711), contact(4711, 1), block(firmKey)])
      expect(await w.recipient.read(ref, call)).toBeNull();
    const before = w.vendor.customers();
    const ref = customer(firmKey);
    const kept = { kind: 'refused', code: 'firm-card' };
    expect(await w.recipient.erase(ref, call)).toEqual(kept);
    expect(await w.recipient.rectify(ref, given({ email: 'x@y.test' }), [], call)).toEqual(kept);
    expect(await w.recipient.restrict(ref, [], call)).toEqual(kept);
    expect(await w.recipient.bound?.(ref, call)).toBeNull();
    expect(await w.recipient.strip?.(ref, { newest: '2025-01-01', open: false, keeps: [] }, call)).toEqual(kept);
    expect(w.vendor.customers()).toEqual(before);
  });
});

describe('rectification', () => {
  it('sends the changed elements alone, in one write, and nothing where nothing differs', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ ...aino, comment: 'Avain naapurilla', more: { deliveryname: 'Aino V' } });
    const before = cardOf(w, key);
    const fresh = {
      familyName: 'Mäkelä',
      givenName: 'Aino',
      phone: '050 7',
      billingAddress: { street: 'Uusikatu 5', postcode: '65100', city: 'Vaasa', country: 'Suomi' },
    };
    const ref = refOf(await w.recipient.rectify(customer(key), given(fresh), ['email'], call));
    const { email: _, ...rest } = before;
    expect(cardOf(w, key)).toEqual({
      ...rest,
      email: '',
      name: 'Aino Mäkelä',
      phonenumber: '050 7',
      streetaddress: 'Uusikatu 5',
      postnumber: '65100',
      city: 'Vaasa',
    });
    expect(writes(w)).toBe(1);
    expect(await w.recipient.rectify(ref, given(fresh), ['email'], call)).toEqual({ kind: 'accepted', ref });
    expect(writes(w)).toBe(1);
  });

  it('reads back as it says that it would', async () => {
    await using w = await world({ settings: { nameOrder: 'family-first', address: 'address' } });
    const key = w.vendor.seedCustomer({ ...aino, name: 'Virtanen Aino' });
    const fresh = {
      givenName: '  Anna\nMaria ',
      familyName: 'af Ugglas',
      email: ' Anna@Ugglas.test',
      phone: '1'.repeat(100),
      customerNumber: 'X'.repeat(60),
      identityCode: '010190-900p',
      address: { street: `${'Pitkäkatu '.repeat(12)}1`, city: 'Stockholm', country: 'Ruotsi' },
    };
    refOf(await w.recipient.rectify(customer(key), given(fresh), [], call));
    const back = await w.recipient.read(customer(key), call);
    expect(JSON.stringify(back?.fields)).toBe(JSON.stringify(w.recipient.asHeld?.(fresh, 'customer')));
    expect(back?.fields).toMatchObject({ identityCode: '010190-900P', address: { country: 'SE' } });
    expect(cardOf(w, key)['streetaddress']?.length).toBeLessThanOrEqual(80);
    expect(cardOf(w, key)['additionaladdressline']).not.toBe('');
  });

  it('leaves a street alone that reads the same over two lines', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ ...aino, more: { additionaladdressline: 'as 4' } });
    const billingAddress = { street: 'Pajukuja 3 as 4', postcode: '00530', city: 'Helsinki', country: 'FI' };
    refOf(await w.recipient.rectify(customer(key), given({ billingAddress }), [], call));
    expect(writes(w)).toBe(0);
  });

  it('does not blank a name or a customer number', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(aino);
    const needed = { kind: 'refused', code: 'name-needed' };
    expect(await w.recipient.rectify(customer(key), given({}), ['givenName', 'familyName'], call)).toEqual(needed);
    refOf(await w.recipient.rectify(customer(key), given({}), ['customerNumber'], call));
    expect(cardOf(w, key)).toMatchObject({ name: 'Aino Virtanen', internalidentifier: 'A100' });
  });

  it('refuses a character that the encoding lacks, before anything is written', async () => {
    await using w = await world({ encoding: 'iso-8859-15', settings: { bodyEncoding: 'iso-8859-15' } });
    const key = w.vendor.seedCustomer(aino);
    expect(await w.recipient.rectify(customer(key), given({ givenName: 'Äijö 🦉' }), [], call)).toEqual({
      kind: 'refused',
      code: 'character-not-in-encoding',
    });
    expect(writes(w)).toBe(0);
    refOf(await w.recipient.rectify(customer(key), given({ givenName: 'Šárka €', familyName: 'Öhman' }), [], call));
    expect(cardOf(w, key)['name']).toBe('Šárka € Öhman');
  });

  it('keeps a business id where an identity code was to go', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ ...aino, externalIdentifier: '2607385-7' });
    expect(await w.recipient.rectify(customer(key), given({ identityCode: '010190-900P' }), [], call)).toEqual({
      kind: 'refused',
      code: 'identifier-taken',
    });
  });
});

describe("a sole trader's card", () => {
  const tmi = { ...aino, isPrivate: false, name: 'Tmi Aino Virtanen', externalIdentifier: '2607385-7' };
  const organisation = { name: 'Tmi Aino Virtanen', businessId: '2607385-7' };

  it('shows the business beside the person', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(tmi);
    expect((await w.recipient.read(customer(key), call))?.fields).toMatchObject({
      givenName: 'Aino',
      familyName: 'Virtanen',
      organisation,
    });
  });

  it("changes the person's part of its name, and never a trade", async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(tmi);
    const other = w.vendor.seedCustomer({ ...tmi, code: 'B2', name: 'Ainon Leipä Tmi' });
    const names = { givenName: 'Aino', familyName: 'Mäkelä' };
    refOf(await w.recipient.rectify(customer(key), given(names), [], call));
    expect(cardOf(w, key)['name']).toBe('Tmi Aino Mäkelä');
    expect(await w.recipient.rectify(customer(other), given(names), [], call)).toEqual({
      kind: 'refused',
      code: 'business-name',
    });
    const whole = { ...names, organisation: { name: 'Ainon Leipä Tmi', businessId: 'FI26073857' } };
    refOf(await w.recipient.rectify(customer(other), given(whole), [], call));
    expect(cardOf(w, other)).toMatchObject({ name: 'Ainon Leipä Tmi', externalidentifier: '2607385-7' });
    expect((await w.recipient.read(customer(other), call))?.fields).toMatchObject(w.recipient.asHeld?.(whole, 'customer') ?? {});
  });

  it('is where a sole trader gets a row, and is found by its business id', async () => {
    await using w = await world();
    const fields = { givenName: 'Aino', familyName: 'Virtanen', email: 'a@tmi.test', organisation };
    expect(w.recipient.placesFor?.(fields)).toEqual(['customer']);
    const ref = refOf(await w.recipient.create(given(fields), 'customer', call));
    expect(cardOf(w, Number(ref.id))).toMatchObject({
      name: 'Tmi Aino Virtanen',
      externalidentifier: '2607385-7',
      isprivatecustomer: '0',
    });
    expect((await w.recipient.find({ organisation }, 'customer', call)).map((p) => p.ref)).toEqual([ref]);
    expect(await w.recipient.create(given({ ...fields, email: 'other@tmi.test' }), 'customer', call)).toEqual({ kind: 'exists' });
  });
});

it('lets Netvisor give the next free number to a card that has none, and changes none later', async () => {
  await using w = await world();
  w.vendor.seedCustomer({ ...aino, code: '41' });
  const fields = { givenName: 'Eino', familyName: 'Korhonen', email: 'eino@korhonen.test' };
  const ref = refOf(await w.recipient.create(given(fields), 'customer', call));
  expect(cardOf(w, Number(ref.id))['internalidentifier']).toBe('42');
  refOf(await w.recipient.rectify(ref, given({ email: 'e@korhonen.test' }), [], call));
  expect(cardOf(w, Number(ref.id))['internalidentifier']).toBe('42');
});

describe('finding', () => {
  it('finds by number, then by name with address or telephone, and takes no other', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(aino);
    w.vendor.seedCustomer({ ...aino, code: 'A1000', email: 'other@virtanen.test', phone: '' });
    const names = { givenName: 'Aino', familyName: 'Virtanen' };
    const found = async (fields: object) => (await w.recipient.find(fields, 'customer', call)).map((p) => p.ref.id);
    expect(await found({ customerNumber: 'a100' })).toEqual([String(key)]);
    expect(await found({ ...names, email: 'AINO@virtanen.test' })).toEqual([String(key)]);
    expect(await found({ ...names, phone: '+358401234567' })).toEqual([String(key)]);
    expect(await found({ ...names, email: 'nobody@virtanen.test', phone: '+358401234567' })).toEqual([]);
    expect(await found(names)).toEqual([]);
    expect(await found({ email: 'aino@virtanen.test' })).toEqual([]);
    expect(await w.recipient.find({ ...names, email: aino.email }, 'card-contact', call)).toEqual([]);
  });

  it('searches Finnish letters, and names that ISO-8859-1 cannot spell', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ ...aino, name: 'Škoda Häärä' });
    const fields = { givenName: 'Škoda', familyName: 'Häärä', email: aino.email };
    expect((await w.recipient.find(fields, 'customer', call)).map((p) => p.ref)).toEqual([customer(key)]);
  });
});

describe('a contact person', () => {
  const korhonen = {
    givenName: 'Veera',
    familyName: 'Häärä',
    email: 'veera@putki.test',
    phone: '040 333',
    organisation: { name: 'Sähkö & Putki Oy', businessId: '26073857' },
  };

  it('is where somebody gets a row who acts for a firm, at the firm that has the id or alone has the name', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(firm);
    w.vendor.seedCustomer({ ...firm, code: 'Z', name: 'Toinen Oy', externalIdentifier: '' });
    expect(w.recipient.placesFor?.(korhonen)).toEqual(['contact']);
    const ref = refOf(await w.recipient.create(given(korhonen), 'contact', call));
    expect(ref).toEqual(contact(key, personOf(w, key, 'Veera')));
    expect((await w.recipient.read(ref, call))?.fields).toEqual(w.recipient.asHeld?.(korhonen, 'contact'));
    expect((await w.recipient.find(korhonen, 'contact', call)).map((p) => p.ref)).toEqual([ref]);
    expect(await w.recipient.create(given(korhonen), 'contact', call)).toEqual({ kind: 'exists' });
    const by = (organisation: object) =>
      w.recipient.create(given({ ...korhonen, email: 'v@x.test', phone: '1', organisation }), 'contact', call);
    expect(await by({ name: 'toinen  oy' })).toMatchObject({ kind: 'accepted' });
    w.vendor.seedCustomer({ name: 'Kolmas Oy Lahti', externalIdentifier: '' });
    expect(await by({ name: 'Kolmas Oy' })).toEqual({ kind: 'refused', code: 'organisation-missing' });
    expect(await by({ name: 'Sähkö & Putki Oy', businessId: '0112038-9' })).toEqual({
      kind: 'refused',
      code: 'organisation-missing',
    });
    w.vendor.seedCustomer({ name: 'Toinen Oy' });
    expect(await by({ name: 'Toinen Oy' })).toEqual({ kind: 'refused', code: 'organisation-ambiguous' });
  });

  it("is corrected together with the card's block that names the same person", async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({
      ...firm,
      contactBlock: { name: 'Virtanen Aino', email: 'Aino@putki.test', phone: '040 999' },
    });
    const ref = contact(key, personOf(w, key, 'Aino'));
    refOf(
      await w.recipient.rectify(
        ref,
        given({ givenName: 'Aino', familyName: 'Mäkelä', email: 'am@putki.test', phone: '040 5' }),
        [],
        call,
      ),
    );
    expect((await w.recipient.read(ref, call))?.fields).toEqual({
      givenName: 'Aino',
      familyName: 'Mäkelä',
      email: 'am@putki.test',
      phone: '040 5',
    });
    // the number in the block was another one
    expect(cardOf(w, key)).toMatchObject({
      name: firm.name,
      email: firm.email,
      contactperson: 'Aino Mäkelä',
      contactpersonemail: 'am@putki.test',
      contactpersonphone: '040 999',
    });
    expect(w.vendor.customer(key)?.contactPersons[1]?.card).toMatchObject({ firstname: 'Eino', email: 'eino@putki.test' });
  });

  it('keeps a name divided as it is there, where it reads the same', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({
      ...firm,
      contactPersons: [{ firstName: 'Anna', lastName: 'af Ugglas', email: 'a@putki.test' }],
    });
    const ref = contact(key, personOf(w, key, 'Anna'));
    const names = { givenName: 'Anna', familyName: 'af Ugglas' };
    refOf(await w.recipient.rectify(ref, given(names), [], call));
    expect(writes(w)).toBe(0);
    refOf(await w.recipient.rectify(ref, given({ ...names, email: 'b@putki.test' }), [], call));
    expect(w.vendor.customer(key)?.contactPersons[0]?.card).toMatchObject({
      firstname: 'Anna',
      lastname: 'af Ugglas',
      email: 'b@putki.test',
    });
    expect((await w.recipient.read(ref, call))?.fields).toEqual(
      w.recipient.asHeld?.({ ...names, email: 'b@putki.test' }, 'contact'),
    );
  });

  it.each(['rectify', 'erase'] as const)('is done whole by a second run where the first broke off (%s)', async (verb) => {
    await using w = await world();
    const key = w.vendor.seedCustomer(firm);
    const ref = contact(key, personOf(w, key, 'Aino'));
    const run = () =>
      verb === 'erase'
        ? w.recipient.erase(ref, call)
        : w.recipient.rectify(ref, given({ givenName: 'Aino', familyName: 'Mäkelä', email: 'am@putki.test' }), [], call);
    w.server.fault({ kind: 'drop-before-commit', method: 'POST', path: 'contactperson.nv' });
    await expect(run()).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    // nobody takes the row for done
    expect((await w.recipient.read(ref, call))?.fields.email).toBe('aino@putki.test');
    refOf(await run());
    expect(JSON.stringify(w.vendor.customer(key))).not.toMatch(/aino@putki/i);
    expect(cardOf(w, key)['contactpersonemail']).toBe(verb === 'erase' ? '' : 'am@putki.test');
  });

  it('leaves a block alone that names somebody else', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(firm);
    const ref = contact(key, personOf(w, key, 'Eino'));
    refOf(await w.recipient.rectify(ref, given({ email: 'uusi@putki.test' }), ['phone'], call));
    refOf(await w.recipient.erase(ref, call));
    expect(cardOf(w, key)).toMatchObject({ contactperson: 'Aino Virtanen', contactpersonemail: 'AINO@putki.test' });
    expect(w.vendor.customer(key)?.contactPersons).toHaveLength(1);
  });

  it('goes with the block that names the same person, and the firm stays', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(firm);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01' });
    const ref = contact(key, personOf(w, key, 'Aino'));
    expect(await w.recipient.bound?.(ref, call)).toBeNull();
    refOf(await w.recipient.erase(ref, call));
    expect(await w.recipient.read(ref, call)).toBeNull();
    expect(await w.recipient.read(block(key), call)).toBeNull();
    expect(JSON.stringify(w.vendor.customer(key))).not.toMatch(/Aino|999/i);
    expect(cardOf(w, key)).toMatchObject({ name: firm.name, email: firm.email, isactive: '1' });
    expect(await w.recipient.erase(ref, call)).toEqual({ kind: 'not-found' });
  });

  it('is not restricted: Netvisor has no such thing', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(firm);
    for (const ref of [contact(key, personOf(w, key, 'Aino')), block(key)])
      expect(await w.recipient.restrict(ref, [], call)).toEqual({ kind: 'refused', code: 'no-restriction' });
    expect(writes(w)).toBe(0);
  });
});

describe('the contact block', () => {
  it('is corrected and emptied by itself', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ ...firm, contactPersons: [] });
    const ref = block(key);
    refOf(await w.recipient.rectify(ref, given({ givenName: 'Aino', familyName: 'Mäkelä' }), ['phone'], call));
    expect((await w.recipient.read(ref, call))?.fields).toEqual({
      givenName: 'Aino',
      familyName: 'Mäkelä',
      email: 'AINO@putki.test',
    });
    refOf(await w.recipient.erase(ref, call));
    expect(await w.recipient.read(ref, call)).toBeNull();
    expect(await w.recipient.erase(ref, call)).toEqual({ kind: 'not-found' });
    expect(cardOf(w, key)['name']).toBe(firm.name);
  });
});

describe('changes', () => {
  it.each(['finnish', 'utc'] as const)(
    'hears of what changed, whatever time Netvisor compares with (%s)',
    async (changedSinceZone) => {
      let time = Date.parse('2026-07-01T12:00:00Z');
      await using w = await world({ now: () => new Date(time), changedSinceZone });
      const key = w.vendor.seedCustomer(aino);
      const first = await w.recipient.changes?.(null, call);
      expect(first).toEqual({ profiles: [], cursor: '2026-07-01T12:00:00.000Z' });
      time += 12 * 3_600_000;
      const other = w.vendor.seedCustomer({ ...aino, code: 'B' });
      const second = await w.recipient.changes?.(first?.cursor ?? null, call);
      expect(second?.profiles.map(({ ref }: { ref: RemoteRef }) => ref.id)).toContain(String(other));
      time += 24 * 3_600_000;
      expect((await w.recipient.changes?.(new Date(time).toISOString(), call))?.profiles).toEqual([]);
      w.vendor.act?.({ do: 'editCard', customer: key, set: { email: 'uusi@virtanen.test' } });
      // an hour between the clocks, or a change that was committed late, loses nothing
      time += 3_600_000;
      expect((await w.recipient.changes?.(new Date(time).toISOString(), call))?.profiles).toMatchObject([
        { ref: customer(key), fields: { email: 'uusi@virtanen.test' } },
      ]);
    },
  );
});

it('says that a right is missing, and that the system is being mended', async () => {
  await using w = await world({ deniedResources: ['deletecustomer.nv'] });
  const key = w.vendor.seedCustomer(aino);
  await expect(w.recipient.erase(customer(key), call)).rejects.toMatchObject({ code: 'RIGHT_MISSING' });
  w.vendor.act?.({ do: 'switch', maintenance: true });
  await expect(w.recipient.read(customer(key), call)).rejects.toBeInstanceOf(Failure);
});
