import { isAbsolute, resolve } from 'node:path';
import type { ConfigFile } from './config-schema.ts';
import { isLoopback, type Tell, type TellSecret } from './config-secrets.ts';
import type { AuditConfig } from './core/configuration.ts';
import { webhookKey } from './core/standard-webhook.ts';

/** How long the log keeps what it says, and where its checkpoints go: addresses and secrets checked, folders found. */
export function resolveAudit(
  { keepYears, checkpoints }: NonNullable<ConfigFile['audit']>,
  file: Pick<ConfigFile, 'notify'>,
  folder: string,
  secret: TellSecret,
  tell: Tell,
): AuditConfig {
  const at = ['audit', 'checkpoints'];
  const { webhook, mail } = checkpoints ?? {};
  if (mail && !file.notify?.mail) tell([...at, 'mail'], 'goes out by the mail server of notify.mail: configure it');
  if (webhook?.url.startsWith('http:') && !isLoopback(webhook.url))
    tell([...at, 'webhook', 'url'], 'plain http goes to this machine only: use https');
  if (checkpoints && !mail && !webhook && !checkpoints.folder)
    tell(at, 'names no place: give a folder, mail addresses or a webhook');
  const key = webhook ? secret(webhook.secret, [...at, 'webhook', 'secret']) : '';
  if (key !== '' && webhookKey(key) === null)
    tell([...at, 'webhook', 'secret'], 'must be whsec_ and at least 24 random bytes in base64');
  return {
    ...(keepYears === undefined ? {} : { keepYears }),
    ...(checkpoints
      ? {
          checkpoints: {
            everyHours: checkpoints.everyHours,
            ...(checkpoints.folder
              ? { folder: isAbsolute(checkpoints.folder) ? checkpoints.folder : resolve(folder, checkpoints.folder) }
              : {}),
            ...(mail ? { mail } : {}),
            ...(webhook ? { webhook: { url: webhook.url, secret: key } } : {}),
          },
        }
      : {}),
  };
}
