import type { Allowed } from './allowed.ts';
import type { CaseState } from './case.ts';
import type { Purpose } from './configuration.ts';
import type { Retained } from './duty.ts';
import type { PermissionState } from './permission.ts';
import type { FieldName, Fields } from './person.ts';
import { allow, type Grant, grantFor, rectifiable } from './policy.ts';

/** A row of the system that is about the subject, as the ledger knows it. */
export interface KnownRecord {
  place: string;
  state: 'linked' | 'restricted' | 'inert' | 'stripped' | 'erased' | 'absent' | 'forgotten';
  /** One keyed fingerprint a field, of what was last written or read there. */
  fingerprints: Readonly<Record<string, string>>;
  /** Of a stripped row: what a law keeps in it, and the last day. Null: kept by nothing any more, and neutral. */
  retained?: Retained | null;
  /** Fields that a person ordered out of the row: the next correction blanks them. */
  unwanted?: readonly string[];
}

/** Everything that decides what one system owes one subject now. */
export interface PlanInput {
  role: 'register' | 'recipient';
  human: boolean;
  /** First contact was made; nothing is done at a machine before that. */
  linked: boolean;
  places: readonly string[];
  subject: { state: 'active' | 'erasing' | 'erased'; restricted: boolean; role: string };
  erasureCase: null | { state: CaseState; undoUntil: Date | null; othersSettled: boolean; eraseBy: Date | null };
  /** Kinds of open holds on the subject. */
  holds: readonly string[];
  /** The newest values, or nothing where they were dropped; the fingerprints are always there. */
  fields: Fields;
  fingerprints: Readonly<Record<string, string>>;
  /** Fields that the register had once and has no more: what it never knew is not blanked elsewhere. */
  formerly: readonly string[];
  purposes: readonly Purpose[];
  /** Per place, the fields that the system's mapping has a place for; null: all of them. */
  carries: Readonly<Record<string, readonly FieldName[]>> | null;
  /** Fields that the system is master of: a row that is there keeps its own. */
  mastered?: readonly FieldName[];
  /** Fields that a row keeps in one text: when one changes, all are written. */
  together: readonly FieldName[];
  permissions: Readonly<Record<string, PermissionState>>;
  records: readonly KnownRecord[];
  /** The register's mapped refused fields are set for every refused permission. */
  refusedWritten: boolean;
  /** This system was ever given something. */
  disclosed: boolean;
  tombstoned: boolean;
  /** A legal hold keeps what the person's rows there hold (Art. 17(3)(e)). */
  legalHold?: boolean;
  /** What the people who do the erasing here said that a law keeps, and until when. */
  parked?: Retained | null;
  /** Every purpose of the recipient needs this person no more. */
  over?: boolean;
  /** Of a system whose data end by themselves. */
  ending?: Ending;
  /**
   * Of a register whose people take single fields out: the fields that no purpose gives any more, those that its row still shows, and
   * those that it showed once. Absent: nothing is taken out there.
   */
  noMore?: { shown: readonly FieldName[]; gone: readonly FieldName[] };
  now: Date;
}

/** Data that nobody searches and that end by themselves. */
export interface Ending {
  /** What lies there until when, if it is to go from now on; once that was counted, as it was counted then. */
  keeps: Retained;
  /** The day was counted before. */
  isCounted: boolean;
  /** The day has come, and was written down. */
  hasEnded: boolean;
}

/** What should be true at the system. `core/diff.ts` turns it into the one step that is missing. */
export type Desired =
  | { kind: 'hold'; reason: string }
  | { kind: 'wait'; until: Date; reason: string }
  /** The erased are served nowhere; a late correction meets this. */
  | { kind: 'barred' }
  | { kind: 'gone'; human: boolean; now: Date; heldBy?: string; parked?: Retained }
  | { kind: 'restricted'; human: boolean; permissions: string[]; reason: string /** People are asked too. */; ask?: boolean }
  /** Gone when its own day has come; nobody is asked or called. */
  | { kind: 'ends'; now: Date; ending: Ending; heldBy?: string }
  /** Nothing is corrected or restricted in what ends by itself. */
  | { kind: 'untouched'; reason: string }
  /** The register's row without some fields, and nothing else of it touched. */
  | { kind: 'without'; fields: Allowed<Fields>; shown: readonly FieldName[] }
  /** The register carries each refused permission in its mapped field. */
  | { kind: 'refusals'; permissions: string[]; written: boolean }
  | {
      kind: 'present';
      human: boolean;
      held: Wanted;
      fresh: Wanted | null;
      blockedBy: string[];
      places: readonly string[];
      carries: PlanInput['carries'];
      together: readonly FieldName[];
    };

/** Values and fingerprints of the fields that may be there. */
export interface Wanted {
  fields: Allowed<Fields>;
  names: readonly string[];
  fingerprints: Record<string, string>;
  /** Names whose value was taken away in the register. */
  removed: readonly string[];
}

const heldStates = new Set<KnownRecord['state']>(['linked', 'restricted', 'inert', 'stripped']);

