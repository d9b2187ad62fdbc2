import { createHash, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import { type Mailer, paragraphs } from '../connectors/mail.ts';
import { attestationVersion, replyLimits } from '../core/reply.ts';
import { inTransaction } from '../store/database.ts';
import {
  codeFailed,
  linkByToken,
  lockLink,
  putAttestation,
  putQuestion,
  putReplyFile,
  type ReplyLink,
  replyFileOf,
  setCode,
  setPass,
  statementsOf,
} from '../store/replies.ts';
import { type TaskRow, taskById } from '../store/tasks.ts';
import type { Words } from './deliver-notices.ts';
import { replyTokenHash } from './mail-tasks.ts';
import { dayOf, type Needs, now, tell } from './needs.ts';

/** The page that people who run a system answer at: a mailed link, a mailed code, and then what they are asked. */

export type ReplyState = 'open' | 'answered' | 'expired';
export interface Reply {
  state: ReplyState;
  task: TaskRow;
  link: ReplyLink;
}

/** What a mailed link leads to; undefined: to nothing that is still there. Looking changes nothing: mail scanners look. */
export async function lookAtReply(needs: Needs, token: string): Promise<Reply | undefined> {
  const link = await linkByToken(needs.db, replyTokenHash(token));
  const task = link && (await taskById(needs.db, link.task));
  if (!task) return undefined;
  if (task.answered_at) return { state: 'answered', task, link };
  const isOver = !link.expires_at || link.expires_at <= (await now(needs));
  return { state: isOver ? 'expired' : 'open', task, link };
}

/** How the log names whoever answers: their system, never a name or an address. */
export const answererOf = (task: Pick<TaskRow, 'system'>): string => `answerer:${task.system}`;

const codeHash = (needs: Needs, task: string, code: string) => needs.vault.hash('reply-code', `${task}/${code}`);
const passHash = (pass: string) => createHash('sha256').update(`reply-pass:${pass}`).digest();
const isSame = (a: Buffer | null, b: Buffer) => a !== null && a.length === b.length && timingSafeEqual(a, b);

/** Mails a code to the mailbox that the company named: a link that was passed on opens nothing. */
export async function mailCode(
  needs: Needs,
  mailer: Mailer | null,
  words: Words,
  reply: Reply,
): Promise<'mailed' | 'too-many' | 'not-mailed'> {
  const { task } = reply;
  const address = needs.connectors[task.system]?.people?.address;
  const at = await now(needs);
  const day = dayOf(at);
  const code = String(needs.vault.random(6).readUIntBE(0, 6) % 10 ** replyLimits.digits).padStart(replyLimits.digits, '0');
  const codes = await inTransaction(needs.db, async () => {
    const link = await lockLink(needs.db, task.id);
    const today = link?.codes_day === day ? link.codes : 0;
    if (!link || today >= replyLimits.codesADay) return null;
    const until = new Date(at.getTime() + replyLimits.codeMs);
    await setCode(needs.db, task.id, { hash: codeHash(needs, task.id, code), until, codes: today + 1, day });
    return today + 1;
  });
  if (codes === null) return 'too-many';
  if (!mailer || !address) return 'not-mailed';
  const subject = words('reply.code.subject', { controller: needs.config.controller.name });
  const minutes = replyLimits.codeMs / 60_000;
  const lines = [words('reply.code.text', { code, minutes }), words('reply.code.not')];
  const said = await mailer.send({ id: `${task.id}-code-${day}-${codes}`, subject, ...paragraphs(words.lang, subject, lines) }, [
    address,
  ]);
  return said.ok ? 'mailed' : 'not-mailed';
}

/** Takes a code for a pass that keeps the page open for an hour; the code is used up. Null: wrong, too old, or tried too often. */
export async function openReply(needs: Needs, reply: Reply, code: string): Promise<string | null> {
  const at = await now(needs);
  return inTransaction(needs.db, async () => {
    const link = await lockLink(needs.db, reply.task.id);
    if (!link?.code_hash || !link.code_until || link.code_until <= at || link.code_tries >= replyLimits.tries) return null;
    if (!isSame(link.code_hash, codeHash(needs, reply.task.id, code.replace(/\D/g, '')))) {
      await codeFailed(needs.db, reply.task.id);
      return null;
    }
    const pass = needs.vault.random(32).toString('base64url');
    await setPass(needs.db, reply.task.id, passHash(pass), new Date(at.getTime() + replyLimits.openMs));
    return pass;
  });
}

export const holdsPass = async (needs: Needs, { link }: Reply, pass: string): Promise<boolean> =>
  link.pass_until !== null && link.pass_until > (await now(needs)) && isSame(link.pass_hash, passHash(pass));

/** Who stated it, to which words, and the digest of the whole of what they stated. */
export interface Attestation {
  name: string;
  role: string;
  text: string;
  version: number;
  language: string;
  /** ISO 8601. */
  at: string;
  /** Hex, over the RFC 8785 form of everything that was stated. */
  sha256: string;
  /** Hex, of a file that was handed in with it. */
  file?: string;
}

/** What somebody states under their name, made final: its digest stands in the log. */
export async function attest(
  needs: Needs,
  task: TaskRow,
  by: Pick<Attestation, 'name' | 'role' | 'text' | 'language'>,
  stated: Record<string, unknown>,
): Promise<Attestation> {
  const at = (await now(needs)).toISOString();
  const whole = canonicalize({ task: task.id, ask: task.ask, version: task.version, ...stated, ...by, attestationVersion, at });
  const sha256 = createHash('sha256')
    .update(whole ?? '')
    .digest('hex');
  return { ...by, version: attestationVersion, at, sha256 };
}

export const keepAttestation = (needs: Needs, task: string, said: Attestation) =>
  putAttestation(needs.db, task, needs.vault.sealJson(`attestation:${task}`, said));

/** They want to know more before they answer: the task stays open, and whoever looks after the system is told. */
export async function askBack(needs: Needs, task: TaskRow, question: string): Promise<void> {
  await inTransaction(needs.db, async () => {
    await putQuestion(needs.db, task.id, needs.vault.sealJson(`question:${task.id}`, question), await now(needs));
    await tell(needs, { actor: answererOf(task), action: 'task.questioned', system: task.system, code: task.id });
  });
}

/** A file as it was handed in. */
export interface ReplyFile {
  name: string;
  type: string;
  content: Buffer;
}

export const digestOfFile = ({ content }: ReplyFile): string => createHash('sha256').update(content).digest('hex');

/** Keeps what was handed in with an answer, sealed, for a short while. */
export async function keepFile(needs: Needs, task: string, file: ReplyFile): Promise<void> {
  await putReplyFile(needs.db, {
    task,
    sealed: needs.vault.sealJson(`reply-file:${task}`, { ...file, content: file.content.toString('base64') }),
    sha256: Buffer.from(digestOfFile(file), 'hex'),
    until: new Date((await now(needs)).getTime() + replyLimits.fileDays * 86_400_000),
  });
}

/** The file of an answer; that somebody looked is written down first. Null: there is none, or its time is over. */
export async function readFileOf(needs: Needs, task: TaskRow, by: string): Promise<ReplyFile | null> {
  const kept = await replyFileOf(needs.db, task.id);
  if (!kept) return null;
  await tell(needs, { actor: by, action: 'task.revealed', system: task.system, code: task.id, reason: 'file' });
  const { content, ...file } = needs.vault.unsealJson<Omit<ReplyFile, 'content'> & { content: string }>(
    `reply-file:${task.id}`,
    kept.sealed,
  );
  return { ...file, content: Buffer.from(content, 'base64') };
}

/** What people of a system stated about a task, and what they asked back, in the clear. */
export async function statementsAbout(needs: Needs, task: string): Promise<{ attestation?: Attestation; question?: string }> {
  const kept = await statementsOf(needs.db, task);
  return {
    ...(kept?.sealed_attestation
      ? { attestation: needs.vault.unsealJson<Attestation>(`attestation:${task}`, kept.sealed_attestation) }
      : {}),
    ...(kept?.sealed_question ? { question: needs.vault.unsealJson<string>(`question:${task}`, kept.sealed_question) } : {}),
  };
}
