import { casesOf } from '../store/cases.ts';
import { dropRechecks, insertRecheck, noteNextRecheck } from '../store/rechecks.ts';
import type { View } from './converge-view.ts';
import { type Needs, now } from './needs.ts';

/** Days after an erasure on which it is looked at again. */
const afterDays = [7, 30, 90] as const;
const dayMs = 86_400_000;

/** With an erasure that is written down: the looks that follow it. Joins the caller's transaction. */
export async function planRechecks(needs: Needs, view: View, i: number): Promise<void> {
  const row = view.rows[i];
  const { manifest, recipient } = needs.connectors[view.duty.recipient] ?? {};
  // nobody looks again where nobody can look
  if (!row?.ref || manifest?.human || recipient?.refFor) return;
  const { vault, db } = needs;
  const { id: subject, state } = view.subject;
  // whoever is still known was not erased: a purpose ended, and there is no case
  const ofPurpose = state === 'active' && !view.erasure;
  const found = ofPurpose
    ? null
    : (view.erasure ?? (await casesOf(db, subject)).findLast((c) => c.type === 'erasure' && c.envelope_key !== null));
  if (!ofPurpose && !found?.envelope_key) return;
  const seal = (id: string): Buffer =>
    found?.envelope_key
      ? vault.sealUnder(vault.personKey(found.id, found.envelope_key), `recheck:${id}`, row.ref)
      : vault.sealJson(`recheck:${id}`, row.ref);
  const record = row.record?.id ?? null;
  const at = await now(needs);
  await dropRechecks(db, view.duty.id, record);
  for (const days of afterDays) {
    const id = needs.newId();
    await insertRecheck(db, {
      id,
      caseId: found?.id ?? null,
      subject,
      duty: view.duty.id,
      recipient: view.duty.recipient,
      record,
      place: row.ref.place,
      sealedRef: seal(id),
      afterDays: days,
      due: new Date(at.getTime() + days * dayMs),
    });
  }
  await noteNextRecheck(db, view.duty.id);
}
