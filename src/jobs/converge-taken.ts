import type { Evidence, Outcome } from '../core/duty.ts';
import type { Move } from '../store/duties.ts';

/** What a step came to. `write` runs inside the transaction that records it. */
export type Taken =
  | { kind: 'settled'; outcome: Outcome; evidence: Evidence; reason?: string; called?: boolean; write?: () => Promise<void> }
  | { kind: 'moved'; move: Move; called?: boolean };

export const settled = (outcome: Outcome, evidence: Evidence, reason?: string) => ({
  kind: 'settled' as const,
  outcome,
  evidence,
  ...(reason ? { reason } : {}),
});
