import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { RemoteRef } from '../connectors/connector.ts';
import { freeCall } from '../connectors/http.ts';
import { normalise } from '../core/identifier.ts';
import { type Fields, fieldsOf } from '../core/person.ts';
import { type Scope, sees } from '../core/scope.ts';
import { AlreadyErased, approveCase, openErasureCase, refuseCase } from '../jobs/erasure.ts';
import { foreseeLaw } from '../jobs/foresee-law.ts';
import { type Needs, now, registerOf } from '../jobs/needs.ts';
import { declaredFields } from '../jobs/take-in.ts';
import { allCases, caseById } from '../store/cases.ts';
import { dutiesOf } from '../store/duties.ts';
import {
  fieldsOfVersion,
  latestVersion,
  registerRecords,
  type SubjectRow,
  subjectById,
  subjectsByIdentifier,
} from '../store/subjects.ts';
import { erasureCases } from '../store/views.ts';
import { badRequest, later, notFound, ProblemError, refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { caseView, dutyView } from './shapes.ts';

const NewCase = z.strictObject({
  type: z.enum(['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability']),
  subject: z.uuid().optional(),
  email: z.string().optional(),
  receivedAt: z.iso.datetime({ offset: true, error: 'must be a time as 2026-11-24T09:00:00Z' }).optional(),
  channel: z.string().max(40).optional(),
  note: z.string().max(4000).optional(),
});
const Decision = z.strictObject({ reason: z.string().max(2000).optional() }).nullish();

export const caseRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db } = needs;

  app.post('/cases', { schema: { body: NewCase } }, async ({ body, actor, scope }, reply) => {
    if (body.type !== 'erasure') throw later(`A case of type ${body.type}`);
    const subject = await subjectOf(needs, body, scope);
    const receivedAt = body.receivedAt ? new Date(body.receivedAt) : await now(needs);
    try {
      const { id, fresh } = await openErasureCase(needs, {
        subject: subject.id,
        source: 'api',
        channel: body.channel ?? null,
        receivedAt,
        approve: 'person',
        actor: actor.id,
        ...(body.note ? { note: body.note } : {}),
        fields: await valuesNow(needs, subject),
        foreseen: await foreseeLaw(needs, subject.id),
      });
      const found = await caseById(db, id);
      if (!found) throw notFound('case');
      return reply.status(fresh ? 201 : 200).send(caseView(needs, found));
    } catch (error) {
      if (error instanceof AlreadyErased) throw refused('This person was erased before; there is nothing left to erase.');
      throw error;
    }
  });

  app.get('/cases', async ({ scope }) => (await allCases(db, scope)).map((c) => caseView(needs, c)));

  app.get('/cases/:id', { schema: { params: Id } }, async ({ params }) => {
    const found = await caseById(db, params.id);
    if (!found) throw notFound('case');
    return { ...caseView(needs, found), duties: (await dutiesOf(db, found.subject)).map((d) => dutyView(needs, d)) };
  });

  const decide = async (id: string, work: () => Promise<boolean>) => {
    const before = await caseById(db, id);
    if (!before) throw notFound('case');
    if (!(await work())) throw refused(`The case is ${before.state}; only a planned one can be decided.`);
    const after = await caseById(db, id);
    return after && caseView(needs, after);
  };
  app.post('/cases/:id/approve', { schema: { params: Id, body: Decision } }, async ({ params, body, actor }) =>
    decide(params.id, () => approveCase(needs, params.id, actor.id, body?.reason)),
  );
  app.post('/cases/:id/refuse', { schema: { params: Id, body: Decision } }, async ({ params, body, actor }) => {
    // Art. 12(4): a refusal tells its reasons
    if (!body?.reason) throw badRequest('reason: a refusal needs its reason');
    return decide(params.id, () => refuseCase(needs, params.id, actor.id, body.reason ?? ''));
  });
  app.post('/cases/:id/extend', { schema: { params: Id } }, async () => {
    throw later('Extending a case');
  });
  app.post('/cases/:id/pause', { schema: { params: Id } }, async () => {
    throw later('Pausing a case');
  });

  app.get('/erasures', async ({ scope }) => {
    const matrix = [];
    for (const { id, subject } of await erasureCases(db, scope)) {
      matrix.push({ case: id, subject, deadline: null, duties: (await dutiesOf(db, subject)).map((d) => dutyView(needs, d)) });
    }
    return matrix;
  });
};

async function subjectOf(
  needs: Needs,
  body: { subject?: string | undefined; email?: string | undefined },
  scope: Scope,
): Promise<SubjectRow> {
  if (body.subject) {
    const subject = await subjectById(needs.db, body.subject);
    if (!subject) throw notFound('data subject');
    return subject;
  }
  if (!body.email) throw badRequest('subject or email is missing');
  const normal = normalise('email', body.email);
  if (normal === null) throw badRequest('email: this is no e-mail address');
  const found = (await subjectsByIdentifier(needs.db, 'email', needs.vault.hash('email', normal))).filter(
    (s) => s.state !== 'erased' && sees(scope, s),
  );
  const [subject] = found;
  if (!subject)
    throw new ProblemError(404, 'Not found', 'Nobody is known by this address; an erased person is not known any more.');
  if (found.length > 1)
    throw refused('More than one person has this address; say which by its id.', { subjects: found.map((s) => s.id) });
  return subject;
}

/** The person's values for the case envelope: the ledger's, or read from the register just now. */
async function valuesNow(needs: Needs, subject: SubjectRow): Promise<Fields> {
  const kept = fieldsOfVersion(needs.vault, subject, await latestVersion(needs.db, subject.id));
  if (kept) return kept;
  const { register } = registerOf(needs, subject.register);
  for (const row of await registerRecords(needs.db, subject.id)) {
    if (row.state !== 'present') continue;
    const look = await register.look(needs.vault.unsealJson<RemoteRef>(`register:${row.register}`, row.sealed_ref), freeCall);
    if (look.kind === 'found') return declaredFields(needs, fieldsOf(look.record.person));
  }
  return {};
}
