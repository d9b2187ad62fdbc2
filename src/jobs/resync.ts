import { Failure } from '../core/failure.ts';
import { isMassChange, rowsLost } from '../core/mass-change.ts';
import { inTransaction } from '../store/database.ts';
import { stopDrift } from '../store/drift.ts';
import { raise, readFirst, redriveOf } from '../store/duties.ts';
import {
  handItems,
  insertRun,
  keepRun,
  leaveRun,
  moveRun,
  noteRun,
  peopleOf,
  progressOf,
  type RunRow,
  runById,
  takeRun,
} from '../store/runs.ts';
import { pauseSystem } from '../store/systems.ts';
import { breakOffDrift, endDrift, findSome } from './drift-find.ts';
import { linkRecipient } from './link.ts';
import { isListed, type Needs, tell } from './needs.ts';
import { compareSome, noCounts, readAll, untilRunning } from './resync-read.ts';

/**
 * A full resync: reads all rows of a recipient, compares prints, and owes a duty wherever a step is missing. Every step goes through
 * the same converge as a live change: tombstones, holds, restrictions, permissions and policy decide. The run is a row; any process
 * goes on where another fell.
 *
 *   reading    all pages; what differs from the ledger is put right there     a fall starts it over
 *   comparing  whom the reading left in doubt; who owes a step                goes on behind the last person
 *   working    few at a time, so that an erasure never waits behind them      goes on with who is left
 */
/** Another run of the system is not over. */
export class RunUnderWay extends Error {
  override name = 'RunUnderWay';
}

export interface NewRun {
  dryRun: boolean;
  actor: string;
  perSecond?: number | undefined;
  /** A preview that somebody read, and how many rows they agreed to lose. */
  preview?: string | undefined;
  agreed?: number | undefined;
  /** Nobody waits for the answer: the clockwork drives it. */
  unattended?: boolean | undefined;
}

export async function startResync(needs: Needs, system: string, options: NewRun): Promise<RunRow> {
  return startRun(needs, system, 'resync', noCounts, options);
}

export async function startRun(
  needs: Needs,
  system: string,
  kind: RunRow['kind'],
  counts: Record<string, number>,
  options: NewRun,
): Promise<RunRow> {
  if (!isListed(needs, system)) throw new Error('this system has no rows that can be listed');
  const id = needs.newId();
  const { dryRun, actor } = options;
  const made = await inTransaction(needs.db, async () => {
    if (!dryRun) await stopDrift(needs.db, system);
    return insertRun(needs.db, {
      id,
      kind,
      system,
      dry: dryRun,
      actor,
      counts,
      perSecond: options.perSecond ?? null,
      agreed: options.agreed ?? null,
      preview: options.preview ?? null,
      attended: !options.unattended,
    });
  });
  if (!made) throw new RunUnderWay();
  if (!dryRun) await tell(needs, { actor, action: 'run.started', system, code: id, reason: kind });
  return (await runById(needs.db, id)) as RunRow;
}

/** Steps that may be under way at once for one run: more would only wait in front of an erasure. */
const window = 64;
/** How often the working phase looks again, in ms. */
const tickMs = 300;
const mostAttempts = 12;
/** A comparison is not urgent: after so many readings that broke off it is left to the next turn. */
const mostReadings = 4;

/**
 * One slice of work at a run: a named one, for which somebody waits, or any that nobody works at. False: there was none. `ends`: this
 * process is about to stop; a reading is let go between two pages.
 */
export async function driveRun(needs: Needs, id: string | null = null, ends?: AbortSignal): Promise<boolean> {
  const run = await takeRun(needs.db, id);
  if (!run) return false;
  const isWatched = run.dry && id !== null && run.kind !== 'drift';
  const beat = setInterval(() => void keepRun(needs.db, run).catch(() => {}), 2000);
  try {
    await slice(needs, run, ends);
  } catch (error) {
    await brokeOff(needs, run, error, isWatched);
    if (isWatched) throw error;
  } finally {
    clearInterval(beat);
  }
  return true;
}

