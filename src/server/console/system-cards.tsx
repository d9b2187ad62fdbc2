import type { State } from '../../core/duty.ts';
import { lanes } from '../../core/duty.ts';
import type { Scope } from '../../core/scope.ts';
import type { Needs } from '../../jobs/needs.ts';
import { runsOf } from '../../store/runs.ts';
import { systemState } from '../../store/systems.ts';
import { heldRows, laneCounts, lastErasures } from '../../store/views.ts';
import type { SystemView } from '../system-view.ts';
import type { Translator } from './i18n.ts';
import { Badge, Card, Do, EvidenceMark, Facts, Moment, Notice, StateBadge, Table } from './parts.tsx';
import { RunsTable } from './run-parts.tsx';
import { roleWords, SystemBadge } from './system-parts.tsx';

/** The cards of a system's page, one question each. */
export interface CardOptions {
  needs: Needs;
  scope: Scope;
  t: Translator;
  system: SystemView;
  isAdmin: boolean;
}

const minutes = (seconds: number) => Math.floor(seconds / 60);

export const StandingCard = ({ t, system }: CardOptions) => (
  <Card title={t('systems.standing')} id="standing" live>
    {system.paused ? (
      <Notice tone="bad">
        <p>{t('systems.pausedWhy', { why: t.word('failure', system.paused) })}</p>
        <p>{t('systems.pausedDo')}</p>
      </Notice>
    ) : null}
    {system.breakerUntil ? <Notice tone="warn">{t('systems.breakerWhy', { time: t.time(system.breakerUntil) })}</Notice> : null}
    {system.linked ? null : <Notice tone="warn">{t('systems.notLinkedWhy')}</Notice>}
    <Facts
      facts={[
        [t('systems.state'), <SystemBadge key="state" t={t} system={system} />],
        [t('systems.roles'), roleWords(t, system)],
        [t('systems.connector'), system.connector],
        [t('systems.owner'), system.owner],
        [
          t('systems.lastAnswer'),
          system.lastAnswer ? (
            <Moment key="answer" t={t} at={system.lastAnswer} />
          ) : system.human || system.endsByItself ? null : (
            t('systems.never')
          ),
        ],
        ...(system.roles.includes('register')
          ? ([
              [t('systems.lastPoll'), system.lastPoll ? <Moment key="poll" t={t} at={system.lastPoll} /> : t('systems.never')],
              [
                t('systems.lastSweep'),
                system.lastSweep ? <Moment key="sweep" t={t} at={system.lastSweep} /> : t('systems.never'),
              ],
            ] as const)
          : []),
        [
          t('reply.times'),
          system.answers
            ? t('reply.timesText', { answers: system.answers.count, days: Math.ceil(system.answers.medianDays) })
            : null,
        ],
        [
          t('systems.lag'),
          system.oldestOwedSeconds === undefined
            ? t('systems.lagNone')
            : t('systems.lagOf', { minutes: minutes(system.oldestOwedSeconds) }),
        ],
      ]}
    />
  </Card>
);

const rightTones = new Map<boolean | null, { tone: string; mark: string; word: string }>([
  [true, { tone: 'good', mark: '✓', word: 'yes' }],
  [false, { tone: 'bad', mark: '✕', word: 'no' }],
  [null, { tone: 'calm', mark: '?', word: 'unknown' }],
]);

/** What the system lets us do, as it was last asked. Rights and advice are the vendor's affair and stay in English. */
export const RightsCard = ({ t, system, isAdmin }: CardOptions) => (
  <Card title={t('systems.rights')} id="rights" live>
    {system.check ? (
      <>
        <p class="sub">{t('systems.rightsAt', { time: t.time(system.check.at) })}</p>
        {system.check.problem ? (
          <Notice tone="bad">{t('systems.noAnswer', { why: t.word('failure', system.check.problem) })}</Notice>
        ) : (
          <Table
            caption={t('systems.rights')}
            hideCaption
            empty={t('systems.rightsNone')}
            rows={system.check.rights}
            columns={[
              { label: t('systems.right'), cell: (r) => <span lang="en">{r.right}</span> },
              {
                label: t('systems.rightState'),
                cell: (r) => {
                  const { tone, mark, word } = rightTones.get(r.ok) ?? { tone: 'calm', mark: '?', word: 'unknown' };
                  return (
                    <Badge tone={tone} mark={mark}>
                      {t(`systems.right.${word}`)}
                    </Badge>
                  );
                },
              },
              { label: t('systems.rightDo'), cell: (r) => (r.problem ? <span lang="en">{r.problem}</span> : '') },
            ]}
          />
        )}
      </>
    ) : (
      <p class="empty">{t('systems.rightsNever')}</p>
    )}
    {isAdmin ? (
      <div class="actions">
        <Do action={`/systems/${system.system}/check`} label={t('systems.check')} />
      </div>
    ) : null}
  </Card>
);

const laneNames = new Map<number, string>(Object.entries(lanes).map(([name, n]) => [n, name]));

