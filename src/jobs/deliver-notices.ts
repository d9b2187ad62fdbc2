import { createWire, freeCall, memoryGate, type Wire } from '../connectors/http.ts';
import { createMailer, escaped, type Mail, type Mailer, type MailSent } from '../connectors/mail.ts';
import { mostTries, type NoticeLine, retryAfterMs } from '../core/alert.ts';
import { Failure } from '../core/failure.ts';
import { webhookHeaders } from '../core/standard-webhook.ts';
import { type NoticeRow, noticeFailed, noticeSent, takeNotice } from '../store/alerts.ts';
import { type Needs, now } from './needs.ts';
import { everybody, staffTeam } from './watch.ts';

/** The texts of the console's catalogues, as whoever starts the work hands them in. */
export interface Words {
  readonly lang: string;
  (key: string, values?: Record<string, string | number | Date | null | undefined>): string;
  word(kind: string, value: string): string;
  day(at: Date | string): string;
  time(at: Date | string): string;
}

/** The ways out of this process; made once. Null: not configured. */
export interface Channels {
  mail: Mailer | null;
  webhook: Wire | null;
}

/** For one delivery, in ms. */
const deadlineMs = 20_000;

export function openChannels(needs: Needs): Channels {
  const { mail, webhook } = needs.config.notify ?? {};
  return {
    mail: mail ? createMailer(mail.smtp, mail.from, deadlineMs) : null,
    // the same guards as towards any system: https or loopback, no redirects, a deadline, a cap on the answer
    webhook: webhook ? createWire({ gate: memoryGate({ connections: 1 }), deadlineMs, maxBytes: 64 * 1024 }) : null,
  };
}

/**
 * Sends what waits in the outbox, message by message. A message is marked sent after it was taken over; whoever falls in between
 * sends it once more under the same id, by which a receiver knows it. Answers how many were sent.
 */
export async function deliverNotices(needs: Needs, channels: Channels, words: Words): Promise<number> {
  let sent = 0;
  for (;;) {
    const notice = await takeNotice(needs.db);
    if (!notice) return sent;
    const result = await deliver(needs, channels, words, notice);
    if (result.ok) {
      await noticeSent(needs.db, notice.id);
      sent++;
    } else {
      const isLast = notice.attempts >= mostTries;
      await noticeFailed(needs.db, notice.id, result.code, isLast ? null : retryAfterMs(notice.attempts));
      needs.log.warn({ notice: notice.id, channel: notice.channel, code: result.code }, 'a notice was not delivered');
    }
  }
}

async function deliver(needs: Needs, channels: Channels, words: Words, notice: NoticeRow): Promise<MailSent> {
  if (notice.channel === 'webhook') return sendWebhook(needs, channels, notice);
  const { mail, owners } = needs.config.notify ?? { owners: {} as Record<string, string> };
  const to = { [everybody]: mail?.to, [staffTeam]: mail?.hr }[notice.target] ?? [owners[notice.target] ?? ''].filter(Boolean);
  if (!channels.mail || to.length === 0) return { ok: false, code: 'NOT-CONFIGURED' };
  return channels.mail.send(mailOf(needs, words, notice), to);
}

async function sendWebhook(needs: Needs, channels: Channels, notice: Pick<NoticeRow, 'id' | 'lines'>): Promise<MailSent> {
  const { webhook } = needs.config.notify ?? {};
  if (!webhook || !channels.webhook) return { ok: false, code: 'NOT-CONFIGURED' };
  const { instance } = needs;
  const alerts = notice.lines.map((line) => ({ ...line, ...linkOf(needs, line) }));
  const body = JSON.stringify({
    type: 'alerts.changed',
    timestamp: (await now(needs)).toISOString(),
    data: { instance, alerts },
  });
  try {
    const answer = await channels.webhook(
      {
        method: 'POST',
        url: webhook.url,
        kind: 'write',
        body,
        headers: () => ({
          'content-type': 'application/json',
          ...webhookHeaders(webhook.secret, { id: notice.id, at: new Date(), body }),
        }),
      },
      freeCall,
    );
    return answer.status >= 200 && answer.status < 300 ? { ok: true } : { ok: false, code: `HTTP-${answer.status}` };
  } catch (error) {
    return { ok: false, code: error instanceof Failure ? error.code : 'ESEND' };
  }
}

/** Where the console shows it, if the hub knows its own address. */
function linkOf(needs: Needs, line?: NoticeLine): { url?: string } {
  const base = needs.config.console?.url.replace(/\/+$/, '');
  if (!base) return {};
  return { url: `${base}${line?.kind === 'drift-found' ? `/systems/${line.about}/drift` : '/alerts'}` };
}

