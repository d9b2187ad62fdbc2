import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What every vendor's sandbox is: a stateful, faithful simulator over a real socket, with the vendor's limits and faults.
 * The vendor's folder writes the behaviour; this file serves it.
 */

/** Faults that any sandbox can be told to show, on the next matching requests. */
export const faultKinds = [
  'throttle',
  'bare-403',
  'html-502',
  'hang',
  'drip',
  'cut-body',
  'garbage-200',
  'commit-then-drop',
  'drop-before-commit',
  'unauthorized',
  'server-error',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  kind: FaultKind;
  /** Only requests of this method, and whose path contains this text. */
  method?: string;
  path?: string;
  /** How many requests it hits; default 1. */
  times?: number;
  /** `Retry-After` value for `throttle`, in either form of the header. */
  retryAfter?: string;
}

export interface SandboxRequest {
  method: string;
  /** As the caller addressed it: scheme, the Host header, and path and query untouched, for vendors that sign it. */
  url: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface SandboxAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface SandboxLogEntry {
  at: number;
  method: string;
  path: string;
  status: number;
}

/** A vendor's simulator without its socket. `handle` commits before it answers. */
export interface SandboxBehaviour {
  vendor: string;
  handle(request: SandboxRequest): SandboxAnswer | Promise<SandboxAnswer>;
  /** The vendor's own shape of a throttling answer. */
  throttled(retryAfter: string | undefined): SandboxAnswer;
  unauthorized(): SandboxAnswer;
  /** Requests at once that the vendor takes; one more is throttled. */
  connections?: number;
  /** What the vendor holds, for a look from outside. */
  state?(): unknown;
  /** Somebody acts in the vendor's own pages: edits a contact, unsubscribes. */
  act?(what: Record<string, unknown>): unknown;
}

export interface RunningSandbox {
  url: string;
  port: number;
  /** Every request that was handled or refused, in order of arrival. */
  log: SandboxLogEntry[];
  /** Most requests under way at once so far. */
  peak(): number;
  fault(fault: Fault): void;
  clearFaults(): void;
  close(): Promise<void>;
}

/** How long a drip-fed answer takes between two bytes, in ms. */
const dripMs = 200;

/**
 * Serves a vendor's behaviour on loopback, with faults at the level of the socket. `latencyMs` passes between the commit and the
 * answer. `POST /_sandbox/faults` (a `Fault`), `DELETE /_sandbox/faults` and `POST /_sandbox/act` drive it from outside;
 * `GET /_sandbox/log` and `GET /_sandbox/state` show it.
 */
export async function serveSandbox(
  behaviour: SandboxBehaviour,
  options: { port?: number; latencyMs?: number } = {},
): Promise<RunningSandbox> {
  const log: SandboxLogEntry[] = [];
  const faults: (Fault & { left: number })[] = [];
  let underWay = 0;
  let peak = 0;
  const add = (fault: Fault) => faults.push({ ...fault, left: fault.times ?? 1 });
  const take = (method: string, path: string): Fault | undefined => {
    const found = faults.find((f) => f.left > 0 && (!f.method || f.method === method) && (!f.path || path.includes(f.path)));
    if (found) found.left--;
    return found;
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const at = Date.now();
    const method = incoming.method ?? 'GET';
    const base = 'http://127.0.0.1';
    const url = URL.canParse(incoming.url ?? '/', base) ? new URL(incoming.url ?? '/', base) : new URL(base);
    if (url.pathname.startsWith('/_sandbox/'))
      return control([behaviour, method, url.pathname, await readBody(incoming), { add, faults, log }], outgoing);
    underWay++;
    peak = Math.max(peak, underWay);
    const crowded = behaviour.connections !== undefined && underWay > behaviour.connections;
    outgoing.once('close', () => underWay--);
    const body = await readBody(incoming);
    const fault = take(method, url.pathname);
    const answer = (status: number) => log.push({ at, method, path: url.pathname, status });
    if (fault && before(fault, behaviour, outgoing, answer)) return;
    const sent = { method, url: asSent(incoming), path: url.pathname, query: url.searchParams };
    const said = crowded
      ? behaviour.throttled(undefined)
      : await behaviour.handle({ ...sent, headers: flat(incoming.headers), body });
    answer(said.status);
    if (options.latencyMs) await new Promise((resolve) => setTimeout(resolve, options.latencyMs));
    if (fault) after(fault, said, outgoing);
    else finish(outgoing, said);
  };

  const server = createServer((incoming, outgoing) => {
    // the vendor's own trouble is an answer, and never the end of the sandbox
    serve(incoming, outgoing).catch(() => finish(outgoing, { status: 500, body: 'Internal Server Error' }));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    log,
    peak: () => peak,
    fault: add,
    clearFaults: () => void faults.splice(0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    // the caller went away; what it sent is still what it sent
  }
  return Buffer.concat(chunks);
}

/** A proxy's caller names the whole address in the request line, others only the part behind the host. */
const asSent = ({ url = '/', headers }: IncomingMessage) =>
  url.startsWith('/') ? `http://${headers.host ?? '127.0.0.1'}${url}` : url;

const flat = (headers: IncomingMessage['headers']) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));

function finish(outgoing: ServerResponse, said: SandboxAnswer): void {
  if (!outgoing.destroyed && !outgoing.headersSent) outgoing.writeHead(said.status, said.headers).end(said.body ?? '');
}

/** Faults that show before anything was done. True: the request was answered, or never will be. */
function before(
  fault: Fault,
  behaviour: SandboxBehaviour,
  outgoing: ServerResponse,
  answered: (status: number) => void,
): boolean {
  const plain: Partial<Record<FaultKind, SandboxAnswer>> = {
    throttle: behaviour.throttled(fault.retryAfter),
    unauthorized: behaviour.unauthorized(),
    'bare-403': { status: 403 },
    'html-502': {
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: '<html><body><h1>502 Bad Gateway</h1></body></html>',
    },
    'server-error': { status: 500, headers: { 'content-type': 'text/html' }, body: 'Internal Server Error' },
  };
  const said = plain[fault.kind];
  if (said) {
    answered(said.status);
    finish(outgoing, said);
    return true;
  }
  if (fault.kind !== 'hang' && fault.kind !== 'drop-before-commit') return false;
  answered(0);
  if (fault.kind === 'drop-before-commit') outgoing.destroy();
  return true;
}

/** Faults of the answer: what was asked for is done, but how it is told is broken. */
function after(fault: Fault, said: SandboxAnswer, outgoing: ServerResponse): void {
  const body = Buffer.from(said.body ?? '');
  switch (fault.kind) {
    case 'commit-then-drop':
      outgoing.destroy();
      return;
    case 'garbage-200':
      outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end(body.subarray(0, Math.max(1, Math.floor(body.length / 2))).toString('latin1') || '{"cut');
      return;
    case 'cut-body':
      // an answer without a body is cut in its head
      if (body.length === 0) {
        outgoing.socket?.write('HTTP/1.1 2', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(said.status, { ...said.headers, 'content-length': String(body.length + 100) });
      outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
      return;
    case 'drip': {
      outgoing.writeHead(said.status, said.headers).flushHeaders();
      let sent = 0;
      const timer = setInterval(() => {
        if (outgoing.destroyed || sent >= body.length) {
          clearInterval(timer);
          outgoing.end();
        } else outgoing.write(body.subarray(sent, ++sent));
      }, dripMs);
      timer.unref();
      return;
    }
    default:
      finish(outgoing, said);
  }
}

interface Controls {
  add(fault: Fault): void;
  faults: unknown[];
  log: SandboxLogEntry[];
}

type Asked = [behaviour: SandboxBehaviour, method: string, path: string, text: Buffer, controls: Controls];

/** The sandbox's own door: faults, the log, and somebody acting in the vendor's own pages. */
function control(asked: Asked, outgoing: ServerResponse): void {
  const json = (status: number, value: unknown) =>
    finish(outgoing, { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });
  try {
    json(...controlled(...asked));
  } catch (error) {
    json(400, { problem: error instanceof Error ? error.message : 'not understood' });
  }
}

function controlled(...[behaviour, method, path, text, controls]: Asked): [number, unknown] {
  if (path === '/_sandbox/log') return [200, controls.log];
  if (path === '/_sandbox/state') return [200, behaviour.state?.() ?? {}];
  if (path === '/_sandbox/faults' && method === 'DELETE') {
    controls.faults.splice(0);
    return [200, {}];
  }
  if (path !== '/_sandbox/faults' && path !== '/_sandbox/act')
    return [404, { problem: 'the sandbox has faults, log, state and act' }];
  if (method !== 'POST') return [405, { problem: `${path} takes POST` }];
  const asked: unknown = JSON.parse(text.toString('utf8'));
  if (!isObject(asked)) return [400, { problem: 'the body must be a JSON object' }];
  if (path === '/_sandbox/act') return behaviour.act ? [200, behaviour.act(asked) ?? {}] : [404, { problem: 'nobody acts here' }];
  controls.add(faultFrom(asked));
  return [200, {}];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function faultFrom(asked: Record<string, unknown>): Fault {
  const { times } = asked;
  const kind = faultKinds.find((k) => k === asked['kind']);
  if (!kind) throw new Error(`kind must be one of ${faultKinds.join(', ')}`);
  const text = (name: 'method' | 'path' | 'retryAfter') => {
    const value = asked[name];
    if (value === undefined) return {};
    if (typeof value !== 'string') throw new Error(`${name} must be a text`);
    return { [name]: value };
  };
  if (times !== undefined && (typeof times !== 'number' || !Number.isInteger(times) || times < 1))
    throw new Error('times must be a whole number, at least 1');
  return { kind, ...text('method'), ...text('path'), ...text('retryAfter'), ...(times === undefined ? {} : { times }) };
}
