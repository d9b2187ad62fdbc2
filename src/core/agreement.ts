import { fieldNames } from './person.ts';

/** Whether one row of a system says the same as the register, field by field, told from keyed prints alone. */
export const agreements = ['equal', 'differs', 'missing', 'extra', 'not-given', 'empty'] as const;
export type Agreement = (typeof agreements)[number];

export interface ComparedRow {
  /** Print of each field that the row was written with or read to hold. */
  prints: Readonly<Record<string, string>>;
  /** The fields that the system's purposes and its mapping give it. */
  given: ReadonlySet<string>;
  /** False: run by people; what they hold besides cannot be seen. */
  readable: boolean;
}

/** One line a field, in the order of the canonical names; one word a row. */
export function agreement(
  register: Readonly<Record<string, string>>,
  rows: readonly ComparedRow[],
): { field: string; words: Agreement[] }[] {
  const known = new Set([...Object.keys(register), ...rows.flatMap((row) => (row.readable ? Object.keys(row.prints) : []))]);
  const order = new Map<string, number>(fieldNames.map((name, i) => [name, i]));
  const rank = (name: string) => order.get(name) ?? fieldNames.length;
  return [...known]
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((field) => ({ field, words: rows.map((row) => word(register[field], row, field)) }));
}

function word(master: string | undefined, row: ComparedRow, field: string): Agreement {
  const print = row.prints[field];
  if (!row.given.has(field)) return print !== undefined && row.readable ? 'extra' : 'not-given';
  if (print === undefined) return master === undefined ? 'empty' : 'missing';
  return print === master ? 'equal' : 'differs';
}
