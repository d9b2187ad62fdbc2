import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Failure } from '../core/failure.ts';
import type { Scope } from '../core/scope.ts';
import type { Needs } from '../jobs/needs.ts';
import { takeExport } from '../jobs/take-export.ts';
import { badRequest, notFound } from './problem.ts';
import type { RouteOptions } from './routes.ts';

/** The largest export that is taken, in bytes. */
export const exportBytes = 20 * 1024 * 1024;

/** Whether whoever asks runs this system: an admin all of them, a system owner their own. */
const runs = (scope: Scope, system: string): boolean => scope.some((g) => g.systems === 'all' || g.systems.includes(system));

/** Takes an export for the API and the console alike. Throws a problem that names file, line and reason where it is refused. */
export async function takeExportOf(needs: Needs, system: string, bytes: Buffer, by: { id: string; scope: Scope }) {
  if (!Object.hasOwn(needs.config.systems, system) || !runs(by.scope, system)) throw notFound('system of this name');
  try {
    const taken = await takeExport(needs, system, bytes, by.id);
    if (!taken) throw badRequest(`${system} is not read by exports that people download`, { code: 'takes-no-export' });
    return { system, ...taken };
  } catch (error) {
    if (error instanceof Failure && error.code === 'ANSWER_GARBLED')
      throw badRequest(error.hint ?? error.message, { code: 'export-refused' });
    throw error;
  }
}

const Content = z.strictObject({ content: z.base64({ error: 'must be the file in base64' }) });

export const exportRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  for (const type of ['text/csv', 'application/octet-stream'])
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.post(
    '/systems/:system/exports',
    {
      schema: { params: z.object({ system: z.string() }), body: z.union([z.instanceof(Buffer), Content]) },
      bodyLimit: exportBytes * 1.4,
    },
    async ({ params, body, actor, scope }, reply) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.content, 'base64');
      if (bytes.length > exportBytes)
        throw badRequest(`the file is larger than ${exportBytes} bytes`, { code: 'export-refused' });
      return reply.status(201).send(await takeExportOf(needs, params.system, bytes, { id: actor.id, scope }));
    },
  );
};
