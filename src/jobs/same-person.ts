import { isStaff } from '../core/scope.ts';
import { inTransaction } from '../store/database.ts';
import { cutTie, putTie } from '../store/same-person.ts';
import { lockSubject, type SubjectRow } from '../store/subjects.ts';
import { type Needs, tell, whose } from './needs.ts';
import { LinkRefused } from './relink.ts';

/**
 * A person says that two subjects of different roles are one human being. Nothing of either moves: what each system is told, what is kept
 * and what a request asks for stay the matter of each role. Throws `LinkRefused`.
 */
export async function tieSubjects(needs: Needs, one: string, other: string, actor: string): Promise<void> {
  if (one === other) throw new LinkRefused('same-subject');
  await inTransaction(needs.db, async () => {
    const [a, b] = await bothLocked(needs, one, other);
    if (a.state === 'erased' || b.state === 'erased') throw new LinkRefused('no-living-person');
    if (a.role === b.role && a.register === b.register) throw new LinkRefused('tie-one-role');
    if (await putTie(needs.db, one, other, actor)) await tellBoth(needs, [a, b], 'subject.tied', actor);
  });
}

/** Takes the word back. Throws `LinkRefused` where there is none. */
export async function untieSubjects(needs: Needs, one: string, other: string, actor: string): Promise<void> {
  await inTransaction(needs.db, async () => {
    const both = await bothLocked(needs, one, other);
    if (!(await cutTie(needs.db, one, other))) throw new LinkRefused('no-tie');
    await tellBoth(needs, both, 'subject.untied', actor);
  });
}

/** In one order, so that two who say the same at once do not wait for each other. */
async function bothLocked(needs: Needs, one: string, other: string): Promise<[SubjectRow, SubjectRow]> {
  const [first, second] = [one, other].sort();
  const a = await lockSubject(needs.db, first ?? '');
  const b = await lockSubject(needs.db, second ?? '');
  if (!a || !b) throw new LinkRefused('no-living-person');
  return [a, b];
}

/** The log of a customer must not tell that they are staff: of such a tie only the staff's own side speaks. */
async function tellBoth(
  needs: Needs,
  both: SubjectRow[],
  action: 'subject.tied' | 'subject.untied',
  actor: string,
): Promise<void> {
  const staff = both.filter(({ role }) => isStaff(role));
  for (const subject of staff.length > 0 ? staff : both) await tell(needs, { actor, action, subject: whose(subject) });
}
