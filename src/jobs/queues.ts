import { createPostgresBackend, DEFAULT_SCHEMA, type Job, type PostgresQueueBackend, Queue, runMigrations, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';

/**
 * The queue is a wake-up and nothing else: a job carries a duty's id, finished jobs leave no trace, and everything in here may be
 * lost at any time. On Redis where `REDIS_URL` is set, else on the ledger's own database.
 */
export interface WakeUp {
  dutyId: string;
}

export interface Queues {
  /** How many wake-ups of a recipient are waiting or at work. */
  depth(recipient: string): Promise<number>;
  wake(recipient: string, wakes: readonly { id: string; lane: number }[]): Promise<void>;
  /** Handles wake-ups of a recipient, at most `concurrency` at once in this process. */
  work(recipient: string, concurrency: number, handle: (wake: WakeUp) => Promise<void>): void;
  /** The queue of a system, for a board that shows it and changes nothing. */
  shown(recipient: string): Queue;
  close(): Promise<void>;
}

export interface QueueOptions {
  databaseUrl: string;
  redisUrl?: string | undefined;
  /** Keeps instances that share a server apart. */
  prefix: string;
  onError: (error: Error) => void;
}

/** Crashed workers are noticed by the ledger's leases; these only shorten what the queue itself keeps locked. */
const workerTiming = { lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 1000 };

export async function openQueues(options: QueueOptions): Promise<Queues> {
  const wiring = options.redisUrl ? await onRedis(options.redisUrl) : await onPostgres(options.databaseUrl);
  const queues = new Map<string, AnyQueue>();
  const workers: AnyWorker[] = [];
  const nameOf = (recipient: string) => `${options.prefix}-${recipient}`;
  const queueOf = (recipient: string): AnyQueue => {
    const known = queues.get(recipient);
    if (known) return known;
    const made = wiring.queue(nameOf(recipient));
    made.on('error', options.onError);
    queues.set(recipient, made);
    return made;
  };
  return {
    async depth(recipient) {
      const counts = await queueOf(recipient).getJobCounts('waiting', 'prioritized', 'active');
      return Object.values(counts).reduce((sum, n) => sum + n, 0);
    },
    async wake(recipient, wakes) {
      if (wakes.length === 0) return;
      await queueOf(recipient).addBulk(
        wakes.map(({ id, lane }) => ({
          name: 'converge',
          data: { dutyId: id },
          // one waiting wake-up a duty is enough; the ledger, not the queue, remembers what came meanwhile
          opts: { jobId: `${id}_${lane}`, priority: lane, attempts: 1, removeOnComplete: true, removeOnFail: true },
        })),
      );
    },
    work(recipient, concurrency, handle) {
      const worker = wiring.worker(
        nameOf(recipient),
        // returns nothing: a return value would be kept in the queue's event stream
        async (job) => {
          await handle(job.data);
        },
        concurrency,
      );
      worker.on('error', options.onError);
      workers.push(worker);
    },
    shown: (recipient) => queueOf(recipient) as unknown as Queue,
    async close() {
      await Promise.allSettled(workers.map((w) => w.close()));
      await Promise.allSettled([...queues.values()].map((q) => q.close()));
      await wiring.close();
    },
  };
}

/** What both backends' queues and workers have that we use. */
type AnyQueue = Pick<Queue<WakeUp>, 'addBulk' | 'getJobCounts' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};
type AnyWorker = { close(): Promise<void>; on(event: 'error', listener: (error: Error) => void): unknown };
type Handle = (job: Job<WakeUp>) => Promise<void>;

interface Wiring {
  queue(name: string): AnyQueue;
  worker(name: string, handle: Handle, concurrency: number): AnyWorker;
  close(): Promise<void>;
}

async function onRedis(url: string): Promise<Wiring> {
  const open = (maxRetriesPerRequest: number | null) => {
    const connection = new Redis(url, { maxRetriesPerRequest });
    // ioredis reconnects by itself; what could not be handed over stays due in the ledger
    connection.on('error', () => {});
    return connection;
  };
  const shared = open(2);
  const policy = await shared.config('GET', 'maxmemory-policy').catch(() => null);
  if (Array.isArray(policy) && policy[1] && policy[1] !== 'noeviction') {
    shared.disconnect();
    throw new Error(`Redis has maxmemory-policy ${policy[1]}: it may drop wake-ups. Set it to noeviction.`);
  }
  const blocking: Redis[] = [];
  return {
    queue: (name) => new Queue<WakeUp>(name, { connection: shared, streams: { events: { maxLen: 100 } } }),
    worker: (name, handle, concurrency) => {
      const connection = open(null);
      blocking.push(connection);
      return new Worker<WakeUp>(name, handle, { connection, concurrency, ...workerTiming });
    },
    close: async () => {
      for (const connection of [shared, ...blocking]) connection.disconnect();
    },
  };
}

async function onPostgres(url: string): Promise<Wiring> {
  // each worker pins a connection for LISTEN: the pool must be larger than there are workers
  const connection = new pg.Pool({
    connectionString: url,
    max: 24,
    options: `-c search_path=${DEFAULT_SCHEMA}`,
    application_name: 'kaiku-queue',
  });
  // every queue and worker listens to the pool that they share: ten systems are no leak
  connection.setMaxListeners(0);
  connection.on('error', () => {});
  connection.on('connect', (made) => made.on('error', () => {}));
  const client = await connection.connect();
  await runMigrations(client).finally(() => client.release());
  return {
    queue: (name) =>
      new Queue<WakeUp, void, string, WakeUp, void, string, PostgresQueueBackend, pg.Pool>(
        name,
        { connection },
        createPostgresBackend as never,
      ),
    worker: (name, handle, concurrency) =>
      new Worker<WakeUp, void, string, PostgresQueueBackend, object, pg.Pool>(
        name,
        handle as never,
        { connection, concurrency, ...workerTiming },
        createPostgresBackend as never,
      ),
    close: () => connection.end(),
  };
}
