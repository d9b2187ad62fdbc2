import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { changed, fingerprint, fingerprints } from '../../src/core/fingerprint.ts';
import type { FieldName } from '../../src/core/person.ts';

const key = { id: 'hmac-1', bytes: Buffer.alloc(32, 1) };

describe('a fingerprint', () => {
  it('is short, stable and shows nothing', () => {
    const print = fingerprint(key, 'subject-1', 'email', 'testi@example.fi');
    expect(print).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(fingerprint(key, 'subject-1', 'email', 'testi@example.fi')).toBe(print);
  });

  it('of the same value differs by subject, by field and by key', () => {
    const prints = [
      fingerprint(key, 'subject-1', 'phone', '+358401234567'),
      fingerprint(key, 'subject-2', 'phone', '+358401234567'),
      fingerprint(key, 'subject-1', 'mobile', '+358401234567'),
      fingerprint({ id: 'hmac-2', bytes: Buffer.alloc(32, 2) }, 'subject-1', 'phone', '+358401234567'),
    ];
    expect(new Set(prints).size).toBe(4);
  });

  it('takes two spellings of one letter for the same, and any order of keys', () => {
    expect(fingerprint(key, 's', 'familyName', 'Ma\u0308ki')).toBe(fingerprint(key, 's', 'familyName', 'Mäki'));
    expect(fingerprint(key, 's', 'address', { city: 'Turku', street: 'Katu 1' })).toBe(
      fingerprint(key, 's', 'address', { street: 'Katu 1', city: 'Turku' }),
    );
  });

  it('tells a text from a number and a claim', () => {
    const prints = ['1', 1, true, 'true'].map((value) => fingerprint(key, 's', 'custom.x', value));
    expect(new Set(prints).size).toBe(4);
  });

  test.prop([fc.string(), fc.string(), fc.string(), fc.string()])(
    'never mixes up scope and field',
    (scope, field, scope2, field2) => {
      fc.pre(scope.normalize() !== scope2.normalize() || field.normalize() !== field2.normalize());
      const names: FieldName[] = [`custom.${field}`, `custom.${field2}`];
      expect(fingerprint(key, scope, names[0] as FieldName, 'x')).not.toBe(fingerprint(key, scope2, names[1] as FieldName, 'x'));
    },
  );

  it('knows where the field ends and the value begins', () => {
    expect(fingerprint(key, 's', 'custom.x1', 2)).not.toBe(fingerprint(key, 's', 'custom.x', 12));
  });

  test.prop([fc.string({ unit: 'binary' })])('is made of any text, half characters included', (value) => {
    expect(fingerprint(key, 's', 'jobTitle', `${value}\ud83d`)).toHaveLength(22);
  });
});

describe('what changed', () => {
  it('is what came, went or differs', () => {
    const before = fingerprints(key, 's', { givenName: 'Testi', email: 'a@example.fi', phone: '+358401234567' });
    const after = fingerprints(key, 's', { givenName: 'Testi', email: 'b@example.fi', language: 'fi' });
    expect(changed(before, after)).toEqual(['email', 'language', 'phone']);
  });

  it('is nothing for an echo', () => {
    const fields = { givenName: 'Testi', address: { city: 'Turku' } };
    expect(changed(fingerprints(key, 's', fields), fingerprints(key, 's', { ...fields }))).toEqual([]);
  });
});
