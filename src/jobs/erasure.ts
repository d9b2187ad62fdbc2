import { dayIn } from '../core/day.ts';
import type { Retained } from '../core/duty.ts';
import { identifiersOf, nameKeys, normaliserVersion } from '../core/identifier.ts';
import { endsAfter } from '../core/own-period.ts';
import { observeRefusal } from '../core/permission.ts';
import type { Fields, Person } from '../core/person.ts';
import { isStaff } from '../core/scope.ts';
import { suppressionBasis, type Tombstone, tombstonesFor, withName } from '../core/tombstone.ts';
import {
  type CaseRow,
  caseById,
  erasureInForce,
  insertCase,
  isRestrictedByCase,
  keepEnvelopes,
  moveCase,
  openErasure,
  type PlannedStep,
} from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { dutiesOf, raise } from '../store/duties.ts';
import { resolveHolds } from '../store/held.ts';
import { dropRechecksWithoutCase } from '../store/rechecks.ts';
import { disclosuresOf, doubtRestrictions, recordsOf } from '../store/records.ts';
import {
  fieldsOfVersion,
  forgetRefs,
  forgetSubject,
  identifiersOfSubject,
  latestVersion,
  lockSubject,
  permissionsOf,
  putPermission,
  registerRecords,
  type SubjectRow,
  setSubjectState,
  subjectsByIdentifier,
} from '../store/subjects.ts';
import { putTombstones } from '../store/tombstones.ts';
import { clockOf, clockSettings } from './case-clock.ts';
import type { Foreseen } from './foresee-law.ts';
import { isHeldAt } from './legal-holds.ts';
import { areAsked, concerned, machinesBefore, type Needs, now, recipientNames, registerOf, tell, whose } from './needs.ts';
import { propose } from './propose.ts';
import { fieldsServed, mayBeHeldUnseen } from './served.ts';
import { untilShown } from './shown-later.ts';

/** How long a tombstone stands, in days: ten years, longer than any copy of a register is kept. */
const tombstoneDays = 3653;
/** How long an envelope is kept after its case closed: the last re-check is after 90 days. */
export const envelopeDays = 100;
/** When the envelope may go of a case that something is parked of until a day. */
export const envelopeEnd = (day: string): Date => new Date(Date.parse(day) + envelopeDays * 86_400_000);
const dayMs = 86_400_000;

export interface ErasureRequest {
  subject: string;
  /** `signal:<system>`, `cli`, `api`: a code, never a person's name. */
  source: string;
  channel: string | null;
  receivedAt: Date;
  approve: 'person' | 'auto';
  actor?: string;
  /** Free words of whoever took the request in; sealed. */
  note?: string;
  language?: CaseRow['language'];
  identity?: CaseRow['identity'];
  /** The person's values, where the caller has them just read; else the ledger's, if it still has them. */
  fields?: Fields;
  /** What a law would keep, where the caller asked the systems. */
  foreseen?: Foreseen;
}

/**
 * Opens an erasure case: the plan is written down, the person is restricted everywhere at once (the register gets every refused
 * field), corrections freeze. Nothing is erased before it is approved. A second request joins the open case.
 */
export async function openErasureCase(needs: Needs, request: ErasureRequest): Promise<{ id: string; fresh: boolean }> {
  return inTransaction(needs.db, async () => {
    const { db, vault } = needs;
    const subject = await lockSubject(db, request.subject);
    if (!subject) throw new Error('there is no such data subject');
    const open = await openErasure(db, subject.id);
    if (open) return { id: open.id, fresh: false };
    if (subject.state === 'erased') throw new AlreadyErased();
    const id = needs.newId();
    const values = request.fields ?? fieldsOfVersion(vault, subject, await latestVersion(db, subject.id)) ?? {};
    const key = vault.newPersonKey(id);
    const envelope = vault.sealFields(id, key.key, values);
    const plan = await planErasure(needs, subject, request.foreseen);
    const { date: due, target } = clockOf(needs, { type: 'erasure', received_at: request.receivedAt }, await now(needs));
    await insertCase(db, {
      id,
      due,
      target,
      type: 'erasure',
      subject: subject.id,
      source: request.source,
      channel: request.channel,
      receivedAt: request.receivedAt,
      plan,
      approve: request.approve,
      sealedNote: request.note ? vault.sealJson(`case-note:${id}`, request.note) : null,
      envelopeKey: key.wrapped,
      envelope,
      identity: request.identity ?? null,
      language: request.language ?? null,
    });
    await setSubjectState(db, subject.id, 'erasing', true);
    await doubtRestrictions(db, subject.id);
    await refuseAll(needs, subject, request.source);
    await tell(needs, {
      actor: request.actor ?? 'kaiku',
      action: 'case.opened',
      subject: whose(subject),
      case: id,
      reason: 'erasure',
    });
    await raiseAll(needs, subject, 'restriction');
    if (request.approve === 'auto') await approveCase(needs, id, 'kaiku', 'auto');
    return { id, fresh: true };
  });
}

