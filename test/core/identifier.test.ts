import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  identifierHash,
  identifierHasher,
  identifierKinds,
  identifiersOf,
  isShared,
  normalise,
  normaliserVersion,
  variants,
} from '../../src/core/identifier.ts';

const key = { id: 'hmac-1', bytes: Buffer.alloc(32, 1) };
const other = { id: 'hmac-2', bytes: Buffer.alloc(32, 2) };

describe('one spelling', () => {
  it.each([
    ['email', ' Testi.Henkilo@Example.FI ', 'testi.henkilo@example.fi'],
    ['email', 'testi @example.fi\u200b', 'testi@example.fi'],
    ['email', 'a\u0308iti@example.fi', 'äiti@example.fi'],
    ['email', 'testi@PÄÄTE.example', 'testi@xn--pte-qlaa.example'],
    ['email', 'testi@example.fi.', 'testi@example.fi'],
    ['phone', '040 123 4567', '+358401234567'],
    ['phone', '+358 (0)40-123 4567', '+358401234567'],
    ['phone', '00358401234567', '+358401234567'],
    ['phone', '358401234567', '+358401234567'],
    ['phone', '+46 70 123 45 67', '+46701234567'],
    ['phone', '09 123 4567 ext. 12', '+35891234567;ext=12'],
    ['customerNumber', ' c-00100 ', 'C-00100'],
    ['businessId', 'FI12345671', '1234567-1'],
    ['businessId', '1234567–1', '1234567-1'],
    ['businessId', '123456-7', '0123456-7'],
    ['businessId', 'se 556677', 'SE556677'],
    ['identityCode', '131052-308t', '131052-308T'],
    ['identityCode', '131052–308T', '131052-308T'],
    ['remoteId', ' aB1 ', 'aB1'],
  ] as const)('of %s %j is %j', (kind, typed, spelling) => {
    expect(normalise(kind, typed)).toBe(spelling);
  });

  it.each([
    ['email', 'not an address'],
    ['email', '@example.fi'],
    ['email', 'testi@'],
    ['email', 'testi@example.fi/path'],
    ['phone', 'puhelin'],
    ['phone', '112'],
    ['identityCode', '131052-308U'],
    ['customerNumber', '  '],
  ] as const)('of %s %j is none', (kind, typed) => {
    expect(normalise(kind, typed)).toBeNull();
    expect(variants(kind, typed)).toEqual([]);
  });

  test.prop([
    fc.constantFrom(...identifierKinds),
    fc.oneof(fc.string({ unit: 'binary' }), fc.emailAddress(), fc.stringMatching(/^[+0-9 ()-]{5,15}$/)),
  ])('is its own spelling', (kind, typed) => {
    const once = normalise(kind, typed);
    if (once !== null) expect(normalise(kind, once)).toBe(once);
  });

  test.prop([fc.stringMatching(/^(40|41|44|45|46|50)\d{7}$/), fc.constantFrom('0', '+358', '00358', '+358 (0)', '358', '+358 ')])(
    'is the same for every way to write a Finnish mobile number',
    (digits, prefix) => {
      expect(normalise('phone', prefix + digits.replace(/(..)(...)/, '$1 $2-'))).toBe(`+358${digits}`);
    },
  );
});

describe('the variants of an identifier', () => {
  it('are the address with and without its tag, the exact one first', () => {
    expect(variants('email', 'Testi+Uutiset@example.fi')).toEqual([
      { value: 'testi+uutiset@example.fi', normaliser: normaliserVersion },
      { value: 'testi@example.fi', normaliser: normaliserVersion },
    ]);
    expect(variants('email', '+tag@example.fi')).toHaveLength(1);
  });

  it('keep the dots, which tell people apart', () => {
    expect(variants('email', 'testi.henkilo@gmail.com').map(({ value }) => value)).toEqual(['testi.henkilo@gmail.com']);
  });
});

describe('the hash of an identifier', () => {
  test.prop([fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.constantFrom(...identifierKinds), fc.string()])(
    'is the same when many are made of one kind',
    (bytes, kind, value) => {
      const any = { id: 'any', bytes: Buffer.from(bytes) };
      expect(identifierHasher(any, kind)(value)).toEqual(identifierHash(any, kind, value));
    },
  );

  it('is the HMAC of kind and value', () => {
    expect(identifierHash(key, 'email', 'testi@example.fi')).toHaveLength(32);
    expect(identifierHash(key, 'email', 'testi@example.fi')).toEqual(identifierHash(key, 'email', 'testi@example.fi'));
  });

  it('differs by key, by kind and by value', () => {
    const hashes = [
      identifierHash(key, 'email', 'testi@example.fi'),
      identifierHash(other, 'email', 'testi@example.fi'),
      identifierHash(key, 'remoteId', 'testi@example.fi'),
      identifierHash(key, 'email', 'toinen@example.fi'),
    ].map((hash) => hash.toString('hex'));
    expect(new Set(hashes).size).toBe(4);
  });
});

describe("a person's identifiers", () => {
  it('are each listed once, with phone and mobile as one kind', () => {
    const found = identifiersOf({
      givenName: 'Testi',
      familyName: 'Henkilö',
      email: 'TESTI@example.fi',
      phone: '040 123 4567',
      mobile: '+358401234567',
      customerNumber: 'c1',
      organisation: { name: 'Example Oy', businessId: '1234567-1' },
    });
    expect(found).toEqual([
      { kind: 'email', value: 'testi@example.fi' },
      { kind: 'phone', value: '+358401234567' },
      { kind: 'customerNumber', value: 'C1' },
    ]);
  });

  it('are none for a person with a name alone', () => {
    expect(identifiersOf({ givenName: 'Testi', familyName: 'Henkilö', phone: 'ei ole' })).toEqual([]);
  });
});

describe('a shared identifier', () => {
  it.each([
    'info@example.fi',
    'INFO@example.fi',
    'laskutus@example.fi',
    'toimisto.helsinki@example.fi',
    'asiakaspalvelu@example.fi',
    'sales+fi@example.com',
    'no-reply@example.com',
    'tyopaikat@example.fi',
    'työpaikat@example.fi',
    'kundtjänst@example.se',
  ])('%s goes to a person', (address) => {
    expect(isShared('email', address)).toBe(true);
  });

  it('is a company id too, but not an ordinary address or number', () => {
    expect(isShared('businessId', '1234567-1')).toBe(true);
    expect(isShared('email', 'testi.henkilo@example.fi')).toBe(false);
    expect(isShared('email', 'infonen@example.fi')).toBe(false);
    expect(isShared('phone', '+358401234567')).toBe(false);
  });
});
