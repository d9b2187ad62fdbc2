import { due } from '../store/duties.ts';
import { systemState } from '../store/systems.ts';
import type { Needs } from './needs.ts';
import type { Queues } from './queues.ts';

/** Wake-ups of slower lanes that one recipient may have in the queue at once: a full resync never buries an erasure. */
const window = 200;

/**
 * Hands the duties whose time has come to the queue. It is outbox, delay line and watchdog in one: a duty says when it must be
 * looked at (again), and whatever the queue lost comes up once more.
 *
 * A paused system is passed by, and one with an open breaker; right after the breaker's time a single duty probes.
 */
export async function relay(needs: Needs, queues: Queues): Promise<number> {
  let handed = 0;
  for (const system of Object.values(needs.config.systems)) {
    const state = await systemState(needs.db, system.name);
    if (!state || state.paused_code || state.breaker_open) continue;
    const depth = await queues.depth(system.name);
    const probing = state.failures > 0 && state.breaker_until !== null;
    const room = probing ? Math.min(1, Math.max(0, 1 - depth)) : Math.max(0, window - depth);
    if (probing && room === 0) continue;
    const wakes = await due(needs.db, system.name, room, depth === 0);
    const now = probing ? wakes.slice(0, 1) : wakes;
    await queues.wake(system.name, now);
    handed += now.length;
  }
  return handed;
}
