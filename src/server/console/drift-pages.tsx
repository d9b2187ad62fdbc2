import { z } from 'zod';
import { type DriftKind, driftKinds } from '../../core/drift.ts';
import {
  beginDrift,
  type DriftOfSystem,
  type DriftReport,
  driftOfAll,
  driftOfSystem,
  type FindingView,
  findingsPage,
  repairDrift,
  total,
} from '../drift.ts';
import type { Translator } from './i18n.ts';
import { page } from './page.ts';
import { Badge, Card, Do, Facts, IdLink, Moment, Notice, Pager, Table } from './parts.tsx';
import { Sparkline, trendWords } from './sparkline.tsx';

const readers = ['admin', 'dpo'] as const;
const pageSize = 50;

/** The state of a comparison in one mark. */
function ReportBadge({ t, report }: { t: Translator; report: DriftReport | null }) {
  if (!report) return <Badge tone="calm">{t('drift.never')}</Badge>;
  if (report.state === 'running' || report.state === 'paused')
    return (
      <Badge tone="busy" mark="◌">
        {t('drift.underWay')}
      </Badge>
    );
  if (!report.complete)
    return (
      <Badge tone="warn" mark="?">
        {t('drift.incomplete')}
      </Badge>
    );
  const found = total(report);
  return found === 0 ? (
    <Badge tone="good" mark="✓">
      {t('drift.clean')}
    </Badge>
  ) : (
    <Badge tone={report.counts['erased-but-back'] > 0 ? 'bad' : 'warn'} mark="≠">
      {t('drift.differences', { n: found })}
    </Badge>
  );
}

/** Totals of the runs that read everything, oldest first. */
const lineOf = (trend: readonly DriftReport[]) =>
  trend
    .filter((r) => r.complete)
    .map(total)
    .reverse();

const Trend = ({ t, trend }: { t: Translator; trend: readonly DriftReport[] }) => {
  const values = lineOf(trend);
  return values.length === 0 ? (
    <span class="sub">{t('drift.noTrend')}</span>
  ) : (
    <Sparkline values={values} label={trendWords(t, values)} />
  );
};

/** Drift in short, for the page of a system. */
export function DriftCard({ t, drift }: { t: Translator; drift: DriftOfSystem }) {
  const { latest, system, trend } = drift;
  return (
    <Card title={t('drift.title')} id="drift">
      <p>
        <ReportBadge t={t} report={latest} /> <Moment t={t} at={latest?.finishedAt ?? latest?.startedAt} />
      </p>
      {latest ? (
        <Facts facts={driftKinds.map((kind) => [t(`drift.kind.${kind}`), t.number(latest.counts[kind])] as const)} />
      ) : null}
      <Trend t={t} trend={trend} />
      <p>
        <a href={`/systems/${system}/drift`}>{t('drift.open')}</a>
      </p>
    </Card>
  );
}

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
      const found = latest ? await findingsPage(needs, scope, latest.run, { kind: query.kind, from: query.from, size: pageSize }) : null;
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

/** What each kind means, how often it was found and in which fields. */
function Kinds({ t, report, system }: { t: Translator; report: DriftReport; system: string }) {
  return (
    <Card title={t('drift.kinds')} id="drift-kinds" live>
      <Table<DriftKind>
        caption={t('drift.kinds')}
        hideCaption
        empty=""
        rows={driftKinds}
        columns={[
          {
            label: t('drift.kindLabel'),
            cell: (kind) => (
              <>
                {report.counts[kind] > 0 ? (
                  <a href={`/systems/${system}/drift?kind=${kind}#drift-findings`}>{t(`drift.kind.${kind}`)}</a>
                ) : (
                  t(`drift.kind.${kind}`)
                )}
                <span class="sub">{t(`drift.means.${kind}`)}</span>
              </>
            ),
          },
          { label: t('drift.count'), numeric: true, cell: (kind) => t.number(report.counts[kind]) },
          {
            label: t('drift.fields'),
            cell: (kind) =>
              Object.entries(report.fields[kind] ?? {})
                .map(([field, n]) => `${t.word('field', field)} ${t.number(n)}`)
                .join(', '),
          },
        ]}
      />
    </Card>
  );
}

/** Single findings; each may be chosen for a repair. */
function Findings({
  t,
  findings,
  run,
  mayAct,
}: {
  t: Translator;
  findings: readonly FindingView[];
  run: string;
  mayAct: boolean;
}) {
  const choosable = (f: FindingView) => mayAct && !f.repairedAt && f.kind !== 'orphan';
  const list = (
    <Table<FindingView>
      caption={t('drift.findings')}
      hideCaption
      empty={t('drift.clean')}
      rows={findings}
      columns={[
        ...(mayAct
          ? [
              {
                label: t('drift.choose'),
                cell: (f: FindingView) =>
                  choosable(f) ? (
                    <input
                      type="checkbox"
                      name="findings"
                      value={f.id}
                      aria-label={t('drift.chooseOne', { id: f.id.slice(0, 8) })}
                    />
                  ) : null,
              },
            ]
          : []),
        { label: t('drift.kindLabel'), cell: (f) => t(`drift.kind.${f.kind}`) },
        {
          label: t('drift.whose'),
          cell: (f) =>
            f.subject ? (
              <IdLink href={`/people/${f.subject}`} id={f.subject} />
            ) : (
              <span class="id" title={t('drift.rowHash')}>
                {f.row}
              </span>
            ),
        },
        { label: t('drift.place'), cell: (f) => f.place },
        {
          label: t('drift.fields'),
          cell: (f) => (
            <>
              {f.fields.map((name) => t.word('field', name)).join(', ')}
              {f.reason ? <span class="sub">{t.word('driftReason', f.reason)}</span> : null}
            </>
          ),
        },
        {
          label: t('drift.repairedAt'),
          cell: (f) => (f.repairedAt ? <Moment t={t} at={f.repairedAt} /> : '–'),
        },
      ]}
    />
  );
  if (!mayAct || !findings.some(choosable)) return list;
  return (
    <form method="post" action={`/drift/${run}/repair`}>
      <input type="hidden" name="what" value="findings" />
      {list}
      <div class="actions">
        <button type="submit">{t('drift.repairChosen')}</button>
      </div>
    </form>
  );
}

function RepairKinds({ t, run, report }: { t: Translator; run: string; report: DriftReport }) {
  const kinds = driftKinds.filter((kind) => kind !== 'orphan' && report.counts[kind] > 0);
  return (
    <Card title={t('drift.repairTitle')} id="drift-repair">
      <p>{t('drift.repairLead')}</p>
      {kinds.length > 0 ? (
        <form method="post" action={`/drift/${run}/repair`} class="form">
          <fieldset>
            <legend>{t('drift.kindLabel')}</legend>
            {kinds.map((kind) => (
              <label class="check" key={kind}>
                <input type="checkbox" name="kinds" value={kind} /> {t(`drift.kind.${kind}`)} ({t.number(report.counts[kind])})
              </label>
            ))}
          </fieldset>
          <div class="actions">
            <button type="submit" name="what" value="kinds" class="primary">
              {t('drift.repairKinds')}
            </button>
            <button type="submit" name="what" value="all">
              {t('drift.repairAll')}
            </button>
          </div>
        </form>
      ) : null}
      {report.counts.orphan > 0 ? <p class="hint">{t('drift.orphansHint', { system: report.system })}</p> : null}
    </Card>
  );
}
