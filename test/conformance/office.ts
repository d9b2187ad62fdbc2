import type { Fields } from '../../src/core/person.ts';
import type { Rows } from './world.ts';

/** The other side of an exchange of files: rows of its own, the exports that it writes of them, and what it does with files of ours. */
export interface Office extends Rows {
  edit(id: string, email: string): void;
  drop(id: string): void;
  /** Its whole export of now, under a name of its own, within the folder of the exchange. */
  whole(): LaidDown;
  /** An export of the changes of one row alone, where it writes such. */
  changes?(id: string): LaidDown;
  /** Every folder that it keeps for us. */
  folders: readonly string[];
  /** Its files of ours, where it takes any: whether a name is one, and what it does with it. */
  inbox?: { folder: string; isOurs(name: string): boolean; take(bytes: Buffer): void };
}

export interface LaidDown {
  path: string;
  bytes: Buffer;
}

interface Ledger {
  idOf(n: number): string;
  /** Name of the n-th whole export. */
  name(n: number): string;
  header: string;
  line(id: string, row: Fields): string;
}

/** Rows in the order of their ids, and a line each. */
export function officeOf({ idOf, name, header, line }: Ledger) {
  const rows = new Map<string, Fields>();
  let last = 0;
  let exported = 0;
  const text = (ids: readonly string[]) =>
    Buffer.from(`${[header, ...ids.map((id) => line(id, rows.get(id) ?? {}))].join('\r\n')}\r\n`);
  return {
    /** By id, for what the system of this kind does with them. */
    held: rows,
    put(fields: Fields) {
      rows.set(idOf(++last), { ...fields });
    },
    edit(id: string, email: string) {
      rows.set(id, { ...rows.get(id), email });
    },
    drop: (id: string) => void rows.delete(id),
    rows: (): unknown[] => [...rows].map(([id, row]) => ({ id, ...row })),
    whole: (): LaidDown => ({ path: name(++exported), bytes: text([...rows.keys()]) }),
    only: (path: string, id: string): LaidDown => ({ path, bytes: text([id]) }),
  };
}

/** Words that differ for each number, of letters alone: no name of a person has a digit. */
export const wordOf = (n: number): string => {
  const letters = 'aeiouklmnprstv';
  return n < letters.length ? (letters[n] ?? '') : wordOf(Math.floor(n / letters.length)) + (letters[n % letters.length] ?? '');
};
