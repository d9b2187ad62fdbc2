/** A report of a mail server that could not deliver one of our mails (RFC 3464), as far as it concerns us. */
export interface Bounce {
  /** The id that our mail bore, without its domain. */
  message: string;
  /** `5.1.1` (RFC 3463), or `5.0.0` where the report names none. */
  status: string;
  /** For good: a delay is none. */
  isFinal: boolean;
}

/** The task and the number of the mail, of which our Message-ID is made. */
const ours = /^Message-ID:\s*<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{1,6}-\d{1,6})@/gim;

/**
 * Reads a raw mail. Null: it is no delivery report about a mail of ours. A reply, an absence notice or a report that only quotes our id in
 * its text is none: the id must stand in the headers that the report gives back.
 */
export function readBounce(raw: string): Bounce | null {
  const [, kind = ''] = /^Content-Type:\s*multipart\/report;([\s\S]*?)(?:\r?\n(?![ \t])|$)/im.exec(raw) ?? [];
  if (!/report-type\s*=\s*"?delivery-status"?/i.test(kind)) return null;
  const report = raw.search(/^Content-Type:\s*message\/delivery-status\b/im);
  const given = raw.search(/^Content-Type:\s*(?:message\/rfc822|text\/rfc822-headers)\b/im);
  if (report < 0 || given < report) return null;
  const said = raw.slice(report, given);
  const messages = [...raw.slice(given).matchAll(ours)].map(([, id = '']) => id.toLowerCase());
  const [message, ...more] = new Set(messages);
  const [, action = ''] = /^Action:\s*([a-z]+)/im.exec(said) ?? [];
  if (!message || more.length > 0 || !/^(failed|delayed|delivered|relayed|expanded)$/i.test(action)) return null;
  const [, status = '5.0.0'] = /^Status:\s*([245]\.\d{1,3}\.\d{1,3})/im.exec(said) ?? [];
  return { message, status, isFinal: action.toLowerCase() === 'failed' && !status.startsWith('2') };
}
