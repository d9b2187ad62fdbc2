import { describe, expect, it } from 'vitest';
import { block, call, contact, given, refOf, world } from './setup.ts';

type World = Awaited<ReturnType<typeof world>>;

const aino = { firstName: 'Aino', lastName: 'Virtanen', email: 'aino@putki.test', phone: '040 111 2222' };
const eino = { firstName: 'Eino', lastName: 'Korhonen', email: 'eino@putki.test', phone: '040 222 3333' };
const firm = { name: 'Sähkö & Putki Oy', externalIdentifier: '2607385-7', contactPersons: [aino, eino] };
/** The firm's own, which nobody's erasure may touch. */
const own = { email: 'laskut@putki.test', phone: '09 555 1234', more: { emailinvoicingaddress: 'laskut@putki.test' } };

function seeded(w: World, more: Partial<Parameters<World['vendor']['seedCustomer']>[0]>) {
  const key = w.vendor.seedCustomer({ ...firm, ...own, ...more });
  const [first, second] = w.vendor.customer(key)?.contactPersons ?? [];
  return { key, ainos: contact(key, first?.id), einos: contact(key, second?.id) };
}
const card = (w: World, key: number) => w.vendor.customer(key)?.card ?? {};
const namedInText = { kind: 'refused', code: 'named-in-text', ask: true };

describe('what a card says of a contact person elsewhere', () => {
  it.each([
    ['email', { email: 'Aino@Putki.test' }],
    ['phonenumber', { phone: '+358 40 1112222' }],
    ['emailinvoicingaddress', { more: { emailinvoicingaddress: 'AINO@putki.test' } }],
    ['faxnumber', { more: { faxnumber: '0401112222' } }],
    ['yourdefaultreference', { more: { yourdefaultreference: 'virtanen aino' } }],
    ['nameextension', { more: { nameextension: 'Aino Virtanen' } }],
    ['deliveryname', { more: { deliveryname: 'Aino Virtanen' } }],
  ])('goes with the row where it equals theirs: %s', async (name, more) => {
    await using w = await world();
    const { key, ainos } = seeded(w, more);
    const before = card(w, key);
    refOf(await w.recipient.erase(ainos, call));
    expect(card(w, key)).toEqual({ ...before, [name]: '' });
    expect(w.vendor.customer(key)?.contactPersons).toHaveLength(1);
  });

  it("leaves the firm's own, and what a colleague shares", async () => {
    await using w = await world();
    const shared = { email: 'toimisto@putki.test', phone: '09 555 1234' };
    const { key, ainos } = seeded(w, {
      ...shared,
      contactPersons: [
        { ...aino, ...shared },
        { ...eino, ...shared },
      ],
      comment: 'Maksaa ajallaan, soita 09 555 9999',
    });
    const before = card(w, key);
    refOf(await w.recipient.erase(ainos, call));
    expect(card(w, key)).toEqual(before);
  });

  it("leaves a customer's own address where a contact person on their card has the same", async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Eero Virtanen', isPrivate: true, email: aino.email, contactPersons: [aino] });
    refOf(await w.recipient.erase(contact(key, w.vendor.customer(key)?.contactPersons[0]?.id), call));
    expect(card(w, key)['email']).toBe(aino.email);
  });

  it("loses the parts of another's block that are theirs, and no other", async () => {
    await using w = await world();
    const { key, ainos } = seeded(w, { contactBlock: { name: 'Eino Korhonen', email: aino.email, phone: eino.phone } });
    refOf(await w.recipient.erase(ainos, call));
    expect(card(w, key)).toMatchObject({
      contactperson: 'Eino Korhonen',
      contactpersonemail: '',
      contactpersonphone: eino.phone,
    });
  });

  it('leaves a namesake in the block', async () => {
    await using w = await world();
    const namesake = { ...aino, email: 'aino.v@putki.test', phone: '040 999 8888' };
    const { key, ainos } = seeded(w, {
      contactPersons: [aino, namesake],
      contactBlock: { name: 'Aino Virtanen', email: namesake.email, phone: namesake.phone },
    });
    refOf(await w.recipient.erase(ainos, call));
    expect(card(w, key)).toMatchObject({ contactpersonemail: namesake.email, contactpersonphone: namesake.phone });
  });

  it.each([
    ['email', { email: 'Aino@Putki.test' }, 'uusi@putki.test'],
    ['phonenumber', { phone: '+358 40 1112222' }, '050 7'],
    ['emailinvoicingaddress', { more: { emailinvoicingaddress: aino.email } }, 'uusi@putki.test'],
    ['yourdefaultreference', { more: { yourdefaultreference: 'Virtanen Aino' } }, 'Aino Mäkelä'],
  ])('is corrected with the row: %s', async (name, more, fresh) => {
    await using w = await world();
    const { key, ainos } = seeded(w, more);
    const before = card(w, key);
    const fields = { givenName: 'Aino', familyName: 'Mäkelä', email: 'uusi@putki.test', phone: '050 7' };
    refOf(await w.recipient.rectify(ainos, given(fields), [], call));
    expect(card(w, key)).toEqual({ ...before, [name]: fresh });
  });

  it("is corrected and blanked with the card's block too", async () => {
    await using w = await world();
    const contactBlock = { name: 'Aino Virtanen', email: aino.email, phone: aino.phone };
    const key = w.vendor.seedCustomer({ ...firm, contactPersons: [], contactBlock, email: aino.email, phone: own.phone });
    refOf(await w.recipient.rectify(block(key), given({ email: 'uusi@putki.test' }), [], call));
    expect(card(w, key)).toMatchObject({ email: 'uusi@putki.test', contactpersonemail: 'uusi@putki.test' });
    refOf(await w.recipient.erase(block(key), call));
    expect(card(w, key)).toMatchObject({ email: '', contactperson: '', phonenumber: own.phone });
  });
});

