import { createHash } from 'node:crypto';
import { type AccessAnswer, accessAnswer, mayHandOver } from '../core/access-answer.ts';
import { type CaseIdentity, type CaseRow, caseById, setIdentity } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { dropHandovers, type HandoverRow, handoverByToken, putHandover, takeHandover } from '../store/handovers.ts';
import { disclosuresOf } from '../store/records.ts';
import { lockSubject, subjectById } from '../store/subjects.ts';
import { closeRights } from './case-rights.ts';
import { heldBeside } from './held-beside.ts';
import { rulesOf } from './law-of.ts';
import { type Needs, now, tell, whose } from './needs.ts';
import { readPerson } from './read-person.ts';

/** How long a package waits to be opened, in days. */
const openDays = 7;
const dayMs = 86_400_000;

export type HandoverFault = 'not-there' | 'no-access-case' | 'not-approved' | 'identity-unproven' | 'envelope-gone';

/** What a document is made of in the person's language; the floors above say how it looks. */
export type Render = (answer: AccessAnswer, found: CaseRow) => { file: string; mediaType: string; content: string };

const hashOf = (token: string) => createHash('sha256').update(token).digest();

/**
 * Reads every system about the person just now, and seals what they are given. The token is answered once and kept as a hash only; a
 * package that was made before and not opened is gone by this.
 */
export async function prepareHandover(
  needs: Needs,
  id: string,
  by: string,
  render: Render,
): Promise<{ token: string; missing: AccessAnswer['missing']; expiresAt: Date } | HandoverFault> {
  const found = await caseById(needs.db, id);
  const subject = found ? await subjectById(needs.db, found.subject) : undefined;
  if (!found || !subject) return 'not-there';
  if (found.type !== 'access' && found.type !== 'portability') return 'no-access-case';
  if (found.state !== 'running') return 'not-approved';
  if (!mayHandOver(found.identity)) return 'identity-unproven';
  if (!found.envelope_key) return 'envelope-gone';
  const reads = await readPerson(needs, subject, { actor: by, reason: 'request' });
  const at = await now(needs);
  const { controller, purposes, systems } = needs.config;
  const answer = accessAnswer({
    case: { id, type: found.type, received: found.received_at.toISOString() },
    controller: { name: controller.name, ...(controller.privacyContact ? { contact: controller.privacyContact } : {}) },
    madeAt: at.toISOString(),
    role: subject.role,
    register: subject.register,
    purposes: Object.values(purposes),
    reads,
    laws: Object.values(systems).flatMap((s) => {
      const serves = s.recipient?.purposes.some((name) => purposes[name]?.for?.includes(subject.role) ?? true);
      const rules = serves ? rulesOf(needs, s.name) : [];
      return rules.length > 0 ? [{ system: s.name, rules }] : [];
    }),
    holders: (await heldBeside(needs, subject.id)).map((h) => ({ ...h, since: h.since.toISOString() })),
    disclosures: (await disclosuresOf(needs.db, subject.id)).map((d) => ({
      system: d.recipient,
      purpose: d.purpose,
      fields: d.fields,
      first: d.first_at.toISOString(),
      last: d.last_at.toISOString(),
    })),
  });
  const { file, mediaType, content } = render(answer, found);
  const token = needs.vault.random(32).toString('base64url');
  const handover = needs.newId();
  const expiresAt = new Date(at.getTime() + openDays * dayMs);
  const key = needs.vault.personKey(found.id, found.envelope_key);
  await inTransaction(needs.db, async () => {
    await putHandover(needs.db, {
      id: handover,
      case_file: id,
      sealed: needs.vault.sealFields(`${id}:handover:${handover}`, key, { 'custom.content': content }),
      file,
      media_type: mediaType,
      tokenHash: hashOf(token),
      missing: answer.missing,
      made_by: by,
      made_at: at,
      expires_at: expiresAt,
    });
    await tell(needs, {
      actor: by,
      action: 'answer.prepared',
      subject: whose(subject),
      case: id,
      code: String(answer.missing.length),
    });
  });
  return { token, missing: answer.missing, expiresAt };
}

export type Waiting = { state: 'waiting' | 'opened' | 'expired'; handover: HandoverRow };

/** What a link leads to; undefined: to nothing that ever was. Looking changes nothing, so a mail scanner may look. */
export async function lookAtHandover(needs: Needs, token: string): Promise<Waiting | undefined> {
  const handover = await handoverByToken(needs.db, hashOf(token));
  if (!handover) return undefined;
  if (handover.opened_at) return { state: 'opened', handover };
  return { state: handover.sealed && handover.expires_at > (await now(needs)) ? 'waiting' : 'expired', handover };
}

/** Hands the package over, once: it is gone from here, and the case ends. Null: there is nothing (any more). */
export async function openHandover(
  needs: Needs,
  token: string,
): Promise<{ file: string; mediaType: string; content: string } | null> {
  return inTransaction(needs.db, async () => {
    const handover = await handoverByToken(needs.db, hashOf(token));
    const found = handover ? await caseById(needs.db, handover.case_file) : undefined;
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!handover || !found?.envelope_key || !subject) return null;
    const taken = await takeHandover(needs.db, handover.id, await now(needs));
    if (!taken) return null;
    const key = needs.vault.personKey(found.id, found.envelope_key);
    const sealed = needs.vault.unsealFields(`${found.id}:handover:${handover.id}`, key, taken.sealed);
    await tell(needs, { actor: 'kaiku', action: 'answer.handed-over', subject: whose(subject), case: found.id });
    await closeRights(needs, found.id, 'kaiku');
    return { file: handover.file, mediaType: handover.media_type, content: String(sealed['custom.content'] ?? '') };
  });
}

/** What nobody opened in time is gone; somebody has to ask the person again. */
export async function expireHandovers(needs: Needs): Promise<number> {
  return inTransaction(needs.db, async () => {
    const gone = await dropHandovers(needs.db, await now(needs));
    for (const { case_file } of gone) {
      const found = await caseById(needs.db, case_file);
      const subject = found ? await subjectById(needs.db, found.subject) : undefined;
      if (subject) await tell(needs, { actor: 'kaiku', action: 'answer.expired', subject: whose(subject), case: case_file });
    }
    return gone.length;
  });
}

/** Writes down how we know that the request is the person's own. False: there is no such case, or it is over. */
export async function noteIdentity(
  needs: Needs,
  id: string,
  by: string,
  identity: Pick<CaseIdentity, 'state' | 'how'>,
): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject || found.state === 'closed' || found.state === 'refused') return false;
    await setIdentity(needs.db, id, { ...identity, by, at: (await now(needs)).toISOString() });
    await tell(needs, {
      actor: by,
      action: 'identity.noted',
      subject: whose(subject),
      case: id,
      reason: identity.state,
      code: identity.how,
    });
    return true;
  });
}
