import { expect } from 'vitest';
import type { Recipient } from '../../src/connectors/connector.ts';
import { createWire, memoryGate } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { faultsOf } from './manifest.ts';
import { type Check, call, optionalVerbs, type World, writesIn } from './world.ts';

/** What the manifest claims, and whether it is so where the vendor counts. */

/** Most requests whose arrivals lie within any second. */
function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(0, ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + 1000).length));
}

const optionalOf = (recipient: Recipient) => optionalVerbs.filter((verb) => recipient[verb] !== undefined);

export const claimChecks: Check[] = [
  {
    name: 'has a manifest that leaves nothing open',
    forFiles: true,
    forUnseen: true,
    async run({ connector, recipient, optional = [] }) {
      expect(faultsOf(connector.manifest)).toEqual([]);
      expect(connector.manifest.roles).toContain('recipient');
      expect(connector.manifest.human).toBe(false);
      // the law's verbs come together, and need a rule where the company names none
      expect(recipient.bound === undefined).toBe(recipient.strip === undefined);
      if (recipient.bound) expect(connector.manifest.retention?.length ?? 0).toBeGreaterThan(0);
      expect([...optional].sort()).toEqual(optionalOf(recipient).sort());
    },
  },
  {
    name: 'holds its limits where the vendor counts: connections at once, and requests in any second',
    latencyMs: 20,
    async run(w: World) {
      const { limits } = w.connector.manifest;
      const { ref } = await w.one(1);
      const by = w.another({ wire: createWire({ gate: memoryGate(limits), deadlineMs: 5000 }) });
      const earlier = w.server.log.length;
      const asked = limits.perSecond ? 2 * limits.perSecond + 2 : 3 * limits.connections;
      await Promise.all(Array.from({ length: asked }, () => by.read(ref, call)));
      const log = w.server.log.slice(earlier);
      expect(log.length).toBeGreaterThanOrEqual(asked);
      expect(log.filter(({ status }) => status === 429)).toEqual([]);
      expect(w.server.peak()).toBeLessThanOrEqual(limits.connections);
      if (limits.perSecond) expect(mostInASecond(log.map(({ at }) => at))).toBeLessThanOrEqual(limits.perSecond);
    },
  },
  {
    name: 'probes by reading alone, each right by the name that the manifest gives it',
    forFiles: true,
    forUnseen: true,
    async run(w) {
      await w.one(1);
      const before = w.truth();
      const probes = await w.connector.check(call, false);
      expect(w.truth()).toBe(before);
      expect(writesIn(w, w.server.log)).toEqual([]);
      expect(probes.length).toBeGreaterThan(0);
      expect(probes.filter(({ ok }) => ok === false)).toEqual([]);
      // one right may be probed in several places: `audience`, `audience a1b2`
      const named = (right: string) => probes.some((probe) => probe.right === right || probe.right.startsWith(`${right} `));
      expect(w.connector.manifest.rights.some(named)).toBe(true);
      if (!w.probesBySettings) expect(w.connector.manifest.rights.filter((right) => !named(right))).toEqual([]);
    },
  },
  {
    name: 'says of rejected credentials which right is missing, or that they were rejected',
    forFiles: true,
    forUnseen: true,
    async run(w) {
      w.server.fault({ kind: 'unauthorized', times: 100 });
      const said = await w.connector.check(call, false).catch((error: unknown) => error);
      if (said instanceof Failure) return expect(said.code).toBe('CREDENTIALS_REJECTED');
      expect(said).toContainEqual(expect.objectContaining({ ok: false, problem: expect.any(String) }));
    },
  },
];
