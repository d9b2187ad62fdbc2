import type { Failure } from '../../core/failure.ts';
import { agreeBy, disbeliefOf } from '../disbelief.ts';
import { refused } from '../text-file.ts';
import { cellOf, type Export, type Mapping, type Row } from './rows.ts';

/** The stop before very many people vanish or change at once, until a person wrote down that it is right. Null: it is believed. */
export function disbelief(
  file: string,
  sha256: string,
  { rows }: Export,
  known: ReadonlyMap<string, Row>,
  { settings }: Mapping,
): Failure | null {
  const code = sha256.slice(0, 16);
  if (settings.agreed.includes(code)) return null;
  const fields = Object.fromEntries(
    Object.entries(settings.map).map(([field, header]) => [field, (row: Row) => cellOf(row, header)]),
  );
  const doubt = disbeliefOf({ next: rows, known, fields, settings, rows: 'people' });
  return doubt && refused(file, doubt.line, `${doubt.reason}; ${agreeBy(code)}`);
}
