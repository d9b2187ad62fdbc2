import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { identityWays } from '../core/access-answer.ts';
import { caseStates, runAgainstPlan } from '../core/case.ts';
import { exceptionGrounds } from '../core/exception.ts';
import type { Scope } from '../core/scope.ts';
import { type Needs, now } from '../jobs/needs.ts';
import { allCases, type CaseRow } from '../store/cases.ts';
import { dutiesOf, dutiesOfMany } from '../store/duties.ts';
import { exceptionsOfCase } from '../store/exceptions.ts';
import { erasureCases } from '../store/views.ts';
import { extendNamed, pauseNamed, resumeNamed } from './case-times.ts';
import { caseNamed, decideCase, exceptNamed, liftNamed, openCase, subjectOf, withdrawNamed } from './decisions.ts';
import { freeText, neededText } from './free-text.ts';
import { identifyNamed, prepareNamed } from './handovers.ts';
import { Id, type RouteOptions, Stretch } from './routes.ts';
import { otherRoles } from './same-person.ts';
import { caseView, deadlineView, dutyView } from './shapes.ts';
import { originOf } from './sign-in/origin.ts';

export const AskedShape = z.strictObject({
  fields: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.string()), z.null()]))
    .optional(),
  permissions: z.array(z.string()).optional(),
  purposes: z.array(z.string()).optional(),
});
const NewCase = z.strictObject({
  type: z.enum(['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability']),
  subject: z.uuid().optional(),
  email: z.string().optional(),
  receivedAt: z.iso.datetime({ offset: true, error: 'must be a time as 2026-11-24T09:00:00Z' }).optional(),
  channel: z.string().max(40).optional(),
  note: freeText(4000).optional(),
  language: z.enum(['fi', 'sv', 'en']).optional(),
  asked: AskedShape.optional(),
});
const Decision = z.strictObject({ reason: freeText(2000).optional() }).nullish();
export const DayText = z.iso.date({ error: 'must be a day as 2026-11-24' });
/** `reason` and `reasons` are one: what the person was told. */
const Told = z
  .strictObject({ reasons: freeText(4000).optional(), reason: freeText(4000).optional(), toldOn: DayText.optional() })
  .nullish();
const toldOf = (body: z.infer<typeof Told>) => ({ reasons: body?.reasons ?? body?.reason ?? '', toldOn: body?.toldOn });
const Question = z.strictObject({
  reason: z.enum(['identity', 'clarification'], { error: 'must be identity or clarification' }).default('identity'),
  asked: DayText.optional(),
});
const Answer = z.strictObject({ answered: DayText.optional() }).nullish();
const Announced = z.strictObject({ toldOn: DayText.optional() }).nullish();
const Identity = z.strictObject({ state: z.enum(['proven', 'doubted', 'unproven']), how: z.enum(identityWays) });
const Except = z.strictObject({
  system: z.string().min(1).max(100),
  ground: z.enum(exceptionGrounds, { error: `must be one of ${exceptionGrounds.join(', ')}` }),
  reason: neededText(2000, 'an exception needs its reason'),
});
const Withdrawal = z.strictObject({ reason: neededText(2000, 'a withdrawal needs its reason') });
const Listing = Stretch.extend({ state: z.enum(caseStates).optional() });

