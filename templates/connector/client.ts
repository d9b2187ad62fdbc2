import type { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire, type WireRequest } from '../http.ts';

/** How Acme is reached: the key, the calls, and their failures in our words. No text of an error answer is ever kept. */
export type Ask = (method: WireRequest['method'], path: string, call: Call, body?: unknown) => Promise<Answer>;

export function createClient(baseUrl: string, apiKey: string, wire: Wire): Ask {
  const send: Ask = async (method, path, call, body) => {
    const kind = method === 'GET' ? 'read' : 'write';
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const url = `${baseUrl.replace(/\/+$/, '')}${path}`;
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await wire({ method, url, kind, headers, ...json }, call);
    nameFailure(answer, kind);
    return answer;
  };
  // a write is never sent twice by itself
  return (method, ...rest) => (method === 'GET' ? retryRead(() => send(method, ...rest)) : send(method, ...rest));
}

/** What every call can be answered with, whatever it asked for. */
function nameFailure({ status, headers }: Answer, kind: 'read' | 'write'): void {
  const retryAfterMs = parseRetryAfter(headers['retry-after'], new Date());
  if (status === 401) throw new Failure('CREDENTIALS_REJECTED', { status });
  if (status === 403) throw new Failure('RIGHT_MISSING', { status });
  if (status === 429) throw new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs });
  // something behind the vendor's door may have carried a write out before it broke
  if (status >= 500) throw new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status, retryAfterMs });
}

/** The answer as what Acme documents; anything else, HTML at 200 included, is a failure and never "nothing there". */
export function parse<T>(schema: z.ZodType<T>, answer: Answer): T {
  const { status } = answer;
  const parsed = schema.safeParse(status < 300 ? answer.json() : undefined);
  if (!parsed.success) throw new Failure('ANSWER_GARBLED', { status });
  return parsed.data;
}
