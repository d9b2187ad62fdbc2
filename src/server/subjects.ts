import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { readPerson, readReasons } from '../jobs/read-person.ts';
import { resyncPerson } from '../jobs/resync-person.ts';
import { otherRolesOf } from '../store/same-person.ts';
import { freeText } from './free-text.ts';
import { findPeople, personView, subjectNamed } from './people.ts';
import { badRequest, refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';

const Query = z.object({
  email: z.string().optional(),
  phone: z.string().optional(),
  customerNumber: z.string().optional(),
  system: z.string().optional(),
  remoteId: z.string().optional(),
});
const Which = z.strictObject({ system: z.string().optional() }).nullish();
const Why = z.strictObject({
  reason: z.enum(readReasons, { error: `must be one of ${readReasons.join(', ')}` }),
  note: freeText(2000).optional(),
});

/** People: found through the keyed hashes, shown without their values unless somebody says why. */
export const subjectRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/subjects', { schema: { querystring: Query } }, async ({ query, scope }) => findPeople(needs, query, scope));

  app.get('/subjects/:id', { schema: { params: Id } }, async ({ params, scope }) => ({
    ...(await personView(needs, await subjectNamed(needs, params.id))),
    samePerson: await otherRolesOf(needs.db, params.id, scope),
  }));

  app.post('/subjects/:id/resync', { schema: { params: Id, body: Which } }, async ({ params, body, actor }) => ({
    subject: params.id,
    systems: await resyncOne(needs, params.id, body?.system ?? null, actor.id),
  }));

  app.post('/subjects/:id/read', { schema: { params: Id, body: Why } }, async ({ params, body, actor }) => {
    const subject = await subjectNamed(needs, params.id);
    return { subject: subject.id, rows: await readPerson(needs, subject, { actor: actor.id, ...body }) };
  });
};

/** Raises the duties of one person, or says why not. */
export async function resyncOne(
  needs: RouteOptions['needs'],
  id: string,
  system: string | null,
  actor: string,
): Promise<string[]> {
  await subjectNamed(needs, id);
  if (system !== null && !(Object.hasOwn(needs.config.systems, system) && needs.config.systems[system]?.recipient))
    throw badRequest(`system: "${system}" is not a system that is given data`, { code: 'no-such-system' });
  const raised = await resyncPerson(needs, id, system, actor);
  if (raised === null) throw refused('This person was erased; nothing is sent about them any more.', { code: 'erased-person' });
  return raised;
}
