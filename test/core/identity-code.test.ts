import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { canonicalIdentityCode, findIdentityCodes, maskIdentityCodes } from '../../src/core/identity-code.ts';

const letters = '0123456789ABCDEFHJKLMNPRSTUVWXY';
/** Individual numbers from 900 are never given to a living person. */
const artificial = fc
  .record({
    day: fc.integer({ min: 1, max: 28 }),
    month: fc.integer({ min: 1, max: 12 }),
    year: fc.integer({ min: 50, max: 99 }),
    separator: fc.constantFrom(...'+-YXWVU'),
    number: fc.integer({ min: 900, max: 999 }),
  })
  .map(({ day, month, year, separator, number }) => code(day, month, year, separator, number));

function code(day: number, month: number, year: number, separator: string, number: number): string {
  const date = [day, month, year].map((part) => String(part).padStart(2, '0')).join('');
  return `${date}${separator}${number}${letters[Number(`${date}${number}`) % 31]}`;
}

describe('identity codes in a text', () => {
  it('finds the example of the digital and population data agency', () => {
    expect(findIdentityCodes('Hetu: 131052-308T.')).toEqual([{ index: 6, length: 11 }]);
  });

  it('knows every separator', () => {
    for (const separator of '-+YXWVU') expect(findIdentityCodes(code(1, 1, 90, separator, 900))).toHaveLength(1);
    for (const separator of 'ABCDEF') expect(findIdentityCodes(code(1, 1, 5, separator, 900))).toHaveLength(1);
  });

  test.prop([artificial, fc.constantFrom('', 'hetu', 'id=', '(', '“'), fc.constantFrom('', '.', ')', ' on')])(
    'finds and hides a code in any surroundings',
    (found, before, after) => {
      const text = `Vastaus: ${before}${found}${after}`;
      expect(findIdentityCodes(text)).toEqual([{ index: 9 + before.length, length: 11 }]);
      expect(maskIdentityCodes(text)).toBe(`Vastaus: ${before}******-****${after}`);
    },
  );

  it('finds lower case, odd dashes and blanks around the separator', () => {
    for (const text of ['131052-308t', '131052–308T', '131052‑308T', '131052 - 308T'])
      expect(findIdentityCodes(text)).toHaveLength(1);
  });

  it('hides all of several codes and leaves the rest', () => {
    expect(maskIdentityCodes('a 131052-308T b 131052-308T c')).toBe('a ******-**** b ******-**** c');
    expect(maskIdentityCodes('nothing here')).toBe('nothing here');
  });

  it('leaves what is no code', () => {
    const not = ['131052-308U', '311352-308T', '1131052-308T', '131052-308TA', '1234567-1', 'a1b131052-308T', '320152-308T'];
    for (const text of not) expect(findIdentityCodes(text)).toEqual([]);
  });

  test.prop([fc.uuid()])('sees none inside an id', (id) => {
    expect(findIdentityCodes(id)).toEqual([]);
  });

  test.prop([artificial])('keeps the separator as a part of the key', (found) => {
    const twin = found.slice(0, 6) + (found[6] === '-' ? 'Y' : '-') + found.slice(7);
    expect(canonicalIdentityCode(found.toLowerCase())).toBe(found);
    expect(canonicalIdentityCode(twin)).not.toBe(canonicalIdentityCode(found));
  });
});
