import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter } from '../http.ts';

/** What Meta answers instead of what was asked for, and what happens next. */

/** Why a list took nobody out, in our words. `gone`: the list is deleted or another account's, and holds nobody for us. */
export type Refusal = 'flagged' | 'closed' | 'gone';

const Problem = z.looseObject({
  error: z.looseObject({
    code: z.number(),
    error_subcode: z.number().optional(),
    fbtrace_id: z.string().optional(),
  }),
});
export interface Told {
  code: number;
  subcode: number | undefined;
}

/** The refusal in an answer's body, whatever its status; null where there is none. Its texts are never kept. */
function toldIn(answer: Answer, call: Call): Told | null {
  let body: unknown;
  try {
    body = answer.json();
  } catch {
    return null;
  }
  const parsed = Problem.safeParse(body);
  if (!parsed.success) return null;
  const { code, error_subcode: subcode, fbtrace_id: trace = '' } = parsed.data.error;
  call.heard?.({ code: `${code}/${subcode ?? 0}`, request: /^[\w-]{1,40}$/.test(trace) ? trace : 'unnamed' });
  return { code, subcode };
}

const throttled = new Set([4, 17, 80003]);
/** "Temporary", or "unknown": of the latter nobody can tell whether it was done. */
const [temporary, unknown] = [new Set([341, 368, 5000, 21009]), new Set([1, 2])];
/** Meta gives no Retry-After; its limits follow the use of the last hour. */
const throttledMs = 300_000;

const terms = 'the owner of the ad account must accept the terms for customer lists in the Ads Manager';

/**
 * Throws for everything that says nothing about a list or a person; answers a refusal that does, and null where there is none. An
 * object that is missing is one of those only for a write: the list that was read just now is closed to us.
 */
export function judge(answer: Answer, kind: 'read' | 'write', call: Call): Refusal | null {
  const { status } = answer;
  const told = toldIn(answer, call);
  if (!told && status >= 200 && status < 300) return null;
  if (!told) throw withoutWord(answer, kind);
  const { code, subcode } = told;
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], new Date()) ?? throttledMs;
  if (code === 190) throw new Failure('CREDENTIALS_REJECTED', { status });
  if (throttled.has(code)) throw new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs });
  if (unknown.has(code)) throw new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status });
  if (temporary.has(code)) throw new Failure('RECIPIENT_UNAVAILABLE', { status });
  if (code === 2655) throw new Failure('RIGHT_MISSING', { status, hint: terms });
  if (code === 200 || code === 294) throw new Failure('RIGHT_MISSING', { status });
  // the update failed, and says so: tried a few times, then a person looks
  if (code === 2650) throw new Failure('NOT_APPLIED', { status });
  const refusal = kind === 'write' ? refusalIn(told) : null;
  if (refusal) return refusal;
  throw new Failure(code === 100 && subcode === 33 ? 'RIGHT_MISSING' : 'RECIPIENT_REFUSED', { status });
}

function refusalIn({ code, subcode }: Told): Refusal | null {
  if ([code, subcode].some((n) => n === 1487301 || n === 1487366)) return 'gone';
  if (code !== 100) return null;
  if (subcode === 1713230) return 'flagged';
  return subcode === 33 ? 'closed' : null;
}

/** A status without a word of Meta's: of a proxy, or of its front doors. */
function withoutWord(answer: Answer, kind: 'read' | 'write'): Failure {
  const { status } = answer;
  if (status === 401) return new Failure('CREDENTIALS_REJECTED', { status });
  if (status === 403) return new Failure('RIGHT_MISSING', { status });
  if (status === 429) {
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], new Date()) ?? throttledMs;
    return new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs });
  }
  if (status >= 500 || status === 408) return new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status });
  return new Failure('ANSWER_GARBLED', { status });
}
