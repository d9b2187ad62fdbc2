import type { ExceptionGround } from '../core/exception.ts';
import { type CaseRow, caseById } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { dutiesOf, settleExcepted } from '../store/duties.ts';
import { type ExceptionRow, insertException } from '../store/exceptions.ts';
import { closePropagations } from '../store/records.ts';
import { dropPayload, lockSubject } from '../store/subjects.ts';
import { withdrawTask } from '../store/tasks.ts';
import { advanceRights } from './case-rights.ts';
import { advanceCase } from './erasure.ts';
import { type Needs, now, recipientNames, tell, whose } from './needs.ts';

/** Why no exception was recorded. */
export type ExceptFault = 'not-there' | 'not-running' | 'no-recipient' | 'nothing-owed' | 'at-work' | 'excepted-before';

/**
 * A decision maker says that a recipient is not told of a case (Art. 19): its duty ends as `excepted`, with no evidence of anything, and
 * whoever was asked there is asked no more. The letter to the person says so.
 */
export async function exceptDuty(
  needs: Needs,
  id: string,
  by: string,
  what: { system: string; ground: ExceptionGround; reason: string },
): Promise<ExceptFault | null> {
  return inTransaction(needs.db, async () => {
    const { db } = needs;
    const named = await caseById(db, id);
    const subject = named ? await lockSubject(db, named.subject) : undefined;
    const found = await caseById(db, id);
    if (!found?.envelope_key || !subject) return 'not-there';
    if (found.state !== 'running' || found.type === 'access' || found.type === 'portability') return 'not-running';
    if (!recipientNames(needs.config).includes(what.system) || what.system === subject.register) return 'no-recipient';
    const duty = (await dutiesOf(db, subject.id)).find((d) => d.recipient === what.system);
    const isKept = (duty?.state === 'waiting' && duty.retained) || (duty?.state === 'held' && duty.reason === 'legal-hold');
    if (!duty || !isConcerned(found, what.system) || duty.state === 'settled' || isKept) return 'nothing-owed';
    if (duty.state === 'sending') return 'at-work';
    const at = await now(needs);
    const exception = {
      case_file: id,
      subject: subject.id,
      recipient: what.system,
      ground: what.ground,
      sealed_reason: needs.vault.sealUnder(
        needs.vault.personKey(id, found.envelope_key),
        `exception:${id}:${what.system}`,
        what.reason,
      ),
      version: subject.version,
      made_by: by,
      made_at: at,
    };
    if (!(await insertException(db, exception))) return 'excepted-before';
    await withdrawTask(db, duty.id, by, at);
    await settleExcepted(db, duty.id, what.ground, subject.version);
    await closePropagations(db, subject.id, what.system, subject.version, 'excepted');
    await dropPayload(db, subject.id);
    await tell(needs, {
      actor: by,
      action: 'duty.excepted',
      system: what.system,
      subject: whose(subject),
      duty: duty.id,
      case: id,
      from: duty.state,
      to: 'settled',
      outcome: 'excepted',
      evidence: 'none',
      reason: what.ground,
    });
    await (found.type === 'erasure' ? advanceCase : advanceRights)(needs, found);
    return null;
  });
}

const isConcerned = (found: CaseRow, system: string) =>
  found.plan.some((p) => p.system === system && !['nothing', 'keep', 'park'].includes(p.step));

/** The decision maker's own words, while the case's envelope is kept. */
export const exceptionReason = (needs: Needs, found: CaseRow, { recipient, sealed_reason }: ExceptionRow): string | undefined =>
  found.envelope_key
    ? needs.vault.unsealUnder<string>(
        needs.vault.personKey(found.id, found.envelope_key),
        `exception:${found.id}:${recipient}`,
        sealed_reason,
      )
    : undefined;
