import { Failure, type FailureCode } from '../../core/failure.ts';
import { type Answer, type Call, parseRetryAfter, retryRead, type Wire } from '../http.ts';
import { macOf, timestampOf } from './mac.ts';
import type { NetvisorSettings } from './settings.ts';
import { all, child, document, type Element, encode, type Node, readRoot, textOf } from './xml.ts';

/** What Netvisor said. `failed`: its code; the text stays outside, it may quote what was sent. */
export type Said = { kind: 'ok'; root: Node } | { kind: 'failed'; code: string } | { kind: 'unsendable' };

export interface NetvisorClient {
  /** A GET that changes nothing. `query` is escaped already. */
  read(resource: string, query: readonly string[], call: Call): Promise<Said>;
  /** A POST. `unsendable`: a character that the body's encoding lacks; nothing left. */
  write(resource: string, query: readonly string[], content: readonly Element[], call: Call): Promise<Said>;
  /** A GET that destroys: never tried again blindly. */
  destroy(resource: string, query: readonly string[], call: Call): Promise<Said>;
}

export interface ClientOptions {
  baseUrl: string;
  credentials: Record<string, string>;
  settings: NetvisorSettings;
  now: () => Date;
  newId: () => string;
}

/**
 * Signs each attempt anew, when its slot is free: a transaction id is good for one request. The XML decides what happened, since
 * the mapping of HTTP statuses is published nowhere.
 */
export function createClient({ baseUrl, credentials, settings, now, newId }: ClientOptions, wire: Wire): NetvisorClient {
  const { customerId = '', customerKey = '', partnerId = '', partnerKey = '' } = credentials;
  const urlOf = (resource: string, query: readonly string[]) =>
    `${baseUrl.replace(/\/+$/, '')}/${resource}${query.length > 0 ? `?${query.join('&')}` : ''}`;

  const headersFor = (url: string) => () => {
    const at = now();
    const { language, organisationId, sender } = settings;
    const signed = {
      url,
      sender,
      customerId,
      timestamp: timestampOf(at),
      unix: Math.floor(at.getTime() / 1000),
      language,
      organisationId,
      transactionId: newId(),
    };
    return {
      accept: 'text/xml',
      'content-type': 'text/plain',
      'X-Netvisor-Authentication-Sender': sender,
      'X-Netvisor-Authentication-CustomerId': customerId,
      'X-Netvisor-Authentication-PartnerId': partnerId,
      'X-Netvisor-Authentication-Timestamp': signed.timestamp,
      'X-Netvisor-Authentication-TimestampUnix': String(signed.unix),
      'X-Netvisor-Authentication-TransactionId': signed.transactionId,
      'X-Netvisor-Interface-Language': language,
      'X-Netvisor-Organisation-ID': organisationId,
      'X-Netvisor-Authentication-MAC': macOf(settings.mac, signed, { customerKey, partnerKey }),
      'X-Netvisor-Authentication-MACHashCalculationAlgorithm': settings.mac,
      'X-Netvisor-Authentication-UseHTTPResponseStatusCodes': '1',
    };
  };

  async function send(method: 'GET' | 'POST', url: string, kind: 'read' | 'write', call: Call, body?: Buffer): Promise<Said> {
    const answer = await wire({ method, url, kind, headers: headersFor(url), ...(body ? { body } : {}) }, call);
    return understood(answer, kind);
  }

  return {
    read: (resource, query, call) => retryRead(() => send('GET', urlOf(resource, query), 'read', call)),
    destroy: (resource, query, call) => send('GET', urlOf(resource, query), 'write', call),
    async write(resource, query, content, call) {
      const body = encode(document(content), settings.bodyEncoding);
      return body ? send('POST', urlOf(resource, query), 'write', call, body) : { kind: 'unsendable' };
    },
  };
}

function understood(answer: Answer, kind: 'read' | 'write'): Said {
  const { status } = answer;
  const outOfOrder: FailureCode = kind === 'write' ? 'ANSWER_LOST' : 'RECIPIENT_UNAVAILABLE';
  const root = rootOf(answer);
  if (!root) {
    // a proxy in front, or an error page: only the status speaks
    if (status === 429)
      throw new Failure('RECIPIENT_THROTTLED', {
        status,
        retryAfterMs: parseRetryAfter(answer.headers['retry-after'], new Date()),
      });
    if (status === 401 || status === 403) throw new Failure('CREDENTIALS_REJECTED', { status });
    throw new Failure(status >= 500 ? outOfOrder : 'ANSWER_GARBLED', { status });
  }
  const statuses = all(child(root, 'ResponseStatus'), 'Status').map(textOf);
  if (statuses.length === 1 && statuses[0] === 'OK') {
    if (status >= 400) throw new Failure('ANSWER_GARBLED', { status });
    return { kind: 'ok', root };
  }
  // two elements: FAILED, then "CODE :: text"; the text may hold " :: " itself
  if (statuses[0] !== 'FAILED' || statuses.length < 2) throw new Failure('ANSWER_GARBLED', { status });
  const code = (statuses[1] ?? '').split(' :: ')[0]?.trim() ?? '';
  if (code === 'AUTHENTICATION_FAILED') throw new Failure('CREDENTIALS_REJECTED', { status });
  if (code === 'SERVICE_ACCESS_ERROR') throw new Failure('RIGHT_MISSING', { status });
  if (code.startsWith('SYSTEM_MAINT')) throw new Failure('RECIPIENT_UNAVAILABLE', { status });
  // the id was seen before: what it was sent with may have been done
  if (code === 'TECHNICAL_ERROR' || code === 'REQUEST_NOT_UNIQUE') throw new Failure(outOfOrder, { status });
  if (!/^[A-Z_]{3,40}$/.test(code)) throw new Failure('ANSWER_GARBLED', { status });
  return { kind: 'failed', code };
}

/** Null where no XML of Netvisor's came; a spoilt one at a good status is a spoilt answer. */
function rootOf(answer: Answer): Node | null {
  try {
    return readRoot(answer.body);
  } catch (error) {
    if (answer.status >= 400) return null;
    throw error;
  }
}
