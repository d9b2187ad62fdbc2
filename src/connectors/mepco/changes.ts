import { Failure } from '../../core/failure.ts';
import type { ChangePage } from '../connector.ts';
import type { Exchange } from '../exchange.ts';
import type { FileEntry } from '../exchange-files.ts';
import type { Call } from '../http.ts';
import { clearingOf } from './clearing.ts';
import { type Cursor, noteTaken, parseCursor, type Taken } from './cursor.ts';
import { type Exports, type Found, orderOf, type Step } from './exports.ts';
import { toRecord } from './mapping.ts';
import type { Mapping } from './rows.ts';
import type { MepcoSettings } from './settings.ts';

/**
 * One file is one page, and so one transaction with the cursor that names it: all of it is taken or nothing. Files go in their order; one
 * that is refused stops the changes behind it, until a whole export comes that says everything anew. What the saved cursor proves to be
 * taken is cleared first.
 */
export async function* readChanges(
  text: string | null,
  { exchange, exports, mapping }: { exchange: Exchange; exports: Exports; mapping: Mapping },
  call: Call,
): AsyncGenerator<ChangePage> {
  const { settings } = mapping;
  const saved = parseCursor(text);
  let at = saved;
  const clearing = clearingOf(exchange, exports, settings);
  const listed = await exports.list(call);
  await clearing.all(saved, listed, call);
  const { news, base, late } = sorted(listed.found, saved, settings);
  let refusal: Failure | null = null;
  if (news.length > 0) {
    for await (const step of exports.walk([...base, ...news], call)) {
      if (base.some(({ entry }) => entry === step.entry)) continue;
      if ('refusal' in step) {
        refusal = step.refusal;
        continue;
      }
      const before = takenBefore(at, step);
      if (before) {
        if (saved.taken.includes(before) && before.name !== saved.whole?.name) await clearing.again(step.entry, before, call);
        continue;
      }
      if (refusal && step.kind === 'delta') continue;
      refusal = null;
      // the same again under a new name is no news, but the newest file all the same
      const isSame = step.kind === 'full' && at.newest?.sha256 === step.sha256;
      at = noteTaken(at, { ...step.entry, kind: step.kind, sha256: step.sha256 });
      const records = isSame ? [] : [...step.rows.values()].map((row) => toRecord(row, mapping));
      yield { records, cursor: JSON.stringify(at) };
    }
  }
  if (refusal) throw refusal;
  if (late[0])
    throw new Failure('ANSWER_GARBLED', {
      hint: `${late[0].entry.name} is older than changes that were taken already: put it there anew if it still holds, or remove it`,
    });
  const { expectedEveryHours } = settings;
  if (expectedEveryHours !== undefined && at.newest && Date.now() - at.newest.modifiedMs > expectedEveryHours * 3_600_000)
    throw new Failure('RECIPIENT_UNAVAILABLE', { hint: `no export came for more than ${expectedEveryHours} hours` });
}

const isIt = (taken: Taken, { name, size, modifiedMs }: FileEntry) =>
  taken.name === name && taken.size === size && taken.modifiedMs === modifiedMs;

/**
 * `base`: what was taken and is still there, which news is held against and laid over. `late`: changes that came behind newer ones; a
 * late whole export says nothing any more.
 */
function sorted(found: readonly Found[], at: Cursor, settings: MepcoSettings): Record<'news' | 'base' | 'late', Found[]> {
  const { newest, whole } = at;
  const order = orderOf(settings);
  const from = whole === null ? 0 : at.taken.findLastIndex(({ sha256, name }) => sha256 === whole.sha256 && name === whole.name);
  const isKnown = ({ entry }: Found) => at.taken.some((taken) => isIt(taken, entry));
  const isLate = ({ entry }: Found) => newest !== null && order(entry, newest) < 0;
  const others = found.filter((one) => !isKnown(one));
  return {
    news: others.filter((one) => !isLate(one)),
    base: found.filter(({ entry }) => at.taken.slice(from).some((taken) => isIt(taken, entry))),
    late: others.filter((one) => isLate(one) && one.kind === 'delta'),
  };
}

/**
 * The earlier taking of this content, if it is not to be taken again. A whole export under the newest one's own name was written anew, and
 * may go back to what was; an older name with its old content was only put there again. Changes are never taken twice.
 */
function takenBefore(at: Cursor, { entry, kind, sha256 }: Extract<Step, { sha256: string }>): Taken | undefined {
  const same = at.taken.filter((taken) => taken.sha256 === sha256);
  if (kind === 'delta') return same.at(-1);
  if (entry.name === at.whole?.name) return at.newest?.sha256 === sha256 ? at.newest : undefined;
  return same.findLast((taken) => taken.name === entry.name);
}
