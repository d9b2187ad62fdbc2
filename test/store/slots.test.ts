import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { createWire, freeCall } from '../../src/connectors/http.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import { ledgerGate } from '../../src/jobs/gate.ts';
import { openDatabase } from '../../src/store/database.ts';
import { testRuntime } from '../support/runtime.ts';

let databaseUrl: string;
beforeEach(async () => {
  const runtime = await testRuntime();
  databaseUrl = runtime.databaseUrl;
  return () => runtime.drop();
});

it('never lets more requests reach a vendor in any sliding second, nor at once, than its limits say, from two hubs', async () => {
  const limits = { connections: 3, perSecond: 5 };
  const arrivals: number[] = [];
  let underWay = 0;
  let peak = 0;
  const server = await serveSandbox({
    vendor: 'counter',
    async handle() {
      arrivals.push(performance.now());
      underWay++;
      peak = Math.max(peak, underWay);
      await new Promise((resolve) => setTimeout(resolve, 5 + (arrivals.length % 4) * 20));
      underWay--;
      return { status: 200, body: '{}' };
    },
    throttled: () => ({ status: 429 }),
    unauthorized: () => ({ status: 401 }),
  });
  const hubs = await Promise.all([openDatabase(databaseUrl, { max: 8 }), openDatabase(databaseUrl, { max: 8 })]);
  const wires = hubs.map(({ db }) =>
    createWire({
      gate: ledgerGate(
        db,
        () => 'vendor',
        () => limits,
        5000,
        randomUUID,
      ),
      deadlineMs: 5000,
    }),
  );
  await Promise.all(
    wires.flatMap((wire) =>
      Array.from({ length: 15 }, () => wire({ method: 'GET', url: `${server.url}/x`, kind: 'read' }, freeCall)),
    ),
  );
  expect(arrivals).toHaveLength(30);
  for (const at of arrivals)
    expect(arrivals.filter((other) => other >= at && other < at + 1000).length).toBeLessThanOrEqual(limits.perSecond);
  expect(peak).toBeLessThanOrEqual(limits.connections);
  await Promise.all(hubs.map((h) => h.close()));
  await server.close();
});

it('waits for the request that is under way to be answered, not for the deadline of one that died', async () => {
  const server = await serveSandbox({
    vendor: 'slow',
    async handle() {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { status: 200, body: '{}' };
    },
    throttled: () => ({ status: 429 }),
    unauthorized: () => ({ status: 401 }),
  });
  const hub = await openDatabase(databaseUrl, { max: 8 });
  // one at a time, and six minutes for each: longer than anybody waits for a slot
  const deadlineMs = 360_000;
  const gate = ledgerGate(
    hub.db,
    () => 'vendor',
    () => ({ connections: 1 }),
    deadlineMs,
    randomUUID,
  );
  const wire = createWire({ gate, deadlineMs });
  const ask = () => wire({ method: 'GET', url: `${server.url}/x`, kind: 'read' }, freeCall);
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map((a) => a.status)).toEqual([200, 200, 200]);
  expect(server.peak()).toBe(1);
  await hub.close();
  await server.close();
});
