import type { ComponentChildren } from 'preact';
import type { State } from '../../core/duty.ts';
import type { FailedStep } from '../../jobs/run-failures.ts';
import type { RunView } from '../run-view.ts';
import type { Translator } from './i18n.ts';
import { Card, Do, Facts, Moment, Notice, StateBadge, Table } from './parts.tsx';
import { orderOf, RunBadge } from './run-parts.tsx';

/** The cards of a run's page. */
interface CardOptions {
  t: Translator;
  run: RunView;
}

const inMinutes = (seconds: number) => (seconds < 60 ? 0 : Math.ceil(seconds / 60));

export function ProgressCard({ t, run, known, children }: CardOptions & { known: number; children: ComponentChildren }) {
  const isOver = run.state !== 'running' && run.state !== 'paused';
  return (
    <Card title={t('runs.progress')} id="progress" live>
      {run.problem ? (
        <Notice tone={isOver || run.state === 'paused' ? 'bad' : 'warn'}>
          {run.problem === 'mass-change'
            ? t.word('failure', run.problem)
            : t('runs.trouble', { why: t.word('failure', run.problem) })}
        </Notice>
      ) : null}
      <p class="sentence">
        <RunBadge t={t} state={run.state} /> {isOver ? null : t.word('runPhase', run.phase)}
      </p>
      {isOver ? null : <Bar t={t} run={run} known={known} />}
      <Facts
        facts={[
          [t('runs.started'), <Moment key="from" t={t} at={run.startedAt} />],
          [t('runs.ended'), run.finishedAt ? <Moment key="to" t={t} at={run.finishedAt} /> : null],
          [t('runs.calls'), t.number(run.calls)],
          [
            t('runs.throttle'),
            isOver || run.dryRun
              ? null
              : run.throttle === undefined
                ? t('runs.throttleNone')
                : t('runs.throttleOf', { n: t.number(run.throttle) }),
          ],
        ]}
      />
      {children}
    </Card>
  );
}

function Bar({ t, run, known }: CardOptions & { known: number }) {
  const { total, done, failed, perSecond, secondsLeft } = run.progress;
  if (run.phase !== 'working') {
    const text =
      known > 0 ? t('runs.readOf', { n: run.rowsRead, of: Math.max(known, run.rowsRead) }) : t('runs.read', { n: run.rowsRead });
    return (
      <p>
        {known > 0 ? <progress max={Math.max(known, run.rowsRead)} value={run.rowsRead} aria-label={text} /> : null}
        {text}
      </p>
    );
  }
  const text = t('runs.steps', { done, total });
  return (
    <p>
      <progress max={Math.max(1, total)} value={done} aria-label={text} />
      {text}
      {failed > 0 ? `; ${t('runs.failed', { n: failed })}` : ''}
      {run.state === 'running' && done < total ? (
        <span class="sub">
          {secondsLeft === undefined
            ? t('runs.rateNone')
            : `${t('runs.rate', { n: t.number(perSecond) })}; ${t('runs.left', { minutes: inMinutes(secondsLeft) })}`}
        </span>
      ) : null}
    </p>
  );
}

export function SteerCard({ t, run, isMassChange }: CardOptions & { isMassChange: boolean }) {
  const isOpen = run.state === 'running' || run.state === 'paused';
  const at = `/runs/${run.run}`;
  if (!isOpen)
    return run.state === 'failed' && !run.dryRun && run.progress.failed === 0 ? (
      <div class="actions">
        <Do action={`${at}/retry`} label={t.word('runVerb', 'resume')} tone="primary" />
      </div>
    ) : null;
  return (
    <>
      {isMassChange ? (
        <MassForm t={t} action={`${at}/resume`} rows={run.rowsToSay ?? 0} label={t.word('runVerb', 'resume')} />
      ) : null}
      <div class="actions">
        {run.state === 'running' ? <Do action={`${at}/pause`} label={t.word('runVerb', 'pause')} /> : null}
        {run.state === 'paused' && !isMassChange ? (
          <Do action={`${at}/resume`} label={t.word('runVerb', 'resume')} tone="primary" />
        ) : null}
        <Do action={`${at}/stop`} label={t.word('runVerb', 'stop')} tone="danger" />
      </div>
      {run.dryRun || run.kind === 'link' ? null : (
        <details>
          <summary>{t('runs.throttle')}</summary>
          <form method="post" action={`${at}/throttle`} class="form">
            <PaceField t={t} value={run.throttle} />
            <div>
              <button type="submit">{t('runs.paceSet')}</button>
            </div>
          </form>
        </details>
      )}
    </>
  );
}

const PaceField = ({ t, value }: { t: Translator; value?: number | undefined }) => (
  <label>
    {t('runs.pace')}
    <span class="hint">{t('runs.paceHint')}</span>
    <input type="number" name="perSecond" min="0.1" max="1000" step="0.1" inputMode="decimal" value={value ?? ''} />
  </label>
);

/** A mass change is agreed to by writing out how many rows it is about. */
const MassFields = ({ t, rows }: { t: Translator; rows: number }) => (
  <>
    <Notice tone="bad">
      <strong>{t('runs.mass')}</strong>
      <p>{t('runs.massLead', { n: rows })}</p>
    </Notice>
    <label>
      {t('runs.massType')}
      <input type="text" name="rows" inputMode="numeric" pattern="[0-9]+" autocomplete="off" required />
    </label>
  </>
);

