import pg from 'pg';
import { expect, it } from 'vitest';
import { audience } from '../../src/demo/firm.ts';
import { testRuntime } from '../support/runtime.ts';
import { eventually, openChaos } from './harness.ts';

/** What a restart of the server does to everybody: every connection ends at once, in the middle of whatever it did. */
it('a ledger whose connections all end, again and again in mid-work, loses no duty and doubles nothing', {
  timeout: 600_000,
}, async () => {
  const runtime = await testRuntime();
  const chaos = await openChaos(runtime, { latencyMs: 100 });
  const killer = new pg.Client({ connectionString: runtime.databaseUrl.replace(/\/[^/]*$/, '/postgres') });
  await killer.connect();
  const name = new URL(runtime.databaseUrl).pathname.slice(1);
  try {
    const people = 40;
    for (let n = 0; n < people; n++)
      chaos.crm.add('contact', {
        FIRST_NAME: `P${n}`,
        LAST_NAME: 'Asiakas',
        EMAIL_ADDRESS: `p${n}@sahko.test`,
        Newsletter__c: true,
      });
    const workers = [await chaos.startWorker(), await chaos.startWorker()];
    for (const reached of [5, 15, 25]) {
      await eventually('more work', 120, async () => chaos.newsletter.members(audience).length > reached);
      await killer.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    }
    await eventually('everybody', 400, async () => {
      const states = await Promise.all(
        Array.from({ length: people }, async (_, n) => chaos.duty('newsletter', await chaos.idOf(`p${n}@sahko.test`))),
      ).catch(() => []);
      return states.length === people && states.every((d) => d?.state === 'settled' && d.outcome === 'created');
    });
    expect(workers.map((w) => w.exitCode ?? w.signalCode)).toEqual([null, null]);
    expect(chaos.newsletter.members(audience)).toHaveLength(people + 2);
    const created = chaos.newsletterServer.log.filter(
      (r) => r.method === 'POST' && r.path.endsWith('/members') && r.status === 200,
    );
    expect(created).toHaveLength(people);
  } finally {
    await killer.end();
    await chaos.close();
    await runtime.drop();
  }
});
