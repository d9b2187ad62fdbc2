import { observeRefusal } from '../core/permission.ts';
import { inTransaction } from '../store/database.ts';
import { disclose, doubtRestrictions } from '../store/records.ts';
import { lockSubject, permissionsOf, putPermission, subjectById } from '../store/subjects.ts';
import type { View } from './converge-view.ts';
import { type Needs, now, recipientNames, tell, whose } from './needs.ts';
import { propose } from './propose.ts';

/**
 * The person refused at a recipient (unsubscribed, complained): an objection for every purpose that leans on the same permission.
 * The register is told, and the other recipients. Joins the caller's transaction; harmless when it is known already.
 */
export async function noteRefusal(needs: Needs, subjectId: string, source: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const subject = await lockSubject(needs.db, subjectId);
    if (!subject || subject.state === 'erased') return false;
    const names = new Set(
      (needs.config.systems[source]?.recipient?.purposes ?? []).flatMap((p) => needs.config.purposes[p]?.permission ?? []),
    );
    const known = new Map((await permissionsOf(needs.db, subjectId)).map((p) => [p.name, p]));
    const fresh = [...names].filter((name) => !known.get(name)?.state.refused);
    if (fresh.length === 0) return false;
    await doubtRestrictions(needs.db, subjectId);
    for (const name of fresh) {
      await putPermission(needs.db, subjectId, name, observeRefusal(known.get(name)?.state, await now(needs), source), false);
      await tell(needs, {
        actor: 'kaiku',
        action: 'permission.refused',
        system: source,
        subject: whose(subject),
        reason: name,
      });
    }
    const others = recipientNames(needs.config).filter((name) => name !== source);
    await propose(needs, subject, {
      kind: 'objection',
      lane: 'objection',
      version: subject.version,
      systems: [...others, subject.register],
    });
    return true;
  });
}

/** The register's refused fields are set, read back. */
export async function noteRegisterRefused(needs: Needs, subjectId: string): Promise<void> {
  for (const { name, state } of await permissionsOf(needs.db, subjectId))
    if (state.refused) await putPermission(needs.db, subjectId, name, state, true);
}

/** Art. 15(1)(c), 19: with each confirmed write, who was given which fields for which purpose. */
export async function discloseFields(needs: Needs, view: View, fields: readonly string[]): Promise<void> {
  const subject = await subjectById(needs.db, view.subject.id);
  if (!subject) return;
  const at = await now(needs);
  for (const purpose of view.input.purposes) {
    if (purpose.for && !purpose.for.includes(subject.role)) continue;
    const given = purpose.fields.filter((field) => fields.includes(field)).sort();
    if (given.length > 0)
      await disclose(needs.db, { subject: subject.id, recipient: view.duty.recipient, purpose: purpose.name, fields: given, at });
  }
}
