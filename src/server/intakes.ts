import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Asked } from '../core/case-request.ts';
import { dismissals, intakeStates } from '../core/intake.ts';
import { type Scope, sees } from '../core/scope.ts';
import { clockOf } from '../jobs/case-clock.ts';
import { candidatesOf, dismissIntake, sentOf, takeIntakeFor } from '../jobs/intakes.ts';
import { type Needs, now, tell } from '../jobs/needs.ts';
import type { CaseRow } from '../store/cases.ts';
import { allIntakes, type IntakeRow, intakeById } from '../store/intakes.ts';
import { AskedShape } from './cases.ts';
import { caseNamed, notOpened } from './decisions.ts';
import { subjectNamed } from './people.ts';
import { notFound, refused } from './problem.ts';
import { Id, type RouteOptions, Stretch } from './routes.ts';
import { caseView } from './shapes.ts';

const Listing = Stretch.extend({ state: z.enum(intakeStates).optional() });
const Take = z.strictObject({
  subject: z.uuid({ error: 'must be the id of a person as Kaiku gives them' }),
  asked: AskedShape.optional(),
});
const Dismiss = z.strictObject({ reason: z.enum(dismissals, { error: `must be one of ${dismissals.join(', ')}` }) });

/** A request of the public form as everybody who handles requests sees it: nothing of what its sender wrote. */
export function intakeView(needs: Needs, row: IntakeRow, at: Date) {
  return {
    id: row.id,
    type: row.type,
    language: row.language,
    ...(row.role ? { role: row.role } : {}),
    state: row.state,
    ...(row.reason ? { reason: row.reason } : {}),
    receivedAt: row.received_at.toISOString(),
    ...(row.confirmed_at ? { confirmedAt: row.confirmed_at.toISOString() } : {}),
    due: clockOf(needs, { ...row, approve: 'person' }, at).date,
    ...(row.case_file ? { case: row.case_file } : {}),
    ...(row.ended_at ? { endedAt: row.ended_at.toISOString(), endedBy: row.ended_by ?? '' } : {}),
  };
}

/** Requests of the public form: seen, opened as a case, or dismissed with a reason. */
export const intakeRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/intakes', { schema: { querystring: Listing } }, async ({ query, scope }) => {
    const at = await now(needs);
    return (await allIntakes(needs.db, scope, query, query.state ?? null)).map((row) => intakeView(needs, row, at));
  });
  app.get('/intakes/:id', { schema: { params: Id } }, async ({ params }) =>
    intakeView(needs, await intakeNamed(needs, params.id), await now(needs)),
  );
  app.post('/intakes/:id/read', { schema: { params: Id } }, async ({ params, actor, scope }, reply) => {
    const { row, sent, candidates } = await readNamed(needs, params.id, actor.id, scope);
    return reply.header('cache-control', 'no-store').send({
      ...intakeView(needs, row, await now(needs)),
      name: sent.name,
      email: sent.email,
      ...(sent.phone ? { phone: sent.phone } : {}),
      ...(sent.message ? { message: sent.message } : {}),
      ...(sent.asked ? { asked: sent.asked } : {}),
      candidates: candidates.map(({ id, role, register, state }) => ({ id, role, register, state })),
    });
  });
  app.post('/intakes/:id/take', { schema: { params: Id, body: Take } }, async ({ params, body, actor }, reply) =>
    reply.status(201).send(caseView(needs, await takeNamed(needs, params.id, body, actor.id), await now(needs))),
  );
  app.post('/intakes/:id/dismiss', { schema: { params: Id, body: Dismiss } }, async ({ params, body, actor }) => {
    await dismissNamed(needs, params.id, body.reason, actor.id);
    return intakeView(needs, await intakeNamed(needs, params.id), await now(needs));
  });
};

export async function intakeNamed(needs: Needs, id: string): Promise<IntakeRow> {
  const row = await intakeById(needs.db, id);
  if (!row) throw notFound('request');
  return row;
}

/** What the sender wrote, and who it may be; reading it is written down. */
export async function readNamed(needs: Needs, id: string, by: string, scope: Scope) {
  const row = await intakeNamed(needs, id);
  const sent = row.state === 'unconfirmed' ? null : sentOf(needs, row);
  if (!sent) throw refused('What its sender wrote is not kept any more, or was not confirmed.', { code: 'intake-over' });
  await tell(needs, { actor: by, action: 'intake.read', code: id });
  return { row, sent, candidates: (await candidatesOf(needs, sent)).filter((s) => sees(scope, s)) };
}

/** Opens the case of a waiting request about the person that somebody says it is. */
export async function takeNamed(
  needs: Needs,
  id: string,
  { subject, asked }: { subject: string; asked?: Asked | undefined },
  by: string,
): Promise<CaseRow> {
  const row = await intakeNamed(needs, id);
  const opened = await takeIntakeFor(needs, row, await subjectNamed(needs, subject), by, asked);
  if (opened === null) throw notWaiting();
  if ('fault' in opened) throw notOpened(opened);
  return caseNamed(needs, opened.id);
}

export async function dismissNamed(needs: Needs, id: string, reason: (typeof dismissals)[number], by: string): Promise<void> {
  await intakeNamed(needs, id);
  if (!(await dismissIntake(needs, id, by, reason))) throw notWaiting();
}

const notWaiting = () => refused('This request does not wait for anybody (any more).', { code: 'intake-not-waiting' });
