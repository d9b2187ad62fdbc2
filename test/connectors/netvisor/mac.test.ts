import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { createWire, freeCall, memoryGate } from '../../../src/connectors/http.ts';
import { createClient } from '../../../src/connectors/netvisor/client.ts';
import { macOf, signedHeaders } from '../../../src/connectors/netvisor/mac.ts';
import { credentials, settingsOf } from './setup.ts';
import { vectors } from './vectors.ts';

it.each(vectors)('signs vector $name', ({ sha256, hmacSha256, name: _, ...signed }) => {
  expect(macOf('HMACSHA256', signed)).toBe(hmacSha256);
  if (sha256 !== undefined) expect(macOf('SHA256', signed)).toBe(sha256);
});

it('makes the headers of one attempt, and sends no key', () => {
  const headers = signedHeaders(
    {
      settings: settingsOf({ language: 'EN' }),
      credentials,
      now: () => new Date('2025-11-22T08:30:15.123Z'),
      newTransactionId: () => '3f2a9c1e-7b44-4d0a-9c55-1f0e5d2b6a77',
    },
    'https://isvapi.netvisor.fi/getcustomer.nv?id=165',
  );
  expect(headers).toMatchObject({
    'X-Netvisor-Authentication-Sender': 'Kaiku',
    'X-Netvisor-Authentication-CustomerId': 'SB_12345_67890',
    'X-Netvisor-Authentication-PartnerId': 'Kai_12345',
    'X-Netvisor-Authentication-Timestamp': '2025-11-22 08:30:15.123',
    'X-Netvisor-Authentication-TimestampUnix': '1763800215',
    'X-Netvisor-Authentication-TransactionId': '3f2a9c1e-7b44-4d0a-9c55-1f0e5d2b6a77',
    'X-Netvisor-Interface-Language': 'EN',
    'X-Netvisor-Organisation-ID': '2607385-7',
    'X-Netvisor-Authentication-MACHashCalculationAlgorithm': 'HMACSHA256',
    'X-Netvisor-Authentication-UseHTTPResponseStatusCodes': '1',
  });
  expect(headers['X-Netvisor-Authentication-MAC']).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(headers)).not.toContain(credentials.customerKey);
  expect(JSON.stringify(headers)).not.toContain(credentials.partnerKey);
});

/** A server that answers "failed, technical error" a few times, and keeps what came to it, as it came. */
async function recorder(failures = 0) {
  const seen: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    const status =
      seen.length <= failures ? '<Status>FAILED</Status><Status>TECHNICAL_ERROR :: x</Status>' : '<Status>OK</Status>';
    response.end(`<?xml version="1.0" encoding="utf-8"?><Root><ResponseStatus>${status}</ResponseStatus></Root>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const baseUrl = `http://127.0.0.1:${address.port}`;
  const client = createClient(
    { baseUrl, settings: settingsOf(), credentials, now: () => new Date(), newTransactionId: () => crypto.randomUUID() },
    createWire({ gate: memoryGate({ connections: 1 }), deadlineMs: 2000 }),
  );
  return {
    seen,
    client,
    baseUrl,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const of = (headers: NodeJS.Dict<string | string[]>, name: string) => String(headers[`x-netvisor-${name}`]);

it.each([
  ['Mäkinen & Söhne', 'M%E4kinen%20%26%20S%F6hne'],
  ['O\'Neill ("x") <b> {a}|b\\c^`', undefined],
  ['a+b=c?d#e%20f;g', undefined],
  ['1,2,3', '1,2,3'],
  ['2025-11-22T08:30:15', '2025-11-22T08:30:15'],
])('signs the address exactly as it leaves (%s)', async (keyword, encoded) => {
  await using at = await recorder();
  await at.client.get('customerlist.nv', { keyword }, freeCall);
  const [request] = at.seen;
  if (!request) throw new Error('nothing came');
  if (encoded !== undefined) expect(request.url).toBe(`/customerlist.nv?keyword=${encoded}`);
  const { headers } = request;
  expect(of(headers, 'authentication-mac')).toBe(
    macOf('HMACSHA256', {
      url: at.baseUrl + request.url,
      sender: 'Kaiku',
      customerId: credentials.customerId,
      timestamp: of(headers, 'authentication-timestamp'),
      language: 'FI',
      organisationId: '2607385-7',
      transactionId: of(headers, 'authentication-transactionid'),
      timestampUnix: of(headers, 'authentication-timestampunix'),
      customerKey: credentials.customerKey,
      partnerKey: credentials.partnerKey,
    }),
  );
});

it('signs each attempt anew: another transaction id, another signature', async () => {
  await using at = await recorder(2);
  await at.client.get('getcustomer.nv', { id: '165' }, freeCall);
  const ids = at.seen.map(({ headers }) => of(headers, 'authentication-transactionid'));
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(3);
  expect(new Set(at.seen.map(({ headers }) => of(headers, 'authentication-mac'))).size).toBe(3);
});

it('makes the signature when a slot is free, not when the call is made', async () => {
  await using at = await recorder();
  let time = new Date('2025-01-01T00:00:00Z');
  const client = createClient(
    { baseUrl: at.baseUrl, settings: settingsOf(), credentials, now: () => time, newTransactionId: () => crypto.randomUUID() },
    createWire({
      gate: {
        async enter() {
          time = new Date('2025-01-01T00:10:00Z');
          return { leave: async () => {} };
        },
      },
      deadlineMs: 2000,
    }),
  );
  await client.get('customerlist.nv', {}, freeCall);
  expect(of(at.seen[0]?.headers ?? {}, 'authentication-timestamp')).toBe('2025-01-01 00:10:00.000');
});