export class AlreadyErased extends Error {
  override name = 'AlreadyErased';
  constructor() {
    super('this person was erased before');
  }
}

/** What would happen at each system if the case were approved now. Derived from the ledger and what was foreseen; nothing is called. */
export async function planErasure(needs: Needs, subject: SubjectRow, foreseen?: Foreseen): Promise<PlannedStep[]> {
  const disclosed = new Map((await disclosuresOf(needs.db, subject.id)).map((d) => [d.recipient, d.fields]));
  const plan: PlannedStep[] = [];
  const at = await now(needs);
  // a register that is told of its own people too stands in the plan once, as the register
  for (const name of recipientNames(needs.config).filter((one) => one !== subject.register)) {
    const records = (await recordsOf(needs.db, subject.id, name)).filter((r) => r.state !== 'erased' && r.state !== 'absent');
    const fields = disclosed.get(name);
    const isAsked = areAsked(needs, name, 'erase');
    const ends = endsAt(needs, name, subject, at);
    const held = ends !== null || records.length > 0 || fields !== undefined || mayBeHeldUnseen(needs, name, subject.role);
    const law = ends ?? foreseen?.get(name);
    const kept = typeof law === 'object' ? { retained: law } : law === 'unread' ? { reason: 'law-not-read' } : {};
    const step = !held ? 'nothing' : ends ? 'park' : isAsked ? 'ask' : typeof law === 'object' ? 'strip' : 'erase';
    const isHeld = held && (await isHeldAt(needs, subject.id, name, at));
    plan.push({
      system: name,
      step: isHeld ? 'hold' : step,
      ...(fields ? { fields } : {}),
      ...kept,
      ...(ends ? { reason: 'ends-by-itself' } : {}),
      ...(isHeld ? { reason: 'legal-hold' } : {}),
    });
  }
  const isRegisterHeld = await isHeldAt(needs, subject.id, subject.register, at);
  plan.push({
    system: subject.register,
    ...(isRegisterHeld
      ? { step: 'hold', reason: 'legal-hold' }
      : { step: areAsked(needs, subject.register, 'erase') ? 'ask' : 'erase', reason: 'last' }),
  });
  return plan;
}

/** Of a system whose data end by themselves: what lies there until when, if it were approved today. Null: it is no such system. */
function endsAt(needs: Needs, name: string, { role }: SubjectRow, at: Date): Retained | null {
  const days = needs.connectors[name]?.ends?.afterDays;
  const fields = fieldsServed(needs, name, role);
  return days === undefined || fields.length === 0 ? null : endsAfter(dayIn(at, clockSettings(needs).zone), days, fields);
}

/** An erasure is also an objection: every permission is refused, so that nothing more is sent meanwhile. */
async function refuseAll(needs: Needs, subject: SubjectRow, source: string): Promise<void> {
  const known = new Map((await permissionsOf(needs.db, subject.id)).map((p) => [p.name, p]));
  for (const name of Object.keys(registerOf(needs, subject.register).options.permissions)) {
    const before = known.get(name);
    if (before?.state.refused) continue;
    await putPermission(
      needs.db,
      subject.id,
      name,
      observeRefusal(before?.state, await now(needs), source),
      before?.refused_written ?? false,
    );
    await tell(needs, { actor: 'kaiku', action: 'permission.refused', subject: whose(subject), reason: name });
  }
}

const raiseAll = (needs: Needs, subject: SubjectRow, kind: 'restriction' | 'erasure') =>
  propose(needs, subject, {
    kind,
    lane: kind === 'restriction' ? 'objection' : 'erasure',
    version: subject.version,
    systems: concerned(needs.config, subject),
  });

