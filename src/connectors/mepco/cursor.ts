import { z } from 'zod';

/** A file whose import was committed. */
const Taken = z.strictObject({
  name: z.string(),
  size: z.int(),
  modifiedMs: z.number(),
  sha256: z.string(),
  kind: z.enum(['full', 'delta']),
});
export type Taken = z.infer<typeof Taken>;

/** Saved with the rows of a file in one transaction: what stands here was taken in, and nothing else was. */
const Cursor = z.strictObject({
  /** The newest of all, by which older arrivals are known to be late. */
  newest: Taken.nullable(),
  /** The newest whole export. */
  whole: Taken.nullable(),
  /** Oldest first; the last ones. */
  taken: z.array(Taken),
});
export type Cursor = z.infer<typeof Cursor>;

/** Files that are remembered by their content: years of daily exports. */
const mostTaken = 1000;

export const noteTaken = (at: Cursor, taken: Taken): Cursor => ({
  newest: taken,
  whole: taken.kind === 'full' ? taken : at.whole,
  taken: [...at.taken, taken].slice(-mostTaken),
});

/** A cursor that cannot be read is an error: to start from zero in silence would take every file again. */
export function parseCursor(text: string | null): Cursor {
  if (text === null) return { newest: null, whole: null, taken: [] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const result = Cursor.safeParse(value);
  if (!result.success) throw new Error("mepco: the saved cursor is damaged; it is not one of this connector's");
  return result.data;
}
