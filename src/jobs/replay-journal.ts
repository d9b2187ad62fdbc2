import type { JournalEntry } from '../core/tombstone.ts';
import { caseStatesOf } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { lockSubject } from '../store/subjects.ts';
import { putTombstones } from '../store/tombstones.ts';
import { approveCase, openErasureCase } from './erasure.ts';
import { type Needs, now, tell, whose } from './needs.ts';
import { withdrawErasure } from './withdraw-erasure.ts';

export interface Replayed {
  /** Entries of this instance. */
  read: number;
  /** People who are erased again. */
  erased: number;
  /** Erasures that were taken back and are taken back again. */
  withdrawn: number;
}

const batch = 500;

/**
 * Holds the ledger against the journal that lives outside of it. A database from before an erasure (a restore, a failed-over replica)
 * still knows the person: they are erased again here, before anything is served or written. An entry that the ledger knows costs one
 * look-up. Runs at every start.
 */
export async function replayJournal(needs: Needs): Promise<Replayed> {
  const entries = (await needs.journal.read()).filter((entry) => entry.instance === needs.instance);
  const replayed: Replayed = { read: entries.length, erased: 0, withdrawn: 0 };
  const latest = [...lastWords(entries).values()];
  for (let from = 0; from < latest.length; from += batch) {
    const some = latest.slice(from, from + batch);
    const states = await caseStatesOf(
      needs.db,
      some.flatMap((entry) => entry.case ?? []),
    );
    for (const entry of some) {
      const known = entry.case ? states.get(entry.case) : undefined;
      if (entry.withdrawn) {
        if (known === 'running' && entry.case && (await takeBack(needs, entry.case))) replayed.withdrawn++;
      } else if (await eraseAgain(needs, entry, known)) replayed.erased++;
    }
  }
  if (replayed.erased + replayed.withdrawn > 0) needs.log.warn(replayed, 'the database was older than the journal of erasures');
  return replayed;
}

/** What the journal says of each erasure at last: all its tombstones, or that it was taken back. */
function lastWords(entries: readonly JournalEntry[]): Map<string, JournalEntry> {
  const words = new Map<string, JournalEntry>();
  for (const entry of entries) {
    const about = entry.case ?? entry.subject;
    const before = words.get(about);
    // an address that was changed while the erasure ran makes an entry of its own
    const tombstones =
      before && !before.withdrawn && !entry.withdrawn ? [...before.tombstones, ...entry.tombstones] : entry.tombstones;
    words.set(about, { ...entry, tombstones });
  }
  return words;
}

/** True: the ledger did not know of it. */
async function eraseAgain(needs: Needs, entry: JournalEntry, known: string | undefined): Promise<boolean> {
  // a refusal was written after the entry: the approval before it was never committed
  if (known === 'running' || known === 'closed' || known === 'refused') return false;
  return inTransaction(needs.db, async () => {
    const added = await putTombstones(needs.db, null, entry.tombstones);
    const subject = await lockSubject(needs.db, entry.subject);
    const isThere = subject !== undefined && subject.state !== 'erased';
    if (isThere) {
      const { id } =
        known === 'planned' && entry.case
          ? { id: entry.case }
          : await openErasureCase(needs, {
              subject: entry.subject,
              source: 'journal',
              channel: null,
              receivedAt: new Date(entry.at),
              approve: 'person',
            });
      await approveCase(needs, id, 'kaiku', 'auto');
    }
    if (!isThere && added === 0) return false;
    await tell(needs, {
      actor: 'kaiku',
      action: 'erasure.replayed',
      ...(subject ? { subject: whose(subject) } : {}),
      code: String(added),
      reason: isThere ? 'erased' : 'guarded',
    });
    return isThere;
  });
}

const takeBack = async (needs: Needs, id: string): Promise<boolean> =>
  (await withdrawErasure(needs, id, 'kaiku', `journal of ${(await now(needs)).toISOString().slice(0, 10)}`)) === null;
