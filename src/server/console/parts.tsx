import type { ComponentChildren } from 'preact';
import type { DutyView, Evidence, State } from '../../core/duty.ts';
import type { Translator } from './i18n.ts';

/** The small pieces that every page is made of. Nothing here knows the ledger. */

/** How a state looks: a shape as well as a colour, because a colour alone tells some people nothing. */
const tones: Record<State, { tone: string; mark: string }> = {
  open: { tone: 'busy', mark: '◌' },
  sending: { tone: 'busy', mark: '◌' },
  unknown: { tone: 'warn', mark: '?' },
  waiting: { tone: 'calm', mark: '◷' },
  asked: { tone: 'warn', mark: '✉' },
  held: { tone: 'warn', mark: '‖' },
  settled: { tone: 'good', mark: '✓' },
  dead: { tone: 'bad', mark: '✕' },
};

export function Badge({ tone, mark, children }: { tone: string; mark?: string; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      {mark ? (
        <span class="mark" aria-hidden="true">
          {mark}
        </span>
      ) : null}
      {children}
    </span>
  );
}

export const StateBadge = ({ t, state }: { t: Translator; state: State }) => (
  <Badge {...tones[state]}>{t.word('state', state)}</Badge>
);

/** The ladder of evidence: as many steps filled as were climbed. A page may hold a hundred of them: one letter a step. */
export function EvidenceMark({ t, evidence }: { t: Translator; evidence: Evidence }) {
  const ladder: Evidence[] = ['asked', 'accepted', 'acknowledged', 'observed', 're-observed'];
  const reached = ladder.indexOf(evidence) + 1;
  return (
    <span class="evidence">
      <span class="ladder" aria-hidden="true">
        {ladder.map((step, i) => (i < reached ? <b key={step} /> : <i key={step} />))}
      </span>
      {t.word('evidence', evidence)}
    </span>
  );
}

/** What a duty says in one cell: outcome, what is kept and until when, who was asked. `at`: now, after which silence shows as such. */
export function DutyWords({ t, duty, at }: { t: Translator; duty: DutyView; at: Date }) {
  return (
    <>
      {duty.outcome ? <span>{t.word('outcome', duty.outcome)}</span> : null}
      {duty.retained ? <RetainedWords t={t} retained={duty.retained} /> : null}
      {duty.outcome === 'erased' ? <GoneWords t={t} duty={duty} /> : null}
      {duty.asked ? <AskedWords t={t} asked={duty.asked} at={at} /> : null}
      {duty.notBefore && !duty.retained ? (
        <span class="sub">{t('words.notBefore', { time: t.time(duty.notBefore) })}</span>
      ) : null}
      {duty.reason ? <span class="sub">{t.word('reason', duty.reason)}</span> : null}
    </>
  );
}

/** Whoever was asked and let the day go by is shown in red: silence closes nothing. */
const AskedWords = ({ t, asked, at }: { t: Translator; asked: NonNullable<DutyView['asked']>; at: Date }) => (
  <>
    <span class="sub">{t('words.askedBy', { whom: asked.whom, day: t.day(asked.due) })}</span>
    {new Date(asked.due) < at ? (
      <Badge tone="bad" mark="!">
        {t('home.overdue', { day: t.day(asked.due) })}
      </Badge>
    ) : null}
  </>
);

/** What is kept until when; each field by the law that keeps it, where more than one does. */
function RetainedWords({ t, retained }: { t: Translator; retained: NonNullable<DutyView['retained']> }) {
  const list = (fields: readonly string[]) => fields.map((f) => t.word('field', f)).join(', ');
  const parts = retained.parts ?? [];
  return (
    <>
      <span class="sub">
        {t('words.retainedUntil', { day: t.day(retained.until), law: t.law(retained.law) })}
        {parts.length > 1 ? null : `: ${list(retained.fields)}`}
      </span>
      {parts.length > 1
        ? parts.map((part) => (
            <span class="sub" key={`${part.law}${part.until}`}>
              {t('words.keptPart', { day: t.day(part.until), law: t.law(part.law), fields: list(part.fields) })}
            </span>
          ))
        : null}
    </>
  );
}