describe('a text that names somebody', () => {
  it.each([
    ['a comment', { comment: 'Soita Aino Virtaselle' }],
    ['a comment with the first name alone', { comment: 'Aino hoitaa laskut' }],
    ['an address', { comment: 'laskut: aino@putki.test' }],
    ['a number', { comment: 'puh. +358 40 111 2222 (ilta)' }],
    ['a reference', { more: { yourdefaultreference: 'Viite 12 / Aino Virtanen' } }],
    ['a text on invoices', { more: { defaulttextbeforeinvoicelines: 'Tilaaja: Virtanen Aino' } }],
    ['a block of several', { contactBlock: { name: 'Aino Virtanen / Eino Korhonen' } }],
  ])('keeps an erasure from being called one, until people took it away: %s', async (_, more) => {
    await using w = await world();
    const { key, ainos } = seeded(w, { email: aino.email, ...more });
    const before = card(w, key);
    expect(await w.recipient.erase(ainos, call)).toEqual(namedInText);
    // what can go has gone; the row is there to be compared with
    expect(card(w, key)).toEqual({ ...before, email: '' });
    const left = w.vendor.customer(key)?.contactPersons[0]?.card ?? {};
    expect(left['firstname']).toBe('Aino');
    const text = JSON.stringify(more);
    expect([left['email'], left['phonenumber']]).toEqual([
      text.includes('@') ? aino.email : '',
      text.includes('+358') ? aino.phone : '',
    ]);
    expect(await w.recipient.erase(ainos, call)).toEqual(namedInText);
    w.vendor.act?.({
      do: 'editCard',
      customer: key,
      set: { comment: '', yourdefaultreference: '', defaulttextbeforeinvoicelines: '', contactperson: '' },
    });
    refOf(await w.recipient.erase(ainos, call));
    expect(JSON.stringify(w.vendor.customer(key))).not.toMatch(/Aino|aino@|111/);
  });

  it.each([
    ['the firm by its name, which is theirs too', { name: 'Virtanen Oy', comment: 'Virtanen Oy maksaa ajallaan' }],
    ['a colleague of the same first name', { contactPersons: [aino, { ...eino, firstName: 'Aino' }], comment: 'Aino hoitaa' }],
    ['nobody', { comment: 'Ainoa laskutusosoite' }],
  ])('is none that names %s', async (_, more) => {
    await using w = await world();
    const { key, ainos } = seeded(w, more);
    const before = card(w, key);
    refOf(await w.recipient.erase(ainos, call));
    expect(card(w, key)).toEqual(before);
  });

  it('is told of the block too, which keeps what the text shows', async () => {
    await using w = await world();
    const contactBlock = { name: 'Aino Virtanen', email: aino.email, phone: aino.phone };
    const key = w.vendor.seedCustomer({ ...firm, contactPersons: [], contactBlock, comment: 'Aino Virtanen tilaa' });
    expect(await w.recipient.erase(block(key), call)).toEqual(namedInText);
    expect(card(w, key)).toMatchObject({ contactperson: 'Aino Virtanen', contactpersonemail: '', contactpersonphone: '' });
    w.vendor.act?.({ do: 'editCard', customer: key, set: { comment: '' } });
    refOf(await w.recipient.erase(block(key), call));
    expect(await w.recipient.read(block(key), call)).toBeNull();
  });
});

describe('a contact person with one name', () => {
  it('is not created: both names are mandatory', async () => {
    await using w = await world();
    w.vendor.seedCustomer(firm);
    const fields = { givenName: 'Veera', email: 'veera@putki.test', organisation: { name: firm.name } };
    expect(await w.recipient.create(given(fields), 'contact', call)).toEqual({ kind: 'refused', code: 'name-needed' });
  });

  it('keeps the name that would lose a half, and has the rest corrected', async () => {
    await using w = await world();
    const { key, ainos } = seeded(w, {});
    const said = await w.recipient.rectify(ainos, given({ email: 'uusi@putki.test' }), ['familyName'], call);
    expect(said).toEqual({ kind: 'refused', code: 'name-needed' });
    expect(w.vendor.customer(key)?.contactPersons[0]?.card).toMatchObject({
      firstname: 'Aino',
      lastname: 'Virtanen',
      email: 'uusi@putki.test',
    });
  });

  it('is corrected with both halves where the one name has them, and named for a person where it has not', async () => {
    await using w = await world();
    const { key, ainos, einos } = seeded(w, {
      contactPersons: [
        { ...aino, firstName: 'Aino Virtanen', lastName: '' },
        { ...eino, lastName: '' },
      ],
    });
    const fresh = given({ email: 'uusi@putki.test' });
    refOf(await w.recipient.rectify(ainos, fresh, [], call));
    expect(w.vendor.customer(key)?.contactPersons[0]?.card).toMatchObject({
      firstname: 'Aino',
      lastname: 'Virtanen',
      email: 'uusi@putki.test',
    });
    expect(await w.recipient.rectify(einos, fresh, [], call)).toEqual({ kind: 'refused', code: 'name-needed' });
    // an erasure needs no name
    refOf(await w.recipient.erase(einos, call));
  });
});
