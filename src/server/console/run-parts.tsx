import type { RunRow } from '../../store/runs.ts';
import type { Translator } from './i18n.ts';
import { Badge, IdLink, Moment, Table } from './parts.tsx';

const tones: Record<RunRow['state'], { tone: string; mark: string }> = {
  previewed: { tone: 'calm', mark: '◎' },
  running: { tone: 'busy', mark: '◌' },
  paused: { tone: 'warn', mark: '‖' },
  stopped: { tone: 'calm', mark: '■' },
  finished: { tone: 'good', mark: '✓' },
  failed: { tone: 'bad', mark: '✕' },
};

export const RunBadge = ({ t, state }: { t: Translator; state: RunRow['state'] }) => (
  <Badge {...tones[state]}>{t.word('runState', state)}</Badge>
);

/** The counts of a run that are not nought, in their own order. */
export const countWords = (t: Translator, counts: Record<string, number>, names = Object.keys(counts)) =>
  names
    .filter((name) => (counts[name] ?? 0) > 0)
    .map((name) => `${t.word('count', name)} ${t.number(counts[name] ?? 0)}`)
    .join(', ');

const kindWords = (t: Translator, run: RunRow) => {
  const kind = t.word('runKind', run.kind);
  return run.dry ? t('systems.runPreview', { kind }) : kind;
};

export const countOrder = ['create', 'update', 'relink', 'restrict', 'erase', 'blocked', 'unchanged', 'orphans'] as const;
export const linkOrder = ['read', 'linked', 'alreadyLinked', 'ambiguous', 'shared', 'orphans'] as const;
export const orderOf = (kind: RunRow['kind']): readonly string[] => (kind === 'link' ? linkOrder : countOrder);

export const RunsTable = ({ t, runs }: { t: Translator; runs: readonly RunRow[] }) => (
  <Table
    caption={t('systems.runs')}
    hideCaption
    empty={t('systems.runsNone')}
    rows={runs}
    columns={[
      { label: t('systems.run'), cell: (r) => <IdLink href={`/runs/${r.id}`} id={r.id} /> },
      { label: t('systems.runKind'), cell: (r) => kindWords(t, r) },
      { label: t('systems.runState'), cell: (r) => <RunBadge t={t} state={r.state} /> },
      { label: t('systems.runStarted'), cell: (r) => <Moment t={t} at={r.started_at} /> },
      { label: t('systems.runCounts'), cell: (r) => countWords(t, r.counts, [...orderOf(r.kind)]) || '–' },
    ]}
  />
);
