/** Fewer rows than these are never a mass change: in a small company one who leaves is a large part. */
const fewest = 3;

interface Held<R> {
  next: ReadonlyMap<string, R>;
  /** The last export that was believed. */
  known: ReadonlyMap<string, R>;
  /** What each field says of a row; '' for a blank. */
  fields: Readonly<Record<string, (row: R) => string>>;
  settings: { mostVanishing: number; mostChanging: number };
  /** What rows are called. */
  rows: 'rows' | 'people';
}

/**
 * Why an export is not believed beside the one before: one that was cut between two rows, or whose columns changed places, looks like a
 * whole one. `line`: where in the file it is named. Null: it is believed.
 */
export function disbeliefOf<R>({ next, known, fields, settings, rows }: Held<R>): { line: number; reason: string } | null {
  if (known.size === 0) return null;
  const isTooMany = (count: number, of: number, share: number) => count >= fewest && count > of * share;
  const vanished = [...known.keys()].filter((id) => !next.has(id)).length;
  // where nobody of those before is left, something else stands for their keys
  if (vanished === known.size || isTooMany(vanished, known.size, settings.mostVanishing))
    return { line: next.size + 1, reason: `${vanished} of ${known.size} ${rows} are missing in it` };
  const both = [...next].flatMap(([id, row]) => {
    const before = known.get(id);
    return before === undefined ? [] : [{ row, before }];
  });
  for (const [field, say] of Object.entries(fields)) {
    const differing = both.filter(({ row, before }) => say(before) !== '' && say(before) !== say(row)).length;
    if (isTooMany(differing, both.length, settings.mostChanging))
      return { line: 1, reason: `${field} is another for ${differing} of ${both.length} ${rows}` };
  }
  return null;
}

/** What a person does about it. */
export const agreeBy = (code: string) => `if that is right, add ${code} to agreed in the settings`;
