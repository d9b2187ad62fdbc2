import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import type { lists, ping } from '@mailchimp/mailchimp_marketing';
import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, type Wire, type WireRequest } from '../http.ts';

/**
 * Mailchimp's official client, one instance a recipient (the package exports a process-wide one), with its single `callApi`
 * replaced: every call goes through our wire, so that lease, slots, deadline, size cap and failure names hold for it too. Its own
 * transport (superagent 3.8.1, no abort signal, no keep-alive) is never used.
 */
export interface MailchimpClient {
  /** Runs one call of the official client for `call`; answers the raw answer of any status that a verb must judge (2xx, 4xx). */
  ask(call: Call, work: (api: Api) => Promise<unknown>): Promise<Answer>;
}

/** The calls we use, with the argument forms of client 3.0.80; the published types lack some of them. */
export interface Api {
  lists: Pick<typeof lists, 'deleteListMemberPermanent'> & {
    getListMember(list: string, key: string, options: { fields: string[] }): Promise<unknown>;
    addListMember(list: string, body: MemberBody & { status: string }): Promise<unknown>;
    updateListMember(
      list: string,
      hash: string,
      body: MemberBody | { status: 'unsubscribed' },
      options: { skipMergeValidation: boolean },
    ): Promise<unknown>;
    getListMembersInfo(list: string, options: ListOptions): Promise<unknown>;
    updateListMemberTags(list: string, hash: string, body: { tags: readonly TagChange[]; is_syncing: boolean }): Promise<unknown>;
    getListMemberTags(list: string, hash: string, options: { count: number; offset: number }): Promise<unknown>;
    getListInterestCategories(list: string, options: { count: number; fields: string[] }): Promise<unknown>;
    listInterestCategoryInterests(list: string, category: string, options: { count: number; fields: string[] }): Promise<unknown>;
    getList(list: string, options: { fields: string[] }): Promise<unknown>;
    getListMergeFields(list: string, options: { count: number; fields: string[] }): Promise<unknown>;
  };
  ping: Pick<typeof ping, 'get'>;
  batches: {
    start(body: { operations: readonly Record<string, unknown>[] }): Promise<unknown>;
    status(id: string): Promise<unknown>;
    deleteRequest(id: string): Promise<unknown>;
  };
}

export interface MemberBody {
  email_address?: string;
  merge_fields?: Record<string, unknown>;
  interests?: Record<string, boolean>;
}

export interface TagChange {
  name: string;
  status: 'active' | 'inactive';
}

export interface ListOptions {
  status: string;
  count: number;
  offset: number;
  fields: string[];
  sortField?: string;
  sortDir?: string;
  sinceLastChanged?: string;
}

type Params = Record<string, unknown>;
interface ApiClient extends Api {
  basePath: string;
  setConfig(config: Params): void;
  buildUrl(path: string, pathParams: Params): string;
  normalizeParams(params: Params): Params;
  callApi(
    path: string,
    method: WireRequest['method'],
    pathParams: Params,
    queryParams: Params,
    headers: Params,
    form: Params,
    body: unknown,
  ): Promise<{ data: unknown; response: unknown }>;
}

const ApiClient = createRequire(import.meta.url)('@mailchimp/mailchimp_marketing/src/ApiClient') as new () => ApiClient;

export function createClient(options: { baseUrl: string; apiKey: string }, wire: Wire): MailchimpClient {
  const calls = new AsyncLocalStorage<Call>();
  const client = new ApiClient();
  client.basePath = options.baseUrl.replace(/\/+$/, '');
  // `server` stays unset: with it the client replaces the first "server" anywhere in the URL, in an address or an id too
  client.setConfig({});
  const authorization = `Basic ${Buffer.from(`user:${options.apiKey}`).toString('base64')}`;
  client.callApi = async (path, method, pathParams, queryParams, _headers, _form, body) => {
    const call = calls.getStore();
    if (!call) throw new Error('a Mailchimp call outside of a verb');
    const url = new URL(client.buildUrl(path, pathParams));
    for (const [name, value] of Object.entries(client.normalizeParams(queryParams))) url.searchParams.set(name, String(value));
    const kind = method === 'GET' ? 'read' : 'write';
    const sent = body === null || body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      authorization,
      accept: 'application/json',
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await wire({ method, url: url.href, kind, headers, ...(sent === undefined ? {} : { body: sent }) }, call);
    nameFailure(answer, kind);
    return { data: answer, response: answer };
  };
  return {
    async ask(call, work) {
      const answer = await calls.run(call, () => work(client));
      if (!isAnswer(answer)) throw new Error('the official client answered past our transport');
      return answer;
    },
  };
}

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && 'status' in value && 'text' in value;

/** What Mailchimp says instead of an answer; its documentation: branch on the status, then the title, never on `type`. */
export interface Problem {
  title: string;
  /** May quote an address: never logged. */
  detail: string;
  errors: { field: string; message: string }[];
}

/** The problem in an answer's body; null where the body is none (HTML of the content network, nothing at all). */
export function problemIn(answer: Answer): Problem | null {
  let body: unknown;
  try {
    body = JSON.parse(answer.text());
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null) return null;
  const text = (from: object, name: string) => String(Object.entries(from).find(([key]) => key === name)?.[1] ?? '');
  const errors = 'errors' in body && Array.isArray(body.errors) ? body.errors : [];
  return {
    title: text(body, 'title'),
    detail: text(body, 'detail'),
    errors: errors.flatMap((e: unknown) =>
      typeof e === 'object' && e !== null ? [{ field: text(e, 'field'), message: text(e, 'message') }] : [],
    ),
  };
}

/** Mailchimp sends no Retry-After: long enough that a slot comes free, short enough not to leave the account idle. */
const throttledMs = 3000;

/** Throws for everything that says nothing about the member. */
function nameFailure(answer: Answer, kind: 'read' | 'write'): void {
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const problem = problemIn(answer);
  const throttled = () =>
    new Failure('RECIPIENT_THROTTLED', {
      status,
      retryAfterMs: parseRetryAfter(answer.headers['retry-after'], new Date()) ?? throttledMs,
    });
  if (status === 401) throw new Failure('CREDENTIALS_REJECTED', { status });
  if (status === 429) throw throttled();
  if (status === 403) {
    // at high volume Mailchimp throttles with a 403 that has no problem body (vendor documentation)
    if (!problem?.title) throw throttled();
    throw new Failure(problem.title === 'User Disabled' ? 'CREDENTIALS_REJECTED' : 'RIGHT_MISSING', { status });
  }
  // after a write neither the time-out page of the content network nor a firewall's tells whether it was done
  if (status >= 500 || status === 408) throw new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status });
  // redirects are not followed, and Mailchimp documents none
  if (status < 400) throw new Failure('ANSWER_GARBLED', { status });
}
