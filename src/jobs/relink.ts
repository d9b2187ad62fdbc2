import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { observeRefusal } from '../core/permission.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { decide, disown, type HeldRow } from '../store/held.ts';
import { deleteRecord, type RecordRow, recordById, unsealRef } from '../store/records.ts';
import {
  absorb,
  createSubject,
  forgetFormer,
  lockSubject,
  moveRegisterRecord,
  permissionsOf,
  putPermission,
  registerRecords,
  registerRef,
  type SubjectRow,
} from '../store/subjects.ts';
import { sidesOf } from './held-sides.ts';
import { writeLink } from './link.ts';
import { type Needs, now, registerOf, tell, whose } from './needs.ts';
import { isServed } from './served.ts';
import { takeIn } from './take-in.ts';

/** What a person decides about links: the machine only proposes where it is not sure. */

/** Why a link is not changed as asked, so that whoever asked can act on it. */
export const linkRefusals = {
  'no-row': 'This hold has no row to link.',
  'row-gone-dismiss': 'The row is not in the system any more: dismiss the hold.',
  'no-living-person': 'There is no such living data subject.',
  'row-linked': 'The row is linked to somebody already: unlink it there first.',
  'role-not-served': 'This system has no rows of people of this role.',
  'decided-before': 'This was decided before.',
  'no-such-link': 'There is no such link.',
  'link-stays': 'What was erased or is kept by law stays on the record.',
  'link-unreadable': 'There is no such link to a row that can be read.',
  'row-gone-unlink': 'The row is not in the system any more: unlink it.',
  'same-subject': 'A subject cannot be merged with itself.',
  'merge-living': 'Both must be living data subjects without an open erasure.',
  'merge-roles': 'One person in two roles stays two subjects: their data is ruled by different laws.',
  'tie-one-role': 'Both are of one role in one register: merge them instead.',
  'no-tie': 'Nobody said that these two are the same person.',
  'split-rows': 'Only a subject with several rows in the register can be split.',
  'register-silent': 'The register does not show this row just now.',
  'split-living': 'Only a living data subject without an open erasure can be split.',
} as const;

export class LinkRefused extends Error {
  override name = 'LinkRefused';
  readonly code: keyof typeof linkRefusals;
  constructor(code: keyof typeof linkRefusals) {
    super(linkRefusals[code]);
    this.code = code;
  }
}

/** The verdict on a held row: it is this person's. The row is read again, since it may have changed since it was held. */
export async function linkHeld(needs: Needs, held: HeldRow, subjectId: string, actor: string): Promise<void> {
  const sides = sidesOf(needs, held);
  const recipient = needs.connectors[held.system]?.recipient;
  if (!sides || !recipient) throw new LinkRefused('no-row');
  const profile = await recipient.read(sides.ref, freeCall);
  if (!profile) throw new LinkRefused('row-gone-dismiss');
  await inTransaction(needs.db, async () => {
    const subject = await lockSubject(needs.db, subjectId);
    if (!subject || subject.state === 'erased') throw new LinkRefused('no-living-person');
    if (!isServed(needs, held.system, subject.role)) throw new LinkRefused('role-not-served');
    if (!(await writeLink(needs, held.system, profile, subjectId, actor, 'person'))) throw new LinkRefused('row-linked');
    if (!(await decide(needs.db, held.id, 'link', actor))) throw new LinkRefused('decided-before');
    await raise(needs.db, { subject: subjectId, recipients: [held.system], lane: 'correction', newId: needs.newId });
  });
}

/** The row is not this person's: the tie is cut, and no rule makes it again. What the row holds stays as it is. */
export async function unlink(needs: Needs, recordId: string, actor: string): Promise<RecordRow> {
  return inTransaction(needs.db, async () => {
    const record = await recordById(needs.db, recordId);
    const subject = record ? await lockSubject(needs.db, record.subject) : undefined;
    if (!record || !subject) throw new LinkRefused('no-such-link');
    if (record.state === 'erased' || record.state === 'stripped') throw new LinkRefused('link-stays');
    await deleteRecord(needs.db, record.id);
    await disown(needs.db, { id: needs.newId(), system: record.recipient, about: record.remote_hash, by: actor });
    await tell(needs, { actor, action: 'link.removed', system: record.recipient, subject: whose(subject) });
    await raise(needs.db, { subject: subject.id, recipients: [record.recipient], lane: 'correction', newId: needs.newId });
    return record;
  });
}

