import { Failure } from '../../core/failure.ts';
import { type Answer, parseRetryAfter } from '../http.ts';

/**
 * The two causes of a 429: too fast, or the day's calls are spent. The vendor's headers speak of the day alone, its reset is not
 * documented, and a 429 may come without any header; what earlier answers said fills the gap.
 */
export interface Quota {
  /** Learns from every answer, whatever its status. */
  heard(answer: Answer): void;
  /** What a 429 means. Call after `heard`. */
  refusal(answer: Answer): Failure;
  /** Calls left of the day's quota and the quota itself, as the last answer that told them said. */
  left(): number | null;
  limit(): number | null;
}

/** Airbyte's connector waits this long after a 429 without `Retry-After`, and gets through. */
const usualPauseMs = 6_000;
/** A 429 that tells nothing and does not end may be a spent day after all: the pause doubles up to here. */
const longestPauseMs = 15 * 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const afterResetMs = 5 * 60_000;

export function quotaOf(resetHourUtc: number, clock: () => Date = () => new Date()): Quota {
  let left: { calls: number; at: Date } | null = null;
  let limit: number | null = null;
  /** Since when, without a call that went through in between. */
  let spentSince: Date | null = null;
  let bareRefusals = 0;

  const lastReset = (now: Date) => now.getTime() - dayMs + untilReset(now, resetHourUtc) - afterResetMs;

  return {
    left: () => left?.calls ?? null,
    limit: () => limit,

    heard(answer) {
      const remaining = count(answer.headers['x-ratelimit-remaining']);
      if (remaining !== null) left = { calls: remaining, at: clock() };
      limit = count(answer.headers['x-ratelimit-limit']) ?? limit;
      if (answer.status === 429) return;
      spentSince = null;
      bareRefusals = 0;
    },

    refusal(answer) {
      const now = clock();
      const { status } = answer;
      const asked = parseRetryAfter(answer.headers['retry-after'], now);
      // a number of yesterday says nothing about today
      if (left?.calls === 0 && left.at.getTime() >= lastReset(now)) {
        // spent on both sides of the supposed reset: it is at another hour, so ask again before a whole day is lost
        const isElsewhere = spentSince !== null && spentSince.getTime() < lastReset(now);
        spentSince ??= now;
        const wait = isElsewhere ? hourMs : untilReset(now, resetHourUtc);
        return new Failure('RECIPIENT_QUOTA_SPENT', { status, retryAfterMs: Math.max(asked ?? 0, wait) });
      }
      // told that calls are left, it is the rate, and seconds are enough
      const isBare = asked === undefined && count(answer.headers['x-ratelimit-remaining']) === null;
      const pause = isBare ? Math.min(longestPauseMs, usualPauseMs * 2 ** bareRefusals++) : usualPauseMs;
      return new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs: asked ?? pause });
    },
  };
}

/** Until five minutes after the next reset: the vendor's day need not start on the second. */
export function untilReset(now: Date, resetHour: number): number {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), resetHour);
  return (today > now.getTime() ? today : today + dayMs) - now.getTime() + afterResetMs;
}

/** A header that is a whole number; null for anything else. */
export const count = (header: string | undefined): number | null =>
  header !== undefined && /^\d+$/.test(header.trim()) ? Number(header) : null;
