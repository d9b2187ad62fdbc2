import canonicalize from 'canonicalize';
import { type Asked, type AskedFault, checkFields, checkObjection, type KnownToCase } from '../core/case-request.ts';
import { dayIn } from '../core/day.ts';
import { observeRefusal } from '../core/permission.ts';
import type { FieldName, Fields } from '../core/person.ts';
import { rectifiable } from '../core/policy.ts';
import {
  type CaseRow,
  type CaseType,
  caseById,
  insertCase,
  isRestrictedByCase,
  moveCase,
  openCaseOf,
  type PlannedStep,
  setRestricts,
} from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { dutiesOf, raise } from '../store/duties.ts';
import { disclosuresOf, doubtRestrictions, recordsOf } from '../store/records.ts';
import {
  fieldsOfVersion,
  latestVersion,
  lockSubject,
  permissionsOf,
  putPermission,
  type SubjectRow,
  setSubjectState,
} from '../store/subjects.ts';
import { clockOf, clockSettings } from './case-clock.ts';
import { envelopeDays, sealReason } from './erasure.ts';
import { areAsked, concerned, type Needs, now, recipientNames, registerOf, tell, whose } from './needs.ts';
import { propose } from './propose.ts';
import { mayBeHeldUnseen } from './served.ts';

/** The rights beside erasure: opened, planned, decided and ended here; each does its work through the duties that everything uses. */
export type RightType = Exclude<CaseType, 'erasure'>;

/** What a case was asked for, as it is sealed with it. */
export interface Request {
  fields?: Fields;
  blanked?: FieldName[];
  permissions?: string[];
  purposes?: string[];
}

export interface RightsRequest {
  type: RightType;
  subject: string;
  source: string;
  channel: string | null;
  receivedAt: Date;
  actor: string;
  note?: string;
  language?: CaseRow['language'];
  identity?: CaseRow['identity'];
  request: Request;
  /** `auto`: approved as it is opened. */
  approve?: 'auto';
  /** The person's values, where the caller has them just read; else the ledger's, if it still has them. */
  fields?: Fields;
}

const dayMs = 86_400_000;

/** What of a request this company can meet. Faults are the asker's to mend. */
export function checkAsked(
  needs: Needs,
  type: RightType,
  asked: Asked,
  register: string,
): { request: Request; faults: AskedFault[] } {
  const known: KnownToCase = {
    declared: [...new Set(Object.values(needs.config.purposes).flatMap((p) => p.fields))],
    permissions: Object.keys(registerOf(needs, register).options.permissions),
    purposes: needs.config.purposes,
  };
  if (type === 'rectification') {
    const { faults, ...request } = checkFields(asked, known);
    return { request, faults };
  }
  if (type !== 'objection') return { request: {}, faults: [] };
  const { faults, ...request } = checkObjection(asked, known);
  return { request, faults };
}

/** Opens a case; a second request of the same kind joins the open one. An objection to direct marketing takes effect at once. */
export async function openRightsCase(needs: Needs, ask: RightsRequest): Promise<{ id: string; fresh: boolean }> {
  return inTransaction(needs.db, async () => {
    const { db, vault } = needs;
    const subject = await lockSubject(db, ask.subject);
    if (!subject) throw new Error('there is no such data subject');
    const open = await openCaseOf(db, subject.id, ask.type);
    if (open) return join(needs, subject, open, ask);
    const id = needs.newId();
    const values = ask.fields ?? fieldsOfVersion(vault, subject, await latestVersion(db, subject.id)) ?? {};
    const key = vault.newPersonKey(id);
    const at = await now(needs);
    const atOnce = ask.approve === 'auto' || isAtOnce(ask.type, ask.request);
    const { date: due, target } = clockOf(
      needs,
      { type: ask.type, received_at: ask.receivedAt, approve: atOnce ? 'auto' : 'person' },
      at,
    );
    await insertCase(db, {
      id,
      type: ask.type,
      subject: subject.id,
      source: ask.source,
      channel: ask.channel,
      receivedAt: ask.receivedAt,
      plan: await planRights(needs, subject, ask.type, ask.request),
      approve: atOnce ? 'auto' : 'person',
      sealedNote: ask.note ? vault.sealJson(`case-note:${id}`, ask.note) : null,
      envelopeKey: key.wrapped,
      envelope: vault.sealFields(id, key.key, values),
      due,
      target,
      identity: ask.identity ?? null,
      sealedRequest: vault.sealFields(`${id}:request`, key.key, ask.request as Fields),
      language: ask.language ?? null,
    });
    await tell(needs, { actor: ask.actor, action: 'case.opened', subject: whose(subject), case: id, reason: ask.type });
    if (ask.type === 'objection') await object(needs, subject, id, ask);
    if (atOnce) await approveRights(needs, id, 'kaiku', 'auto');
    return { id, fresh: true };
  });
}

