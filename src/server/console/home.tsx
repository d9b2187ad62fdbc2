import { z } from 'zod';
import type { Scope } from '../../core/scope.ts';
import type { Needs } from '../../jobs/needs.ts';
import { now } from '../../jobs/needs.ts';
import { erasureCount, owedCounts, type Tally, tally, type WaitKind, waitingList, waitKinds } from '../../store/console-views.ts';
import { dutiesOfMany } from '../../store/duties.ts';
import { rolesOfMany } from '../../store/same-person.ts';
import { systemStates } from '../../store/systems.ts';
import { erasureCases } from '../../store/views.ts';
import { type Actor, roles } from '../auth.ts';
import { ownHoldings } from '../own-stores.ts';
import { Id } from '../routes.ts';
import { redriveDuty } from '../verdicts.ts';
import { HealthLines } from './health-lines.tsx';
import type { Translator } from './i18n.ts';
import { Matrix, matrixSize } from './matrix.tsx';
import { may, rolesOf, scopeOn } from './may.ts';
import { page } from './page.ts';
import { Card } from './parts.tsx';
import { Queue } from './queue.tsx';

/** What each kind of waiting thing is read with: who may not ask for it is not shown it. */
const routeOf: Record<WaitKind, string> = {
  case: 'GET /cases',
  deadline: 'GET /cases',
  task: 'GET /tasks',
  held: 'GET /held',
  dead: 'POST /duties/:id/redrive',
  unknown: 'GET /subjects/:id',
  paused: 'GET /systems',
  unlinked: 'GET /systems',
};

const queueSize = 25;
const from = z.coerce.number().int().min(0).max(1_000_000).default(0);

/** A viewer sees counts and nothing that they count. */
const onlyCounts = (actor: Actor) => actor.roles.every((role) => role === 'viewer');

/** Home: what needs a person first, then the erasures, then how the systems are. */
export const homePages = [
  page({
    method: 'GET',
    path: '/',
    roles,
    query: z.object({ queue: from, matrix: from }),
    handle: async ({ needs, actor, t, query, scope }) => {
      const scopes: Partial<Record<WaitKind, Scope>> = {};
      for (const kind of waitKinds) {
        const seen = onlyCounts(actor) ? null : scopeOn(actor, routeOf[kind]);
        if (seen) scopes[kind] = seen;
      }
      const counts = await tally(needs.db, scope);
      const waiting = await waitingList(needs.db, scopes, { limit: queueSize, offset: query.queue });
      const total = waitKinds.reduce((sum, kind) => sum + (scopes[kind] ? counts[kind] : 0), 0);
      return {
        title: t('home.title'),
        live: 'all',
        body: (
          <>
            <Tiles t={t} actor={actor} counts={counts} />
            {onlyCounts(actor) ? null : (
              <Card title={t('home.queue')} id="queue" live>
                <Queue
                  t={t}
                  actor={actor}
                  waiting={waiting}
                  now={await now(needs)}
                  from={query.queue}
                  size={queueSize}
                  total={total}
                />
              </Card>
            )}
            {!onlyCounts(actor) && may(actor, 'GET /erasures') ? (
              <Card title={t('home.matrix')} id="matrix" live>
                <p class="hint">{t('home.matrixHint')}</p>
                {await matrix(needs, actor, t, query.matrix, scopeOn(actor, 'GET /erasures') ?? [])}
              </Card>
            ) : null}
            {may(actor, 'GET /systems') ? (
              <Card title={t('home.systems')} id="systems" live>
                <HealthLines
                  t={t}
                  actor={actor}
                  needs={needs}
                  states={await systemStates(needs.db)}
                  owed={await owedCounts(needs.db, scope)}
                />
              </Card>
            ) : null}
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/duties/:id/redrive',
    roles: rolesOf('POST /duties/:id/redrive'),
    params: Id,
    body: z.object({ back: z.string().max(200).default('/') }),
    handle: async ({ needs, actor, params, body }) => {
      await redriveDuty(needs, params.id, actor.id);
      return { to: body.back, said: 'redriven' };
    },
  }),
];

async function matrix(needs: Needs, actor: Actor, t: Translator, offset: number, scope: Scope) {
  const systems = Object.keys(needs.config.systems);
  // Kaiku's own column beside them
  const size = matrixSize(systems.length + 1);
  const cases = await erasureCases(needs.db, scope, { limit: size, offset });
  const duties = await dutiesOfMany(
    needs.db,
    cases.map((c) => c.subject),
  );
  const own = await ownHoldings(
    needs,
    cases.map((c) => c.subject),
  );
  const total = await erasureCount(needs.db, scope);
  return (
    <Matrix
      t={t}
      actor={actor}
      needs={needs}
      cases={cases}
      duties={duties}
      own={own}
      systems={systems}
      from={offset}
      size={size}
      total={total}
      at={await now(needs)}
      people={
        await rolesOfMany(
          needs.db,
          cases.map((c) => c.subject),
          scopeOn(actor, 'GET /subjects/:id') ?? [],
        )
      }
    />
  );
}

function Tiles({ t, actor, counts }: { t: Translator; actor: Actor; counts: Tally }) {
  const all = onlyCounts(actor);
  const tiles: { key: string; n: number; href: string; route: string; more?: string | undefined }[] = [
    { key: 'toDecide', n: counts.case, href: '/cases?state=planned', route: 'GET /cases' },
    { key: 'erasures', n: counts.erasures, href: '/cases', route: 'GET /erasures' },
    {
      key: 'tasks',
      n: counts.asked,
      href: '/tasks',
      route: 'GET /tasks',
      more: counts.overdue > 0 ? t('home.tile.overdue', { n: counts.overdue }) : undefined,
    },
    { key: 'held', n: counts.holds, href: '/held', route: 'GET /held' },
    { key: 'dead', n: counts.dead, href: '/#queue', route: 'POST /duties/:id/redrive' },
    { key: 'paused', n: counts.paused + counts.unlinked, href: '/#systems', route: 'GET /systems' },
  ];
  const shown = tiles.filter((tile) => all || may(actor, tile.route));
  if (shown.length === 0) return null;
  return (
    <ul class="tiles" id="tiles" data-live="">
      {shown.map(({ key, n, href, more }) => {
        const content = (
          <>
            <strong>{t.number(n)}</strong>
            <span>{t(`home.tile.${key}`, { n })}</span>
            {more ? <span class="late">{more}</span> : null}
          </>
        );
        return <li key={key}>{all ? content : <a href={href}>{content}</a>}</li>;
      })}
    </ul>
  );
}
