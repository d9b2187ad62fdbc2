import { Failure } from '../core/failure.ts';
import { inTransaction } from '../store/database.ts';
import { stopDrift } from '../store/drift.ts';
import { raise, readFirst } from '../store/duties.ts';
import {
  handItems,
  insertRun,
  keepRun,
  leaveRun,
  moveRun,
  noteRun,
  progressOf,
  type RunRow,
  runById,
  takeRun,
} from '../store/runs.ts';
import { pauseSystem } from '../store/systems.ts';
import { breakOffDrift, endDrift, findSome } from './drift-find.ts';
import { type Needs, tell } from './needs.ts';
import { compareSome, readAll } from './resync-read.ts';

/**
 * A full resync: reads all rows of a recipient, compares prints, and owes a duty wherever a step is missing. Every step goes through
 * the same converge as a live change: tombstones, holds, restrictions, permissions and policy decide. The run is a row; any process
 * goes on where another fell.
 *
 *   reading    all pages; what differs from the ledger is put right there     a fall starts it over
 *   comparing  whom the reading left in doubt; who owes a step                goes on behind the last person
 *   working    few at a time, so that an erasure never waits behind them      goes on with who is left
 */
export const noCounts = { create: 0, update: 0, relink: 0, restrict: 0, erase: 0, blocked: 0, unchanged: 0, orphans: 0 };

/** Another run of the system is not over. */
export class RunUnderWay extends Error {
  override name = 'RunUnderWay';
}

export async function startResync(
  needs: Needs,
  system: string,
  options: { dryRun: boolean; actor: string; perSecond?: number },
): Promise<RunRow> {
  if (!needs.connectors[system]?.recipient) throw new Error('this system has no rows that can be listed');
  const id = needs.newId();
  const { dryRun, actor, perSecond } = options;
  const isFirst = await inTransaction(needs.db, async () => {
    if (!dryRun) await stopDrift(needs.db, system);
    return insertRun(needs.db, { id, system, dry: dryRun, actor, counts: noCounts, perSecond: perSecond ?? null });
  });
  if (!isFirst) throw new RunUnderWay();
  if (!dryRun) await tell(needs, { actor, action: 'run.started', system, code: id, reason: 'resync' });
  return (await runById(needs.db, id)) as RunRow;
}

/** Steps that may be under way at once for one run: more would only wait in front of an erasure. */
const window = 64;
/** How often the working phase looks again, in ms. */
const tickMs = 300;
const mostAttempts = 12;
/** A comparison is not urgent: after so many readings that broke off it is left to the next turn. */
const mostReadings = 4;

/** One slice of work at a run: a named one, or any that nobody works at. False: there was none. */
export async function driveRun(needs: Needs, id: string | null = null): Promise<boolean> {
  const run = await takeRun(needs.db, id);
  if (!run) return false;
  const beat = setInterval(() => void keepRun(needs.db, run).catch(() => {}), 2000);
  try {
    await slice(needs, run);
  } catch (error) {
    await brokeOff(needs, run, error);
    if (run.dry && run.kind !== 'drift') throw error;
  } finally {
    clearInterval(beat);
  }
  return true;
}

async function slice(needs: Needs, run: RunRow): Promise<void> {
  if (run.phase === 'reading') {
    if (!(await readAll(needs, run))) return;
    await noteRun(needs.db, run, { phase: 'comparing', problem: null, attempts: 0 });
    await leaveRun(needs.db, run, 0);
  } else if (run.phase === 'comparing') {
    const isDrift = run.kind === 'drift';
    const more = isDrift ? await findSome(needs, run) : await compareSome(needs, run);
    if (!more && isDrift) await endDrift(needs, run);
    else if (!more && run.dry) await moveRun(needs.db, run.id, ['running'], 'previewed');
    else if (!more) await noteRun(needs.db, run, { phase: 'working' });
    await leaveRun(needs.db, run, 0);
  } else await workSome(needs, run);
}

/** Hands out as many steps as the window and the throttle leave room for; ends the run when all came to rest. */
async function workSome(needs: Needs, run: RunRow): Promise<void> {
  const { total, handed, done } = await progressOf(needs.db, run);
  if (total === done) {
    if (await moveRun(needs.db, run.id, ['running'], 'finished'))
      await tell(needs, { actor: run.actor, action: 'run.finished', system: run.system, code: run.id, reason: 'resync' });
    await leaveRun(needs.db, run, 0);
    return;
  }
  const pace = run.per_second === null ? window : Math.max(1, Math.round((run.per_second * tickMs) / 1000));
  const room = Math.min(pace, window - (handed - done));
  if (room > 0 && handed < total) {
    for (const { subject, step } of await handItems(needs.db, run, room)) {
      await raise(needs.db, { subject, recipients: [run.system], lane: 'resync', newId: needs.newId });
      // a row that no page showed is looked for by itself before anything is said of it
      if (step === 'relink') await readFirst(needs.db, subject, run.system);
    }
  }
  await leaveRun(needs.db, run, run.per_second !== null && run.per_second < 3 ? 1000 / run.per_second : tickMs);
}

/** What a run came to when the system failed: it is tried again, ever more slowly; only what a person must mend ends it. */
async function brokeOff(needs: Needs, run: RunRow, error: unknown): Promise<void> {
  const known = error instanceof Failure ? error : null;
  if (!known) needs.log.error({ run: run.id, system: run.system }, 'a resync broke off');
  const problem = known?.code ?? 'internal-error';
  const attempts = run.attempts + 1;
  if (known?.next === 'pause-recipient' && (await pauseSystem(needs.db, run.system, known.code)))
    await tell(needs, { actor: 'kaiku', action: 'system.paused', system: run.system, code: known.code });
  const isDrift = run.kind === 'drift';
  if (
    (run.dry && !isDrift) ||
    attempts >= (isDrift ? mostReadings : mostAttempts) ||
    known?.next === 'pause-recipient' ||
    known?.next === 'give-up'
  ) {
    if (isDrift) await breakOffDrift(needs, run);
    await moveRun(needs.db, run.id, ['running', 'paused'], 'failed', problem);
    return;
  }
  await noteRun(needs.db, run, { problem, attempts });
  await leaveRun(needs.db, run, Math.max(known?.retryAfterMs ?? 0, Math.min(300_000, 500 * 2 ** attempts)));
}

/**
 * Works at one run until it ends, is paused, or nothing is left but to wait for the system or its duties; at most `patienceMs`. For whoever waits for
 * an answer; the clockwork does the rest.
 */
export async function driveAlong(needs: Needs, id: string, patienceMs: number): Promise<RunRow> {
  const end = performance.now() + patienceMs;
  for (;;) {
    await driveRun(needs, id);
    const run = await runById(needs.db, id);
    if (!run) throw new Error('the run is gone');
    const { total, handed, done } = await progressOf(needs.db, run);
    const handedOut = run.phase === 'working' && (handed === total || handed - done >= window);
    const isWaiting = run.problem !== null || (handedOut && done < total);
    if (run.state !== 'running' || isWaiting || performance.now() > end) return run;
  }
}
