import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { normalise } from '../core/identifier.ts';
import { sees } from '../core/scope.ts';
import { casesOf } from '../store/cases.ts';
import { dutiesOf } from '../store/duties.ts';
import { disclosuresOf, linksOf, remoteHash } from '../store/records.ts';
import { registerHash, registerRecords, subjectById, subjectsByIdentifier } from '../store/subjects.ts';
import { subjectsByRemote } from '../store/views.ts';
import { badRequest, notFound } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { dutyView } from './shapes.ts';

const Query = z.object({
  email: z.string().optional(),
  phone: z.string().optional(),
  customerNumber: z.string().optional(),
  system: z.string().optional(),
  remoteId: z.string().optional(),
});

/** Finds people through the keyed hashes: what is asked is never stored and never logged. */
export const subjectRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db, vault } = needs;

  app.get('/subjects', { schema: { querystring: Query } }, async ({ query, scope }) => {
    const kinds = (['email', 'phone', 'customerNumber'] as const).filter((kind) => query[kind] !== undefined);
    const found = new Map<string, { id: string; role: string; register: string; state: string }>();
    for (const kind of kinds) {
      const normal = normalise(kind, query[kind] ?? '');
      if (normal === null)
        throw badRequest(
          `${kind}: this is no ${kind === 'email' ? 'e-mail address' : kind === 'phone' ? 'phone number' : 'customer number'}`,
        );
      for (const s of await subjectsByIdentifier(db, kind, vault.hash(kind, normal)))
        found.set(s.id, { id: s.id, role: s.role, register: s.register, state: s.state });
    }
    if (query.system !== undefined || query.remoteId !== undefined) {
      const { system, remoteId } = query;
      if (!system || !remoteId) throw badRequest('system and remoteId go together');
      const connector = needs.connectors[system];
      if (!connector) throw badRequest(`system: there is no system "${system}"`);
      const places = [...(connector.recipient?.places ?? []), ...(connector.register?.objects ?? [])];
      const hashes = places.flatMap((place) => [
        remoteHash(vault, system, place, remoteId),
        registerHash(vault, system, place, remoteId),
      ]);
      for (const { id } of await subjectsByRemote(db, hashes)) {
        const s = await subjectById(db, id);
        if (s) found.set(s.id, { id: s.id, role: s.role, register: s.register, state: s.state });
      }
    } else if (kinds.length === 0) throw badRequest('ask by email, phone, customerNumber, or system and remoteId');
    return [...found.values()].filter((s) => sees(scope, s));
  });

  app.get('/subjects/:id', { schema: { params: Id } }, async ({ params }) => {
    const subject = await subjectById(db, params.id);
    if (!subject) throw notFound('data subject');
    return {
      id: subject.id,
      role: subject.role,
      register: subject.register,
      state: subject.state,
      registerRecords: (await registerRecords(db, subject.id)).map(({ register, place, state }) => ({ register, place, state })),
      version: subject.version,
      duties: (await dutiesOf(db, subject.id)).map((duty) => dutyView(needs, duty)),
      links: (await linksOf(db, subject.id)).map((l) => ({
        id: l.id,
        system: l.recipient,
        place: l.place,
        rule: l.linked_how,
        state: l.state,
        evidence: l.evidence,
        since: l.linked_at.toISOString(),
        ...(l.retained ? { retained: l.retained } : {}),
      })),
      disclosures: (await disclosuresOf(db, subject.id)).map((d) => ({
        system: d.recipient,
        purpose: d.purpose,
        fields: d.fields,
        first: d.first_at.toISOString(),
        last: d.last_at.toISOString(),
      })),
      cases: (await casesOf(db, subject.id)).map((c) => c.id),
    };
  });
};
