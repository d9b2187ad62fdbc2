/**
 * Every failure a wire call, a queue job or the ledger can meet, named by what happens next. The page `docs/errors.md` lists
 * the same codes; a test compares the two.
 */

export const nexts = [
  /** Nothing was done; try the same again after a while. */
  'retry-later',
  /** The answer was lost and something may have been done: read before any second write. */
  'read-first',
  /** Nobody's duty can pass until an operator mends the system's set-up. */
  'pause-recipient',
  /** The recipient says this can never succeed. */
  'give-up',
  /** Somebody else holds the duty now; stop without a trace. */
  'yield',
] as const;
export type Next = (typeof nexts)[number];

const define = <C extends string>(code: C, next: Next, says: string) => ({ code, next, says }) as const;

export const failures = {
  RECIPIENT_THROTTLED: define('RECIPIENT_THROTTLED', 'retry-later', 'the system asked us to slow down'),
  RECIPIENT_QUOTA_SPENT: define('RECIPIENT_QUOTA_SPENT', 'retry-later', "the system's daily quota is used up"),
  RECIPIENT_UNREACHABLE: define('RECIPIENT_UNREACHABLE', 'retry-later', 'no connection to the system could be made'),
  RECIPIENT_UNAVAILABLE: define('RECIPIENT_UNAVAILABLE', 'retry-later', 'the system answered that it is out of order'),
  RECIPIENT_BUSY: define('RECIPIENT_BUSY', 'retry-later', 'no free connection slot within the time allowed'),
  ANSWER_LOST: define('ANSWER_LOST', 'read-first', 'the request left, but no whole answer came back'),
  ANSWER_GARBLED: define('ANSWER_GARBLED', 'read-first', 'the answer is not what the system documents'),
  CREDENTIALS_REJECTED: define('CREDENTIALS_REJECTED', 'pause-recipient', 'an operator must renew the credentials'),
  RIGHT_MISSING: define('RIGHT_MISSING', 'pause-recipient', 'the credentials lack a right that Kaiku needs'),
  RECIPIENT_REFUSED: define('RECIPIENT_REFUSED', 'give-up', 'the system says this can never succeed'),
  NOT_APPLIED: define('NOT_APPLIED', 'retry-later', 'the read-back does not show what was written'),
  LEASE_LOST: define('LEASE_LOST', 'yield', 'another worker holds this duty now'),
} as const;

export type FailureCode = keyof typeof failures;

/**
 * A failure that travels. It carries a code and never a text of the vendor's or a value of the person: it may be logged as
 * it stands.
 */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly next: Next;
  /** Milliseconds the system asked us to wait, where it said so. */
  readonly retryAfterMs: number | undefined;
  /** HTTP status or the like, for the log. */
  readonly status: number | undefined;
  /** What an operator may look at first, in our words. */
  readonly hint: string | undefined;

  constructor(code: FailureCode, more: FailureMore = {}) {
    super(failures[code].says, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Failure';
    this.code = code;
    this.next = failures[code].next;
    this.retryAfterMs = more.retryAfterMs;
    this.status = more.status;
    this.hint = more.hint;
  }
}

interface FailureMore {
  retryAfterMs?: number | undefined;
  status?: number | undefined;
  hint?: string | undefined;
  cause?: unknown;
}
