import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire, type WireRequest } from '../http.ts';

/** How a panel is reached: the token, the calls, and their failures in our words. No text of an error answer is ever kept. */
export interface PanelClient {
  get(path: string, call: Call): Promise<Answer>;
  /** A look-up that changes nothing: what is looked for stands in the body, since an address has no place in a URL. */
  search(path: string, body: unknown, call: Call): Promise<Answer>;
  /** Never sent twice by itself. */
  write(method: 'POST' | 'PATCH' | 'DELETE', path: string, call: Call, body?: unknown): Promise<Answer>;
}

export function createClient(options: { baseUrl: string; token: string }, wire: Wire): PanelClient {
  const base = options.baseUrl.replace(/\/+$/, '');
  async function send(
    request: { method: WireRequest['method']; path: string; kind: WireRequest['kind']; body?: unknown },
    call: Call,
  ): Promise<Answer> {
    const { method, path, kind, body } = request;
    const headers = { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await wire({ method, url: `${base}${path}`, kind, headers, ...json }, call);
    nameFailure(answer, kind);
    return answer;
  }
  return {
    get: (path, call) => retryRead(() => send({ method: 'GET', path, kind: 'read' }, call)),
    search: (path, body, call) => retryRead(() => send({ method: 'POST', path, kind: 'read', body }, call)),
    write: (method, path, call, body) => send({ method, path, kind: 'write', body }, call),
  };
}

/** What every call can be answered with, whatever it asked for. */
function nameFailure({ status, headers }: Answer, kind: WireRequest['kind']): void {
  const retryAfterMs = parseRetryAfter(headers['retry-after'], new Date());
  if (status === 401) throw new Failure('CREDENTIALS_REJECTED', { status });
  if (status === 403) throw new Failure('RIGHT_MISSING', { status });
  if (status === 429) throw new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs });
  // something behind the panel's door may have carried a write out before it broke
  if (status >= 500 || status === 408)
    throw new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status, retryAfterMs });
}

/** The words of the contract, each with the status that it comes with. */
const words = {
  'not-found': 404,
  'email-taken': 409,
  'last-owner': 409,
  'cursor-gone': 410,
  invalid: 422,
} as const;
export type Word = keyof typeof words;
const Refusal = z.looseObject({ error: z.string() });

/** What the panel says in its own words instead of an answer; null for an answer. A page of somebody between us is neither. */
export function wordIn(answer: Answer): Word | null {
  const { status } = answer;
  if (status < 300) return null;
  const said = status >= 400 ? Refusal.safeParse(answer.json()) : undefined;
  if (!said?.success) throw new Failure('ANSWER_GARBLED', { status });
  const { error } = said.data;
  const word = (Object.keys(words) as Word[]).find((one) => one === error && words[one] === status);
  if (!word) throw new Failure('RECIPIENT_REFUSED', { status });
  return word;
}

/** The answer as the contract has it; anything else, HTML at 200 included, is a failure and never "nothing there". */
export function parse<T>(schema: z.ZodType<T>, answer: Answer): T {
  const { status } = answer;
  const parsed = schema.safeParse(status < 300 ? answer.json() : undefined);
  if (!parsed.success) throw new Failure('ANSWER_GARBLED', { status });
  return parsed.data;
}
