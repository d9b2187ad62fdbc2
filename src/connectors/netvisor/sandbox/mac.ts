import { createHash, createHmac } from 'node:crypto';

/** What a request is signed with; the body is not part of it. The partner's id is sent, and not signed. */
export interface Signed {
  /** Whole, as it stands on the wire. */
  url: string;
  sender: string;
  customerId: string;
  timestamp: string;
  language: string;
  organisationId: string;
  transactionId: string;
  /** Whole seconds, as text; only HMACSHA256 signs it. */
  timestampUnix: string;
}

export interface Keys {
  customerKey: string;
  partnerKey: string;
}

/** MD5, once the default, is withdrawn. */
export const algorithms = ['HMACSHA256', 'SHA256'] as const;
export type Algorithm = (typeof algorithms)[number];

/** The text that is signed: joined with `&`, nothing escaped (Netvisor help 77000577954, 77000557880). */
export function signedText(algorithm: Algorithm, signed: Signed, { customerKey, partnerKey }: Keys): string {
  const { url, sender, customerId, timestamp, language, organisationId, transactionId, timestampUnix } = signed;
  const unix = algorithm === 'HMACSHA256' ? [timestampUnix] : [];
  const named = [url, sender, customerId, timestamp, language, organisationId, transactionId];
  return [...named, ...unix, customerKey, partnerKey].join('&');
}

/** Lower-case hex. The text is read as ISO-8859-1, as three of the public clients do. */
export function macOf(algorithm: Algorithm, signed: Signed, keys: Keys): string {
  const text = Buffer.from(signedText(algorithm, signed, keys), 'latin1');
  if (algorithm === 'SHA256') return createHash('sha256').update(text).digest('hex');
  const key = Buffer.from(`${keys.customerKey}&${keys.partnerKey}`, 'latin1');
  return createHmac('sha256', key).update(text).digest('hex');
}
