import type { VNode } from 'preact';
import { z } from 'zod';
import { type Fields, fieldNames } from '../../core/person.ts';
import { type Needs, now } from '../../jobs/needs.ts';
import { readFileOf, statementsAbout } from '../../jobs/replies.ts';
import { taskCounts, taskNote } from '../../store/console-views.ts';
import { linkOf, replyFileOf } from '../../store/replies.ts';
import { type TaskRow, tasks } from '../../store/tasks.ts';
import { fittingOutcomes, revealTask, TaskAnswer, takeAnswer, taskNamed, toTakeOut } from '../answers.ts';
import type { Actor } from '../auth.ts';
import { noCodes } from '../free-text.ts';
import { notFound, ProblemError } from '../problem.ts';
import { Id } from '../routes.ts';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page, type View } from './page.ts';
import { Badge, Card, Facts, IdLink, Moment, Notice, Pager, Table } from './parts.tsx';
import { optionalText } from './people.tsx';
import { valueText } from './values.ts';

const size = 50;

/** What people at a system were asked: the open ones first, by the day they are due. */
export const taskPages = [
  page({
    method: 'GET',
    path: '/tasks',
    roles: rolesOf('GET /tasks'),
    query: z.object({ from: z.coerce.number().int().min(0).max(1_000_000).default(0) }),
    handle: async ({ needs, t, query, scope }) => {
      const found = await tasks(needs.db, scope, { limit: size, offset: query.from });
      const counts = await taskCounts(needs.db, scope);
      const at = await now(needs);
      return {
        title: t('tasks.title'),
        live: 'all',
        body: (
          <Card id="tasks" live>
            <p class="hint">{t('tasks.lead', { open: counts.open })}</p>
            <Table
              caption={t('tasks.title')}
              hideCaption
              empty={t('tasks.none')}
              rows={found}
              columns={[
                {
                  label: t('tasks.task'),
                  cell: (task) => (
                    <a href={`/tasks/${task.id}`}>{t('tasks.ask', { system: task.system, ask: t.word('ask', task.ask) })}</a>
                  ),
                },
                { label: t('tasks.due'), cell: (task) => <Due t={t} task={task} now={at} /> },
                {
                  label: t('tasks.answer'),
                  cell: (task) => (task.outcome ? t.word('outcome', task.outcome) : t('tasks.unanswered')),
                },
                { label: t('tasks.owner'), cell: (task) => needs.config.systems[task.system]?.owner ?? '' },
                {
                  label: t('tasks.case'),
                  cell: (task) => (task.case_file ? <IdLink href={`/cases/${task.case_file}`} id={task.case_file} /> : ''),
                },
              ]}
            />
            <Pager t={t} from={query.from} size={size} total={counts.open + counts.answered} href={(n) => `/tasks?from=${n}`} />
          </Card>
        ),
      };
    },
  }),
  page({
    method: 'GET',
    path: '/tasks/:id',
    roles: rolesOf('GET /tasks/:id'),
    params: Id,
    handle: async ({ needs, actor, t, params }) => taskView(needs, actor, t, await taskNamed(needs, params.id)),
  }),
  page({
    method: 'GET',
    path: '/tasks/:id/file',
    roles: rolesOf('GET /tasks/:id'),
    params: Id,
    handle: async ({ needs, actor, params }) => {
      const file = await readFileOf(needs, await taskNamed(needs, params.id), actor.id);
      if (!file) throw notFound('file of this answer');
      // never shown by the browser, whatever it says it is
      return { file: file.name.replace(/[^\w.-]+/g, '_') || 'file', type: 'application/octet-stream', content: file.content };
    },
  }),
  page({
    method: 'POST',
    path: '/tasks/:id/reveal',
    roles: rolesOf('GET /tasks/:id'),
    params: Id,
    handle: async ({ needs, actor, t, params }) => {
      const task = await taskNamed(needs, params.id);
      return taskView(needs, actor, t, task, { shown: await revealTask(needs, task, actor.id) });
    },
  }),
  page({
    method: 'POST',
    path: '/tasks/:id/answer',
    roles: rolesOf('POST /tasks/:id/answer'),
    params: Id,
    body: z.object({
      outcome: z.string().max(40).default(''),
      note: noCodes(optionalText(4000)),
      until: optionalText(10),
      law: optionalText(200),
    }),
    handle: async ({ needs, actor, t, params, body }) => {
      const task = await taskNamed(needs, params.id);
      const said = TaskAnswer.safeParse(body);
      const again = async (fault: string) => ({ ...(await taskView(needs, actor, t, task, { fault, said: body })), status: 400 });
      if (!said.success) return again(t(`tasks.fault.${said.error.issues[0]?.path[0] === 'until' ? 'no-day' : 'no-outcome'}`));
      try {
        await takeAnswer(needs, task, said.data, actor.id);
      } catch (error) {
        const code = error instanceof ProblemError && error.status === 400 ? error.more['code'] : undefined;
        if (typeof code !== 'string') throw error;
        return again(t(`tasks.fault.${code}`));
      }
      return { to: `/tasks/${task.id}`, said: 'answered' };
    },
  }),
];

