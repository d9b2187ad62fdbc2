import type { Profile, RegisterRecord } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { type Fields, fieldsOf } from '../core/person.ts';
import { inTransaction } from '../store/database.ts';
import { decide, type HeldRow } from '../store/held.ts';
import { recordByRemote, remoteHash, sealRef } from '../store/records.ts';
import { subjectById } from '../store/subjects.ts';
import { liftTombstones } from '../store/tombstones.ts';
import { eraseRowAgain } from './drift-repair.ts';
import { approveCase, openErasureCase } from './erasure.ts';
import { stonesOf } from './guard.ts';
import { sidesOf } from './held-sides.ts';
import { type Needs, now, tell, whose } from './needs.ts';
import { declaredFields, letIn } from './take-in.ts';

export const rearrivalVerdicts = ['stale-copy', 'new-relationship'] as const;
export type RearrivalVerdict = (typeof rearrivalVerdicts)[number];
/** Why no verdict was carried out; nothing was written then. */
export type RearrivalFault = 'decided-before' | 'row-unknown' | 'whose-unknown' | 'cannot-erase';

/**
 * A person says what an erased person's return is. A stale copy is erased again, where it came back: in the register by a case of its
 * own, with tombstones anew; at a recipient through the person's own duty. A new relationship is let in as somebody new, and the
 * tombstones that this row met are lifted: what was erased stays erased. The row is read just before; one that is gone needs neither.
 */
export async function judgeRearrival(
  needs: Needs,
  held: HeldRow,
  verdict: RearrivalVerdict,
  by: string,
): Promise<RearrivalFault | { case?: string; gone?: true }> {
  const sides = sidesOf(needs, held);
  if (!sides) return 'row-unknown';
  const connector = needs.connectors[held.system];
  if (needs.config.systems[held.system]?.register && connector?.register) {
    const look = await connector.register.look(sides.ref, freeCall);
    return look.kind === 'found' ? inRegister(needs, held, verdict, by, look.record) : goneMeanwhile(needs, held, by);
  }
  const profile = (await connector?.recipient?.read(sides.ref, freeCall)) ?? null;
  return profile ? atRecipient(needs, held, verdict, by, profile) : goneMeanwhile(needs, held, by);
}

async function goneMeanwhile(needs: Needs, held: HeldRow, by: string): Promise<RearrivalFault | { gone: true }> {
  return (await decide(needs.db, held.id, 'gone', by)) ? { gone: true } : 'decided-before';
}

async function inRegister(
  needs: Needs,
  held: HeldRow,
  verdict: RearrivalVerdict,
  by: string,
  record: RegisterRecord,
): Promise<RearrivalFault | { case?: string }> {
  const fields = declaredFields(needs, fieldsOf(record.person));
  if (verdict === 'stale-copy' && !needs.connectors[held.system]?.recipient) return 'cannot-erase';
  return inTransaction(needs.db, async () => {
    if (!(await decide(needs.db, held.id, verdict, by))) return 'decided-before';
    await told(needs, held, verdict, by);
    if (verdict === 'new-relationship') await lift(needs, held, record.role, fields, by);
    const subject = await letIn(needs, held.system, record, { isKnownToPeople: verdict === 'new-relationship' });
    if (verdict === 'new-relationship') return {};
    const opened = await openErasureCase(needs, {
      subject,
      source: 'verdict',
      channel: null,
      receivedAt: await now(needs),
      approve: 'person',
      actor: by,
      fields,
    });
    // where two people must approve an erasure, this is the first of them
    if (!needs.config.fourEyes?.includes('erasure')) await approveCase(needs, opened.id, by, verdict);
    return { case: opened.id };
  });
}

async function atRecipient(
  needs: Needs,
  held: HeldRow,
  verdict: RearrivalVerdict,
  by: string,
  profile: Profile,
): Promise<RearrivalFault | Record<string, never>> {
  const { system } = held;
  const { place, id } = profile.ref;
  const hash = remoteHash(needs.vault, system, place, id);
  return inTransaction(needs.db, async () => {
    const record = await recordByRemote(needs.db, system, place, hash);
    const whoseId = record?.subject ?? held.subject ?? (held.details['erased'] as string | undefined);
    const subject = whoseId ? await subjectById(needs.db, whoseId) : undefined;
    if (verdict === 'stale-copy' && subject?.state !== 'erased' && subject?.state !== 'erasing') return 'whose-unknown';
    if (!(await decide(needs.db, held.id, verdict, by))) return 'decided-before';
    await told(needs, held, verdict, by);
    if (verdict === 'new-relationship') await lift(needs, held, null, profile.fields, by);
    else if (subject)
      await eraseRowAgain(needs, system, {
        subject: subject.id,
        record: record?.id ?? null,
        place,
        hash,
        sealedRef: sealRef(needs.vault, system, profile.ref),
        version: subject.version,
      });
    return {};
  });
}

async function told(needs: Needs, held: HeldRow, verdict: RearrivalVerdict, by: string): Promise<void> {
  const subject = held.subject ? await subjectById(needs.db, held.subject) : undefined;
  await tell(needs, {
    actor: by,
    action: 'hold.released',
    system: held.system,
    reason: verdict,
    ...(subject ? { subject: whose(subject) } : {}),
  });
}

/** What this row met stands against nobody any more; null: in every role. */
async function lift(needs: Needs, held: HeldRow, role: string | null, fields: Fields, by: string): Promise<void> {
  const lifted = await liftTombstones(needs.db, role, stonesOf(needs, fields));
  await tell(needs, { actor: by, action: 'tombstone.lifted', system: held.system, code: String(lifted) });
}
