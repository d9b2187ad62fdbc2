import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { changed, fingerprints } from '../core/fingerprint.ts';
import { fieldsOf } from '../core/person.ts';
import { registerRecords, registerRef, resealLatest, sealFor } from '../store/subjects.ts';
import type { View } from './converge-view.ts';
import { type Needs, registerOf } from './needs.ts';
import { declaredFields, takeIn } from './take-in.ts';

/** Steps that hand values over. The others know by fingerprint and locator alone. */
export const needsValues = new Set<string>(['create', 'update', 'strip', 'ask']);

/**
 * Reads a person's values from the register, for a duty that came up after they were dropped. Values that differ from what was
 * known are taken in as the change they are. False: the register does not show the person just now.
 */
export async function fetchValues(needs: Needs, view: View): Promise<boolean> {
  const { register } = registerOf(needs, view.subject.register);
  for (const row of await registerRecords(needs.db, view.subject.id)) {
    if (row.state !== 'present' && row.state !== 'hidden') continue;
    const ref = registerRef<RemoteRef>(needs.vault, row);
    if (!ref) continue;
    const look = await register.look(ref, freeCall);
    if (look.kind !== 'found' || look.record.sameAs) continue;
    const fields = declaredFields(needs, fieldsOf(look.record.person));
    const prints = fingerprints(needs.vault.keys.hmac.current, view.subject.id, fields);
    if (changed(view.fingerprints, prints).length > 0) await takeIn(needs, view.subject.register, look.record);
    else await resealLatest(needs.db, view.subject.id, sealFor(needs.vault, view.subject, fields));
    return true;
  }
  return false;
}