/**
 * Approves a planned erasure: tombstones go to the journal outside the database first, then the erasing is owed everywhere. False
 * when the case is not waiting for approval.
 */
export async function approveCase(needs: Needs, id: string, by: string, reason?: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject || found.type !== 'erasure') return false;
    const at = await now(needs);
    const registerBy = new Date(at.getTime() + registerOf(needs, subject.register).options.eraseAfterDays * dayMs);
    const decision = {
      decision: 'approved',
      by,
      at: at.toISOString(),
      ...(reason ? { reason: sealReason(needs, id, reason) } : {}),
    };
    if (!(await moveCase(needs.db, id, ['planned'], 'running', { decision, undoFrom: at, registerBy }))) return false;
    await bury(needs, subject, found, at);
    await tell(needs, { actor: by, action: 'case.approved', subject: whose(subject), case: id });
    await raiseAll(needs, subject, 'erasure');
    return true;
  });
}

/**
 * The register changed somebody whose erasure runs: by the new address they must not come back either. Before the approval nothing is
 * to be done; it takes what the ledger knows then.
 */
export async function buryAlso(needs: Needs, subject: SubjectRow, values: Fields): Promise<void> {
  const found = await erasureInForce(needs.db, subject.id);
  if (found?.state === 'running' || found?.state === 'closed') await bury(needs, subject, found, await now(needs), values);
}

async function bury(needs: Needs, subject: SubjectRow, found: CaseRow, at: Date, newest?: Fields): Promise<void> {
  const { vault } = needs;
  const until = new Date(at.getTime() + tombstoneDays * dayMs);
  const values = envelopeFields(needs, found) ?? {};
  const later = newest ?? fieldsOfVersion(vault, subject, await latestVersion(needs.db, subject.id)) ?? {};
  const isNamed = nameKeys(values as Person).length > 0;
  const identifiers = [...identifiersOf(values as Person), ...identifiersOf(later as Person)];
  const spelled = tombstonesFor(vault.keys.hmac.current, identifiers, { role: subject.role }, at, until);
  const stones = new Map(spelled.map((t) => [`${t.kind} ${t.hash}`, t]));
  for (const { kind, hash } of await identifiersOfSubject(needs.db, subject.id)) {
    // nobody is guarded by what staff is guarded by, nor the other way: a colleague's address holds up no customer
    const others = (await subjectsByIdentifier(needs.db, kind, hash)).some(
      (s) => s.id !== subject.id && s.state === 'active' && isStaff(s.role) === isStaff(subject.role),
    );
    const stoneKey = `${kind} ${hash.toString('hex')}`;
    // an address that a living person shares would hold up that person; a telephone counts with the name alone
    if (others && !(kind === 'phone' && isNamed)) stones.delete(stoneKey);
    else if (!stones.has(stoneKey)) {
      stones.set(stoneKey, {
        kind: kind as Tombstone['kind'],
        hash: hash.toString('hex'),
        keyId: vault.keys.hmac.current.id,
        normaliser: normaliserVersion,
        role: subject.role,
        basis: suppressionBasis,
        madeAt: at.toISOString(),
        until: until.toISOString(),
      });
    }
  }
  const tombstones = withName(vault.keys.hmac.current, [...stones.values()], values as Person);
  await needs.journal.append({
    v: 1,
    at: at.toISOString(),
    instance: needs.instance,
    subject: subject.id,
    case: found.id,
    tombstones,
  });
  await putTombstones(needs.db, found.id, tombstones);
  await tell(needs, {
    actor: 'kaiku',
    action: 'tombstone.written',
    subject: whose(subject),
    case: found.id,
    code: String(tombstones.length),
  });
}

/** A reason is free text: somebody may write a name into it. */
export const sealReason = (needs: Needs, id: string, reason: string) =>
  needs.vault.sealJson(`decision:${id}`, reason).toString('base64');

/** The reason of a decision, for those who may read cases. */
export const reasonOf = (needs: Needs, found: CaseRow): string | undefined =>
  found.decision?.reason
    ? needs.vault.unsealJson<string>(`decision:${found.id}`, Buffer.from(found.decision.reason, 'base64'))
    : undefined;

