import { randomBytes } from 'node:crypto';
import type { SandboxAnswer } from '../../sandbox.ts';
import { badRequest, notFound, throttledProblem } from './problem.ts';
import { tarGz } from './tar.ts';
import { vendorTime } from './view.ts';
import type { Switches } from './world.ts';

interface Operation {
  method: string;
  path: string;
  operation_id?: string;
  params?: Record<string, unknown>;
  body?: string;
}

interface Batch {
  id: string;
  status: 'pending' | 'preprocessing' | 'started' | 'finalizing' | 'finished';
  operations: Operation[];
  finished: number;
  errored: number;
  submittedAt: number;
  completedAt: number | null;
  /** One file for each page of each operation. */
  results: { status_code: number; operation_id: string; response: string }[];
  stopped: boolean;
  /** An address was handed out already. */
  toldUrl: boolean;
}

export interface BatchOptions {
  now(): number;
  /** ms between two states. */
  stepMs: number;
  /** Runs one operation as a call of its own. */
  run(method: string, path: string, params: URLSearchParams, body: string | undefined): Promise<SandboxAnswer>;
  switches: Switches;
}

/** A results address works for ten minutes; results are kept for seven days. */
const urlMs = 10 * 60_000;
const keptMs = 7 * 24 * 3_600_000;
const mostPending = 500;

/** `/batches`: work that ends later, in an order of its own, and is told in an archive on another host. */
export class Batches {
  readonly #options: BatchOptions;
  readonly #batches = new Map<string, Batch>();
  readonly #urls = new Map<string, { batch: string; until: number }>();

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  start(body: Record<string, unknown>, origin: string): Record<string, unknown> {
    const operations = body['operations'];
    if (!Array.isArray(operations) || operations.length === 0) throw badRequest('You must provide operations.');
    for (const op of operations as Operation[]) {
      if (typeof op.method !== 'string' || typeof op.path !== 'string')
        throw badRequest('An operation needs a method and a path.');
      if (op.body !== undefined && typeof op.body !== 'string') throw badRequest('The body of an operation is a JSON string.');
    }
    if ([...this.#batches.values()].filter((b) => b.status !== 'finished').length >= mostPending) throw throttledProblem();
    const batch: Batch = {
      id: randomBytes(5).toString('hex'),
      status: 'pending',
      operations: operations as Operation[],
      finished: 0,
      errored: 0,
      submittedAt: this.#options.now(),
      completedAt: null,
      results: [],
      stopped: false,
      toldUrl: false,
    };
    this.#batches.set(batch.id, batch);
    void this.#work(batch);
    return this.#view(batch, origin);
  }

  get(id: string, origin: string): Record<string, unknown> {
    return this.#view(this.#batch(id), origin);
  }

  list(origin: string): Record<string, unknown> {
    const all = [...this.#batches.values()];
    return { batches: all.map((b) => this.#view(b, origin)), total_items: all.length, _links: [] };
  }

  /** Stops what has not run; what ran stays done, but its results are no longer told. */
  stop(id: string): void {
    this.#batch(id).stopped = true;
    this.#batches.delete(id);
  }

  /** The archive. Not Mailchimp's host: a request that carries credentials is turned away. */
  results(token: string, authorized: boolean): SandboxAnswer {
    const xml = (status: number, code: string): SandboxAnswer => ({
      status,
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version='1.0'?><Error><Code>${code}</Code></Error>`,
    });
    if (authorized) return xml(400, 'InvalidArgument');
    const url = this.#urls.get(token);
    const batch = url && this.#batches.get(url.batch);
    if (!url || !batch) return xml(404, 'NoSuchKey');
    if (this.#options.now() > url.until) return xml(403, 'ExpiredToken');
    const files = shuffled(batch.results).map((result, i) => ({
      name: `${batch.id}-${i}.json`,
      content: Buffer.from(JSON.stringify([result])),
    }));
    const { batchTrouble } = this.#options.switches;
    const told = batchTrouble === 'loses-results' ? files.slice(Math.ceil(files.length / 3)) : files;
    const body = tarGz(batchTrouble === 'repeats-results' ? [...told, ...told.slice(0, 3)] : told);
    return {
      status: 200,
      headers: { 'content-type': 'application/gzip' },
      body: batchTrouble === 'cuts-archive' ? body.subarray(0, body.length / 2) : body,
    };
  }

  #batch(id: string): Batch {
    const batch = this.#batches.get(id);
    if (!batch || this.#options.now() - batch.submittedAt > keptMs) throw notFound();
    return batch;
  }

  async #work(batch: Batch): Promise<void> {
    const step = async (status: Batch['status']) => {
      await new Promise<void>((resolve) => void setTimeout(resolve, this.#options.stepMs).unref());
      batch.status = status;
    };
    await step('preprocessing');
    await step('started');
    if (this.#options.switches.batchTrouble === 'never-ends') return;
    // the order of the operations is not promised, so nobody shall lean on it
    for (const op of shuffled(batch.operations)) {
      if (batch.stopped) return;
      const answers = await this.#runOne(op);
      for (const { status, body } of answers)
        batch.results.push({ status_code: status, operation_id: op.operation_id ?? '', response: body?.toString() ?? '' });
      batch.finished++;
      if (answers.some((a) => a.status >= 400)) batch.errored++;
    }
    await step('finalizing');
    await step('finished');
    batch.completedAt = this.#options.now();
  }

  /** A GET without a count pages through everything, one file a page. */
  async #runOne(op: Operation): Promise<SandboxAnswer[]> {
    const params = new URLSearchParams(
      Object.entries(op.params ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const path = op.path.startsWith('/') ? op.path : `/${op.path}`;
    // params are for GET only
    if (op.method.toUpperCase() !== 'GET')
      return [await this.#options.run(op.method.toUpperCase(), path, new URLSearchParams(), op.body)];
    if (params.has('count')) return [await this.#options.run('GET', path, params, undefined)];
    const pages: SandboxAnswer[] = [];
    for (let offset = 0; ; offset += 500) {
      params.set('count', '500');
      params.set('offset', String(offset));
      const answer = await this.#options.run('GET', path, params, undefined);
      pages.push(answer);
      const { total_items: total = 0 } =
        answer.status === 200 ? (JSON.parse(String(answer.body)) as { total_items?: number }) : {};
      if (offset + 500 >= total) return pages;
    }
  }

  #view(batch: Batch, origin: string): Record<string, unknown> {
    let url = '';
    if (batch.status === 'finished') {
      const token = randomBytes(12).toString('hex');
      const late = this.#options.switches.batchTrouble === 'old-url' && !batch.toldUrl;
      batch.toldUrl = true;
      this.#urls.set(token, { batch: batch.id, until: this.#options.now() + (late ? -1 : urlMs) });
      url = `${origin}/results/${token}/${batch.id}-response.tar.gz`;
    }
    return {
      id: batch.id,
      status: batch.status,
      total_operations: batch.operations.length,
      finished_operations: batch.finished,
      errored_operations: batch.errored,
      submitted_at: vendorTime(batch.submittedAt),
      completed_at: vendorTime(batch.completedAt),
      response_body_url: url,
      _links: [],
    };
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}
