import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import pRetry from 'p-retry';
import { Failure } from '../core/failure.ts';

/**
 * The one way to the network: deadline, size cap, no redirects, and failures named by what happens next.
 */

/** What a verb is given for its requests: the lease of the duty it works for, if any. */
export interface Call {
  /**
   * Asked immediately before each request leaves, after a free slot was found. Throws `Failure('LEASE_LOST')` when another
   * worker may have taken over. Answers the monotonic time (`performance.now()`, ms) after which nothing may leave any more.
   */
  beforeWire(kind: 'read' | 'write'): Promise<number>;
}

/** For calls outside a duty (polls, checks): nothing to lose. */
export const freeCall: Call = { beforeWire: async () => Number.POSITIVE_INFINITY };

/**
 * Slots over all processes: as many at once and per sliding second as the manifest allows. A slot is kept until the answer came
 * *and* the window passed, so that the limit holds where the vendor counts, not where we do.
 */
export interface Gate {
  /** Resolves when a slot is ours. Rejects with `RECIPIENT_BUSY` after `patienceMs`. */
  enter(patienceMs: number): Promise<Pass>;
}
export interface Pass {
  /** `lost`: the vendor may still be at work, so the slot stays taken until its deadline. */
  leave(how: 'answered' | 'lost'): Promise<void>;
}

export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute. Never logged: an address may stand in it. */
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** `write` also for a destructive GET. Decides what a lost answer means, and is told to the lease. */
  kind: 'read' | 'write';
}

export interface Answer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
  text(): string;
  /** The parsed JSON; `Failure('ANSWER_GARBLED')` when it is not JSON. */
  json(): unknown;
}

/**
 * Sends one request and answers whatever status came back, whole. Throws `Failure`: `RECIPIENT_UNREACHABLE` when nothing was
 * sent, `ANSWER_LOST` when a write may have been, `RECIPIENT_UNAVAILABLE` for a read whose answer was lost.
 */
export type Wire = (request: WireRequest, call: Call) => Promise<Answer>;

export interface WireOptions {
  gate: Gate;
  /** For the whole request, a drip-fed answer included. */
  deadlineMs: number;
  /** Of an answer; default 10 MB. */
  maxBytes?: number;
  /** How long a request may wait for a free slot; default 60 s. */
  gatePatienceMs?: number;
}

/** 10 MB: more than any page of any vendor we know. */
const usualMaxBytes = 10 * 1024 * 1024;

export function createWire(options: WireOptions): Wire {
  const maxBytes = options.maxBytes ?? usualMaxBytes;
  const client = axios.create({
    maxRedirects: 0,
    proxy: false,
    responseType: 'arraybuffer',
    maxContentLength: maxBytes,
    maxBodyLength: maxBytes,
    validateStatus: () => true,
    transitional: { silentJSONParsing: false, forcedJSONParsing: false },
    transformRequest: [(body: unknown) => body],
    transformResponse: [(body: unknown) => body],
    httpAgent: new http.Agent({ keepAlive: true, timeout: options.deadlineMs + 1000 }),
    httpsAgent: new https.Agent({ keepAlive: true, timeout: options.deadlineMs + 1000 }),
  });
  return async (request, call) => {
    checkTarget(request.url);
    const pass = await options.gate.enter(options.gatePatienceMs ?? 60_000);
    let how: 'answered' | 'lost' = 'answered';
    try {
      const answer = await send(client, request, call, options.deadlineMs);
      return answer;
    } catch (error) {
      if (error instanceof Lost) how = 'lost';
      throw error instanceof Lost ? error.failure : error;
    } finally {
      await pass.leave(how);
    }
  };
}

/** Marks a failure after which the vendor may still be at work. */
class Lost extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Plain http leaves this machine never: values and credentials travel with it. */
function checkTarget(url: string): void {
  const target = new URL(url);
  const loopback = target.hostname === 'localhost' || target.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(target.hostname);
  if (target.protocol === 'https:' || (target.protocol === 'http:' && loopback)) return;
  throw new Error(`a system's address must be https, or http to loopback, not ${target.protocol}//${target.hostname}`);
}