const MassForm = ({ t, action, rows, label }: { t: Translator; action: string; rows: number; label: string }) => (
  <form method="post" action={action} class="form">
    <MassFields t={t} rows={rows} />
    <div>
      <button type="submit" class="danger">
        {label}
      </button>
    </div>
  </form>
);

export function CountsCard({ t, run }: CardOptions) {
  const order = orderOf(run.kind);
  const isDone = run.phase === 'working' || run.state === 'previewed' || run.state === 'finished';
  const differs = order.some((name) => name !== 'unchanged' && name !== 'orphans' && (run.counts[name] ?? 0) > 0);
  return (
    <Card title={t(isDone ? 'runs.counts' : 'runs.countsNow')} id="counts" live>
      <ul class="tiles counts">
        {order.map((name) => (
          <li key={name}>
            <strong>{t.number(run.counts[name] ?? 0)}</strong>
            <span>{t.word('count', name)}</span>
          </li>
        ))}
      </ul>
      {run.kind === 'resync' ? <p class="sub">{t('runs.people')}</p> : null}
      {run.state === 'previewed' ? <p>{t('runs.nothingWritten')}</p> : null}
      {run.state === 'previewed' && run.kind === 'resync' && !differs ? <p>{t('runs.none')}</p> : null}
      {run.state === 'previewed' && run.expected ? (
        <p>{t('runs.expected', { calls: run.expected.calls, minutes: inMinutes(run.expected.seconds) })}</p>
      ) : null}
    </Card>
  );
}

export const ConfirmCard = ({ t, run }: CardOptions) => (
  <Card title={t('runs.confirm')}>
    {run.kind === 'resync' ? <p>{t('runs.confirmLead')}</p> : null}
    <form method="post" action={`/runs/${run.run}/confirm`} class="form wide">
      {run.rowsToSay === undefined ? null : <MassFields t={t} rows={run.rowsToSay} />}
      {run.kind === 'resync' ? <PaceField t={t} /> : null}
      <div>
        <button type="submit" class={run.rowsToSay === undefined ? 'primary' : 'danger'}>
          {t(run.kind === 'link' ? 'runs.confirmLink' : 'runs.confirmResync')}
        </button>
      </div>
    </form>
  </Card>
);

const words = (row: Record<string, string>, t: Translator) =>
  Object.entries(row)
    .map(([name, value]) => `${t.word('field', name)}: ${value}`)
    .join(', ');

export function SamplesCard({ t, run }: CardOptions) {
  const { samples } = run;
  if (!samples || samples.changed.length + samples.orphans.length === 0) return null;
  return (
    <Card title={t(samples.changed.length > 0 ? 'runs.samples' : 'runs.orphans')}>
      <p class="sub">{t('runs.samplesLead')}</p>
      {samples.changed.length > 0 ? (
        <Table
          caption={t('runs.samples')}
          hideCaption
          empty=""
          rows={samples.changed}
          columns={[
            {
              label: t('runs.sampleFields'),
              cell: (s) => s.fields.map((f) => t.word('field', f)).join(', ') || t('runs.sampleStanding'),
            },
            { label: t('runs.sampleRow'), cell: (s) => words(s.row, t) },
          ]}
        />
      ) : null}
      {samples.orphans.length > 0 ? (
        <>
          {samples.changed.length > 0 ? <h3>{t('runs.orphans')}</h3> : null}
          <p class="sub">{t('runs.orphansLead')}</p>
          <ul class="plain">
            {samples.orphans.map((row, i) => (
              <li key={i}>{words(row, t)}</li>
            ))}
          </ul>
        </>
      ) : null}
    </Card>
  );
}

export const FailuresCard = ({ t, run, steps, canRetry }: CardOptions & { steps: readonly FailedStep[]; canRetry: boolean }) => (
  <Card title={t('runs.failures')}>
    <p>{t('runs.failuresLead')}</p>
    <Table
      caption={t('runs.failures')}
      hideCaption
      empty=""
      rows={steps}
      columns={[
        {
          label: t('runs.failureState'),
          cell: (s) => (
            <>
              <StateBadge t={t} state={s.state as State} />
              {s.reason ? <span class="sub">{t.word('reason', s.reason)}</span> : null}
            </>
          ),
        },
        { label: t('runs.failureStep'), cell: (s) => t.word('step', s.step) },
        { label: t('runs.failureSends'), cell: (s) => sends(t, s) },
      ]}
    />
    {run.progress.failed > steps.length ? <p class="sub">{t('runs.failuresMore', { n: steps.length })}</p> : null}
    {canRetry ? (
      <div class="actions">
        <Do action={`/runs/${run.run}/retry`} label={t.word('runVerb', 'retry')} tone="primary" />
      </div>
    ) : null}
  </Card>
);

function sends(t: Translator, { fields, blanked }: FailedStep) {
  const shown = Object.entries(fields).map(([name, value]) => `${t.word('field', name)}: ${value || t('runs.failureFresh')}`);
  if (blanked.length > 0) shown.push(t('runs.failureBlank', { fields: blanked.map((f) => t.word('field', f)).join(', ') }));
  return shown.join('; ') || t('runs.failureNothing');
}
