import { inTransaction } from '../store/database.ts';
import { raise, readFirst } from '../store/duties.ts';
import { lockSubject } from '../store/subjects.ts';
import { type Needs, recipientNames, tell, whose } from './needs.ts';

/**
 * One person made sure of, at one recipient or at all: the duty is owed again and reads what is there before it writes anything.
 * Tombstones, holds, restrictions and the policy decide as always. Answers the systems; null when the person is erased or unknown.
 */
export async function resyncPerson(
  needs: Needs,
  subjectId: string,
  system: string | null,
  actor: string,
): Promise<string[] | null> {
  return inTransaction(needs.db, async () => {
    const subject = await lockSubject(needs.db, subjectId);
    if (!subject || subject.state === 'erased') return null;
    const recipients = system === null ? recipientNames(needs.config) : [system];
    const raised = await raise(needs.db, {
      subject: subject.id,
      recipients,
      lane: 'resync',
      wanted: subject.version,
      newId: needs.newId,
    });
    for (const { recipient } of raised) {
      // people cannot be read, nor what ends by itself; their duty is only planned anew
      const { human, endsByItself } = needs.connectors[recipient]?.manifest ?? {};
      if (!human && !endsByItself) await readFirst(needs.db, subject.id, recipient);
    }
    await tell(
      needs,
      ...raised.map(({ id, recipient }) => ({
        actor,
        action: 'duty.raised' as const,
        system: recipient,
        subject: whose(subject),
        duty: id,
        version: subject.version,
        reason: 'resync',
      })),
    );
    return raised.map((r) => r.recipient).sort();
  });
}
