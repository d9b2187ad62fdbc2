import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { mailchimp } from '../../../src/connectors/mailchimp/connector.ts';
import { cut } from '../../../src/connectors/mailchimp/merge.ts';
import type { Fields, FieldValue } from '../../../src/core/person.ts';
import { aino, audience, call, given, refOf, world } from './setup.ts';

const home = { street: 'Hämeenkatu 1', postcode: '15110', city: 'Lahti', country: 'FI' };

/** An audience with one field of a type, mapped from `from`, and a member in it. */
async function typed(type: string, slot: Record<string, unknown>, from: string) {
  const w = await world({
    settings: { map: { X: { field: from, ...slot } } },
    audiences: [{ id: audience, merge_fields: [{ tag: 'X', type: type as 'text' }] }],
  });
  const ref = refOf(await w.recipient.create(given({ email: aino }), audience, call));
  return { w, ref, held: () => ((w.vendor.member(audience, aino)?.['merge_fields'] ?? {}) as Record<string, unknown>)['X'] };
}

describe('a merge field', () => {
  it.each<[string, Record<string, unknown>, string, FieldValue, unknown]>([
    ['date', { as: 'date' }, 'birthDate', '1980-05-01', '1980-05-01'],
    ['date', { as: 'date' }, 'custom.visit', '2025-04-19 00:00:00', '2025-04-19'],
    ['birthday', { as: 'birthday' }, 'birthDate', '1980-05-01', '05/01'],
    ['number', { as: 'number' }, 'custom.size', '007.50', 7.5],
    ['number', { as: 'number' }, 'custom.size', 12, 12],
    ['zip', { as: 'zip' }, 'address', home, '15110'],
    ['phone', {}, 'mobile', '+358 40 000 0000', '+358 40 000 0000'],
    [
      'address',
      { as: 'address', state: '-' },
      'address',
      home,
      { addr1: 'Hämeenkatu 1', addr2: '', city: 'Lahti', state: '-', zip: '15110', country: 'FI' },
    ],
    ['text', {}, 'custom.vip', true, 'true'],
  ])('of type %s as %j from %s takes %j as %j, and reads back as said', async (type, slot, from, value, expected) => {
    const { w, ref, held } = await typed(type, slot, from);
    const fields: Fields = { [from]: value };
    refOf(await w.recipient.rectify(ref, given(fields), [], call));
    expect(held()).toEqual(expected);
    expect((await w.recipient.read(ref, call))?.fields).toEqual({ email: aino, ...w.recipient.asHeld?.(fields, audience) });
    const sent = w.vendor.writes.length;
    refOf(await w.recipient.rectify(ref, given(fields), [], call));
    expect(w.vendor.writes).toHaveLength(sent);
    refOf(await w.recipient.rectify(ref, given({}), [from], call));
    expect(held()).toBe('');
    await w.server.close();
  });

  it.each<[string, Record<string, unknown>, string, FieldValue]>([
    ['number', { as: 'number' }, 'custom.size', 'large'],
    ['date', { as: 'date' }, 'custom.visit', 'tomorrow'],
    ['zip', { as: 'zip' }, 'address', { ...home, postcode: 'AB12 3CD' }],
    ['address', { as: 'address' }, 'address', home],
    ['birthday', {}, 'birthDate', '1980-05-01'],
  ])('of type %s as %j from %s does not take %j, which is refused and not swallowed', async (type, slot, from, value) => {
    const { w, ref, held } = await typed(type, slot, from);
    expect(await w.recipient.rectify(ref, given({ [from]: value }), [], call)).toEqual({
      kind: 'refused',
      code: 'field-invalid',
    });
    expect(held()).toBe('');
    await w.server.close();
  });

  it('of a field that has two reads from the first, and both are written', async () => {
    await using w = await world({
      settings: { map: { BORN: { field: 'birthDate', as: 'date' }, BDAY: { field: 'birthDate', as: 'birthday' } } },
      audiences: [
        {
          id: audience,
          merge_fields: [
            { tag: 'BORN', type: 'date' },
            { tag: 'BDAY', type: 'birthday' },
          ],
        },
      ],
    });
    const fields = given({ email: aino, birthDate: '1980-05-01' });
    const ref = refOf(await w.recipient.create(fields, audience, call));
    expect(w.vendor.member(audience, aino)).toMatchObject({ merge_fields: { BORN: '1980-05-01', BDAY: '05/01' } });
    expect((await w.recipient.read(ref, call))?.fields.birthDate).toBe('1980-05-01');
    w.vendor.editProfile(aino, { BDAY: '12/24' });
    refOf(await w.recipient.rectify(ref, fields, [], call));
    expect(w.vendor.member(audience, aino)).toMatchObject({ merge_fields: { BDAY: '05/01' } });
  });

  it('that does not fit is told by the check, and how to say it', async () => {
    const types = ['birthday', 'zip', 'number', 'address', 'text'] as const;
    await using w = await world({
      settings: {
        map: {
          T0: 'birthDate',
          T1: 'address',
          T2: 'custom.size',
          T3: { field: 'billingAddress', as: 'address' },
          T4: { field: 'mobile', as: 'zip' },
        },
      },
      audiences: [{ id: audience, merge_fields: types.map((type, n) => ({ tag: `T${n}`, type })) }],
    });
    const probe = (await w.connector.check(call, false)).find(({ right }) => right.startsWith('merge-fields'));
    expect(probe?.ok).toBeNull();
    for (const said of [
      'T0: a field of type birthday',
      'T1: a field of type zip',
      'say as: number',
      'T3: only members',
      'T4: as: zip',
    ])
      expect(probe?.problem).toContain(said);
  });
});

