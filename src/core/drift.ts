import { differing } from './diff.ts';
import { type KnownRecord, type PlanInput, plan } from './plan.ts';
import { rectifiable } from './policy.ts';

/**
 * Drift: what a system holds against what the policy says it should hold, both ways.
 *
 *   missing          should be there, is not
 *   stale            is there, and says something else than the register; or is used though it must not be (`permissions`)
 *   extra            a person, or a field, that no purpose gives to this system
 *   erased-but-back  a row of somebody who was erased
 *   orphan           a row that nobody in the register knows
 */
export const driftKinds = ['missing', 'stale', 'extra', 'erased-but-back', 'orphan'] as const;
export type DriftKind = (typeof driftKinds)[number];

/** What a policy of repair may put right without a person. */
export const repairedByPolicy: readonly DriftKind[] = ['missing', 'stale', 'erased-but-back'];

/** A row as it was read just now; null: no page showed it. */
export interface Seen {
  state: KnownRecord['state'];
  fingerprints: Readonly<Record<string, string>>;
  /** The person refused there, and the ledger does not know. */
  refused: boolean;
}

export interface Found {
  kind: DriftKind;
  place: string;
  /** Index in the known records; null: there is no row. */
  record: number | null;
  fields: string[];
  reason?: string;
}

/** Held and in the system's use or kept from it: what a page must show. */
const shown = new Set<KnownRecord['state']>(['linked', 'restricted']);

/** What differs for one person. `seen` stands in the order of `input.records`. What waits for a verdict or a day is no drift. */
export function driftOf(input: PlanInput, seen: readonly (Seen | null)[]): Found[] {
  const records = input.records.map((record, i): KnownRecord => {
    const read = seen[i];
    return read ? { ...record, state: read.state, fingerprints: read.fingerprints } : record;
  });
  const desired = plan({ ...input, records });
  if (desired.kind === 'restricted')
    return records.flatMap((record, i) => (seen[i] && record.state === 'linked' ? [inUse(record, i, desired.reason)] : []));
  // whoever is erased is told by the row itself, which carries where it is
  if (desired.kind !== 'present' || desired.human) return [];
  const found: Found[] = [];
  const allowed = rectifiable(input.purposes, input.subject.role);
  for (const [i, record] of records.entries()) {
    const read = seen[i];
    const before = input.records[i];
    if (!read) {
      if (before && shown.has(before.state)) found.push({ kind: 'missing', place: record.place, record: i, fields: [] });
      continue;
    }
    const there = Object.keys(read.fingerprints).sort();
    const extra = there.filter((name) => !(allowed.fields as readonly string[]).includes(name));
    if (allowed.purposes.length === 0)
      found.push({ kind: 'extra', place: record.place, record: i, fields: there, reason: 'no-purpose' });
    else if (extra.length > 0) found.push({ kind: 'extra', place: record.place, record: i, fields: extra });
    if (!shown.has(record.state)) continue;
    const { changed, blanked } = differing(desired.held, { ...record, unwanted: [] }, desired.carries?.[record.place] ?? null);
    const mustRest = desired.fresh === null && desired.blockedBy.length > 0 && record.state === 'linked';
    const fields = [...new Set([...changed, ...blanked, ...(mustRest || read.refused ? ['permissions'] : [])])].sort();
    if (fields.length > 0) found.push({ kind: 'stale', place: record.place, record: i, fields });
    // the ledger took it for gone: no correction would reach it
    else if (before?.state === 'absent')
      found.push({ kind: 'stale', place: record.place, record: i, fields: [], reason: 'back' });
  }
  if (desired.fresh)
    for (const place of desired.places)
      if (!records.some((r) => r.place === place)) found.push({ kind: 'missing', place, record: null, fields: [] });
  return found;
}

const inUse = (record: KnownRecord, i: number, reason: string): Found => ({
  kind: 'stale',
  place: record.place,
  record: i,
  fields: ['permissions'],
  reason,
});
