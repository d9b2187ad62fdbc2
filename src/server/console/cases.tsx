import { z } from 'zod';
import { caseStates, isOver } from '../../core/case.ts';
import { dayIn } from '../../core/day.ts';
import { clockSettings } from '../../jobs/case-clock.ts';
import { now } from '../../jobs/needs.ts';
import { allCases, type CaseRow } from '../../store/cases.ts';
import { caseCounts } from '../../store/console-views.ts';
import { DueBadge } from './case-clock.tsx';
import { CaseBadge } from './matrix.tsx';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card, IdLink, Pager, Table } from './parts.tsx';

const size = 50;

/** Every case, what is not decided or not ended first. */
export const casesPage = page({
  method: 'GET',
  path: '/cases',
  roles: rolesOf('GET /cases'),
  query: z.object({
    state: z.enum(caseStates, { error: 'is no state of a case' }).optional(),
    from: z.coerce.number().int().min(0).max(1_000_000).default(0),
  }),
  handle: async ({ needs, actor, t, query, scope }) => {
    const counts = await caseCounts(needs.db, scope);
    const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
    const total = query.state ? (counts[query.state] ?? 0) : all;
    const found = await allCases(needs.db, scope, { limit: size, offset: query.from }, query.state ?? null);
    const today = dayIn(await now(needs), clockSettings(needs).zone);
    const filters = [undefined, ...caseStates];
    return {
      title: t('cases.title'),
      live: 'all',
      body: (
        <Card id="cases" live>
          <nav class="filters" aria-label={t('cases.filter')}>
            {filters.map((state) => (
              <a
                key={state ?? 'all'}
                href={state ? `/cases?state=${state}` : '/cases'}
                {...(state === query.state ? { 'aria-current': 'true' as const } : {})}
              >
                {state ? t.word('caseState', state) : t('cases.all')} ({t.number(state ? (counts[state] ?? 0) : all)})
              </a>
            ))}
          </nav>
          <Table
            caption={t('cases.title')}
            hideCaption
            empty={t('cases.none')}
            rows={found}
            columns={[
              { label: t('cases.case'), cell: (c) => <IdLink href={`/cases/${c.id}`} id={c.id} /> },
              { label: t('cases.type'), cell: (c) => t.word('caseType', c.type) },
              { label: t('cases.state'), cell: (c) => <CaseBadge t={t} state={c.state} /> },
              { label: t('cases.received'), cell: (c) => t.day(c.received_at) },
              {
                label: t('cases.due'),
                cell: (c) => (c.due ? <DueBadge t={t} due={c.due} today={today} isOver={isOver(c)} /> : null),
              },
              { label: t('cases.source'), cell: (c) => sourceWords(t, c) },
              ...(may(actor, 'GET /subjects/:id')
                ? [
                    {
                      label: t('cases.person'),
                      cell: (c: CaseRow) => <IdLink href={`/people/${c.subject}`} id={c.subject} />,
                    },
                  ]
                : []),
            ]}
          />
          <Pager
            t={t}
            from={query.from}
            size={size}
            total={total}
            href={(n) => `/cases?${query.state ? `state=${query.state}&` : ''}from=${n}`}
          />
        </Card>
      ),
    };
  },
});

/** Where a case came from: a signal of the register, a verdict, a person. */
export function sourceWords(t: Parameters<typeof CaseBadge>[0]['t'], c: Pick<CaseRow, 'source'>): string {
  const [kind = '', system = ''] = c.source.split(':');
  if (kind === 'system') return t('cases.fromSystem', { system });
  return kind === 'signal' ? t('cases.fromSignal', { system }) : t.word('source', kind);
}