function Due({ t, task, now }: { t: Translator; task: TaskRow; now: Date }) {
  if (task.answered_at) return <>{t('tasks.answeredOn', { day: t.day(task.answered_at) })}</>;
  return task.due < now ? (
    <Badge tone="bad" mark="!">
      {t('home.overdue', { day: t.day(task.due) })}
    </Badge>
  ) : (
    <span>{t.day(task.due)}</span>
  );
}

/** What was filled in, given back where something was missing. */
export interface Said {
  outcome?: string | undefined;
  note?: string | undefined;
  until?: string | undefined;
  law?: string | undefined;
}

async function taskView(
  needs: Needs,
  actor: Actor,
  t: Translator,
  task: TaskRow,
  more: { shown?: Fields; fault?: string; said?: Said } = {},
): Promise<View> {
  const at = await now(needs);
  const own = needs.connectors[task.system]?.people?.instructions;
  const note = task.answered_at ? await taskNote(needs.db, task.id) : null;
  return {
    title: t('tasks.ask', { system: task.system, ask: t.word('ask', task.ask) }),
    body: (
      <>
        {more.fault ? <Notice tone="bad">{more.fault}</Notice> : null}
        <Card>
          <Facts
            facts={[
              [t('tasks.due'), <Due key="d" t={t} task={task} now={at} />],
              [t('tasks.asked'), <Moment key="a" t={t} at={task.created_at} />],
              [t('tasks.owner'), needs.config.systems[task.system]?.owner ?? null],
              [t('tasks.case'), task.case_file ? <IdLink key="c" href={`/cases/${task.case_file}`} id={task.case_file} /> : null],
              [
                t('tasks.person'),
                may(actor, 'GET /subjects/:id') ? <IdLink key="p" href={`/people/${task.subject}`} id={task.subject} /> : null,
              ],
              [t('tasks.answer'), task.outcome ? t.word('outcome', task.outcome) : t('tasks.unanswered')],
              [
                t('tasks.kept'),
                task.until ? t('words.retainedUntil', { day: t.day(task.until), law: t.law(task.law ?? '') }) : null,
              ],
              [t('people.note'), note ? needs.vault.unsealJson<string>(`note:${task.id}`, note) : null],
              ...(await mailFacts(needs, t, task)),
            ]}
          />
          <h2>{t('tasks.whatToDo')}</h2>
          <p class="sentence">{instruction(t, task, await toTakeOut(needs, task))}</p>
          {own ? <p class="sentence">{own}</p> : null}
        </Card>
        <Card title={t('tasks.whom')}>
          {more.shown ? (
            <Identifiers t={t} fields={more.shown} />
          ) : (
            <>
              <p class="hint">{t('tasks.revealHint')}</p>
              <form method="post" action={`/tasks/${task.id}/reveal`} class="do">
                <button type="submit">{t('tasks.reveal')}</button>
              </form>
            </>
          )}
        </Card>
        {task.answered_at || !may(actor, 'POST /tasks/:id/answer') ? null : (
          <AnswerForm t={t} task={task} said={more.said ?? {}} />
        )}
      </>
    ),
  };
}

/** What is asked, in a sentence: some fields out and nothing else, or the whole of it. */
export const instruction = (t: Translator, { ask }: TaskRow, takeOut: readonly string[]): string =>
  takeOut.length > 0
    ? t('tasks.instruct.takeOut', { fields: takeOut.map((field) => t.word('field', field)).join(', ') })
    : t(`tasks.instruct.${ask}`);

