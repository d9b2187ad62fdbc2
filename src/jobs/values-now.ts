import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { type Fields, fieldsOf } from '../core/person.ts';
import { fieldsOfVersion, latestVersion, registerRecords, registerRef, type SubjectRow } from '../store/subjects.ts';
import { type Needs, registerOf } from './needs.ts';
import { declaredFields } from './take-in.ts';

/** The person's values for the case envelope: the ledger's, or read from the register just now. */
export async function valuesNow(needs: Needs, subject: SubjectRow): Promise<Fields> {
  const kept = fieldsOfVersion(needs.vault, subject, await latestVersion(needs.db, subject.id));
  if (kept) return kept;
  const { register } = registerOf(needs, subject.register);
  for (const row of await registerRecords(needs.db, subject.id)) {
    if (row.state !== 'present') continue;
    const ref = registerRef<RemoteRef>(needs.vault, row);
    if (!ref) continue;
    const look = await register.look(ref, freeCall);
    if (look.kind === 'found') return declaredFields(needs, fieldsOf(look.record.person));
  }
  return {};
}
