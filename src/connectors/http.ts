import type { Failure } from '../core/failure.ts';

/**
 * The one way to the network: deadline, size cap, no redirects, and failures named by what happens next.
 * (Types first, so that the folders can be written against them.)
 */

/** What a verb is given for its requests: the lease of the duty it works for, if any. */
export interface Call {
  /**
   * Asked immediately before each request leaves, after a free slot was found. Throws `Failure('LEASE_LOST')` when another
   * worker may have taken over. Answers the monotonic time (`performance.now()`, ms) after which nothing may leave any more.
   */
  beforeWire(kind: 'read' | 'write'): Promise<number>;
}

/** For calls outside a duty (polls, checks): nothing to lose. */
export const freeCall: Call = { beforeWire: async () => Number.POSITIVE_INFINITY };

/**
 * Slots over all processes: as many at once and per sliding second as the manifest allows. A slot is kept until the answer came
 * *and* the window passed, so that the limit holds where the vendor counts, not where we do.
 */
export interface Gate {
  /** Resolves when a slot is ours. Rejects with `RECIPIENT_BUSY` after `patienceMs`. */
  enter(patienceMs: number): Promise<Pass>;
}
export interface Pass {
  /** `lost`: the vendor may still be at work, so the slot stays taken until its deadline. */
  leave(how: 'answered' | 'lost'): Promise<void>;
}

export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute. Never logged: an address may stand in it. */
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** `write` also for a destructive GET. Decides what a lost answer means, and is told to the lease. */
  kind: 'read' | 'write';
}

export interface Answer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
  text(): string;
  /** The parsed JSON; `Failure('ANSWER_GARBLED')` when it is not JSON. */
  json(): unknown;
}

/**
 * Sends one request and answers whatever status came back, whole. Throws `Failure`: `RECIPIENT_UNREACHABLE` when nothing was
 * sent, `ANSWER_LOST` when a write may have been, `RECIPIENT_UNAVAILABLE` for a read whose answer was lost.
 */
export type Wire = (request: WireRequest, call: Call) => Promise<Answer>;

export type { Failure };
