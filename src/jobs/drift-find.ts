import type { Profile, RemoteRef } from '../connectors/connector.ts';
import { type DriftKind, driftOf, type Found, repairedByPolicy, type Seen } from '../core/drift.ts';
import type { KnownRecord } from '../core/plan.ts';
import { rectifiable } from '../core/policy.ts';
import { hasGrown } from '../core/retention.ts';
import { everybody } from '../core/scope.ts';
import { inTransaction } from '../store/database.ts';
import { driftDoubtful, dropMoved, dropOldFindings, findingsOf, isBusy, putFinding, rolesOf, sumUp } from '../store/drift.ts';
import { dutiesOf } from '../store/duties.ts';
import { isDisowned } from '../store/held.ts';
import { type RecordRow, sealRef, unsealRef } from '../store/records.ts';
import { moveRun, noteRun, peopleOf, type RunRow, seenOf } from '../store/runs.ts';
import { subjectById } from '../store/subjects.ts';
import { look } from './converge-view.ts';
import { repairFindings } from './drift-repair.ts';
import { guards } from './guard.ts';
import { holdRearrival } from './held-sides.ts';
import { factsOf, rolesServed } from './link-owners.ts';
import { type Needs, tell } from './needs.ts';
import { isServed } from './served.ts';
import { editedFields, takeEditOf } from './take-edit.ts';

/** What a drift run writes down while a full resync would put right: the reading and comparing are those of `resync-read.ts`. */

/** A row that is tied to a person: somebody erased is told at once, with where the row is. The rest is compared afterwards. */
export async function findLinked(needs: Needs, run: RunRow, record: RecordRow, profile: Profile): Promise<void> {
  const subject = await subjectById(needs.db, record.subject);
  const isErased = record.state === 'erased' || subject?.state === 'erased';
  if (!isErased) return;
  if (record.state === 'stripped' && !hasGrown(record.retained, profile.fields)) return;
  await putFinding(needs.db, {
    id: needs.newId(),
    run: run.id,
    kind: 'erased-but-back',
    place: record.place,
    about: record.remote_hash.toString('hex'),
    subject: record.subject,
    record: record.id,
    fields: Object.keys(profile.fields).sort(),
    reason: record.state === 'erased' ? 'same-record' : 'still-held',
    sealedRef: sealRef(needs.vault, run.system, profile.ref),
  });
}

/** A row that is tied to nobody: of somebody erased, or of somebody whom the register knows by the row's identifiers, or an orphan. */
export async function findUnlinked(needs: Needs, run: RunRow, profile: Profile, hash: Buffer): Promise<DriftKind> {
  const about = hash.toString('hex');
  const base = { id: needs.newId(), run: run.id, place: profile.ref.place, about, record: null };
  const roles = [...(rolesServed(needs, run.system) ?? (await rolesOf(needs.db)))].filter((role) =>
    isServed(needs, run.system, role),
  );
  const [erased] = await guards(needs, roles, [profile.fields]);
  if (erased) {
    const fields = Object.keys(profile.fields).sort();
    const sealedRef = sealRef(needs.vault, run.system, profile.ref);
    await putFinding(needs.db, {
      ...base,
      kind: 'erased-but-back',
      subject: erased.subject,
      fields,
      reason: 'tombstone',
      sealedRef,
    });
    return 'erased-but-back';
  }
  const isOurs = (await factsOf(needs, run.system, [{ profile, hash }])).some(({ clues }) =>
    clues.some((clue) => clue.owners.length > 0),
  );
  const reason = (await isDisowned(needs.db, run.system, hash)) ? 'disowned' : isOurs ? 'not-linked' : null;
  await putFinding(needs.db, { ...base, kind: 'orphan', subject: null, reason });
  return 'orphan';
}

/** How long a drift run stands back after a page while something more urgent waits, in ms. */
const patienceMs = 5000;

/** Comparing is never urgent: what is owed at the system goes first. */
export async function giveWay(needs: Needs, run: RunRow): Promise<void> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end && (await isBusy(needs.db, run.system)))
    await new Promise((resolve) => setTimeout(resolve, 250));
}

/** People compared in one slice. */
const batch = 200;

/** Compares the next of those who may differ. False: nobody is left. */
export async function findSome(needs: Needs, run: RunRow): Promise<boolean> {
  const purposes = purposesOf(needs, run.system);
  const fieldsOf = Object.fromEntries((await rolesOf(needs.db)).map((role) => [role, rectifiable(purposes, role).fields]));
  const permissions = purposes.flatMap((p) => p.permission ?? []);
  const people = await driftDoubtful(needs.db, run, { fieldsOf, permissions }, batch);
  for (const { subject } of people) await findOf(needs, run, subject);
  const last = people.at(-1);
  if (last) await noteRun(needs.db, run, { position: last.subject });
  return last !== undefined;
}

