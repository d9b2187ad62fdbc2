import type { DutyView } from '../core/duty.ts';
import { inEnglish } from '../core/legal-clock-words.ts';
import { clockOf } from '../jobs/case-clock.ts';
import { liftableFrom } from '../jobs/case-rights.ts';
import { reasonOf } from '../jobs/erasure.ts';
import { sidesOf } from '../jobs/held-sides.ts';
import type { Needs } from '../jobs/needs.ts';
import { rearrivalVerdicts } from '../jobs/rearrivals.ts';
import type { CaseRow } from '../store/cases.ts';
import type { DutyRow } from '../store/duties.ts';
import type { HeldRow } from '../store/held.ts';
import type { TaskRow } from '../store/tasks.ts';

/** Rows of the ledger as the API shows them: the fixed shapes, in one place. Never a value of a person. */
export function dutyView(needs: Needs, duty: DutyRow): DutyView {
  const owner = needs.config.systems[duty.recipient]?.owner ?? null;
  const notBefore = duty.state === 'waiting' ? (duty.legal_not_before ?? duty.not_before) : null;
  return {
    system: duty.recipient,
    state: duty.state,
    outcome: duty.outcome,
    evidence: duty.evidence,
    version: duty.wanted,
    since: duty.since.toISOString(),
    ...(notBefore ? { notBefore: notBefore.toISOString() } : {}),
    ...(duty.retained ? { retained: duty.retained } : {}),
    ...goneView(needs, duty),
    ...(duty.state === 'asked' && duty.asked_due
      ? { asked: { whom: duty.asked_whom ?? duty.recipient, due: duty.asked_due.toISOString() } }
      : {}),
    ...(duty.reason ? { reason: duty.reason } : {}),
    ...(duty.next ? { next: duty.next } : {}),
    owner,
  };
}

/** Of an erasure: how far it can be proven there, the looks that followed, and until when backups may hold the person. */
function goneView(needs: Needs, duty: DutyRow): Pick<DutyView, 'rechecks' | 'backupsUntil' | 'cap'> {
  const manifest = needs.connectors[duty.recipient]?.manifest;
  if (!manifest || duty.state !== 'settled' || duty.outcome !== 'erased') return {};
  const { backupLagDays: lag, human } = manifest;
  const last = duty.rechecked_at?.toISOString();
  const next = duty.recheck_due?.toISOString();
  return {
    ...(last || next ? { rechecks: { ...(last ? { last } : {}), ...(next ? { next } : {}) } } : {}),
    ...(human || lag === 0
      ? {}
      : { backupsUntil: lag === null ? null : new Date(duty.since.getTime() + lag * 86_400_000).toISOString().slice(0, 10) }),
    ...(manifest.erasure.cap === 're-observed' ? {} : { cap: manifest.erasure.cap }),
  };
}

/** When the answer is due, with the way it was counted. The dates are the earliest possible while the clock stands still. */
export function deadlineView(needs: Needs, found: CaseRow, at: Date) {
  const clock = clockOf(needs, found, at);
  return {
    date: clock.date,
    target: clock.target,
    extended: clock.isExtended,
    pausedSince: clock.pausedSince,
    working: clock.working.map(inEnglish),
  };
}

export function caseView(needs: Needs, found: CaseRow, at: Date) {
  const reason = reasonOf(needs, found);
  return {
    id: found.id,
    type: found.type,
    state: found.state,
    subject: found.subject,
    receivedAt: found.received_at.toISOString(),
    source: found.source,
    deadline: deadlineView(needs, found, at),
    plan: found.plan,
    ...(found.first_approval ? { firstApproval: found.first_approval } : {}),
    ...(found.restricts ? { restricts: true } : {}),
    ...(found.lift ? { lift: { ...found.lift, from: liftableFrom(needs, found) } } : {}),
    ...(found.hindered ? { hindered: found.hindered } : {}),
    ...(found.language ? { language: found.language } : {}),
    ...(found.identity ? { identity: found.identity } : {}),
    ...(found.decision ? { decision: { ...found.decision, ...(reason ? { reason } : {}) } } : {}),
    ...(found.closed_at ? { closedAt: found.closed_at.toISOString() } : {}),
  };
}

export const taskView = (task: TaskRow) => ({
  id: task.id,
  system: task.system,
  subject: task.subject,
  ...(task.case_file ? { case: task.case_file } : {}),
  ask: task.ask,
  due: task.due.toISOString(),
  ...(task.outcome ? { outcome: task.outcome } : {}),
  ...(task.answered_at ? { answeredAt: task.answered_at.toISOString() } : {}),
  ...(task.until ? { until: task.until } : {}),
  ...(task.law ? { law: task.law } : {}),
});

export const heldView = (needs: Needs, held: HeldRow) => ({
  id: held.id,
  kind: held.kind,
  system: held.system,
  ...(held.subject ? { subject: held.subject } : {}),
  reason: held.reason,
  details: held.details,
  ...sidesView(needs, held),
  since: held.created_at.toISOString(),
  verdicts: verdictsFor(held),
});

/** Both sides of a match, masked: enough to recognise, too little to learn. */
function sidesView(needs: Needs, held: HeldRow) {
  const sides = sidesOf(needs, held);
  return sides ? { row: sides.row, candidates: sides.candidates } : {};
}

/** A merge is offered where somebody is there to be merged with. */
export const verdictsFor = (held: HeldRow): readonly string[] =>
  verdictsOf[held.kind].filter(
    (verdict) => verdict !== 'merge' || ((held.details['candidates'] as unknown[] | undefined) ?? []).length > 0,
  );

/** What a person may say about each kind of hold. */
export const verdictsOf: Record<HeldRow['kind'], readonly string[]> = {
  vanished: ['erase', 'keep', 'merge'],
  rearrival: rearrivalVerdicts,
  'ambiguous-link': ['link', 'dismiss'],
  'ambiguous-record': ['dismiss'],
  // a legal hold ends by a person, never by a date
  'hold-review': ['keep', 'release'],
  retention: ['erase', 'keep'],
  returned: ['erase', 'dismiss'],
  'parked-rule': ['keep'],
  'mass-change': ['release', 'dismiss'],
  // mended in the register, it is over by itself
  'identity-code': [],
};
