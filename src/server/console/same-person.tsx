import { z } from 'zod';
import { isOver } from '../../core/case.ts';
import type { Needs } from '../../jobs/needs.ts';
import { tieSubjects, untieSubjects } from '../../jobs/same-person.ts';
import type { CaseRow } from '../../store/cases.ts';
import { maybeSamePerson, type OtherRole } from '../../store/same-person.ts';
import type { SubjectRow } from '../../store/subjects.ts';
import type { Actor } from '../auth.ts';
import { refusing } from '../links.ts';
import { Id } from '../routes.ts';
import { alsoAsk, canBeAskedOf, otherRoles } from '../same-person.ts';
import type { Translator } from './i18n.ts';
import { CaseBadge } from './matrix.tsx';
import { may, rolesOf, scopeOn } from './may.ts';
import { page } from './page.ts';
import { Card, Do, IdLink } from './parts.tsx';

/** One human being in several roles, on the pages of a person and of a case. Who may not see both is shown nothing of it. */

const Other = z.object({
  subject: z
    .string()
    .trim()
    .pipe(z.uuid({ error: 'must be an id as Kaiku gives them' })),
});

export const samePersonPages = [
  page({
    method: 'POST',
    path: '/people/:id/same-person',
    roles: rolesOf('POST /subjects/:id/same-person'),
    params: Id,
    body: Other,
    handle: async ({ needs, actor, params, body }) => {
      await refusing(tieSubjects(needs, params.id, body.subject, actor.id));
      return { to: `/people/${params.id}#same-person`, said: 'tied' };
    },
  }),
  page({
    method: 'POST',
    path: '/people/:id/same-person/withdraw',
    roles: rolesOf('POST /subjects/:id/same-person/withdraw'),
    params: Id,
    body: Other,
    handle: async ({ needs, actor, params, body }) => {
      await refusing(untieSubjects(needs, params.id, body.subject, actor.id));
      return { to: `/people/${params.id}#same-person`, said: 'untied' };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/also',
    roles: rolesOf('POST /cases/:id/also'),
    params: Id,
    body: Other,
    handle: async ({ needs, actor, params, body }) => {
      const { found, fresh } = await alsoAsk(needs, params.id, body.subject, actor.id);
      return { to: `/cases/${found.id}`, said: fresh ? 'caseOpened' : 'caseJoined' };
    },
  }),
];

const RoleOf = ({ t, one }: { t: Translator; one: OtherRole }) => (
  <>
    <IdLink href={`/people/${one.id}`} id={one.id} />{' '}
    {t('samePerson.roleAt', { role: t.word('role', one.role), register: one.register })}
  </>
);

/** On the page of a person: who they are beside this, who they may be, and the word of whoever knows. */
export async function samePersonCard(needs: Needs, actor: Actor, t: Translator, subject: SubjectRow) {
  const scope = scopeOn(actor, 'GET /subjects/:id');
  if (!scope) return null;
  const tied = await otherRoles(needs, subject.id, scope);
  const says = may(actor, 'POST /subjects/:id/same-person');
  const isLiving = subject.state !== 'erased';
  const maybe = says && isLiving ? await maybeSamePerson(needs.db, subject.id, scope) : [];
  const isAlone = Object.values(needs.config.systems).filter((s) => s.register).length < 2;
  if (tied.length === 0 && maybe.length === 0 && (!says || !isLiving || isAlone)) return null;
  const path = `/people/${subject.id}/same-person`;
  return (
    <Card title={t('samePerson.title')} id="same-person">
      <p class="hint">{t('samePerson.hint')}</p>
      {tied.length === 0 ? <p class="empty">{t('samePerson.none')}</p> : null}
      <ul class="plain">
        {tied.map((one) => (
          <li key={one.id}>
            <RoleOf t={t} one={one} />
            {says ? <Do action={`${path}/withdraw`} label={t('samePerson.untie')} hidden={{ subject: one.id }} /> : null}
          </li>
        ))}
        {maybe.map((one) => (
          <li key={one.id}>
            {t('samePerson.maybe')} <RoleOf t={t} one={one} />
            <Do action={path} label={t('samePerson.tie')} hidden={{ subject: one.id }} />
          </li>
        ))}
      </ul>
      {says && isLiving ? (
        <details>
          <summary>{t('samePerson.another')}</summary>
          <form method="post" action={path} class="form" autocomplete="off">
            <label>
              {t('samePerson.id')}
              <input type="text" name="subject" required autocomplete="off" />
            </label>
            <div>
              <button type="submit">{t('samePerson.tie')}</button>
            </div>
          </form>
        </details>
      ) : null}
    </Card>
  );
}

/** On the page of a case: the same person's other roles, and what is asked there. */
export async function otherRolesCard(needs: Needs, actor: Actor, t: Translator, found: CaseRow) {
  const scope = scopeOn(actor, 'GET /subjects/:id');
  const others = scope ? await otherRoles(needs, found.subject, scope) : [];
  if (others.length === 0) return null;
  return (
    <Card title={t('samePerson.title')} id="same-person">
      <p class="hint">{t('samePerson.caseHint')}</p>
      <ul class="plain">
        {others.map((one) => {
          const same = one.cases.filter(({ type }) => type === found.type);
          const mayAsk =
            may(actor, 'POST /cases/:id/also') && canBeAskedOf(found) && one.state !== 'erased' && same.every(isOver);
          return (
            <li key={one.id}>
              <RoleOf t={t} one={one} />
              {same.map((c) => (
                <span class="sub" key={c.id}>
                  {t.word('caseType', c.type)} <IdLink href={`/cases/${c.id}`} id={c.id} /> <CaseBadge t={t} state={c.state} />
                </span>
              ))}
              {same.length === 0 ? <span class="sub">{t('samePerson.notAsked')}</span> : null}
              {mayAsk ? (
                <Do action={`/cases/${found.id}/also`} label={t('samePerson.alsoAsk')} hidden={{ subject: one.id }} />
              ) : null}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
