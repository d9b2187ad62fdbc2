import { z } from 'zod';
import { sidesOf } from '../../jobs/held-sides.ts';
import type { Needs } from '../../jobs/needs.ts';
import { heldCount } from '../../store/console-views.ts';
import { allHeld, type HeldRow, heldById } from '../../store/held.ts';
import type { Actor } from '../auth.ts';
import { notFound } from '../problem.ts';
import { Id } from '../routes.ts';
import { verdictsFor } from '../shapes.ts';
import { giveVerdict } from '../verdicts.ts';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card, Do, IdLink, Moment, Notice, Pager, Table } from './parts.tsx';

const size = 15;
const verdict = z.object({ subject: z.uuid().optional(), back: z.enum(['/held']).optional() });

/** What stopped for a person's verdict: what happened, why it stopped, what each verdict means. */
export const heldPages = [
  page({
    method: 'GET',
    path: '/held',
    roles: rolesOf('GET /held'),
    query: z.object({ from: z.coerce.number().int().min(0).max(1_000_000).default(0) }),
    handle: async ({ needs, actor, t, query, scope }) => {
      const found = await allHeld(needs.db, scope, { limit: size, offset: query.from });
      const total = await heldCount(needs.db, scope);
      return {
        title: t('held.title'),
        live: 'all',
        body: (
          <div id="held" data-live="">
            {found.length === 0 ? <p class="empty">{t('held.none')}</p> : <p class="lead">{t('held.lead', { n: total })}</p>}
            {found.map((held) => (
              <Hold key={held.id} t={t} needs={needs} actor={actor} held={held} />
            ))}
            <Pager t={t} from={query.from} size={size} total={total} href={(n) => `/held?from=${n}`} />
          </div>
        ),
      };
    },
  }),
  page({
    method: 'GET',
    path: '/held/:id',
    roles: rolesOf('GET /held'),
    params: Id,
    handle: async ({ needs, actor, t, params }) => {
      const held = await heldById(needs.db, params.id);
      if (!held) throw notFound('hold');
      return {
        title: t('held.one'),
        body: (
          <>
            {held.verdict ? <Notice tone="good">{t('held.decided', { verdict: t.word('verdict', held.verdict) })}</Notice> : null}
            <Hold t={t} needs={needs} actor={actor} held={held} />
            <p>
              <a class="button" href="/held">
                {t('held.all')}
              </a>
            </p>
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/held/:id/:verdict',
    roles: rolesOf('POST /held/:id/:verdict'),
    params: Id.extend({ verdict: z.string().max(20) }),
    body: verdict,
    handle: async ({ needs, actor, params, body }) => {
      const given = await giveVerdict(needs, params.id, params.verdict, actor.id, body.subject);
      return given.case ? { to: `/cases/${given.case}`, said: 'caseOpened' } : { to: '/held', said: 'verdictGiven' };
    },
  }),
];

function Hold({ t, needs, actor, held }: { t: Translator; needs: Needs; actor: Actor; held: HeldRow }) {
  const sides = sidesOf(needs, held);
  const seesPeople = may(actor, 'GET /subjects/:id');
  return (
    <Card title={t(`held.is.${held.kind}`, { system: held.system })} id={`hold-${held.id}`}>
      <p class="sub">
        {t('held.since')} <Moment t={t} at={held.created_at} />
      </p>
      <p>{t(`held.why.${held.kind}`, { system: held.system, reason: t.word('holdReason', held.reason) })}</p>
      {held.subject && seesPeople ? (
        <p>
          {t('held.person')} <IdLink href={`/people/${held.subject}`} id={held.subject} />
        </p>
      ) : null}
      {held.kind === 'identity-code' ? (
        <p>{((held.details['fields'] as string[] | undefined) ?? []).map((f) => t.word('field', f)).join(', ')}</p>
      ) : null}
      {held.kind === 'mass-change' ? (
        <p>{t('held.massRows', { rows: String(held.details['rows']), of: String(held.details['of']) })}</p>
      ) : null}
      {held.kind === 'vanished' && seesPeople && merges(held).length > 0 ? (
        <p>
          {t('held.mergedInto')}{' '}
          {merges(held).map((id) => (
            <IdLink key={id} href={`/people/${id}`} id={id} />
          ))}
        </p>
      ) : null}
      {held.kind === 'retention' ? <Over t={t} details={held.details} /> : null}
      {sides && seesPeople ? <Sides t={t} sides={sides} system={held.system} /> : null}
      {held.verdict ? null : (
        <Verdicts t={t} actor={actor} held={held} candidates={sides?.candidates.map((c) => c.subject) ?? []} />
      )}
    </Card>
  );
}

/** Which purposes are over since when, and which fields nothing needs. */
function Over({ t, details }: { t: Translator; details: HeldRow['details'] }) {
  const { over = [], fields = [] } = details as { over?: { purpose: string; since: string }[]; fields?: string[] };
  return (
    <>
      <ul>
        {over.map(({ purpose, since }) => (
          <li key={purpose}>{t('held.over', { purpose, day: t.day(since) })}</li>
        ))}
      </ul>
      {fields.length > 0 ? <p>{t('held.overFields', { fields: fields.map((f) => t.word('field', f)).join(', ') })}</p> : null}
    </>
  );
}

/** The row of the system beside whom it may be: masked, enough to recognise and too little to learn. */
function Sides({ t, sides, system }: { t: Translator; sides: NonNullable<ReturnType<typeof sidesOf>>; system: string }) {
  const names = [...new Set([sides.row, ...sides.candidates.map((c) => c.register)].flatMap((side) => Object.keys(side)))];
  return (
    <>
      <Table
        caption={t('held.sides')}
        empty={t('held.noSides')}
        rows={names}
        columns={[
          { label: t('people.field'), cell: (name) => t.word('field', name) },
          { label: t('held.rowIn', { system }), cell: (name) => sides.row[name] ?? '' },
          ...sides.candidates.map((candidate, i) => ({
            label: t('held.candidate', { n: i + 1 }),
            cell: (name: string) => candidate.register[name] ?? '',
          })),
        ]}
      />
      <p class="hint">
        {sides.candidates.map((candidate, i) => (
          <span key={candidate.subject}>
            {t('held.candidate', { n: i + 1 })}: <IdLink href={`/people/${candidate.subject}`} id={candidate.subject} />{' '}
          </span>
        ))}
      </p>
    </>
  );
}

/** Whom a vanished person may have been merged into. */
const merges = (held: HeldRow): string[] => (held.details['candidates'] as string[] | undefined) ?? [];

function Verdicts({ t, actor, held, candidates }: { t: Translator; actor: Actor; held: HeldRow; candidates: string[] }) {
  const allowed = verdictsFor(held);
  if (allowed.length === 0) return <p class="hint">{t('held.mendsItself')}</p>;
  const decides = may(actor, 'POST /held/:id/:verdict');
  return (
    <>
      <h3>{t('held.verdicts')}</h3>
      <ul class="plain">
        {allowed.map((verdict) => (
          <li key={verdict}>
            <p>{t(`held.means.${held.kind}.${verdict}`, { system: held.system })}</p>
            {!decides ? null : verdict === 'merge' ? (
              merges(held).map((subject, i) => (
                <Do
                  key={subject}
                  action={`/held/${held.id}/merge`}
                  label={t('held.mergeWith', { n: i + 1 })}
                  hidden={{ subject }}
                />
              ))
            ) : verdict === 'link' ? (
              candidates.map((subject, i) => (
                <Do key={subject} action={`/held/${held.id}/link`} label={t('held.linkTo', { n: i + 1 })} hidden={{ subject }} />
              ))
            ) : (
              <Do
                action={`/held/${held.id}/${verdict}`}
                label={t(`held.say.${held.kind}.${verdict}`)}
                tone={verdict === 'erase' || verdict === 'stale-copy' ? 'danger' : ''}
              />
            )}
          </li>
        ))}
      </ul>
      {decides ? null : <p class="hint">{t('held.othersDecide')}</p>}
    </>
  );
}
