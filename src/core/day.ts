/**
 * Calendar dates as whole days: no time, no zone, no daylight saving. The law counts days, and a `Date` would bring an hour along
 * that is a different day elsewhere.
 */

/** `YYYY-MM-DD`. */
export type Day = string;

export const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

export const lastOfMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

/** Throws on what is no date: a deadline counted from a misread day would look like any other. */
export function parts(day: Day): { year: number; month: number; date: number } {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  const [year, month, date] = (found ?? []).slice(1).map(Number);
  if (year === undefined || month === undefined || date === undefined || !isDate(year, month, date))
    throw new RangeError(`not a calendar date (YYYY-MM-DD): ${day}`);
  return { year, month, date };
}

const isDate = (year: number, month: number, date: number) =>
  month >= 1 && month <= 12 && date >= 1 && date <= lastOfMonth(year, month);

export const dayOf = (year: number, month: number, date: number): Day =>
  `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}`;

/** Days since 1 March of the year 0: a year that begins in March has its leap day last, so that no month needs a case of its own. */
function serial(day: Day): number {
  const { year, month, date } = parts(day);
  const y = month > 2 ? year : year - 1;
  const m = (month + 9) % 12;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * m + 2) / 5) + date - 1;
}

function fromSerial(n: number): Day {
  const era = Math.floor(n / 146_097);
  const rest = n - era * 146_097;
  const y = Math.floor((rest - Math.floor(rest / 1460) + Math.floor(rest / 36_524) - Math.floor(rest / 146_096)) / 365);
  const ofYear = rest - (365 * y + Math.floor(y / 4) - Math.floor(y / 100));
  const m = Math.floor((5 * ofYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  return dayOf(era * 400 + y + (month <= 2 ? 1 : 0), month, ofYear - Math.floor((153 * m + 2) / 5) + 1);
}

export const addDays = (day: Day, days: number): Day => fromSerial(serial(day) + days);

export const daysBetween = (from: Day, to: Day): number => serial(to) - serial(from);

/** The same date of a later month, or that month's last day where it has none. */
export function addMonths(day: Day, months: number): Day {
  const { year, month, date } = parts(day);
  const index = year * 12 + month - 1 + months;
  const inYear = Math.floor(index / 12);
  const inMonth = (index % 12) + 1;
  return dayOf(inYear, inMonth, Math.min(date, lastOfMonth(inYear, inMonth)));
}

/** 1 Monday to 7 Sunday, as ISO 8601 counts. */
export const weekday = (day: Day): number => ((serial(day) + 2) % 7) + 1;

export const earlier = (a: Day, b: Day): Day => (a <= b ? a : b);
export const later = (a: Day, b: Day): Day => (a >= b ? a : b);

/** The day an instant falls on in a place. The zone's rules come with the runtime; no clock is read. */
export function dayIn(instant: Date, zone: string): Day {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  return dayOf(Number(part['year']), Number(part['month']), Number(part['day']));
}

/** The last moment of a day in a place, to the millisecond. No offset is assumed: the day may have 23, 24 or 25 hours there. */
export function endOfDay(day: Day, zone: string): Date {
  const { year, month, date } = parts(day);
  const midnight = Date.UTC(year, month - 1, date);
  // no zone is further than 15 hours from UTC
  let inside = midnight - 15 * 3_600_000;
  let beyond = midnight + 48 * 3_600_000;
  while (beyond - inside > 1) {
    const middle = Math.floor((inside + beyond) / 2);
    if (dayIn(new Date(middle), zone) <= day) inside = middle;
    else beyond = middle;
  }
  return new Date(inside);
}
