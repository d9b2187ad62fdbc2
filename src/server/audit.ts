import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { inclusionProofFrom } from '../core/merkle.ts';
import { noteName, vkeyOf } from '../core/signed-note.ts';
import { verifyOwnLog } from '../jobs/verify-log.ts';
import { entries, latestCheckpoint, nodeAt, sequence } from '../store/audit.ts';
import { caseLeaves } from '../store/views.ts';
import { badRequest, notFound } from './problem.ts';
import type { RouteOptions } from './routes.ts';

const count = z.coerce.number().int({ error: 'must be a whole number' }).min(0);
/** Entries of one answer at most. */
const pageLimit = 5000;

export const auditRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db, signer } = needs;
  const vkey = () => vkeyOf(signer.seed, noteName(signer.origin));

  app.get('/audit/checkpoint', async (_request, reply) => {
    await sequence(db, signer);
    const latest = await latestCheckpoint(db);
    if (!latest) throw notFound('checkpoint yet');
    return reply.type('text/plain; charset=utf-8').header('x-kaiku-vkey', vkey()).send(latest.note);
  });

  app.get(
    '/audit/entries',
    { schema: { querystring: z.object({ from: count.default(0), to: count.optional() }) } },
    async ({ query }) => {
      const to = Math.min(query.to ?? query.from + pageLimit, query.from + pageLimit);
      return (await entries(db, query.from, to)).map(({ index, line, hash }) => ({
        index,
        hash: hash.toString('base64'),
        entry: JSON.parse(line) as unknown,
        line,
      }));
    },
  );

  app.get('/audit/proof', { schema: { querystring: z.object({ entry: count, size: count.optional() }) } }, async ({ query }) => {
    const latest = await latestCheckpoint(db);
    const size = query.size ?? latest?.size ?? 0;
    if (size > (latest?.size ?? 0)) throw badRequest(`size: the log has ${latest?.size ?? 0} entries`);
    if (query.entry >= size) throw badRequest('entry: must be smaller than size');
    const proof = await inclusionProofFrom((level, index) => nodeAt(db, level, index), query.entry, size);
    return { entry: query.entry, size, proof: proof.map((h) => h.toString('base64')) };
  });

  app.post('/audit/verify', async () => verifyOwnLog(needs));

  app.get('/audit/export', { schema: { querystring: z.object({ case: z.uuid().optional() }) } }, async ({ query }) => {
    await sequence(db, signer);
    const latest = await latestCheckpoint(db);
    if (!latest) throw notFound('checkpoint yet');
    const beside = { checkpoint: latest.note, vkey: vkey() };
    if (query.case === undefined) {
      const lines: string[] = [];
      for (let from = 0; from < latest.size; from += pageLimit)
        for (const { line } of await entries(db, from, Math.min(latest.size, from + pageLimit))) lines.push(line);
      return { ...beside, lines };
    }
    const proven = [];
    for (const { index, line } of await caseLeaves(db, query.case)) {
      if (index >= latest.size) continue;
      const proof = await inclusionProofFrom((level, at) => nodeAt(db, level, at), index, latest.size);
      proven.push(JSON.stringify({ index, line, proof: proof.map((h) => h.toString('base64')) }));
    }
    return { ...beside, lines: proven };
  });
};