/** Lines of one mail; a mass of them is counted. */
const mostLines = 40;

/** What an alert says, in one sentence: names of systems, ids, counts and dates. */
export function sentence(
  words: Words,
  line: Pick<NoticeLine, 'kind' | 'about' | 'system' | 'detail'> & { event: string },
): string {
  const { count, due, since, code } = line.detail;
  const text = words(`alert.${line.event}.${line.kind}`, {
    system: line.system ?? '',
    id: line.about.slice(0, 8),
    count: count ?? 0,
    day: due ? words.day(due) : since ? words.day(since) : '',
    time: since ? words.time(since) : '',
    code: code ? words.word('failure', code) : '',
  });
  return text;
}

function mailOf(needs: Needs, words: Words, notice: Pick<NoticeRow, 'id' | 'lines'>): Mail {
  const { lines } = notice;
  const opened = lines.filter((l) => l.event === 'opened');
  const resolved = lines.filter((l) => l.event === 'resolved');
  const [only] = lines;
  const subject =
    lines.length === 1 && only
      ? sentence(words, only)
      : words('alert.subject', { opened: opened.length, resolved: resolved.length });
  const shown = [...opened, ...resolved].slice(0, mostLines).map((l) => ({
    event: l.event,
    text: l.staff ? words('alert.ofStaff', { text: sentence(words, l) }) : sentence(words, l),
    at: words.time(l.at),
  }));
  const more = lines.length > mostLines ? words('alert.more', { count: lines.length - mostLines }) : null;
  const { url } = linkOf(needs);
  return mailText(words, {
    id: notice.id,
    subject: `Kaiku: ${subject}`,
    shown,
    more,
    url,
    controller: needs.config.controller.name,
  });
}

function mailText(
  words: Words,
  m: {
    id: string;
    subject: string;
    shown: { event: string; text: string; at: string }[];
    more: string | null;
    url: string | undefined;
    controller: string;
  },
): Mail {
  const mark = (event: string) => words(`alert.mark.${event}`);
  const link = m.url ? words('alert.see', { url: m.url }) : words('alert.seeConsole');
  const text = [
    words('alert.hello', { controller: m.controller }),
    '',
    ...m.shown.map((l) => `- ${mark(l.event)}: ${l.text} (${l.at})`),
    ...(m.more ? [m.more] : []),
    '',
    link,
    words('alert.noPersonalData'),
  ].join('\n');
  const items = m.shown.map(
    (l) => `<li><strong>${escaped(mark(l.event))}</strong>: ${escaped(l.text)} <small>(${escaped(l.at)})</small></li>`,
  );
  const html = [
    `<!doctype html><html lang="${words.lang}"><head><meta charset="utf-8"><title>${escaped(m.subject)}</title></head><body>`,
    `<p>${escaped(words('alert.hello', { controller: m.controller }))}</p>`,
    `<ul>${items.join('')}</ul>`,
    m.more ? `<p>${escaped(m.more)}</p>` : '',
    m.url ? `<p><a href="${escaped(m.url)}">${escaped(words('alert.openConsole'))}</a></p>` : `<p>${escaped(link)}</p>`,
    `<p><small>${escaped(words('alert.noPersonalData'))}</small></p></body></html>`,
  ].join('');
  return { id: m.id, subject: m.subject, text, html };
}

export interface Tried {
  mail?: { ok: boolean; to: number; problem?: string };
  webhook?: { ok: boolean; problem?: string };
}

/** Sends one message of trial on each way, at once, and answers what happened. */
export async function tryChannels(needs: Needs, channels: Channels, words: Words): Promise<Tried> {
  const { notify } = needs.config;
  const id = needs.newId();
  const tried: Tried = {};
  const outcome = (sent: MailSent) => (sent.ok ? { ok: true } : { ok: false, problem: sent.code });
  if (notify?.mail && channels.mail) {
    const to = [...new Set([...notify.mail.to, ...(notify.mail.hr ?? []), ...Object.values(notify.owners)])];
    const text = words('alert.test', { controller: needs.config.controller.name });
    const sent = await channels.mail.send(
      { id, subject: `Kaiku: ${words('alert.testSubject')}`, text, html: `<p>${escaped(text)}</p>` },
      to,
    );
    tried.mail = { ...outcome(sent), to: to.length };
  }
  if (notify?.webhook) tried.webhook = outcome(await sendWebhook(needs, channels, { id, lines: [] }));
  return tried;
}
