import { caseById, moveCase } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { dutiesOf, raise } from '../store/duties.ts';
import { lockSubject, registerRecords } from '../store/subjects.ts';
import { withdrawErasures } from '../store/tasks.ts';
import { dropTombstones, tombstonesOfCase } from '../store/tombstones.ts';
import { envelopeDays, resume, sealReason } from './erasure.ts';
import { type Needs, now, tell, whose } from './needs.ts';

/** Why an erasure was not withdrawn. */
export type WithdrawFault = 'not-there' | 'not-erasing' | 'at-work' | 'too-late';

const dayMs = 86_400_000;

/**
 * Takes an approved erasure back while the register still holds the person: what waits for its undo window stays, people who were
 * asked to erase are asked no more, and corrections resume. What a system has erased by then stays erased, and the objection that the
 * request meant stays too, because permissions only tighten. While anything is at a system nothing is withdrawn: no erasing step
 * leaves after this has answered.
 */
export async function withdrawErasure(needs: Needs, id: string, by: string, reason: string): Promise<WithdrawFault | null> {
  let journalled: (() => Promise<void>) | null = null;
  try {
    return await inTransaction(needs.db, async () => {
      const { db, journal, instance } = needs;
      const named = await caseById(db, id);
      const subject = named ? await lockSubject(db, named.subject) : undefined;
      const found = await caseById(db, id);
      if (!found || !subject) return 'not-there';
      if (found.type !== 'erasure' || found.state !== 'running') return 'not-erasing';
      const isGone = (await registerRecords(db, subject.id)).some((r) => r.state === 'erased');
      if (isGone || subject.state === 'erased') return 'too-late';
      if ((await dutiesOf(db, subject.id)).some((d) => d.state === 'sending')) return 'at-work';
      const at = await now(needs);
      const decision = { decision: 'withdrawn', by, at: at.toISOString(), reason: sealReason(needs, id, reason) };
      const envelopeUntil = new Date(at.getTime() + envelopeDays * dayMs);
      if (!(await moveCase(db, id, ['running'], 'refused', { decision, closedAt: at, envelopeUntil }))) return 'not-erasing';
      const tombstones = await tombstonesOfCase(db, id);
      await dropTombstones(db, id);
      await withdrawErasures(db, subject.id, null, by, at);
      await resume(needs, subject);
      await tell(needs, { actor: by, action: 'case.withdrawn', subject: whose(subject), case: id });
      await raise(db, { subject: subject.id, lane: 'correction', newId: needs.newId });
      // last before the commit: a restore must not erase whoever took the erasure back
      const entry = { v: 1 as const, at: at.toISOString(), instance, subject: subject.id, case: id };
      journalled = () => journal.append({ ...entry, tombstones });
      await journal.append({ ...entry, withdrawn: true, tombstones: [] });
      return null;
    });
  } catch (error) {
    // the database did not take it: the erasure stands, and the journal says so again
    await (journalled as (() => Promise<void>) | null)?.();
    throw error;
  }
}
