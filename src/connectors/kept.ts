import { Failure } from '../core/failure.ts';
import type { Call } from './http.ts';

/** Long enough for a burst of looks, short enough for values of people to be in memory. */
const keptMs = 5000;

/**
 * One reading for many looks, kept for a few seconds; one that failed is not kept. It goes under the lease of whoever looked first: where
 * that was lost, whoever still has one reads anew.
 */
export function keptShortly<T>(read: (call: Call) => Promise<T>): ((call: Call) => Promise<T>) & { forget(): void } {
  let kept: Promise<T> | null = null;
  const anew = (call: Call): Promise<T> => {
    const reading = read(call);
    kept = reading;
    const forget = () => {
      if (kept === reading) kept = null;
    };
    reading.then(() => setTimeout(forget, keptMs).unref(), forget);
    return reading;
  };
  const look = (call: Call): Promise<T> => {
    const shared = kept;
    if (!shared) return anew(call);
    return shared.catch((error: unknown) => {
      if (!(error instanceof Failure && error.code === 'LEASE_LOST')) throw error;
      return kept && kept !== shared ? look(call) : anew(call);
    });
  };
  return Object.assign(look, {
    /** The next look reads anew. */
    forget: () => {
      kept = null;
    },
  });
}
