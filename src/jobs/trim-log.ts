import { expiredEntries, trimEntries } from '../store/audit.ts';
import { inTransaction } from '../store/database.ts';
import { type Needs, now, tell } from './needs.ts';

/**
 * Drops the bodies of entries that the company keeps no longer (`audit.keepYears`, or not at all where it is not set); a case keeps its
 * entries until so long after it was closed. What was dropped is an entry itself, and the hashes stay: every proof still holds. Answers
 * how many.
 */
export async function trimLog(needs: Needs): Promise<number> {
  const years = needs.config.audit?.keepYears;
  if (years === undefined) return 0;
  const before = await now(needs);
  before.setUTCFullYear(before.getUTCFullYear() - years);
  return inTransaction(needs.db, async () => {
    const { count, below } = await expiredEntries(needs.db, before);
    if (count === 0) return 0;
    await tell(needs, { actor: 'kaiku', action: 'log.trimmed', version: below, to: before.toISOString() });
    return trimEntries(needs.db, before);
  });
}
