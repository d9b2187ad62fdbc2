import type { Allowed } from './allowed.ts';
import { earlier } from './day.ts';
import type { Evidence, Outcome, Retained } from './duty.ts';
import type { FieldName, Fields } from './person.ts';
import type { Desired, KnownRecord, Wanted } from './plan.ts';
import { dayAfter, firstEnd } from './retention.ts';

/** The one step that is missing between what should be and what is known. `record` is the index in the known records. */
export type Step =
  | { kind: 'nothing'; outcome: Outcome; evidence?: Evidence; reason?: string }
  | { kind: 'create'; place: string; fields: Allowed<Fields> }
  | { kind: 'update'; record: number; fields: Allowed<Fields>; blanked: FieldName[] }
  | { kind: 'restrict'; record: number; permissions: string[] }
  | { kind: 'erase'; record: number }
  | { kind: 'strip'; record: number; fields: Allowed<Fields>; blanked: FieldName[] }
  | { kind: 'park'; until: Date; retained: Retained /** Why, where no law says so. */; reason?: string }
  | { kind: 'ask'; ask: 'update' | 'restrict' | 'erase' }
  | { kind: 'wait'; until: Date; reason: string }
  | { kind: 'hold'; reason: string };

const nothing = (outcome: Outcome, reason?: string, evidence?: Evidence): Step => ({
  kind: 'nothing',
  outcome,
  ...(reason ? { reason } : {}),
  ...(evidence ? { evidence } : {}),
});

/** Objection before erasure before correction before creation; one step at a time. */
export function diff(desired: Desired, records: readonly KnownRecord[]): Step {
  switch (desired.kind) {
    case 'hold':
      return { kind: 'hold', reason: desired.reason };
    case 'wait':
      return { kind: 'wait', until: desired.until, reason: desired.reason };
    case 'barred':
      return records.some((r) => r.state === 'erased') ? nothing('refused', 'tombstone') : nothing('absent', 'tombstone');
    case 'gone':
      return gone(desired, records);
    case 'ends':
      return ended(desired);
    case 'untouched':
      return nothing('unchanged', desired.reason, 'none');
    case 'restricted': {
      // people are asked once, for the erasure itself
      const open = records.findIndex((r) => r.state === 'linked');
      if (desired.human && desired.ask && open >= 0) return { kind: 'ask', ask: 'restrict' };
      if (desired.human && !desired.ask) return nothing('unchanged', desired.reason);
      if (open >= 0) return { kind: 'restrict', record: open, permissions: desired.permissions };
      return records.some(isHeld) ? nothing('restricted', desired.reason) : nothing('absent', desired.reason, 'none');
    }
    case 'refusals': {
      const open = records.findIndex((r) => r.state === 'linked');
      if (desired.permissions.length > 0 && !desired.written && open >= 0)
        return { kind: 'restrict', record: open, permissions: desired.permissions };
      return nothing(desired.permissions.length > 0 ? 'restricted' : 'unchanged');
    }
    case 'without': {
      const open = records.findIndex((r) => r.state === 'linked');
      // what the register shows no more is seen to be out
      if (desired.shown.length === 0) return nothing('updated', undefined, 'observed');
      return open < 0
        ? nothing('unchanged')
        : { kind: 'update', record: open, fields: desired.fields, blanked: [...desired.shown] };
    }
    case 'present':
      return present(desired, records);
  }
}

const isHeld = (record: KnownRecord) => record.state === 'linked' || record.state === 'restricted' || record.state === 'inert';

/** Held is held: neither erased nor asked to be. What waits for its day goes on waiting. */
function gone(desired: Extract<Desired, { kind: 'gone' }>, records: readonly KnownRecord[]): Step {
  const step = erasureOf(desired, records);
  return desired.heldBy && (step.kind === 'erase' || step.kind === 'ask') ? { kind: 'hold', reason: desired.heldBy } : step;
}

function erasureOf({ human, now, parked }: Extract<Desired, { kind: 'gone' }>, records: readonly KnownRecord[]): Step {
  const held = records.findIndex(isHeld);
  // what its people keep by law they are not asked for again before its day
  if (held >= 0 && parked && now < dayAfter(parked.until))
    return { kind: 'park', until: dayAfter(parked.until), retained: parked };
  if (held >= 0) return human ? { kind: 'ask', ask: 'erase' } : { kind: 'erase', record: held };
  const kept = records.flatMap((r) => (r.state === 'stripped' && r.retained ? [r.retained] : []));
  const due = records.findIndex((r) => r.state === 'stripped' && r.retained && dayAfter(firstEnd(r.retained)) <= now);
  if (due >= 0) return { kind: 'erase', record: due };
  const last = kept.sort((a, b) => (a.until < b.until ? -1 : 1)).at(-1);
  if (last) {
    const fields = [...new Set(kept.flatMap((r) => r.fields))].sort();
    const parts = kept.flatMap((r) => r.parts ?? []);
    const first = kept.map(firstEnd).reduce(earlier);
    const retained = { fields, until: last.until, law: last.law, ...(parts.length > 0 ? { parts } : {}) };
    return { kind: 'park', until: dayAfter(first), retained };
  }
  if (records.some((r) => r.state === 'stripped')) return nothing('stripped', 'neutral-values');
  if (records.some((r) => r.state === 'erased')) return nothing('erased');
  return records.some((r) => r.state === 'absent') ? nothing('absent') : nothing('absent', 'never-held', 'none');
}

