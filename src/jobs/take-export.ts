import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { freeCall } from '../connectors/http.ts';
import { inTransaction } from '../store/database.ts';
import { areAtWork, lookAgain } from '../store/duties.ts';
import { type Needs, tell } from './needs.ts';
import { untilShown } from './shown-later.ts';

/** Longer than a process goes on believing the export that it read before, in ms. */
const believedMs = 6000;
/** So long a look that is under way is waited for; a later one is an hour away. */
const [mostTurns, turnMs] = [75, 200];

/**
 * Takes an export that somebody downloaded, and lets every duty look that waits for one. Throws the connector's refusal, and nothing was
 * stored then. The log has the file's digest and how many rows it holds, and nothing of what stands in it.
 */
export async function takeExport(
  needs: Needs,
  system: string,
  bytes: Buffer,
  actor: string,
): Promise<{ rows: number; sha256: string; woken: number } | null> {
  const exports = needs.connectors[system]?.exports;
  if (!exports) return null;
  // files are told apart by the clock of the machine that writes them
  const { rows } = await exports.take(bytes, new Date(), freeCall);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await inTransaction(needs.db, () =>
    tell(needs, { actor, action: 'export.taken', system, code: sha256, reason: `rows-${rows}` }),
  );
  const woken = await lookAgain(needs.db, system, [untilShown], believedMs);
  // whoever reads the former export just now goes to wait for the next one: it is this
  if (!(await areAtWork(needs.db, system))) return { rows, sha256, woken };
  for (let turn = 0; turn < mostTurns && (await areAtWork(needs.db, system)); turn++) await setTimeout(turnMs);
  return { rows, sha256, woken: Math.max(woken, await lookAgain(needs.db, system, [untilShown], believedMs)) };
}
