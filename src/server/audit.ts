import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { seesEverybody } from '../core/scope.ts';
import { fitOf, placesNow } from '../jobs/kept-outside.ts';
import { verifyOwnLog } from '../jobs/verify-log.ts';
import { entries, latestCheckpoint } from '../store/audit.ts';
import { leavesBeyond } from '../store/views.ts';
import { consistencyOf, exportLines, freshCheckpoint, mustSeeWholeLog, pageLimit, proofOf, verifierKey } from './audit-log.ts';
import { badRequest, notFound } from './problem.ts';
import type { RouteOptions } from './routes.ts';

const count = z.coerce.number().int({ error: 'must be a whole number' }).min(0);

export const auditRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db } = needs;

  app.get('/audit/checkpoint', async (_request, reply) => {
    const latest = await freshCheckpoint(needs);
    if (!latest) throw notFound('checkpoint yet');
    return reply.type('text/plain; charset=utf-8').header('x-kaiku-vkey', verifierKey(needs)).send(latest.note);
  });

  app.get(
    '/audit/entries',
    { schema: { querystring: z.object({ from: count.default(0), to: count.optional() }) } },
    async ({ query, scope }) => {
      const to = Math.min(query.to ?? query.from + pageLimit, query.from + pageLimit);
      const beyond = new Set(
        seesEverybody(scope) ? [] : (await leavesBeyond(db, scope, query.from, to)).map((leaf) => leaf.index),
      );
      // the hash stays, so that the tree can be checked over what is not shown
      return (await entries(db, query.from, to)).map(({ index, line, hash }) => ({
        index,
        hash: hash.toString('base64'),
        ...(line === null ? { trimmed: true } : beyond.has(index) ? {} : { entry: JSON.parse(line) as unknown, line }),
      }));
    },
  );

  app.get('/audit/proof', { schema: { querystring: z.object({ entry: count, size: count.optional() }) } }, async ({ query }) => {
    const latest = await latestCheckpoint(db);
    const size = query.size ?? latest?.size ?? 0;
    if (size > (latest?.size ?? 0)) throw badRequest(`size: the log has ${latest?.size ?? 0} entries`);
    if (query.entry >= size) throw badRequest('entry: must be smaller than size');
    return { entry: query.entry, size, proof: await proofOf(needs, query.entry, size) };
  });

  app.get(
    '/audit/consistency',
    { schema: { querystring: z.object({ from: count, to: count.optional() }) } },
    async ({ query }) => {
      const latest = await latestCheckpoint(db);
      const to = query.to ?? latest?.size ?? 0;
      if (to > (latest?.size ?? 0)) throw badRequest(`to: the log has ${latest?.size ?? 0} entries`);
      return consistencyOf(needs, query.from, to);
    },
  );

  app.get('/audit/places', async () => placesNow(needs));

  app.post(
    '/audit/verify',
    { schema: { body: z.strictObject({ against: z.string().max(20_000).optional() }).nullish() } },
    async ({ body }) => {
      const against = body?.against;
      if (against === undefined) return verifyOwnLog(needs);
      await freshCheckpoint(needs);
      const fit = await fitOf(needs, against);
      if (fit === 'not-signed')
        throw badRequest('against: is no checkpoint that this log signed; hand over the file as it was delivered');
      return { ...(await verifyOwnLog(needs, against)), fit };
    },
  );

  app.get('/audit/export', { schema: { querystring: z.object({ case: z.uuid().optional() }) } }, async ({ query, scope }) => {
    const latest = await freshCheckpoint(needs);
    if (!latest) throw notFound('checkpoint yet');
    if (query.case === undefined) await mustSeeWholeLog(needs, scope, latest.size);
    const lines: string[] = [];
    for await (const line of exportLines(needs, latest.size, query.case)) lines.push(line);
    return { checkpoint: latest.note, vkey: verifierKey(needs), lines };
  });
};