describe('a text of more than 255 bytes', () => {
  test.prop([fc.string({ unit: 'grapheme', minLength: 100, maxLength: 300 })], { numRuns: 300 })(
    'is cut where we said it would be, and never within a character',
    async (text) => {
      const kept = cut(text);
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(255);
      expect(text.startsWith(kept)).toBe(true);
      const before = [...new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment);
      const after = [...new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(kept)].map(({ segment }) => segment);
      expect(after).toEqual(before.slice(0, after.length));
    },
  );

  it.each([
    'ä'.repeat(200),
    'a\u0308'.repeat(100),
    `${'x'.repeat(253)}👩‍👩‍👧 ja muut`,
    `${'x'.repeat(250)}     ${'y'.repeat(20)}`,
  ])('is held as it was cut: %#', async (text) => {
    await using w = await world();
    const ref = refOf(await w.recipient.create(given({ email: aino, givenName: text }), audience, call));
    const held = (await w.recipient.read(ref, call))?.fields.givenName;
    expect(held).toBe(w.recipient.asHeld?.({ givenName: text }, audience).givenName);
    expect(Buffer.byteLength(String(held))).toBeGreaterThan(240);
  });
});

describe('the settings', () => {
  const parse = (more: Record<string, unknown>) => mailchimp.settings.safeParse({ audiences: [audience], ...more }).success;
  it('take forms, interests and tags, and nothing that means nothing', () => {
    expect(parse({ map: { BDAY: { field: 'birthDate', as: 'birthday' } } })).toBe(true);
    expect(parse({ interests: { ab12: 'custom.heating', cd34: { field: 'language', equals: 'fi' } } })).toBe(true);
    expect(parse({ tags: { 'VIP customer': 'custom.vip' } })).toBe(true);
    for (const wrong of [
      { map: { BDAY: { field: 'birthDate', as: 'weekday' } } },
      { map: { BDAY: { as: 'date' } } },
      { interests: { 'not an id': 'custom.heating' } },
      { interests: { ab12: 'heating' } },
      { tags: { x: { field: 'language', equals: '' } } },
    ])
      expect(parse(wrong)).toBe(false);
  });
});
