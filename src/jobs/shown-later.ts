import type { Evidence } from '../core/duty.ts';
import type { DutyRow, Move } from '../store/duties.ts';
import { answersShown, lastAnswer, type TaskRow, withdrawTask } from '../store/tasks.ts';
import type { Taken } from './converge-taken.ts';
import type { View } from './converge-view.ts';
import { type Needs, now } from './needs.ts';

/**
 * Systems where people do what was asked, and a later export shows it. Their answer is a statement; the duty waits with it and looks
 * again, until the thing is seen done, or for so long that they are asked anew.
 */
export const untilShown = 'shown-later';

/** How often a waiting duty looks, in ms. A sweep that misses the person wakes it at once. */
const lookMs = 3_600_000;

const dayMs = 86_400_000;

/** Whether an answer has yet to show at the system that it is about. */
export const needsProof = (needs: Needs, { system }: Pick<TaskRow, 'system'>, outcome: string): boolean =>
  needs.connectors[system]?.recipient?.showsLater === true &&
  (outcome === 'erased' || outcome === 'updated' || outcome === 'absent');

/** The wait for what people said that they did; null: they were not asked yet, or what they said does not show for too long. */
export async function shownLater(needs: Needs, { duty, version }: View, ask: TaskRow['ask']): Promise<Move | null> {
  const said = await lastAnswer(needs.db, duty.id);
  if (said?.ask !== ask || said.outcome === null || !said.answered_at || !needsProof(needs, said, said.outcome)) return null;
  // an answer to older values says nothing of the new ones
  if (ask === 'update' && said.version < version) return null;
  const dueDays = needs.config.systems[duty.recipient]?.recipient?.dueDays ?? 0;
  if (said.answered_at.getTime() + dueDays * dayMs < (await now(needs)).getTime()) return null;
  return { state: 'waiting', waitMs: lookMs, outcome: said.outcome, evidence: 'acknowledged', reason: untilShown };
}

/** A change that was handed over and shows with the system's next export: the same step is taken again until it does. */
export const leftBehind = (outcome: 'erased' | 'updated', evidence: Evidence = 'accepted'): Taken => ({
  kind: 'moved',
  called: true,
  move: { state: 'waiting', waitMs: lookMs, outcome, evidence, reason: untilShown },
});

/** What shows by itself is asked of nobody any more, and what was said of it is used up. */
export async function askNoMore(needs: Needs, { id, recipient }: DutyRow): Promise<void> {
  if (!needs.connectors[recipient]?.recipient?.showsLater) return;
  const at = await now(needs);
  await withdrawTask(needs.db, id, 'kaiku', at);
  await answersShown(needs.db, id, at);
}
