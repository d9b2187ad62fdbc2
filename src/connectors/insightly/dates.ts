/**
 * Insightly's date texts. All are UTC. `Date.parse('2025-04-19 00:49:32')` would read local time, so nothing here leaves the
 * reading to the platform.
 */

const form = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d{1,7})?(?:Z|\+00:?00)?$/;

/** Reads `yyyy-MM-dd HH:mm:ss` (recorded traffic, 2025) or the ISO form with `T` and `Z` (vendor documentation); null for anything else. */
export function parseUtc(text: string): Date | null {
  const found = form.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [number, number, number, number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Date.UTC rolls the 31st of April over to May; such a text is no date.
  return formatSpaced(date) === `${found[1]}-${found[2]}-${found[3]} ${found[4]}:${found[5]}:${found[6]}` ? date : null;
}

/** `yyyy-MM-dd HH:mm:ss`, as records carry it. */
export const formatSpaced = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ');

/** `yyyy-MM-ddTHH:mm:ssZ`, as `updated_after_utc` takes it. Whole seconds, cut downwards: the filter excludes its own second. */
export const formatIso = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/**
 * The calendar day of a date or date-time text, `YYYY-MM-DD`. The form of `DATE_OF_BIRTH` is not documented: as a day or midnight
 * it is the day that stands there. Any other time is a moment in UTC, the midnight of whoever typed it: with their zone it is that
 * day, without one the day of UTC.
 */
export function dayOf(text: string, timeZone?: string): string | undefined {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)(?:$|[ T](.*)$)/.exec(text.trim()) ?? [];
  if (day === undefined || parseUtc(`${day} 00:00:00`) === null) return undefined;
  const moment = time === undefined || timeZone === undefined ? null : parseUtc(text.trim());
  if (moment === null || moment.getTime() % 86_400_000 === 0) return day;
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(moment);
}
