import { subjectRef } from '../../core/audit-entry.ts';
import { isOver } from '../../core/case.ts';
import type { DutyView } from '../../core/duty.ts';
import { type Needs, now } from '../../jobs/needs.ts';
import { casesOf } from '../../store/cases.ts';
import { historyOf, readsOf, tasksOf } from '../../store/console-views.ts';
import { type DutyRow, dutiesOf } from '../../store/duties.ts';
import { openHolds } from '../../store/held.ts';
import { legalHoldsOf } from '../../store/legal-holds.ts';
import { disclosuresOf, linksOf } from '../../store/records.ts';
import { type RegisterRecordRow, registerRecords, type SubjectRow } from '../../store/subjects.ts';
import type { Actor } from '../auth.ts';
import { subjectNamed } from '../people.ts';
import { Id } from '../routes.ts';
import { dutyView } from '../shapes.ts';
import { History } from './history.tsx';
import type { Translator } from './i18n.ts';
import { HoldForm, HoldTable } from './legal-hold-parts.tsx';
import { CaseBadge, nextWords } from './matrix.tsx';
import { may, rolesOf } from './may.ts';
import { page, type View } from './page.ts';
import { Card, Do, DutyWords, EvidenceMark, Facts, IdLink, Moment, Notice, StateBadge, Table } from './parts.tsx';
import { SubjectBadge } from './people.tsx';
import { fieldsCard } from './person-fields.tsx';
import { Actions, ReadForm } from './person-forms.tsx';
import { LinkList } from './person-links.tsx';
import { samePersonCard } from './same-person.tsx';

const historyLength = 40;

export const personPage = page({
  method: 'GET',
  path: '/people/:id',
  roles: rolesOf('GET /subjects/:id'),
  params: Id,
  handle: async ({ needs, actor, t, params }) => personView(needs, actor, t, await subjectNamed(needs, params.id)),
});

/** Everything that is known of a person but their values. */
async function personView(needs: Needs, actor: Actor, t: Translator, subject: SubjectRow): Promise<View> {
  const { db } = needs;
  const inRegister = await registerRecords(db, subject.id);
  const duties = await dutiesOf(db, subject.id);
  const links = await linksOf(db, subject.id);
  const holds = await openHolds(db, subject.id);
  const cases = await casesOf(db, subject.id);
  const ref = subject.audit_nonce ? subjectRef(subject.audit_nonce, subject.id) : null;
  return {
    title: t('people.person', { id: subject.id.slice(0, 8) }),
    live: 'all',
    body: (
      <>
        {subject.state === 'erased' ? <Notice tone="calm">{t('people.erasedNote')}</Notice> : null}
        {holds.map((h) => (
          <Notice key={h.id} tone="warn">
            {t('people.heldNote', { why: t.word('holdKind', h.kind) })} <a href={`/held/${h.id}`}>{t('home.open.held')}</a>
          </Notice>
        ))}
        <Card title={t('people.who')}>
          <Facts
            facts={[
              [t('people.role'), t.word('role', subject.role)],
              [t('people.register'), registerWords(t, subject, inRegister)],
              [t('people.state'), <SubjectBadge key="s" t={t} state={subject.state} />],
              [t('people.restricted'), subject.restricted ? t('people.yesRestricted') : null],
              [t('people.version'), t.number(subject.version)],
              [t('people.id'), <code key="i">{subject.id}</code>],
            ]}
          />
        </Card>
        <Card title={t('people.duties')} id="duties" live>
          <Duties t={t} actor={actor} needs={needs} subject={subject} duties={duties} at={await now(needs)} />
        </Card>
        {/* of somebody erased there is nothing to compare with */}
        {subject.state === 'erased' ? null : await fieldsCard(needs, t, subject)}
        {subject.state === 'erased' ? null : <ReadForm t={t} id={subject.id} />}
        {await legalHoldsCard(needs, actor, t, subject)}
        {await samePersonCard(needs, actor, t, subject)}
        <Card title={t('people.links')} id="links">
          <LinkList t={t} actor={actor} links={links} />
        </Card>
        {await disclosuresCard(needs, t, subject)}
        <Card title={t('people.cases')}>
          <Table
            caption={t('people.cases')}
            hideCaption
            empty={t('people.noCases')}
            rows={cases}
            columns={[
              { label: t('people.case'), cell: (c) => <IdLink href={`/cases/${c.id}`} id={c.id} /> },
              { label: t('people.caseType'), cell: (c) => t.word('caseType', c.type) },
              { label: t('people.state'), cell: (c) => <CaseBadge t={t} state={c.state} /> },
              { label: t('people.received'), cell: (c) => t.day(c.received_at) },
            ]}
          />
          {await askedOfPeople(needs, t, subject)}
        </Card>
        <Actions t={t} actor={actor} needs={needs} subject={subject} inRegister={inRegister} openCase={cases.find(isOpen)?.id} />
        <Card title={t('people.history')}>
          <p class="hint">{t(ref ? 'people.historyHint' : 'people.historyGone', { n: historyLength })}</p>
          <History
            t={t}
            caption={t('people.history')}
            empty={t('people.noHistory')}
            lines={ref ? await historyOf(db, ref, historyLength) : []}
          />
          {await readsList(needs, t, subject)}
        </Card>
      </>
    ),
  };
}

