import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Fields } from '../core/person.ts';
import { allow, rectifiable } from '../core/policy.ts';
import { answerOutcomes, answerTask } from '../jobs/ask-person.ts';
import { envelopeFields } from '../jobs/erasure.ts';
import { type Needs, tell, whose } from '../jobs/needs.ts';
import { caseById } from '../store/cases.ts';
import { fieldsOfVersion, latestVersion, subjectById } from '../store/subjects.ts';
import { type TaskRow, taskById, tasks } from '../store/tasks.ts';
import { badRequest, notFound, refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { taskView } from './shapes.ts';

const Answer = z.strictObject({
  outcome: z.enum(answerOutcomes, { error: `must be one of ${answerOutcomes.join(', ')}` }),
  note: z.string().max(4000).optional(),
  until: z.iso.date({ error: 'must be a day as 2031-12-31' }).optional(),
  law: z.string().max(200).optional(),
});

/** What fits what was asked: nobody erases by answering a correction. */
const fits: Record<TaskRow['ask'], readonly string[]> = {
  update: ['updated', 'absent', 'refused', 'not-identifiable', 'erased'],
  restrict: ['restricted', 'absent', 'refused', 'not-identifiable', 'erased'],
  erase: ['erased', 'absent', 'retained', 'refused', 'not-identifiable'],
};

export const taskRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/tasks', async ({ scope }) => (await tasks(needs.db, scope)).map(taskView));

  app.get(
    '/tasks/:id',
    { schema: { params: Id, querystring: z.object({ reveal: z.enum(['true', 'false']).optional() }) } },
    async ({ params, query, actor }) => {
      const task = await taskById(needs.db, params.id);
      if (!task) throw notFound('task');
      const instructions = instructionsOf(task);
      if (query.reveal !== 'true') return { ...taskView(task), instructions };
      const subject = await subjectById(needs.db, task.subject);
      await tell(needs, {
        actor: actor.id,
        action: 'task.revealed',
        system: task.system,
        code: task.id,
        ...(subject ? { subject: whose(subject) } : {}),
      });
      return { ...taskView(task), instructions, identifiers: await identifiersFor(needs, task) };
    },
  );

  app.post('/tasks/:id/answer', { schema: { params: Id, body: Answer } }, async ({ params, body, actor }) => {
    const task = await taskById(needs.db, params.id);
    if (!task) throw notFound('task');
    if (!fits[task.ask].includes(body.outcome))
      throw badRequest(`outcome: to "${task.ask}" the answer is one of ${fits[task.ask].join(', ')}`);
    if (body.outcome === 'retained' && (!body.until || !body.law))
      throw badRequest('what is retained needs until (a day) and law (the section that says so)');
    if (body.outcome !== 'retained' && (body.until || body.law)) throw badRequest('until and law belong to the outcome retained');
    const { note, until, law } = body;
    const done = await answerTask(needs, task.id, {
      outcome: body.outcome,
      by: actor.id,
      ...(note ? { note } : {}),
      ...(until ? { until } : {}),
      ...(law ? { law } : {}),
    });
    if (!done) throw refused('This task was answered before; an answer is not changed.');
    const after = await taskById(needs.db, task.id);
    return after && taskView(after);
  });
};

const instructionsOf = (task: TaskRow) =>
  ({
    update: 'Correct the data you hold about this person to the values shown, and answer when it is done.',
    restrict: 'Keep the data about this person, use it for nothing, and answer when it is done.',
    erase:
      'Erase the data about this person. What the law makes you keep is answered as retained, with the law and the day it ends.',
  })[task.ask];

/** Only the fields the system's purposes allow; after the erasure, the locators of the case's envelope. */
async function identifiersFor(needs: Needs, task: TaskRow): Promise<Fields> {
  const subject = await subjectById(needs.db, task.subject);
  const purposes = (needs.config.systems[task.system]?.recipient?.purposes ?? []).flatMap(
    (name) => needs.config.purposes[name] ?? [],
  );
  const kept = subject ? fieldsOfVersion(needs.vault, subject, await latestVersion(needs.db, subject.id)) : null;
  const found = task.case_file ? await caseById(needs.db, task.case_file) : undefined;
  const fields = kept ?? (found ? envelopeFields(needs, found) : null) ?? {};
  return allow(fields, rectifiable(purposes, subject?.role ?? 'customer'));
}
