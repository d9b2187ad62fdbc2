import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, type Wire } from '../http.ts';
import { type Place, requestFor } from './mapping.ts';
import type { Ga4Settings } from './settings.ts';
import type { Tokens } from './token.ts';

/** A deletion that Google did not take, in our words. */
export type Deletion = 'accepted' | 'identifier-invalid' | 'property-missing';

export interface Ga4Client {
  /** Asks for the deletion of one user; the answer is a receipt, not a proof. */
  submitDeletion(place: Pick<Place, 'property' | 'kind'>, id: string, call: Call): Promise<Deletion>;
  /** Whether the account sees the property; the Admin API alone. */
  seesProperty(property: string, call: Call): Promise<boolean>;
}

const Receipt = z.looseObject({ deletionRequestTime: z.iso.datetime({ offset: true }) });
const Property = z.looseObject({ name: z.string() });
const Problem = z.looseObject({
  error: z.looseObject({
    status: z.string().optional(),
    errors: z.array(z.looseObject({ reason: z.string().optional() })).optional(),
  }),
});

/** Google gives no Retry-After here; the daily quota of the v3 API begins anew at a midnight that is not ours. */
const [throttledMs, spentMs] = [60_000, 3_600_000];

export function createClient(
  options: { baseUrl: string; settings: Pick<Ga4Settings, 'api' | 'version'>; tokens: Tokens; now(): Date },
  wire: Wire,
): Ga4Client {
  const { settings, tokens } = options;
  const base = options.baseUrl.replace(/\/+$/, '');

  async function send(method: 'GET' | 'POST', path: string, body: unknown, call: Call): Promise<Answer> {
    const kind = method === 'GET' ? 'read' : 'write';
    const once = async () => {
      const headers = { authorization: `Bearer ${await tokens.get(call)}`, 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      return wire({ method, url: `${base}${path}`, kind, headers, ...sent }, call);
    };
    let answer = await once();
    if (answer.status === 401) {
      // a token may end before its time; nothing was done, so the same is sent once more with a new one
      tokens.forget();
      answer = await once();
    }
    if (answer.status === 401) tokens.forget();
    nameFailure(answer, kind, options.now());
    return answer;
  }

  return {
    async submitDeletion(place, id, call) {
      const { path, body } = requestFor(settings, place, id);
      const answer = await send('POST', path, body, call);
      if (answer.status === 404) return 'property-missing';
      if (answer.status === 400) return 'identifier-invalid';
      parse(Receipt, answer);
      return 'accepted';
    },
    async seesProperty(property, call) {
      const answer = await send('GET', `/${settings.version}/properties/${property}`, undefined, call);
      if (answer.status === 404) return false;
      return parse(Property, answer).name === `properties/${property}`;
    },
  };
}

function parse<T>(schema: z.ZodType<T>, answer: Answer): T {
  const { status } = answer;
  if (status >= 400) throw new Failure('RECIPIENT_REFUSED', { status });
  const parsed = schema.safeParse(answer.json());
  if (!parsed.success) throw new Failure('ANSWER_GARBLED', { status });
  return parsed.data;
}

/** Google's own codes in a refusal; none where the body is no problem of its. */
function codesIn(answer: Answer): string[] {
  try {
    const { error } = Problem.parse(answer.json());
    return [error.status ?? '', ...(error.errors ?? []).map(({ reason }) => reason ?? '')];
  } catch {
    return [];
  }
}

const throttles = ['RESOURCE_EXHAUSTED', 'rateLimitExceeded', 'userRateLimitExceeded'];
const spent = ['dailyLimitExceeded', 'quotaExceeded'];

/** Throws for everything that says nothing about the user. */
function nameFailure(answer: Answer, kind: 'read' | 'write', now: Date): void {
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  if (status === 401) throw new Failure('CREDENTIALS_REJECTED', { status });
  const codes = codesIn(answer);
  const told = parseRetryAfter(answer.headers['retry-after'], now);
  if (codes.some((code) => spent.includes(code)))
    throw new Failure('RECIPIENT_QUOTA_SPENT', { status, retryAfterMs: told ?? spentMs });
  if (status === 429 || codes.some((code) => throttles.includes(code)))
    throw new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs: told ?? throttledMs });
  if (status === 403) throw new Failure('RIGHT_MISSING', { status });
  if (status >= 500 || status === 408) throw new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status });
  // redirects are not followed; a page of somebody in between is not Google's word about a user
  if (status < 400 || codes.length === 0) throw new Failure('ANSWER_GARBLED', { status });
}
