import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { addDays, addMonths, dayIn, daysBetween, parts, weekday } from '../../src/core/day.ts';
import { easterSunday, freeDay, holidaysOf, nextWorkingDay, noEves, workingDaysAfter } from '../../src/core/holidays.ts';
import { calendar } from './second-clock.ts';

/** As the Finnish calendars print them; typed by hand. */
const printed: Record<number, string[]> = {
  2018: ['01-01', '01-06', '03-30', '04-01', '04-02', '05-01', '05-10', '05-20', '06-23', '11-03', '12-06', '12-25', '12-26'],
  2020: ['01-01', '01-06', '04-10', '04-12', '04-13', '05-01', '05-21', '05-31', '06-20', '10-31', '12-06', '12-25', '12-26'],
  2024: ['01-01', '01-06', '03-29', '03-31', '04-01', '05-01', '05-09', '05-19', '06-22', '11-02', '12-06', '12-25', '12-26'],
  2025: ['01-01', '01-06', '04-18', '04-20', '04-21', '05-01', '05-29', '06-08', '06-21', '11-01', '12-06', '12-25', '12-26'],
  2026: ['01-01', '01-06', '04-03', '04-05', '04-06', '05-01', '05-14', '05-24', '06-20', '10-31', '12-06', '12-25', '12-26'],
  2027: ['01-01', '01-06', '03-26', '03-28', '03-29', '05-01', '05-06', '05-16', '06-26', '11-06', '12-06', '12-25', '12-26'],
};

describe('Finnish public holidays', () => {
  it.each(Object.entries(printed))('of %s are those of the printed calendar', (year, days) => {
    const found = holidaysOf(Number(year)).map(({ day }) => day);
    expect(found).toEqual(days.map((day) => `${year}-${day}`));
  });

  it('put Ascension Day on May Day in 2008, and count both', () => {
    const both = holidaysOf(2008).filter(({ day }) => day === '2008-05-01');
    expect(both.map(({ name }) => name)).toEqual(['may-day', 'ascension']);
  });

  it('moved Epiphany and Ascension to Saturdays from 1973 to 1990', () => {
    const on = (year: number, name: string) => holidaysOf(year).find((holiday) => holiday.name === name)?.day;
    expect(on(1972, 'epiphany')).toBe('1972-01-06');
    expect(on(1973, 'epiphany')).toBe('1973-01-06');
    expect(on(1974, 'epiphany')).toBe('1974-01-12');
    expect(on(1990, 'epiphany')).toBe('1990-01-06');
    expect(on(1991, 'epiphany')).toBe('1991-01-06');
    expect(on(1972, 'ascension')).toBe('1972-05-11');
    expect(on(1974, 'ascension')).toBe('1974-05-18');
    expect(on(1990, 'ascension')).toBe('1990-05-19');
    expect(on(1991, 'ascension')).toBe('1991-05-09');
    for (let year = 1973; year <= 1990; year++)
      expect(['epiphany', 'ascension'].map((name) => weekday(on(year, name) ?? ''))).toEqual([6, 6]);
  });

  it('moved Midsummer and All Saints to Saturdays in 1955', () => {
    const on = (year: number) => holidaysOf(year).flatMap(({ day, name }) => (/midsummer|saints/.test(name) ? [day] : []));
    expect(on(1954)).toEqual(['1954-06-24', '1954-11-01']);
    expect(on(1955)).toEqual(['1955-06-25', '1955-11-05']);
  });

  it('are not guessed before 1900', () => expect(() => holidaysOf(1899)).toThrow(RangeError));

  it.each([
    ['1900', '1900-04-15'],
    ['1943, the latest there is', '1943-04-25'],
    ['1961', '1961-04-02'],
    ['2000', '2000-04-23'],
    ['2008, the earliest of our time', '2008-03-23'],
    ['2019', '2019-04-21'],
    ['2038', '2038-04-25'],
    ['2049', '2049-04-18'],
    ['2076', '2076-04-19'],
    ['2100', '2100-03-28'],
  ])('have Easter of %s on its day', (_, day) => expect(easterSunday(Number(day.slice(0, 4)))).toBe(day));

  it('leave every other weekday of 2017 to 2102 a working day, as the second calendar does', () => {
    for (const { day, weekday: n, holiday } of calendar)
      if ((freeDay(day, noEves) !== null) !== (holiday || n === 0 || n === 6)) expect.fail(`${day} differs`);
    expect(calendar).toHaveLength(31_410);
  });

  it('count an eve only where the company said so', () => {
    expect(freeDay('2026-06-19', noEves)).toBeNull();
    expect(freeDay('2026-06-19', { midsummerEve: true, christmasEve: false })).toBe('midsummer-eve');
    expect(freeDay('2026-12-24', { midsummerEve: true, christmasEve: false })).toBeNull();
    expect(freeDay('2026-12-24', { midsummerEve: false, christmasEve: true })).toBe('christmas-eve');
    expect(freeDay('2026-06-18', { midsummerEve: true, christmasEve: true })).toBeNull();
  });

  it('say what was passed over on the way to a working day', () => {
    expect(nextWorkingDay('2026-04-03', noEves)).toEqual({
      day: '2026-04-07',
      over: [
        { day: '2026-04-03', why: 'good-friday' },
        { day: '2026-04-04', why: 'saturday' },
        { day: '2026-04-05', why: 'easter-sunday' },
        { day: '2026-04-06', why: 'easter-monday' },
      ],
    });
    expect(workingDaysAfter('2026-04-02', 1, noEves)).toBe('2026-04-07');
    expect(workingDaysAfter('2026-04-02', 0, noEves)).toBe('2026-04-02');
  });
});

describe('days', () => {
  const day = fc
    .date({ min: new Date('1900-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));

  test.prop([day, fc.integer({ min: -40_000, max: 40_000 })])('are added as the clock of the machine adds them', (from, n) => {
    const expected = new Date(Date.parse(from) + n * 86_400_000).toISOString().slice(0, 10);
    expect(addDays(from, n)).toBe(expected);
    expect(daysBetween(from, expected)).toBe(n);
    expect(weekday(from) % 7).toBe(new Date(from).getUTCDay());
  });

  test.prop([day, fc.integer({ min: -500, max: 500 })])(
    'of a later month keep their date or take the last there is',
    (from, n) => {
      const to = parts(addMonths(from, n));
      const { year, month, date } = parts(from);
      expect(to.year * 12 + to.month).toBe(year * 12 + month + n);
      const length = new Date(Date.UTC(to.year, to.month, 0)).getUTCDate();
      expect(to.date).toBe(Math.min(date, length));
    },
  );

  it.each([
    '2026-02-29',
    '2100-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-1-1',
    '26-01-01',
    '',
    '2026-01-01T00:00Z',
  ])('refuse %j', (text) => expect(() => parts(text)).toThrow(/not a calendar date/));

  it('fall where the controller is', () => {
    // Finland is two hours ahead in winter and three in summer; the change is on 29 March 2026
    expect(dayIn(new Date('2026-01-31T21:59:59Z'), 'Europe/Helsinki')).toBe('2026-01-31');
    expect(dayIn(new Date('2026-01-31T22:00:00Z'), 'Europe/Helsinki')).toBe('2026-02-01');
    expect(dayIn(new Date('2026-07-31T21:00:00Z'), 'Europe/Helsinki')).toBe('2026-08-01');
    expect(dayIn(new Date('2026-03-28T21:59:59Z'), 'Europe/Helsinki')).toBe('2026-03-28');
    expect(dayIn(new Date('2026-03-29T21:00:00Z'), 'Europe/Helsinki')).toBe('2026-03-30');
  });
});
