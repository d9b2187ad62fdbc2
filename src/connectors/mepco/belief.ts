import type { Failure } from '../../core/failure.ts';
import { refused } from '../text-file.ts';
import { cellOf, type Export, type Mapping, type Row } from './rows.ts';

/** Fewer rows than these are never a mass change: in a small company one who leaves is a large part. */
const fewest = 3;

/**
 * The stop before very many people vanish or change at once: an export that was cut between two rows, or whose columns changed places,
 * looks like a whole one. It is refused until a person wrote down that it is right. Null: it is believed.
 */
export function disbelief(
  file: string,
  sha256: string,
  next: Export,
  known: ReadonlyMap<string, Row>,
  { settings }: Mapping,
): Failure | null {
  const code = sha256.slice(0, 16);
  if (known.size === 0 || settings.agreed.includes(code)) return null;
  const agree = `if that is right, add ${code} to agreed in the settings`;
  const isTooMany = (rows: number, of: number, share: number) => rows >= fewest && rows > of * share;
  const vanished = [...known.keys()].filter((id) => !next.rows.has(id)).length;
  if (isTooMany(vanished, known.size, settings.mostVanishing))
    return refused(file, next.rows.size + 1, `${vanished} of ${known.size} people are missing in it; ${agree}`);
  const both = [...next.rows].flatMap(([id, row]) => {
    const before = known.get(id);
    return before ? [{ row, before }] : [];
  });
  for (const [field, header] of Object.entries(settings.map)) {
    const differing = both.filter(({ row, before }) => {
      const was = cellOf(before, header);
      return was !== '' && was !== cellOf(row, header);
    }).length;
    if (isTooMany(differing, both.length, settings.mostChanging))
      return refused(file, 1, `${field} is another for ${differing} of ${both.length} people; ${agree}`);
  }
  return null;
}
