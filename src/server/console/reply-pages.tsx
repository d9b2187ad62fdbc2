import { z } from 'zod';
import { findIdentityCodes } from '../../core/identity-code.ts';
import type { FieldName } from '../../core/person.ts';
import { replyLimits } from '../../core/reply.ts';
import { replyMailer } from '../../jobs/mail-tasks.ts';
import type { Needs } from '../../jobs/needs.ts';
import {
  answererOf,
  askBack,
  attest,
  digestOfFile,
  holdsPass,
  keepAttestation,
  keepFile,
  lookAtReply,
  mailCode,
  openReply,
  type Reply,
} from '../../jobs/replies.ts';
import { fieldsServed } from '../../jobs/served.ts';
import { inTransaction } from '../../store/database.ts';
import { subjectById } from '../../store/subjects.ts';
import { fittingOutcomes, revealTask, TaskAnswer, takeAnswer, toTakeOut } from '../answers.ts';
import { ProblemError } from '../problem.ts';
import { type Translator, translatorFor } from './i18n.ts';
import { type OpenAsk, openPage, type View } from './page.ts';
import { Card, Do, Facts, Notice } from './parts.tsx';
import { OpenedForm, type ReplySaid } from './reply-parts.tsx';
import { instruction } from './tasks.tsx';

const Token = z.object({ token: z.string().max(100) });
const text = (most: number) => z.string().max(most).default('');
const Said = z.object({
  pass: text(100),
  version: text(20),
  outcome: text(40),
  note: text(4000),
  until: text(10),
  law: text(200),
  kept: z
    .union([
      z.array(z.string().max(60)).max(60),
      z
        .string()
        .max(60)
        .transform((one) => [one]),
    ])
    .default([]),
  name: text(200),
  role: text(200),
  agree: text(10),
  /** An empty one where none was chosen. */
  file: z.object({ name: z.string().max(300), type: z.string().max(200), content: z.instanceof(Buffer) }).optional(),
});
type Said = z.infer<typeof Said>;

/**
 * Where people who run a system answer, without an account: a link that says nothing, a code to the mailbox that the company named, then
 * the person in question and the form. In the language that the company
 * says they read, until they choose another.
 */
export const replyPages = [
  openPage({
    method: 'GET',
    path: '/reply/:token',
    secret: true,
    params: Token,
    handle: (ask) => withReply(ask, async (t, reply) => firstView(ask.needs, t, reply, ask.params.token)),
  }),
  openPage({
    method: 'POST',
    path: '/reply/:token/code',
    secret: true,
    params: Token,
    handle: (ask) =>
      withReply(ask, async (t, reply) => {
        const sent = await mailCode(ask.needs, replyMailer(ask.needs), t, reply);
        return codeView(t, ask.params.token, sent === 'mailed' ? null : t(`reply.fault.${sent}`));
      }),
  }),
  openPage({
    method: 'POST',
    path: '/reply/:token/open',
    secret: true,
    params: Token,
    body: z.object({ code: text(40) }),
    handle: (ask) =>
      withReply(ask, async (t, reply) => {
        const pass = await openReply(ask.needs, reply, ask.body.code);
        return pass === null
          ? codeView(t, ask.params.token, t('reply.fault.code'))
          : openedView(ask.needs, t, reply, ask.params.token, { pass });
      }),
  }),
  openPage({
    method: 'POST',
    path: '/reply/:token',
    secret: true,
    params: Token,
    body: Said,
    handle: (ask) => withReply(ask, (t, reply) => take(ask, t, reply)),
  }),
];

async function withReply(
  { needs, params, t, chosen }: Pick<OpenAsk<z.infer<typeof Token>>, 'needs' | 'params' | 't' | 'chosen'>,
  then: (t: Translator, reply: Reply) => Promise<View>,
): Promise<View> {
  const reply = needs.config.replies ? await lookAtReply(needs, params.token) : undefined;
  const people = reply && needs.connectors[reply.task.system]?.people;
  if (!reply || !people) return overView(t, 'unknown', needs);
  const own = chosen ? t : translatorFor(needs.config, people.language);
  const view = reply.state === 'open' ? await then(own, reply) : overView(own, reply.state, needs);
  return { ...view, words: own };
}

const overView = (t: Translator, why: 'unknown' | 'answered' | 'expired', { config: { controller } }: Needs): View => ({
  title: t('reply.title'),
  status: why === 'answered' ? 200 : 404,
  body: (
    <Card>
      <p>{t(`reply.over.${why}`, { contact: controller.privacyContact ?? controller.name })}</p>
    </Card>
  ),
});

const asked = (needs: Needs, t: Translator, { task }: Reply) => (
  <Facts
    facts={[
      [t('reply.from'), needs.config.controller.name],
      [t('reply.asked'), t.word('ask', task.ask)],
      [t('reply.by'), t.day(task.due)],
      [t('reply.number'), <code key="n">{task.id.slice(0, 8)}</code>],
    ]}
  />
);

const firstView = (needs: Needs, t: Translator, reply: Reply, token: string): View => ({
  title: t('reply.title'),
  body: (
    <Card>
      {asked(needs, t, reply)}
      <p>{t('reply.first')}</p>
      <Do action={`/reply/${token}/code`} label={t('reply.sendCode')} tone="primary" />
    </Card>
  ),
});

