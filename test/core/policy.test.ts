import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Purpose } from '../../src/core/configuration.ts';
import { type Fields, fieldNames } from '../../src/core/person.ts';
import { allow, grantFor, rectifiable } from '../../src/core/policy.ts';

const roles = ['customer', 'employee', 'prospect'];
const permissionNames = ['newsletter', 'sms'];
const purpose: fc.Arbitrary<Purpose> = fc
  .record({
    name: fc.stringMatching(/^[a-z]{1,6}$/),
    fields: fc.uniqueArray(fc.constantFrom(...fieldNames), { minLength: 1 }),
    permission: fc.option(fc.constantFrom(...permissionNames), { nil: undefined }),
    for: fc.option(fc.uniqueArray(fc.constantFrom(...roles), { minLength: 1 }), { nil: undefined }),
  })
  .map(({ permission, for: forRoles, ...rest }) => ({
    ...rest,
    basis: 'contract',
    ...(permission ? { permission } : {}),
    ...(forRoles ? { for: forRoles } : {}),
  }));
const state = fc.record({ granted: fc.boolean(), refused: fc.boolean(), registerRefused: fc.boolean(), withdrawn: fc.boolean() });
const permissions = fc.dictionary(fc.constantFrom(...permissionNames), state);
const anyFields = fc.dictionary(
  fc.constantFrom(...fieldNames, 'custom.secret'),
  fc.string({ minLength: 1 }),
) as fc.Arbitrary<Fields>;

describe('the field policy', () => {
  it('lets nothing out that no purpose declares for this system and role', () => {
    fc.assert(
      fc.property(fc.array(purpose), fc.constantFrom(...roles), permissions, anyFields, (purposes, role, given, fields) => {
        const out = allow(fields, grantFor(purposes, role, given));
        for (const name of Object.keys(out)) {
          const declaring = purposes.filter((p) => p.fields.includes(name as never) && (!p.for || p.for.includes(role)));
          expect(
            declaring.some(
              (p) =>
                !p.permission ||
                (given[p.permission]?.granted && !given[p.permission]?.refused && !given[p.permission]?.withdrawn),
            ),
          ).toBe(true);
        }
      }),
    );
  });

  it('gives an identity code only where a purpose declares it', () => {
    fc.assert(
      fc.property(fc.array(purpose), fc.constantFrom(...roles), permissions, (purposes, role, given) => {
        const out = allow({ identityCode: '131052-308T' }, grantFor(purposes, role, given));
        if (!purposes.some((p) => p.fields.includes('identityCode'))) expect(out).toEqual({});
      }),
    );
  });

  it('corrects what is held whatever the permissions say, and never beyond the role', () => {
    fc.assert(
      fc.property(fc.array(purpose), fc.constantFrom(...roles), anyFields, (purposes, role, fields) => {
        const may = rectifiable(purposes, role).fields;
        expect(Object.keys(allow(fields, { fields: may })).every((name) => may.includes(name as never))).toBe(true);
        expect(may.every((name) => purposes.some((p) => p.fields.includes(name) && (!p.for || p.for.includes(role))))).toBe(true);
      }),
    );
  });

  it('names the permissions that closed a purpose', () => {
    const marketing: Purpose = { name: 'marketing', basis: 'consent', permission: 'newsletter', fields: ['email'] };
    expect(grantFor([marketing], 'customer', {})).toEqual({ fields: [], purposes: [], blockedBy: ['newsletter'] });
  });
});
