import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { takeBounce } from '../jobs/mail-tasks.ts';
import { type TaskRow, tasks } from '../store/tasks.ts';
import { revealTask, TaskAnswer, takeAnswer, taskNamed, toTakeOut } from './answers.ts';
import { badRequest } from './problem.ts';
import { Id, type RouteOptions, Stretch } from './routes.ts';
import { taskView } from './shapes.ts';

export const taskRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/tasks', { schema: { querystring: Stretch } }, async ({ query, scope }) =>
    (await tasks(needs.db, scope, query)).map(taskView),
  );

  app.get(
    '/tasks/:id',
    { schema: { params: Id, querystring: z.object({ reveal: z.enum(['true', 'false']).optional() }) } },
    async ({ params, query, actor }) => {
      const task = await taskNamed(needs, params.id);
      const own = needs.connectors[task.system]?.people?.instructions;
      const takeOut = await toTakeOut(needs, task);
      const out = takeOut.length > 0 ? { takeOut } : {};
      const shown = {
        ...taskView(task),
        ...out,
        instructions: instructionsOf(task, takeOut),
        ...(own ? { ownInstructions: own } : {}),
      };
      return query.reveal === 'true' ? { ...shown, identifiers: await revealTask(needs, task, actor.id) } : shown;
    },
  );

  app.post('/tasks/bounce', { schema: { body: z.strictObject({ raw: z.string().max(900_000) }) } }, async ({ body }) => {
    const found = await takeBounce(needs, body.raw);
    if (!found) throw badRequest('raw: is no report (RFC 3464) about a mail that Kaiku sent', { code: 'no-bounce' });
    return found;
  });

  app.post('/tasks/:id/answer', { schema: { params: Id, body: TaskAnswer } }, async ({ params, body, actor }) => {
    const after = await takeAnswer(needs, await taskNamed(needs, params.id), body, actor.id);
    return after && taskView(after);
  });
};

const instructionsOf = (task: TaskRow, takeOut: readonly string[]) =>
  takeOut.length > 0
    ? `Take out of this person's row, and nothing else: ${takeOut.join(', ')}. The rest stays as it is shown. Answer when it is done.`
    : instructions[task.ask];

const instructions = {
  update: 'Correct the data you hold about this person to the values shown, and answer when it is done.',
  restrict: 'Keep the data about this person, use it for nothing, and answer when it is done.',
  erase:
    'Erase the data about this person. What the law makes you keep is answered as retained, with the law and the day it ends.',
};
