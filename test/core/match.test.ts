import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { isSlip, likeness, slipsOf } from '../../src/core/likeness.ts';
import { masked } from '../../src/core/mask.ts';
import { type Clue, match } from '../../src/core/match.ts';

const name = (givenName: string, familyName: string) => ({ givenName, familyName });

describe('a name', () => {
  it.each([
    ['the same', name('Aino', 'Virtanen'), name('AINO', 'virtanen'), 'same'],
    ['in the other order', name('Virtanen', 'Aino'), name('Aino', 'Virtanen'), 'same'],
    ['without its dots', name('Päivi', 'Mäkelä'), name('Paivi', 'Makela'), 'same'],
    ['with a second given name', name('Aino Maria', 'Virtanen'), name('Aino', 'Virtanen'), 'same'],
    ['with a double family name in two spellings', name('Aino', 'Mäki-Virtanen'), name('Aino', 'Mäki Virtanen'), 'same'],
    ['with a slip', name('Aino', 'Virtanne'), name('Aino', 'Virtanen'), 'near'],
    ['with an initial', name('A.', 'Virtanen'), name('Aino', 'Virtanen'), 'near'],
    ['of a brother', name('Jari', 'Virtanen'), name('Jani', 'Virtanen'), 'near'],
    ['of the family', name('Matti', 'Virtanen'), name('Aino', 'Virtanen'), 'different'],
    ['of a stranger', name('Matti', 'Korhonen'), name('Aino', 'Virtanen'), 'different'],
    ['that is not there', {}, name('Aino', 'Virtanen'), 'unknown'],
    ['of one word', { givenName: 'Aino' }, name('Aino', 'Virtanen'), 'unknown'],
    ['of one other word', { givenName: 'Matti' }, name('Aino', 'Virtanen'), 'different'],
  ] as const)('%s', (_what, a, b, expected) => {
    expect(likeness(a, b)).toBe(expected);
    expect(likeness(b, a)).toBe(expected);
  });
});

describe('a slip of the hand', () => {
  test.prop([fc.stringMatching(/^[a-z]{3,8}@[a-z]{3,6}\.fi$/)])('is found from both sides', (address) => {
    for (const slip of slipsOf(address).slice(0, 300)) expect(isSlip(slip, address)).toBe(true);
  });
  it('finds the swapped, the lost, the doubled and the wrong letter', () => {
    const slips = new Set(slipsOf('aino@sahko.fi'));
    for (const slip of ['anio@sahko.fi', 'ain@sahko.fi', 'ainoo@sahko.fi', 'aimo@sahko.fi', 'aino@sakho.fi'])
      expect(slips).toContain(slip);
    expect(slips).not.toContain('aino@sahko.fi');
  });
});

describe('a row of a recipient', () => {
  const clue = (kind: Clue['kind'], ...owners: string[]): Clue => ({ kind, owners, shared: false });
  const same = async () => 'same' as const;

  it('is linked by what one person alone has, under the strongest rule', async () => {
    expect(await match([clue('email', 'a'), clue('customerNumber', 'a')], same)).toEqual({
      kind: 'linked',
      subject: 'a',
      rule: 'exact-customer-number',
    });
  });
  it('is nobody’s when nothing points to anybody', async () => {
    expect(await match([clue('email'), clue('phone')], same)).toEqual({ kind: 'orphan' });
  });
  it('stops at what several people share', async () => {
    expect((await match([clue('email', 'a', 'b')], same)).kind).toBe('shared');
    expect((await match([{ kind: 'email', owners: ['a'], shared: true }], same)).kind).toBe('shared');
  });
  it('is for a person when two identifiers point to two people', async () => {
    expect(await match([clue('email', 'a'), clue('phone', 'b')], same)).toMatchObject({ kind: 'ambiguous', reason: 'several' });
    expect(await match([clue('email', 'a'), clue('phone', 'b', 'c')], same)).toMatchObject({ kind: 'ambiguous' });
  });
  it('is for a person when the name is another one, whatever else agrees', async () => {
    const different = async () => 'different' as const;
    for (const kind of ['email', 'phone', 'customerNumber', 'identityCode'] as const)
      expect((await match([clue(kind, 'a')], different)).kind).toBe('ambiguous');
  });
  it('outweighs a slip in the name by an official number, and by nothing else', async () => {
    const near = async () => 'near' as const;
    expect((await match([clue('customerNumber', 'a')], near)).kind).toBe('linked');
    expect((await match([clue('email', 'a'), clue('phone', 'a')], near)).kind).toBe('ambiguous');
  });
  it('needs a name beside a phone number', async () => {
    const unknown = async () => 'unknown' as const;
    expect((await match([clue('phone', 'a')], unknown)).kind).toBe('ambiguous');
    expect((await match([clue('email', 'a')], unknown)).kind).toBe('linked');
  });

  const clues = fc.array(
    fc.record({
      kind: fc.constantFrom('email', 'phone', 'customerNumber') as fc.Arbitrary<Clue['kind']>,
      owners: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
      shared: fc.boolean(),
    }),
    { maxLength: 4 },
  );
  test.prop([clues, fc.constantFrom('same', 'near', 'different', 'unknown' as const)])(
    'is never linked against a clue, nor by a shared one alone',
    async (found, like) => {
      const made = await match(found, async () => like as 'same');
      if (made.kind !== 'linked') return;
      for (const { owners } of found) if (owners.length > 0) expect(owners).toContain(made.subject);
      expect(found.some((c) => !c.shared && c.owners.length === 1)).toBe(true);
      expect(like).not.toBe('different');
    },
  );
});

it('masks so that nothing can be learned', () => {
  expect(
    masked({
      givenName: 'Aino',
      familyName: 'Virtanen',
      email: 'aino.virtanen@sahko.fi',
      phone: '+358 40 123 4567',
      identityCode: 'x',
    }),
  ).toEqual({
    givenName: 'A…',
    familyName: 'V…n',
    email: 'a…n@s…o.fi',
    phone: '…567',
  });
});
