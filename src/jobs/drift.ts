import { driftKinds } from '../core/drift.ts';
import { insertDrift } from '../store/drift.ts';
import { type RunRow, runById } from '../store/runs.ts';
import { systemState, takeTurn } from '../store/systems.ts';
import { isListed, type Needs, tell } from './needs.ts';
import { RunUnderWay } from './resync.ts';

/** First contact was never made: every row would look like a stranger's. */
export class NotLinked extends Error {
  override name = 'NotLinked';
}

const noFindings = Object.fromEntries(driftKinds.map((kind) => [kind, 0]));

/** How often a system is compared where the configuration says nothing, in hours. */
const usualHours = 168;

export const driftSchedule = (needs: Needs, system: string) =>
  needs.config.systems[system]?.recipient?.drift ?? { everyHours: usualHours, repair: 'none' as const };

/** The systems that can be compared: recipients with rows that can be listed. */
export const comparable = (needs: Needs): string[] =>
  Object.values(needs.config.systems).flatMap((s) => (s.recipient && isListed(needs, s.name) ? [s.name] : []));

/**
 * Starts a comparison of what a system holds with what it should hold: a dry run of the resync whose findings are kept. The
 * clockwork drives it; nothing is written at the system.
 */
export async function startDrift(needs: Needs, system: string, actor: string): Promise<RunRow> {
  if (!comparable(needs).includes(system)) throw new Error('this system has no rows that can be listed');
  if ((await systemState(needs.db, system))?.linked_at == null) throw new NotLinked();
  const id = needs.newId();
  if (!(await insertDrift(needs.db, { id, system, actor, counts: { ...noFindings, rows: 0, people: 0 } })))
    throw new RunUnderWay();
  await tell(needs, { actor, action: 'run.started', system, code: id, reason: 'drift' });
  return (await runById(needs.db, id)) as RunRow;
}

/** The scheduled start, at most one an interval over all processes; the first an interval after first contact, which read every row. */
export async function driftInTurn(needs: Needs, system: string): Promise<boolean> {
  const everyMs = driftSchedule(needs, system).everyHours * 3_600_000;
  const state = await systemState(needs.db, system);
  if (!state?.linked_at || Date.now() - state.linked_at.getTime() < everyMs) return false;
  if (!(await takeTurn(needs.db, system, 'drift', everyMs))) return false;
  await startDrift(needs, system, 'kaiku').catch((error) => {
    // a resync compares the same rows, and puts them right: this turn is over
    if (!(error instanceof RunUnderWay)) throw error;
  });
  return true;
}
