import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { TLSSocket } from 'node:tls';
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
  /**
   * The row of a correction as it was read less than two minutes ago (a page of a resync): the look before the write may be saved,
   * where the write itself cannot hit another row unseen.
   */
  seen?: 'active' | 'restricted';
  /** Told of a request that the system failed, for the log: a code that the folder knows, and the request's own id. Never a text. */
  heard?(what: { code: string; request: string }): void;
  /** Something was begun that goes on at the vendor after its request was answered: whoever comes after a fall can stop it by this. */
  started?(handle: string): Promise<void>;
  /** Ends a wait: something more urgent came for somebody whom the call is about. */
  overtaken?: AbortSignal;
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
  /** As a function: made when a slot is free and the lease holds, for what must be fresh (a signature, a time). */
  headers?: Record<string, string> | (() => Record<string, string>);
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

/**
 * One wire a system: its own axios, its own connections. In this order for every request: a slot, the lease, the clock, the socket,
 * the clock again, the bytes. Throws a plain `Error` for a target that is neither https nor loopback, before anything else.
 */
export function createWire(options: WireOptions): Wire {
  const maxBytes = options.maxBytes ?? usualMaxBytes;
  const keepAlive = { keepAlive: true, timeout: options.deadlineMs + 1000 };
  const client = axios.create({
    adapter: 'http',
    // a redirect would take `X-Api-Key` and the like to wherever the vendor's answer points
    maxRedirects: 0,
    proxy: false,
    responseType: 'arraybuffer',
    decompress: true,
    maxContentLength: maxBytes,
    maxBodyLength: maxBytes,
    validateStatus: () => true,
    // axios would hand cut JSON at status 200 over as a text: bytes in, bytes out
    transitional: { silentJSONParsing: false, forcedJSONParsing: false },
    transformRequest: [(body: unknown) => body],
    transformResponse: [(body: unknown) => body],
    httpAgent: new http.Agent(keepAlive),
    httpsAgent: new https.Agent(keepAlive),
  });
  return async (request, call) => {
    checkTarget(request.url);
    const pass = await options.gate.enter(options.gatePatienceMs ?? 60_000);
    let how: 'answered' | 'lost' = 'answered';
    try {
      const sent = await send(client, request, call, options.deadlineMs);
      if ('answer' in sent) return sent.answer;
      if (sent.mayBeAtWork) how = 'lost';
      throw sent.failure;
    } finally {
      // a slot that could not be given back comes free by itself; an answer that came must not be lost over it
      await pass.leave(how).catch(() => {});
    }
  };
}

/** Plain http leaves this machine never: values and credentials travel with it. The address itself is in no message. */
function checkTarget(url: string): void {
  if (!URL.canParse(url)) throw new Error("a system's address must be a whole URL");
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') throw new Error("credentials have no place in a system's address");
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && loopback)) return;
  throw new Error(`a system's address must be https, or http to loopback, not ${protocol}//${hostname}`);
}

/** `mayBeAtWork`: the request may have arrived, so the vendor may still be busy with it. */
type Sent = { answer: Answer } | { failure: Error; mayBeAtWork: boolean };

async function send(client: AxiosInstance, request: WireRequest, call: Call, deadlineMs: number): Promise<Sent> {
  const until = await call.beforeWire(request.kind);
  if (performance.now() >= until) throw new Failure('LEASE_LOST');
  const seen: { socket: 'none' | 'used' | 'too-late' } = { socket: 'none' };
  const onSocket = (sending: ClientRequest) => {
    // a worker that was stopped between the lease and here, and woken, must not send any more
    seen.socket = performance.now() < until ? 'used' : 'too-late';
    if (seen.socket === 'too-late') sending.destroy();
  };
  try {
    const response = await client.request<Buffer>({
      method: request.method,
      url: request.url,
      headers: {
        accept: 'application/json',
        'user-agent': 'kaiku',
        ...(typeof request.headers === 'function' ? request.headers() : request.headers),
      },
      ...(request.body === undefined ? {} : { data: request.body }),
      // for the whole request: the time-out of axios starts anew with every byte that drips in
      signal: AbortSignal.timeout(deadlineMs),
      ...watching(onSocket),
    });
    return { answer: asAnswer(response) };
  } catch (error) {
    if (seen.socket === 'used') return { failure: lost(error, request.kind), mayBeAtWork: true };
    return { failure: seen.socket === 'too-late' ? new Failure('LEASE_LOST') : unsent(error), mayBeAtWork: false };
  }
}

