import type { ComponentChildren } from 'preact';
import { renderSVG } from 'uqr';
import { z } from 'zod';
import type { Needs } from '../../jobs/needs.ts';
import { byAddress } from '../sign-in/account.ts';
import { beginJourney, endJourney } from '../sign-in/provider.ts';
import { giveCode, offerSecondFactor, signIn, takeSecondFactor } from '../sign-in/sign-in.ts';
import { isLanguage, type Language, type Translator } from './i18n.ts';
import { openPage, type View } from './page.ts';
import { Card, Notice } from './parts.tsx';

const To = z.object({ to: z.string().max(2000).default('/') });
const Code = To.extend({ code: z.string().max(40) });

/** A field with its label; what is wrong with it stands beside it. */
export function Field({
  name,
  label,
  type = 'text',
  hint,
  value,
  autocomplete,
  ...more
}: {
  name: string;
  label: string;
  type?: 'text' | 'email' | 'password';
  hint?: string;
  value?: string;
  autocomplete: string;
  minLength?: number;
  inputMode?: 'numeric';
}) {
  const hintId = hint ? `${name}-hint` : undefined;
  return (
    <label>
      {label}
      {hint ? (
        <span class="hint" id={hintId}>
          {hint}
        </span>
      ) : null}
      <input
        name={name}
        // the types of preact know one kind of input at a time
        type={type as 'text'}
        required
        value={value}
        autocomplete={autocomplete}
        aria-describedby={hintId}
        {...more}
      />
    </label>
  );
}

const wrongAt = (to: string) => (to === '/' ? '' : `?to=${encodeURIComponent(to)}`);

/** The page of the first step; after a wrong try it says so, and no more. */
function signInView(needs: Needs, t: Translator, to: string, fault?: { key: string; status: number }): View {
  const { oidc } = needs.config.signIn ?? {};
  return {
    title: t('sign-in.title'),
    ...(fault ? { status: fault.status } : {}),
    body: (
      <Card>
        {fault ? <Notice tone="bad">{t(`sign-in.${fault.key}`)}</Notice> : null}
        <form method="post" action="/sign-in" class="form">
          <input type="hidden" name="to" value={to} />
          <Field name="address" type="email" label={t('sign-in.address')} autocomplete="username" />
          <Field name="password" type="password" label={t('sign-in.password')} autocomplete="current-password" />
          <button type="submit" class="primary">
            {t('sign-in.go')}
          </button>
        </form>
        {oidc ? (
          <p>
            <a class="button" href={`/sign-in/provider${wrongAt(to)}`}>
              {t('sign-in.provider', { provider: oidc.label ?? 'OpenID Connect' })}
            </a>
          </p>
        ) : null}
        <p class="sub">{t('sign-in.lost')}</p>
      </Card>
    ),
  };
}

const codeView = (t: Translator, to: string, fault?: string): View => ({
  title: t('sign-in.codeTitle'),
  ...(fault ? { status: fault === 'tooMany' ? 429 : 401 } : {}),
  body: (
    <Card>
      {fault ? <Notice tone="bad">{t(`sign-in.${fault}`)}</Notice> : null}
      <form method="post" action="/sign-in/code" class="form">
        <input type="hidden" name="to" value={to} />
        <Field name="code" label={t('sign-in.code')} hint={t('sign-in.codeHint')} autocomplete="one-time-code" />
        <button type="submit" class="primary">
          {t('sign-in.go')}
        </button>
      </form>
    </Card>
  ),
});

