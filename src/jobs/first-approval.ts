import { caseById, setFirstApproval } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { lockSubject } from '../store/subjects.ts';
import { type Needs, now, tell, whose } from './needs.ts';

/** Where two must agree: `second`, another person agreed before and this approval counts; `first`, it waits for another now. */
export type Turn = 'alone' | 'first' | 'second' | 'same-person';

/** Whose approval this is, where the configuration wants four eyes on cases of this type. The first is noted, and nothing begins. */
export async function approvalTurn(needs: Needs, id: string, by: string): Promise<Turn> {
  return inTransaction(needs.db, async () => {
    const named = await caseById(needs.db, id);
    const subject = named ? await lockSubject(needs.db, named.subject) : undefined;
    const found = await caseById(needs.db, id);
    if (!found || !subject || found.state !== 'planned' || !needs.config.fourEyes?.includes(found.type)) return 'alone';
    if (found.first_approval) return found.first_approval.by === by ? 'same-person' : 'second';
    await setFirstApproval(needs.db, id, { decision: 'approved', by, at: (await now(needs)).toISOString() });
    await tell(needs, { actor: by, action: 'case.first-approved', subject: whose(subject), case: id });
    return 'first';
  });
}
