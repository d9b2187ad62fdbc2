import type { Connector, Recipient, RemoteRef } from '../connectors/connector.ts';
import type { Call } from '../connectors/http.ts';
import { type Outcome, weaker } from '../core/duty.ts';
import { likeness, type Name } from '../core/likeness.ts';
import type { Fields } from '../core/person.ts';
import { controlRecord, unsealRef } from '../store/records.ts';
import { controlRegisterRecords, registerRef } from '../store/subjects.ts';
import { discloseFields } from './converge-notes.ts';
import type { View } from './converge-view.ts';
import { writeGone, writeNew, writeProfile } from './converge-write.ts';
import type { Needs } from './needs.ts';

/**
 * The positive control: "not found" means something only if the same key and route find a living linked row just now. Without one
 * the statement stays as weak as it is.
 */
export const routeWorks = (needs: Needs, recipient: Recipient, view: View, place: string, call: Call): Promise<boolean> =>
  routeWorksAt(
    needs,
    recipient,
    { recipient: view.duty.recipient, register: view.subject.register, subject: view.subject.id, place },
    call,
  );

/** Where a look was taken, and about whom: the control is somebody else's row of the same place. */
interface LookedAt {
  recipient: string;
  register: string;
  subject: string;
  place: string;
}

/** The same without a duty's view: for the looks that come after an erasure. */
export async function routeWorksAt(
  needs: Needs,
  recipient: Recipient,
  { recipient: system, register, subject, place }: LookedAt,
  call: Call,
): Promise<boolean> {
  // nobody can look, and so nothing is proven
  if (recipient.refFor) return false;
  const { db, vault } = needs;
  const refs =
    register === system
      ? (await controlRegisterRecords(db, register, place, subject)).flatMap((row) => registerRef<RemoteRef>(vault, row) ?? [])
      : (await controlRecord(db, system, place, subject)).flatMap(({ sealed_ref }) =>
          sealed_ref ? [unsealRef<RemoteRef>(vault, system, sealed_ref)] : [],
        );
  for (const ref of refs) if ((await recipient.read(ref, call)) !== null) return true;
  return false;
}

/**
 * After a lost answer: reads every row of the duty and writes down what is there now. Answers what the lost step came to, where
 * reading tells; null where the step is still owed.
 */
export async function observe(needs: Needs, connector: Connector, view: View, call: Call): Promise<Outcome | null> {
  const { recipient } = connector;
  if (!recipient) return null;
  let outcome: Outcome | null = null;
  for (const [i, row] of view.rows.entries()) {
    if (!row.ref || row.record?.state === 'erased' || row.register?.state === 'erased') continue;
    const profile = await recipient.read(row.ref, call);
    if (profile) {
      await writeProfile(needs, view, i, profile, 'observed', null);
      if (row.record?.state === 'linked' && profile.standing === 'restricted') outcome = 'restricted';
      else outcome ??= 'updated';
    } else if (view.erasure && (await routeWorks(needs, recipient, view, row.ref.place, call))) {
      const evidence = weaker('observed', connector.manifest.erasure.cap);
      await writeGone(needs, view, i, 'erased', evidence);
      outcome = 'erased';
    } else if (row.record && (row.record.state === 'linked' || row.record.state === 'restricted')) {
      // taken away by somebody there: never given again by a correction
      if (!(await routeWorks(needs, recipient, view, row.ref.place, call))) continue;
      await writeGone(needs, view, i, 'absent', 'observed');
      outcome ??= 'absent';
    }
  }
  return outcome ?? found(needs, recipient, view, call);
}

/** A lost create: whoever is there now under the person's address was created by it. */
async function found(needs: Needs, recipient: Recipient, view: View, call: Call): Promise<Outcome | null> {
  if (!view.served || !view.fields || view.subject.register === view.duty.recipient || view.subject.state !== 'active')
    return null;
  let outcome: Outcome | null = null;
  for (const place of recipient.places.filter((p) => !view.rows.some((r) => r.record?.place === p))) {
    const [profile, ...others] = await recipient.find(view.fields, place, call);
    if (!profile || others.length > 0) continue;
    if (await writeNew(needs, view, place, profile, 'found-after-lost-answer', 'observed')) {
      await discloseFields(needs, view, Object.keys(profile.fields));
      outcome = 'created';
    }
  }
  return outcome;
}

/**
 * An erasure at a system that the ledger knows no row of. A row may be there all the same: made by a step whose answer was lost or whose
 * lease was taken, or never linked. It is looked for by what the case knows of the person, and tied to them where it is surely theirs, so
 * that the erasure takes it. Answers whether the look found nothing and would have found something: then "not there" is known.
 */
export async function lookBeforeNever(
  needs: Needs,
  recipient: Recipient,
  view: View,
  fields: Fields,
  call: Call,
): Promise<'tied' | 'not-there' | 'unproven' | 'several'> {
  let isProven = true;
  for (const place of recipient.places) {
    const found = await recipient.find(fields, place, call);
    const mine = found.filter((profile) => likeness(fields as Name, profile.fields as Name) !== 'different');
    if (mine.length > 1) return 'several';
    const [profile] = mine;
    // a row that is tied to somebody else stays theirs
    if (profile && (await writeNew(needs, view, place, profile, 'found-at-erasure', 'observed'))) return 'tied';
    if (found.length > 0 || !(await routeWorks(needs, recipient, view, place, call))) isProven = false;
  }
  return isProven ? 'not-there' : 'unproven';
}
