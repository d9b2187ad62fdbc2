import { createMailer, type Mail, type Mailer, paragraphs } from '../connectors/mail.ts';
import { retryAfterMs } from '../core/alert.ts';
import { isRefusedForGood, linkDays } from '../core/intake.ts';
import { forgetIntake, type IntakeRow, setIntakeToken, takeIntake, wakeIntake } from '../store/intakes.ts';
import { clockOf } from './case-clock.ts';
import type { Words } from './deliver-notices.ts';
import { sentOf, settleConfirmed, tokenHashOf, waitForPerson } from './intakes.ts';
import { type Needs, now } from './needs.ts';

/** The words of a language; the console's catalogues, as whoever starts the work hands them in. */
export type WordsIn = (language?: string) => Words;

/** Tries before a person sees to it: about three hours. */
const mostTries = 12;

/** The way to a sender's mailbox; null: no mail server is configured. */
export function formMailer(needs: Needs): Mailer | null {
  const { mail } = needs.config.notify ?? {};
  return mail ? createMailer(mail.smtp, mail.from) : null;
}

/** Goes on with every request that the machine has a next step for. Answers how many steps were done. */
export async function driveIntakes(needs: Needs, mailer: Mailer | null, wordsIn: WordsIn): Promise<number> {
  for (let done = 0; ; done++) {
    const row = await takeIntake(needs.db);
    if (!row) return done;
    try {
      await step(needs, mailer, wordsIn(row.language), row);
    } catch (error) {
      // a register that does not answer just now: later again, and then by a person
      if (row.tries >= mostTries) await waitForPerson(needs, row, 'register-unread');
      else await wakeIntake(needs.db, row.id, retryAfterMs(row.tries));
      throw error;
    }
  }
}

async function step(needs: Needs, mailer: Mailer | null, words: Words, row: IntakeRow): Promise<void> {
  if (row.state === 'confirmed') return settleConfirmed(needs, row);
  const sent = sentOf(needs, row);
  if (!sent) return void (await wakeIntake(needs.db, row.id, null));
  // the form was shut meanwhile: a link would lead nowhere, so a person sees to it
  if (row.state === 'unconfirmed' && !needs.config.requests) return waitForPerson(needs, row, 'not-mailed');
  const mail = row.state === 'unconfirmed' ? await linkMail(needs, words, row) : nobodyKnownMail(needs, words, row);
  const result = mailer ? await mailer.send(mail, [sent.email]) : ({ ok: false, code: 'NOT-CONFIGURED' } as const);
  if (result.ok) return row.state === 'unconfirmed' ? void (await wakeIntake(needs.db, row.id, null)) : forgotten(needs, row);
  needs.log.warn({ intake: row.id, code: result.code }, 'a mail to the sender of a request was not taken');
  const isLast = row.tries >= mostTries || isRefusedForGood(result.code);
  if (!isLast) return void (await wakeIntake(needs.db, row.id, retryAfterMs(row.tries)));
  if (row.state === 'dismissed') return forgotten(needs, row);
  // a mailbox that there is not confirms nothing, and the row goes in its time; a server that is away is our matter
  if (isRefusedForGood(result.code)) return void (await wakeIntake(needs.db, row.id, null));
  return waitForPerson(needs, row, 'not-mailed');
}

const forgotten = async (needs: Needs, row: IntakeRow) => void (await forgetIntake(needs.db, row.id));

/** The link is made when it is mailed and kept as a hash only: a mail that is tried again bears a new one. */
async function linkMail(needs: Needs, words: Words, row: IntakeRow): Promise<Mail> {
  const token = needs.vault.random(32).toString('base64url');
  await setIntakeToken(needs.db, row.id, tokenHashOf(token));
  const { controller, requests } = needs.config;
  const { date } = clockOf(needs, row, await now(needs));
  return letter(needs, words, `${row.id}-${row.tries}`, words('request.mail.subject', { controller: controller.name }), [
    words('request.mail.came', { controller: controller.name, type: words.word('caseType', row.type) }),
    words('request.mail.open', { days: linkDays }),
    `${requests?.url ?? ''}/request/confirm/${token}`,
    words('request.mail.notYou'),
    words('request.mail.due', { day: words.day(date) }),
  ]);
}

const nobodyKnownMail = (needs: Needs, words: Words, row: IntakeRow): Mail =>
  letter(needs, words, `${row.id}-nobody`, words('request.mail.nobodySubject', { controller: needs.config.controller.name }), [
    words('request.mail.nobody', { day: words.day(row.received_at) }),
    words('request.mail.nobodyElse'),
    words('request.mail.complaint'),
  ]);

function letter(needs: Needs, words: Words, id: string, subject: string, lines: string[]): Mail {
  const { name, privacyContact } = needs.config.controller;
  return { id, subject, ...paragraphs(words.lang, subject, [...lines, [name, privacyContact].filter(Boolean).join(', ')]) };
}
