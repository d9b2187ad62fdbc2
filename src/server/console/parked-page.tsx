import { z } from 'zod';
import { periodFindings } from '../../core/retention-policy.ts';
import type { Scope } from '../../core/scope.ts';
import type { Needs } from '../../jobs/needs.ts';
import { openLegalHolds } from '../../store/legal-holds.ts';
import { openQuestions, type ParkedRow, parkedErasures, parkedYears } from '../../store/retention.ts';
import type { Actor } from '../auth.ts';
import type { Translator } from './i18n.ts';
import { HoldTable } from './legal-hold-parts.tsx';
import { may, rolesOf, scopeOn } from './may.ts';
import { page, type View } from './page.ts';
import { Card, Facts, IdLink, Notice, Pager, Table } from './parts.tsx';

const size = 50;

/** Erasures that wait for their day, by year; the legal holds; what the sweep could not say. */
export const parkedPages = [
  page({
    method: 'GET',
    path: '/parked',
    roles: rolesOf('GET /parked'),
    query: z.object({
      year: z.coerce.number().int().min(2000).max(2200).optional().catch(undefined),
      from: z.coerce.number().int().min(0).max(1_000_000).default(0),
    }),
    handle: async ({ needs, actor, t, query, scope }) => parkedPage(needs, { actor, t, scope }, query),
  }),
];

interface Reader {
  actor: Actor;
  t: Translator;
  scope: Scope;
}

async function parkedPage(needs: Needs, reader: Reader, query: { year?: number | undefined; from: number }): Promise<View> {
  const { t, scope } = reader;
  const years = await parkedYears(needs.db, scope);
  const year = query.year ?? null;
  const rows = await parkedErasures(needs.db, scope, { limit: size, offset: query.from }, year);
  const total = years.filter((y) => year === null || y.year === year).reduce((sum, y) => sum + y.n, 0);
  const inYear = year === null ? '' : `year=${year}&`;
  return {
    title: t('parked.title'),
    live: 'all',
    body: (
      <>
        <p class="lead">{t('parked.lead')}</p>
        <Card title={t('parked.byYear')}>
          {years.length === 0 ? (
            <p class="empty">{t('parked.none')}</p>
          ) : (
            <ul class="plain">
              {years.map((y) => (
                <li key={y.year}>
                  <a href={`/parked?year=${y.year}`} {...(y.year === year ? { 'aria-current': 'true' as const } : {})}>
                    {t('parked.year', { year: String(y.year), n: y.n })}
                  </a>
                </li>
              ))}
            </ul>
          )}
          {year === null ? null : (
            <p>
              <a href="/parked">{t('parked.allYears')}</a>
            </p>
          )}
        </Card>
        {rows.length === 0 ? null : (
          <Card title={year === null ? t('parked.all') : t('parked.inYear', { year: String(year) })} id="parked" live>
            <ParkedTable reader={reader} rows={rows} />
            <Pager t={t} from={query.from} size={size} total={total} href={(n) => `/parked?${inYear}from=${n}`} />
          </Card>
        )}
        {await holdsCard(needs, reader)}
        {await questionsCard(needs, reader)}
      </>
    ),
  };
}

const ParkedTable = ({ reader: { t, actor }, rows }: { reader: Reader; rows: readonly ParkedRow[] }) => (
  <Table
    caption={t('parked.title')}
    hideCaption
    empty={t('parked.none')}
    rows={rows}
    columns={[
      { label: t('parked.until'), cell: (row) => t.day(row.retained.until) },
      { label: t('parked.system'), cell: (row) => row.system },
      {
        label: t('parked.person'),
        cell: (row) =>
          may(actor, 'GET /subjects/:id') ? (
            <IdLink href={`/people/${row.subject}`} id={row.subject} />
          ) : (
            <code>{row.subject.slice(0, 8)}</code>
          ),
      },
      { label: t('parked.kept'), cell: (row) => <Kept t={t} row={row} /> },
      {
        label: t('parked.again'),
        cell: ({ moved }) =>
          moved ? t('parked.moved', { from: t.day(moved.from), to: t.day(moved.to), pack: moved.pack }) : '–',
      },
    ]}
  />
);

/** Which law keeps which fields until when, and by which rule that was counted. */
const Kept = ({ t, row: { retained } }: { t: Translator; row: ParkedRow }) => (
  <>
    {(retained.parts ?? [retained]).map((part) => (
      <span class="sub" key={`${part.law}${part.until}`}>
        {t('parked.part', {
          fields: part.fields.map((f) => t.word('field', f)).join(', '),
          law: t.law(part.law),
          day: t.day(part.until),
        })}
        {'rule' in part && part.rule ? ` ${t('parked.rule', { rule: part.rule, pack: part.pack ?? '' })}` : ''}
      </span>
    ))}
  </>
);

async function holdsCard(needs: Needs, { t, actor }: Reader) {
  const scope = scopeOn(actor, 'GET /holds');
  if (!scope) return null;
  const holds = await openLegalHolds(needs.db, scope, { limit: 100, offset: 0 });
  return (
    <Card title={t('parked.holds')} id="holds">
      <p class="hint">{t('parked.holdsHint')}</p>
      <HoldTable t={t} needs={needs} actor={actor} holds={holds} withPerson back="/parked" />
    </Card>
  );
}

async function questionsCard(needs: Needs, { t, actor }: Reader) {
  const scope = scopeOn(actor, 'GET /retention');
  if (!scope) return null;
  const questions = await openQuestions(needs.db, scope);
  const findings = periodFindings(needs.config);
  return (
    <Card title={t('parked.sweep')} id="sweep">
      <p class="hint">{t('parked.sweepHint')}</p>
      {findings.length > 0 ? (
        <Notice tone="warn">
          {t('parked.findings', { n: findings.length })}{' '}
          {may(actor, 'GET /retention') ? <a href="/policy">{t('parked.toPolicy')}</a> : null}
        </Notice>
      ) : null}
      {questions.length === 0 ? (
        <p class="empty">{t('parked.noQuestions')}</p>
      ) : (
        <Facts
          facts={questions.map((q) => [
            t('parked.questionOf', { purpose: q.about, role: t.word('role', q.role) }),
            t('parked.question.event-unknown', { n: q.n, trigger: t.word('trigger', q.trigger) }),
          ])}
        />
      )}
    </Card>
  );
}