/** Of an erasure: how far it can be proven there, whether it was looked for again, and until when backups may hold the person. */
function GoneWords({ t, duty }: { t: Translator; duty: DutyView }) {
  const { rechecks, backupsUntil, cap } = duty;
  return (
    <>
      {rechecks?.last ? <span class="sub">{t('words.rechecked', { time: t.time(rechecks.last) })}</span> : null}
      {rechecks?.next ? <span class="sub">{t('words.recheckDue', { time: t.time(rechecks.next) })}</span> : null}
      {backupsUntil ? <span class="sub">{t('words.backupsUntil', { day: t.day(backupsUntil) })}</span> : null}
      {backupsUntil === null ? <span class="sub">{t('words.backupsUnknown')}</span> : null}
      {cap ? <span class="sub">{t('words.capped', { evidence: t.word('evidence', cap) })}</span> : null}
    </>
  );
}

export interface Column<Row> {
  label: string;
  cell(row: Row): ComponentChildren;
  /** Numbers stand right. */
  numeric?: boolean;
}

/** A table that turns into cards on a phone: each cell carries its label. */
export function Table<Row>({
  caption,
  columns,
  rows,
  empty,
  id,
  hideCaption,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  empty: string;
  id?: string;
  hideCaption?: boolean;
}) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table {...(id ? { id } : {})}>
      <caption class={hideCaption ? 'sr' : undefined}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((c) => (
            <th key={c.label} scope="col" class={c.numeric ? 'num' : undefined}>
              {c.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i}>
            {columns.map((c) => (
              <td key={c.label} data-label={c.label} class={c.numeric ? 'num' : undefined}>
                <div>{c.cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Facts as a list of terms. */
/** Several lines in one place. */
export const Lines = ({ lines }: { lines: readonly string[] }) => (
  <>
    {lines.map((line) => (
      <span class="sub" key={line}>
        {line}
      </span>
    ))}
  </>
);

export const Facts = ({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {facts
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

export const Card = ({
  title,
  children,
  live,
  id,
  wide,
}: {
  title?: string;
  children: ComponentChildren;
  live?: boolean;
  id?: string;
  /** It may be wider than the screen and hold nothing to go to: the keyboard scrolls it. */
  wide?: boolean;
}) => (
  <section
    class="card"
    {...(id ? { id } : {})}
    {...(live ? { 'data-live': '' } : {})}
    {...(wide ? { tabIndex: 0, 'aria-label': title } : {})}
  >
    {title ? <h2>{title}</h2> : null}
    {children}
  </section>
);

export const Notice = ({ tone, children }: { tone: 'good' | 'warn' | 'bad' | 'calm'; children: ComponentChildren }) => (
  <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);

/** A form that is one button. */
export const Do = ({
  action,
  label,
  tone = '',
  hidden = {},
}: {
  action: string;
  label: string;
  tone?: '' | 'primary' | 'danger';
  hidden?: Record<string, string>;
}) => (
  <form method="post" action={action} class="do">
    {Object.entries(hidden).map(([name, value]) => (
      <input key={name} type="hidden" name={name} value={value} />
    ))}
    <button type="submit" class={tone}>
      {label}
    </button>
  </form>
);

export const Moment = ({ t, at }: { t: Translator; at: Date | string | null | undefined }) =>
  at ? <time dateTime={new Date(at).toISOString()}>{t.time(at)}</time> : null;

/** The short form of an id, enough to tell rows apart; the whole one on hover and for search. */
export const IdLink = ({ href, id }: { href: string; id: string }) => (
  <a href={href} title={id} class="id">
    {id.slice(0, 8)}
  </a>
);

/** The pages of a long list; `href` says where page n is. */
export const Pager = ({
  t,
  from,
  size,
  total,
  href,
}: {
  t: Translator;
  from: number;
  size: number;
  total: number;
  href(from: number): string;
}) =>
  total <= size ? null : (
    <nav class="pager" aria-label={t('frame.pages')}>
      {from > 0 ? <a href={href(Math.max(0, from - size))}>{t('frame.newer')}</a> : null}
      <span>{t('frame.range', { from: from + 1, to: Math.min(total, from + size), total })}</span>
      {from + size < total ? <a href={href(from + size)}>{t('frame.older')}</a> : null}
    </nav>
  );
