import type { ChangeKind, Lane } from '../core/duty.ts';
import { raise } from '../store/duties.ts';
import { openPropagations } from '../store/records.ts';
import type { SubjectRow } from '../store/subjects.ts';
import { type Needs, tell, whose } from './needs.ts';

/**
 * Puts one change on its way (Art. 19): a propagation and a raised duty for each system that it concerns, and the audit entries.
 * Runs in the caller's transaction.
 */
export async function propose(
  needs: Needs,
  subject: SubjectRow,
  change: { kind: ChangeKind; lane: Lane; version: number; systems: readonly string[] },
): Promise<void> {
  const systems = [...new Set(change.systems)];
  if (systems.length === 0) return;
  const { kind, lane, version } = change;
  await openPropagations(needs.db, {
    subject: subject.id,
    version,
    kind,
    recipients: systems,
    ids: systems.map(() => needs.newId()),
  });
  const raised = await raise(needs.db, { subject: subject.id, recipients: systems, lane, wanted: version, newId: needs.newId });
  await tell(
    needs,
    ...raised.map(({ id, recipient }) => ({
      actor: 'kaiku',
      action: 'duty.raised' as const,
      system: recipient,
      subject: whose(subject),
      duty: id,
      version,
      reason: kind,
    })),
  );
}
