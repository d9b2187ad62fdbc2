import type { Evidence, Outcome } from '../core/duty.ts';
import type { Move } from '../store/duties.ts';

/** What a step came to. `write` runs inside the transaction that records it. */
export type Taken = Settled | { kind: 'moved'; move: Move; called?: boolean };

interface Settled {
  kind: 'settled';
  outcome: Outcome;
  evidence: Evidence;
  reason?: string;
  called?: boolean;
  /** Refused: the people of the system are asked for it, as soon as no other row is owed anything. */
  ask?: 'erase' | 'update' | 'restrict';
  write?: () => Promise<void>;
}

export const settled = (outcome: Outcome, evidence: Evidence, reason?: string) => ({
  kind: 'settled' as const,
  outcome,
  evidence,
  ...(reason ? { reason } : {}),
});
