import { z } from 'zod';
import { type Needs, tell } from '../../jobs/needs.ts';
import { type AccountRow, accountById, recoveryCodesLeft, setLanguage } from '../../store/accounts.ts';
import { endSession, endSessions, sessionsOf } from '../../store/sessions.ts';
import { type Actor, roles } from '../auth.ts';
import { notFound } from '../problem.ts';
import { Id } from '../routes.ts';
import { cardOf, changePassword, PasswordRefused } from '../sign-in/account.ts';
import { startSession } from '../sign-in/session.ts';
import { isOwnPassword, takeSecondFactor } from '../sign-in/sign-in.ts';
import { languages, type Translator } from './i18n.ts';
import { page, type View } from './page.ts';
import { Card, Do, Facts, Moment, Notice, Table } from './parts.tsx';
import { codesView, Field, secondFactorForm } from './sign-in.tsx';

/** Whoever came with a token has no account to look at. */
async function own(needs: Needs, actor: Actor): Promise<AccountRow & { session: string }> {
  const account = actor.account && (await accountById(needs.db, actor.account.id));
  if (!account || !actor.account) throw notFound('account');
  return { ...account, session: actor.account.session };
}

async function accountView(needs: Needs, t: Translator, actor: Actor, fault?: string): Promise<View> {
  const account = await own(needs, actor);
  const { name, address } = cardOf(needs, account);
  const sessions = await sessionsOf(needs.db, account.id);
  const local = account.provider_hash === null;
  return {
    title: t('account.title'),
    ...(fault ? { status: 422 } : {}),
    body: (
      <>
        {fault ? <Notice tone="bad">{t(fault)}</Notice> : null}
        <Card title={t('account.who')}>
          <Facts
            facts={[
              [t('account.name'), name],
              [t('account.address'), address],
              [t('account.roles'), account.roles.map((role) => t.word('role', role)).join(', ')],
              [t('account.systems'), account.systems.join(', ')],
            ]}
          />
          <form method="post" action="/account/language" class="form">
            <label>
              {t('account.language')}
              <select name="lang">
                {languages.map((lang) => (
                  <option key={lang} value={lang} lang={lang} selected={lang === (account.language ?? t.lang)}>
                    {{ fi: 'Suomi', sv: 'Svenska', en: 'English' }[lang]}
                  </option>
                ))}
              </select>
            </label>
            <button type="submit">{t('account.save')}</button>
          </form>
        </Card>
        <Card title={t('account.sessions')}>
          <Table
            caption={t('account.sessions')}
            hideCaption
            empty=""
            rows={sessions}
            columns={[
              { label: t('account.since'), cell: (s) => <Moment t={t} at={s.created_at} /> },
              { label: t('account.seen'), cell: (s) => <Moment t={t} at={s.seen_at} /> },
              { label: t('account.until'), cell: (s) => <Moment t={t} at={s.ends_at} /> },
              {
                label: t('account.end'),
                cell: (s) =>
                  s.id === account.session ? (
                    <strong>{t('account.thisOne')}</strong>
                  ) : (
                    <Do action={`/account/sessions/${s.id}/end`} label={t('account.endOne')} />
                  ),
              },
            ]}
          />
          <Do action="/account/sign-out-everywhere" label={t('account.endAll')} />
        </Card>
        {local ? (
          <>
            <Card title={t('account.secondFactor')}>
              {account.totp_sealed ? (
                <>
                  <p>{t('account.factorOn', { left: await recoveryCodesLeft(needs.db, account.id) })}</p>
                  <p class="sub">{t('account.factorLost')}</p>
                </>
              ) : (
                await secondFactorForm({ needs, t, account: account.id, action: '/account/second-factor', to: '/account' })
              )}
            </Card>
            <Card title={t('account.password')}>
              <form method="post" action="/account/password" class="form">
                <input type="text" name="username" autocomplete="username" value={address ?? ''} readOnly hidden />
                <Field name="old" type="password" label={t('account.oldPassword')} autocomplete="current-password" />
                <Field
                  name="password"
                  type="password"
                  label={t('sign-in.newPassword')}
                  hint={t('sign-in.passwordHint')}
                  autocomplete="new-password"
                  minLength={12}
                />
                <button type="submit">{t('account.changePassword')}</button>
              </form>
            </Card>
          </>
        ) : null}
      </>
    ),
  };
}

const ended = (needs: Needs, account: string, reason: string) =>
  tell(needs, { actor: `account:${account}`, action: 'session.ended', code: account, reason });

/** Somebody's own account: what they may, where they are signed in, and their ways in. */
export const accountPages = [
  page({ method: 'GET', path: '/account', roles, handle: ({ needs, t, actor }) => accountView(needs, t, actor) }),
  page({
    method: 'POST',
    path: '/account/language',
    roles,
    body: z.object({ lang: z.enum(languages) }),
    handle: async ({ needs, actor, body }) => {
      await setLanguage(needs.db, (await own(needs, actor)).id, body.lang);
      return { to: '/account', said: 'saved', lang: body.lang };
    },
  }),
  page({
    method: 'POST',
    path: '/account/password',
    roles,
    body: z.object({ old: z.string().max(500), password: z.string().max(500) }),
    handle: async ({ needs, t, actor, body, ip }) => {
      const account = await own(needs, actor);
      const right = await isOwnPassword(needs, account, { password: body.old, ip });
      if (right !== true) return accountView(needs, t, actor, `sign-in.${right}`);
      try {
        await changePassword(needs, account.id, body.password);
      } catch (error) {
        if (error instanceof PasswordRefused) return accountView(needs, t, actor, `sign-in.password.${error.fault}`);
        throw error;
      }
      return { to: '/account', said: 'passwordChanged', session: await startSession(needs, account.id, 'full') };
    },
  }),
  page({
    method: 'POST',
    path: '/account/second-factor',
    roles,
    body: z.object({ code: z.string().max(40) }),
    handle: async ({ needs, t, actor, body, ip }) => {
      const account = await own(needs, actor);
      const taken = await takeSecondFactor(needs, account.id, { code: body.code, ip });
      if (typeof taken === 'string')
        return accountView(needs, t, actor, `sign-in.${taken === 'wrong' ? 'wrongCode' : 'tooMany'}`);
      return { ...codesView(t, taken.codes, '/account'), session: taken.token };
    },
  }),
  page({
    method: 'POST',
    path: '/account/sessions/:id/end',
    roles,
    params: Id,
    handle: async ({ needs, actor, params }) => {
      const account = await own(needs, actor);
      if (!(await endSession(needs.db, account.id, params.id))) throw notFound('session');
      await ended(needs, account.id, 'own');
      return { to: '/account', said: 'sessionEnded' };
    },
  }),
  page({
    method: 'POST',
    path: '/account/sign-out-everywhere',
    roles,
    handle: async ({ needs, actor }) => {
      const account = await own(needs, actor);
      await endSessions(needs.db, account.id);
      await ended(needs, account.id, 'all');
      return { to: '/sign-in', session: null };
    },
  }),
  page({
    method: 'POST',
    path: '/sign-out',
    roles,
    handle: async ({ needs, actor }) => {
      if (actor.account) {
        await endSession(needs.db, actor.account.id, actor.account.session);
        await ended(needs, actor.account.id, 'signed-out');
      }
      return { to: '/sign-in', session: null };
    },
  }),
];
