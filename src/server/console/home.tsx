import { dutyCounts } from '../../store/views.ts';
import { roles } from '../auth.ts';
import { page } from './page.ts';
import { Card, Table } from './parts.tsx';

/** Home: what needs a person first, then the erasures, then how the systems are. */
export const homePages = [
  page({
    method: 'GET',
    path: '/',
    roles,
    handle: async ({ needs, t, scope }) => {
      const counts = [...(await dutyCounts(needs.db, scope))];
      return {
        title: t('home.title'),
        live: 'all',
        body: (
          <Card title={t('home.systems')} id="systems" live>
            <Table
              caption={t('home.systems')}
              hideCaption
              empty={t('home.noSystems')}
              rows={counts}
              columns={[
                { label: t('home.system'), cell: ([system]) => system },
                { label: t('home.settled'), numeric: true, cell: ([, n]) => t.number(n['settled'] ?? 0) },
              ]}
            />
          </Card>
        ),
      };
    },
  }),
];
