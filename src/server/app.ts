import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { Failure } from '../core/failure.ts';
import { faultOf } from '../jobs/converge.ts';
import type { Needs } from '../jobs/needs.ts';
import type { Queues } from '../jobs/queues.ts';
import { accountRoutes } from './accounts.ts';
import { alertRoutes } from './alerts.ts';
import { auditRoutes } from './audit.ts';
import { type Actor, actorOf, mustBeAllowed } from './auth.ts';
import { caseRoutes } from './cases.ts';
import { consoleRoutes } from './console/console.ts';
import { driftRoutes } from './drift.ts';
import { evidenceRoutes } from './evidence-pack.ts';
import { exportRoutes } from './exports.ts';
import { closeTo } from './gate.ts';
import { healthRoutes } from './health.ts';
import { heldRoutes } from './held.ts';
import { intakeRoutes } from './intakes.ts';
import { letterRoutes } from './letters.ts';
import { linkRoutes } from './links.ts';
import { noticeRoutes } from './notice.ts';
import { documented } from './openapi.ts';
import { ownStoreRoutes } from './own-stores.ts';
import { ProblemError } from './problem.ts';
import { processingRoutes } from './processing.ts';
import { queueBoard } from './queue-board.ts';
import { retentionRoutes } from './retention.ts';
import { runRoutes } from './runs.ts';
import { samePersonRoutes } from './same-person.ts';
import { mustComeFromHere } from './sign-in/origin.ts';
import { actorOfSession, sessionCookie, sessionOf } from './sign-in/session.ts';
import { subjectRoutes } from './subjects.ts';
import { systemRoutes } from './systems.ts';
import { taskRoutes } from './tasks.ts';
import { webhookRoutes } from './webhooks.ts';

export interface ServerOptions {
  /** The bearer token of `hub.json`. */
  localToken: string;
  /** Opens `POST /test/clock`. */
  testClock: boolean;
  /** Where the console is reached, for links that are handed over; absent: where the request came to. */
  origin?: string;
  /** Shown to admins at `/queues`; absent: there is no such page. */
  board?: Queues;
  log: Logger;
}

export type App = FastifyInstance;

/** The JSON API, the webhooks and the health pages. Every route under `/api/v1` stands in the table of `auth.ts` or is denied. */
export async function buildApp(needs: Needs, options: ServerOptions): Promise<App> {
  // no request log of fastify's own: an address may stand in a query
  const app = fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    requestTimeout: 60_000,
    // with an address of its own the console stands behind a proxy of the house, and only such a one is believed about who asks
    trustProxy: [needs.config.signIn, needs.config.requests, needs.config.replies].some((way) => way?.url?.startsWith('https:'))
      ? ['loopback', 'linklocal', 'uniquelocal']
      : false,
    routerOptions: { maxParamLength: 300 },
    // an address that is no URL never reaches a route, and is not quoted back
    frameworkErrors: (_error, _request, reply: FastifyReply) =>
      void reply.status(400).type('application/problem+json').send({
        type: 'about:blank',
        title: 'Bad request',
        status: 400,
        detail: 'The address of this request is not a valid URL; encode what stands in it.',
      }),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('actor', null as never);
  app.decorateRequest('scope', null as never);
  // not `no-referrer`: browsers would then hide the origin of our own forms, which older ones are recognised by
  await app.register(helmet, { global: true, referrerPolicy: { policy: 'same-origin' } });
  await app.register(cookie);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Kaiku', version: '1', description: 'Who was told what, what they did, and how we know.' },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: sessionCookie(needs.config) },
        },
      },
      security: [{ bearer: [] }, { session: [] }],
    },
    transform: documented,
  });

  app.addHook('onResponse', async (request, reply) => {
    options.log.debug(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'answered',
    );
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500 && problem.status !== 501 && problem.status !== 502)
      options.log.error({ route: request.routeOptions.url ?? 'unknown', fault: faultOf(error) }, 'a request failed');
    return reply.status(problem.status).type('application/problem+json').send(problem);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.status(404).type('application/problem+json').send({
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      detail: 'There is no such page; /api/v1/openapi.json lists all of them.',
    }),
  );

  await app.register(healthRoutes, { needs });
  await app.register(webhookRoutes, { needs });
  const who = async (request: FastifyRequest): Promise<Actor | null> =>
    request.headers.authorization
      ? actorOf(needs.db, request.headers.authorization, options.localToken)
      : actorOfSession(needs, await sessionOf(needs, request));
  await app.register(consoleRoutes, { needs, who });
  if (options.board) await app.register(queueBoard, { prefix: '/queues', needs, queues: options.board, who });
  await app.register(
    async (api) => {
      await api.register(formbody);
      api.addHook('onRequest', async (request: FastifyRequest) => {
        const route = (request.routeOptions.url ?? '').replace(/^\/api\/v1/, '');
        const actor = await who(request);
        if (!actor)
          throw new ProblemError(
            401,
            'Unauthorized',
            'Send a bearer token (`kaiku token create --role R` prints one), or sign in.',
          );
        mustComeFromHere(request, needs.config);
        // an unknown page is told as such only to somebody who may be here at all
        request.scope = request.routeOptions.url
          ? mustBeAllowed(actor, request.method === 'HEAD' ? 'GET' : request.method, route)
          : [];
        request.actor = actor;
      });
      api.addHook('preHandler', async (request: FastifyRequest) => closeTo(request, needs.db, request.scope));
      for (const routes of [
        subjectRoutes,
        caseRoutes,
        letterRoutes,
        intakeRoutes,
        taskRoutes,
        heldRoutes,
        linkRoutes,
        samePersonRoutes,
        retentionRoutes,
        processingRoutes,
        noticeRoutes,
        evidenceRoutes,
        ownStoreRoutes,
        systemRoutes,
        exportRoutes,
        runRoutes,
        driftRoutes,
        alertRoutes,
        auditRoutes,
        accountRoutes,
      ])
        await api.register(routes, {
          needs,
          testClock: options.testClock,
          ...(options.origin ? { origin: options.origin } : {}),
        });
      api.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    },
    { prefix: '/api/v1' },
  );
  await app.ready();
  return app as unknown as App;
}

function problemOf(error: unknown): { type: string; title: string; status: number; detail: string } & Record<string, unknown> {
  const base = { type: 'about:blank' };
  if (error instanceof ProblemError)
    return { ...base, title: error.title, status: error.status, detail: error.message, ...error.more };
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map((v) => ({
      field: v.instancePath.replace(/^\//, '').replaceAll('/', '.') || 'body',
      message: v.message ?? 'is not valid',
    }));
    return {
      ...base,
      title: 'Bad request',
      status: 400,
      detail: errors.map((e) => `${e.field}: ${e.message}`).join('; '),
      errors,
    };
  }
  // a system did not answer: ours to say, not ours to mend
  if (error instanceof Failure)
    return { ...base, title: 'A system did not answer as it should', status: 502, detail: error.message, code: error.code };
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { ...base, title: 'Bad request', status, detail: (error as Error).message };
  return { ...base, title: 'Internal error', status: 500, detail: 'Something went wrong here; the log names the place.' };
}
