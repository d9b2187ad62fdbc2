import { z } from 'zod';
import { type Role, roles } from '../../core/scope.ts';
import type { Needs } from '../../jobs/needs.ts';
import { accountById } from '../../store/accounts.ts';
import { notFound } from '../problem.ts';
import { Id } from '../routes.ts';
import {
  type AccountView,
  accountVerbs,
  accountView,
  changeRights,
  createAccount,
  listAccounts,
  steerAccount,
} from '../sign-in/account.ts';
import type { Translator } from './i18n.ts';
import { page, type View } from './page.ts';
import { Badge, Card, Do, Facts, Table } from './parts.tsx';
import { ticked } from './set-up.tsx';
import { Field } from './sign-in.tsx';

const tones: Record<AccountView['state'], { tone: string; mark: string }> = {
  active: { tone: 'good', mark: '✓' },
  invited: { tone: 'busy', mark: '✉' },
  locked: { tone: 'bad', mark: '✕' },
  disabled: { tone: 'calm', mark: '‖' },
};

/** Ids of data subjects, as somebody pastes them: one a line, or with commas. */
const Ids = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,;]+/).filter((part) => part !== ''))
  .pipe(z.array(z.uuid()).max(500));
const Rights = z.object({ roles: ticked(z.enum(roles)), systems: ticked(z.string()), staff: Ids });