async function send(client: AxiosInstance, request: WireRequest, call: Call, deadlineMs: number): Promise<Answer> {
  const until = await call.beforeWire(request.kind);
  if (performance.now() >= until) throw new Failure('LEASE_LOST');
  let connected = false;
  let late = false;
  const signal = AbortSignal.timeout(deadlineMs);
  let response: AxiosResponse<Buffer>;
  try {
    response = await client.request<Buffer>({
      method: request.method,
      url: request.url,
      headers: { accept: 'application/json', 'user-agent': 'kaiku', ...request.headers },
      ...(request.body === undefined ? {} : { data: request.body }),
      signal,
      // a worker that was stopped and woken between the check and the socket must not send any more
      beforeRedirect: () => {},
      ...watch((sending) => {
        if (performance.now() < until) {
          connected = true;
          return;
        }
        late = true;
        sending.destroy();
      }),
    });
  } catch (error) {
    if (late) throw new Failure('LEASE_LOST');
    throw nameOf(error, request.kind, connected);
  }
  return asAnswer(response);
}

/** axios hands its request to a transport of ours, which sees the socket before a byte is written. */
function watch(onSocket: (sending: ClientRequest) => void) {
  return {
    transport: {
      request(options: http.RequestOptions, answered: (response: http.IncomingMessage) => void) {
        const sending = (options.protocol === 'https:' ? https : http).request(options, answered);
        sending.once('socket', (socket) => {
          if (socket.connecting) socket.once('connect', () => onSocket(sending));
          else onSocket(sending);
        });
        return sending;
      },
    },
  };
}

/** Codes after which nothing can have reached the other side. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function nameOf(error: unknown, kind: 'read' | 'write', connected: boolean): Error {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
  // never the axios error itself: it carries credentials, address and body
  const cause = new Error(`the request ended with ${code}`);
  if (neverSent.has(code) || !connected) return new Failure('RECIPIENT_UNREACHABLE', { cause });
  if (kind === 'write') return new Lost(new Failure('ANSWER_LOST', { cause }));
  return new Lost(new Failure(code === 'ERR_BAD_RESPONSE' ? 'ANSWER_GARBLED' : 'RECIPIENT_UNAVAILABLE', { cause }));
}

function asAnswer(response: AxiosResponse<Buffer>): Answer {
  const body = Buffer.isBuffer(response.data) ? response.data : Buffer.from(response.data ?? '');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = String(value);
  const text = () => body.toString('utf8');
  return {
    status: response.status,
    headers,
    body,
    text,
    json() {
      try {
        return JSON.parse(text()) as unknown;
      } catch (cause) {
        throw new Failure('ANSWER_GARBLED', {
          status: response.status,
          cause: new Error(cause instanceof Error ? cause.name : 'not JSON'),
        });
      }
    },
  };
}

/** `Retry-After` in milliseconds, in either form of the header (seconds, HTTP date); undefined when it says nothing usable. */
export function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

/** Tries a read again at most twice, when nothing says to wait longer; p-retry's milliseconds are the only retry inside a wake-up. */
export function retryRead<T>(read: () => Promise<T>): Promise<T> {
  return pRetry(read, {
    retries: 2,
    minTimeout: 200,
    randomize: true,
    shouldRetry: ({ error }) =>
      error instanceof Failure && error.code === 'RECIPIENT_UNAVAILABLE' && error.retryAfterMs === undefined,
  });
}

/** A gate inside this process: for tests, and for tools that run without a ledger. */
export function memoryGate(limits: { connections: number; perSecond?: number }): Gate {
  const windowMs = limits.perSecond ? 1000 : 0;
  const size = Math.min(limits.connections, limits.perSecond ?? limits.connections);
  const freeAt = Array.from({ length: size }, () => 0);
  return {
    async enter(patienceMs) {
      const end = performance.now() + patienceMs;
      for (;;) {
        const slot = freeAt.findIndex((at) => at <= performance.now());
        if (slot >= 0) {
          freeAt[slot] = Number.POSITIVE_INFINITY;
          return {
            async leave() {
              freeAt[slot] = performance.now() + windowMs;
            },
          };
        }
        if (performance.now() > end) throw new Failure('RECIPIENT_BUSY');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}
