import { createHash, createHmac } from 'node:crypto';

/** What a request is signed with (support articles 77000577954, 77000557880). The body is not signed, the whole URL is. */
export interface Signed {
  /** Exactly as on the wire, query included. */
  url: string;
  sender: string;
  customerId: string;
  /** `YYYY-MM-DD HH:MM:SS.mmm`, UTC. */
  timestamp: string;
  /** The same instant in whole seconds. */
  unix: number;
  language: string;
  organisationId: string;
  /** New for each attempt: a reused one is refused. */
  transactionId: string;
}

export interface Keys {
  customerKey: string;
  partnerKey: string;
}

/** Lower-case hex. The keys stand in the message, and in HMACSHA256 are its key besides; they are never sent. */
export function macOf(algorithm: 'HMACSHA256' | 'SHA256', signed: Signed, { customerKey, partnerKey }: Keys): string {
  const { url, sender, customerId, timestamp, language, organisationId, transactionId, unix } = signed;
  const head = [url, sender, customerId, timestamp, language, organisationId, transactionId];
  if (algorithm === 'SHA256')
    return createHash('sha256')
      .update([...head, customerKey, partnerKey].join('&'), 'latin1')
      .digest('hex');
  const message = [...head, String(unix), customerKey, partnerKey].join('&');
  return createHmac('sha256', Buffer.from(`${customerKey}&${partnerKey}`, 'latin1'))
    .update(message, 'latin1')
    .digest('hex');
}

/** `2025-11-22 08:30:15.123`. */
export const timestampOf = (at: Date): string => at.toISOString().replace('T', ' ').replace('Z', '');
