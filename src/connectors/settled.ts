import type { Exchange } from './exchange.ts';
import type { FileEntry } from './exchange-files.ts';
import type { Call } from './http.ts';

/** A file that the other side left, and whether it stood still between two looks. */
export interface Left {
  entry: FileEntry;
  isSettled: boolean;
}

export type ListLeft = (call: Call) => Promise<Left[]>;

/**
 * Lists a folder so that a file that is still being written is told from a whole one: its size and time must be the same in two looks,
 * `settleMs` apart. What stood still once is not waited for again. `wait`: handed in, so that a test need not sleep.
 */
export function settledList(
  exchange: Exchange,
  { folder, settleMs, isWanted, wait }: { folder: string; settleMs: number; isWanted: (name: string) => boolean; wait: Wait },
): ListLeft {
  let stood = new Set<string>();
  const look = async (call: Call) => (await exchange.list(folder, call)).filter(({ name }) => isWanted(name));
  return async (call) => {
    const first = await look(call);
    if (first.every((entry) => stood.has(stateOf(entry)))) return first.map((entry) => ({ entry, isSettled: true }));
    await wait(settleMs);
    const before = new Set(first.map(stateOf));
    const second = await look(call);
    stood = new Set(second.map(stateOf).filter((state) => before.has(state)));
    return second.map((entry) => ({ entry, isSettled: before.has(stateOf(entry)) }));
  };
}

export type Wait = (ms: number) => Promise<void>;
export const sleep: Wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const stateOf = ({ name, size, modifiedMs }: FileEntry) => `${size} ${modifiedMs} ${name}`;