/** The values of a person, in the order of the form. */
export function Identifiers({ t, fields }: { t: Translator; fields: Fields }) {
  const rest = Object.keys(fields).filter((name) => !(fieldNames as readonly string[]).includes(name));
  const names = [...fieldNames.filter((name) => fields[name] !== undefined), ...rest] as (keyof Fields)[];
  return (
    <>
      <Notice tone="warn">{t('tasks.revealed')}</Notice>
      {names.length === 0 ? (
        <p class="empty">{t('tasks.nothingLeft')}</p>
      ) : (
        <Facts facts={names.map((name) => [t.word('field', name), valueText(fields[name])] as const)} />
      )}
    </>
  );
}

/** How the people were mailed, and what they stated or asked back. */
async function mailFacts(needs: Needs, t: Translator, task: TaskRow): Promise<(readonly [string, VNode | string | null])[]> {
  const link = await linkOf(needs.db, task.id);
  const { attestation, question } = await statementsAbout(needs, task.id);
  const file = await replyFileOf(needs.db, task.id);
  return [
    [t('reply.mailed'), link?.mailed_at ? t('reply.mailedText', { count: link.mails, time: t.time(link.mailed_at) }) : null],
    [
      t('reply.mailbox'),
      link?.bounced_at ? (
        <Badge key="b" tone="bad" mark="!">
          {t('reply.bounced', { code: link.problem ?? '', time: t.time(link.bounced_at) })}
        </Badge>
      ) : null,
    ],
    [t('reply.question'), question ?? null],
    [
      t('reply.file'),
      attestation?.file ? (
        <>
          {file ? (
            <a href={`/tasks/${task.id}/file`} download>
              {t('reply.fileGet', { day: t.day(file.until) })}
            </a>
          ) : (
            t('reply.fileGone')
          )}
          <span class="sub">
            SHA-256 <code>{attestation.file}</code>
          </span>
        </>
      ) : null,
    ],
    [
      t('reply.statedBy'),
      attestation ? (
        <>
          {[attestation.name, attestation.role].filter(Boolean).join(', ')} · <Moment t={t} at={attestation.at} />
          <span class="sub">{attestation.text}</span>
          <span class="sub">
            SHA-256 <code>{attestation.sha256}</code>
          </span>
        </>
      ) : null,
    ],
  ];
}

/** The questions of an answer, for whoever writes one down and for the people themselves. */
export const Outcomes = ({ t, outcomes, said }: { t: Translator; outcomes: readonly string[]; said: Said }) => (
  <fieldset>
    <legend>{t('tasks.whatWasDone')}</legend>
    {outcomes.map((outcome) => (
      <label class="check" key={outcome}>
        <input type="radio" name="outcome" value={outcome} required checked={said.outcome === outcome} />
        <span>{t(`tasks.means.${outcome}`)}</span>
      </label>
    ))}
  </fieldset>
);

export const UntilAndLaw = ({ t, said }: { t: Translator; said: Said }) => (
  <div class="form">
    <label>
      {t('tasks.until')}
      <input type="date" name="until" value={said.until ?? ''} />
    </label>
    <label>
      {t('tasks.law')}
      <input type="text" name="law" maxLength={200} value={said.law ?? ''} />
      <span class="hint">{t('tasks.lawHint')}</span>
    </label>
  </div>
);

export const Note = ({ t, said, hint }: { t: Translator; said: Said; hint: string }) => (
  <label>
    {t('people.note')}
    <textarea name="note" rows={3} maxLength={4000}>
      {said.note ?? ''}
    </textarea>
    <span class="hint">{hint}</span>
  </label>
);

function AnswerForm({ t, task, said }: { t: Translator; task: TaskRow; said: Said }) {
  return (
    <Card title={t('tasks.answerTitle')}>
      <p class="hint">{t('tasks.answerHint')}</p>
      <form method="post" action={`/tasks/${task.id}/answer`} class="form">
        <Outcomes t={t} outcomes={fittingOutcomes[task.ask]} said={said} />
        {task.ask === 'erase' ? (
          <fieldset>
            <legend>{t('tasks.ifRetained')}</legend>
            <UntilAndLaw t={t} said={said} />
          </fieldset>
        ) : null}
        <Note t={t} said={said} hint={t('tasks.noteHint')} />
        <div>
          <button type="submit" class="primary">
            {t('tasks.send')}
          </button>
        </div>
      </form>
    </Card>
  );
}
