import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Needs } from '../jobs/needs.ts';
import type { Queues } from '../jobs/queues.ts';
import type { Actor } from './auth.ts';

export interface QueueBoardOptions {
  needs: Needs;
  queues: Queues;
  who(request: FastifyRequest): Promise<Actor | null>;
}

/** The board brings a script and inline styles of its own; fonts and all else from elsewhere stay out. Only below `/queues`. */
const boardPolicy = [
  "default-src 'none'",
  "style-src 'self' 'unsafe-inline'",
  "script-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'self'",
].join('; ');

const problem = (status: number, title: string, detail: string) => ({ type: 'about:blank', title, status, detail });

/**
 * Bull Board at `/queues`, for admins, to look and no more: nothing is retried or cleaned here, because the ledger decides what is
 * owed, and a queue that is paused by hand would hold up erasures. What a job carries is not shown. The packages are no dependency
 * of the hub; where they are missing it says so and goes on.
 */
export const queueBoard: FastifyPluginAsync<QueueBoardOptions> = async (app, { needs, queues, who }) => {
  const board = await loaded();
  if (!board) {
    needs.log.warn('KAIKU_BULL_BOARD is set, but its packages are missing: npm install @bull-board/api @bull-board/fastify');
    return;
  }
  app.addHook('onRequest', async (request, reply) => {
    const actor = await who(request).catch(() => null);
    const refuse = (status: number, title: string, detail: string) =>
      reply
        .status(status)
        .type('application/problem+json')
        .send(problem(status, title, detail));
    if (!actor) return refuse(401, 'Unauthorized', 'Sign in at /sign-in, or send a bearer token.');
    if (!actor.roles.includes('admin')) return refuse(403, 'Forbidden', 'The queues are for admins.');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(405, 'Method not allowed', 'The queues are only looked at here; runs and duties are steered in the console.');
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-security-policy', boardPolicy).header('cache-control', 'no-store');
  });
  const adapter = new board.FastifyAdapter();
  adapter.setBasePath('/queues');
  board.createBullBoard({
    queues: Object.keys(needs.config.systems).map((system) => {
      const shown = new board.BullMQAdapter(queues.shown(system), { readOnlyMode: true, description: system });
      shown.setFormatter('data', () => ({}));
      shown.setFormatter('returnValue', () => null);
      return shown;
    }),
    // the adapter may come with a copy of the api of its own, whose private types are others
    serverAdapter: adapter as never,
  });
  await app.register(adapter.registerPlugin() as never);
};

/** The packages, or null where they are not installed. */
async function loaded() {
  try {
    const { createBullBoard } = await import('@bull-board/api');
    const { BullMQAdapter } = await import('@bull-board/api/bullMQAdapter');
    const { FastifyAdapter } = await import('@bull-board/fastify');
    return { createBullBoard, BullMQAdapter, FastifyAdapter };
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}
