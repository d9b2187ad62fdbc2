import { createHmac } from 'node:crypto';

/** Standard Webhooks (standardwebhooks.com): id, time and body signed with a shared secret. */

const prefix = 'whsec_';

/** The key of a secret as `whsec_<base64>`; null when it is none, or shorter than 24 bytes. */
export function webhookKey(secret: string): Buffer | null {
  if (!secret.startsWith(prefix) || !/^[A-Za-z0-9+/]+=*$/.test(secret.slice(prefix.length))) return null;
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  return key.length >= 24 ? key : null;
}

/** The three headers of one delivery. A message tried again keeps its id and gets a new time. */
export function webhookHeaders(secret: string, message: { id: string; at: Date; body: string }): Record<string, string> {
  const key = webhookKey(secret);
  if (!key) throw new Error('the secret of the webhook is not of the form whsec_<base64>');
  const timestamp = String(Math.floor(message.at.getTime() / 1000));
  const signature = createHmac('sha256', key).update(`${message.id}.${timestamp}.${message.body}`).digest('base64');
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
