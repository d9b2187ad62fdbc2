import { type DriftKind, driftKinds } from '../../core/drift.ts';
import { type DriftOfSystem, type DriftReport, type FindingView, total } from '../drift.ts';
import type { Translator } from './i18n.ts';
import { Badge, Card, Facts, IdLink, Moment, Table } from './parts.tsx';
import { Sparkline, trendWords } from './sparkline.tsx';

/** The pieces of the pages about drift. */

/** The state of a comparison in one mark. */
export function ReportBadge({ t, report }: { t: Translator; report: DriftReport | null }) {
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

export const Trend = ({ t, trend }: { t: Translator; trend: readonly DriftReport[] }) => {
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
    <Card title={t('drift.title')} id="drift" live>
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

/** What each kind means, how often it was found and in which fields. */
export function Kinds({ t, report, system }: { t: Translator; report: DriftReport; system: string }) {
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
export function Findings({
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

export function RepairKinds({ t, run, report }: { t: Translator; run: string; report: DriftReport }) {
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
