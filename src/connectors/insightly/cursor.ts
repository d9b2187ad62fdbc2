import { z } from 'zod';
import { formatIso } from './dates.ts';

const Instant = z.iso.datetime();

/**
 * Where a poll stands. Between runs only `since` says something: every change up to then was read. While a run of several pages
 * is under way the rest says where it goes on, so that a kill resumes at the page.
 */
const Cursor = z.strictObject({
  since: Instant.nullable(),
  skip: z.int().min(0),
  /** The latest change that was seen; null before the first page. */
  max: Instant.nullable(),
  /** A moment that is surely not after the run's start: what changes during the run is later, and read by the next one. */
  mark: Instant.nullable(),
  /** `X-Total-Count` of the last page, and the smallest of this pass. */
  total: z.int().nullable(),
  least: z.int().nullable(),
  /** Distinct rows of this pass that earlier processes saw. */
  rows: z.int().min(0),
  pass: z.int().min(0),
});
export type Cursor = z.infer<typeof Cursor>;

export const startAt = (since: Date | null): Cursor => ({
  since: since === null ? null : formatIso(since),
  skip: 0,
  max: null,
  mark: null,
  total: null,
  least: null,
  rows: 0,
  pass: 0,
});

/** A cursor that cannot be read is an error: to start from zero in silence would hide the damage, or read everybody anew. */
export function parseCursor(text: string | null): Cursor {
  if (text === null) return startAt(null);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const result = Cursor.safeParse(value);
  if (!result.success) throw new Error("insightly: the saved cursor is damaged; it is not one of this connector's");
  return result.data;
}
