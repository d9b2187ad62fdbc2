import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCells, toFields, toFile } from '../../../src/connectors/files/form.ts';
import { readRows } from '../../../src/connectors/files/rows.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { Fields } from '../../../src/core/person.ts';
import { settingsOf } from './setup.ts';

const there = { file: 'x.csv', line: 1 };
const back = (fields: Fields, over: Record<string, unknown> = {}) => {
  const settings = settingsOf(over);
  const bytes = toFile('17', toCells(fields, settings), 'change', settings);
  return bytes === null ? null : readRows('x.csv', bytes, settings).get('17')?.fields;
};

describe('a value on its way out and back', () => {
  it.each(['=1+1', '+358 40 123 4567', '-2', '@SUM(A1)', "'=already", "''+twice", "O'Brien", '＝full width', 'Mäkelä, Åke'])(
    'comes back as it went: %s',
    (familyName) => {
      expect(back({ familyName }, { quotes: 'double' })).toEqual({ familyName });
      expect(back({ familyName })).toEqual({ familyName });
    },
  );

  it('is never run by a spreadsheet', () => {
    const settings = settingsOf({ quotes: 'double' });
    for (const value of ['=1+1', '+1', '-1', '@x', '＝1']) {
      const cells = toCells({ familyName: value }, settings);
      expect(toFile('1', cells, 'change', settings)?.toString()).toContain(`'${value}`);
      expect(toFile('1', cells, 'change', { ...settings, escapeFormulas: false })?.toString()).not.toContain(`'${value}`);
    }
  });

  it('comes back as it went, whatever it is, or is not written at all', () => {
    const sign = fc.constantFrom('=', '+', '-', '@', "'", '"', ';', ',', 'ä', ' ', 'x', '\n', '\u20ac', '\u0416');
    const text = fc.array(sign, { minLength: 1, maxLength: 8 }).map((signs) => signs.join('').trim());
    fc.assert(
      fc.property(
        text,
        text,
        fc.constantFrom('utf-8', 'iso-8859-1', 'windows-1252'),
        fc.constantFrom('none', 'double'),
        fc.constantFrom(';', ',', '\t'),
        fc.constantFrom('crlf', 'lf'),
        (familyName, city, encoding, quotes, delimiter, lineBreak) => {
          const fields = { ...(familyName ? { familyName } : {}), ...(city ? { address: { city } } : {}) };
          const said = (): ReturnType<typeof back> | 'refused' => {
            try {
              return back(fields, { encoding, quotes, delimiter, lineBreak });
            } catch (error) {
              // letters that happen to make up UTF-8 (ä€€ in windows-1252) are refused on the way back, not spoilt
              if (encoding !== 'utf-8' && error instanceof Failure && error.hint?.includes('reads as UTF-8')) return 'refused';
              throw error;
            }
          };
          const read = said();
          if (read === 'refused') expect(`${familyName}${city}`).toMatch(/\u00e4\u20ac\u20ac/);
          else if (read !== null) expect(read).toEqual(fields);
          else expect(`${familyName}${city}`).toMatch(/[\n;,\t"\u20ac\u0416]/);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reads a sign that the other side never escaped as it stands', () => {
    const settings = settingsOf();
    expect(toFields(new Map([['phone', '+358401234567']]), settings, there)).toEqual({ phone: '+358401234567' });
    expect(toFields(new Map([['phone', "'+358401234567"]]), settings, there)).toEqual({ phone: '+358401234567' });
    expect(toFields(new Map([['last', "'t Hooft"]]), settings, there)).toEqual({ familyName: "'t Hooft" });
  });

  it('writes dates as agreed, names in one column, and refuses a date that is none without showing it', () => {
    const settings = settingsOf({
      map: { name: 'Name', birthDate: 'Born', 'custom.shoe': 'Shoe' },
      dates: 'd.m.yyyy',
      nameOrder: 'family-first',
    });
    const fields: Fields = { givenName: 'Anna Maria', familyName: 'Öhman', birthDate: '1980-02-05', 'custom.shoe': '41' };
    const cells = toCells(fields, settings);
    expect([...cells]).toEqual([
      ['name', 'Öhman Anna Maria'],
      ['born', '5.2.1980'],
      ['shoe', '41'],
    ]);
    expect(toFields(cells, settings, there)).toEqual(fields);
    expect(() => toFields(new Map([['born', '31.2.1980']]), settings, there)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^x\.csv, line 1: birthDate: no date/) }),
    );
  });

  it('does not touch a key: one that a spreadsheet would run is not written', () => {
    const settings = settingsOf({ mark: { column: 'What' } });
    expect(toFile('-17', new Map(), 'change', settings)).toBeNull();
    expect(toFile('017', new Map(), 'change', settings)?.toString()).toBe(
      'What;Id;First;Last;Mail;Phone;Street;City\r\nU;017;;;;;;\r\n',
    );
  });
});
