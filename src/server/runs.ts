import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Scope } from '../core/scope.ts';
import { type Needs, tell } from '../jobs/needs.ts';
import { driveAlong, RunUnderWay, startResync } from '../jobs/resync.ts';
import { expectation } from '../jobs/resync-expect.ts';
import type { Samples } from '../jobs/resync-read.ts';
import { moveRun, progressOf, type RunRow, retryFailed, runById, throttleRun } from '../store/runs.ts';
import { hiddenAmong } from '../store/scope.ts';
import { badRequest, notFound, refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';

const perSecond = z.number().positive().max(1000).nullish();
const NewRun = z.strictObject({ dryRun: z.boolean().default(false), perSecond }).nullish();
const Verb = Id.extend({ verb: z.enum(['pause', 'resume', 'stop', 'retry', 'throttle']) });
const Pace = z.strictObject({ perSecond }).nullish();

/** How long whoever starts a run waits for its reading before it goes on by itself, in ms. */
const patienceMs = 20_000;

/** Full resyncs: preview, run, watch, steer. */
export const runRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db } = needs;

  app.post(
    '/systems/:system/resync',
    { schema: { params: z.object({ system: z.string() }), body: NewRun } },
    async ({ params, body, actor, scope }) => {
      const known = Object.hasOwn(needs.config.systems, params.system);
      if (!known) throw notFound('system of this name; GET /systems lists them');
      if (!needs.config.systems[params.system]?.recipient || !needs.connectors[params.system]?.recipient)
        throw badRequest(`${params.system} has no rows that can be listed`);
      const run = await startResync(needs, params.system, {
        dryRun: body?.dryRun ?? false,
        actor: actor.id,
        ...(body?.perSecond ? { perSecond: body.perSecond } : {}),
      }).catch((error) => {
        throw error instanceof RunUnderWay
          ? refused('A resync of this system is not over; stop it first, or let it end.')
          : error;
      });
      return view(await driveAlong(needs, run.id, patienceMs), scope);
    },
  );

  app.get('/runs/:id', { schema: { params: Id } }, async ({ params, scope }) => {
    const run = await runById(db, params.id);
    if (!run) throw notFound('run');
    return view(run, scope);
  });

  app.post('/runs/:id/:verb', { schema: { params: Verb, body: Pace } }, async ({ params, body, actor, scope }) => {
    const run = await runById(db, params.id);
    if (!run) throw notFound('run');
    if (!(await steer(run, params.verb, body?.perSecond ?? null)))
      throw refused(`The run is ${run.state}: ${params.verb} is not possible now.`);
    await tell(needs, { actor: actor.id, action: 'run.steered', system: run.system, code: run.id, reason: params.verb });
    return view((await runById(db, run.id)) ?? run, scope);
  });

  async function steer(run: RunRow, verb: z.infer<typeof Verb>['verb'], pace: number | null): Promise<boolean> {
    switch (verb) {
      case 'pause':
        return moveRun(db, run.id, ['running'], 'paused');
      case 'resume':
        return moveRun(db, run.id, ['paused'], 'running');
      case 'stop':
        return moveRun(db, run.id, ['running', 'paused'], 'stopped');
      case 'throttle':
        return (await throttleRun(db, run.id, pace)) === 1;
      case 'retry':
        return (
          !run.dry && run.state !== 'stopped' && (await retryFailed(db, run)) > 0 && moveRun(db, run.id, [run.state], 'running')
        );
    }
  }

  async function view(run: RunRow, scope: Scope) {
    const progress = await progressOf(db, run);
    const perSecondNow = progress.recent / 10;
    const left = progress.total - progress.done;
    return {
      run: run.id,
      system: run.system,
      state: run.state,
      phase: run.phase,
      counts: run.counts,
      calls: run.calls + progress.calls,
      progress: {
        total: progress.total,
        done: progress.done,
        failed: progress.failed,
        perSecond: perSecondNow,
        ...(run.state === 'running' && left > 0 && perSecondNow > 0 ? { secondsLeft: Math.ceil(left / perSecondNow) } : {}),
      },
      ...(run.per_second === null ? {} : { throttle: run.per_second }),
      ...(run.dry ? { expected: expectation(needs, run) } : {}),
      ...(run.samples ? { samples: await seenSamples(needs, scope, run.samples) } : {}),
      ...(run.problem ? { problem: run.problem } : {}),
      startedAt: run.started_at.toISOString(),
      ...(run.finished_at ? { finishedAt: run.finished_at.toISOString() } : {}),
    };
  }
};

/** The samples of people in scope, without their ids. */
async function seenSamples(needs: Needs, scope: Scope, sealed: Buffer): Promise<Samples> {
  const { changed, orphans } = needs.vault.unsealJson<Samples>('run-samples', sealed);
  const hidden = await hiddenAmong(
    needs.db,
    scope,
    changed.flatMap(({ subject }) => subject ?? []),
  );
  return { changed: changed.flatMap(({ subject, ...sample }) => (subject && hidden.has(subject) ? [] : [sample])), orphans };
}
