import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyPluginAsync } from 'fastify';
import { putHint } from '../store/hints.ts';
import { digestOf } from '../store/vault.ts';
import { ProblemError } from './problem.ts';
import type { RouteOptions } from './routes.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Webhooks are hints: stored before they are answered, followed by reading at the system. The secret in the path lets them in. */
export const webhookRoutes: FastifyPluginAsync<RouteOptions> = async (app, { needs }) => {
  // a signature is over the raw bytes
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const mine = (params: unknown) => {
    const { system, secret } = params as { system: string; secret: string };
    const expected = needs.config.systems[system]?.webhook?.secret;
    // compared also where there is none, so that a name cannot be guessed by the clock
    const equal = timingSafeEqual(digest(secret), digest(expected ?? ''));
    if (!expected || !equal) throw new ProblemError(404, 'Not found', 'There is no such page.');
    return system;
  };

  app.get('/webhooks/:system/:secret', { schema: { hide: true } }, async (request, reply) => {
    mine(request.params);
    return reply.status(200).send('');
  });

  app.post('/webhooks/:system/:secret', { schema: { hide: true } }, async (request, reply) => {
    const system = mine(request.params);
    const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    // an empty POST is the other form of a vendor's validation ping
    if (rawBody.length === 0) return reply.status(200).send('');
    const hints = needs.connectors[system]?.webhook?.hints({ headers: request.headers, rawBody, now: new Date() });
    if (hints === undefined) throw new ProblemError(404, 'Not found', 'This system sends no webhooks.');
    if (hints === null)
      throw new ProblemError(401, 'Unauthorized', 'The delivery is not authentic, or not in the documented form.');
    for (const [i, hint] of hints.entries()) {
      await putHint(
        needs.db,
        system,
        digestOf(Buffer.concat([rawBody, Buffer.from(`#${i}`)])),
        needs.vault.sealJson(`hint:${system}`, hint),
      );
    }
    return reply.status(202).send('');
  });
};
