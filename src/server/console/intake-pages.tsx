import { z } from 'zod';
import type { Asked } from '../../core/case-request.ts';
import { dayIn } from '../../core/day.ts';
import { dismissals, intakeStates } from '../../core/intake.ts';
import type { FieldName, Fields } from '../../core/person.ts';
import { clockOf, clockSettings } from '../../jobs/case-clock.ts';
import type { Request } from '../../jobs/case-rights.ts';
import type { Sent } from '../../jobs/intakes.ts';
import { type Needs, now } from '../../jobs/needs.ts';
import { allIntakes, type IntakeRow, intakeCounts } from '../../store/intakes.ts';
import type { SubjectRow } from '../../store/subjects.ts';
import { dismissNamed, intakeNamed, readNamed, takeNamed } from '../intakes.ts';
import { Id } from '../routes.ts';
import { DueBadge } from './case-clock.tsx';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Badge, Card, Do, Facts, IdLink, Moment, Notice, Pager, Table } from './parts.tsx';
import { askedIn } from './rights-pages.tsx';
import { AskedInputs, AskedValues } from './rights-parts.tsx';

const size = 50;
const shownStates = intakeStates.filter((state) => state !== 'unconfirmed');
const tones = { unconfirmed: 'calm', confirmed: 'calm', waiting: 'warn', taken: 'good', dismissed: 'calm' } as const;

