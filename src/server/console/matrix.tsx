import type { DutyView } from '../../core/duty.ts';
import type { Needs } from '../../jobs/needs.ts';
import type { CaseRow } from '../../store/cases.ts';
import type { DutyRow } from '../../store/duties.ts';
import type { Actor } from '../auth.ts';
import type { OwnHoldings } from '../own-stores.ts';
import { dutyView } from '../shapes.ts';
import type { Translator } from './i18n.ts';
import { may } from './may.ts';
import { OwnBadge } from './own-stores.tsx';
import { Badge, DutyWords, EvidenceMark, IdLink, Pager, StateBadge, Table } from './parts.tsx';

/** So many cases a page that it stays small however many systems there are. */
export const matrixSize = (systems: number) => Math.max(3, Math.min(15, Math.floor(48 / Math.max(1, systems))));

/** The erasures: a case a row, a system a column. */
export function Matrix({
  t,
  actor,
  needs,
  cases,
  duties,
  own,
  systems,
  from,
  size,
  total,
  at,
  people,
}: {
  t: Translator;
  actor: Actor;
  needs: Needs;
  cases: readonly CaseRow[];
  duties: ReadonlyMap<string, DutyRow[]>;
  own: ReadonlyMap<string, OwnHoldings>;
  systems: readonly string[];
  from: number;
  size: number;
  total: number;
  at: Date;
  /** Their roles, and who is confirmed to be the same person in another one, as far as the reader may see. */
  people: ReadonlyMap<string, { role: string; others: readonly { id: string; role: string }[] }>;
}) {
  return (
    <div class="matrix">
      <Table
        caption={t('home.matrix')}
        hideCaption
        empty={t('home.noErasures')}
        rows={cases}
        columns={[
          {
            label: t('home.case'),
            cell: (c) => (
              <>
                <IdLink href={`/cases/${c.id}`} id={c.id} />
                <span class="sub">
                  <CaseBadge t={t} state={c.state} />
                </span>
                <span class="sub">{t('home.received', { day: t.day(c.received_at) })}</span>
                {c.due ? <span class="sub">{t('home.answerBy', { day: t.day(c.due) })}</span> : null}
                {may(actor, 'GET /subjects/:id') ? (
                  <span class="sub">
                    {t.word('role', people.get(c.subject)?.role ?? '')} <IdLink href={`/people/${c.subject}`} id={c.subject} />
                  </span>
                ) : null}
                {people.get(c.subject)?.others.map((one) => (
                  <span class="sub" key={one.id}>
                    {t('home.also')} {t.word('role', one.role)} <IdLink href={`/people/${one.id}`} id={one.id} />
                  </span>
                ))}
              </>
            ),
          },
          ...systems.map((system) => ({
            label: system,
            cell: (c: CaseRow) => {
              const duty = duties.get(c.subject)?.find((d) => d.recipient === system);
              return duty ? (
                <DutyCell t={t} duty={dutyView(needs, duty)} at={at} />
              ) : (
                <span class="empty">{t('home.noDuty')}</span>
              );
            },
          })),
          { label: 'Kaiku', cell: (c) => <OwnBadge t={t} own={own.get(c.subject)} /> },
        ]}
      />
      <Pager t={t} from={from} size={size} total={total} href={(n) => `/?matrix=${n}#matrix`} />
    </div>
  );
}

const caseTones: Record<CaseRow['state'], { tone: string; mark: string }> = {
  planned: { tone: 'warn', mark: '?' },
  approved: { tone: 'busy', mark: '◌' },
  running: { tone: 'busy', mark: '◌' },
  refused: { tone: 'calm', mark: '–' },
  closed: { tone: 'good', mark: '✓' },
};
export const CaseBadge = ({ t, state }: { t: Translator; state: CaseRow['state'] }) => (
  <Badge {...caseTones[state]}>{t.word('caseState', state)}</Badge>
);

/** All that is known of one duty: state, outcome, evidence, since when, what comes next and whose it is. */
export function DutyCell({ t, duty, at }: { t: Translator; duty: DutyView; at: Date }) {
  const next = nextWords(t, duty);
  return (
    <>
      <StateBadge t={t} state={duty.state} />
      <span class="sub">
        <DutyWords t={t} duty={duty} at={at} />
      </span>
      {duty.evidence === 'none' ? null : (
        <span class="sub">
          <EvidenceMark t={t} evidence={duty.evidence} />
        </span>
      )}
      <span class="sub">
        {t('home.since')} <time dateTime={duty.since}>{t.day(duty.since)}</time>
      </span>
      {next ? <span class="sub">{t('home.next', { what: next })}</span> : null}
      {duty.owner && duty.state !== 'settled' ? <span class="sub">{t('home.owner', { who: duty.owner })}</span> : null}
    </>
  );
}

/** What comes next: the ledger's word where it has one, else what the state means. */
export function nextWords(t: Translator, duty: DutyView): string | null {
  if (duty.state === 'settled') return null;
  if (duty.next) return t.word('next', duty.next);
  return t.word('nextOf', duty.state);
}
