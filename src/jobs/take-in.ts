import type { RegisterRecord } from '../connectors/connector.ts';
import type { ChangeKind } from '../core/duty.ts';
import { changed, fingerprints } from '../core/fingerprint.ts';
import { identifiersOf, normalise, normaliserVersion } from '../core/identifier.ts';
import { type FieldName, type Fields, fieldsOf } from '../core/person.ts';
import { rectifiable } from '../core/policy.ts';
import { withheldNames } from '../core/withheld.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { hold, resolveHolds } from '../store/held.ts';
import { doubtRestrictions, peoplesPlace, putRecord, remoteHash, sealRef } from '../store/records.ts';
import {
  absorb,
  addVersion,
  createSubject,
  dropPayload,
  fieldsOfVersion,
  latestVersion,
  lockRow,
  lockSubject,
  organisationOf,
  putIdentifiers,
  putRegisterRecord,
  registerHash,
  registerRecord,
  resealLatest,
  type SubjectRow,
  sealFor,
  setRole,
} from '../store/subjects.ts';
import { buryAlso, openErasureCase } from './erasure.ts';
import { guards } from './guard.ts';
import { holdRearrival } from './held-sides.ts';
import { type Needs, now, recipientNames, registerOf, tell, whose } from './needs.ts';
import { propose } from './propose.ts';
import { takeEvents } from './take-events.ts';
import { takePermissions } from './take-permissions.ts';

export type TakenIn = 'same' | 'created' | 'changed' | 'held' | 'erasing';

/**
 * Takes one row of a register in: what is new or different becomes a version, the duties it concerns are raised, and an echo of
 * what is known already ends here. Runs in the caller's transaction, which also saves the cursor.
 */
export const takeIn = async (needs: Needs, system: string, record: RegisterRecord): Promise<TakenIn> =>
  (await take(needs, system, record, null)).result;

/**
 * Takes a row in that would be held, because a person said so: as somebody new, whoever it met. `isKnownToPeople`: those who are asked by
 * hand are assumed to hold the person, as they are of any newcomer. Answers the new subject.
 */
export async function letIn(
  needs: Needs,
  system: string,
  record: RegisterRecord,
  as: { isKnownToPeople: boolean },
): Promise<string> {
  const { subject } = await take(needs, system, record, as);
  if (subject === null) throw new Error('a row that was let in has no subject');
  return subject;
}

async function take(
  needs: Needs,
  system: string,
  record: RegisterRecord,
  anew: { isKnownToPeople: boolean } | null,
): Promise<{ result: TakenIn; subject: string | null }> {
  return inTransaction(needs.db, async () => {
    const { db, vault } = needs;
    const hash = registerHash(vault, system, record.ref.place, record.ref.id);
    // a poll, a sweep and a webhook may bring the same newcomer at once: one of them makes the subject
    await lockRow(db, hash);
    const known = await registerRecord(db, system, record.ref.place, hash);
    const tied = record.sameAs
      ? await registerRecord(db, system, record.sameAs.place, registerHash(vault, system, record.sameAs.place, record.sameAs.id))
      : undefined;
    const subjectId = tied?.subject ?? known?.subject;
    const found = subjectId ? await lockSubject(db, subjectId) : undefined;
    const before = anew && found?.state === 'erased' ? undefined : found;
    const fields = declaredFields(needs, fieldsOf(record.person));

    const held = { system, about: hash, ref: record.ref, fields: fieldsOf(record.person) };
    if (before?.state === 'erased') {
      const of = { subject: before.id, erased: before.id, role: before.role, reason: 'same-record', matched: [] };
      await holdRearrival(needs, { ...held, ...of });
      return { result: 'held', subject: null };
    }
    const [guard] = before || anew ? [] : await guards(needs, [record.role], [fields]);
    if (guard) {
      const of = { subject: null, erased: guard.subject, role: record.role, reason: 'tombstone', matched: guard.kinds };
      await holdRearrival(needs, { ...held, ...of });
      return { result: 'held', subject: null };
    }
    const subject = before ?? (await firstSeen(needs, system, record));
    if (tied && known && known.subject !== tied.subject) {
      await absorb(db, known.subject, tied.subject);
      await raise(db, { subject: tied.subject, lane: 'correction', newId: needs.newId });
    }
    if (known?.state !== 'present' || known.subject !== subject.id) {
      const sealedRef = vault.sealJson(`register:${system}`, record.ref);
      await putRegisterRecord(db, { register: system, place: record.ref.place, hash, subject: subject.id, sealedRef });
      if (known?.state === 'vanished' && (await resolveHolds(db, subject.id, 'vanished', 'came-back')) > 0) {
        await tell(needs, { actor: 'kaiku', action: 'hold.released', system, subject: whose(subject), reason: 'came-back' });
        await raise(db, { subject: subject.id, lane: 'correction', newId: needs.newId });
      }
    }
    // a converted lead is an old picture of the person: its contact speaks for both
    const isOld = ((tied && record.sameAs) || known?.secondary) && before !== undefined;
    if (isOld) return { result: await signals(needs, system, subject, record, 'same'), subject: subject.id };

    const news = before ? null : (anew ?? { isKnownToPeople: true });
    await noteWithheld(needs, system, subject, fieldsOf(record.person));
    const result = await takeValues(needs, system, subject, record, fields, news);
    await takeEvents(needs, system, subject, record);
    return { result: await signals(needs, system, subject, record, result), subject: subject.id };
  });
}

