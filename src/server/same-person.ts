import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Scope } from '../core/scope.ts';
import { type Needs, now } from '../jobs/needs.ts';
import { tieSubjects, untieSubjects } from '../jobs/same-person.ts';
import { type CaseRow, type CaseType, casesOf } from '../store/cases.ts';
import { areTied, type OtherRole, otherRolesOf } from '../store/same-person.ts';
import { caseNamed, openCase } from './decisions.ts';
import { refusing } from './links.ts';
import { subjectNamed } from './people.ts';
import { refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { caseView } from './shapes.ts';

/** One human being in several roles: said by a person, shown to whoever may see both, and ruled apart. */

/** A request that says nothing of one role's data alone, and so can be asked of another role as it stands. */
const roleless: readonly CaseType[] = ['access', 'erasure', 'restriction', 'portability'];
export const canBeAskedOf = ({ type }: Pick<CaseRow, 'type'>): boolean => roleless.includes(type);

export interface OtherRoleWithCases extends OtherRole {
  cases: Pick<CaseRow, 'id' | 'type' | 'state'>[];
}

/** The other roles of a person, each with its cases, as far as the scope goes. */
export const otherRoles = async (needs: Needs, subject: string, scope: Scope): Promise<OtherRoleWithCases[]> =>
  Promise.all(
    (await otherRolesOf(needs.db, subject, scope)).map(async (one) => ({
      ...one,
      cases: (await casesOf(needs.db, one.id)).map(({ id, type, state }) => ({ id, type, state })),
    })),
  );

/**
 * Opens the same request for another role of the same person, received on the same day; joins the one that is open. Its decision is its own.
 * Throws a 409 problem where nobody said that the two are one, or the request concerns one role alone.
 */
export async function alsoAsk(
  needs: Needs,
  id: string,
  other: string,
  actor: string,
): Promise<{ found: CaseRow; fresh: boolean }> {
  const first = await caseNamed(needs, id);
  const subject = await subjectNamed(needs, other);
  if (!(await areTied(needs.db, first.subject, subject.id)))
    throw refused('Nobody said that these two are the same person.', { code: 'no-tie' });
  if (!canBeAskedOf(first))
    throw refused('This request names data of one role: open a case of its own for the other.', { code: 'one-role-alone' });
  return openCase(needs, {
    type: first.type,
    subject,
    receivedAt: first.received_at,
    channel: first.channel,
    source: 'console',
    actor,
    language: first.language,
    identity: first.identity,
  });
}

const Other = z.strictObject({ subject: z.uuid({ error: 'must be the id of a data subject' }) });

export const samePersonRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.post('/subjects/:id/same-person', { schema: { params: Id, body: Other } }, async ({ params, body, actor }) => {
    await refusing(tieSubjects(needs, params.id, body.subject, actor.id));
    return { subject: params.id, samePerson: body.subject };
  });

  app.post('/subjects/:id/same-person/withdraw', { schema: { params: Id, body: Other } }, async ({ params, body, actor }) => {
    await refusing(untieSubjects(needs, params.id, body.subject, actor.id));
    return { subject: params.id, samePerson: null };
  });

  app.post('/cases/:id/also', { schema: { params: Id, body: Other } }, async ({ params, body, actor }, reply) => {
    const { found, fresh } = await alsoAsk(needs, params.id, body.subject, actor.id);
    return reply.status(fresh ? 201 : 200).send(caseView(needs, found, await now(needs)));
  });
};
