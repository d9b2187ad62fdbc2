import { createHash, createHmac } from 'node:crypto';

/** What is signed: everything but the body. The keys are in the text too, and never sent. */
export interface Signed {
  /** With its query, exactly as it leaves. */
  url: string;
  sender: string;
  customerId: string;
  /** UTC, `YYYY-MM-DD HH:MM:SS.mmm`. */
  timestamp: string;
  language: string;
  organisationId: string;
  transactionId: string;
  /** The same instant in whole seconds; only HMACSHA256 signs it. */
  timestampUnix: string;
  customerKey: string;
  partnerKey: string;
}

/** Lower-case hex; the parts joined by `&` in this order, hashed as ISO-8859-1 (support articles 77000577954, 77000557880). */
export function macOf(algorithm: 'HMACSHA256' | 'SHA256', s: Signed): string {
  const said = [s.url, s.sender, s.customerId, s.timestamp, s.language, s.organisationId, s.transactionId];
  const keys = [s.customerKey, s.partnerKey];
  return algorithm === 'SHA256'
    ? createHash('sha256')
        .update([...said, ...keys].join('&'), 'latin1')
        .digest('hex')
    : createHmac('sha256', Buffer.from(keys.join('&'), 'latin1'))
        .update([...said, s.timestampUnix, ...keys].join('&'), 'latin1')
        .digest('hex');
}

export interface Signer {
  settings: { organisationId: string; language: string; sender: string; mac: 'HMACSHA256' | 'SHA256' };
  credentials: Record<string, string>;
  now(): Date;
  /** A reused id is an error, so every attempt needs its own. */
  newTransactionId(): string;
}

/** The headers of one attempt. To be made when it leaves, never before. */
export function signedHeaders({ settings, credentials, now, newTransactionId }: Signer, url: string): Record<string, string> {
  const at = now();
  const signed: Signed = {
    url,
    sender: settings.sender,
    customerId: credentials['customerId'] ?? '',
    timestamp: at.toISOString().replace('T', ' ').slice(0, 23),
    language: settings.language,
    organisationId: settings.organisationId,
    transactionId: newTransactionId(),
    timestampUnix: String(Math.floor(at.getTime() / 1000)),
    customerKey: credentials['customerKey'] ?? '',
    partnerKey: credentials['partnerKey'] ?? '',
  };
  return {
    'X-Netvisor-Authentication-Sender': signed.sender,
    'X-Netvisor-Authentication-CustomerId': signed.customerId,
    'X-Netvisor-Authentication-PartnerId': credentials['partnerId'] ?? '',
    'X-Netvisor-Authentication-Timestamp': signed.timestamp,
    'X-Netvisor-Authentication-TimestampUnix': signed.timestampUnix,
    'X-Netvisor-Authentication-TransactionId': signed.transactionId,
    'X-Netvisor-Interface-Language': signed.language,
    'X-Netvisor-Organisation-ID': signed.organisationId,
    'X-Netvisor-Authentication-MAC': macOf(settings.mac, signed),
    'X-Netvisor-Authentication-MACHashCalculationAlgorithm': settings.mac,
    'X-Netvisor-Authentication-UseHTTPResponseStatusCodes': '1',
  };
}