/** Requests of the public form: the list, one of them, and what a person does with it. */
export const intakePages = [
  page({
    method: 'GET',
    path: '/intakes',
    roles: rolesOf('GET /intakes'),
    query: z.object({
      state: z.enum(shownStates, { error: 'is no state of a request' }).optional(),
      from: z.coerce.number().int().min(0).max(1_000_000).default(0),
    }),
    handle: async ({ needs, t, query, scope }) => {
      const counts = await intakeCounts(needs.db, scope);
      const all = shownStates.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
      const found = await allIntakes(needs.db, scope, { limit: size, offset: query.from }, query.state ?? null);
      const at = await now(needs);
      const today = dayIn(at, clockSettings(needs).zone);
      return {
        title: t('intakes.title'),
        live: 'all',
        body: (
          <Card id="intakes" live>
            {needs.config.requests ? (
              <p class="hint">{t('intakes.formAt', { url: `${needs.config.requests.url}/request` })}</p>
            ) : (
              <Notice tone="calm">{t('intakes.formShut')}</Notice>
            )}
            <p>
              <a href="/request/form.pdf">{t('intakes.paper')}</a>
            </p>
            <nav class="filters" aria-label={t('cases.filter')}>
              {[undefined, ...shownStates].map((state) => (
                <a
                  key={state ?? 'all'}
                  href={state ? `/intakes?state=${state}` : '/intakes'}
                  {...(state === query.state ? { 'aria-current': 'true' as const } : {})}
                >
                  {state ? t(`intakes.state.${state}`) : t('cases.all')} ({t.number(state ? (counts[state] ?? 0) : all)})
                </a>
              ))}
            </nav>
            <Table
              caption={t('intakes.title')}
              hideCaption
              empty={t('intakes.none')}
              rows={found}
              columns={[
                { label: t('intakes.request'), cell: (i) => <IdLink href={`/intakes/${i.id}`} id={i.id} /> },
                { label: t('cases.type'), cell: (i) => t.word('caseType', i.type) },
                { label: t('cases.state'), cell: (i) => <StateOf t={t} row={i} /> },
                { label: t('cases.received'), cell: (i) => t.day(i.received_at) },
                {
                  label: t('cases.due'),
                  cell: (i) => (
                    <DueBadge
                      t={t}
                      due={clockOf(needs, { ...i, approve: 'person' }, at).date}
                      today={today}
                      isOver={i.ended_at !== null}
                    />
                  ),
                },
                {
                  label: t('cases.case'),
                  cell: (i) => (i.case_file ? <IdLink href={`/cases/${i.case_file}`} id={i.case_file} /> : null),
                },
              ]}
            />
            <Pager
              t={t}
              from={query.from}
              size={size}
              total={query.state ? (counts[query.state] ?? 0) : all}
              href={(n) => `/intakes?${query.state ? `state=${query.state}&` : ''}from=${n}`}
            />
          </Card>
        ),
      };
    },
  }),
  page({
    method: 'GET',
    path: '/intakes/:id',
    roles: rolesOf('GET /intakes/:id'),
    params: Id,
    handle: async ({ needs, actor, t, params }) => {
      const row = await intakeNamed(needs, params.id);
      return {
        title: titleOf(t, row),
        body: (
          <>
            <Summary t={t} row={row} due={clockOf(needs, { ...row, approve: 'person' }, await now(needs)).date} />
            {row.sealed && may(actor, 'POST /intakes/:id/read') ? (
              <Card title={t('intakes.wrote')}>
                <p class="hint">{t('rights.revealHint')}</p>
                <Do action={`/intakes/${row.id}/read`} label={t('rights.reveal')} tone="primary" />
              </Card>
            ) : null}
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/intakes/:id/read',
    roles: rolesOf('POST /intakes/:id/read'),
    params: Id,
    handle: async ({ needs, actor, t, params, scope }) => {
      const { row, sent, candidates } = await readNamed(needs, params.id, actor.id, scope);
      return {
        title: titleOf(t, row),
        body: (
          <>
            <Summary t={t} row={row} due={clockOf(needs, { ...row, approve: 'person' }, await now(needs)).date} />
            <Wrote t={t} sent={sent} />
            {row.state === 'waiting' ? <Decide needs={needs} t={t} row={row} candidates={candidates} /> : null}
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/intakes/:id/take',
    roles: rolesOf('POST /intakes/:id/take'),
    params: Id,
    body: z
      .object({
        subject: z
          .string()
          .trim()
          .pipe(z.uuid({ error: 'must be an id as Kaiku gives them' })),
      })
      .loose(),
    handle: async ({ needs, actor, params, body: { subject, ...rest } }) => {
      const { type, reason } = await intakeNamed(needs, params.id);
      const asked = reason === 'unclear' ? { asked: askedIn(rest, type) } : {};
      const found = await takeNamed(needs, params.id, { subject, ...asked }, actor.id);
      return { to: `/cases/${found.id}`, said: 'rightOpened' };
    },
  }),
  page({
    method: 'POST',
    path: '/intakes/:id/dismiss',
    roles: rolesOf('POST /intakes/:id/dismiss'),
    params: Id,
    body: z.object({ reason: z.enum(dismissals) }),
    handle: async ({ needs, actor, params, body }) => {
      await dismissNamed(needs, params.id, body.reason, actor.id);
      return { to: '/intakes', said: 'intakeDismissed' };
    },
  }),
];

const titleOf = (t: Translator, row: IntakeRow) =>
  t('intakes.one', { type: t.word('caseType', row.type), id: row.id.slice(0, 8) });

const StateOf = ({ t, row }: { t: Translator; row: IntakeRow }) => (
  <>
    <Badge tone={tones[row.state]}>{t(`intakes.state.${row.state}`)}</Badge>
    {row.reason ? <span class="sub">{t(`intakes.reason.${row.reason}`)}</span> : null}
  </>
);

function Summary({ t, row, due }: { t: Translator; row: IntakeRow; due: string }) {
  return (
    <Card>
      <Facts
        facts={[
          [t('cases.state'), <StateOf key="state" t={t} row={row} />],
          [t('cases.received'), <Moment key="received" t={t} at={row.received_at} />],
          [t('intakes.proven'), row.confirmed_at ? <Moment key="proven" t={t} at={row.confirmed_at} /> : t('intakes.notProven')],
          [t('cases.due'), t.day(due)],
          [t('rights.language'), t(`rights.lang.${row.language}`)],
          ...(row.role ? [[t('people.role'), t.word('role', row.role)] as const] : []),
          ...(row.case_file
            ? [[t('cases.case'), <IdLink key="case" href={`/cases/${row.case_file}`} id={row.case_file} />] as const]
            : []),
        ]}
      />
    </Card>
  );
}

/** As a case keeps it: values that are to go apart from values that are to be. */
const requestIn = ({ fields = {}, permissions = [], purposes = [] }: Asked): Request => ({
  fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Fields,
  blanked: Object.entries(fields).flatMap(([name, value]) => (value === null ? [name as FieldName] : [])),
  permissions: [...permissions],
  purposes: [...purposes],
});

function Wrote({ t, sent }: { t: Translator; sent: Sent }) {
  return (
    <Card title={t('intakes.wrote')}>
      <p class="hint">{t('rights.askedHint')}</p>
      <Facts
        facts={[
          [t('intakes.name'), sent.name],
          [t('intakes.email'), sent.email],
          ...(sent.phone ? [[t('intakes.phone'), sent.phone] as const] : []),
          ...(sent.message ? [[t('intakes.message'), sent.message] as const] : []),
        ]}
      />
      {sent.asked ? <AskedValues t={t} request={requestIn(sent.asked)} /> : null}
    </Card>
  );
}

function Decide({
  needs,
  t,
  row,
  candidates,
}: {
  needs: Needs;
  t: Translator;
  row: IntakeRow;
  candidates: readonly SubjectRow[];
}) {
  const [first] = candidates;
  return (
    <>
      <Card title={t('intakes.take')}>
        <p class="hint">{t(row.reason === 'unclear' ? 'intakes.takeUnclear' : 'intakes.takeHint')}</p>
        {candidates.length === 0 ? <p>{t('intakes.noCandidates')}</p> : null}
        <form method="post" action={`/intakes/${row.id}/take`} class="form" autocomplete="off">
          {candidates.map((s, n) => (
            <label key={s.id} class="check">
              <input type="radio" name="subject" value={s.id} {...(n === 0 ? { checked: true } : {})} /> {t.word('role', s.role)}{' '}
              {s.id.slice(0, 8)}
            </label>
          ))}
          {candidates.length === 0 ? (
            <label>
              {t('intakes.person')}
              <input type="text" name="subject" required maxLength={36} />
              <span class="hint">{t('intakes.personHint')}</span>
            </label>
          ) : null}
          {first && row.reason === 'unclear' ? <AskedInputs needs={needs} t={t} subject={first} type={row.type} /> : null}
          <div>
            <button type="submit" class="primary">
              {t('rights.openNow')}
            </button>
          </div>
        </form>
      </Card>
      <Card title={t('intakes.dismiss')}>
        <form method="post" action={`/intakes/${row.id}/dismiss`} class="form">
          <label>
            {t('intakes.why')}
            <select name="reason">
              {dismissals.map((reason) => (
                <option key={reason} value={reason}>
                  {t(`intakes.reason.${reason}`)}
                </option>
              ))}
            </select>
            <span class="hint">{t('intakes.dismissHint')}</span>
          </label>
          <div>
            <button type="submit">{t('intakes.dismissNow')}</button>
          </div>
        </form>
      </Card>
    </>
  );
}
