import { addDays, type Day, dayOf, parts, weekday } from './day.ts';

/**
 * Finnish public holidays, for the years 1900 to 2100. Epiphany and Ascension stood on Saturdays from 1973 to 1990, Midsummer Day and
 * All Saints' Day on their old dates until 1954. Days abolished before 1991 are not listed: no
 * period of the law that is counted here reaches back to them.
 */
export const holidayNames = [
  'new-year',
  'epiphany',
  'good-friday',
  'easter-sunday',
  'easter-monday',
  'may-day',
  'ascension',
  'whit-sunday',
  'midsummer-day',
  'all-saints',
  'independence-day',
  'christmas-day',
  'st-stephen',
] as const;

/** Days off in practice. Whether they move a deadline is unsettled, so each is a setting, and off unless a company says otherwise. */
export const eveNames = ['midsummer-eve', 'christmas-eve'] as const;

export type HolidayName = (typeof holidayNames)[number];
export type EveName = (typeof eveNames)[number];
/** Why a day is no working day. */
export type FreeDay = 'saturday' | 'sunday' | HolidayName | EveName;

/** Which eves are no working days. None: the earlier date, and so the cautious one. */
export interface Eves {
  midsummerEve: boolean;
  christmasEve: boolean;
}
export const noEves: Eves = { midsummerEve: false, christmasEve: false };

/** Gregorian Easter: the anonymous computus of 1876 (Meeus/Jones/Butcher). */
export function easterSunday(year: number): Day {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  return dayOf(year, month, (h + l - 7 * m + 33 * month + 19) % 32);
}

/** The Saturday on a day or within the six after it. */
const saturdayFrom = (day: Day): Day => addDays(day, 6 - (weekday(day) % 7));

/** The holidays of a year in the order of their names; two may fall on one day (Ascension on 1 May 2008). */
export function holidaysOf(year: number): readonly { day: Day; name: HolidayName }[] {
  if (!Number.isInteger(year) || year < 1900) throw new RangeError(`Finnish holidays are known from 1900 on, not for ${year}`);
  const easter = easterSunday(year);
  const onSaturdays = year >= 1973 && year <= 1990;
  const days: Record<HolidayName, Day> = {
    'new-year': `${year}-01-01`,
    epiphany: onSaturdays ? saturdayFrom(`${year}-01-06`) : `${year}-01-06`,
    'good-friday': addDays(easter, -2),
    'easter-sunday': easter,
    'easter-monday': addDays(easter, 1),
    'may-day': `${year}-05-01`,
    ascension: addDays(easter, onSaturdays ? 34 : 39),
    'whit-sunday': addDays(easter, 49),
    'midsummer-day': year < 1955 ? `${year}-06-24` : saturdayFrom(`${year}-06-20`),
    'all-saints': year < 1955 ? `${year}-11-01` : saturdayFrom(`${year}-10-31`),
    'independence-day': `${year}-12-06`,
    'christmas-day': `${year}-12-25`,
    'st-stephen': `${year}-12-26`,
  };
  return holidayNames.map((name) => ({ day: days[name], name }));
}

const byYear = new Map<number, ReadonlyMap<Day, HolidayName>>();
function named(day: Day): HolidayName | undefined {
  const { year } = parts(day);
  let days = byYear.get(year);
  if (!days) {
    days = new Map(holidaysOf(year).map((found) => [found.day, found.name]));
    byYear.set(year, days);
  }
  return days.get(day);
}

/** Why a day is no working day (Reg. 1182/71 Art. 2(2)); null for a working day. */
export function freeDay(day: Day, eves: Eves): FreeDay | null {
  const holiday = named(day);
  if (holiday) return holiday;
  if (eves.christmasEve && day.endsWith('-12-24')) return 'christmas-eve';
  if (eves.midsummerEve && named(addDays(day, 1)) === 'midsummer-day') return 'midsummer-eve';
  const n = weekday(day);
  return n === 6 ? 'saturday' : n === 7 ? 'sunday' : null;
}

/** The day itself, or the first working day after it; with the days passed over and why. */
export function nextWorkingDay(day: Day, eves: Eves): { day: Day; over: { day: Day; why: FreeDay }[] } {
  const over: { day: Day; why: FreeDay }[] = [];
  for (let at = day; ; at = addDays(at, 1)) {
    const why = freeDay(at, eves);
    if (why === null) return { day: at, over };
    over.push({ day: at, why });
  }
}

/** The n-th working day after a day. */
export function workingDaysAfter(day: Day, n: number, eves: Eves): Day {
  let at = day;
  for (let i = 0; i < n; i++) at = nextWorkingDay(addDays(at, 1), eves).day;
  return at;
}
