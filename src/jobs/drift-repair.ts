import type { Lane } from '../core/duty.ts';
import { inTransaction } from '../store/database.ts';
import { type FindingRow, markRepaired, unrepaired } from '../store/drift.ts';
import { dutiesOf, raise, readFirst, redrive } from '../store/duties.ts';
import { resolveHolds, resolveReturned } from '../store/held.ts';
import { putRecord, recordById, updateRecord } from '../store/records.ts';
import type { RunRow } from '../store/runs.ts';
import { lockSubject } from '../store/subjects.ts';
import { type Needs, tell } from './needs.ts';

export interface Repaired {
  /** Findings whose duty is owed again; each looks at its row before it writes. */
  owed: number;
  /** Findings that nothing here may put right: an orphan, a person whom no purpose gives to the system. */
  left: number;
}

export interface Pick {
  kinds: readonly string[] | null;
  findings: readonly string[] | null;
}

const batch = 200;

/**
 * Puts findings right by owing their duties again: no step is taken from what the run read, each duty reads its rows first, and
 * tombstones, holds, restrictions, permissions and policy decide as they do for a live change. Nothing is ever written to a row
 * that nobody knows.
 */
export async function repairFindings(
  needs: Needs,
  run: RunRow,
  pick: Pick,
  by: { actor: string; byPolicy: boolean },
): Promise<Repaired> {
  const result: Repaired = { owed: 0, left: 0 };
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const slice = await unrepaired(needs.db, run.id, { ...pick, after }, batch);
    for (const finding of slice) {
      const isOwed = await inTransaction(needs.db, async () => {
        if (!(await repair(needs, run, finding, by.byPolicy))) return false;
        await markRepaired(needs.db, finding.id, by.actor);
        return true;
      });
      if (isOwed) result.owed++;
      else result.left++;
    }
    const last = slice.at(-1);
    if (!last) break;
    after = last.id;
  }
  if (result.owed > 0)
    await tell(needs, {
      actor: by.actor,
      action: 'drift.repaired',
      system: run.system,
      code: run.id,
      reason: by.byPolicy ? 'policy' : 'person',
    });
  return result;
}

/** False: this is not for the machine. Runs in a transaction, under the person's lock. */
async function repair(needs: Needs, run: RunRow, finding: FindingRow, byPolicy: boolean): Promise<boolean> {
  const subject = finding.subject ? await lockSubject(needs.db, finding.subject) : undefined;
  if (!subject) return false;
  switch (finding.kind) {
    case 'missing':
    case 'stale':
      return owe(needs, run, subject.id, 'resync', byPolicy);
    case 'extra':
      return !byPolicy && orderOut(needs, run, finding);
    case 'erased-but-back':
      // a row that nothing ties to the person may be a new relationship: only a person says that it is not
      if (subject.state === 'active' || (finding.record === null && byPolicy)) return false;
      return eraseAgain(needs, run, finding, subject.version);
    case 'orphan':
      return false;
  }
}

async function owe(needs: Needs, run: RunRow, subject: string, lane: Lane, byPolicy: boolean): Promise<boolean> {
  const duty = (await dutiesOf(needs.db, subject)).find((d) => d.recipient === run.system);
  if (!duty) return false;
  if (duty.state === 'dead') return !byPolicy && (await redrive(needs.db, duty.id)) === 1;
  await raise(needs.db, { subject, recipients: [run.system], lane, newId: needs.newId });
  await readFirst(needs.db, subject, run.system);
  return true;
}

/** Fields that no purpose gives are ordered out of the row. A row that should not be there at all is a decision about a person. */
async function orderOut(needs: Needs, run: RunRow, finding: FindingRow): Promise<boolean> {
  const record = finding.record ? await recordById(needs.db, finding.record) : undefined;
  if (!record || finding.reason === 'no-purpose' || (record.state !== 'linked' && record.state !== 'restricted')) return false;
  await updateRecord(needs.db, record.id, {
    state: record.state,
    evidence: record.evidence,
    observed: false,
    unwanted: finding.fields,
  });
  return owe(needs, run, record.subject, 'resync', false);
}

async function eraseAgain(needs: Needs, run: RunRow, finding: FindingRow, version: number): Promise<boolean> {
  if (!finding.sealed_ref || !finding.subject) return false;
  const { subject, record, place, sealed_ref: sealedRef } = finding;
  return eraseRowAgain(needs, run.system, {
    subject,
    record,
    place,
    hash: Buffer.from(finding.about, 'hex'),
    sealedRef,
    version,
  });
}

/** A row of somebody who stays erased. */
export interface ReturnedRow {
  subject: string;
  /** What the ledger knows it as; null: it was never tied to the person. */
  record: string | null;
  place: string;
  hash: Buffer;
  sealedRef: Buffer;
  version: number;
}

/** The row counts as held again, by a person who stays erased: what the plan owes such a row is to be erased, or stripped by law. */
export async function eraseRowAgain(needs: Needs, system: string, row: ReturnedRow): Promise<boolean> {
  const { subject, place, hash, sealedRef, version } = row;
  const record = row.record ? await recordById(needs.db, row.record) : undefined;
  if (record) await updateRecord(needs.db, record.id, { state: 'linked', sealedRef, evidence: 'none', observed: true });
  else {
    const made = await putRecord(needs.db, {
      id: needs.newId(),
      subject,
      recipient: system,
      place,
      hash,
      sealedRef,
      state: 'linked',
      how: 'erased-but-back',
      fingerprints: {},
      evidence: 'none',
      version,
    });
    if (!made) return false;
  }
  await resolveReturned(needs.db, system, hash, 'erase');
  await resolveHolds(needs.db, subject, 'returned', 'erase');
  const owed = await raise(needs.db, { subject, recipients: [system], lane: 'erasure', wanted: version, newId: needs.newId });
  if (owed.some((d) => d.recipient === system)) await readFirst(needs.db, subject, system);
  return owed.length > 0;
}
