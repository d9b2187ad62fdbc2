import { nearest, type Path } from './config-faults.ts';
import type { ConfigFile } from './config-schema.ts';
import { isLoopback, type Tell, type TellSecret } from './config-secrets.ts';
import type { NotifyConfig, SignInConfig, SystemConfig } from './core/configuration.ts';
import { webhookKey } from './core/standard-webhook.ts';

/** How people come in: the addresses checked, the provider's secret resolved. */
export function resolveSignIn(
  { url, requireTotp, oidc }: NonNullable<ConfigFile['signIn']>,
  secret: TellSecret,
  tell: Tell,
): SignInConfig {
  const plain = (address: string | undefined) => address?.startsWith('http:') && !isLoopback(address);
  if (plain(url)) tell(['signIn', 'url'], 'plain http goes to this machine only: use https');
  if (url && new URL(url).pathname !== '/')
    tell(['signIn', 'url'], 'must be the address alone: the console stands at the root of its host');
  if (plain(oidc?.issuer)) tell(['signIn', 'oidc', 'issuer'], 'plain http goes to this machine only: use https');
  if (oidc && !url)
    tell(['signIn'], 'url is missing: the provider sends people back there, to exactly the address it was told', { key: true });
  return {
    requireTotp,
    ...(url ? { url: new URL(url).origin } : {}),
    ...(oidc
      ? {
          oidc: {
            issuer: oidc.issuer,
            clientId: oidc.clientId,
            clientSecret: secret(oidc.clientSecret, ['signIn', 'oidc', 'clientSecret']),
            roles: oidc.roles,
            ...(oidc.label ? { label: oidc.label } : {}),
          },
        }
      : {}),
  };
}

/** The public form: a mailed link proves the sender's address, so there must be a way to mail it, and an address to lead to. */
export function resolveRequests(
  { url }: NonNullable<ConfigFile['requests']>,
  file: Pick<ConfigFile, 'notify' | 'controller'>,
  tell: Tell,
): { url: string } {
  if (url.startsWith('http:') && !isLoopback(url)) tell(['requests', 'url'], 'plain http goes to this machine only: use https');
  if (new URL(url).pathname !== '/')
    tell(['requests', 'url'], 'must be the address alone: the form stands at /request of its host');
  if (!file.notify?.mail)
    tell(['requests'], 'the form proves an address by a link that is mailed: configure notify.mail', { key: true });
  return { url: new URL(url).origin };
}

/** The page of people who run a system: what they are asked stands there, so the way must be closed to others. */
export function resolveReplies(
  { url }: NonNullable<ConfigFile['replies']>,
  file: Pick<ConfigFile, 'notify'>,
  tell: Tell,
): { url: string } {
  if (url.startsWith('http:') && !isLoopback(url)) tell(['replies', 'url'], 'plain http goes to this machine only: use https');
  if (new URL(url).pathname !== '/') tell(['replies', 'url'], 'must be the address alone: the page stands at /reply of its host');
  if (!file.notify?.mail) tell(['replies'], 'people are asked by mail: configure notify.mail', { key: true });
  return { url: new URL(url).origin };
}

/** Secrets resolved; the ways out checked: a login in the file, a plain-text webhook or a weak secret is refused at start. */
export function resolveNotify(
  notify: NonNullable<ConfigFile['notify']>,
  systems: readonly SystemConfig[],
  tellSecret: TellSecret,
  tell: Tell,
): NotifyConfig {
  const at = (...steps: (string | number)[]): Path => ['notify', ...steps];
  const owners = systems.flatMap((s) => s.owner ?? []);
  for (const owner of Object.keys(notify.owners))
    if (!owners.includes(owner))
      tell(at('owners', owner), `no system has the owner "${owner}"`, { suggestion: nearest(owner, owners), key: true });
  const { mail, webhook } = notify;
  const smtp = mail ? smtpOf(mail.smtp, at('mail', 'smtp'), tellSecret, tell) : '';
  let secret = '';
  if (webhook) {
    if (webhook.url.startsWith('http:') && !isLoopback(webhook.url))
      tell(at('webhook', 'url'), 'plain http goes to this machine only: use https');
    if (new URL(webhook.url).username !== '') tell(at('webhook', 'url'), 'credentials have no place in an address');
    secret = tellSecret(webhook.secret, at('webhook', 'secret'));
    if (secret !== '' && webhookKey(secret) === null)
      tell(at('webhook', 'secret'), 'must be whsec_ and at least 24 random bytes in base64');
  }
  return {
    ...(mail ? { mail: { smtp, from: mail.from, to: mail.to, hr: mail.hr } } : {}),
    owners: notify.owners,
    ...(webhook ? { webhook: { url: webhook.url, secret } } : {}),
    on: notify.on,
    after: notify.after,
  };
}

function smtpOf(given: string | { env: string } | { file: string }, path: Path, tellSecret: TellSecret, tell: Tell): string {
  const smtp = typeof given === 'string' ? given : tellSecret(given, path);
  if (smtp === '') return smtp;
  if (!URL.canParse(smtp) || !/^smtps?:$/.test(new URL(smtp).protocol) || new URL(smtp).hostname === '')
    tell(path, 'must be an address as smtp://host:587 or smtps://host:465');
  else if (typeof given === 'string' && new URL(smtp).password !== '')
    tell(path, 'a login has no place in this file: write the whole address as { env: NAME } or { file: PATH }');
  return smtp;
}
