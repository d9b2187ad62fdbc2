import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { type Call, parseRetryAfter, type Wire } from '../http.ts';

/** The file that Google gives out for a service account, as far as we use it. */
const ServiceAccount = z.looseObject({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
});

const Granted = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** Access tokens of a service account, each kept until shortly before its end. */
export interface Tokens {
  get(call: Call): Promise<string>;
  /** The one that is kept was rejected: the next is a new one. */
  forget(): void;
}

/** How long before its end a token counts as over, and how long we ask for one, in seconds. */
const [earlySeconds, longestSeconds] = [120, 3600];
const waitMs = 60_000;

export function tokensOf(options: { serviceAccount: string; tokenUrl: string; scope: string; now(): Date }, wire: Wire): Tokens {
  const { tokenUrl, scope, now } = options;
  let account: ReturnType<typeof accountOf> | undefined;
  let kept: { token: string; until: number } | undefined;

  async function ask(call: Call): Promise<string> {
    account ??= accountOf(options.serviceAccount);
    const asked = now().getTime();
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: assertion(account, { scope, audience: tokenUrl, at: asked }),
    }).toString();
    // it changes nothing there: a token whose answer was lost is just asked for again
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await wire({ method: 'POST', url: tokenUrl, kind: 'read', headers, body }, call);
    const { status } = answer;
    if (status === 429) {
      const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], now()) ?? waitMs;
      throw new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs });
    }
    if (status >= 500) throw new Failure('RECIPIENT_UNAVAILABLE', { status });
    if (status >= 400) throw new Failure('CREDENTIALS_REJECTED', { status });
    const granted = Granted.safeParse(status === 200 ? answer.json() : null);
    if (!granted.success) throw new Failure('ANSWER_GARBLED', { status });
    const { access_token: token, expires_in: seconds } = granted.data;
    kept = { token, until: asked + (seconds - earlySeconds) * 1000 };
    return token;
  }

  return {
    get: async (call) => (kept && now().getTime() < kept.until ? kept.token : ask(call)),
    forget() {
      kept = undefined;
    },
  };
}

interface Account {
  email: string;
  key: KeyObject;
  keyId: string | undefined;
}

/** What is wrong with a key is never quoted: it is the key. */
function accountOf(text: string): Account {
  try {
    const { client_email: email, private_key: key, private_key_id: keyId } = ServiceAccount.parse(JSON.parse(text));
    return { email, key: createPrivateKey(key), keyId };
  } catch {
    throw new Failure('CREDENTIALS_REJECTED', { hint: 'serviceAccount must be the JSON file of a service account, whole' });
  }
}

/** RFC 7523: what the account claims, signed with its key. */
function assertion({ email, key, keyId }: Account, { scope, audience, at }: { scope: string; audience: string; at: number }) {
  const seconds = Math.floor(at / 1000);
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const head = encoded({ alg: 'RS256', typ: 'JWT', ...(keyId ? { kid: keyId } : {}) });
  const claims = encoded({ iss: email, scope, aud: audience, iat: seconds, exp: seconds + longestSeconds });
  return `${head}.${claims}.${sign('RSA-SHA256', Buffer.from(`${head}.${claims}`), key).toString('base64url')}`;
}
