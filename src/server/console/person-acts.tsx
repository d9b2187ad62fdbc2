import { z } from 'zod';
import { maskIdentityCodes } from '../../core/identity-code.ts';
import { type Fields, fieldNames } from '../../core/person.ts';
import { type ReadRow, readPerson, readReasons } from '../../jobs/read-person.ts';
import { mergeSubjects, relink, splitSubject, unlink } from '../../jobs/relink.ts';
import { registerHash } from '../../store/subjects.ts';
import { openCase, previewErasure } from '../decisions.ts';
import { noCodes } from '../free-text.ts';
import { refusing } from '../links.ts';
import { subjectNamed } from '../people.ts';
import { Id } from '../routes.ts';
import { resyncOne } from '../subjects.ts';
import type { Translator } from './i18n.ts';
import { rolesOf } from './may.ts';
import { page } from './page.ts';
import { Badge, Card, Notice, Table } from './parts.tsx';
import { optionalText } from './people.tsx';
import { ReadForm } from './person-forms.tsx';
import { PlanTable } from './plan-words.tsx';
import { HowItCame, OpenOrCancel } from './request-fields.tsx';
import { valueText } from './values.ts';

/** What is done about one person. Each form does what the API's route of the same name does. */

const otherSubject = z.object({ subject: z.string().trim() });
const anId = z.uuid();