export const caseRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db } = needs;

  app.post('/cases', { schema: { body: NewCase } }, async ({ body, actor, scope }, reply) => {
    const { found, fresh } = await openCase(needs, {
      type: body.type,
      subject: await subjectOf(needs, body, scope),
      receivedAt: body.receivedAt ? new Date(body.receivedAt) : null,
      channel: body.channel ?? null,
      note: body.note,
      source: 'api',
      actor: actor.id,
      asked: body.asked,
      language: body.language,
    });
    return reply.status(fresh ? 201 : 200).send(caseView(needs, found, await now(needs)));
  });

  app.get('/cases', { schema: { querystring: Listing } }, async ({ query, scope }) => {
    const at = await now(needs);
    return (await allCases(db, scope, query, query.state ?? null)).map((c) => caseView(needs, c, at));
  });

  app.get('/cases/:id', { schema: { params: Id } }, async ({ params, scope }) =>
    shown(needs, await caseNamed(needs, params.id), scope),
  );

  app.post('/cases/:id/approve', { schema: { params: Id, body: Decision } }, async ({ params, body, actor }) =>
    caseView(needs, await decideCase(needs, params.id, 'approve', actor.id, body?.reason), await now(needs)),
  );
  app.post('/cases/:id/refuse', { schema: { params: Id, body: Decision } }, async ({ params, body, actor }) =>
    caseView(needs, await decideCase(needs, params.id, 'refuse', actor.id, body?.reason), await now(needs)),
  );
  app.post('/cases/:id/extend', { schema: { params: Id, body: Told } }, async ({ params, body, actor }) =>
    caseView(needs, await extendNamed(needs, params.id, actor.id, toldOf(body)), await now(needs)),
  );
  app.post('/cases/:id/pause', { schema: { params: Id, body: Question } }, async ({ params, body, actor }) =>
    caseView(needs, await pauseNamed(needs, params.id, actor.id, body), await now(needs)),
  );
  app.post('/cases/:id/resume', { schema: { params: Id, body: Answer } }, async ({ params, body, actor }) =>
    caseView(needs, await resumeNamed(needs, params.id, actor.id, body ?? {}), await now(needs)),
  );

  app.post('/cases/:id/withdraw', { schema: { params: Id, body: Withdrawal } }, async ({ params, body, actor }) =>
    caseView(needs, await withdrawNamed(needs, params.id, actor.id, body.reason), await now(needs)),
  );
  app.post('/cases/:id/except', { schema: { params: Id, body: Except } }, async ({ params, body, actor, scope }) =>
    shown(needs, await exceptNamed(needs, params.id, actor.id, body), scope),
  );

  app.post('/cases/:id/announce-lift', { schema: { params: Id, body: Announced } }, async ({ params, body, actor }) =>
    caseView(needs, await liftNamed(needs, params.id, actor.id, 'announce', body?.toldOn), await now(needs)),
  );
  app.post('/cases/:id/lift', { schema: { params: Id } }, async ({ params, actor }) =>
    caseView(needs, await liftNamed(needs, params.id, actor.id, 'lift'), await now(needs)),
  );

  app.post('/cases/:id/identity', { schema: { params: Id, body: Identity } }, async ({ params, body, actor }) =>
    caseView(needs, await identifyNamed(needs, params.id, actor.id, body), await now(needs)),
  );
  app.post('/cases/:id/prepare', { schema: { params: Id } }, async (request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .status(201)
      .send(await prepareNamed(needs, request.params.id, request.actor.id, originOf(request, needs.config))),
  );

  app.get('/erasures', { schema: { querystring: Stretch } }, async ({ query, scope }) => {
    const at = await now(needs);
    const found = await erasureCases(db, scope, query);
    const duties = await dutiesOfMany(
      db,
      found.map((c) => c.subject),
    );
    return found.map((c) => ({
      case: c.id,
      subject: c.subject,
      deadline: deadlineView(needs, c, at),
      duties: (duties.get(c.subject) ?? []).map((d) => dutyView(needs, d)),
    }));
  });
};

/** A case with what each system owes, how that compares with the plan once it is decided, and which recipients are not told of it. */
async function shown(needs: Needs, found: CaseRow, scope: Scope) {
  const samePerson = await otherRoles(needs, found.subject, scope);
  const duties = (await dutiesOf(needs.db, found.subject)).map((d) => dutyView(needs, d));
  const against = runAgainstPlan(found, duties);
  const exceptions = await exceptionsOfCase(needs.db, found.id);
  return {
    ...caseView(needs, found, await now(needs)),
    ...(exceptions.length > 0
      ? {
          exceptions: exceptions.map((e) => ({
            system: e.recipient,
            ground: e.ground,
            by: e.made_by,
            at: e.made_at.toISOString(),
          })),
        }
      : {}),
    ...(samePerson.length > 0 ? { samePerson } : {}),
    ...(against.length > 0
      ? { against: against.map(({ step: { system, step }, against: is }) => ({ system, step, against: is })) }
      : {}),
    duties,
  };
}
