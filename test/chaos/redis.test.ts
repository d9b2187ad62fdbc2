import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, inject, it } from 'vitest';
import { audience } from '../../src/demo/firm.ts';
import { findRedis } from '../support/installed.ts';
import { testRuntime } from '../support/runtime.ts';
import { freePort, startRedis } from '../support/server.ts';
import { eventually, openChaos } from './harness.ts';

/** Redis is disposable: what it forgets is handed over again by the ledger. */
it.runIf(inject('runtime').kind === 'server')(
  'Redis that is flushed and killed in mid-work loses no duty',
  { timeout: 180_000 },
  async () => {
    const runtime = await testRuntime();
    const folder = await mkdtemp(join(tmpdir(), 'kaiku-redis-'));
    const port = await freePort();
    const binary = findRedis() ?? '';
    let redis = await startRedis(binary, folder, port);
    const chaos = await openChaos({ databaseUrl: runtime.databaseUrl, redisUrl: `redis://127.0.0.1:${port}` });
    try {
      const people = 60;
      for (let n = 0; n < people; n++)
        chaos.crm.add('contact', {
          FIRST_NAME: `P${n}`,
          LAST_NAME: 'Asiakas',
          EMAIL_ADDRESS: `p${n}@sahko.test`,
          Newsletter__c: true,
        });
      await chaos.startWorker();
      await chaos.startWorker();
      const flush = async () => {
        const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 100 });
        client.on('error', () => {});
        await client.flushall();
        client.disconnect();
      };
      await eventually('the work to begin', 90, async () => chaos.newsletter.members(audience).length > 5);
      await flush();
      await eventually('more work', 90, async () => chaos.newsletter.members(audience).length > 15);
      await redis.kill();
      redis = await startRedis(binary, folder, port);
      await eventually('more work', 60, async () => chaos.newsletter.members(audience).length > 25);
      await flush();
      await eventually('everybody', 90, async () => {
        const states = await Promise.all(
          Array.from({ length: people }, async (_, n) => chaos.duty('newsletter', await chaos.idOf(`p${n}@sahko.test`))),
        );
        return states.every((d) => d?.state === 'settled' && d.outcome === 'created' && d.evidence === 'observed');
      });
      expect(chaos.newsletter.members(audience)).toHaveLength(people + 2);
      const created = chaos.newsletterServer.log.filter(
        (r) => r.method === 'POST' && r.path.endsWith('/members') && r.status === 200,
      );
      expect(created).toHaveLength(people);
    } finally {
      await chaos.close();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
      await runtime.drop();
    }
  },
);
