import { type AuditEntry, actions } from '../../core/audit-entry.ts';
import type { Verification } from '../../core/audit-verify.ts';
import type { Evidence, Outcome, State } from '../../core/duty.ts';
import type { PlaceState } from '../../jobs/kept-outside.ts';
import type { CheckpointRow, FoundEntry } from '../../store/audit.ts';
import type { Search } from './audit-search.ts';
import { reasonWords } from './history.tsx';
import type { Translator } from './i18n.ts';
import { Badge, Card, Do, Facts, Moment, Notice, Table } from './parts.tsx';

/** The pieces of the log's page. */

export const AuditSearch = ({ t, search, systems }: { t: Translator; search: Search; systems: readonly string[] }) => (
  <Card title={t('audit.search')}>
    <form method="get" action="/audit" class="search">
      <label>
        {t('audit.action')}
        <select name="action">
          <option value="">{t('audit.any')}</option>
          {actions.map((a) => (
            <option key={a} value={a} selected={search.action === a}>
              {t.word('action', a)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('audit.system')}
        <select name="system">
          <option value="">{t('audit.any')}</option>
          {systems.map((s) => (
            <option key={s} value={s} selected={search.system === s}>
              {s}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('audit.day')}
        <input type="date" name="day" value={search.day ?? ''} />
      </label>
      <label>
        {t('audit.actor')}
        <input type="text" name="actor" value={search.actor ?? ''} autocomplete="off" />
      </label>
      <label>
        {t('audit.case')}
        <input type="text" name="case" value={search.case ?? ''} autocomplete="off" />
      </label>
      <div class="actions">
        <button type="submit" class="primary">
          {t('audit.find')}
        </button>
        <a href="/audit">{t('audit.clear')}</a>
      </div>
    </form>
  </Card>
);

/** What happened, in words: from the codes of an entry. */
function saying(t: Translator, entry: AuditEntry): string {
  const parts = [
    entry.from && entry.to ? `${t.word('state', entry.from as State)} → ${t.word('state', entry.to as State)}` : null,
    entry.step ? t.word('step', entry.step) : null,
    entry.outcome ? t.word('outcome', entry.outcome as Outcome) : null,
    entry.evidence && entry.evidence !== 'none' ? t.word('evidence', entry.evidence as Evidence) : null,
    entry.reason ? reasonWords(t, entry) : null,
    entry.code && entry.code.length < 36 ? t.word('failure', entry.code) : null,
  ];
  return parts.filter(Boolean).join(', ');
}

/** A page of entries, newest first; one more than `size` says that there are older ones. */
export function EntriesTable({
  t,
  search,
  size,
  entries,
}: {
  t: Translator;
  search: Search;
  size: number;
  entries: readonly FoundEntry[];
}) {
  const shown = entries.slice(0, size).map((e) => ({ ...e, entry: JSON.parse(e.line) as AuditEntry }));
  const last = shown.at(-1);
  const href = (before?: number) => {
    const query = new URLSearchParams(
      Object.entries({ ...search, before }).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]])),
    ).toString();
    return query ? `/audit?${query}` : '/audit';
  };
  return (
    <>
      <Table
        caption={t('audit.entries')}
        hideCaption
        empty={t('audit.none')}
        rows={shown}
        columns={[
          {
            label: t('audit.number'),
            cell: ({ index }) =>
              index === null ? <span title={t('audit.notYet')}>–</span> : <a href={`/audit/${index}`}>{index}</a>,
          },
          { label: t('audit.time'), cell: ({ entry }) => <Moment t={t} at={entry.time} /> },
          { label: t('audit.action'), cell: ({ entry }) => t.word('action', entry.action) },
          { label: t('audit.system'), cell: ({ entry }) => entry.system ?? '–' },
          { label: t('audit.what'), cell: ({ entry }) => saying(t, entry) || '–' },
          {
            label: t('audit.case'),
            cell: ({ entry }) => (entry.case ? <a href={`/audit?case=${entry.case}`}>{entry.case.slice(0, 8)}</a> : '–'),
          },
          { label: t('audit.actor'), cell: ({ entry }) => <code>{shortened(entry.actor)}</code> },
        ]}
      />
      {search.before !== undefined || entries.length > size ? (
        <nav class="pager" aria-label={t('frame.pages')}>
          {search.before === undefined ? null : <a href={href()}>{t('audit.newest')}</a>}
          {last && entries.length > size ? <a href={href(last.seq)}>{t('frame.older')}</a> : null}
        </nav>
      ) : null}
    </>
  );
}

const shortened = (actor: string) => actor.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, (id) => id.slice(0, 8));