/** What is asked beside an open case of its kind that asks something else: it is said, never lost. */
export class AsksOtherwise extends Error {
  override name = 'AsksOtherwise';
}

/** A second request: an objection to direct marketing takes effect whatever is open (Art. 21(3)); what cannot join is refused aloud. */
async function join(
  needs: Needs,
  subject: SubjectRow,
  open: CaseRow,
  ask: RightsRequest,
): Promise<{ id: string; fresh: boolean }> {
  const before = requestOf(needs, open);
  if (ask.type === 'objection') {
    if ((ask.request.purposes ?? []).some((name) => !before.purposes?.includes(name))) throw new AsksOtherwise();
    await object(needs, subject, open.id, { ...ask, request: { ...ask.request, purposes: [] } });
  } else if (ask.type === 'rectification') {
    const fields = { ...before.fields, ...ask.request.fields };
    const blanked = new Set([...(before.blanked ?? []), ...(ask.request.blanked ?? [])]);
    const isSame = canonicalize(fields) === canonicalize(before.fields ?? {}) && blanked.size === (before.blanked ?? []).length;
    if (!isSame) throw new AsksOtherwise();
  }
  return { id: open.id, fresh: false };
}

const isAtOnce = (type: RightType, request: Request) => type === 'objection' && (request.purposes ?? []).length === 0;

/** Marketing stops now (Art. 21(3)). Where more is objected to, the person is restricted while it is looked into (Art. 18(1)(d)). */
async function object(needs: Needs, subject: SubjectRow, id: string, { request, source }: RightsRequest): Promise<void> {
  await refuse(needs, subject, request.permissions ?? [], source);
  await doubtRestrictions(needs.db, subject.id);
  const isWider = (request.purposes ?? []).length > 0;
  if (isWider) await restrict(needs, subject, id);
  await propose(needs, subject, {
    kind: isWider ? 'restriction' : 'objection',
    lane: 'objection',
    version: subject.version,
    systems: concerned(needs.config, subject),
  });
}

async function refuse(needs: Needs, subject: SubjectRow, names: readonly string[], source: string): Promise<void> {
  const known = new Map((await permissionsOf(needs.db, subject.id)).map((p) => [p.name, p]));
  for (const name of names) {
    const before = known.get(name);
    if (before?.state.refused) continue;
    const state = observeRefusal(before?.state, await now(needs), source);
    await putPermission(needs.db, subject.id, name, state, before?.refused_written ?? false);
    await tell(needs, { actor: 'kaiku', action: 'permission.refused', subject: whose(subject), reason: name });
  }
}

async function restrict(needs: Needs, subject: SubjectRow, id: string): Promise<void> {
  await setRestricts(needs.db, id, true, null);
  if (subject.state === 'active') await setSubjectState(needs.db, subject.id, 'active', true);
}

/** What a right changes at a recipient; the others only read. */
const changing: Partial<Record<RightType, 'rectify' | 'restrict'>> = {
  rectification: 'rectify',
  restriction: 'restrict',
  objection: 'restrict',
};