/** axios hands its request to a transport of ours, which sees the socket before a byte is written: TLS after its handshake. */
function watching(onSocket: (sending: ClientRequest) => void) {
  return {
    transport: {
      request(options: http.RequestOptions, answered: (response: http.IncomingMessage) => void) {
        const sending = (options.protocol === 'https:' ? https : http).request(options, answered);
        sending.once('socket', (socket) => {
          const isNew = !sending.reusedSocket;
          if (isNew) socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => onSocket(sending));
          else onSocket(sending);
        });
        return sending;
      },
    },
  };
}

/** What is kept of an error of the network: its code. The error of axios carries credentials, address and body. */
class WireError extends Error {
  override name = 'WireError';
  readonly code: string;
  constructor(code: string) {
    super(`the request ended with ${code}`);
    this.code = code;
  }
}

const deadlinePassed = 'deadline';

function causeOf(error: unknown): WireError {
  const code = error instanceof Error ? String(('code' in error && error.code) || error.name) : 'Error';
  return new WireError(code === 'ERR_CANCELED' ? deadlinePassed : code);
}

/** Codes of mistakes of ours: the request could not even be put together. */
const ours = /^(ERR_BAD_(REQUEST|OPTION)|ERR_INVALID_|ERR_HTTP_|ERR_UNESCAPED_)|Error$/;

/** No connection, no name, no trust: nothing can have arrived. */
function unsent(error: unknown): Error {
  const cause = causeOf(error);
  if (ours.test(cause.code)) return new Error('the request could not be made', { cause });
  return new Failure('RECIPIENT_UNREACHABLE', { cause });
}

/** Answers that came and cannot be read: not HTTP, not what their encoding says, larger than the cap. */
const unreadable = /^(HPE_|Z_|ZSTD_|ERR__ERROR_|ERR_BROTLI)/;

function lost(error: unknown, kind: 'read' | 'write'): Failure {
  const cause = causeOf(error);
  if (kind === 'write') return new Failure('ANSWER_LOST', { cause });
  // axios gives a cut body and one over the cap the same code
  const oversize = cause.code === 'ERR_BAD_RESPONSE' && error instanceof Error && error.message.startsWith('maxContentLength');
  return new Failure(oversize || unreadable.test(cause.code) ? 'ANSWER_GARBLED' : 'RECIPIENT_UNAVAILABLE', { cause });
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

const dayMs = 86_400_000;

/**
 * `Retry-After` in milliseconds, in either form of the header (seconds, HTTP date); undefined when it says nothing usable. No more
 * than a day is believed at once: a mangled header must not put a duty off for good.
 */
export function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(dayMs, Number(text) * 1000);
  // Date.parse makes a date of "-5" and "1.5" too
  const at = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(dayMs, Math.max(0, at - now.getTime()));
}

/**
 * Tries a read again at most twice, and only where nothing says to wait longer: p-retry's milliseconds are the only retry inside a
 * wake-up. A read that used up its deadline is not tried again at once, since the vendor may still be at work on it.
 */
export function retryRead<T>(read: () => Promise<T>): Promise<T> {
  return pRetry(read, {
    retries: 2,
    minTimeout: 200,
    randomize: true,
    shouldRetry: ({ error }) =>
      error instanceof Failure &&
      (error.code === 'RECIPIENT_UNAVAILABLE' || error.code === 'RECIPIENT_UNREACHABLE') &&
      error.retryAfterMs === undefined &&
      !(error.cause instanceof WireError && error.cause.code === deadlinePassed),
  });
}

/**
 * A gate inside this process, with the rules of the ledger's: for tests, and for tools that run without a ledger. `lostMs`: how long
 * the slots of a lost answer stay taken.
 */
export function memoryGate(limits: { connections: number; perSecond?: number; lostMs?: number }): Gate {
  const lane = (size: number, windowMs: number) => ({ freeAt: new Array<number>(size).fill(0), windowMs });
  const lanes = [lane(limits.connections, 0), ...(limits.perSecond ? [lane(limits.perSecond, 1000)] : [])];
  return {
    async enter(patienceMs) {
      const end = performance.now() + patienceMs;
      for (;;) {
        const now = performance.now();
        const taken = lanes.map((l) => ({ ...l, n: l.freeAt.findIndex((at) => at <= now) }));
        if (taken.every(({ n }) => n >= 0)) {
          for (const { freeAt, n } of taken) freeAt[n] = Number.POSITIVE_INFINITY;
          return {
            async leave(how) {
              const left = performance.now();
              for (const { freeAt, n, windowMs } of taken)
                freeAt[n] = left + (how === 'lost' ? Math.max(windowMs, limits.lostMs ?? 0) : windowMs);
            },
          };
        }
        if (now > end) throw new Failure('RECIPIENT_BUSY');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}
