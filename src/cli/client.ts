import { readFile } from 'node:fs/promises';
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

/** One request and its answer: over HTTP to a running hub, or straight into an API inside this process. */
export type Transport = (request: {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
}) => Promise<{ status: number; text: string }>;

export interface Api {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  text(path: string): Promise<string>;
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
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<string> => {
    const { status, text } = await transport({ method, path: `/api/v1${path}`, ...(body === undefined ? {} : { body }) });
    if (status >= 200 && status < 300) return text;
    throw new ApiError(status, parse(text) as Record<string, unknown>);
  };
  return {
    get: async <T>(path: string) => parse(await ask('GET', path)) as T,
    post: async <T>(path: string, body: unknown = {}) => parse(await ask('POST', path, body)) as T,
    text: (path) => ask('GET', path),
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
  return async ({ method, path, body }) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
}