async function slice(needs: Needs, run: RunRow, ends: AbortSignal | undefined): Promise<void> {
  if (run.kind === 'link') await linkAll(needs, run, ends);
  else if (run.phase === 'reading') {
    if (await readAll(needs, run, ends)) await noteRun(needs.db, run, { phase: 'comparing', attempts: 0 });
  } else if (run.phase === 'comparing') {
    const isDrift = run.kind === 'drift';
    const more = isDrift ? await findSome(needs, run) : await compareSome(needs, run);
    if (!more && isDrift) await endDrift(needs, run);
    else if (!more) await judged(needs, (await runById(needs.db, run.id)) ?? run);
  } else {
    await workSome(needs, run);
    return;
  }
  await leaveRun(needs.db, run, 0);
}

/** All is compared: a preview ends; a run goes on, unless it would take from more rows than somebody agreed to. */
async function judged(needs: Needs, run: RunRow): Promise<void> {
  if (run.dry) {
    await moveRun(needs.db, run.id, ['running'], 'previewed');
    return;
  }
  const lost = rowsLost(run.counts, run.blanks);
  await noteRun(needs.db, run, { phase: 'working' });
  if (lost <= (run.agreed ?? 0) || !isMassChange(lost, await peopleOf(needs.db, run.system))) return;
  if (await moveRun(needs.db, run.id, ['running'], 'paused', massChange))
    await tell(needs, { actor: 'kaiku', action: 'run.steered', system: run.system, code: run.id, reason: massChange });
}

/** Why a run stands still that waits for a person to say how many rows may go. */
export const massChange = 'mass-change';

/** First contact as a run: it may take as long as a resync, and is watched the same way. A fall starts it over; links stay. */
async function linkAll(needs: Needs, run: RunRow, ends: AbortSignal | undefined): Promise<void> {
  let { calls, pages } = run;
  const done = await linkRecipient(needs, run.system, !run.dry, run.actor, {
    call: {
      beforeWire: async () => {
        calls++;
        return Number.POSITIVE_INFINITY;
      },
    },
    goesOn: async ({ system: _, ...counts }) => {
      pages++;
      if (!(await noteRun(needs.db, run, { counts, calls, pages, rows_read: counts.read, problem: null }))) return false;
      return untilRunning(needs, run, ends);
    },
  });
  if (!done) return;
  const { system, ...counts } = done;
  await noteRun(needs.db, run, { counts, calls, rows_read: counts.read });
  if ((await moveRun(needs.db, run.id, ['running'], run.dry ? 'previewed' : 'finished')) && !run.dry)
    await tell(needs, { actor: run.actor, action: 'run.finished', system, code: run.id, reason: 'link' });
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
    for (const { subject, step, retried } of await handItems(needs.db, run, room)) {
      await raise(needs.db, { subject, recipients: [run.system], lane: 'resync', newId: needs.newId });
      // a row that no page showed is looked for by itself before anything is said of it
      if (step === 'relink') await readFirst(needs.db, subject, run.system);
      if (retried) await redriveOf(needs.db, subject, run.system);
    }
  }
  await leaveRun(needs.db, run, run.per_second !== null && run.per_second < 3 ? 1000 / run.per_second : tickMs);
}

/** What a run came to when the system failed: it is tried again, ever more slowly; only what a person must mend ends it. */
async function brokeOff(needs: Needs, run: RunRow, error: unknown, isWatched: boolean): Promise<void> {
  const known = error instanceof Failure ? error : null;
  if (!known) needs.log.error({ run: run.id, system: run.system }, 'a resync broke off');
  const problem = known?.code ?? 'internal-error';
  const attempts = run.attempts + 1;
  if (known?.next === 'pause-recipient' && (await pauseSystem(needs.db, run.system, known.code)))
    await tell(needs, { actor: 'kaiku', action: 'system.paused', system: run.system, code: known.code });
  const isDrift = run.kind === 'drift';
  const most = isDrift ? mostReadings : mostAttempts;
  if (isWatched || attempts >= most || known?.next === 'pause-recipient' || known?.next === 'give-up') {
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
    // another process may have it: then there is nothing to do but to look
    if (!(await driveRun(needs, id))) await new Promise((resolve) => setTimeout(resolve, 100));
    const run = await runById(needs.db, id);
    if (!run) throw new Error('the run is gone');
    const { total, handed, done } = await progressOf(needs.db, run);
    const handedOut = run.phase === 'working' && (handed === total || handed - done >= window);
    const isWaiting = run.problem !== null || (handedOut && done < total);
    if (run.state !== 'running' || isWaiting || performance.now() > end) return run;
  }
}
