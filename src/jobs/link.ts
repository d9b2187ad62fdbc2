import type { Profile } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { fingerprints } from '../core/fingerprint.ts';
import { isShared, normalise } from '../core/identifier.ts';
import { inTransaction } from '../store/database.ts';
import { hold } from '../store/held.ts';
import { putRecord, recordByRemote, recordsOf, remoteHash, sealRef } from '../store/records.ts';
import { type SubjectRow, subjectsByIdentifier } from '../store/subjects.ts';
import { markLinked, systemState } from '../store/systems.ts';
import { noteRefusal } from './converge-notes.ts';
import { standings } from './converge-write.ts';
import { type Needs, tell, whose } from './needs.ts';

export interface LinkResult {
  system: string;
  /** Rows read. */
  read: number;
  /** Rows that are (or, in a preview, would be) newly linked. */
  linked: number;
  /** Several candidates: held for a person. */
  ambiguous: number;
  /** Addresses that more than one person, or nobody in particular, reads. */
  shared: number;
  /** Rows that nobody in the register knows. */
  orphans: number;
  alreadyLinked: number;
}

/**
 * First contact: reads all rows of a recipient and ties each to its person by exact, unique e-mail address. A preview unless
 * `apply`; afterwards the recipient counts as linked and its duties run.
 */
export async function linkRecipient(needs: Needs, system: string, apply: boolean, actor: string): Promise<LinkResult> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient) throw new Error('this system is not a recipient whose rows can be listed');
  const result: LinkResult = { system, read: 0, linked: 0, ambiguous: 0, shared: 0, orphans: 0, alreadyLinked: 0 };
  const taken = new Set<string>();
  for await (const page of recipient.list(freeCall)) {
    for (const profile of page) {
      result.read++;
      result[await linkOne(needs, system, profile, apply, actor, taken)]++;
    }
  }
  if (apply) {
    await inTransaction(needs.db, async () => {
      const fresh = (await systemState(needs.db, system))?.linked_at == null;
      await markLinked(needs.db, system);
      if (fresh) await tell(needs, { actor, action: 'recipient.linked', system });
    });
  }
  return result;
}

type Finding = 'linked' | 'ambiguous' | 'shared' | 'orphans' | 'alreadyLinked';

async function linkOne(
  needs: Needs,
  system: string,
  profile: Profile,
  apply: boolean,
  actor: string,
  taken: Set<string>,
): Promise<Finding> {
  const hash = remoteHash(needs.vault, system, profile.ref.place, profile.ref.id);
  if (await recordByRemote(needs.db, system, profile.ref.place, hash)) return 'alreadyLinked';
  const email = typeof profile.fields.email === 'string' ? normalise('email', profile.fields.email) : null;
  const candidates =
    email === null
      ? []
      : (await subjectsByIdentifier(needs.db, 'email', needs.vault.hash('email', email))).filter((s) => s.state !== 'erased');
  const [subject] = candidates;
  if (!subject || email === null) return 'orphans';
  if (isShared('email', email)) return 'shared';
  if (candidates.length > 1) return ambiguous(needs, system, candidates, hash, apply, actor, 'shared');
  const key = `${subject.id} ${profile.ref.place}`;
  const there = (await recordsOf(needs.db, subject.id, system)).some(
    (r) => r.place === profile.ref.place && r.state !== 'erased' && r.state !== 'absent',
  );
  // a second row of one person in one place: which is the living one is for a person to say
  if (there || taken.has(key)) return ambiguous(needs, system, candidates, hash, apply, actor, 'ambiguous');
  taken.add(key);
  if (apply) await writeLink(needs, system, profile, subject, actor);
  return 'linked';
}

async function ambiguous(
  needs: Needs,
  system: string,
  candidates: SubjectRow[],
  about: Buffer,
  apply: boolean,
  actor: string,
  finding: 'shared' | 'ambiguous',
): Promise<Finding> {
  if (!apply) return finding;
  const opened = await hold(needs.db, {
    id: needs.newId(),
    kind: 'ambiguous-link',
    system,
    subject: null,
    about,
    reason: finding,
    details: { candidates: candidates.map((s) => s.id) },
  });
  if (opened) await tell(needs, { actor, action: 'hold.opened', system, reason: 'ambiguous-link' });
  return finding;
}

async function writeLink(needs: Needs, system: string, profile: Profile, subject: SubjectRow, actor: string): Promise<void> {
  await inTransaction(needs.db, async () => {
    await putRecord(needs.db, {
      id: needs.newId(),
      subject: subject.id,
      recipient: system,
      place: profile.ref.place,
      hash: remoteHash(needs.vault, system, profile.ref.place, profile.ref.id),
      sealedRef: sealRef(needs.vault, system, profile.ref),
      state: standings[profile.standing],
      how: 'exact-email',
      fingerprints: fingerprints(needs.vault.keys.hmac.current, subject.id, profile.fields),
      evidence: 'observed',
      version: 0,
    });
    await tell(needs, {
      actor,
      action: 'link.made',
      system,
      subject: whose(subject),
      reason: 'exact-email',
    });
    if (profile.refused) await noteRefusal(needs, subject.id, system);
  });
}

/** A recipient that holds nobody, in any status, counts as linked. Answers whether first contact is made now. */
export async function tryFirstContact(needs: Needs, system: string): Promise<boolean> {
  const recipient = needs.connectors[system]?.recipient;
  if (!recipient || needs.connectors[system]?.manifest.human) return false;
  if ((await systemState(needs.db, system))?.linked_at != null) return true;
  for await (const page of recipient.list(freeCall)) if (page.length > 0) return false;
  await markLinked(needs.db, system);
  await tell(needs, { actor: 'kaiku', action: 'recipient.linked', system, reason: 'holds-nobody' });
  return true;
}
