import { createHmac, timingSafeEqual } from 'node:crypto';

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

/** Seconds that a delivery may be old or early. */
const windowSeconds = 300;

/** One delivery as it came in; a header's value is a list where it came more than once. */
interface Delivery {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
  now: Date;
}

/** Whether one of the keys signed these bytes, within five minutes. Two keys are active while one is replaced. */
export function isSignedWebhook(keys: readonly Buffer[], { headers, body, now }: Delivery): boolean {
  const [id, time, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers[name]);
  if (typeof id !== 'string' || typeof time !== 'string' || typeof signatures !== 'string') return false;
  // a dot in the id would let it be told apart from the time in two ways
  if (!/^[\w-]{1,200}$/.test(id) || !/^\d{1,12}$/.test(time)) return false;
  if (Math.abs(now.getTime() / 1000 - Number(time)) > windowSeconds) return false;
  // as texts: base64 has several spellings of the same bytes
  const given = signatures.split(' ').flatMap((one) => (/^v1,[A-Za-z0-9+/]{43}=$/.test(one) ? [Buffer.from(one.slice(3))] : []));
  return keys.some((key) => {
    const expected = Buffer.from(createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64'));
    return given.some((signature) => timingSafeEqual(signature, expected));
  });
}