const purposesOf = (needs: Needs, system: string) =>
  (needs.config.systems[system]?.recipient?.purposes ?? []).flatMap((name) => needs.config.purposes[name] ?? []);

async function findOf(needs: Needs, run: RunRow, subject: string): Promise<void> {
  const duty = (await dutiesOf(needs.db, subject)).find((d) => d.recipient === run.system);
  if (!duty) return;
  const view = await look(needs, duty);
  const ids = view.rows.flatMap((r) => r.record?.id ?? []);
  const read = new Map((await seenOf(needs.db, run.id, ids)).map((s) => [s.record, s]));
  const seen = view.rows.map(({ record }): Seen | null => {
    const found = record ? read.get(record.id) : undefined;
    if (!record || !found) return null;
    const state = found.state as KnownRecord['state'];
    return { state, fingerprints: found.fingerprints ?? record.fingerprints, refused: found.refused };
  });
  for (const [i, read] of seen.entries()) {
    const record = view.rows[i]?.record;
    if (record && read && editedFields(needs, run.system, read.fingerprints, view.fingerprints).length > 0)
      await takeEditOf(needs, run.system, record);
  }
  // where somebody would be filed depends on their values; what nobody can say without them is not claimed
  const cannotSay = view.fields === null && needs.connectors[run.system]?.recipient?.placesFor !== undefined;
  const input = cannotSay ? { ...view.input, places: [] } : view.input;
  // a row that could not be read may well be the one that was not seen
  const isWhole = !run.counts['unread'];
  for (const found of driftOf(input, seen))
    if (isWhole || found.kind !== 'missing')
      await note(needs, run, subject, found, view.rows[found.record ?? -1]?.record ?? null);
}

const note = (needs: Needs, run: RunRow, subject: string, found: Found, record: RecordRow | null) =>
  putFinding(needs.db, {
    id: needs.newId(),
    run: run.id,
    kind: found.kind,
    place: found.place,
    about: record ? record.remote_hash.toString('hex') : `${subject}/${found.place}`,
    subject,
    record: record?.id ?? null,
    fields: found.fields,
    reason: found.reason ?? null,
  });

/** Findings are kept of so many runs a system; counts of all. */
const runsWithFindings = 4;

/** Ends a run that read everything: sums up, holds what came back for a person, and repairs what the policy says. */
export async function endDrift(needs: Needs, run: RunRow): Promise<void> {
  const ended = await inTransaction(needs.db, async () => {
    await dropMoved(needs.db, run);
    const counts = await sumUp(needs.db, run.id);
    const people = await peopleOf(needs.db, run.system);
    await noteRun(needs.db, run, { counts: { ...run.counts, ...counts, people } });
    if (!(await moveRun(needs.db, run.id, ['running'], 'finished'))) return false;
    await dropOldFindings(needs.db, run.system, runsWithFindings);
    const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
    await tell(needs, {
      actor: run.actor,
      action: 'drift.finished',
      system: run.system,
      code: run.id,
      reason: all > 0 ? 'differs' : 'clean',
    });
    return true;
  });
  if (!ended) return;
  if (needs.config.systems[run.system]?.recipient?.drift?.repair === 'policy')
    await repairFindings(needs, run, { kinds: repairedByPolicy, findings: null }, { actor: 'kaiku', byPolicy: true });
  await holdReturned(needs, run);
}

/** A run that could not read all keeps what it saw of single rows; of what no page showed it says nothing. */
export async function breakOffDrift(needs: Needs, run: RunRow): Promise<void> {
  await dropMoved(needs.db, run);
  await sumUp(needs.db, run.id);
}

/** Whoever is erased and is there again waits for a person's word too, unless the policy owes the erasure again already. */
async function holdReturned(needs: Needs, run: RunRow): Promise<void> {
  for (let from = 0; ; from += batch) {
    const slice = await findingsOf(needs.db, everybody, run.id, { kind: 'erased-but-back', from, size: batch });
    for (const { about, reason, repaired_at, subject, sealed_ref } of slice) {
      if (repaired_at || !sealed_ref) continue;
      const ref = unsealRef<RemoteRef>(needs.vault, run.system, sealed_ref);
      await holdRearrival(needs, {
        system: run.system,
        subject: null,
        erased: subject,
        about: Buffer.from(about, 'hex'),
        reason: reason ?? 'tombstone',
        matched: [],
        ref,
        fields: {},
      });
    }
    if (slice.length < batch) return;
  }
}
