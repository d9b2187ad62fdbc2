import { AlreadyErased, openErasureCase } from '../jobs/erasure.ts';
import { foreseeLaw } from '../jobs/foresee-law.ts';
import { prolongHold, releaseHold } from '../jobs/legal-holds.ts';
import { type Needs, now, tell, whose } from '../jobs/needs.ts';
import { judgeRearrival, type RearrivalFault, type RearrivalVerdict } from '../jobs/rearrivals.ts';
import { linkHeld, mergeSubjects, unlink } from '../jobs/relink.ts';
import { endPurposes, keepProposed } from '../jobs/sweep-retention.ts';
import { valuesNow } from '../jobs/values-now.ts';
import { inTransaction } from '../store/database.ts';
import { dutyById, raise, redrive } from '../store/duties.ts';
import { decide, type HeldRow, heldById } from '../store/held.ts';
import { recordsOf } from '../store/records.ts';
import { type SubjectRow, subjectById } from '../store/subjects.ts';
import { sweepSoon } from '../store/systems.ts';
import { refusing } from './links.ts';
import { badRequest, notFound, refused } from './problem.ts';
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
  if (!allowed.includes(verdict))
    throw badRequest(`verdict: about this the verdict is one of ${allowed.join(', ')}`, { code: 'no-such-verdict' });
  if (held.kind === 'rearrival') {
    const judged = await judgeRearrival(needs, held, verdict as RearrivalVerdict, by);
    const code = `rearrival-${judged}`;
    if (judged === 'decided-before') throw refused('This was decided before.', { code: 'decided-before' });
    if (typeof judged === 'string') throw refused(notJudged[judged], { code });
    return { ...heldView(needs, held), verdict: judged.gone ? 'gone' : verdict, ...(judged.case ? { case: judged.case } : {}) };
  }
  if (verdict === 'merge') {
    if (!whoseRow) throw badRequest('subject: say who they are the same as, as {"subject": "…"}', { code: 'no-subject' });
    if (!held.subject) throw notFound('person');
    const { subject } = held;
    await refusing(
      inTransaction(db, async () => {
        if (!(await decide(db, held.id, verdict, by))) throw refused('This was decided before.', { code: 'decided-before' });
        await mergeSubjects(needs, subject, whoseRow, by);
      }),
    );
    return { ...heldView(needs, held), verdict };
  }
  if (held.kind === 'mass-change') return massVerdict(needs, held, verdict, by);
  if (verdict === 'link') {
    if (!whoseRow) throw badRequest('subject: say whose row it is, as {"subject": "…"}', { code: 'no-subject' });
    await refusing(linkHeld(needs, held, whoseRow, by));
    return { ...heldView(needs, held), verdict };
  }
  // before the transaction: register and recipients are asked
  const isRetention = held.kind === 'retention' && held.reason === 'nothing-needed' && verdict === 'erase';
  const whom = isRetention && held.subject ? await subjectById(db, held.subject) : undefined;
  const known = whom ? { fields: await valuesNow(needs, whom), foreseen: await foreseeLaw(needs, whom.id) } : {};
  return inTransaction(db, async () => {
    if (!(await decide(db, held.id, verdict, by))) throw refused('This was decided before.', { code: 'decided-before' });
    const subject = held.subject ? await subjectById(db, held.subject) : undefined;
    const about = subject ? { subject: whose(subject) } : {};
    await tell(needs, { actor: by, action: 'hold.released', system: held.system, reason: verdict, ...about });
    const isWhole = held.kind === 'vanished' || isRetention;
    if (subject && isWhole && verdict === 'erase') {
      const opened = await openErasureCase(needs, {
        subject: subject.id,
        source: held.kind === 'retention' ? 'retention' : 'verdict',
        channel: null,
        receivedAt: await now(needs),
        approve: 'person',
        actor: by,
        ...known,
      }).catch((error) => {
        if (error instanceof AlreadyErased)
          throw refused('This person was erased before; there is nothing left to erase.', { code: 'already-erased' });
        throw error;
      });
      return { ...heldView(needs, held), verdict, case: opened.id };
    }
    if (subject && (await decided(needs, subject, held, verdict, by))) return { ...heldView(needs, held), verdict };
    if (subject) await raise(db, { subject: subject.id, lane: 'correction', newId: needs.newId });
    return { ...heldView(needs, held), verdict };
  });
}

/** True: the next sweep takes it row by row, each a hold of its own. Not so: nothing is done, and the next sweep looks again. */
async function massVerdict(needs: Needs, held: HeldRow, verdict: string, by: string) {
  if (!(await decide(needs.db, held.id, verdict, by))) throw refused('This was decided before.', { code: 'decided-before' });
  await tell(needs, { actor: by, action: 'hold.released', system: held.system, reason: verdict });
  if (verdict === 'release') await sweepSoon(needs.db, held.system);
  return { ...heldView(needs, held), verdict };
}

const notJudged: Record<Exclude<RearrivalFault, 'decided-before'>, string> = {
  'row-unknown': 'This was held by an earlier release, which did not keep where the row is: look at it in its system.',
  'whose-unknown':
    'The row met more than one erased person: nobody can say whose erasure it belongs to. Remove it in its system.',
  'cannot-erase': 'Kaiku cannot erase in this register: remove the row there, and it is held no more.',
};

/** What a verdict means for what is kept; false: nothing of its own. Runs in the transaction that gives it. */
async function decided(needs: Needs, subject: SubjectRow, held: HeldRow, verdict: string, by: string): Promise<boolean> {
  switch (held.kind) {
    case 'hold-review': {
      const id = String(held.details['hold']);
      const done = verdict === 'release' ? releaseHold(needs, id, by) : prolongHold(needs, id, null, by);
      if (!(await done)) throw refused('This hold was lifted before.', { code: 'hold-lifted' });
      return true;
    }
    case 'retention':
      if (verdict === 'keep') await keepProposed(needs, subject.id);
      else await endPurposes(needs, subject, held.details['over'] as { purpose: string; since: string }[], by);
      return true;
    case 'returned':
      // the row is somebody else's: the tie is cut, and no rule makes it again
      if (verdict === 'dismiss') await letGo(needs, subject, held.system, by);
      await raise(needs.db, { subject: subject.id, recipients: [held.system], lane: 'erasure', newId: needs.newId });
      return true;
    case 'parked-rule':
      return true;
    default:
      return false;
  }
}

/** Rows that turned out to be another's. */
async function letGo(needs: Needs, subject: SubjectRow, system: string, by: string): Promise<void> {
  for (const { id, state } of await recordsOf(needs.db, subject.id, system))
    if (state === 'linked' || state === 'restricted' || state === 'inert') await refusing(unlink(needs, id, by));
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
