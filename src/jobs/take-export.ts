import { createHash } from 'node:crypto';
import { freeCall } from '../connectors/http.ts';
import { inTransaction } from '../store/database.ts';
import { lookAgain } from '../store/duties.ts';
import { type Needs, tell } from './needs.ts';
import { untilShown } from './shown-later.ts';

/** Longer than a process goes on believing the export that it read before, in ms. */
const believedMs = 6000;

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
  return inTransaction(needs.db, async () => {
    await tell(needs, { actor, action: 'export.taken', system, code: sha256, reason: `rows-${rows}` });
    return { rows, sha256, woken: await lookAgain(needs.db, system, [untilShown], believedMs) };
  });
}
