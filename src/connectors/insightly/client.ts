import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire } from '../http.ts';
import type { ObjectKind } from './objects.ts';
import { count, quotaOf } from './quota.ts';

/**
 * How Insightly is reached: credentials, the calls, and their failures in our words. Bodies of error answers are never read: their
 * form is not documented.
 */

export interface Page {
  rows: unknown[];
  /** `X-Total-Count`, where it was asked for and sent. */
  total: number | null;
  /** The vendor's own clock, ms since the epoch; a hint only. */
  clock: number | null;
}

export type Query = Record<string, string | number | boolean | undefined>;
export type Found = { kind: 'found'; row: unknown } | { kind: 'gone' } | { kind: 'hidden' };
export type Deleted = 'accepted' | 'gone' | 'failed';
export type Put = 'accepted' | 'gone' | 'invalid';

export interface Client {
  page(kind: ObjectKind, how: '' | '/Search' | '/SearchByTag', query: Query, call: Call): Promise<Page>;
  get(kind: ObjectKind, id: string, call: Call): Promise<Found>;
  /** Whether a path answers at all, for `check`. */
  probe(path: string, call: Call): Promise<{ status: number; body: unknown }>;
  put(kind: ObjectKind, body: Record<string, unknown>, call: Call): Promise<Put>;
  /** One tag more; the others stay. */
  addTag(kind: ObjectKind, id: string, tag: string, call: Call): Promise<Put>;
  post(kind: ObjectKind, body: Record<string, unknown>, call: Call): Promise<unknown>;
  delete(kind: ObjectKind, id: string, call: Call): Promise<Deleted>;
  /** Calls left of the day's quota and the quota itself, as the last answer that told them said. */
  left(): number | null;
  limit(): number | null;
}

/** How long a kind of record that answered as a list is believed to be there. */
const routeMs = 60_000;