/** The picture that an app reads, the secret for whoever types it, and the field for the first code. */
export async function secondFactorForm({
  needs,
  t,
  account,
  action,
  to,
}: {
  needs: Needs;
  t: Translator;
  account: string;
  action: string;
  to: string;
}) {
  const { secret, uri } = await offerSecondFactor(needs, account);
  const picture = `data:image/svg+xml;base64,${Buffer.from(renderSVG(uri, { border: 4 })).toString('base64')}`;
  return (
    <>
      <p>{t('sign-in.enrolText')}</p>
      <p>
        <img src={picture} alt={t('sign-in.qr')} width="220" height="220" />
      </p>
      <p>
        {t('sign-in.secret')} <code>{secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
      </p>
      <form method="post" action={action} class="form">
        <input type="hidden" name="to" value={to} />
        <Field name="code" label={t('sign-in.firstCode')} autocomplete="one-time-code" inputMode="numeric" />
        <button type="submit" class="primary">
          {t('sign-in.take')}
        </button>
      </form>
    </>
  );
}

const enrolView = async (needs: Needs, t: Translator, account: string, to: string, fault?: string): Promise<View> => ({
  title: t('sign-in.enrolTitle'),
  ...(fault ? { status: fault === 'tooMany' ? 429 : 401 } : {}),
  body: (
    <Card>
      {fault ? <Notice tone="bad">{t(`sign-in.${fault}`)}</Notice> : null}
      {await secondFactorForm({ needs, t, account, action: '/sign-in/enrol', to })}
    </Card>
  ),
});

/** Recovery codes, seen once. */
export const codesView = (t: Translator, codes: readonly string[], to: string): View => ({
  title: t('sign-in.codesTitle'),
  body: (
    <Card>
      <Notice tone="warn">{t('sign-in.codesText')}</Notice>
      <ul class="plain">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <p>
        <a class="button primary" href={to}>
          {t('sign-in.goOn')}
        </a>
      </p>
    </Card>
  ),
});

const langOf = (language: string | null): Language | undefined => (isLanguage(language) ? language : undefined);
const local = (to: string) => (/^\/(?![/\\])/.test(to) ? to : '/');

const message = (title: string, body: ComponentChildren, status: number): View => ({ title, status, body: <Card>{body}</Card> });

/** The ways in. */
export const signInPages = [
  openPage({
    method: 'GET',
    path: '/sign-in',
    query: To,
    handle: async ({ needs, t, actor, query }) => (actor ? { to: local(query.to) } : signInView(needs, t, query.to)),
  }),
  openPage({
    method: 'POST',
    path: '/sign-in',
    secret: true,
    body: To.extend({ address: z.string().max(254), password: z.string().max(500) }),
    handle: async ({ needs, t, body, ip }) => {
      const tried = await signIn(needs, { address: body.address, password: body.password, ip });
      if (tried.kind === 'too-many') return signInView(needs, t, body.to, { key: 'tooMany', status: 429 });
      if (tried.kind === 'wrong') return signInView(needs, t, body.to, { key: 'wrong', status: 401 });
      const lang = langOf((await byAddress(needs, body.address))?.language ?? null);
      const { token, stage } = tried;
      return { to: stage === 'full' ? body.to : `/sign-in/${stage}${wrongAt(body.to)}`, session: token, lang };
    },
  }),
  openPage({
    method: 'GET',
    path: '/sign-in/code',
    query: To,
    handle: async ({ t, half, query }) => (half?.stage === 'code' ? codeView(t, query.to) : { to: '/sign-in' }),
  }),
  openPage({
    method: 'POST',
    path: '/sign-in/code',
    secret: true,
    body: Code,
    handle: async ({ needs, t, half, body, ip }) => {
      if (half?.stage !== 'code') return { to: '/sign-in' };
      const tried = await giveCode(needs, half, { code: body.code, ip });
      if (tried.kind === 'in') return { to: body.to, session: tried.token };
      return codeView(t, body.to, tried.kind === 'wrong' ? 'wrongCode' : 'tooMany');
    },
  }),
  openPage({
    method: 'GET',
    path: '/sign-in/enrol',
    query: To,
    handle: async ({ needs, t, half, query }) =>
      half?.stage === 'enrol' ? enrolView(needs, t, half.account, query.to) : { to: '/sign-in' },
  }),
  openPage({
    method: 'POST',
    path: '/sign-in/enrol',
    secret: true,
    body: Code,
    handle: async ({ needs, t, half, body, ip }) => {
      if (half?.stage !== 'enrol') return { to: '/sign-in' };
      const taken = await takeSecondFactor(needs, half.account, { code: body.code, ip });
      if (typeof taken === 'string')
        return enrolView(needs, t, half.account, body.to, taken === 'wrong' ? 'wrongCode' : 'tooMany');
      return { ...codesView(t, taken.codes, local(body.to)), session: taken.token };
    },
  }),
  openPage({
    method: 'GET',
    path: '/sign-in/provider',
    secret: true,
    query: To,
    handle: async ({ needs, t, query }) => {
      const { oidc } = needs.config.signIn ?? {};
      if (!oidc) return { to: '/sign-in' };
      const begun = await beginJourney(needs, oidc, local(query.to)).catch(() => null);
      if (!begun) return signInView(needs, t, query.to, { key: 'providerGone', status: 502 });
      return { to: '/', away: begun.url, journey: begun.sealed };
    },
  }),
  openPage({
    method: 'GET',
    path: '/sign-in/callback',
    secret: true,
    handle: async ({ needs, t, search, journey }) => {
      const { oidc } = needs.config.signIn ?? {};
      if (!oidc) return { to: '/sign-in' };
      const ended = await endJourney(needs, oidc, search, journey);
      if (typeof ended === 'string') {
        const view = signInView(needs, t, '/', { key: `turned.${ended}`, status: ended === 'no-role' ? 403 : 401 });
        return { ...view, journey: null };
      }
      // a redirect would still count as the provider's, and a strict cookie stays home then: the page itself goes on
      const go = (
        <p>
          <a class="button primary" href={ended.to}>
            {t('sign-in.goOn')}
          </a>
        </p>
      );
      return { ...message(t('sign-in.done'), go, 200), session: ended.token, journey: null, goOn: ended.to };
    },
  }),
];
