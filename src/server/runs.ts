import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isListed, type Needs } from '../jobs/needs.ts';
import { driveAlong, RunUnderWay, startResync } from '../jobs/resync.ts';
import { failedSteps } from '../jobs/run-failures.ts';
import { confirmPreview, RunRefused, runRefusals, runVerbs, steerRun } from '../jobs/steer-run.ts';
import { type RunRow, runById, runsOf } from '../store/runs.ts';
import { badRequest, notFound, refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { runView } from './run-view.ts';

const perSecond = z.number().positive().max(1000).nullish();
const rows = z.number().int().min(0).optional();
const NewRun = z
  .strictObject({
    dryRun: z.boolean().default(false),
    perSecond,
    /** A preview that was read: the run is refused where it does not hold any more. */
    preview: z.uuid().optional(),
    rows,
  })
  .nullish();
const Verb = Id.extend({ verb: z.enum(runVerbs) });
const Steering = z.strictObject({ perSecond, rows }).nullish();

/** How long whoever starts a run waits for its reading before it goes on by itself, in ms. */
const patienceMs = 20_000;
/** Failed steps that one look shows. */
const mostFailures = 20;

/** Turns what a run refuses into a 409 that says why. */
export async function refusing<T>(work: Promise<T>): Promise<T> {
  return work.catch((error) => {
    if (error instanceof RunUnderWay) throw refused(runRefusals['under-way'], { code: 'under-way' });
    throw error instanceof RunRefused ? refused(error.message, { code: error.code }) : error;
  });
}

/** A system whose rows can be listed: one that is resynced and linked. */
export function mustBeListed(needs: Needs, name: string): void {
  if (!Object.hasOwn(needs.config.systems, name)) throw notFound('system of this name; GET /systems lists them');
  if (!needs.config.systems[name]?.recipient || !isListed(needs, name))
    throw badRequest(`${name} has no rows that can be listed`, { code: 'not-listed' });
}

export async function knownRun(needs: Needs, id: string): Promise<RunRow> {
  const run = await runById(needs.db, id);
  if (!run) throw notFound('run');
  return run;
}

/** Full resyncs: preview, run, watch, steer. */
export const runRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db } = needs;

  app.post(
    '/systems/:system/resync',
    { schema: { params: z.object({ system: z.string() }), body: NewRun } },
    async ({ params, body, actor, scope }) => {
      mustBeListed(needs, params.system);
      const pace = body?.perSecond ? { perSecond: body.perSecond } : {};
      if (body?.preview && !body.dryRun) {
        const preview = await knownRun(needs, body.preview);
        if (preview.system !== params.system) throw badRequest('preview: is one of another system', { code: 'no-preview' });
        const asked = { actor: actor.id, rows: body.rows, ...pace };
        return runView(needs, await refusing(confirmPreview(needs, preview, asked)), scope);
      }
      const run = await refusing(
        startResync(needs, params.system, { dryRun: body?.dryRun ?? false, actor: actor.id, agreed: body?.rows, ...pace }),
      );
      return runView(needs, await driveAlong(needs, run.id, patienceMs), scope);
    },
  );

  app.get(
    '/systems/:system/runs',
    {
      schema: {
        params: z.object({ system: z.string() }),
        querystring: z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) }),
      },
    },
    async ({ params, query, scope }) => {
      mustBeListed(needs, params.system);
      return Promise.all((await runsOf(db, params.system, query.limit)).map((run) => runView(needs, run, scope)));
    },
  );

  app.get('/runs/:id', { schema: { params: Id } }, async ({ params, scope }) =>
    runView(needs, await knownRun(needs, params.id), scope),
  );

  app.get('/runs/:id/failures', { schema: { params: Id } }, async ({ params }) =>
    failedSteps(needs, await knownRun(needs, params.id), mostFailures),
  );

  app.post('/runs/:id/:verb', { schema: { params: Verb, body: Steering } }, async ({ params, body, actor, scope }) => {
    const run = await knownRun(needs, params.id);
    const steered = steerRun(needs, run, params.verb, { actor: actor.id, perSecond: body?.perSecond, rows: body?.rows });
    return runView(needs, await refusing(steered), scope);
  });
};
