import { z } from 'zod';
import type { Needs } from '../../jobs/needs.ts';
import { massChange } from '../../jobs/resync.ts';
import { failedSteps } from '../../jobs/run-failures.ts';
import { confirmPreview, type RunVerb, steerRun } from '../../jobs/steer-run.ts';
import { countRecords } from '../../store/records.ts';
import { isFresh, type RunRow, runOfPreview } from '../../store/runs.ts';
import { Id } from '../routes.ts';
import { type RunView, runView } from '../run-view.ts';
import { knownRun, refusing } from '../runs.ts';
import type { Translator } from './i18n.ts';
import { type Ask, page, type Redirect, type View } from './page.ts';
import { Do, Notice } from './parts.tsx';
import { ConfirmCard, CountsCard, FailuresCard, ProgressCard, SamplesCard, SteerCard } from './run-cards.tsx';

/** A number as a form sends it; an empty field says nothing. */
const optional = (number: z.ZodNumber) =>
  z.preprocess((v) => (v === '' || v === undefined ? undefined : Number(v)), number.optional());
const perSecond = optional(z.number({ error: 'must be a number' }).positive({ error: 'must be more than 0' }).max(1000));
const rows = optional(z.number({ error: 'must be a number' }).int().min(0));
const Steering = z.object({ perSecond, rows });

const mostFailures = 20;

const steering = (verb: RunVerb) =>
  page({
    method: 'POST',
    path: `/runs/:id/${verb}`,
    roles: ['admin'],
    params: Id,
    body: Steering,
    handle: async ({ needs, actor, params, body }) => {
      const run = await knownRun(needs, params.id);
      await refusing(steerRun(needs, run, verb, { actor: actor.id, ...body }));
      return { to: `/runs/${run.id}`, said: 'runSteered' };
    },
  });

/** A run: its preview, its progress, and what an admin may do with it. */
export const runPages = [
  page({ method: 'GET', path: '/runs/:id', roles: ['admin', 'dpo'], params: Id, handle: runPage }),
  page({
    method: 'POST',
    path: '/runs/:id/confirm',
    roles: ['admin'],
    params: Id,
    body: Steering,
    handle: async ({ needs, actor, params, body }) => {
      const preview = await knownRun(needs, params.id);
      const run = await refusing(confirmPreview(needs, preview, { actor: actor.id, ...body }));
      return { to: `/runs/${run.id}`, said: 'runStarted' };
    },
  }),
  steering('pause'),
  steering('resume'),
  steering('stop'),
  steering('retry'),
  steering('throttle'),
];

const titles = { resync: 'titleResync', link: 'titleLink' } as const;

async function runPage({ needs, t, actor, params, scope }: Ask<{ id: string }>): Promise<View | Redirect> {
  const run = await knownRun(needs, params.id);
  if (run.kind === 'drift') return { to: `/systems/${run.system}/drift` };
  const view = await runView(needs, run, scope);
  const isAdmin = actor.roles.includes('admin');
  const known = run.state === 'running' || run.state === 'paused' ? await countRecords(needs.db, run.system) : 0;
  const card = { t, run: view };
  return {
    title: t(`runs.${titles[run.kind]}${run.dry ? 'Dry' : ''}`, { system: run.system }),
    live: `run:${run.id}`,
    body: (
      <>
        <p>
          <a href={`/systems/${run.system}`}>{t('runs.back', { system: run.system })}</a>
        </p>
        <ProgressCard {...card} known={known}>
          {isAdmin ? <SteerCard {...card} isMassChange={run.problem === massChange} /> : null}
        </ProgressCard>
        <CountsCard {...card} />
        {/* always there, so that a preview that ends shows its question without a reload */}
        <div id="confirm" data-live>
          {isAdmin && run.state === 'previewed' ? await confirmation(needs, t, run, view) : null}
        </div>
        <div id="failures" data-live>
          {isAdmin && view.progress.failed > 0 ? (
            <FailuresCard
              {...card}
              steps={await failedSteps(needs, run, mostFailures)}
              canRetry={!run.dry && ['finished', 'failed', 'running'].includes(run.state)}
            />
          ) : null}
        </div>
        <div id="samples" data-live>
          <SamplesCard {...card} />
        </div>
      </>
    ),
  };
}

async function confirmation(needs: Needs, t: Translator, run: RunRow, view: RunView) {
  const made = await runOfPreview(needs.db, run.id);
  if (made)
    return (
      <Notice tone="calm">
        {t('runs.confirmedBy')} <a href={`/runs/${made.id}`}>{t('runs.confirmRun')}</a>
      </Notice>
    );
  if (!(await isFresh(needs.db, run.id)))
    return (
      <Notice tone="warn">
        <p>{t('runs.stale')}</p>
        <Do action={`/systems/${run.system}/${run.kind === 'link' ? 'link' : 'preview'}`} label={t('runs.again')} />
      </Notice>
    );
  return <ConfirmCard t={t} run={view} />;
}