export function createClient(options: { baseUrl: string; apiKey: string; quotaResetHourUtc: number }, wire: Wire): Client {
  const base = checkedBase(options.baseUrl);
  const authorization = `Basic ${Buffer.from(`${options.apiKey}:`).toString('base64')}`;
  const quota = quotaOf(options.quotaResetHourUtc);
  const routeSeen = new Map<string, number>();

  async function send(
    kind: 'read' | 'write',
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    query: Query,
    body: unknown,
    call: Call,
  ): Promise<Answer> {
    const url = new URL(`${base}/${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    const json = body === undefined ? undefined : JSON.stringify(body);
    const answer = await wire(
      {
        method,
        url: url.href,
        kind,
        headers: {
          authorization,
          accept: 'application/json',
          'accept-encoding': 'gzip',
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(json === undefined ? {} : { body: json }),
      },
      call,
    );
    quota.heard(answer);
    if (answer.status === 429) throw quota.refusal(answer);
    refuseCommon(answer, kind);
    return answer;
  }

  const read = (path: string, query: Query, call: Call) => retryRead(() => send('read', 'GET', path, query, undefined, call));

  async function list(path: string, kind: ObjectKind, query: Query, call: Call): Promise<Answer> {
    const answer = await read(path, query, call);
    const { status } = answer;
    // the plan or the key's user may lack the whole object, and another pod's key is not known here (vendor documentation)
    if (status === 403 || status === 404) throw new Failure('RIGHT_MISSING', { status });
    if (status !== 200) throw unexpected(status);
    routeSeen.set(kind.path, performance.now());
    return answer;
  }

  /**
   * "Not found" says that a record is gone only where its kind is there at all. With another account's pod, and after a change of
   * plan, every record answers 404: that would read as everybody's disappearance.
   */
  async function mustBeThere(kind: ObjectKind, call: Call): Promise<void> {
    if (performance.now() - (routeSeen.get(kind.path) ?? Number.NEGATIVE_INFINITY) < routeMs) return;
    parsed(z.array(z.unknown()), await list(kind.path, kind, { brief: true, top: 1, skip: 0 }, call));
  }

  return {
    left: quota.left,
    limit: quota.limit,

    async page(kind, how, query, call) {
      const answer = await list(`${kind.path}${how}`, kind, query, call);
      const total = count(answer.headers['x-total-count']);
      const clock = Date.parse(answer.headers.date ?? '');
      return { rows: parsed(z.array(z.unknown()), answer), total, clock: Number.isNaN(clock) ? null : clock };
    },

    async get(kind, id, call) {
      const answer = await read(`${kind.path}/${encodeURIComponent(id)}`, {}, call);
      if (answer.status === 404) {
        await mustBeThere(kind, call);
        return { kind: 'gone' };
      }
      if (answer.status === 403) return { kind: 'hidden' };
      if (answer.status !== 200) throw unexpected(answer.status);
      return { kind: 'found', row: parsed(z.record(z.string(), z.unknown()), answer) };
    },

    async probe(path, call) {
      const answer = await read(path, {}, call);
      return { status: answer.status, body: isOk(answer.status) ? answer.json() : null };
    },

    put: async (kind, body, call) => putSaid(await send('write', 'PUT', kind.path, {}, body, call)),

    addTag: async (kind, id, tag, call) =>
      putSaid(await send('write', 'POST', `${kind.path}/${encodeURIComponent(id)}/Tags`, {}, { TAG_NAME: tag }, call)),

    async post(kind, body, call) {
      const answer = await send('write', 'POST', kind.path, {}, body, call);
      if (answer.status === 403) throw new Failure('RIGHT_MISSING', { status: 403 });
      if (!isOk(answer.status)) throw unexpected(answer.status);
      return parsed(z.record(z.string(), z.unknown()), answer);
    },

    async delete(kind, id, call) {
      const answer = await send('write', 'DELETE', `${kind.path}/${encodeURIComponent(id)}`, {}, undefined, call);
      const { status } = answer;
      if (status === 404) return 'gone';
      if (status === 417) return 'failed';
      if (status === 403) throw new Failure('RIGHT_MISSING', { status });
      if (!isOk(status)) throw unexpected(status);
      readEcho(answer);
      return 'accepted';
    },
  };
}

function putSaid(answer: Answer): Put {
  const { status } = answer;
  if (status === 404) return 'gone';
  if (status === 403) throw new Failure('RIGHT_MISSING', { status });
  if (status === 400 || status === 417 || status === 409) return 'invalid';
  if (!isOk(status)) throw unexpected(status);
  readEcho(answer);
  return 'accepted';
}

const isOk = (status: number) => status >= 200 && status < 300;

/** The API URL that Insightly shows beside the key, without a slash at its end. The account's pod stands in it and is never guessed. */
export function checkedBase(baseUrl: string): string {
  const base = baseUrl.trim().replace(/\/+$/, '');
  const advice = 'write the API URL shown in Insightly under User Settings, API, like https://api.na1.insightly.com/v3.1';
  let url: URL;
  try {
    url = new URL(base);
  } catch {
    throw new Error(`insightly: baseUrl is not a URL; ${advice}`);
  }
  if (!/^(\/[\w.~-]+)*\/v3\.1$/i.test(url.pathname) || url.search !== '' || url.hash !== '')
    throw new Error(`insightly: baseUrl must end in /v3.1; ${advice}`);
  if (url.hostname === 'api.insightly.com') throw new Error(`insightly: baseUrl lacks the account's pod; ${advice}`);
  if (url.username !== '' || url.password !== '')
    throw new Error(`insightly: the key belongs into credentials.apiKey, not into baseUrl; ${advice}`);
  return base;
}

/** What every call can be answered with, whatever it asked for. */
function refuseCommon(answer: Answer, kind: 'read' | 'write'): void {
  const { status } = answer;
  if (status === 401) throw new Failure('CREDENTIALS_REJECTED', { status });
  if (status === 402) throw new Failure('RECIPIENT_REFUSED', { status });
  if (status >= 300 && status < 400) throw new Failure('ANSWER_GARBLED', { status });
  if (status >= 500 || status === 408) {
    // a write that is answered "out of order" may have been carried out before something behind it broke
    if (kind === 'write') throw new Failure('ANSWER_LOST', { status });
    throw new Failure('RECIPIENT_UNAVAILABLE', {
      status,
      retryAfterMs: parseRetryAfter(answer.headers['retry-after'], new Date()),
    });
  }
}

/** Nothing the vendor documents for this call: the same request would be answered the same again. */
const unexpected = (status: number) => new Failure('RECIPIENT_REFUSED', { status });

/** A write may echo the record or say nothing; anything that is not JSON comes from somebody in between. */
function readEcho(answer: Answer): void {
  if (answer.text().trim() !== '') answer.json();
}

function parsed<T>(schema: z.ZodType<T>, answer: Answer): T {
  return mustBe(schema, answer.json(), answer.status);
}

/** Parses what Insightly sent; a misfit is `ANSWER_GARBLED`, told by the places that do not fit and never by their values. */
export function mustBe<T>(schema: z.ZodType<T>, value: unknown, status?: number): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues.slice(0, 5).map((issue) => `${issue.code} at ${issue.path.join('.') || 'top'}`);
  throw new Failure('ANSWER_GARBLED', { status, cause: new Error(places.join(', ')) });
}
