import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { allHeld } from '../store/held.ts';
import { Id, type RouteOptions, Stretch } from './routes.ts';
import { heldView } from './shapes.ts';
import { giveVerdict, redriveDuty } from './verdicts.ts';

/** What waits for a person's verdict, and what the machine gave up. */
export const heldRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/held', { schema: { querystring: Stretch } }, async ({ query, scope }) =>
    (await allHeld(needs.db, scope, query)).map((held) => heldView(needs, held)),
  );

  const Verdict = {
    params: Id.extend({ verdict: z.string() }),
    body: z.strictObject({ subject: z.uuid().optional() }).nullish(),
  };
  app.post('/held/:id/:verdict', { schema: Verdict }, async ({ params, body, actor }) =>
    giveVerdict(needs, params.id, params.verdict, actor.id, body?.subject),
  );

  app.post('/duties/:id/redrive', { schema: { params: Id } }, async ({ params, actor }) =>
    redriveDuty(needs, params.id, actor.id),
  );
};
