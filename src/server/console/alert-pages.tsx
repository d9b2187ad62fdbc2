import { everybody, staffTeam } from '../../jobs/watch.ts';
import { type AlertsNow, type AlertView, alertsNow, testNotices } from '../alerts.ts';
import type { Translator } from './i18n.ts';
import { rolesOf } from './may.ts';
import { page } from './page.ts';
import { Badge, Card, Do, Facts, Moment, Notice, Table } from './parts.tsx';

/** Where the matter of an alert is looked at; null: nowhere of its own. */
function placeOf(a: AlertView): string | null {
  switch (a.kind) {
    case 'drift-found':
      return `/systems/${a.about}/drift`;
    case 'system-paused':
    case 'right-missing':
    case 'breaker-open':
    case 'register-unread':
      return `/systems/${a.about}`;
    case 'task-due':
    case 'task-overdue':
    case 'task-stuck':
      return `/tasks/${a.about}`;
    case 'case-waiting':
    case 'deadline-near':
    case 'deadline-over':
    case 'correction-waits':
      return `/cases/${a.about.split('/')[0]}`;
    case 'intake-waits':
      return `/intakes/${a.about}`;
    case 'hold-old':
      return '/held';
    case 'run-failed':
    case 'run-finished':
      return a.run ? `/runs/${a.run}` : null;
    case 'log-broken':
    case 'checkpoint-undelivered':
      return '/audit';
    case 'duty-dead':
      return a.system ? `/systems/${a.system}` : null;
  }
}

const Matter = ({ a }: { a: AlertView }) => {
  const href = placeOf(a);
  return href ? <a href={href}>{a.text}</a> : <span>{a.text}</span>;
};

type Undelivered = AlertsNow['undelivered'][number];

/** What is wrong just now, what was lately, and whether the messages about it got out. */
export const alertPages = [
  page({
    method: 'GET',
    path: '/alerts',
    roles: rolesOf('GET /alerts'),
    handle: async ({ needs, t, actor, scope }) => {
      const { open, recent, channels, undelivered } = await alertsNow(needs, t, scope);
      const isSilent = !channels.mail && !channels.webhook;
      return {
        title: t('alert.title'),
        live: 'all',
        body: (
          <>
            <Card title={t('alert.open')} id="alerts-open" live>
              <Table<AlertView>
                caption={t('alert.open')}
                hideCaption
                empty={t('alert.none')}
                rows={open}
                columns={[
                  {
                    label: t('alert.matter'),
                    cell: (a) => <Matter a={a} />,
                  },
                  { label: t('alert.system'), cell: (a) => a.system ?? '–' },
                  { label: t('alert.since'), cell: (a) => <Moment t={t} at={a.since} /> },
                  {
                    label: t('alert.told'),
                    cell: (a) =>
                      a.toldAt ? (
                        <Moment t={t} at={a.toldAt} />
                      ) : (
                        <Badge tone="calm">{t(isSilent ? 'alert.toldNobody' : 'alert.notYet')}</Badge>
                      ),
                  },
                ]}
              />
            </Card>
            <Card title={t('alert.delivery')} id="alerts-delivery" live>
              {isSilent ? (
                <Notice tone="warn">
                  <p>{t('alert.silent')}</p>
                </Notice>
              ) : null}
              <Facts
                facts={[
                  [
                    t('alert.mail'),
                    channels.mail
                      ? channels.lastMail
                        ? t('alert.lastSent', { time: t.time(channels.lastMail) })
                        : t('alert.configured')
                      : t('alert.notConfigured'),
                  ],
                  [
                    t('alert.webhook'),
                    channels.webhook
                      ? channels.lastWebhook
                        ? t('alert.lastSent', { time: t.time(channels.lastWebhook) })
                        : t('alert.configured')
                      : t('alert.notConfigured'),
                  ],
                ]}
              />
              {undelivered.length > 0 ? <NotDelivered t={t} rows={undelivered} /> : null}
              {actor.roles.includes('admin') && !isSilent ? (
                <div class="actions">
                  <Do action="/alerts/test" label={t('alert.sendTest')} />
                </div>
              ) : null}
            </Card>
            <Card title={t('alert.recent')} id="alerts-recent" live>
              <Table<AlertView>
                caption={t('alert.recent')}
                hideCaption
                empty={t('alert.noRecent')}
                rows={recent}
                columns={[
                  { label: t('alert.matter'), cell: (a) => <Matter a={a} /> },
                  { label: t('alert.since'), cell: (a) => <Moment t={t} at={a.since} /> },
                  { label: t('alert.over'), cell: (a) => <Moment t={t} at={a.resolvedAt} /> },
                ]}
              />
            </Card>
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/alerts/test',
    roles: ['admin'],
    handle: async ({ needs }) => {
      const { mail, webhook } = await testNotices(needs);
      const all = [mail, webhook].filter((way) => way !== undefined);
      return { to: '/alerts', said: all.length > 0 && all.every((way) => way.ok) ? 'alertTestSent' : 'alertTestFailed' };
    },
  }),
];

const NotDelivered = ({ t, rows }: { t: Translator; rows: readonly Undelivered[] }) => (
  <Table<Undelivered>
    caption={t('alert.undelivered')}
    empty=""
    rows={rows}
    columns={[
      { label: t('alert.channel'), cell: (n) => t(`alert.${n.channel}`) },
      {
        label: t('alert.target'),
        cell: (n) => (n.target === everybody ? t('alert.everybody') : n.target === staffTeam ? t('alert.hr') : n.target),
      },
      { label: t('alert.tries'), numeric: true, cell: (n) => t.number(n.attempts) },
      { label: t('alert.problem'), cell: (n) => n.problem ?? '–' },
      {
        label: t('alert.next'),
        cell: (n) => ('givenUpAt' in n ? <Badge tone="bad">{t('alert.givenUp')}</Badge> : <Moment t={t} at={n.nextAt} />),
      },
    ]}
  />
);