export async function LanesCard({ needs, scope, t, system }: CardOptions) {
  const counts = await laneCounts(needs.db, scope, system.system);
  const owed = counts.filter((c) => c.state !== 'settled');
  const settled = counts.filter((c) => c.state === 'settled').reduce((sum, c) => sum + c.n, 0);
  return (
    <Card title={t('systems.lanes')} id="lanes" live>
      <p class="sub">{t('systems.lanesLead')}</p>
      <Table
        caption={t('systems.lanes')}
        hideCaption
        empty={t('systems.nothingOwed')}
        rows={owed}
        columns={[
          { label: t('systems.lane'), cell: (c) => t.word('lane', laneNames.get(c.lane) ?? String(c.lane)) },
          { label: t('systems.state'), cell: (c) => <StateBadge t={t} state={c.state as State} /> },
          { label: t('systems.owed'), numeric: true, cell: (c) => t.number(c.n) },
        ]}
      />
      <p class="sub">{t('systems.settledCount', { n: settled })}</p>
    </Card>
  );
}

export function ManifestCard({ t, system }: CardOptions) {
  const { manifest } = system;
  const { connections, perSecond } = manifest.limits;
  return (
    <Card title={t('systems.manifest')} id="manifest">
      <Facts
        facts={[
          [t('systems.depth'), t.word('depth', manifest.erasure.depth)],
          [t('systems.cap'), <EvidenceMark key="cap" t={t} evidence={manifest.erasure.cap} />],
          [
            t('systems.why'),
            <span key="why" lang="en">
              {manifest.erasure.why}
            </span>,
          ],
          [t('systems.readBack'), t(manifest.readBack ? 'systems.yes' : 'systems.no')],
          ...(system.human || system.endsByItself
            ? []
            : ([
                [
                  t('systems.limits'),
                  perSecond === undefined
                    ? t('systems.limitsOf', { connections })
                    : t('systems.limitsPer', { connections, n: t.number(perSecond) }),
                ],
                [t('systems.deadline'), t('systems.seconds', { n: manifest.deadlineSeconds })],
              ] as const)),
          [
            t('systems.backup'),
            manifest.backupLagDays === null ? t('systems.backupUnknown') : t('systems.days', { n: manifest.backupLagDays }),
          ],
        ]}
      />
    </Card>
  );
}

export async function ErasureCard({ needs, scope, t, system }: CardOptions) {
  const { proven, any } = await lastErasures(needs.db, scope, system.system);
  const isLater = any && (!proven || any.at > proven.at);
  return (
    <Card title={t('systems.erasure')} id="erasure" live>
      {proven ? <p>{t('systems.erasureProven', { time: t.time(proven.at) })}</p> : <p>{t('systems.erasureNone')}</p>}
      {isLater ? <p>{t('systems.erasureOther', { time: t.time(any.at), evidence: t.word('evidence', any.evidence) })}</p> : null}
      {proven || system.manifest.erasure.cap === 'observed' || system.manifest.erasure.cap === 're-observed' ? null : (
        <p class="sub">{t('systems.erasureCapped', { evidence: t.word('evidence', system.manifest.erasure.cap) })}</p>
      )}
    </Card>
  );
}

const isListed = ({ needs, system }: CardOptions) =>
  Boolean(needs.config.systems[system.system]?.recipient && needs.connectors[system.system]?.recipient);

export async function ContactCard(options: CardOptions) {
  const { needs, scope, t, system, isAdmin } = options;
  if (!isListed(options))
    return system.human ? (
      <Card title={t('systems.contact')} id="contact">
        <p>{t('systems.contactHuman')}</p>
      </Card>
    ) : null;
  const [state, held] = [await systemState(needs.db, system.system), await heldRows(needs.db, scope, system.system)];
  return (
    <Card title={t('systems.contact')} id="contact" live>
      <p>{state?.linked_at ? t('systems.contactDone', { time: t.time(state.linked_at) }) : t('systems.notLinkedWhy')}</p>
      {held > 0 ? (
        <p>
          {t('systems.contactHeld', { n: held })} <a href="/held">{t('systems.contactHeldLink')}</a>
        </p>
      ) : null}
      {isAdmin ? (
        <p>
          <a class="button" href={`/systems/${system.system}/link`}>
            {t(system.linked ? 'systems.contactAgain' : 'systems.contactOpen')}
          </a>
        </p>
      ) : null}
    </Card>
  );
}

export async function ResyncCard(options: CardOptions) {
  const { needs, t, system, isAdmin } = options;
  if (!isListed(options)) return null;
  return (
    <Card title={t('systems.resync')} id="resync" live>
      <p>{t('systems.resyncLead')}</p>
      {isAdmin && system.linked ? (
        <Do action={`/systems/${system.system}/preview`} label={t('systems.preview')} tone="primary" />
      ) : null}
      <h3>{t('systems.runs')}</h3>
      <RunsTable t={t} runs={await runsOf(needs.db, system.system, 8)} />
    </Card>
  );
}