/** Nobody looks whether it is gone: the rotation of whoever runs it says so, and that is `accepted`. */
function ended({ ending: { keeps, isCounted, hasEnded }, now, heldBy }: Extract<Desired, { kind: 'ends' }>): Step {
  if (hasEnded) return nothing('erased', 'ended-by-itself', 'accepted');
  const end = dayAfter(keeps.until);
  if (heldBy && !(isCounted && now < end)) return { kind: 'hold', reason: heldBy };
  if (now < end) return { kind: 'park', until: end, retained: keeps, reason: 'ends-by-itself' };
  return nothing('erased', 'ended-by-itself', 'accepted');
}

function present(desired: Extract<Desired, { kind: 'present' }>, records: readonly KnownRecord[]): Step {
  const { blockedBy, fresh, held, human } = desired;
  const open = records.findIndex((r) => r.state === 'linked');
  // a refusal or a withdrawn grant: whoever still uses the row stops
  if (!human && fresh === null && blockedBy.length > 0 && open >= 0)
    return { kind: 'restrict', record: open, permissions: blockedBy };
  for (const [i, record] of records.entries()) {
    if (record.state !== 'linked' && record.state !== 'restricted') continue;
    const carries = desired.carries?.[record.place] ?? null;
    const { changed, blanked } = differing(held, record, carries);
    if (changed.length === 0 && blanked.length === 0) continue;
    if (human) return { kind: 'ask', ask: 'update' };
    const touched = [...changed, ...blanked].some((name) => desired.together.includes(name));
    const whole = touched ? desired.together : [];
    return { kind: 'update', record: i, fields: carried(only(held.fields, [...changed, ...whole]), carries), blanked };
  }
  if (fresh && !human) {
    // a place that ever held the person, in whatever state, is never given them again by a correction
    const place = desired.places.find((p) => !records.some((r) => r.place === p));
    if (place !== undefined) return { kind: 'create', place, fields: carried(fresh.fields, desired.carries?.[place] ?? null) };
  }
  if (records.some((r) => r.state === 'forgotten')) return nothing('refused', 'forgotten');
  if (records.some((r) => r.state === 'inert')) return nothing('excepted', 'inert');
  // people were not asked to stop: nothing is known to be restricted there
  if (records.some(isHeld)) return nothing(!human && fresh === null && blockedBy.length > 0 ? 'restricted' : 'unchanged');
  if (records.some((r) => r.state === 'absent' || r.state === 'erased')) return nothing('absent');
  return nothing('absent', blockedBy.length > 0 ? 'no-permission' : 'no-purpose', 'none');
}

/** Fields that the row has otherwise than the register, and those that were taken away there. */
export function differing(
  held: Wanted,
  record: KnownRecord,
  carries: readonly FieldName[] | null,
): { changed: FieldName[]; blanked: FieldName[] } {
  const names = (held.names as readonly FieldName[]).filter((name) => carries === null || carries.includes(name));
  return {
    changed: names.filter(
      (name) => held.fingerprints[name] !== undefined && held.fingerprints[name] !== record.fingerprints[name],
    ),
    blanked: [
      ...names.filter((name) => held.removed.includes(name) && record.fingerprints[name] !== undefined),
      ...unwanted(held, record),
    ],
  };
}

/** Ordered out of the row by a person, still there, and given by no purpose. */
const unwanted = (held: Wanted, record: KnownRecord): FieldName[] =>
  ((record.unwanted ?? []) as FieldName[]).filter(
    (name) => !held.names.includes(name) && record.fingerprints[name] !== undefined,
  );

const carried = (fields: Allowed<Fields>, carries: readonly FieldName[] | null): Allowed<Fields> =>
  carries === null ? fields : only(fields, carries);

/** The changed fields alone, still `Allowed`: a part of what the policy let through. */
function only(fields: Allowed<Fields>, names: readonly FieldName[]): Allowed<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name as FieldName))) as Allowed<Fields>;
}
