import { type KeptEntry, verifyLog } from '../core/audit-verify.ts';
import { vkeysOf } from '../core/log-keys.ts';
import { checkpoints, entries, sequence } from '../store/audit.ts';
import { cursorOf, saveCursor } from '../store/systems.ts';
import { isMisfit, lastInFolder, placesNow } from './kept-outside.ts';
import type { Needs } from './needs.ts';

const batch = 5000;
/** Where the last verdict on the log is kept. */
const [hub, verdict] = ['kaiku', 'log-verified'];

/**
 * Verifies the whole audit log, every checkpoint included, the last one in the folder outside too, and remembers the verdict. `against`:
 * a checkpoint that somebody kept; what it says decides nothing for others, so that verdict is not remembered.
 */
export async function verifyOwnLog(needs: Needs, against?: string) {
  const { db, signer } = needs;
  await sequence(db, signer);
  const kept = (async function* () {
    for (let from = 0; ; from += batch) {
      const page = await entries(db, from, from + batch);
      yield* page as KeptEntry[];
      if (page.length < batch) return;
    }
  })();
  const folder = needs.config.audit?.checkpoints?.folder;
  // a folder that cannot be read is told by the delivery; it says nothing about the log
  const outside = folder === undefined ? null : await lastInFolder(folder).catch(() => null);
  const notes = [...(await checkpoints(db)).map((c) => c.note), ...[outside, against].filter((note) => typeof note === 'string')];
  const result = await verifyLog(kept, notes, vkeysOf(signer), { mayGrow: true });
  // a log that nothing was written to yet proves nothing, and hides nothing
  if (against === undefined && (notes.length > 0 || result.size > 0)) {
    // what a receiver keeps is seen at a delivery alone: until one fits again, the log is not vouched for
    const isDenied = (await placesNow(needs)).some(({ code }) => isMisfit(code));
    await noteVerdict(needs, result.verified && !isDenied);
  }
  return result;
}

export const noteVerdict = (needs: Needs, verified: boolean) => saveCursor(needs.db, hub, verdict, verified ? 'yes' : 'no');

/** The last verdict; null when the log was never verified. */
export async function lastVerdict(needs: Needs): Promise<boolean | null> {
  const kept = await cursorOf(needs.db, hub, verdict);
  return kept === null ? null : kept === 'yes';
}