export const personActs = [
  page({
    method: 'POST',
    path: '/people/:id/read',
    roles: rolesOf('POST /subjects/:id/read'),
    params: Id,
    body: z.object({ reason: z.string(), note: noCodes(optionalText(500)) }),
    handle: async ({ needs, actor, t, params, body }) => {
      const subject = await subjectNamed(needs, params.id);
      const reason = readReasons.find((code) => code === body.reason);
      const title = t('people.readTitle', { id: subject.id.slice(0, 8) });
      if (!reason)
        return {
          title,
          status: 400,
          body: (
            <>
              <Notice tone="bad">{t('people.fault.no-reason')}</Notice>
              <ReadForm t={t} id={subject.id} />
            </>
          ),
        };
      const rows = await readPerson(needs, subject, { actor: actor.id, reason, note: body.note });
      return { title, body: <Values t={t} rows={rows} id={subject.id} why={t(`people.why.${reason}`)} /> };
    },
  }),
  page({
    method: 'POST',
    path: '/people/:id/resync',
    roles: rolesOf('POST /subjects/:id/resync'),
    params: Id,
    body: z.object({ system: optionalText(100) }),
    handle: async ({ needs, actor, params, body }) => {
      await resyncOne(needs, params.id, body.system ?? null, actor.id);
      return { to: `/people/${params.id}`, said: 'resyncOrdered' };
    },
  }),
  page({
    method: 'POST',
    path: '/people/:id/erasure-plan',
    roles: rolesOf('POST /cases'),
    params: Id,
    handle: async ({ needs, t, params }) => {
      const subject = await subjectNamed(needs, params.id);
      const plan = await previewErasure(needs, subject);
      return {
        title: t('cases.planTitle', { id: subject.id.slice(0, 8) }),
        body: (
          <>
            <Notice tone="calm">{t('cases.nothingYet')}</Notice>
            <Card title={t('cases.plan')}>
              <PlanTable t={t} type="erasure" plan={plan} needs={needs} />
            </Card>
            <Card title={t('cases.openTitle')}>
              <p class="hint">{t('cases.openHint')}</p>
              <form method="post" action={`/people/${subject.id}/erasure`} class="form">
                <HowItCame t={t} />
                <OpenOrCancel t={t} label={t('cases.open')} back={`/people/${subject.id}`} />
              </form>
            </Card>
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/people/:id/erasure',
    roles: rolesOf('POST /cases'),
    params: Id,
    body: z.object({
      received: optionalText(10).pipe(z.iso.date().optional()),
      channel: optionalText(40),
      note: optionalText(4000),
    }),
    handle: async ({ needs, actor, params, body }) => {
      const { found, fresh } = await openCase(needs, {
        type: 'erasure',
        subject: await subjectNamed(needs, params.id),
        receivedAt: body.received ? new Date(`${body.received}T12:00:00Z`) : null,
        channel: body.channel ?? null,
        note: body.note,
        source: 'console',
        actor: actor.id,
      });
      return { to: `/cases/${found.id}`, said: fresh ? 'caseOpened' : 'caseJoined' };
    },
  }),
  page({
    method: 'POST',
    path: '/people/:id/merge',
    roles: rolesOf('POST /subjects/:id/merge'),
    params: Id,
    body: otherSubject,
    handle: async ({ needs, actor, t, params, body }) => {
      const other = anId.safeParse(body.subject);
      if (!other.success) return notAnId(t, `/people/${params.id}`);
      await refusing(mergeSubjects(needs, other.data, params.id, actor.id));
      return { to: `/people/${params.id}`, said: 'merged' };
    },
  }),
  page({
    method: 'POST',
    path: '/people/:id/split',
    roles: rolesOf('POST /subjects/:id/split'),
    params: Id,
    body: z.object({ place: z.string().max(100), remoteId: z.string().trim().min(1).max(300) }),
    handle: async ({ needs, actor, params, body }) => {
      const which = {
        place: body.place,
        hashOf: (register: string) => registerHash(needs.vault, register, body.place, body.remoteId),
      };
      const made = await refusing(splitSubject(needs, params.id, which, [], actor.id));
      return { to: `/people/${made}`, said: 'split' };
    },
  }),
  page({
    method: 'POST',
    path: '/links/:id/unlink',
    roles: rolesOf('POST /links/:id/unlink'),
    params: Id,
    handle: async ({ needs, actor, params }) => {
      const record = await refusing(unlink(needs, params.id, actor.id));
      return { to: `/people/${record.subject}`, said: 'unlinked' };
    },
  }),
  page({
    method: 'POST',
    path: '/links/:id/relink',
    roles: rolesOf('POST /links/:id/relink'),
    params: Id,
    body: otherSubject,
    handle: async ({ needs, actor, t, params, body }) => {
      const to = anId.safeParse(body.subject);
      if (!to.success) return notAnId(t, '/people');
      await refusing(relink(needs, params.id, to.data, actor.id));
      return { to: `/people/${to.data}`, said: 'relinked' };
    },
  }),
];

/** How a request may have come in. */
const notAnId = (t: Translator, back: string) => ({
  title: t('frame.problem.400.title'),
  status: 400,
  body: (
    <>
      <Notice tone="bad">{t('people.fault.no-id')}</Notice>
      <p>
        <a href={back}>{t('people.back')}</a>
      </p>
    </>
  ),
});

/** What was read just now: register and recipients side by side, shown this once and kept nowhere. */
function Values({ t, rows, id, why }: { t: Translator; rows: readonly ReadRow[]; id: string; why: string }) {
  const known = new Set(rows.flatMap((row) => Object.keys(row.fields ?? {})));
  const names = [...fieldNames.filter((name) => known.delete(name)), ...[...known].sort()];
  const read = rows.filter((row) => row.fields !== null);
  const silent = rows.filter((row) => row.problem !== undefined);
  return (
    <>
      <Notice tone="warn">{t('people.readOnce', { why })}</Notice>
      {silent.map((row) => (
        <Notice key={`${row.system}${row.place}`} tone="calm">
          {t('people.notRead', { system: row.system, why: t.word('readProblem', row.problem ?? 'internal') })}
        </Notice>
      ))}
      <Card title={t('people.values')}>
        <Table
          caption={t('people.values')}
          hideCaption
          empty={t('people.nothingRead')}
          rows={names}
          columns={[
            { label: t('people.field'), cell: (name) => t.word('field', name) },
            ...read.map((row) => ({
              label: `${row.system}${row.isRegister ? ` (${t('people.registerMark')})` : ''}${rows.filter((r) => r.system === row.system).length > 1 ? ` / ${row.place}` : ''}`,
              cell: (name: string) => (
                <>
                  {name === 'identityCode'
                    ? valueText(row.fields?.[name as keyof Fields])
                    : maskIdentityCodes(valueText(row.fields?.[name as keyof Fields]))}
                  {row.differs.includes(name) ? (
                    <span class="sub">
                      <Badge tone="bad" mark="≠">
                        {t('people.is.differs')}
                      </Badge>
                    </span>
                  ) : null}
                </>
              ),
            })),
          ]}
        />
      </Card>
      <p>
        <a class="button" href={`/people/${id}`}>
          {t('people.back')}
        </a>
      </p>
    </>
  );
}
