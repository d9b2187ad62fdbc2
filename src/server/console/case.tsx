import { z } from 'zod';
import { subjectRef } from '../../core/audit-entry.ts';
import { reasonOf } from '../../jobs/erasure.ts';
import { type Needs, now } from '../../jobs/needs.ts';
import type { CaseRow } from '../../store/cases.ts';
import { caseNote, timelineOf } from '../../store/console-views.ts';
import { dutiesOf } from '../../store/duties.ts';
import { exceptionsOfCase } from '../../store/exceptions.ts';
import { handoversOf } from '../../store/handovers.ts';
import { lettersOf } from '../../store/letters.ts';
import { registerRecords, subjectById } from '../../store/subjects.ts';
import type { Actor } from '../auth.ts';
import { caseNamed, decideCase } from '../decisions.ts';
import { noCodes } from '../free-text.ts';
import { ownHoldings } from '../own-stores.ts';
import { Id } from '../routes.ts';
import { dutyView } from '../shapes.ts';
import { ClockCard } from './case-clock.tsx';
import { sourceWords } from './cases.tsx';
import { EvidenceCard } from './evidence-card.tsx';
import { ExceptionCard } from './exception-pages.tsx';
import { HandoverCard } from './handover-pages.tsx';
import { History } from './history.tsx';
import type { Translator } from './i18n.ts';
import { LettersCard } from './letter-pages.tsx';
import { CaseBadge, nextWords } from './matrix.tsx';
import { may, rolesOf } from './may.ts';
import { OwnCard } from './own-stores.tsx';
import { page, type View } from './page.ts';
import { Card, DutyWords, Facts, IdLink, Moment, Notice, StateBadge } from './parts.tsx';
import { optionalText } from './people.tsx';
import { PlanTable, RunTable } from './plan-words.tsx';
import { RightsCard } from './rights-parts.tsx';
import { otherRolesCard } from './same-person.tsx';
import { WithdrawCard } from './withdraw-card.tsx';

const timelineLength = 60;