async function firstSeen(needs: Needs, system: string, record: RegisterRecord): Promise<SubjectRow> {
  const organisation = record.organisation
    ? await organisationOf(needs.db, needs.vault, system, record.organisation.id, needs.newId())
    : null;
  const subject = await createSubject(needs.db, needs.vault, {
    id: needs.newId(),
    role: record.role,
    register: system,
    organisation,
  });
  await tell(needs, { actor: 'kaiku', action: 'subject.seen', system, subject: whose(subject) });
  return subject;
}

/** Only what some purpose declares is kept at all: Kaiku is not a second register. A text with an identity code in it is no value. */
export function declaredFields(needs: Needs, fields: Fields): Fields {
  const declared = new Set<string>(['email', 'phone', 'mobile', 'customerNumber']);
  for (const purpose of Object.values(needs.config.purposes)) for (const field of purpose.fields) declared.add(field);
  const kept = Object.fromEntries(Object.entries(fields).filter(([name]) => declared.has(name))) as Fields;
  for (const name of withheldNames(kept)) delete kept[name];
  return kept;
}

/** A text with an identity code in it is carried nowhere; whoever looks after the register is asked to mend it, and it resolves itself. */
async function noteWithheld(needs: Needs, system: string, subject: SubjectRow, fields: Fields): Promise<void> {
  const names = withheldNames(fields);
  if (names.length === 0) {
    await resolveHolds(needs.db, subject.id, 'identity-code', 'mended');
    return;
  }
  const about = { id: needs.newId(), kind: 'identity-code', system, subject: subject.id, reason: 'identity-code' } as const;
  if (await hold(needs.db, { ...about, details: { fields: names } }))
    await tell(needs, { actor: 'kaiku', action: 'hold.opened', system, subject: whose(subject), reason: 'identity-code' });
}

