import { verifyLog } from '../core/audit-verify.ts';
import { vkeysOf } from '../core/log-keys.ts';
import { checkpoints, entries, sequence } from '../store/audit.ts';
import { cursorOf, saveCursor } from '../store/systems.ts';
import type { Needs } from './needs.ts';

const batch = 5000;
/** Where the last verdict on the log is kept. */
const [hub, verdict] = ['kaiku', 'log-verified'];

/** Verifies the whole audit log, every checkpoint included, and remembers the verdict. */
export async function verifyOwnLog(needs: Needs) {
  const { db, signer } = needs;
  await sequence(db, signer);
  const kept = (async function* () {
    for (let from = 0; ; from += batch) {
      const page = await entries(db, from, from + batch);
      yield* page;
      if (page.length < batch) return;
    }
  })();
  const notes = (await checkpoints(db)).map((c) => c.note);
  const result = await verifyLog(kept, notes, vkeysOf(signer), { mayGrow: true });
  // a log that nothing was written to yet proves nothing, and hides nothing
  if (notes.length > 0 || result.size > 0) await saveCursor(db, hub, verdict, result.verified ? 'yes' : 'no');
  return result;
}

/** The last verdict; null when the log was never verified. */
export async function lastVerdict(needs: Needs): Promise<boolean | null> {
  const kept = await cursorOf(needs.db, hub, verdict);
  return kept === null ? null : kept === 'yes';
}