/** What would happen at each system, by names of fields alone. Derived from the ledger; nothing is called. */
async function planRights(needs: Needs, subject: SubjectRow, type: RightType, request: Request): Promise<PlannedStep[]> {
  const disclosed = new Map((await disclosuresOf(needs.db, subject.id)).map((d) => [d.recipient, d.fields]));
  const plan: PlannedStep[] = [];
  const corrected = [...Object.keys(request.fields ?? {}), ...(request.blanked ?? [])];
  for (const system of recipientNames(needs.config).filter((one) => one !== subject.register)) {
    const records = (await recordsOf(needs.db, subject.id, system)).filter((r) => r.state !== 'erased' && r.state !== 'absent');
    const verb = changing[type];
    const isHuman = verb ? areAsked(needs, system, verb) : needs.connectors[system]?.manifest.human === true;
    const isUnseen = (type === 'restriction' || type === 'objection') && mayBeHeldUnseen(needs, system, subject.role);
    const isHeld = records.length > 0 || disclosed.has(system) || isUnseen;
    const purposes = (needs.config.systems[system]?.recipient?.purposes ?? []).flatMap((p) => needs.config.purposes[p] ?? []);
    if (type === 'rectification') {
      const given = rectifiable(purposes, subject.role).fields.filter((field) => corrected.includes(field));
      const step = !isHeld || given.length === 0 ? 'nothing' : isHuman ? 'ask' : 'update';
      // vouchers stay as they were made: Accounting Act 1336/1997, chapter 2 section 7
      const isVoucher = (needs.config.systems[system]?.recipient?.retention ?? []).length > 0;
      plan.push({
        system,
        step,
        ...(step === 'nothing' ? {} : { fields: given }),
        ...(isVoucher && step !== 'nothing' ? { reason: 'vouchers-unchanged' } : {}),
      });
    } else if (type === 'objection' && (request.purposes ?? []).length === 0) {
      const concerns = purposes.some((p) => p.permission !== undefined && (request.permissions ?? []).includes(p.permission));
      plan.push({ system, step: isHeld && concerns && !isHuman ? 'restrict' : 'nothing' });
    } else if (type === 'restriction' || type === 'objection') {
      plan.push({ system, step: !isHeld ? 'nothing' : isHuman ? 'ask' : 'restrict' });
    } else plan.push({ system, step: !isHeld ? 'nothing' : isHuman ? 'ask' : 'read' });
  }
  const own = {
    rectification: 'update',
    objection: 'restrict',
    restriction: 'keep',
    access: 'read',
    portability: 'read',
  } as const;
  plan.push({
    system: subject.register,
    step: own[type],
    ...(type === 'rectification' ? { fields: corrected, reason: 'first' } : {}),
  });
  return plan;
}

/** What was asked, while the case's envelope is kept. */
export function requestOf(needs: Needs, found: CaseRow): Request {
  if (!found.sealed_request || !found.envelope_key) return {};
  const key = needs.vault.personKey(found.id, found.envelope_key);
  return needs.vault.unsealFields(`${found.id}:request`, key, found.sealed_request) as Request;
}

/** Approves a planned case: the work begins. False when it does not wait for approval. */
export async function approveRights(needs: Needs, id: string, by: string, reason?: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject || found.type === 'erasure') return false;
    const at = await now(needs);
    const sealed = reason ? { reason: sealReason(needs, id, reason) } : {};
    const decision = { decision: 'approved', by, at: at.toISOString(), ...sealed };
    if (!(await moveCase(needs.db, id, ['planned'], 'running', { decision, undoFrom: at }))) return false;
    await tell(needs, { actor: by, action: 'case.approved', subject: whose(subject), case: id });
    if (found.type === 'restriction') {
      await restrict(needs, subject, id);
      await doubtRestrictions(needs.db, subject.id);
      await propose(needs, subject, {
        kind: 'restriction',
        lane: 'objection',
        version: subject.version,
        systems: recipientNames(needs.config),
      });
    }
    return true;
  });
}

