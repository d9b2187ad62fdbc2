import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type DriftKind, driftKinds } from '../core/drift.ts';
import type { Scope } from '../core/scope.ts';
import { comparable, driftSchedule, NotLinked, startDrift } from '../jobs/drift.ts';
import { type Repaired, repairFindings } from '../jobs/drift-repair.ts';
import type { Needs } from '../jobs/needs.ts';
import { driveAlong, RunUnderWay } from '../jobs/resync.ts';
import { type DriftRun, driftRun, driftRuns, type FindingRow, findingCounts, findingsOf } from '../store/drift.ts';
import type { Actor } from './auth.ts';
import { badRequest, notFound, refused } from './problem.ts';
import type { RouteOptions } from './routes.ts';
import { seenSamples } from './run-view.ts';

/** How long whoever starts a comparison waits for it before it goes on by itself, in ms. */
const patienceMs = 20_000;
/** Half a year of weekly runs. */
const trendLength = 26;

/** A comparison as the API, the CLI and the console show it. */
export interface DriftReport {
  run: string;
  system: string;
  state: DriftRun['state'];
  /** Every page was read: what is not among the findings does not differ. */
  complete: boolean;
  counts: Record<DriftKind, number>;
  /** Per kind, how often each field differed. */
  fields: Record<string, Record<string, number>>;
  rows: number;
  people: number;
  calls: number;
  startedAt: string;
  finishedAt?: string;
  problem?: string;
  actor: string;
}

function reportOf(run: DriftRun): DriftReport {
  const count = (name: string) => run.counts[name] ?? 0;
  return {
    run: run.id,
    system: run.system,
    state: run.state,
    complete: run.state === 'finished',
    counts: Object.fromEntries(driftKinds.map((kind) => [kind, count(kind)])) as Record<DriftKind, number>,
    fields: run.fields,
    rows: count('rows'),
    people: count('people'),
    calls: run.calls,
    startedAt: run.started_at.toISOString(),
    ...(run.finished_at ? { finishedAt: run.finished_at.toISOString() } : {}),
    ...(run.problem ? { problem: run.problem } : {}),
    actor: run.actor,
  };
}

/** How many differences a report has in all. */
export const total = (report: Pick<DriftReport, 'counts'>): number =>
  driftKinds.reduce((sum, kind) => sum + report.counts[kind], 0);

export interface DriftOfSystem {
  system: string;
  everyHours: number;
  repair: 'none' | 'policy';
  latest: DriftReport | null;
  /** Newest first, whatever became of them. */
  trend: DriftReport[];
}

const mustBeComparable = (needs: Needs, system: string) => {
  if (!Object.hasOwn(needs.config.systems, system)) throw notFound('system of this name; GET /systems lists them');
  if (!comparable(needs).includes(system)) throw badRequest(`${system} has no rows that can be listed`, { code: 'not-listed' });
};

/** The latest report of a system, and its trend. */
export async function driftOfSystem(needs: Needs, system: string): Promise<DriftOfSystem> {
  mustBeComparable(needs, system);
  const trend = (await driftRuns(needs.db, system, trendLength)).map(reportOf);
  return { system, ...driftSchedule(needs, system), latest: trend[0] ?? null, trend };
}

export const driftOfAll = (needs: Needs): Promise<DriftOfSystem[]> =>
  Promise.all(comparable(needs).map((system) => driftOfSystem(needs, system)));

/** Starts a comparison and stays with it for a while. */
export async function beginDrift(needs: Needs, system: string, actor: Actor): Promise<DriftReport> {
  mustBeComparable(needs, system);
  const run = await startDrift(needs, system, actor.id).catch((error) => {
    if (error instanceof RunUnderWay)
      throw refused('A comparison or a resync of this system is not over; let it end first.', { code: 'under-way' });
    if (error instanceof NotLinked)
      throw refused("This system was never linked: until then every row would look like a stranger's. Run `kaiku link` first.", {
        code: 'not-linked',
      });
    throw error;
  });
  await driveAlong(needs, run.id, patienceMs);
  return reportOf(await mustFind(needs, run.id));
}

async function mustFind(needs: Needs, id: string): Promise<DriftRun> {
  const run = await driftRun(needs.db, id);
  if (!run) throw notFound('drift run');
  return run;
}

const findingView = (f: FindingRow) => ({
  id: f.id,
  kind: f.kind,
  place: f.place,
  ...(f.subject ? { subject: f.subject } : {}),
  // a keyed hash: it tells rows apart and leads to nobody
  ...(f.subject ? {} : { row: f.about.slice(0, 16) }),
  fields: f.fields,
  ...(f.reason ? { reason: f.reason } : {}),
  ...(f.repaired_at ? { repairedAt: f.repaired_at.toISOString(), repairedBy: f.repaired_by } : {}),
});
export type FindingView = ReturnType<typeof findingView>;

/** One page of what a run found. */
export async function findingsPage(
  needs: Needs,
  scope: Scope,
  id: string,
  page: { kind?: DriftKind | undefined; from: number; size: number },
) {
  const run = await mustFind(needs, id);
  const byKind = await findingCounts(needs.db, scope, id);
  const total = byKind.filter((k) => !page.kind || k.kind === page.kind).reduce((sum, k) => sum + k.n, 0);
  return {
    ...reportOf(run),
    total,
    from: page.from,
    byKind,
    findings: (await findingsOf(needs.db, scope, id, page)).map(findingView),
    ...(run.samples ? { samples: await seenSamples(needs, scope, run.samples) } : {}),
  };
}

export async function repairDrift(
  needs: Needs,
  id: string,
  pick: { kinds?: readonly DriftKind[] | undefined; findings?: readonly string[] | undefined },
  actor: Actor,
): Promise<Repaired> {
  const run = await mustFind(needs, id);
  if (run.state === 'running' || run.state === 'paused')
    throw refused('The comparison is not over: repair what it found when it is.', { code: 'drift-not-over' });
  const [latest] = await driftRuns(needs.db, run.system, 1);
  if (latest && latest.id !== run.id)
    throw refused('A newer comparison of this system exists: repair what that one found.', { code: 'drift-newer' });
  return repairFindings(
    needs,
    run,
    { kinds: pick.kinds ?? null, findings: pick.findings ?? null },
    { actor: actor.id, byPolicy: false },
  );
}

const System = z.object({ system: z.string() });
const Run = z.object({ run: z.uuid({ error: 'must be an id as Kaiku gives them' }) });
export const DriftPage = z.object({
  kind: z.enum(driftKinds).optional(),
  from: z.coerce.number().int().min(0).default(0),
  size: z.coerce.number().int().min(1).max(500).default(100),
});
const Repair = z
  .strictObject({ kinds: z.array(z.enum(driftKinds)).min(1).optional(), findings: z.array(z.uuid()).min(1).max(1000).optional() })
  .nullish();

/** Drift: what a system holds against what the policy says, both ways. */
export const driftRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/systems/:system/drift', { schema: { params: System } }, async ({ params }) => driftOfSystem(needs, params.system));
  app.post(
    '/systems/:system/drift',
    { schema: { params: System, body: z.strictObject({}).nullish() } },
    async ({ params, actor }) => beginDrift(needs, params.system, actor),
  );
  app.get('/drift/:run', { schema: { params: Run, querystring: DriftPage } }, async ({ params, query, scope }) =>
    findingsPage(needs, scope, params.run, query),
  );
  app.post('/drift/:run/repair', { schema: { params: Run, body: Repair } }, async ({ params, body, actor }) => ({
    run: params.run,
    ...(await repairDrift(needs, params.run, body ?? {}, actor)),
  }));
};
