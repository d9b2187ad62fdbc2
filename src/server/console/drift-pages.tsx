import { z } from 'zod';
import { driftKinds } from '../../core/drift.ts';
import {
  beginDrift,
  type DriftOfSystem,
  type DriftReport,
  driftOfAll,
  driftOfSystem,
  findingsPage,
  repairDrift,
  total,
} from '../drift.ts';
import { Findings, Kinds, RepairKinds, ReportBadge, Trend } from './drift-parts.tsx';
import type { Translator } from './i18n.ts';
import { page } from './page.ts';
import { Card, Do, Facts, Moment, Notice, Pager, Table } from './parts.tsx';

const readers = ['admin', 'dpo'] as const;
const pageSize = 50;

const countColumns = (t: Translator) =>
  driftKinds.map((kind) => ({
    label: t(`drift.kind.${kind}`),
    numeric: true,
    cell: (d: { latest: DriftReport | null }) => (d.latest ? t.number(d.latest.counts[kind]) : '–'),
  }));

const Query = z.object({
  kind: z
    .enum(['', ...driftKinds])
    .default('')
    .transform((kind) => (kind === '' ? undefined : kind)),
  from: z.coerce.number().int().min(0).default(0),
});
const System = z.object({ system: z.string() });
/** A form's single box comes as a text, several as a list. */
const many = <T extends z.ZodType>(of: T) =>
  z.preprocess((v) => (v === undefined || v === '' ? [] : Array.isArray(v) ? v : [v]), z.array(of));
const Repair = z.object({
  what: z.enum(['all', 'kinds', 'findings']),
  kinds: many(z.enum(driftKinds)),
  findings: many(z.uuid()),
});

export const driftPages = [
  page({
    method: 'GET',
    path: '/drift',
    roles: readers,
    handle: async ({ needs, t }) => {
      const all = await driftOfAll(needs);
      return {
        title: t('drift.title'),
        live: 'all',
        body: (
          <>
            <p class="lead">{t('drift.lead')}</p>
            <Card id="drift-systems" live>
              <Table<DriftOfSystem>
                caption={t('drift.bySystem')}
                hideCaption
                empty={t('drift.noSystem')}
                rows={all}
                columns={[
                  { label: t('drift.system'), cell: (d) => <a href={`/systems/${d.system}/drift`}>{d.system}</a> },
                  { label: t('drift.state'), cell: (d) => <ReportBadge t={t} report={d.latest} /> },
                  ...countColumns(t),
                  { label: t('drift.when'), cell: (d) => <Moment t={t} at={d.latest?.finishedAt ?? d.latest?.startedAt} /> },
                  { label: t('drift.trend'), cell: (d) => <Trend t={t} trend={d.trend} /> },
                ]}
              />
            </Card>
          </>
        ),
      };
    },
  }),
  page({
    method: 'GET',
    path: '/systems/:system/drift',
    roles: readers,
    params: System,
    query: Query,
    handle: async ({ needs, t, params, query, actor, scope }) => {
      const drift = await driftOfSystem(needs, params.system);
      const { latest } = drift;
      const found = latest
        ? await findingsPage(needs, scope, latest.run, { kind: query.kind, from: query.from, size: pageSize })
        : null;
      const mayAct = actor.roles.includes('admin');
      const isUnderWay = latest?.state === 'running' || latest?.state === 'paused';
      return {
        title: t('drift.of', { system: params.system }),
        live: isUnderWay && latest ? `run:${latest.run}` : 'all',
        body: (
          <>
            <Card title={t('drift.latest')} id="drift-latest" live>
              <p>
                <ReportBadge t={t} report={latest} />
              </p>
              {latest && !latest.complete && !isUnderWay ? (
                <Notice tone="warn">
                  <p>{t('drift.incompleteWhy')}</p>
                </Notice>
              ) : null}
              {latest ? (
                <Facts
                  facts={[
                    [t('drift.when'), <Moment key="when" t={t} at={latest.finishedAt ?? latest.startedAt} />],
                    [t('drift.rows'), t.number(latest.rows)],
                    [t('drift.people'), t.number(latest.people)],
                    [t('drift.requests'), t.number(latest.calls)],
                    [t('drift.schedule'), t('drift.every', { hours: drift.everyHours })],
                    [t('drift.repairPolicy'), t(`drift.repair.${drift.repair}`)],
                    [t('drift.problem'), latest.problem ? t.word('failure', latest.problem) : null],
                  ]}
                />
              ) : (
                <p>{t('drift.every', { hours: drift.everyHours })}</p>
              )}
              {mayAct && !isUnderWay ? (
                <div class="actions">
                  <Do action={`/systems/${params.system}/drift`} label={t('drift.start')} tone="primary" />
                </div>
              ) : null}
            </Card>
            {latest && found ? <Kinds t={t} report={latest} system={params.system} /> : null}
            {found && found.total > 0 && latest ? (
              <Card title={t('drift.findings')} id="drift-findings">
                <Findings t={t} findings={found.findings} run={latest.run} mayAct={mayAct && !isUnderWay} />
                <Pager
                  t={t}
                  from={query.from}
                  size={pageSize}
                  total={found.total}
                  href={(from) => `/systems/${params.system}/drift?from=${from}${query.kind ? `&kind=${query.kind}` : ''}`}
                />
              </Card>
            ) : null}
            {mayAct && latest && !isUnderWay && total(latest) > 0 ? <RepairKinds t={t} run={latest.run} report={latest} /> : null}
            <Card title={t('drift.trend')} id="drift-trend">
              <Trend t={t} trend={drift.trend} />
              <Table<DriftReport>
                caption={t('drift.runs')}
                hideCaption
                empty={t('drift.noTrend')}
                rows={drift.trend}
                columns={[
                  { label: t('drift.when'), cell: (r) => <Moment t={t} at={r.finishedAt ?? r.startedAt} /> },
                  { label: t('drift.state'), cell: (r) => <ReportBadge t={t} report={r} /> },
                  ...driftKinds.map((kind) => ({
                    label: t(`drift.kind.${kind}`),
                    numeric: true,
                    cell: (r: DriftReport) => t.number(r.counts[kind]),
                  })),
                ]}
              />
            </Card>
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/systems/:system/drift',
    roles: ['admin'],
    params: System,
    handle: async ({ needs, params, actor }) => {
      await beginDrift(needs, params.system, actor);
      return { to: `/systems/${params.system}/drift`, said: 'driftStarted' };
    },
  }),
  page({
    method: 'POST',
    path: '/drift/:run/repair',
    roles: ['admin'],
    params: z.object({ run: z.uuid() }),
    body: Repair,
    handle: async ({ needs, params, body, actor, scope }) => {
      const { system } = await findingsPage(needs, scope, params.run, { from: 0, size: 1 });
      const pick = body.what === 'kinds' ? { kinds: body.kinds } : body.what === 'findings' ? { findings: body.findings } : {};
      const { owed, left } = await repairDrift(needs, params.run, pick, actor);
      return { to: `/systems/${system}/drift`, said: owed > 0 ? (left > 0 ? 'driftPartly' : 'driftRepaired') : 'driftNothing' };
    },
  }),
];
