import { createHash } from 'node:crypto';
import type { Asked } from '../core/case-request.ts';
import { normalise } from '../core/identifier.ts';
import { type Dismissal, type FormText, formLimits, linkDays, rolesSent, whoSent } from '../core/intake.ts';
import type { CaseIdentity } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import {
  copyIntake,
  dropIntakes,
  forgetIntake,
  formsLately,
  type IntakeRow,
  insertIntake,
  intakeByToken,
  lockForms,
  lockIntake,
  moveIntake,
  setIntakeRole,
} from '../store/intakes.ts';
import { type SubjectRow, subjectsByIdentifier } from '../store/subjects.ts';
import { type Needs, now, tell } from './needs.ts';
import { type NotOpened, openCaseFor } from './open-case.ts';

/** Requests that people send by the public form: taken in, proven by a mailed link, and made into cases. */

const dayMs = 86_400_000;

/** What is sealed of a request: what the sender wrote, and what of it a machine can carry out. */
export interface Sent extends FormText {
  asked?: Asked | undefined;
  /** It needs a person's eyes before it can be a case: what is objected to stands in the message. */
  isUnclear?: boolean | undefined;
}

export interface NewIntake extends Pick<IntakeRow, 'type' | 'language' | 'role'> {
  sent: Sent;
  /** Of the sender's network; kept as a keyed hash for a day. */
  ip: string;
}

/** Keeps a form and owes its sender a mail. What one mailbox is sent is limited in silence; what one network sends, aloud. */
export async function receiveForm(needs: Needs, form: NewIntake): Promise<'received' | 'too-many'> {
  const { db, vault } = needs;
  const addressKey = vault.hash('intake-address', normalise('email', form.sent.email) ?? form.sent.email);
  const senderKey = vault.hash('intake-sender', form.ip);
  return inTransaction(db, async () => {
    await lockForms(db);
    const lately = await formsLately(db, addressKey, senderKey);
    if (lately.sender >= formLimits.perSenderHour || lately.all >= formLimits.perHour) return 'too-many';
    // somebody's mailbox is not filled by a stranger, and nobody learns from this form what was asked about whom
    if (lately.mailbox >= formLimits.perMailboxDay) return 'received';
    const id = needs.newId();
    const { key, wrapped } = vault.newPersonKey(id);
    const { type, language, role, sent } = form;
    await insertIntake(db, {
      id,
      type,
      language,
      role,
      received_at: await now(needs),
      key: wrapped,
      sealed: vault.sealUnder(key, `intake:${id}`, sent),
      addressKey,
      senderKey,
    });
    return 'received';
  });
}

/** What its sender wrote; null once the matter is settled. */
export function sentOf(needs: Needs, row: IntakeRow): Sent | null {
  if (!row.key || !row.sealed) return null;
  return needs.vault.unsealUnder<Sent>(needs.vault.personKey(row.id, row.key), `intake:${row.id}`, row.sealed);
}

export const tokenHashOf = (token: string) => createHash('sha256').update(token).digest();

export type LinkState = { state: 'open' | 'confirmed' | 'expired'; row: IntakeRow };

/** What a mailed link leads to; undefined: to nothing that is still there. Looking changes nothing: mail scanners look. */
export async function lookAtLink(needs: Needs, token: string): Promise<LinkState | undefined> {
  const row = await intakeByToken(needs.db, tokenHashOf(token));
  if (!row) return undefined;
  if (row.state !== 'unconfirmed') return { state: 'confirmed', row };
  return { state: row.received_at.getTime() + linkDays * dayMs > (await now(needs)).getTime() ? 'open' : 'expired', row };
}

/** The sender says by the link that the request is theirs: the mailbox is proven. A second time says the same. */
export async function confirmLink(needs: Needs, token: string): Promise<LinkState | undefined> {
  const looked = await lookAtLink(needs, token);
  if (looked?.state !== 'open') return looked;
  await inTransaction(needs.db, async () => {
    const set = { confirmedAt: await now(needs), wakes: true };
    if (await moveIntake(needs.db, looked.row.id, ['unconfirmed'], 'confirmed', set))
      await tell(needs, { actor: 'kaiku', action: 'intake.received', reason: looked.row.type, code: looked.row.id });
  });
  // what is said is what is there now: it may have been forgotten meanwhile
  return lookAtLink(needs, token);
}

/** Living people who have the address, or the phone number, that the sender gave. */
export async function candidatesOf(needs: Needs, sent: Sent): Promise<SubjectRow[]> {
  const found = new Map<string, SubjectRow>();
  for (const kind of ['email', 'phone'] as const) {
    const normal = normalise(kind, sent[kind]);
    if (normal === null) continue;
    for (const subject of await subjectsByIdentifier(needs.db, kind, needs.vault.hash(kind, normal)))
      if (subject.state !== 'erased') found.set(subject.id, subject);
  }
  return [...found.values()];
}

