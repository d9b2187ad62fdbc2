import type { Gate } from '../connectors/http.ts';
import { Failure } from '../core/failure.ts';
import type { Db } from '../store/database.ts';
import { prepareSlots, type SlotLimits, takeSlots } from '../store/slots.ts';

/** The gate of a system, over all processes: its slots are rows of the ledger, under the name that shares them. */
export function ledgerGate(db: Db, name: () => string, limits: () => SlotLimits, deadlineMs: number, newId: () => string): Gate {
  let prepared: Promise<void> | undefined;
  return {
    async enter(patienceMs) {
      prepared ??= prepareSlots(db, name(), limits());
      await prepared;
      const holder = newId();
      const until = performance.now() + patienceMs;
      for (;;) {
        const taken = await takeSlots(db, name(), limits(), deadlineMs, holder);
        if (typeof taken !== 'number') return taken;
        if (performance.now() + taken > until) throw new Failure('RECIPIENT_BUSY', { retryAfterMs: Math.max(1000, taken) });
        await new Promise((resolve) => setTimeout(resolve, Math.min(taken, 250)));
      }
    },
  };
}
