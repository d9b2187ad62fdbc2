import { randomUUID } from 'node:crypto';
import { request as send } from 'node:http';
import { macOf, type Signed } from '../../../src/connectors/netvisor/sandbox/mac.ts';
import { type NetvisorSandboxOptions, netvisorSandbox } from '../../../src/connectors/netvisor/sandbox.ts';
import { serveSandbox } from '../../../src/connectors/sandbox.ts';

/** What a caller may do otherwise than Netvisor asks for. */
export interface Manner {
  body?: string | Buffer;
  method?: 'GET' | 'POST';
  language?: string;
  algorithm?: string;
  sender?: string;
  transactionId?: string;
  at?: Date;
  /** Headers that are changed after the request was signed; null: left out. */
  headers?: Record<string, string | null>;
  wantsStatus?: boolean;
  /** The address that is signed, instead of the one the request goes to. */
  signedOrigin?: string;
  upperCase?: boolean;
  /** Values that are signed and sent instead of the right ones. */
  fields?: Partial<Signed & { partnerId: string }>;
}

export interface Said {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  /** What stands in the `Status` elements. */
  statuses: string[];
  /** The first text of an element of this name. */
  of(name: string): string | undefined;
  all(name: string): string[];
}

const decoded = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');

/** A Netvisor on a socket, and a caller that signs by itself; it reads answers by pattern, so that no parser agrees with another. */
export async function world(options: NetvisorSandboxOptions = {}) {
  const vendor = netvisorSandbox(options);
  const server = await serveSandbox(vendor);
  const ask = (target: string, manner: Manner = {}): Promise<Said> => {
    const { credentials, organisationId } = vendor;
    const at = manner.at ?? options.now?.() ?? new Date();
    const algorithm = manner.algorithm ?? 'HMACSHA256';
    const signed = {
      url: `${manner.signedOrigin ?? server.url}${target}`,
      sender: manner.sender ?? 'Kaiku',
      customerId: credentials.customerId,
      timestamp: at.toISOString().replace('T', ' ').replace('Z', ''),
      timestampUnix: String(Math.floor(at.getTime() / 1000)),
      language: manner.language ?? 'EN',
      organisationId,
      transactionId: manner.transactionId ?? randomUUID(),
      ...manner.fields,
    };
    const mac = macOf(algorithm === 'SHA256' ? 'SHA256' : 'HMACSHA256', signed, credentials);
    const headers: Record<string, string | null> = {
      'X-Netvisor-Authentication-Sender': signed.sender,
      'X-Netvisor-Authentication-CustomerId': signed.customerId,
      'X-Netvisor-Authentication-PartnerId': manner.fields?.partnerId ?? credentials.partnerId,
      'X-Netvisor-Authentication-Timestamp': signed.timestamp,
      'X-Netvisor-Authentication-TimestampUnix': signed.timestampUnix,
      'X-Netvisor-Authentication-TransactionId': signed.transactionId,
      'X-Netvisor-Interface-Language': signed.language,
      'X-Netvisor-Organisation-ID': signed.organisationId,
      'X-Netvisor-Authentication-MAC': manner.upperCase ? mac.toUpperCase() : mac,
      'X-Netvisor-Authentication-MACHashCalculationAlgorithm': algorithm,
      ...(manner.wantsStatus ? { 'X-Netvisor-Authentication-UseHTTPResponseStatusCodes': '1' } : {}),
      ...manner.headers,
    };
    const method = manner.method ?? (manner.body === undefined ? 'GET' : 'POST');
    const kept = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null);
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      // by host, port and path: nothing re-encodes the target on its way
      const asked = send({ hostname, port, path: target, method, headers: Object.fromEntries(kept), agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const all = (name: string) =>
            [...text.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g'))].map(([, found = '']) => decoded(found));
          const statuses = all('Status');
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, statuses, all, of: (name) => all(name)[0] });
        });
      });
      asked.on('error', reject);
      asked.end(manner.body);
    });
  };
  return { vendor, server, ask, [Symbol.asyncDispose]: () => server.close() };
}

/** A document for `customer.nv` with these blocks. */
export const customerXml = (blocks: string) => `<root><customer>${blocks}</customer></root>`;
export const baseXml = (elements: string) => customerXml(`<customerbaseinformation>${elements}</customerbaseinformation>`);
export const personXml = (elements: string) => `<root><contactperson>${elements}</contactperson></root>`;
