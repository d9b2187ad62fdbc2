/**
 * A second implementation of the legal clock, to hold the first one to. It shares no code and no method: it knows days only by
 * walking a calendar built one day after the other with `Date` in UTC, and Easter by the epact tables of the Gregorian calendar.
 */

export interface Cell {
  day: string;
  year: number;
  month: number;
  date: number;
  /** 0 Sunday to 6 Saturday. */
  weekday: number;
  holiday: boolean;
}

/** The first Sunday after the Paschal full moon, found by walking from 21 March. */
function easter(year: number): Date {
  const golden = (year % 19) + 1;
  const century = Math.floor(year / 100) + 1;
  const solar = Math.floor((3 * century) / 4) - 12;
  const lunar = Math.floor((8 * century + 5) / 25) - 5;
  let epact = (11 * golden + 20 + lunar - solar) % 30;
  if (epact < 0) epact += 30;
  if ((epact === 25 && golden > 11) || epact === 24) epact++;
  let moon = 44 - epact;
  if (moon < 21) moon += 30;
  const at = new Date(Date.UTC(year, 2, moon));
  do at.setUTCDate(at.getUTCDate() + 1);
  while (at.getUTCDay() !== 0);
  return at;
}

const fixed = new Set(['1-1', '1-6', '5-1', '12-6', '12-25', '12-26']);

/** Every day of 2017 to 2102, in order. */
export const calendar: Cell[] = [];
/** Where a day stands in it. */
export const place = new Map<string, number>();
{
  const movable = new Set<string>();
  for (let year = 2017; year <= 2102; year++)
    for (const offset of [-2, 0, 1, 39, 49]) {
      const at = easter(year);
      at.setUTCDate(at.getUTCDate() + offset);
      movable.add(at.toISOString().slice(0, 10));
    }
  for (const at = new Date(Date.UTC(2017, 0, 1)); at.getUTCFullYear() < 2103; at.setUTCDate(at.getUTCDate() + 1)) {
    const [month, date, weekday] = [at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCDay()];
    const day = at.toISOString().slice(0, 10);
    const midsummer = weekday === 6 && month === 6 && date >= 20 && date <= 26;
    const saints = weekday === 6 && ((month === 10 && date === 31) || (month === 11 && date <= 6));
    const holiday = fixed.has(`${month}-${date}`) || movable.has(day) || midsummer || saints;
    place.set(day, calendar.length);
    calendar.push({ day, year: at.getUTCFullYear(), month, date, weekday, holiday });
  }
}

const cell = (i: number): Cell => {
  const found = calendar[i];
  if (!found) throw new RangeError('beyond the calendar');
  return found;
};

/** Walks on to the n-th month after, then to the same date or the month's last day, whichever is met first. */
export function monthsAfter(from: number, months: number): number {
  const start = cell(from);
  let i = from;
  for (let seen = 0; seen < months; i++) if (cell(i + 1).date === 1) seen++;
  while (cell(i).date < start.date && cell(i + 1).date !== 1) i++;
  return i;
}

export function secondClock(received: string, extended: boolean, pausedDays = 0): { target: string; date: string } {
  const from = place.get(received) ?? -1;
  const first = monthsAfter(from, 1);
  const base = extended ? Math.min(monthsAfter(from, 3), monthsAfter(first, 2)) : first;
  let i = base + pausedDays;
  const target = cell(i).day;
  while (cell(i).weekday === 0 || cell(i).weekday === 6 || cell(i).holiday) i++;
  return { target, date: cell(i).day };
}
