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
  const found =
    view.erasure ?? (await casesOf(needs.db, view.subject.id)).findLast((c) => c.type === 'erasure' && c.envelope_key !== null);
  if (!found?.envelope_key) return;
  const { vault, db } = needs;
  const key = vault.personKey(found.id, found.envelope_key);
  const record = row.record?.id ?? null;
  const at = await now(needs);
  await dropRechecks(db, view.duty.id, record);
  for (const days of afterDays) {
    const id = needs.newId();
    await insertRecheck(db, {
      id,
      caseId: found.id,
      subject: view.subject.id,
      duty: view.duty.id,
      recipient: view.duty.recipient,
      record,
      place: row.ref.place,
      sealedRef: vault.sealUnder(key, `recheck:${id}`, row.ref),
      afterDays: days,
      due: new Date(at.getTime() + days * dayMs),
    });
  }
  await noteNextRecheck(db, view.duty.id);
}
