import { z } from 'zod';
import { checkSystem } from '../../jobs/check-system.ts';
import { startRun } from '../../jobs/resync.ts';
import { noCounts } from '../../jobs/resync-read.ts';
import { openRun, type RunRow } from '../../store/runs.ts';
import { mustBeListed, refusing } from '../runs.ts';
import { systemViews } from '../system-view.ts';
import { rolesOf } from './may.ts';
import { type Ask, page, type Redirect } from './page.ts';
import { Card, Moment, Table } from './parts.tsx';
import { linkPage } from './system-link-page.tsx';
import { mustBeSystem, systemPage } from './system-page.tsx';
import { heaps, roleWords, SystemBadge } from './system-parts.tsx';

const Name = z.object({ system: z.string() });

/** The systems: all of them, one of them, and what an admin may start there. */
export const systemPages = [
  page({
    method: 'GET',
    path: '/systems',
    roles: rolesOf('GET /systems'),
    handle: async ({ needs, t, scope }) => ({
      title: t('systems.title'),
      live: 'all',
      body: (
        <>
          <p class="lead">{t('systems.lead')}</p>
          <Card id="systems" live>
            <Table
              caption={t('systems.title')}
              hideCaption
              empty={t('systems.none')}
              rows={await systemViews(needs, scope)}
              columns={[
                {
                  label: t('systems.name'),
                  cell: (s) => (
                    <>
                      <a href={`/systems/${s.system}`}>{s.system}</a>
                      <span class="sub">{roleWords(t, s)}</span>
                    </>
                  ),
                },
                { label: t('systems.state'), cell: (s) => <SystemBadge t={t} system={s} /> },
                { label: t('systems.owed'), numeric: true, cell: (s) => t.number(heaps(s).owed) },
                { label: t('systems.person'), numeric: true, cell: (s) => t.number(heaps(s).person) },
                { label: t('systems.settled'), numeric: true, cell: (s) => t.number(heaps(s).settled) },
                { label: t('systems.owner'), cell: (s) => s.owner ?? '–' },
                {
                  label: t('systems.lastAnswer'),
                  cell: (s) => (s.lastAnswer ? <Moment t={t} at={s.lastAnswer} /> : s.human ? '–' : t('systems.never')),
                },
              ]}
            />
          </Card>
        </>
      ),
    }),
  }),
  page({
    method: 'GET',
    path: '/systems/:system',
    roles: rolesOf('GET /systems'),
    params: Name,
    handle: systemPage,
  }),
  page({
    method: 'POST',
    path: '/systems/:system/check',
    roles: ['admin'],
    params: Name,
    handle: async ({ needs, params, actor }) => {
      mustBeSystem(needs, params.system);
      // a system that does not answer is shown on the page as well as one that does
      await checkSystem(needs, params.system, false, actor.id).catch(() => null);
      return { to: `/systems/${params.system}#rights`, said: 'checked' };
    },
  }),
  page({
    method: 'POST',
    path: '/systems/:system/preview',
    roles: ['admin'],
    params: Name,
    handle: (ask) => look(ask, 'resync'),
  }),
  page({ method: 'GET', path: '/systems/:system/link', roles: ['admin'], params: Name, handle: linkPage }),
  page({ method: 'POST', path: '/systems/:system/link', roles: ['admin'], params: Name, handle: (ask) => look(ask, 'link') }),
];

/** Starts a preview that nobody has to wait for; one that is under way is shown instead of a second. */
async function look({ needs, params, actor }: Ask<{ system: string }>, kind: RunRow['kind']): Promise<Redirect> {
  mustBeListed(needs, params.system);
  const counts = kind === 'resync' ? noCounts : {};
  const run =
    (await openRun(needs.db, params.system, kind, true)) ??
    (await refusing(startRun(needs, params.system, kind, counts, { dryRun: true, actor: actor.id, unattended: true })));
  return { to: `/runs/${run.id}`, said: 'runStarted' };
}
