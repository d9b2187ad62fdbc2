import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';

/** What the API answered with an error, and the exit code that it means. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly exitCode: number;
  readonly more: Record<string, unknown>;
  constructor(status: number, problem: Record<string, unknown>) {
    super(typeof problem['detail'] === 'string' ? problem['detail'] : `the hub answered ${status}`);
    this.status = status;
    this.more = problem;
    this.exitCode = status === 409 ? 4 : status === 502 || status === 503 ? 3 : status >= 500 && status !== 501 ? 3 : 2;
  }
}

/** The hub was there and went away, or broke the connection off. What it was asked may have been done. */
export class HubGone extends Error {
  override name = 'HubGone';
}

/** One request and its answer: over HTTP to a running hub, or straight into an API inside this process. */
export type Transport = (request: { method: 'GET' | 'POST'; path: string; body?: unknown }) => Promise<Answer>;

export interface Answer {
  status: number;
  body: Buffer;
}

export interface Api {
  /** A hub is running, so that what is owed is worked off; else this process only writes down what is owed. */
  running: boolean;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  text(path: string): Promise<string>;
  /** A file as it is. */
  bytes(path: string): Promise<Buffer>;
  close(): Promise<void>;
}

export interface InProcess {
  transport: Transport;
  close(): Promise<void>;
}

/**
 * Speaks to the instance of this `KAIKU_DATA`: the running hub that wrote `hub.json`, if it answers and is the same instance; else
 * the store is opened here.
 */
export async function connect(env: Record<string, string | undefined>, openInProcess: () => Promise<InProcess>): Promise<Api> {
  const running = await findHub(env);
  const opened = running ? null : await openInProcess();
  const transport = running ?? opened?.transport;
  if (!transport) throw new Error('no way to the hub');
  const askBytes = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Buffer> => {
    const { status, body: said } = await transport({ method, path: `/api/v1${path}`, ...(body === undefined ? {} : { body }) });
    if (status >= 200 && status < 300) return said;
    throw new ApiError(status, parse(said.toString('utf8')) as Record<string, unknown>);
  };
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown) =>
    (await askBytes(method, path, body)).toString('utf8');
  return {
    running: running !== null,
    get: async <T>(path: string) => parse(await ask('GET', path)) as T,
    post: async <T>(path: string, body: unknown = {}) => parse(await ask('POST', path, body)) as T,
    text: (path) => ask('GET', path),
    bytes: (path) => askBytes('GET', path),
    close: async () => opened?.close(),
  };
}

function parse(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return {};
  }
}

async function findHub(env: Record<string, string | undefined>): Promise<Transport | null> {
  const file = join(env['KAIKU_DATA'] || '.kaiku', 'hub.json');
  const known = parse(await readFile(file, 'utf8').catch(() => '')) as { url?: string; instance?: string; token?: string };
  if (!known.url) return null;
  const { url } = known;
  const token = env['KAIKU_TOKEN'] || known.token || '';
  const live = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2000) })
    .then((answer) => answer.json() as Promise<{ instance?: string }>)
    .catch(() => null);
  if (live?.instance !== known.instance) return null;
  return ({ method, path, body }) => send(url + path, method, token, body === undefined ? undefined : JSON.stringify(body));
}

/** Not `fetch`: it gives up after five minutes, and a first link of a large recipient takes as long as its pages do. */
function send(url: string, method: string, token: string, body: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const gone = (error: Error & { code?: string }) =>
      reject(
        new HubGone(`The hub at ${new URL(url).origin} broke off (${error.code ?? error.name}); see whether it still runs.`),
      );
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', gone)
        .on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    sent.on('error', gone).end(body);
  });
}