/** Refuses a planned case, with its reason. What was restricted meanwhile stays so until the person is told (Art. 18(3)). */
export async function refuseRights(needs: Needs, id: string, by: string, reason: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject || found.type === 'erasure') return false;
    const at = await now(needs);
    const decision = { decision: 'refused', by, at: at.toISOString(), reason: sealReason(needs, id, reason) };
    const envelopeUntil = new Date(at.getTime() + envelopeDays * dayMs);
    if (!(await moveCase(needs.db, id, ['planned'], 'refused', { decision, closedAt: at, envelopeUntil }))) return false;
    await tell(needs, { actor: by, action: 'case.refused', subject: whose(subject), case: id });
    return true;
  });
}

/** Ends a running case when every system that it concerns has done its part. Runs in the caller's transaction. */
export async function advanceRights(needs: Needs, found: CaseRow): Promise<void> {
  if (found.state !== 'running' || found.type === 'access' || found.type === 'portability') return;
  if (found.type === 'rectification' && found.corrected_version === null) return;
  const concerned = new Set(found.plan.filter((s) => s.step !== 'nothing' && s.step !== 'keep').map((s) => s.system));
  const duties = (await dutiesOf(needs.db, found.subject)).filter((d) => concerned.has(d.recipient));
  const isDone = duties.every((d) => d.state === 'settled' || (d.state === 'waiting' && d.outcome === 'retained'));
  if (isDone) await closeRights(needs, found.id, 'kaiku');
}

/** Ends a running case: the answer can be given. False when it was not running. */
export async function closeRights(needs: Needs, id: string, by: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject) return false;
    const at = await now(needs);
    const envelopeUntil = new Date(at.getTime() + envelopeDays * dayMs);
    if (!(await moveCase(needs.db, id, ['running'], 'closed', { closedAt: at, envelopeUntil }))) return false;
    await tell(needs, { actor: by, action: 'case.closed', subject: whose(subject), case: id });
    return true;
  });
}

/** Why a restriction was not lifted, or null. */
export type LiftFault = 'not-there' | 'not-restricting' | 'told-later' | 'not-told' | 'too-early';

/** The first step of lifting a restriction: the person was told (Art. 18(3)). */
export async function announceLift(needs: Needs, id: string, by: string, toldOn?: string): Promise<LiftFault | null> {
  return inTransaction(needs.db, async () => {
    const found = await caseById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject) return 'not-there';
    if (!found.restricts) return 'not-restricting';
    const today = dayIn(await now(needs), clockSettings(needs).zone);
    if ((toldOn ?? today) > today) return 'told-later';
    await setRestricts(needs.db, id, true, { toldOn: toldOn ?? today, by });
    await tell(needs, { actor: by, action: 'restriction.announced', subject: whose(subject), case: id });
    return null;
  });
}

/** From when on a restriction may be lifted: so many days after the person was told. Null: they were not. */
export function liftableFrom(needs: Pick<Needs, 'config'>, found: Pick<CaseRow, 'lift'>): string | null {
  if (!found.lift) return null;
  const days = needs.config.restriction?.liftNoticeDays ?? usualNoticeDays;
  return new Date(Date.parse(`${found.lift.toldOn}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
}
const usualNoticeDays = 7;

/** The second step: the restriction ends. No permission comes back by this; corrections that waited go out. */
export async function liftRestriction(needs: Needs, id: string, by: string): Promise<LiftFault | null> {
  return inTransaction(needs.db, async () => {
    const named = await caseById(needs.db, id);
    const subject = named ? await lockSubject(needs.db, named.subject) : undefined;
    const found = await caseById(needs.db, id);
    if (!found || !subject) return 'not-there';
    if (!found.restricts) return 'not-restricting';
    const from = liftableFrom(needs, found);
    if (!found.lift || from === null) return 'not-told';
    const at = await now(needs);
    if (dayIn(at, clockSettings(needs).zone) < from) return 'too-early';
    await setRestricts(needs.db, id, false, { ...found.lift, liftedAt: at.toISOString() });
    if (subject.state === 'active' && !(await isRestrictedByCase(needs.db, subject.id))) {
      await setSubjectState(needs.db, subject.id, 'active', false);
      await raise(needs.db, { subject: subject.id, lane: 'correction', newId: needs.newId });
    }
    await tell(needs, { actor: by, action: 'restriction.lifted', subject: whose(subject), case: id });
    return null;
  });
}