export const casePages = [
  page({
    method: 'GET',
    path: '/cases/:id',
    roles: rolesOf('GET /cases/:id'),
    params: Id,
    handle: async ({ needs, actor, t, params }) => caseView(needs, actor, t, await caseNamed(needs, params.id)),
  }),
  page({
    method: 'POST',
    path: '/cases/:id/approve',
    roles: rolesOf('POST /cases/:id/approve'),
    params: Id,
    body: z.object({ reason: noCodes(optionalText(2000)) }),
    handle: async ({ needs, actor, params, body }) => {
      const isWaiting = (await decideCase(needs, params.id, 'approve', actor.id, body.reason)).state === 'planned';
      return { to: `/cases/${params.id}`, said: isWaiting ? 'firstApproved' : 'approved' };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/refuse',
    roles: rolesOf('POST /cases/:id/refuse'),
    params: Id,
    body: z.object({ reason: noCodes(optionalText(2000)) }),
    handle: async ({ needs, actor, t, params, body }) => {
      const found = await caseNamed(needs, params.id);
      if (!body.reason) return { ...(await caseView(needs, actor, t, found, t('cases.refusalNeedsReason'))), status: 400 };
      await decideCase(needs, found.id, 'refuse', actor.id, body.reason);
      return { to: `/cases/${found.id}`, said: 'refused' };
    },
  }),
];

async function caseView(needs: Needs, actor: Actor, t: Translator, found: CaseRow, fault?: string): Promise<View> {
  const duties = (await dutiesOf(needs.db, found.subject)).map((d) => dutyView(needs, d));
  const subject = await subjectById(needs.db, found.subject);
  const ref = subject?.audit_nonce ? subjectRef(subject.audit_nonce, subject.id) : null;
  const sealed = may(actor, 'GET /subjects/:id') ? await caseNote(needs.db, found.id) : null;
  const at = await now(needs);
  const planned = found.state === 'planned';
  const owed = duties.filter((d) => d.state !== 'settled');
  return {
    title: t('cases.one', { type: t.word('caseType', found.type), id: found.id.slice(0, 8) }),
    live: 'all',
    body: (
      <>
        {fault ? <Notice tone="bad">{fault}</Notice> : null}
        <Card id="facts" live>
          <Facts
            facts={[
              [t('cases.state'), <CaseBadge key="s" t={t} state={found.state} />],
              [t('cases.received'), t.day(found.received_at)],
              [t('cases.source'), sourceWords(t, found)],
              [t('cases.channel'), found.channel ? t.word('channel', found.channel) : null],
              [
                t('cases.person'),
                may(actor, 'GET /subjects/:id') ? (
                  <IdLink key="p" href={`/people/${found.subject}`} id={found.subject} />
                ) : (
                  <code key="p">{found.subject.slice(0, 8)}</code>
                ),
              ],
              [t('cases.decision'), <Decision key="d" t={t} needs={needs} actor={actor} found={found} />],
              [
                t('cases.firstApproval'),
                found.state === 'planned' && found.first_approval
                  ? t('cases.awaitsSecond', { who: found.first_approval.by })
                  : null,
              ],
              [t('cases.closed'), found.closed_at ? <Moment key="c" t={t} at={found.closed_at} /> : null],
              [t('people.note'), sealed ? needs.vault.unsealJson<string>(`case-note:${found.id}`, sealed) : null],
              [t('cases.number'), <code key="n">{found.id}</code>],
            ]}
          />
        </Card>
        <RightsCard needs={needs} t={t} actor={actor} found={found} at={at} />
        <ClockCard needs={needs} t={t} actor={actor} found={found} at={at} />
        {planned ? (
          <>
            <Card title={t('cases.plan')}>
              <p class="hint">{t(found.type === 'erasure' ? 'cases.planHint' : 'cases.planHintOther')}</p>
              <PlanTable t={t} needs={needs} type={found.type} plan={found.plan} />
            </Card>
            <Decide t={t} actor={actor} id={found.id} type={found.type} />
          </>
        ) : (
          <Card title={t('cases.run')} id="run" live>
            <p class="hint">{t('cases.runHint')}</p>
            <RunTable t={t} found={found} duties={duties} at={at} />
            {found.state === 'refused' ? (
              <p class="hint">
                {t(
                  found.decision?.decision === 'withdrawn'
                    ? 'cases.withdrawnHint'
                    : found.type === 'erasure'
                      ? 'cases.refusedHint'
                      : 'cases.refusedHintOther',
                )}
              </p>
            ) : null}
          </Card>
        )}
        {planned || found.state === 'refused' ? null : (
          <Card title={t('cases.owed')} id="owed" live>
            {owed.length === 0 ? (
              <p class="empty">{t('cases.nothingOwed')}</p>
            ) : (
              <ul class="plain">
                {owed.map((duty) => (
                  <li key={duty.system}>
                    <strong>{duty.system}</strong> <StateBadge t={t} state={duty.state} /> <DutyWords t={t} duty={duty} at={at} />
                    <span class="sub">
                      {t('home.next', { what: nextWords(t, duty) ?? '–' })}
                      {duty.owner ? ` · ${t('home.owner', { who: duty.owner })}` : ''}
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </Card>
        )}
        {await otherRolesCard(needs, actor, t, found)}
        <WithdrawCard
          t={t}
          actor={actor}
          found={found}
          isGone={(await registerRecords(needs.db, found.subject)).some((r) => r.state === 'erased')}
        />
        <ExceptionCard
          needs={needs}
          t={t}
          actor={actor}
          found={found}
          duties={duties}
          exceptions={await exceptionsOfCase(needs.db, found.id)}
        />
        <HandoverCard t={t} actor={actor} found={found} handovers={await handoversOf(needs.db, found.id)} />
        <LettersCard t={t} actor={actor} found={found} letters={await lettersOf(needs.db, found.id)} />
        <EvidenceCard t={t} actor={actor} found={found} />
        <OwnCard t={t} own={(await ownHoldings(needs, [found.subject])).get(found.subject)} />
        <Card title={t('cases.timeline')} id="timeline" live>
          <History
            t={t}
            caption={t('cases.timeline')}
            empty={t('people.noHistory')}
            lines={await timelineOf(needs.db, found, ref, timelineLength)}
          />
        </Card>
      </>
    ),
  };
}

function Decision({ t, needs, actor, found }: { t: Translator; needs: Needs; actor: Actor; found: CaseRow }) {
  const { decision } = found;
  if (!decision) return <>{t('cases.undecided')}</>;
  // a reason is free words about a person: for whoever may see people
  const reason = may(actor, 'GET /subjects/:id') ? reasonOf(needs, found) : undefined;
  return (
    <>
      {t.word('caseState', decision.decision)} · <Moment t={t} at={decision.at} />
      <span class="sub">{t('cases.decidedBy', { who: decision.by })}</span>
      {reason ? <span class="sub">{reason === 'auto' ? t('cases.auto') : reason}</span> : null}
    </>
  );
}

/** Approve or refuse, for whoever decides; the others are told why they cannot (Art. 38(6)). */
function Decide({ t, actor, id, type }: { t: Translator; actor: Actor; id: string; type: CaseRow['type'] }) {
  const of = type === 'erasure' ? '' : 'Other';
  if (!may(actor, 'POST /cases/:id/approve'))
    return (
      <Card title={t('cases.decide')}>
        <p>{t(actor.roles.includes('dpo') ? 'cases.dpoDoesNotDecide' : 'cases.othersDecide')}</p>
      </Card>
    );
  return (
    <Card title={t('cases.decide')}>
      <div class="columns flat">
        <form method="post" action={`/cases/${id}/approve`} class="form">
          <h3>{t('cases.approve')}</h3>
          <p class="hint">{t(`cases.approveHint${of}`)}</p>
          <label>
            {t('cases.reasonIfAny')}
            <textarea name="reason" rows={2} maxLength={2000} />
          </label>
          <div>
            <button type="submit" class="primary">
              {t(`cases.approveNow${of}`)}
            </button>
          </div>
        </form>
        <form method="post" action={`/cases/${id}/refuse`} class="form">
          <h3>{t('cases.refuse')}</h3>
          <p class="hint">{t(`cases.refuseHint${of}`)}</p>
          <label>
            {t('cases.reason')}
            <textarea name="reason" rows={2} maxLength={2000} required />
          </label>
          <div>
            <button type="submit" class="danger">
              {t(`cases.refuseNow${of}`)}
            </button>
          </div>
        </form>
      </div>
    </Card>
  );
}