async function takeValues(
  needs: Needs,
  system: string,
  subject: SubjectRow,
  record: RegisterRecord,
  fields: Fields,
  news: { isKnownToPeople: boolean } | null,
): Promise<TakenIn> {
  const { db, vault } = needs;
  const isNew = news !== null;
  const version = await latestVersion(db, subject.id);
  // a lead beside its contact must not overwrite what the contact says
  const prints = fingerprints(vault.keys.hmac.current, subject.id, fields);
  const differing = changed(version?.fingerprints ?? {}, prints);
  const permissionsMoved = await takePermissions(needs, system, subject, record);

  if (permissionsMoved === 'refused') await doubtRestrictions(db, subject.id);
  if (!isNew && subject.role !== record.role && record.ref.place === 'contact') await setRole(db, subject.id, record.role, null);
  if (differing.length === 0 && !isNew) {
    if (!permissionsMoved) return 'same';
    if (version && fieldsOfVersion(vault, subject, version) === null)
      await resealLatest(db, subject.id, sealFor(vault, subject, fields));
    const lane = permissionsMoved === 'refused' ? 'objection' : 'correction';
    const refused = permissionsMoved === 'refused';
    await propose(needs, subject, {
      kind: refused ? 'objection' : 'rectification',
      lane,
      version: subject.version,
      systems: recipientNames(needs.config),
    });
    return 'changed';
  }

  const next = subject.version + 1;
  const kind: ChangeKind = isNew ? 'creation' : 'rectification';
  await addVersion(db, {
    subject: subject.id,
    version: next,
    kind,
    source: system,
    fingerprints: prints,
    sealed: sealFor(vault, subject, fields),
    changedAt: record.changedAt,
  });
  await putIdentifiers(db, subject.id, vault.keys.hmac.current.id, normaliserVersion, hashesOf(needs, fields));
  if (subject.state === 'erasing') await buryAlso(needs, subject, fields);
  if (news?.isKnownToPeople) await assumeHeldByPeople(needs, subject, prints, next);
  await tell(needs, { actor: 'kaiku', action: 'change.received', system, subject: whose(subject), version: next, reason: kind });
  const concerned =
    isNew || permissionsMoved
      ? recipientNames(needs.config)
      : recipientNames(needs.config).filter((r) => isGiven(needs, r, differing));
  await propose(needs, subject, {
    kind,
    lane: permissionsMoved === 'refused' ? 'objection' : 'correction',
    version: next,
    systems: concerned,
  });
  await dropPayload(db, subject.id);
  return isNew ? 'created' : 'changed';
}

/**
 * A recipient run by people cannot be read: whoever is in the register is assumed to be held there as the register says now, so that
 * the first thing its people are asked is the first correction, not everybody.
 */
async function assumeHeldByPeople(
  needs: Needs,
  subject: SubjectRow,
  prints: Record<string, string>,
  version: number,
): Promise<void> {
  for (const name of recipientNames(needs.config)) {
    const purposes = (needs.config.systems[name]?.recipient?.purposes ?? []).flatMap(
      (purpose) => needs.config.purposes[purpose] ?? [],
    );
    if (!needs.connectors[name]?.manifest.human || rectifiable(purposes, subject.role).fields.length === 0) continue;
    await putRecord(needs.db, {
      id: needs.newId(),
      subject: subject.id,
      recipient: name,
      place: peoplesPlace,
      hash: remoteHash(needs.vault, name, peoplesPlace, subject.id),
      sealedRef: sealRef(needs.vault, name, { place: peoplesPlace, id: subject.id }),
      state: 'linked',
      how: 'assumed',
      fingerprints: prints,
      evidence: 'none',
      version,
    });
  }
}

/** Which recipients are given any of these fields, for any purpose. */
function isGiven(needs: Needs, recipient: string, fields: readonly FieldName[]): boolean {
  const purposes = needs.config.systems[recipient]?.recipient?.purposes ?? [];
  return purposes.some((name) => needs.config.purposes[name]?.fields.some((field) => fields.includes(field)));
}

const hashesOf = (needs: Needs, fields: Fields) =>
  identifiersOf(fields as never).flatMap(({ kind, value }) => {
    const normal = normalise(kind, value);
    return normal === null ? [] : [{ kind, hash: needs.vault.hash(kind, normal) }];
  });

/** The erasure signal of the row, last: what it says about the values was taken in before. */
async function signals(
  needs: Needs,
  system: string,
  subject: SubjectRow,
  record: RegisterRecord,
  result: TakenIn,
): Promise<TakenIn> {
  const signal = registerOf(needs, system).options.erasureSignal;
  if (!record.erase || !signal) return result;
  const opened = await openErasureCase(needs, {
    subject: subject.id,
    source: `signal:${system}`,
    channel: 'register',
    receivedAt: await now(needs),
    approve: signal.approve,
    fields: declaredFields(needs, fieldsOf(record.person)),
  });
  return opened.fresh ? 'erasing' : result;
}
