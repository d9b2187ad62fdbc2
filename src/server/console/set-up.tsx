import { z } from 'zod';
import type { Needs } from '../../jobs/needs.ts';
import { accountById } from '../../store/accounts.ts';
import { ProblemError } from '../problem.ts';
import { cardOf, linkOf, PasswordRefused, redeemLink } from '../sign-in/account.ts';
import { startSession } from '../sign-in/session.ts';
import { enter } from '../sign-in/sign-in.ts';
import type { Translator } from './i18n.ts';
import { openPage, type View } from './page.ts';
import { Card, Notice } from './parts.tsx';
import { Field } from './sign-in.tsx';

const Token = z.object({ token: z.string().max(100) });
/** A box that was ticked once or more often, or not at all. */
export const ticked = <T extends z.ZodType>(of: T) =>
  z.preprocess((value) => (value === undefined || value === '' ? [] : [value].flat()), z.array(of));
const firstRoles = ['admin', 'dpo', 'decision-maker'] as const;
const Given = z.object({
  name: z.string().trim().max(100).default(''),
  email: z.string().trim().max(254).default(''),
  password: z.string().max(500),
  roles: ticked(z.enum(firstRoles)),
});
type Given = z.infer<typeof Given>;

async function setUpView(needs: Needs, t: Translator, token: string, given?: Given, fault?: string): Promise<View> {
  const link = await linkOf(needs, token);
  if (!link)
    return {
      title: t('sign-in.linkGone'),
      status: 404,
      body: (
        <Card>
          <p>{t('sign-in.linkGoneText')}</p>
        </Card>
      ),
    };
  const card = link.account ? cardOf(needs, link.account) : null;
  return {
    title: t(card ? 'sign-in.setUpTitle' : 'sign-in.firstTitle'),
    ...(fault ? { status: 422 } : {}),
    body: (
      <Card>
        {fault ? <Notice tone="bad">{t(fault)}</Notice> : null}
        <p>{card ? t('sign-in.setUpText', { name: card.name }) : t('sign-in.firstText')}</p>
        <form method="post" action={`/set-up/${token}`} class="form">
          {card ? (
            <input type="text" name="username" autocomplete="username" value={card.address ?? ''} readOnly hidden />
          ) : (
            <>
              <Field name="name" label={t('sign-in.name')} autocomplete="name" value={given?.name ?? ''} />
              <Field name="email" type="email" label={t('sign-in.address')} autocomplete="username" value={given?.email ?? ''} />
              <fieldset>
                <legend>{t('sign-in.firstRoles')}</legend>
                <p class="hint">{t('sign-in.firstRolesHint')}</p>
                {firstRoles.map((role) => (
                  <label key={role} class="check">
                    <input
                      type="checkbox"
                      name="roles"
                      value={role}
                      checked={role === 'admin' || !given || given.roles.includes(role)}
                      disabled={role === 'admin'}
                    />
                    {t.word('role', role)}
                  </label>
                ))}
              </fieldset>
            </>
          )}
          <Field
            name="password"
            type="password"
            label={t('sign-in.newPassword')}
            hint={t('sign-in.passwordHint')}
            autocomplete="new-password"
            minLength={12}
          />
          <button type="submit" class="primary">
            {t('sign-in.save')}
          </button>
        </form>
      </Card>
    ),
  };
}

/** What a one-time link opens: the first account, or a password for a known one. */
export const setUpPages = [
  openPage({
    method: 'GET',
    path: '/set-up/:token',
    params: Token,
    handle: async ({ needs, t, params }) => setUpView(needs, t, params.token),
  }),
  openPage({
    method: 'POST',
    path: '/set-up/:token',
    secret: true,
    params: Token,
    body: Given,
    handle: async ({ needs, t, params, body }) => {
      const again = (fault: string) => setUpView(needs, t, params.token, body, fault);
      try {
        const id = await redeemLink(needs, params.token, { password: body.password, first: body });
        const account = await accountById(needs.db, id);
        if (needs.config.signIn?.requireTotp ?? true)
          return { to: '/sign-in/enrol', session: await startSession(needs, id, 'enrol') };
        const { token } = await enter(needs, { id, address_hash: account?.address_hash ?? null }, 'one-time-link');
        return { to: '/', session: token };
      } catch (error) {
        if (error instanceof PasswordRefused) return again(`sign-in.password.${error.fault}`);
        if (error instanceof ProblemError && error.status === 400) return again('sign-in.noAddress');
        if (error instanceof ProblemError && error.status === 404) return setUpView(needs, t, '');
        throw error;
      }
    },
  }),
];
