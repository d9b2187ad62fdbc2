import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire } from '../http.ts';
import { type Signer, signedHeaders } from './mac.ts';
import type { NetvisorSettings } from './settings.ts';
import { childrenOf, type Element, element, encode, encodeQuery, parseXml, toXml, type Written } from './xml.ts';

/** What Netvisor would not do, in our words. */
export interface Refusal {
  refusal: 'invalid' | 'too-long' | 'exists' | 'period-locked' | 'character-not-in-encoding';
}
export const isRefusal = (said: Element | Refusal): said is Refusal => 'refusal' in said;

export type Query = Record<string, string>;

export interface NetvisorClient {
  /** The answer's root, or null for "your parameters are wrong": an unknown key. */
  get(resource: string, query: Query, call: Call): Promise<Element | null>;
  post(resource: string, query: Query, body: Written, call: Call): Promise<Element | Refusal>;
  /** A GET that destroys: a write in everything but its method, and never sent twice by itself. */
  destroy(resource: string, query: Query, call: Call): Promise<Element | Refusal>;
}

export interface ClientOptions extends Signer {
  baseUrl: string;
  settings: NetvisorSettings;
}

export function createClient(options: ClientOptions, wire: Wire): NetvisorClient {
  const { settings } = options;
  // built once: what is signed is what leaves
  const urlOf = (resource: string, query: Query) => {
    const said = Object.entries(query).map(([name, value]) => {
      const encoded = encodeQuery(value);
      if (encoded === null) throw new Error('a query that ISO-8859-1 cannot spell');
      return `${name}=${encoded}`;
    });
    return `${options.baseUrl.replace(/\/+$/, '')}/${resource}${said.length > 0 ? `?${said.join('&')}` : ''}`;
  };
  const headers = (url: string, more: Record<string, string> = {}) => {
    // also when an answer has to be asked for again: a reused transaction id is refused
    return () => ({ accept: 'text/xml', ...more, ...signedHeaders(options, url) });
  };

  return {
    get: (resource, query, call) =>
      retryRead(async () => {
        const url = urlOf(resource, query);
        const said = judge(await wire({ method: 'GET', url, kind: 'read', headers: headers(url) }, call), 'read');
        if (!isRefusal(said)) return said;
        if (said.refusal === 'invalid') return null;
        throw new Failure('RECIPIENT_REFUSED');
      }),

    async post(resource, query, content, call) {
      const body = encode(toXml(element('root', [content])), settings.bodyEncoding);
      if (body === null) return { refusal: 'character-not-in-encoding' };
      const url = urlOf(resource, query);
      const sent = { 'content-type': 'text/plain' };
      return judge(await wire({ method: 'POST', url, kind: 'write', headers: headers(url, sent), body }, call), 'write');
    },

    async destroy(resource, query, call) {
      const url = urlOf(resource, query);
      return judge(await wire({ method: 'GET', url, kind: 'write', headers: headers(url) }, call), 'write');
    },
  };
}

/** The XML decides; the HTTP status counts only where there is none, since its mapping is not published. */
function judge(answer: Answer, kind: 'read' | 'write'): Element | Refusal {
  if (answer.status === 429) throw throttled(answer);
  const root = rootOf(answer);
  if (root instanceof Failure) throw withoutXml(answer, kind, root);
  const [envelope, ...others] = childrenOf(root, 'ResponseStatus');
  const said = envelope && others.length === 0 ? childrenOf(envelope, 'Status').map(({ text }) => text.trim()) : [];
  if (said.length > 0 && said.every((status) => status === 'OK')) return root;
  const codes = said
    .filter((status) => status !== 'FAILED')
    .flatMap((status) => /^[A-Z][A-Z_]+(?=$|\s*::)/.exec(status)?.[0] ?? []);
  // neither success nor failure, or a failure without a code that we know: nothing can be said about what was done
  if (!said.includes('FAILED')) throw new Failure('ANSWER_GARBLED', { status: answer.status });
  return refusalOf(codes, answer, kind);
}

/** Ten minutes: maintenance is announced for hours, and asking does not shorten it. */
const maintenanceMs = 600_000;

const refusals: Readonly<Record<string, Refusal['refusal']>> = {
  INVALID_DATA: 'invalid',
  INVALID_DATA_SIZE: 'too-long',
  DUPLICATE_DATA: 'exists',
  PERIOD_LOCK: 'period-locked',
};

function refusalOf(codes: readonly string[], answer: Answer, kind: 'read' | 'write'): Refusal {
  const { status } = answer;
  for (const code of codes) {
    if (code === 'AUTHENTICATION_FAILED') throw new Failure('CREDENTIALS_REJECTED', { status });
    if (code === 'SERVICE_ACCESS_ERROR') throw new Failure('RIGHT_MISSING', { status });
    // the code is spelt in more than one way
    if (code.startsWith('SYSTEM_MAINT')) throw new Failure('RECIPIENT_UNAVAILABLE', { status, retryAfterMs: maintenanceMs });
    if (code === 'TECHNICAL_ERROR' || code === 'REQUEST_NOT_UNIQUE') throw unsure(answer, kind);
    const refusal = Object.hasOwn(refusals, code) ? refusals[code] : undefined;
    if (refusal) return { refusal };
  }
  throw new Failure('ANSWER_GARBLED', { status });
}

/** Something may have been done: a write has to be read after. */
const unsure = ({ status }: Answer, kind: 'read' | 'write') =>
  new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', { status });

function rootOf(answer: Answer): Element | Failure {
  try {
    const root = parseXml(answer.body);
    return root.name === 'Root' ? root : new Failure('ANSWER_GARBLED', { status: answer.status });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function withoutXml(answer: Answer, kind: 'read' | 'write', garbled: Failure): Failure {
  const { status } = answer;
  if (status === 401 || status === 403) return new Failure('CREDENTIALS_REJECTED', { status });
  if (status >= 500 || status === 408) return unsure(answer, kind);
  return garbled;
}

/** Netvisor documents none; a gateway before it may. */
const throttled = ({ status, headers }: Answer) =>
  new Failure('RECIPIENT_THROTTLED', { status, retryAfterMs: parseRetryAfter(headers['retry-after'], new Date()) });
