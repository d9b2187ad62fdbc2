import type { Connector, Profile, RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { weaker } from '../core/duty.ts';
import { type CaseRow, caseById } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { holdBack, raise } from '../store/duties.ts';
import { hold, isDisowned } from '../store/held.ts';
import {
  dropUnreadable,
  endRecheck,
  noteNextRecheck,
  noteRechecked,
  postponeRecheck,
  type RecheckRow,
  takeRechecks,
} from '../store/rechecks.ts';
import { putRecord, recordByRemote, remoteHash, sealRef, updateRecord } from '../store/records.ts';
import { purposesOver } from '../store/retention.ts';
import { lockSubject, registerHash, type SubjectRow, subjectById } from '../store/subjects.ts';
import { systemState } from '../store/systems.ts';
import { routeWorksAt } from './converge-observe.ts';
import { standings } from './converge-write.ts';
import { envelopeFields } from './erasure.ts';
import { holdRearrival } from './held-sides.ts';
import { type Needs, now, tell, whose } from './needs.ts';
import { tracesOf } from './traces.ts';
import { valuesNow } from './values-now.ts';

/**
 * Looks again 7, 30 and 90 days after an erasure (on the hub's clock), by the row's own id and by the person's identifiers, which the
 * case's envelope still has. Still gone, with a living row found by the same route: `re-observed`. Back: held, and a new erasure
 * proposed. A look that proves nothing is taken again the next day. Nobody waits for these: they come after everything else that is due.
 */
const dayMs = 86_400_000;

/** Looks taken at one system in one turn. */
const atOnce = 10;

/** The looks at one system whose day has come. Answers how many were taken. */
export async function recheckErasures(needs: Needs, system: string): Promise<number> {
  const connector = needs.connectors[system];
  const state = await systemState(needs.db, system);
  if (!connector?.recipient || !state || state.paused_code || state.breaker_open) return 0;
  await dropUnreadable(needs.db);
  const due = await takeRechecks(needs.db, system, atOnce);
  for (const row of due) await recheck(needs, connector, row);
  return due.length;
}

async function recheck(needs: Needs, connector: Connector, row: RecheckRow): Promise<void> {
  const found = row.case_file === null ? null : ((await caseById(needs.db, row.case_file)) ?? null);
  const subject = await subjectById(needs.db, row.subject);
  if (!subject || !connector.recipient || (row.case_file !== null && !found?.envelope_key)) return;
  if (!found && !(await isOverAt(needs, subject, row.recipient))) return neededAgain(needs, row);
  const { vault } = needs;
  const ref = found?.envelope_key
    ? vault.unsealUnder<RemoteRef>(vault.personKey(found.id, found.envelope_key), `recheck:${row.id}`, row.sealed_ref)
    : vault.unsealJson<RemoteRef>(`recheck:${row.id}`, row.sealed_ref);
  const back = await stillThere(needs, connector, { row, ref, found, subject });
  if (back) return foundAgain(needs, row, found, back);
  const isProven =
    (await isTraceless(needs, connector, found)) &&
    (await routeWorksAt(needs, connector.recipient, { ...row, register: subject.register }, freeCall));
  const at = await now(needs);
  if (!isProven) {
    await postponeRecheck(needs.db, row.id, new Date(at.getTime() + dayMs));
    await noteNextRecheck(needs.db, row.duty);
    return;
  }
  const evidence = weaker('re-observed', connector.manifest.erasure.cap);
  await inTransaction(needs.db, async () => {
    const locked = await lockSubject(needs.db, row.subject);
    if (!locked || !(await endRecheck(needs.db, row.id, 'gone', at))) return;
    await noteRechecked(needs.db, row, evidence, at);
    await tell(needs, {
      actor: 'kaiku',
      action: 'recheck.done',
      system: row.recipient,
      subject: whose(locked),
      ...ofCase(found),
      duty: row.duty,
      evidence,
      code: `day-${row.after_days}`,
      reason: 'gone',
    });
  });
}

/** Whether every purpose that the system serves for the person is over, as it was when their row went. */
async function isOverAt(needs: Needs, subject: SubjectRow, system: string): Promise<boolean> {
  const over = new Set((await purposesOver(needs.db, subject.id)).map(({ purpose }) => purpose));
  const { purposes = [] } = needs.config.systems[system]?.recipient ?? {};
  return purposes
    .filter((name) => needs.config.purposes[name]?.for?.includes(subject.role) ?? true)
    .every((name) => over.has(name));
}

/** The person is known there again, as they should be: there is nothing to look for. */
async function neededAgain(needs: Needs, row: RecheckRow): Promise<void> {
  await endRecheck(needs.db, row.id, 'needed-again', await now(needs));
  await noteNextRecheck(needs.db, row.duty);
}

const ofCase = (found: CaseRow | null) => (found ? { case: found.id } : {});

/** Whether no other row shows the person, as far as the system can be asked that; without a case nobody knows by what to ask. */
async function isTraceless(needs: Needs, { recipient }: Connector, found: CaseRow | null): Promise<boolean> {
  if (!recipient?.traces || !found) return true;
  return (await tracesOf(recipient, envelopeFields(needs, found), freeCall)) === 'none';
}

/** The row itself, or one that bears the person's own identifiers and is nobody else's. */
async function stillThere(
  needs: Needs,
  { recipient }: Connector,
  of: { row: RecheckRow; ref: RemoteRef; found: CaseRow | null; subject: SubjectRow },
): Promise<Profile | null> {
  const { row, ref, found, subject } = of;
  const same = await recipient?.read(ref, freeCall);
  if (same) return same;
  const fields = found ? envelopeFields(needs, found) : await valuesNow(needs, subject);
  // in the register somebody who is there again comes in by the poll, and meets their tombstone
  if (!fields || subject.register === row.recipient) return null;
  for (const profile of (await recipient?.find(fields, row.place, freeCall)) ?? []) {
    const hash = remoteHash(needs.vault, row.recipient, profile.ref.place, profile.ref.id);
    const known = await recordByRemote(needs.db, row.recipient, profile.ref.place, hash);
    if (known ? known.subject === row.subject : !(await isDisowned(needs.db, row.recipient, hash))) return profile;
  }
  return null;
}

/** Erased and there again: the row is tied to its person anew, nothing is done to it, and a person is asked to erase it again. */
async function foundAgain(needs: Needs, row: RecheckRow, found: CaseRow | null, profile: Profile): Promise<void> {
  const at = await now(needs);
  await inTransaction(needs.db, async () => {
    const { db, vault } = needs;
    const subject = await lockSubject(db, row.subject);
    if (!subject || !(await endRecheck(db, row.id, 'back', at))) return;
    const { ref } = profile;
    const hash = remoteHash(vault, row.recipient, ref.place, ref.id);
    const state = standings[profile.standing];
    const known = await recordByRemote(db, row.recipient, ref.place, hash);
    const sealedRef = sealRef(vault, row.recipient, ref);
    if (subject.register === row.recipient) return inRegisterAgain(needs, row, subject, profile);
    if (known) await updateRecord(db, known.id, { state, sealedRef, evidence: 'observed', observed: true });
    else
      await putRecord(db, {
        id: needs.newId(),
        subject: subject.id,
        recipient: row.recipient,
        place: ref.place,
        hash,
        sealedRef,
        state,
        how: 'found-again',
        fingerprints: {},
        evidence: 'observed',
        version: subject.version,
      });
    await noteRechecked(db, { ...row, record: null }, null, at);
    await hold(db, {
      id: needs.newId(),
      kind: 'returned',
      system: row.recipient,
      subject: subject.id,
      reason: 'back',
      details: { ...ofCase(found), afterDays: row.after_days, record: known?.id ?? null },
    });
    await tell(needs, {
      actor: 'kaiku',
      action: 'recheck.done',
      system: row.recipient,
      subject: whose(subject),
      ...ofCase(found),
      duty: row.duty,
      evidence: 'observed',
      code: `day-${row.after_days}`,
      reason: 'back',
    });
    await raise(db, { subject: subject.id, recipients: [row.recipient], lane: 'erasure', newId: needs.newId });
  });
}

/** In the register it is a re-arrival, as if the poll had met it: a stale copy or a new relationship. */
async function inRegisterAgain(needs: Needs, row: RecheckRow, subject: SubjectRow, { ref, fields }: Profile): Promise<void> {
  await holdBack(needs.db, row.duty, 'returned');
  const { recipient: system } = row;
  await holdRearrival(needs, {
    system,
    subject: subject.id,
    erased: subject.id,
    about: registerHash(needs.vault, system, ref.place, ref.id),
    role: subject.role,
    reason: 'same-record',
    matched: [],
    ref,
    fields,
  });
  await tell(needs, {
    actor: 'kaiku',
    action: 'recheck.done',
    system,
    subject: whose(subject),
    ...(row.case_file ? { case: row.case_file } : {}),
    duty: row.duty,
    evidence: 'observed',
    code: `day-${row.after_days}`,
    reason: 'back',
  });
}
