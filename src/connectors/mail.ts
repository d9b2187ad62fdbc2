import { createTransport } from 'nodemailer';

/** The way to the company's mail server: one message at a time, with deadlines, and codes instead of what the server said. */

export interface Mail {
  /** Makes the Message-ID: the same message tried again bears the same. */
  id: string;
  subject: string;
  text: string;
  html: string;
  /** Texts. */
  attachments?: { filename: string; content: string }[];
}

export type MailSent = { ok: true } | { ok: false; code: string };

export interface Mailer {
  send(mail: Mail, to: readonly string[]): Promise<MailSent>;
}

/** `smtp://[user:password@]host[:port]`, or `smtps://`. Credentials never travel in the clear: with them, TLS is a must. */
export function createMailer(smtp: string, from: string, deadlineMs = 20_000): Mailer {
  const url = new URL(smtp);
  const secure = url.protocol === 'smtps:';
  const hasLogin = url.username !== '';
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: hasLogin && !secure,
    ...(hasLogin ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } } : {}),
    connectionTimeout: deadlineMs / 2,
    greetingTimeout: deadlineMs / 2,
    dnsTimeout: deadlineMs / 2,
    socketTimeout: deadlineMs,
    // nothing in a message may make us read a file or an address
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.split('@')[1] ?? 'kaiku.invalid';
  return {
    async send(mail, to) {
      try {
        await transport.sendMail({
          messageId: `<${mail.id}@${domain}>`,
          from: { name: 'Kaiku', address: from },
          to: to.map((address) => ({ name: '', address })),
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          ...(mail.attachments
            ? { attachments: mail.attachments.map((one) => ({ ...one, contentType: 'text/plain; charset=utf-8' })) }
            : {}),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        });
        return { ok: true };
      } catch (error) {
        return { ok: false, code: codeOf(error) };
      }
    },
  };
}

/** What the server said may quote an address: its code is kept, its words are not. */
function codeOf(error: unknown): string {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const name = typeof code === 'string' && /^[A-Z]{2,20}$/.test(code) ? code : 'ESEND';
  return typeof responseCode === 'number' ? `${name}-${responseCode}` : name;
}

/** A text as the HTML part of a mail bears it. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A mail of some paragraphs, as text and as HTML; an address that stands alone is a link. */
export function paragraphs(lang: string, subject: string, lines: readonly string[]): Pick<Mail, 'text' | 'html'> {
  const shown = lines.map((line) =>
    /^https?:\/\/\S+$/.test(line) ? `<a href="${escaped(line)}">${escaped(line)}</a>` : escaped(line),
  );
  const body = shown.map((line) => `<p>${line}</p>`).join('');
  return {
    text: lines.join('\n\n'),
    html: `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head><body>${body}</body></html>`,
  };
}
