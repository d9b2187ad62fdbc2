/**
 * First figures: `npm run bench [-- --server]`. Noise is large on shared machines: trust ratios of two or more.
 *   converge   corrections a second through the whole of converge with a recipient in memory, beside bare BullMQ jobs that do nothing,
 *              on the same backend in the same run
 *   latency    from a change in the register's sandbox to the vendor call at the recipient's, at low load, polled each second
 *   calls      requests at the recipient for one corrected record
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { everybody } from '../../src/core/scope.ts';
import { converge } from '../../src/jobs/converge.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { openQueues } from '../../src/jobs/queues.ts';
import { relay } from '../../src/jobs/relay.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { dutyCounts } from '../../src/store/views.ts';
import { eventually, openChaos } from '../chaos/harness.ts';
import { openWorld } from '../jobs/world.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const jobs = Number(process.env['KAIKU_BENCH_JOBS'] ?? 1000);
const concurrency = 8;
const redisUrl = process.env['REDIS_URL'];
const folder = await mkdtemp(join(tmpdir(), 'kaiku-bench-'));
const embedded = process.env['DATABASE_URL'] ? null : await startEmbedded({ dataDir: folder });
const server = process.env['DATABASE_URL'] ?? embedded?.connectionString ?? '';

async function freshDatabase(): Promise<string> {
  const name = `bench_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`).finally(() => client.end());
  return server.replace(/\/[^/]*$/, `/${name}`);
}

const queueOptions = (databaseUrl: string) => ({
  databaseUrl,
  redisUrl,
  prefix: `bench-${randomUUID().slice(0, 8)}`,
  onError: () => {},
});

/** Jobs a second that only arrive and end. */
async function bare(databaseUrl: string): Promise<number> {
  const queues = await openQueues(queueOptions(databaseUrl));
  let done = 0;
  const started = performance.now();
  const finished = new Promise<void>((resolve) =>
    queues.work('bare', concurrency, async () => {
      if (++done === jobs) resolve();
    }),
  );
  for (let n = 0; n < jobs; n += 200)
    await queues.wake(
      'bare',
      Array.from({ length: Math.min(200, jobs - n) }, () => ({ id: randomUUID(), lane: 3 })),
    );
  await finished;
  const seconds = (performance.now() - started) / 1000;
  await queues.close();
  return jobs / seconds;
}

/** Corrections a second: lease, plan, diff, one step, read-back, record. */
async function corrections(databaseUrl: string): Promise<number> {
  const world = await openWorld(databaseUrl);
  const person = (n: number, givenName: string) => ({ givenName, familyName: 'Asiakas', email: `p${n}@asiakas.test` });
  const agreed = { granted: { newsletter: true }, refused: { newsletter: false } };
  for (let n = 0; n < jobs; n++) {
    world.register.put(String(n), { person: person(n, 'Ennen'), ...agreed });
    world.newsletter.add(person(n, 'Ennen'));
  }
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'bench');
  await world.settle();
  for (let n = 0; n < jobs; n++) world.register.put(String(n), { person: person(n, 'Jalkeen') });
  await pollRegister(world.needs, 'crm');
  const queues = await openQueues(queueOptions(databaseUrl));
  const started = performance.now();
  queues.work('newsletter', concurrency, ({ dutyId }) => converge(world.needs, randomUUID(), dutyId));
  for (;;) {
    await relay(world.needs, queues);
    const counts = (await dutyCounts(world.needs.db, everybody)).get('newsletter') ?? {};
    if ((counts['settled'] ?? 0) === jobs && [...world.newsletter.rows.values()].every((r) => r.fields.givenName === 'Jalkeen'))
      break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const seconds = (performance.now() - started) / 1000;
  await queues.close();
  await world.close();
  return jobs / seconds;
}

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

async function latency(databaseUrl: string): Promise<{ ms: number; calls: number }> {
  const chaos = await openChaos({ databaseUrl, ...(redisUrl ? { redisUrl } : {}) }, { latencyMs: 5 });
  try {
    await chaos.startWorker();
    await eventually('the first state', 30, async () => (await chaos.duty())?.state === 'settled');
    const waits: number[] = [];
    let calls = 0;
    for (let n = 0; n < 10; n++) {
      const before = chaos.newsletterServer.log.length;
      const changed = Date.now();
      chaos.crm.update('contact', chaos.hero, { FIRST_NAME: `Aino ${n}` });
      const patch = await eventually('the correction', 20, async () =>
        chaos.newsletterServer.log.slice(before).find((r) => r.method === 'PATCH'),
      );
      waits.push(patch.at - changed);
      await eventually('the record', 20, async () => (await chaos.duty())?.state === 'settled');
      calls = chaos.newsletterServer.log.slice(before).filter((r) => r.path.includes('/members/')).length;
      // so that the next change falls anywhere in the poll's second
      await new Promise((resolve) => setTimeout(resolve, 137 * (n % 7)));
    }
    return { ms: median(waits), calls };
  } finally {
    await chaos.close();
  }
}

try {
  say(
    `Kaiku bench: ${cpus().length} cores, Node ${process.versions.node}, ${redisUrl ? 'PostgreSQL + Redis' : 'PostgreSQL alone'}, ${jobs} jobs, concurrency ${concurrency}`,
  );
  const bares: number[] = [];
  const converges: number[] = [];
  for (let round = 0; round < 3; round++) {
    bares.push(await bare(await freshDatabase()));
    converges.push(await corrections(await freshDatabase()));
  }
  const [b, c] = [median(bares), median(converges)];
  say(
    `converge   ${c.toFixed(0)} corrections/s; bare BullMQ ${b.toFixed(0)} jobs/s; ratio 1 : ${(b / c).toFixed(1)} (medians of 3)`,
  );
  const { ms, calls } = await latency(await freshDatabase());
  say(`latency    ${ms} ms from a change in the register to the call at the recipient (median of 10, polled each second)`);
  say(`calls      ${calls} requests at the recipient for one corrected record (read, write, read back)`);
} finally {
  await embedded?.stop();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
