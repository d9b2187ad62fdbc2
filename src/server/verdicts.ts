import { AlreadyErased, openErasureCase } from '../jobs/erasure.ts';
import { type Needs, now, tell, whose } from '../jobs/needs.ts';
import { linkHeld } from '../jobs/relink.ts';
import { inTransaction } from '../store/database.ts';
import { dutyById, raise, redrive } from '../store/duties.ts';
import { decide, heldById } from '../store/held.ts';
import { subjectById } from '../store/subjects.ts';
import { refusing } from './links.ts';
import { badRequest, later, notFound, refused } from './problem.ts';
import { heldView, verdictsOf } from './shapes.ts';

/** What a person says about a hold, and the second try of what the machine gave up; for the API and the console alike. */

/** Ends a hold. The verdict `erase` on a vanished person opens a case; `link` says whose row it is. */
export async function giveVerdict(
  needs: Needs,
  id: string,
  verdict: string,
  by: string,
  whoseRow: string | undefined,
): Promise<ReturnType<typeof heldView> & { verdict: string; case?: string }> {
  const { db } = needs;
  const held = await heldById(db, id);
  if (!held) throw notFound('hold');
  const allowed = verdictsOf[held.kind];
  if (allowed.length === 0) throw later('A verdict on a re-arrival');
  if (!allowed.includes(verdict))
    throw badRequest(`verdict: about this the verdict is one of ${allowed.join(', ')}`, { code: 'no-such-verdict' });
  if (verdict === 'link') {
    if (!whoseRow) throw badRequest('subject: say whose row it is, as {"subject": "…"}', { code: 'no-subject' });
    await refusing(linkHeld(needs, held, whoseRow, by));
    return { ...heldView(needs, held), verdict };
  }
  return inTransaction(db, async () => {
    if (!(await decide(db, held.id, verdict, by))) throw refused('This was decided before.', { code: 'decided-before' });
    const subject = held.subject ? await subjectById(db, held.subject) : undefined;
    const about = subject ? { subject: whose(subject) } : {};
    await tell(needs, { actor: by, action: 'hold.released', system: held.system, reason: verdict, ...about });
    if (subject && held.kind === 'vanished' && verdict === 'erase') {
      const opened = await openErasureCase(needs, {
        subject: subject.id,
        source: 'verdict',
        channel: null,
        receivedAt: await now(needs),
        approve: 'person',
        actor: by,
      }).catch((error) => {
        if (error instanceof AlreadyErased)
          throw refused('This person was erased before; there is nothing left to erase.', { code: 'already-erased' });
        throw error;
      });
      return { ...heldView(needs, held), verdict, case: opened.id };
    }
    if (subject) await raise(db, { subject: subject.id, lane: 'correction', newId: needs.newId });
    return { ...heldView(needs, held), verdict };
  });
}

/** A dead duty is put to work again, reading first. */
export async function redriveDuty(needs: Needs, id: string, by: string): Promise<{ id: string }> {
  const duty = await dutyById(needs.db, id);
  if (!duty) throw notFound('duty');
  if ((await redrive(needs.db, duty.id)) === 0) throw refused('Only a dead duty is put to work again.', { code: 'not-dead' });
  await tell(needs, {
    actor: by,
    action: 'duty.moved',
    system: duty.recipient,
    duty: duty.id,
    from: 'dead',
    to: 'unknown',
    reason: 're-driven',
  });
  return { id: duty.id };
}