const isOpen = (c: { type: string; state: string }) => c.type === 'erasure' && !isOver(c);

const registerWords = (t: Translator, subject: SubjectRow, rows: readonly RegisterRecordRow[]) => (
  <>
    {subject.register}
    {rows.map((row, i) => (
      <span class="sub" key={`${row.place}${i}`}>
        {row.place}: {t.word('rowState', row.state)}
        {row.secondary ? ` (${t('people.merged')})` : ''}
      </span>
    ))}
  </>
);

function Duties({
  t,
  actor,
  needs,
  subject,
  duties,
  at,
}: {
  t: Translator;
  actor: Actor;
  needs: Needs;
  subject: SubjectRow;
  duties: readonly DutyRow[];
  at: Date;
}) {
  const back = `/people/${subject.id}`;
  return (
    <Table
      caption={t('people.duties')}
      hideCaption
      empty={t('people.noDuties')}
      rows={duties.map((row) => ({ row, duty: dutyView(needs, row) }))}
      columns={[
        { label: t('people.system'), cell: ({ duty }) => duty.system },
        { label: t('people.state'), cell: ({ duty }) => <StateBadge t={t} state={duty.state} /> },
        { label: t('people.outcome'), cell: ({ duty }) => <DutyWords t={t} duty={duty} at={at} /> },
        { label: t('people.evidence'), cell: ({ duty }) => <EvidenceMark t={t} evidence={duty.evidence} /> },
        { label: t('people.since'), cell: ({ duty }) => <Moment t={t} at={duty.since} /> },
        {
          label: t('people.next'),
          cell: ({ row, duty }) => (
            <>
              {nextWords(t, duty) ?? '–'}
              {duty.owner ? <span class="sub">{t('home.owner', { who: duty.owner })}</span> : null}
              {row.state === 'dead' && may(actor, 'POST /duties/:id/redrive') ? (
                <Do action={`/duties/${row.id}/redrive`} label={t('home.redrive')} hidden={{ back }} />
              ) : null}
            </>
          ),
        },
        ...(subject.state !== 'erased' && may(actor, 'POST /subjects/:id/resync')
          ? [
              {
                label: t('people.again'),
                cell: ({ duty }: { row: DutyRow; duty: DutyView }) =>
                  needs.config.systems[duty.system]?.recipient ? (
                    <Do action={`${back}/resync`} label={t('people.resyncOne')} hidden={{ system: duty.system }} />
                  ) : null,
              },
            ]
          : []),
      ]}
    />
  );
}

/** What a dispute keeps of this person; the decision maker places and lifts. */
async function legalHoldsCard(needs: Needs, actor: Actor, t: Translator, subject: SubjectRow) {
  if (!may(actor, 'GET /holds')) return null;
  const holds = await legalHoldsOf(needs.db, subject.id);
  const places = may(actor, 'POST /holds');
  if (holds.length === 0 && !places) return null;
  return (
    <Card title={t('holds.title')} id="holds">
      <HoldTable t={t} needs={needs} actor={actor} holds={holds} back={`/people/${subject.id}`} />
      {places ? <HoldForm t={t} needs={needs} subject={subject.id} /> : null}
    </Card>
  );
}

async function disclosuresCard(needs: Needs, t: Translator, subject: SubjectRow) {
  return (
    <Card title={t('people.disclosures')}>
      <p class="hint">{t('people.disclosuresHint')}</p>
      <Table
        caption={t('people.disclosures')}
        hideCaption
        empty={t('people.noDisclosures')}
        rows={await disclosuresOf(needs.db, subject.id)}
        columns={[
          { label: t('people.system'), cell: (d) => d.recipient },
          { label: t('people.purpose'), cell: (d) => d.purpose },
          { label: t('people.fieldsGiven'), cell: (d) => d.fields.map((f) => t.word('field', f)).join(', ') },
          { label: t('people.first'), cell: (d) => <Moment t={t} at={d.first_at} /> },
          { label: t('people.last'), cell: (d) => <Moment t={t} at={d.last_at} /> },
        ]}
      />
    </Card>
  );
}

async function askedOfPeople(needs: Needs, t: Translator, subject: SubjectRow) {
  const asked = await tasksOf(needs.db, subject.id);
  if (asked.length === 0) return null;
  return (
    <>
      <h3>{t('people.tasks')}</h3>
      <ul class="plain">
        {asked.map((task) => (
          <li key={task.id}>
            <a href={`/tasks/${task.id}`}>
              {task.system}: {t.word('ask', task.ask)}
            </a>{' '}
            {task.outcome ? t.word('outcome', task.outcome) : t('home.due', { day: t.day(task.due) })}
          </li>
        ))}
      </ul>
    </>
  );
}

async function readsList(needs: Needs, t: Translator, subject: SubjectRow) {
  const reads = await readsOf(needs.db, subject.id);
  if (reads.length === 0) return null;
  return (
    <>
      <h3>{t('people.reads')}</h3>
      <ul class="plain">
        {reads.map((read) => (
          <li key={read.id}>
            <Moment t={t} at={read.at} /> · {t(`people.why.${read.reason}`)} · <span class="id">{read.actor}</span>
            {read.sealed_note ? (
              <span class="sub">{needs.vault.unsealJson<string>(`read-note:${read.id}`, read.sealed_note)}</span>
            ) : null}
          </li>
        ))}
      </ul>
    </>
  );
}