/** The locators a case keeps for its open tasks and re-checks; null when the envelope's time is over. */
export function envelopeFields(needs: Needs, found: CaseRow): Fields | null {
  if (!found.envelope || !found.envelope_key) return null;
  return needs.vault.unsealFields(found.id, needs.vault.personKey(found.id, found.envelope_key), found.envelope);
}

/** No erasure is open any more: corrections go on, unless an earlier one stands of which the register still keeps something. */
export async function resume({ db }: Needs, { id }: SubjectRow): Promise<void> {
  if (await erasureInForce(db, id)) return;
  await setSubjectState(db, id, 'active', await isRestrictedByCase(db, id));
}

/** Refuses a planned erasure: corrections resume; the objection it meant stays, because permissions only tighten. */
export async function refuseCase(needs: Needs, id: string, by: string, reason: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject) return false;
    const at = await now(needs);
    const decision = { decision: 'refused', by, at: at.toISOString(), reason: sealReason(needs, id, reason) };
    const envelopeUntil = new Date(at.getTime() + envelopeDays * dayMs);
    if (!(await moveCase(needs.db, id, ['planned'], 'refused', { decision, closedAt: at, envelopeUntil }))) return false;
    await resume(needs, subject);
    await tell(needs, { actor: by, action: 'case.refused', subject: whose(subject), case: id });
    await raise(needs.db, { subject: subject.id, lane: 'correction', newId: needs.newId });
    return true;
  });
}

/**
 * After each settled duty of a running case: the register's turn when the machine-driven recipients are done or its day has come,
 * then the ledger's own forgetting, then the end of the case. A register that a law binds is parked like any other: the request is
 * answered, the case ends, and the person stays `erasing` until the register's day. Runs in the caller's transaction.
 */
export async function advanceCase(needs: Needs, found: CaseRow): Promise<void> {
  const { db } = needs;
  const subject = await lockSubject(db, found.subject);
  const isAfter = found.state === 'closed' && subject?.state === 'erasing';
  if (!subject || (found.state !== 'running' && !isAfter)) return;
  const at = await now(needs);
  const duties = await dutiesOf(db, subject.id);
  const settled = (name: string) => {
    const duty = duties.find((d) => d.recipient === name);
    return duty?.state === 'settled' || (duty?.state === 'waiting' && duty.outcome === 'retained');
  };
  const registerDuty = duties.find((d) => d.recipient === subject.register);
  const records = await registerRecords(db, subject.id);
  const registerErased =
    records.every((r) => r.state === 'erased') && registerDuty?.state === 'settled' && registerDuty.outcome === 'erased';
  const isKept = registerDuty?.state === 'waiting' && registerDuty.outcome === 'retained';
  if (!registerErased && !isKept) {
    const due = machinesBefore(needs, subject).every(settled) || (found.register_by !== null && found.register_by <= at);
    // whoever waits for a law's day or for what people did to show is woken by that
    const waits = registerDuty?.state === 'waiting' && registerDuty.reason !== untilShown;
    if (due && registerDuty && (registerDuty.state === 'settled' || waits)) {
      await raise(db, {
        subject: subject.id,
        recipients: [subject.register],
        lane: 'erasure',
        wanted: subject.version,
        newId: needs.newId,
      });
    }
    return;
  }
  if (registerErased && subject.state !== 'erased') {
    await resolveHolds(db, subject.id, 'identity-code', 'gone');
    await forgetSubject(db, subject.id);
    await dropRechecksWithoutCase(db, subject.id);
  }
  if (!duties.every((d) => settled(d.recipient))) return;
  const parked = duties.flatMap((d) => (d.state === 'waiting' && d.retained ? [Date.parse(d.retained.until)] : []));
  const envelopeUntil = new Date(Math.max(at.getTime(), ...parked) + envelopeDays * dayMs);
  if (isAfter) {
    if (registerErased) await forgetRefs(db, subject.id);
    await keepEnvelopes(db, subject.id, envelopeUntil);
  } else if (await moveCase(db, found.id, ['running'], 'closed', { closedAt: at, envelopeUntil })) {
    await forgetRefs(db, subject.id);
    await tell(needs, { actor: 'kaiku', action: 'case.closed', subject: whose(subject), case: found.id });
  }
}
