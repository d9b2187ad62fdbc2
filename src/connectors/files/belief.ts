import { Failure } from '../../core/failure.ts';
import { agreeBy, disbeliefOf } from '../disbelief.ts';
import type { FileEntry } from '../exchange-files.ts';
import type { Call } from '../http.ts';
import { spelled } from '../table.ts';
import { refused } from '../text-file.ts';
import type { Read, Row } from './rows.ts';
import type { FilesSettings } from './settings.ts';

/** So far back an export is looked for that is believed; nobody clears the other side's folder. */
const mostEarlier = 10;

type Rows = Read['rows'];

/** Why an export is not believed beside the rows that are known; null: it is, or a person agreed to it. */
function doubtOf({ code, rows }: Read, known: Rows | null, settings: FilesSettings) {
  if (known === null || settings.agreed.includes(code)) return null;
  const fields = Object.fromEntries(
    Object.entries(settings.map).map(([field, column]) => [field, ({ cells }: Row) => cells.get(spelled(column)) ?? '']),
  );
  return disbeliefOf({ next: rows, known, fields, settings, rows: 'rows' });
}

/** Throws the refusal of an export that is not believed beside the rows that are known. */
export function refuseDoubted(name: string, said: Read, known: Rows | null, settings: FilesSettings): void {
  const doubt = doubtOf(said, known, settings);
  if (doubt) throw refused(name, doubt.line, `${doubt.reason}; ${agreeBy(said.code)}`);
}

/**
 * What an export is held against: the last one before it that was believed itself. One that was refused is never the measure of the
 * next, so the same cut does not become right by coming again. Which files were believed is remembered, their rows are not.
 */
export function beliefOf(read: (entry: FileEntry, call: Call) => Promise<Read>, settings: FilesSettings) {
  const verdicts = new Map<string, boolean>();

  /** Newest first. Files whose verdict is known are not read again, but for the last that was believed. */
  async function lastBelieved(earlier: readonly FileEntry[], call: Call): Promise<Rows | null> {
    const until = earlier.findIndex((entry) => verdicts.get(stateOf(entry)) === true);
    const open = earlier.slice(0, until < 0 ? undefined : until + 1).filter((entry) => verdicts.get(stateOf(entry)) !== false);
    let known: Rows | null = null;
    for (const entry of open.reverse()) {
      // one that cannot be read any more is nothing to hold the newest against
      const said: Read | null = await read(entry, call).catch(garbledAsNull);
      const isBelieved = said !== null && (verdicts.get(stateOf(entry)) === true || doubtOf(said, known, settings) === null);
      verdicts.set(stateOf(entry), isBelieved);
      if (isBelieved) known = said.rows;
    }
    return known;
  }

  return {
    /** The rows of the newest. Throws its refusal. `earlier`: newest first. */
    async believed(newest: FileEntry, earlier: readonly FileEntry[], call: Call): Promise<Rows> {
      const before = earlier.slice(0, mostEarlier);
      const states = new Set([newest, ...before].map(stateOf));
      for (const state of verdicts.keys()) if (!states.has(state)) verdicts.delete(state);
      const said = await read(newest, call);
      if (verdicts.get(stateOf(newest)) !== true) {
        refuseDoubted(newest.name, said, await lastBelieved(before, call), settings);
        verdicts.set(stateOf(newest), true);
      }
      return said.rows;
    },
  };
}

const stateOf = ({ name, size, modifiedMs }: FileEntry) => `${size} ${modifiedMs} ${name}`;

const garbledAsNull = (error: unknown): null => {
  if (error instanceof Failure && error.code === 'ANSWER_GARBLED') return null;
  throw error;
};
