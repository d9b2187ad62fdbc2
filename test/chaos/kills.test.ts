import { writeFile } from 'node:fs/promises';
import { describe, expect, inject, it } from 'vitest';
import { audience } from '../../src/demo/firm.ts';
import { testRuntime } from '../support/runtime.ts';
import { type Chaos, deadlineSeconds, eventually, openChaos, struck } from './harness.ts';

/** Where the worker dies. Before the request left nothing was sent; from then on something may have been. */
const points = ['before-lease', 'before-wire', 'after-request-left', 'after-answer', 'before-record'] as const;
const deeds = ['correction', 'creation', 'erasure'] as const;
type Point = (typeof points)[number];
type Deed = (typeof deeds)[number];

/** 16 kills in a run of CI, 5 on the embedded runtime; `KAIKU_KILLS=200` for the long one, which also holds the time to the bar. */
const kills = Number(process.env['KAIKU_KILLS'] ?? (inject('runtime').kind === 'server' ? 16 : 5));
const runs = Array.from({ length: kills }, (_, n) => ({
  n,
  point: points[n % points.length] as Point,
  deed: deeds[Math.floor(n / points.length) % deeds.length] as Deed,
}));

/** Seconds after which another worker may take over: the lease, and the vendor's deadline where something may have been sent. */
const leaseSeconds = 5;
const mayHaveSent = (point: Point) => point !== 'before-lease';

const methods: Record<Deed, string> = { correction: 'PATCH', creation: 'POST', erasure: 'ERASE' };

async function act(chaos: Chaos, deed: Deed): Promise<{ settled: () => Promise<boolean>; check: () => void }> {
  const { crm, newsletter } = chaos;
  switch (deed) {
    case 'correction':
      crm.update('contact', chaos.hero, { EMAIL_ADDRESS: 'uusi@sahko.test' });
      return {
        settled: async () => (await chaos.duty())?.outcome === 'updated',
        check: () => {
          expect(
            newsletter
              .members(audience)
              .map((m) => `${m.email_address} ${m.status}`)
              .sort(),
          ).toEqual(['onni@sahko.test subscribed', 'uusi@sahko.test subscribed']);
        },
      };
    case 'creation':
      crm.add('contact', { FIRST_NAME: 'Uusi', LAST_NAME: 'Asiakas', EMAIL_ADDRESS: 'newcomer@sahko.test', Newsletter__c: true });
      return {
        settled: async () => (await chaos.duty('newsletter', await chaos.idOf('newcomer@sahko.test')))?.outcome === 'created',
        check: () => {
          expect(newsletter.members(audience).filter((m) => m.email_address === 'newcomer@sahko.test')).toHaveLength(1);
          const created = chaos.newsletterServer.log.filter(
            (r) => r.method === 'POST' && r.path.endsWith('/members') && r.status === 200,
          );
          expect(created).toHaveLength(1);
        },
      };
    case 'erasure':
      crm.update('contact', chaos.hero, { Erase__c: true });
      return {
        settled: async () => (await chaos.duty())?.outcome === 'erased',
        check: () => {
          expect(newsletter.member(audience, 'aino@sahko.test')).toBeUndefined();
          const erased = chaos.newsletterServer.log.filter((r) => r.path.endsWith('delete-permanent') && r.status === 204);
          expect(erased).toHaveLength(1);
        },
      };
  }
}

describe.concurrent('a worker that is killed', { timeout: 300_000 }, () => {
  it.for(runs)('at $point of a $deed loses nothing and doubles nothing (kill $n)', async ({ point, deed }) => {
    const runtime = await testRuntime();
    const chaos = await openChaos(runtime);
    try {
      const env = { KILL_AT: point, KILL_METHOD: methods[deed], KILL_MARK: chaos.mark };
      await chaos.startWorker(env);
      await eventually('the first state', 90, async () => (await chaos.duty())?.state === 'settled');
      await writeFile(`${chaos.mark}.armed`, '');
      const { settled, check } = await act(chaos, deed);
      await struck(chaos);
      const killed = Date.now();
      await chaos.startWorker();
      const allowed = (mayHaveSent(point) ? leaseSeconds + deadlineSeconds : leaseSeconds) + 10;
      await eventually(`the ${deed} to settle`, allowed + 120, settled);
      const seconds = (Date.now() - killed) / 1000;
      check();
      if (process.env['KAIKU_KILLS']) expect(seconds).toBeLessThan(allowed);
      const duty = await chaos.duty('newsletter', deed === 'creation' ? await chaos.idOf('newcomer@sahko.test') : chaos.subject);
      expect(duty).toMatchObject({ state: 'settled', evidence: 'observed' });
    } finally {
      await chaos.close();
      await runtime.drop();
    }
  });
});
