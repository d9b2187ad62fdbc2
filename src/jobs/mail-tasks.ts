import { createHash } from 'node:crypto';
import { createMailer, type Mail, type Mailer, paragraphs } from '../connectors/mail.ts';
import { retryAfterMs } from '../core/alert.ts';
import { readBounce } from '../core/bounce.ts';
import { isRefusedForGood } from '../core/intake.ts';
import { linkUntil, nextReminder } from '../core/reply.ts';
import { inTransaction } from '../store/database.ts';
import { bounced, type DueMail, openLinks, replyMailed, replyNotMailed, setReplyToken, takeDueMail } from '../store/replies.ts';
import { taskById } from '../store/tasks.ts';
import type { Words } from './deliver-notices.ts';
import type { WordsIn } from './drive-intakes.ts';
import { type Needs, now, tell } from './needs.ts';

/** The way to the mailboxes of people who run systems; null: nobody is mailed, and tasks stand in the console alone. */
export function replyMailer(needs: Needs): Mailer | null {
  const { notify, replies } = needs.config;
  return notify?.mail && replies ? createMailer(notify.mail.smtp, notify.mail.from) : null;
}

/** The systems that people run and can be mailed. */
const peopleOf = (needs: Needs) =>
  Object.values(needs.config.systems).flatMap(({ name }) => {
    const { people } = needs.connectors[name] ?? {};
    return people ? [{ system: name, ...people }] : [];
  });

export const replyTokenHash = (token: string) => createHash('sha256').update(`reply:${token}`).digest();

/** Asks, and reminds, whoever is due to hear of a task. Answers how many mails the server took over. */
export async function mailTasks(needs: Needs, mailer: Mailer | null, wordsIn: WordsIn): Promise<number> {
  if (!mailer || !needs.config.replies) return 0;
  const people = peopleOf(needs);
  for (const { system, address } of people) await openLinks(needs.db, system, needs.vault.hash('reply-address', address));
  for (let sent = 0; ; ) {
    const due = await takeDueMail(
      needs.db,
      people.map(({ system }) => system),
    );
    if (!due) return sent;
    const to = people.find(({ system }) => system === due.system);
    if (to && (await send(needs, mailer, wordsIn(to.language), due, to.address))) sent++;
  }
}

async function send(needs: Needs, mailer: Mailer, words: Words, task: DueMail, address: string): Promise<boolean> {
  const at = await now(needs);
  const next = nextReminder(task.due, at);
  const token = needs.vault.random(32).toString('base64url');
  await setReplyToken(needs.db, task.id, replyTokenHash(token), linkUntil(next));
  const said = await mailer.send(mailOf(needs, words, task, token, at), [address]);
  const ofTask = { actor: 'kaiku', system: task.system, code: task.id } as const;
  if (said.ok) {
    await replyMailed(needs.db, task, at, next);
    await tell(needs, { ...ofTask, action: 'task.mailed', version: task.mails + 1 });
    return true;
  }
  needs.log.warn({ task: task.id, code: said.code }, 'a task could not be mailed to the people of a system');
  const isOver = isRefusedForGood(said.code);
  await replyNotMailed(needs.db, task.id, said.code, at, isOver ? null : retryAfterMs(task.tries));
  if (isOver) await tell(needs, { ...ofTask, action: 'task.bounced', reason: said.code });
  return false;
}

/** What is asked, by when, and the way to the page: nothing in it, and nothing in its address, says whom it is about. */
function mailOf(needs: Needs, words: Words, task: DueMail, token: string, at: Date): Mail {
  const { controller, replies } = needs.config;
  const isLate = task.due < at;
  const kind = task.mails === 0 ? 'first' : isLate ? 'late' : 'again';
  const subject = words(`reply.mail.subject.${kind}`, {
    controller: controller.name,
    code: task.id.slice(0, 8),
    day: words.day(task.due),
  });
  const lines = [
    words(`reply.mail.${task.ask}`, { controller: controller.name }),
    words(isLate ? 'reply.mail.late' : 'reply.mail.due', { day: words.day(task.due) }),
    words('reply.mail.open'),
    `${replies?.url ?? ''}/reply/${token}`,
    words('reply.mail.how'),
    words('reply.mail.silence'),
    words('alert.noPersonalData'),
    [controller.name, controller.privacyContact].filter(Boolean).join(', '),
  ];
  return { id: `${task.id}-${task.mails}-${task.tries}`, subject, ...paragraphs(words.lang, subject, lines) };
}

/**
 * A report that a mail came back. Final, and about the last mail of an open task: its mailbox counts as refused. Answers what it was:
 * `bounced`, `delayed`, or `stale` (answered or mailed again since); null: no report about a mail of ours.
 */
export async function takeBounce(
  needs: Needs,
  raw: string,
): Promise<{ task: string; was: 'bounced' | 'delayed' | 'stale' } | null> {
  const found = readBounce(raw);
  const [, task = '', mail = ''] = /^(.{36})-(\d+)-\d+$/.exec(found?.message ?? '') ?? [];
  if (!found || task === '') return null;
  if (!found.isFinal) return { task, was: 'delayed' };
  return inTransaction(needs.db, async () => {
    if (!(await bounced(needs.db, task, Number(mail), `STATUS-${found.status}`, await now(needs)))) return { task, was: 'stale' };
    const system = (await taskById(needs.db, task))?.system ?? '';
    await tell(needs, { actor: 'kaiku', action: 'task.bounced', system, code: task, reason: `STATUS-${found.status}` });
    return { task, was: 'bounced' };
  });
}
