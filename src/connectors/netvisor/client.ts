import { Failure } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire, type WireRequest } from '../http.ts';
import { type Signer, signedHeaders } from './mac.ts';
import type { NetvisorSettings } from './settings.ts';
import { childrenOf, type Element, element, encode, encodeQuery, parseXml, toXml, type Written } from './xml.ts';

/** What Netvisor would not do, in our words. */
export interface Refusal {
  refusal: 'invalid' | 'too-long' | 'exists' | 'period-locked' | 'character-not-in-encoding' | 'unnamed';
  /** Of a deletion alone: what the code would mean anywhere else. It counts only where the card itself is no reason to refuse. */
  otherwise?: Failure;
}

export type Query = Record<string, string>;

export interface NetvisorClient {
  /** The answer's root, or null for "your parameters are wrong": an unknown key. */
  get(resource: string, query: Query, call: Call): Promise<Element | null>;
  post(resource: string, query: Query, body: Written, call: Call): Promise<Element | Refusal>;
  /**
   * A GET that destroys: a write in everything but its method, and never sent twice by itself. Whatever failure it is answered with
   * is a refusal: under which code "has invoices" comes is not published.
   */
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
  const { newTransactionId } = options;
  async function send(request: Omit<WireRequest, 'headers'>, call: Call, more: Record<string, string> = {}): Promise<Said> {
    let transaction = '';
    const signer = { ...options, newTransactionId: () => (transaction = newTransactionId()) };
    // also when an answer has to be asked for again: a reused transaction id is refused
    const headers = () => ({ accept: 'text/xml', ...more, ...signedHeaders(signer, request.url) });
    const answer = await wire({ ...request, headers }, call);
    const said = judge(answer, request.kind);
    if ('codes' in said) call.heard?.({ code: said.codes.find((code) => named.has(code)) ?? 'unnamed', request: transaction });
    return said;
  }

  return {
    get: (resource, query, call) =>
      retryRead(async () => {
        const said = await send({ method: 'GET', url: urlOf(resource, query), kind: 'read' }, call);
        if (!('codes' in said)) return said;
        if (refusalOf(said, 'read').refusal === 'invalid') return null;
        throw new Failure('RECIPIENT_REFUSED');
      }),

    async post(resource, query, content, call) {
      const body = encode(toXml(element('root', [content])), settings.bodyEncoding);
      if (body === null) return { refusal: 'character-not-in-encoding' };
      const url = urlOf(resource, query);
      const said = await send({ method: 'POST', url, kind: 'write', body }, call, { 'content-type': 'text/plain' });
      return 'codes' in said ? refusalOf(said, 'write') : said;
    },

    async destroy(resource, query, call) {
      const said = await send({ method: 'GET', url: urlOf(resource, query), kind: 'write' }, call);
      if (!('codes' in said)) return said;
      try {
        return refusalOf(said, 'write');
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return error.code === 'ANSWER_GARBLED' ? { refusal: 'unnamed' } : { refusal: 'unnamed', otherwise: error };
      }
    },
  };
}

/** A failure in good form: `FAILED`, and whatever codes stand with it. */
interface Failed {
  codes: string[];
  answer: Answer;
}
type Said = Element | Failed;

/** The XML decides; the HTTP status counts only where there is none, since its mapping is not published. */
function judge(answer: Answer, kind: 'read' | 'write'): Said {
  if (answer.status === 429) throw throttled(answer);
  const root = rootOf(answer);
  if (root instanceof Failure) throw withoutXml(answer, kind, root);
  const [envelope, ...others] = childrenOf(root, 'ResponseStatus');
  const said = envelope && others.length === 0 ? childrenOf(envelope, 'Status').map(({ text }) => text.trim()) : [];
  if (said.length > 0 && said.every((status) => status === 'OK')) return root;
  // neither success nor failure: nothing can be said about what was done
  if (!said.includes('FAILED') || said.includes('OK')) throw new Failure('ANSWER_GARBLED', { status: answer.status });
  return { codes: said.flatMap((status) => /^[A-Z][A-Z_]+(?=$|\s*::)/.exec(status)?.[0] ?? []), answer };
}

/** Ten minutes: maintenance is announced for hours, and asking does not shorten it. */
const maintenanceMs = 600_000;

const refusals: Readonly<Record<string, Refusal['refusal']>> = {
  INVALID_DATA: 'invalid',
  INVALID_DATA_SIZE: 'too-long',
  DUPLICATE_DATA: 'exists',
  PERIOD_LOCK: 'period-locked',
};

/** The codes that are known, for the log: anything else in capitals may be somebody's name. */
const named = new Set([
  ...Object.keys(refusals),
  'AUTHENTICATION_FAILED',
  'SERVICE_ACCESS_ERROR',
  'SYSTEM_MAINTANANCE',
  'SYSTEM_MAINTENANCE',
  'TECHNICAL_ERROR',
  'REQUEST_NOT_UNIQUE',
]);

function refusalOf({ codes, answer }: Failed, kind: 'read' | 'write'): Refusal {
  const { status } = answer;
  for (const code of codes) {
    if (code === 'AUTHENTICATION_FAILED') throw new Failure('CREDENTIALS_REJECTED', { status });
    if (code === 'SERVICE_ACCESS_ERROR') throw new Failure('RIGHT_MISSING', { status });
    // the code is spelt in more than one way
    if (code.startsWith('SYSTEM_MAINT'))
      throw new Failure('RECIPIENT_UNAVAILABLE', { status, retryAfterMs: askedFor(answer) ?? maintenanceMs });
    if (code === 'TECHNICAL_ERROR' || code === 'REQUEST_NOT_UNIQUE') throw unsure(answer, kind);
    const refusal = Object.hasOwn(refusals, code) ? refusals[code] : undefined;
    if (refusal) return { refusal };
  }
  throw new Failure('ANSWER_GARBLED', { status });
}

/** Something may have been done: a write has to be read after. */
const unsure = (answer: Answer, kind: 'read' | 'write') =>
  new Failure(kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE', {
    status: answer.status,
    retryAfterMs: askedFor(answer),
  });

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

/** Netvisor documents none; a gateway before it may, with a page of its own or with Netvisor's XML. */
const askedFor = ({ headers }: Answer) => parseRetryAfter(headers['retry-after'], new Date());
const throttled = (answer: Answer) =>
  new Failure('RECIPIENT_THROTTLED', { status: answer.status, retryAfterMs: askedFor(answer) });