/** The row is another person's: unlinked here and linked there at once. */
export async function relink(needs: Needs, recordId: string, to: string, actor: string): Promise<void> {
  const record = await recordById(needs.db, recordId);
  const recipient = record ? needs.connectors[record.recipient]?.recipient : undefined;
  if (!record?.sealed_ref || !recipient) throw new LinkRefused('link-unreadable');
  const profile = await recipient.read(unsealRef<RemoteRef>(needs.vault, record.recipient, record.sealed_ref), freeCall);
  if (!profile) throw new LinkRefused('row-gone-unlink');
  await inTransaction(needs.db, async () => {
    await unlink(needs, recordId, actor);
    const subject = await lockSubject(needs.db, to);
    if (subject && !isServed(needs, record.recipient, subject.role)) throw new LinkRefused('role-not-served');
    if (!(await writeLink(needs, record.recipient, profile, to, actor, 'person'))) throw new LinkRefused('no-living-person');
    await raise(needs.db, { subject: to, recipients: [record.recipient], lane: 'correction', newId: needs.newId });
  });
}

/**
 * Two subjects are one person in one role: everything known of `from` becomes `into`'s. Refusals of either stand. The rows that
 * `from` had in the register say nothing about values any more; their signals still count.
 */
export async function mergeSubjects(needs: Needs, from: string, into: string, actor: string): Promise<void> {
  if (from === into) throw new LinkRefused('same-subject');
  await inTransaction(needs.db, async () => {
    const [a, b] = [await lockSubject(needs.db, from), await lockSubject(needs.db, into)];
    if (!a || !b || a.state !== 'active' || b.state !== 'active') throw new LinkRefused('merge-living');
    if (a.register !== b.register || a.role !== b.role) throw new LinkRefused('merge-roles');
    await keepRefusals(needs, a, b);
    for (const row of await registerRecords(needs.db, from))
      await moveRegisterRecord(needs.db, row, { subject: into, secondary: true });
    await absorb(needs.db, from, into);
    await tell(needs, { actor, action: 'subject.merged', subject: whose(b) });
    await raise(needs.db, { subject: into, lane: 'correction', newId: needs.newId });
  });
}

async function keepRefusals(needs: Needs, from: SubjectRow, into: SubjectRow): Promise<void> {
  const known = new Map((await permissionsOf(needs.db, into.id)).map((p) => [p.name, p]));
  for (const { name, state } of await permissionsOf(needs.db, from.id)) {
    const mine = known.get(name);
    if (!state.refused || mine?.state.refused) continue;
    await putPermission(needs.db, into.id, name, observeRefusal(mine?.state, await now(needs), from.register), false);
  }
}

/**
 * A row of the register is another person's after all: it becomes a subject of its own, with the recipients' rows that are named, and
 * its values are read anew.
 */
export async function splitSubject(
  needs: Needs,
  subjectId: string,
  which: { place: string; hashOf: (register: string) => Buffer },
  records: readonly string[],
  actor: string,
): Promise<string> {
  const rows = await registerRecords(needs.db, subjectId);
  const row = rows.find((r) => r.place === which.place && r.remote_hash.equals(which.hashOf(r.register)));
  if (!row || rows.length < 2) throw new LinkRefused('split-rows');
  const { register } = registerOf(needs, row.register);
  const ref = registerRef<RemoteRef>(needs.vault, row);
  if (!ref) throw new LinkRefused('split-living');
  const look = await register.look(ref, freeCall);
  if (look.kind !== 'found') throw new LinkRefused('register-silent');
  const fresh = needs.newId();
  await inTransaction(needs.db, async () => {
    const subject = await lockSubject(needs.db, subjectId);
    if (subject?.state !== 'active') throw new LinkRefused('split-living');
    const made = await createSubject(needs.db, needs.vault, {
      id: fresh,
      role: look.record.role,
      register: row.register,
      organisation: null,
    });
    await moveRegisterRecord(needs.db, row, { subject: fresh, secondary: false });
    await tell(needs, { actor, action: 'subject.split', subject: whose(made) });
  });
  for (const record of records) await relink(needs, record, fresh, actor);
  await takeIn(needs, row.register, look.record);
  await forgetFormer(needs.db, subjectId, fresh);
  await raise(needs.db, { subject: subjectId, lane: 'correction', newId: needs.newId });
  return fresh;
}
