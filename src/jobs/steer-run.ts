import { isMassChange, rowsLost } from '../core/mass-change.ts';
import {
  agreeRun,
  isFresh,
  moveRun,
  peopleOf,
  type RunRow,
  reopenRun,
  retryFailed,
  runById,
  runOfPreview,
  throttleRun,
} from '../store/runs.ts';
import { type Needs, tell } from './needs.ts';
import { massChange, RunUnderWay, startRun } from './resync.ts';
import { noCounts } from './resync-read.ts';

/** What a person may do to a run. */
export const runVerbs = ['pause', 'resume', 'stop', 'retry', 'throttle'] as const;
export type RunVerb = (typeof runVerbs)[number];

/** Why a run cannot be steered or started so just now. */
export const runRefusals = {
  'not-now': 'The run is in a state in which this is not possible.',
  'nothing-failed': 'No step of the run failed.',
  'under-way': 'A resync of this system is not over; stop it first, or let it end.',
  'rows-needed': 'This would erase, restrict or empty very many rows: say how many to go on.',
  'preview-old': 'The preview is too old to say what would happen now: make a new one.',
  'preview-used': 'This preview was confirmed before.',
  'no-preview': 'This is no finished preview of this system.',
} as const;

export class RunRefused extends Error {
  override name = 'RunRefused';
  readonly code: keyof typeof runRefusals;
  constructor(code: keyof typeof runRefusals) {
    super(runRefusals[code]);
    this.code = code;
  }
}

/** How many rows a person must write out before this run, or the run of this preview, takes from so many; null: none. */
export async function rowsToSay(needs: Needs, run: RunRow): Promise<number | null> {
  if (run.kind !== 'resync') return null;
  const lost = rowsLost(run.counts, run.blanks);
  return isMassChange(lost, await peopleOf(needs.db, run.system)) ? lost : null;
}

export interface Steering {
  actor: string;
  perSecond?: number | null | undefined;
  /** The number of rows that a person wrote out. */
  rows?: number | undefined;
}

/** Does one thing to a run and writes it down. Throws `RunRefused`. */
export async function steerRun(needs: Needs, run: RunRow, verb: RunVerb, steering: Steering): Promise<RunRow> {
  if (!(await steered(needs, run, verb, steering))) throw new RunRefused('not-now');
  await tell(needs, { actor: steering.actor, action: 'run.steered', system: run.system, code: run.id, reason: verb });
  return (await runById(needs.db, run.id)) ?? run;
}

async function steered(needs: Needs, run: RunRow, verb: RunVerb, { perSecond, rows }: Steering): Promise<boolean> {
  const { db } = needs;
  switch (verb) {
    case 'pause':
      return moveRun(db, run.id, ['running'], 'paused', run.problem);
    case 'resume': {
      if (run.problem !== massChange) return moveRun(db, run.id, ['paused'], 'running');
      const lost = rowsLost(run.counts, run.blanks);
      if (rows !== lost) throw new RunRefused('rows-needed');
      return (await agreeRun(db, run.id, lost)) === 1;
    }
    case 'stop':
      return moveRun(db, run.id, ['running', 'paused'], 'stopped');
    case 'throttle':
      return (await throttleRun(db, run.id, perSecond ?? null)) === 1;
    case 'retry': {
      if (run.dry || (run.state !== 'finished' && run.state !== 'failed' && run.state !== 'running')) return false;
      const owed = await retryFailed(db, run);
      // one that broke off while it read or compared has no steps yet: it starts over
      if (owed === 0 && run.state !== 'failed') throw new RunRefused('nothing-failed');
      if (run.state === 'running') return true;
      if (!(await reopenRun(db, run))) throw new RunRefused('under-way');
      return true;
    }
  }
}

/** Says yes to a preview that a person read. A mass change needs the number of its rows besides. The clockwork does the rest. */
export async function confirmPreview(needs: Needs, preview: RunRow, { actor, perSecond, rows }: Steering): Promise<RunRow> {
  if (!preview.dry || preview.state !== 'previewed') throw new RunRefused('no-preview');
  if (!(await isFresh(needs.db, preview.id))) throw new RunRefused('preview-old');
  const lost = await rowsToSay(needs, preview);
  if (lost !== null && rows !== lost) throw new RunRefused('rows-needed');
  const start = startRun(needs, preview.system, preview.kind, preview.kind === 'resync' ? noCounts : preview.counts, {
    dryRun: false,
    actor,
    preview: preview.id,
    unattended: true,
    ...(perSecond ? { perSecond } : {}),
    ...(lost === null ? {} : { agreed: lost }),
  });
  return start.catch(async (error) => {
    if (!(error instanceof RunUnderWay)) throw error;
    throw new RunRefused((await runOfPreview(needs.db, preview.id)) ? 'preview-used' : 'under-way');
  });
}
