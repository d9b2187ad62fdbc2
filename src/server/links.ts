import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { LinkRefused, mergeSubjects, relink, splitSubject, unlink } from '../jobs/relink.ts';
import { registerHash } from '../store/subjects.ts';
import { refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';

/** Turns what a job refuses into a 409 that says why. */
export async function refusing<T>(work: Promise<T>): Promise<T> {
  return work.catch((error) => {
    throw error instanceof LinkRefused ? refused(error.message, { code: error.code }) : error;
  });
}

const Other = z.strictObject({ subject: z.uuid({ error: 'must be the id of a data subject' }) });

/** What a person says about whose rows are whose. */
export const linkRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.post('/links/:id/unlink', { schema: { params: Id } }, async ({ params, actor }) => {
    const record = await refusing(unlink(needs, params.id, actor.id));
    return { link: record.id, system: record.recipient, subject: record.subject, unlinked: true };
  });

  app.post('/links/:id/relink', { schema: { params: Id, body: Other } }, async ({ params, body, actor }) => {
    await refusing(relink(needs, params.id, body.subject, actor.id));
    return { link: params.id, subject: body.subject };
  });

  app.post('/subjects/:id/merge', { schema: { params: Id, body: Other } }, async ({ params, body, actor }) => {
    await refusing(mergeSubjects(needs, body.subject, params.id, actor.id));
    return { subject: params.id, merged: body.subject };
  });

  const Split = z.strictObject({ place: z.string(), remoteId: z.string(), links: z.array(z.uuid()).default([]) });
  app.post('/subjects/:id/split', { schema: { params: Id, body: Split } }, async ({ params, body, actor }) => {
    const made = await refusing(
      splitSubject(
        needs,
        params.id,
        { place: body.place, hashOf: (register) => registerHash(needs.vault, register, body.place, body.remoteId) },
        body.links,
        actor.id,
      ),
    );
    return { subject: params.id, made };
  });
};