export const CheckpointCard = ({
  t,
  latest,
  vkey,
  mayRead,
}: {
  t: Translator;
  latest: CheckpointRow | undefined;
  vkey: string;
  mayRead: boolean;
}) => (
  <Card title={t('audit.checkpoint')}>
    <p>{t('audit.checkpointLead')}</p>
    {latest ? <pre>{latest.note}</pre> : <p class="empty">{t('audit.noCheckpoint')}</p>}
    <Facts facts={[[t('audit.vkey'), <code key="vkey">{vkey}</code>]]} />
    <div class="actions">
      <Do action="/audit/verify" label={t('audit.verify')} tone="primary" />
      <a class="button" href="/audit/checkpoint" download>
        {t('audit.getCheckpoint')}
      </a>
      <a class="button" href="/audit/vkey" download>
        {t('audit.getVkey')}
      </a>
      {mayRead ? (
        <a class="button" href={`/audit/log.jsonl${latest ? `?size=${latest.size}` : ''}`} download>
          {t('audit.getLog')}
        </a>
      ) : null}
    </div>
    <p class="sub">{t('audit.filesLead')}</p>
  </Card>
);

/** Where checkpoints are kept outside, and whether they get there. */
export const PlacesCard = ({ t, places }: { t: Translator; places: PlaceState[] }) => (
  <Card title={t('checkpoint.title')}>
    <p>{t('checkpoint.lead')}</p>
    {places.length === 0 ? (
      <Notice tone="warn">{t('checkpoint.none')}</Notice>
    ) : (
      <Table<PlaceState>
        caption={t('checkpoint.title')}
        hideCaption
        empty={t('checkpoint.none')}
        rows={places}
        columns={[
          { label: t('checkpoint.place'), cell: ({ place }) => t.word('place', place) },
          {
            label: t('checkpoint.last'),
            cell: ({ at, size }) =>
              at ? (
                <>
                  <Moment t={t} at={at} />, {t('checkpoint.size', { count: size ?? 0 })}
                </>
              ) : (
                t('checkpoint.never')
              ),
          },
          {
            label: t('checkpoint.state'),
            cell: ({ at, failedSince, code }) =>
              failedSince ? (
                <Badge tone="bad">
                  {t('checkpoint.failing', { time: t.time(failedSince), why: t.word('placeFault', code ?? '') })}
                </Badge>
              ) : at ? (
                <Badge tone="good">{t('checkpoint.fine')}</Badge>
              ) : (
                <Badge tone="calm">{t('checkpoint.never')}</Badge>
              ),
          },
        ]}
      />
    )}
  </Card>
);

export const VerifiedCard = ({ t, found }: { t: Translator; found: Verification }) => (
  <Card>
    <Notice tone={found.verified ? 'good' : 'bad'}>
      {found.verified
        ? t('audit.verified')
        : found.firstBad === undefined
          ? t('audit.notVerified')
          : t('audit.notVerifiedFrom', { index: found.firstBad })}
    </Notice>
    <Facts
      facts={[
        [t('audit.size'), t.number(found.size)],
        [t('audit.checkpoints'), t.number(found.checkpoints)],
        [t('audit.root'), <code key="root">{found.root}</code>],
        [t('audit.firstBad'), found.firstBad === undefined ? null : t.number(found.firstBad)],
        [t('audit.trimmed'), found.trimmed === undefined ? null : t.number(found.trimmed)],
      ]}
    />
    <p>
      <a href="/audit">{t('audit.back')}</a>
    </p>
  </Card>
);
