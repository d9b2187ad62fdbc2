import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, freeCall, type Wire } from '../http.ts';
import type { MailchimpClient } from './client.ts';
import { parse } from './members.ts';
import { filesIn } from './tar.ts';

/**
 * `/batches`: many operations for a handful of calls. They run later, in an order of their own, and are told in an archive on another
 * host (vendor documentation). So: never two operations on one member, nothing that counts on an order, and whatever the archive does
 * not tell is for the caller to look up.
 */

export interface Operation {
  /** Unique in its batch: Mailchimp does not enforce it, and we match results by it. */
  id: string;
  method: 'GET' | 'PATCH';
  /** Below `/3.0`. */
  path: string;
  /** Of a GET alone. */
  params?: Record<string, string>;
  body?: unknown;
}

export interface Batches {
  /**
   * Runs at most 500 operations and answers what the archive tells of each; one that is missing there may have run or not. Throws
   * `ANSWER_LOST` when the batch did not end in time: it was stopped, and part of it may have run.
   */
  run(operations: readonly Operation[], call: Call): Promise<Map<string, Answer>>;
  /** What has run stays done; nothing of it runs after this. Harmless for one that is over. */
  stop(id: string, call: Call): Promise<void>;
}

/** One secondary source says 1,000, the vendor's newest text names no cap. */
export const mostOperations = 500;

export interface BatchTimes {
  /** Until the first look, doubling up to `longest`. */
  first: number;
  longest: number;
  /** For the whole batch: in busy hours Mailchimp lets batches wait, and corrections that came meanwhile wait with them. */
  patience: number;
}
const usualTimes: BatchTimes = { first: 250, longest: 15_000, patience: 2 * 60_000 };

const Batch = z.looseObject({ id: z.string().min(1), status: z.string(), response_body_url: z.string().nullish() });
type Batch = z.infer<typeof Batch>;
const Results = z.array(z.looseObject({ status_code: z.number(), operation_id: z.string(), response: z.string() }));

export function batchesOf(client: MailchimpClient, wire: Wire, baseUrl: string, times: BatchTimes = usualTimes): Batches {
  const status = async (id: string, call: Call): Promise<Batch | null> => {
    const answer = await client.ask(call, ({ batches }) => batches.status(id));
    return answer.status === 404 ? null : parse(Batch, answer);
  };

  const stop = async (id: string, call: Call): Promise<void> => {
    const answer = await client.ask(call, ({ batches }) => batches.deleteRequest(id));
    if (answer.status >= 400 && answer.status !== 404) throw new Failure('RECIPIENT_UNAVAILABLE', { status: answer.status });
  };

  /** Null: somebody stopped it, and its results are told no more. */
  async function ended(id: string, call: Call): Promise<Batch | null> {
    const end = performance.now() + times.patience;
    try {
      await call.started?.(id);
      for (let pause = times.first; performance.now() + pause < end; pause = Math.min(times.longest, pause * 2)) {
        await sleep(pause, undefined, call.overtaken ? { signal: call.overtaken } : {}).catch(() => {});
        const seen = await orLater(() => status(id, call));
        if (seen === null || seen?.status === 'finished') return seen;
      }
      throw new Failure('ANSWER_LOST');
    } catch (error) {
      // left alone it could run hours later and write what is no longer true. Our own work may be taken back without a lease
      await stop(id, freeCall).catch(() => {});
      throw error;
    }
  }

  /** The address works for ten minutes; asked for its status again, a batch gives a fresh one. */
  async function archiveOf(batch: Batch, call: Call): Promise<Buffer[]> {
    let at: Batch | null | undefined = batch;
    for (let tries = 0; tries < 3; tries++) {
      if (tries > 0) {
        await sleep(times.first);
        at = await orLater(() => status(batch.id, call));
      }
      const url = at?.response_body_url ?? '';
      if (!mayBeFetched(url, baseUrl)) continue;
      // a storage host that is not Mailchimp's: the key is not for it
      const answer = await orLater(() => wire({ method: 'GET', url, kind: 'read', headers: { accept: '*/*' } }, call));
      if (answer?.status !== 200) continue;
      const files = await orLater(async () => filesIn(answer.body));
      if (files) return files;
    }
    return [];
  }

  return {
    stop,

    async run(operations, call) {
      if (operations.length > mostOperations) throw new Error(`a batch takes at most ${mostOperations} operations`);
      if (new Set(operations.map(({ id }) => id)).size < operations.length) throw new Error('two operations have one name');
      const sent = operations.map(({ id, body, ...operation }) => ({
        ...operation,
        operation_id: id,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }));
      const started = parse(Batch, await client.ask(call, ({ batches }) => batches.start({ operations: sent })));
      const done = started.status === 'finished' ? started : await ended(started.id, call);
      return done === null ? new Map() : resultsIn(await archiveOf(done, call), new Set(operations.map(({ id }) => id)));
    },
  };
}

/** Undefined for a failure that passes; a lost lease and a rejected key travel on. */
async function orLater<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure && (error.next === 'retry-later' || error.next === 'read-first')) return undefined;
    throw error;
  }
}

/** The storage host over https; plain http only where Mailchimp itself is a sandbox on the same machine. */
function mayBeFetched(url: string, baseUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, origin, username } = new URL(url);
  return username === '' && (protocol === 'https:' || origin === new URL(baseUrl).origin);
}

/** Each file is an array of results, each result holds its answer as a JSON text. What is in another form tells nothing. */
function resultsIn(files: readonly Buffer[], asked: ReadonlySet<string>): Map<string, Answer> {
  const told = new Map<string, Answer>();
  const twice = new Set<string>();
  for (const file of files) {
    for (const { operation_id: id, status_code: status, response } of parsedResults(file)) {
      if (!asked.has(id)) continue;
      if (told.has(id)) twice.add(id);
      const body = Buffer.from(response);
      told.set(id, { status, headers: {}, body, text: () => response, json: () => JSON.parse(response) as unknown });
    }
  }
  // two answers to one question: neither is believed
  for (const id of twice) told.delete(id);
  return told;
}

function parsedResults(file: Buffer): z.infer<typeof Results> {
  try {
    return Results.safeParse(JSON.parse(file.toString('utf8'))).data ?? [];
  } catch {
    return [];
  }
}
