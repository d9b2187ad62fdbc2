import type { RunRow } from '../store/runs.ts';
import type { Needs } from './needs.ts';

/** Requests of one step, the look before and the read-back after it included. */
const requests: Record<string, number> = { create: 4, update: 3, relink: 2, restrict: 3, erase: 4 };

/** What the real run will take: requests, and seconds at the pace that the preview's pages came and the system's limits allow. */
export function expectation(needs: Needs, run: RunRow): { calls: number; seconds: number } {
  const calls = run.calls + Object.entries(requests).reduce((sum, [step, each]) => sum + each * (run.counts[step] ?? 0), 0);
  const limits = needs.connectors[run.system]?.manifest.limits ?? { connections: 1 };
  const aCallMs = run.pages > 0 ? run.page_ms / run.pages : 0;
  const byLatency = (calls * aCallMs) / Math.max(1, limits.connections);
  const byLimit = limits.perSecond ? (calls * 1000) / limits.perSecond : 0;
  return { calls, seconds: Math.ceil(Math.max(byLatency, byLimit) / 1000) };
}