/** Opens the case of a confirmed request where it is plain whose it is; else it waits for a person, with the reason. */
export async function settleConfirmed(needs: Needs, row: IntakeRow): Promise<void> {
  const sent = sentOf(needs, row);
  if (!sent) return;
  const address = normalise('email', sent.email) ?? '';
  const holders = await subjectsByIdentifier(needs.db, 'email', needs.vault.hash('email', address));
  const roles = rolesSent(row.role, holders);
  if (roles.length > 0) return splitByRole(needs, row, sent, roles);
  const whose = whoSent(row.role, holders);
  if (whose.kind === 'waits') return waitForPerson(needs, row, whose.reason);
  if (sent.isUnclear) return waitForPerson(needs, row, 'unclear');
  const subject = holders.find((s) => s.id === whose.subject);
  if (!subject) return;
  const opened = await openFor(needs, row, sent, subject, { state: 'proven', how: 'mailed-link' }, 'kaiku');
  if ('fault' in opened) return waitForPerson(needs, row, opened.fault === 'asked' ? 'unclear' : opened.fault);
}

/** One request becomes one a role: what is asked of HR is not the matter of whoever looks after customers, nor the other way. */
async function splitByRole(needs: Needs, row: IntakeRow, sent: Sent, [first = '', ...others]: string[]): Promise<void> {
  const { db, vault } = needs;
  await inTransaction(db, async () => {
    if (!(await setIntakeRole(db, row.id, first))) return;
    for (const role of others) {
      const id = needs.newId();
      const { key, wrapped } = vault.newPersonKey(id);
      await copyIntake(db, row.id, { id, role, key: wrapped, sealed: vault.sealUnder(key, `intake:${id}`, sent) });
      await tell(needs, { actor: 'kaiku', action: 'intake.received', reason: row.type, code: id });
    }
  });
}

export const waitForPerson = async (needs: Needs, row: IntakeRow, reason: string): Promise<void> => {
  await moveIntake(needs.db, row.id, ['unconfirmed', 'confirmed'], 'waiting', { reason });
};

async function openFor(
  needs: Needs,
  row: IntakeRow,
  sent: Sent,
  subject: SubjectRow,
  identity: Pick<CaseIdentity, 'state' | 'how'> | null,
  by: string,
): Promise<{ id: string } | NotOpened> {
  const at = await now(needs);
  const opened = await openCaseFor(needs, {
    type: row.type,
    subject,
    receivedAt: row.received_at,
    channel: 'form',
    source: 'form',
    actor: by,
    asked: sent.asked,
    language: row.language,
    ...(identity ? { identity: { ...identity, by, at: at.toISOString() } } : {}),
    ...(sent.message ? { note: sent.message } : {}),
  });
  if ('fault' in opened) return opened;
  // a process that falls before this opens the same case again: the second joins the first
  await inTransaction(needs.db, async () => {
    const set = { endedAt: at, endedBy: by, case: opened.id };
    if (!(await moveIntake(needs.db, row.id, ['confirmed', 'waiting'], 'taken', set))) return;
    await forgetIntake(needs.db, row.id);
    await tell(needs, { actor: by, action: 'intake.taken', case: opened.id, code: row.id });
  });
  return opened;
}

/** A person says whose request it is. `null`: it is not waiting for anybody. */
export async function takeIntakeFor(
  needs: Needs,
  row: IntakeRow,
  subject: SubjectRow,
  by: string,
  asked?: Asked,
): Promise<{ id: string } | NotOpened | null> {
  const written = sentOf(needs, row);
  if (row.state !== 'waiting' || !written) return null;
  const sent = { ...written, ...(asked ? { asked } : {}) };
  // the mailbox is proven; whether it is this person's is what the person who looks says, and may note on the case
  const isTheirs =
    row.confirmed_at !== null && (await candidatesOf(needs, { ...sent, phone: '' })).some((s) => s.id === subject.id);
  return openFor(needs, row, sent, subject, isTheirs ? { state: 'proven', how: 'mailed-link' } : null, by);
}

/** A person says why no case comes of it. Whoever is not known here is told so by mail. False: it is not waiting. */
export async function dismissIntake(needs: Needs, id: string, by: string, reason: Dismissal): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const row = await lockIntake(needs.db, id);
    if (row?.state !== 'waiting') return false;
    const owesMail = reason === 'nobody-known' && row.confirmed_at !== null;
    const set = { reason, endedAt: await now(needs), endedBy: by, wakes: owesMail };
    await moveIntake(needs.db, id, ['waiting'], 'dismissed', set);
    if (!owesMail) await forgetIntake(needs.db, id);
    await tell(needs, { actor: by, action: 'intake.dismissed', reason, code: id });
    return true;
  });
}

/** What nobody confirmed in time is forgotten. */
export const expireForms = async (needs: Needs): Promise<number> =>
  dropIntakes(needs.db, new Date((await now(needs)).getTime() - linkDays * dayMs));