function RightsFields({ needs, t, of }: { needs: Needs; t: Translator; of?: AccountView }) {
  return (
    <>
      <fieldset>
        <legend>{t('accounts.roles')}</legend>
        {roles.map((role: Role) => (
          <label key={role} class="check">
            <input type="checkbox" name="roles" value={role} checked={of?.roles.includes(role) ?? false} />
            <span>
              {t.word('role', role)}
              <span class="hint"> {t(`accounts.may.${role}`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>{t('accounts.systems')}</legend>
        <p class="hint">{t('accounts.systemsHint')}</p>
        {Object.keys(needs.config.systems).map((name) => (
          <label key={name} class="check">
            <input type="checkbox" name="systems" value={name} checked={of?.systems.includes(name) ?? false} />
            {name}
          </label>
        ))}
      </fieldset>
      <label>
        {t('accounts.staff')}
        <span class="hint">{t('accounts.staffHint')}</span>
        <textarea name="staff" rows={2}>
          {of?.staff.join('\n') ?? ''}
        </textarea>
      </label>
    </>
  );
}

const StateOf = ({ t, state }: { t: Translator; state: AccountView['state'] }) => (
  <Badge {...tones[state]}>{t(`accounts.state.${state}`)}</Badge>
);

/** A link that is shown once, to be handed over by another way than this. */
const linkView = (t: Translator, name: string, url: string): View => ({
  title: t('accounts.linkTitle'),
  body: (
    <Card>
      <p>{t('accounts.linkText', { name })}</p>
      <p>
        <code class="long">{url}</code>
      </p>
      <p>
        <a href="/accounts">{t('accounts.back')}</a>
      </p>
    </Card>
  ),
});

const urlOf = (needs: Needs, origin: string, token: string) => `${needs.config.signIn?.url ?? origin}/set-up/${token}`;

/** Who may sign in. */
export const accountsPages = [
  page({
    method: 'GET',
    path: '/accounts',
    roles: ['admin'],
    handle: async ({ needs, t }) => ({
      title: t('accounts.title'),
      body: (
        <>
          <Card>
            <Table
              caption={t('accounts.title')}
              hideCaption
              empty={t('accounts.none')}
              rows={await listAccounts(needs)}
              columns={[
                { label: t('accounts.name'), cell: (a) => <a href={`/accounts/${a.id}`}>{a.name}</a> },
                { label: t('accounts.address'), cell: (a) => a.address ?? '' },
                { label: t('accounts.roles'), cell: (a) => a.roles.map((role) => t.word('role', role)).join(', ') },
                { label: t('accounts.stateLabel'), cell: (a) => <StateOf t={t} state={a.state} /> },
                {
                  label: t('accounts.secondFactor'),
                  cell: (a) =>
                    t(a.signIn === 'provider' ? 'accounts.byProvider' : a.secondFactor ? 'accounts.yes' : 'accounts.no'),
                },
              ]}
            />
          </Card>
          <Card title={t('accounts.new')}>
            <form method="post" action="/accounts" class="form wide">
              <Field name="name" label={t('accounts.name')} autocomplete="off" />
              <Field name="email" type="email" label={t('accounts.address')} autocomplete="off" />
              <RightsFields needs={needs} t={t} />
              <button type="submit" class="primary">
                {t('accounts.make')}
              </button>
            </form>
          </Card>
        </>
      ),
    }),
  }),
  page({
    method: 'POST',
    path: '/accounts',
    roles: ['admin'],
    body: Rights.extend({ name: z.string().trim().min(1).max(100), email: z.string().trim().min(3).max(254) }),
    handle: async ({ needs, t, actor, body, origin }) => {
      const { token, account } = await createAccount(needs, actor, { ...body, language: null });
      return linkView(t, account.name, urlOf(needs, origin, token));
    },
  }),
  page({
    method: 'GET',
    path: '/accounts/:id',
    roles: ['admin'],
    params: Id,
    handle: async ({ needs, t, params, actor }) => {
      const row = await accountById(needs.db, params.id);
      if (!row) throw notFound('account');
      const account = accountView(needs, row);
      const isOwn = actor.account?.id === account.id;
      const local = account.signIn === 'password';
      return {
        title: account.name,
        body: (
          <>
            <Card>
              <Facts
                facts={[
                  [t('accounts.address'), account.address],
                  [t('accounts.stateLabel'), <StateOf t={t} state={account.state} />],
                  [
                    t('accounts.secondFactor'),
                    t(local ? (account.secondFactor ? 'accounts.yes' : 'accounts.no') : 'accounts.byProvider'),
                  ],
                  [t('accounts.since'), t.day(account.since)],
                ]}
              />
              <div class="actions">
                {account.state === 'locked' ? (
                  <Do action={`/accounts/${account.id}/unlock`} label={t('accounts.unlock')} />
                ) : null}
                {local && account.state !== 'disabled' ? (
                  <Do action={`/accounts/${account.id}/link`} label={t('accounts.link')} />
                ) : null}
                <Do action={`/accounts/${account.id}/end-sessions`} label={t('accounts.endSessions')} />
                {account.state === 'disabled' ? (
                  <Do action={`/accounts/${account.id}/enable`} label={t('accounts.enable')} />
                ) : isOwn ? null : (
                  <Do action={`/accounts/${account.id}/disable`} label={t('accounts.disable')} tone="danger" />
                )}
              </div>
            </Card>
            <Card title={t('accounts.rights')}>
              <p class="hint">{t(isOwn ? 'accounts.ownRights' : local ? 'accounts.rightsText' : 'accounts.rightsByProvider')}</p>
              <form method="post" action={`/accounts/${account.id}/roles`} class="form wide">
                <RightsFields needs={needs} t={t} of={account} />
                <button type="submit" class="primary">
                  {t('accounts.save')}
                </button>
              </form>
            </Card>
          </>
        ),
      };
    },
  }),
  page({
    method: 'POST',
    path: '/accounts/:id/roles',
    roles: ['admin'],
    params: Id,
    body: Rights,
    handle: async ({ needs, actor, params, body }) => {
      await changeRights(needs, actor, params.id, body);
      return { to: `/accounts/${params.id}`, said: 'saved' };
    },
  }),
  page({
    method: 'POST',
    path: '/accounts/:id/:verb',
    roles: ['admin'],
    params: Id.extend({ verb: z.enum(accountVerbs) }),
    handle: async ({ needs, t, actor, params, origin }) => {
      const token = await steerAccount(needs, actor, params.id, params.verb);
      if (!token) return { to: `/accounts/${params.id}`, said: 'done' };
      const [account] = (await listAccounts(needs)).filter((a) => a.id === params.id);
      return linkView(t, account?.name ?? '', urlOf(needs, origin, token));
    },
  }),
];