export function plan(input: PlanInput): Desired {
  const { subject, erasureCase: found } = input;
  if (input.ending && input.role === 'recipient') return untilItsDay(input, input.ending);
  if (subject.state === 'erasing' && found) return erasing(input, found);
  if (subject.state === 'erased' || input.tombstoned) {
    // what a system still holds of an erased person (the register went first, or a parked day came) goes now
    const remains = input.role === 'recipient' && input.records.some((r) => heldStates.has(r.state));
    return remains ? gone(input) : { kind: 'barred' };
  }
  const refused = Object.entries(input.permissions).flatMap(([name, state]) => (state.refused ? [name] : []));
  if (input.role === 'register') return ofRegister(input, refused);
  // Art. 18: held and not used; corrections wait, and people are asked to stop using it
  if (subject.restricted && (input.linked || input.human))
    return {
      kind: 'restricted',
      human: input.human,
      permissions: Object.keys(input.permissions),
      reason: 'restricted-by-right',
      ask: true,
    };
  if (input.holds.includes('vanished')) return { kind: 'hold', reason: 'vanished' };
  if (!input.linked && !input.human) return { kind: 'hold', reason: 'not-linked' };
  if (input.over) return gone(input);
  const fresh = grantFor(input.purposes, subject.role, input.permissions);
  if (input.holds.includes('ambiguous-record')) return { kind: 'hold', reason: 'ambiguous-record' };
  return {
    kind: 'present',
    human: input.human,
    held: wanted(input, rectifiable(input.purposes, subject.role), input.mastered),
    fresh: fresh.purposes.length > 0 && !subject.restricted ? wanted(input, fresh) : null,
    blockedBy: fresh.blockedBy,
    places: input.places,
    carries: input.carries,
    together: input.together,
  };
}

/** Only an erasure, or the end of every purpose, makes anything due there: the day on which the last entry ends. */
function untilItsDay({ subject, erasureCase: found, over, now, legalHold }: PlanInput, ending: Ending): Desired {
  if (subject.state === 'erasing' && found) {
    if (found.state === 'planned' || found.state === 'refused') return { kind: 'untouched', reason: 'awaiting-approval' };
    if (found.undoUntil !== null && found.undoUntil > now) return { kind: 'wait', until: found.undoUntil, reason: 'undo-window' };
  } else if (subject.state === 'active' && !over) return { kind: 'untouched', reason: 'ends-by-itself' };
  return { kind: 'ends', now, ending, ...(legalHold ? { heldBy: 'legal-hold' } : {}) };
}

/** A refusal comes first. Nothing is taken out of a row that is restricted, held or not there just now. */
function ofRegister({ refusedWritten, subject, holds, legalHold, noMore }: PlanInput, refused: string[]): Desired {
  const isOwed = refused.length > 0 && !refusedWritten;
  const isFree = !subject.restricted && !legalHold && !holds.includes('vanished');
  if (!isOwed && isFree && noMore && noMore.shown.length + noMore.gone.length > 0)
    return { kind: 'without', fields: allow({}, { fields: [] }), shown: noMore.shown };
  return { kind: 'refusals', permissions: refused, written: refusedWritten };
}

/** Before the approval everybody is restricted and corrections freeze; after it, and after the undo window, everybody erases. */
function erasing(input: PlanInput, found: NonNullable<PlanInput['erasureCase']>): Desired {
  const { now } = input;
  // closed: the register alone still keeps something of them, by law
  const approved = found.state !== 'planned' && found.state !== 'refused';
  const permissions = Object.keys(input.permissions);
  if (input.role === 'register') {
    const turn = found.othersSettled || (found.eraseBy !== null && found.eraseBy <= now);
    if (approved && turn && (found.undoUntil === null || found.undoUntil <= now)) return gone(input);
    if (!input.refusedWritten) return { kind: 'refusals', permissions, written: false };
    return approved && found.eraseBy
      ? { kind: 'wait', until: found.eraseBy, reason: 'register-last' }
      : { kind: 'refusals', permissions, written: true };
  }
  if (!input.linked && !input.human) return { kind: 'hold', reason: 'not-linked' };
  const restricted: Desired = { kind: 'restricted', human: input.human, permissions, reason: 'awaiting-approval' };
  if (!approved) return restricted;
  if (found.undoUntil !== null && found.undoUntil > now) {
    const open = !input.human && input.records.some((r) => r.state === 'linked');
    return open ? restricted : { kind: 'wait', until: found.undoUntil, reason: 'undo-window' };
  }
  return gone(input);
}

/** What is found again after its erasure waits for a person's word; what a dispute needs, for its release. */
function gone({ human, now, holds, legalHold, parked }: PlanInput): Desired {
  const heldBy = holds.includes('returned') ? 'returned' : legalHold ? 'legal-hold' : null;
  return { kind: 'gone', human, now, ...(heldBy ? { heldBy } : {}), ...(parked ? { parked } : {}) };
}

function wanted(input: PlanInput, granted: Grant, but: readonly FieldName[] = []): Wanted {
  const { carries } = input;
  const carried = carries === null ? null : new Set(Object.values(carries).flat());
  const grant = { fields: granted.fields.filter((name) => (carried === null || carried.has(name)) && !but.includes(name)) };
  const fingerprints: Record<string, string> = {};
  for (const name of grant.fields) {
    const print = input.fingerprints[name];
    if (print !== undefined) fingerprints[name] = print;
  }
  const removed = grant.fields.filter((name) => fingerprints[name] === undefined && input.formerly.includes(name));
  return { fields: allow(input.fields, grant), names: grant.fields, fingerprints, removed };
}
