import type { Scope } from '../core/scope.ts';
import type { Needs } from '../jobs/needs.ts';
import { expectation } from '../jobs/resync-expect.ts';
import type { Samples } from '../jobs/resync-read.ts';
import { rowsToSay } from '../jobs/steer-run.ts';
import { progressOf, type RunRow } from '../store/runs.ts';
import { hiddenAmong } from '../store/scope.ts';

/** A run as the API and the console show it. */
export async function runView(needs: Needs, run: RunRow, scope: Scope) {
  const progress = await progressOf(needs.db, run);
  // over the last minute, or since the first step where that is less; what goes too fast to measure counts as one second
  const perSecond = progress.recent / Math.max(1, progress.recentSeconds);
  const left = progress.total - progress.done;
  const isMoving = run.state === 'running' && run.phase === 'working' && left > 0 && perSecond > 0;
  const say = run.state === 'previewed' || run.state === 'paused' ? await rowsToSay(needs, run) : null;
  return {
    run: run.id,
    kind: run.kind,
    system: run.system,
    dryRun: run.dry,
    state: run.state,
    phase: run.phase,
    counts: run.counts,
    calls: run.calls + progress.calls,
    rowsRead: run.rows_read,
    progress: {
      total: progress.total,
      done: progress.done,
      failed: progress.failed,
      perSecond: Math.round(perSecond * 100) / 100,
      ...(isMoving ? { secondsLeft: Math.ceil(left / perSecond) } : {}),
    },
    ...(run.per_second === null ? {} : { throttle: run.per_second }),
    ...(run.dry && run.kind === 'resync' ? { expected: expectation(needs, run) } : {}),
    ...(say === null ? {} : { rowsToSay: say }),
    ...(run.preview ? { preview: run.preview } : {}),
    ...(run.samples ? { samples: await seenSamples(needs, scope, run.samples) } : {}),
    ...(run.problem ? { problem: run.problem } : {}),
    startedAt: run.started_at.toISOString(),
    ...(run.finished_at ? { finishedAt: run.finished_at.toISOString() } : {}),
  };
}

export type RunView = Awaited<ReturnType<typeof runView>>;

/** The samples of people in scope, without their ids. */
export async function seenSamples(needs: Needs, scope: Scope, sealed: Buffer): Promise<Samples> {
  const { changed, orphans } = needs.vault.unsealJson<Samples>('run-samples', sealed);
  const hidden = await hiddenAmong(
    needs.db,
    scope,
    changed.flatMap(({ subject }) => subject ?? []),
  );
  return { changed: changed.flatMap(({ subject, ...sample }) => (subject && hidden.has(subject) ? [] : [sample])), orphans };
}