const codeView = (t: Translator, token: string, fault: string | null): View => ({
  title: t('reply.title'),
  ...(fault ? { status: 400 } : {}),
  body: (
    <>
      {fault ? <Notice tone="bad">{fault}</Notice> : null}
      <Card>
        <p>{t('reply.codeSent', { minutes: replyLimits.codeMs / 60_000 })}</p>
        <form method="post" action={`/reply/${token}/open`} class="form">
          <label>
            {t('reply.code')}
            <input type="text" name="code" inputMode="numeric" autocomplete="one-time-code" required maxLength={20} />
          </label>
          <div>
            <button type="submit" class="primary">
              {t('reply.openIt')}
            </button>
          </div>
        </form>
        <Do action={`/reply/${token}/code`} label={t('reply.another')} />
      </Card>
    </>
  ),
});

async function openedView(
  needs: Needs,
  t: Translator,
  reply: Reply,
  token: string,
  more: { pass: string; fault?: string; said?: ReplySaid },
): Promise<View> {
  const { task } = reply;
  return {
    title: t('reply.title'),
    ...(more.fault ? { status: 400 } : {}),
    body: (
      <>
        {more.fault ? <Notice tone="bad">{more.fault}</Notice> : null}
        <Card>
          {asked(needs, t, reply)}
          <h2>{t('tasks.whatToDo')}</h2>
          <p class="sentence">{instruction(t, task, await toTakeOut(needs, task))}</p>
          {needs.connectors[task.system]?.people?.instructions?.split('\n').map((line) => (
            <p key={line}>{line}</p>
          ))}
        </Card>
        <OpenedForm
          t={t}
          controller={needs.config.controller.name}
          task={task}
          action={`/reply/${token}`}
          pass={more.pass}
          identifiers={await revealTask(needs, task, answererOf(task))}
          given={await givenFields(needs, reply)}
          said={more.said ?? {}}
        />
      </>
    ),
  };
}

const givenFields = async (needs: Needs, { task }: Reply): Promise<FieldName[]> =>
  fieldsServed(needs, task.system, (await subjectById(needs.db, task.subject))?.role ?? '');

/** Takes what was stated, whole or not at all; whoever left something out gets it all back. */
async function take(
  ask: OpenAsk<z.infer<typeof Token>, Record<string, unknown>, Said>,
  t: Translator,
  reply: Reply,
): Promise<View> {
  const { needs, params, body } = ask;
  const { task } = reply;
  if (!(await holdsPass(needs, reply, body.pass))) return codeView(t, params.token, t('reply.fault.pass'));
  const again = (fault: string) => openedView(needs, t, reply, params.token, { pass: body.pass, fault, said: body });
  // the task was brought up to date while the page stood open
  if (body.version !== String(task.version)) return again(t('reply.fault.changed'));
  const fault = await faultIn(needs, t, reply, body);
  if (fault) return again(fault);
  const [name, role, note] = [body.name.trim(), body.role.trim(), body.note.trim()];
  if (body.outcome === 'question') {
    await askBack(needs, task, note);
    return thanks(t, t('reply.thanksQuestion'));
  }
  const isKept = body.outcome === 'retained';
  const answer = TaskAnswer.parse({
    outcome: body.outcome,
    ...(note ? { note } : {}),
    ...(isKept ? { until: body.until, law: body.law.trim() } : {}),
  });
  const words = t('reply.attest', { controller: needs.config.controller.name });
  const kept = isKept ? body.kept : [];
  const file = body.file && body.file.content.length > 0 ? body.file : null;
  const whole = { ...answer, kept, ...(file ? { file: digestOfFile(file) } : {}) };
  const stated = await attest(needs, task, { name, role, text: words, language: t.lang }, whole);
  try {
    // the answer, who stated it and what came with it are there together, or not at all
    await inTransaction(needs.db, async () => {
      await takeAnswer(needs, task, answer, answererOf(task), { stated: stated.sha256, ...(isKept ? { fields: kept } : {}) });
      await keepAttestation(needs, task.id, { ...stated, ...(file ? { file: digestOfFile(file) } : {}) });
      if (file) await keepFile(needs, task.id, file);
    });
  } catch (error) {
    if (error instanceof ProblemError && error.status === 409) return overView(t, 'answered', needs);
    throw error;
  }
  return thanks(t, t('reply.thanks', { time: t.time(stated.at) }), stated.sha256);
}

const thanks = (t: Translator, said: string, sha256?: string): View => ({
  title: t('reply.title'),
  body: (
    <Card>
      <Notice tone="good">{said}</Notice>
      {sha256 ? (
        <p class="hint">
          {t('reply.digest')} <code>{sha256}</code>
        </p>
      ) : null}
    </Card>
  ),
});

async function faultIn(needs: Needs, t: Translator, reply: Reply, said: Said): Promise<string | null> {
  const { task } = reply;
  const fits = [...fittingOutcomes[task.ask], 'question'] as string[];
  if (!fits.includes(said.outcome)) return t('tasks.fault.no-outcome');
  const written = [said.note, said.law, said.name, said.role];
  if (written.some((one) => findIdentityCodes(one).length > 0)) return t('reply.fault.identity-code');
  if ((said.outcome === 'question' || said.outcome === 'refused') && said.note.trim() === '') return t('reply.fault.say-why');
  if (said.outcome === 'question') return null;
  if (said.outcome === 'retained') {
    if (!z.iso.date().safeParse(said.until).success || said.law.trim() === '') return t('tasks.fault.no-law');
    const given: readonly string[] = await givenFields(needs, reply);
    if (said.kept.length === 0 || said.kept.some((field) => !given.includes(field))) return t('reply.fault.which');
  }
  if (said.name.trim() === '') return t('reply.fault.name');
  return said.agree === 'yes' ? null : t('reply.fault.agree');
}
