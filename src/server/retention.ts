import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { fiPack } from '../core/retention-fi.ts';
import { hasPeriods, periodFindings } from '../core/retention-policy.ts';
import type { Scope } from '../core/scope.ts';
import { holdReason, placeHold, prolongHold, releaseHold } from '../jobs/legal-holds.ts';
import { dayOf, type Needs, now } from '../jobs/needs.ts';
import { type LegalHoldRow, legalHoldById, openLegalHolds } from '../store/legal-holds.ts';
import { openQuestions, type ParkedRow, parkedErasures, parkedYears } from '../store/retention.ts';
import { neededText } from './free-text.ts';
import { subjectNamed } from './people.ts';
import { badRequest, notFound, refused } from './problem.ts';
import { Id, type RouteOptions, Stretch } from './routes.ts';

/** What is kept, by which law and until when; legal holds; what the sweep could not say. For the API and the console alike. */

const day = z.iso.date({ error: 'must be a day as 2031-12-31' });

export const NewHold = z.strictObject({
  subject: z.uuid(),
  system: z.string().max(100).optional(),
  fields: z.array(z.string().min(1).max(100)).min(1).max(50).optional(),
  owner: z.string().trim().min(1).max(100),
  reason: neededText(2000, 'a hold needs its reason'),
  review: day,
});

export const retentionRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const Listing = Stretch.extend({ year: z.coerce.number().int().min(2000).max(2200).optional() });
  app.get('/parked', { schema: { querystring: Listing } }, async ({ query, scope }) => ({
    years: await parkedYears(needs.db, scope),
    parked: (await parkedErasures(needs.db, scope, query, query.year ?? null)).map(parkedView),
  }));

  app.get('/retention', async ({ scope }) => retentionView(needs, scope));

  app.get('/holds', { schema: { querystring: Stretch } }, async ({ query, scope }) =>
    (await openLegalHolds(needs.db, scope, query)).map((found) => legalHoldView(needs, found)),
  );

  app.post('/holds', { schema: { body: NewHold } }, async ({ body, actor }, reply) =>
    reply.status(201).send(legalHoldView(needs, await setHold(needs, body, actor.id))),
  );

  app.post('/holds/:id/release', { schema: { params: Id } }, async ({ params, actor }) =>
    legalHoldView(needs, await liftHold(needs, params.id, actor.id)),
  );

  const Review = { params: Id, body: z.strictObject({ review: day }) };
  app.post('/holds/:id/review', { schema: Review }, async ({ params, body, actor }) =>
    legalHoldView(needs, await keepHold(needs, params.id, body.review, actor.id)),
  );
};

/** A parked erasure: whose, where, what is kept, by which law, until when, and when it is tried. No value of the person. */
export const parkedView = ({ duty, subject, system, place, retained, on, moved }: ParkedRow) => ({
  duty,
  subject,
  system,
  ...(place === null ? {} : { place }),
  retained,
  ...(on ? { on: on.toISOString() } : {}),
  ...(moved ? { moved } : {}),
});

/** What is declared about keeping, what in it a person should look at, and what the sweep could not say. */
export async function retentionView(needs: Needs, scope: Scope) {
  return {
    pack: { id: fiPack.id, version: fiPack.version, date: fiPack.date },
    sweeps: hasPeriods(needs.config),
    findings: periodFindings(needs.config).map(({ code, name, params }) => ({ code, purpose: name, params })),
    questions: (await openQuestions(needs.db, scope)).map(({ code, about, trigger, role, n, since }) => ({
      code,
      purpose: about,
      ...(trigger ? { trigger } : {}),
      role,
      people: n,
      since: since.toISOString(),
    })),
  };
}

export const legalHoldView = (needs: Needs, found: LegalHoldRow) => ({
  id: found.id,
  subject: found.subject,
  ...(found.system ? { system: found.system } : {}),
  ...(found.fields ? { fields: found.fields } : {}),
  owner: found.owner,
  reason: holdReason(needs, found),
  review: found.review,
  placedAt: found.placed_at.toISOString(),
  placedBy: found.placed_by,
  ...(found.released_at ? { releasedAt: found.released_at.toISOString(), releasedBy: found.released_by } : {}),
});

/** Places a legal hold, or says what is wrong with it. */
export async function setHold(needs: Needs, ask: z.infer<typeof NewHold>, by: string): Promise<LegalHoldRow> {
  const subject = await subjectNamed(needs, ask.subject);
  if (ask.system !== undefined && !Object.hasOwn(needs.config.systems, ask.system))
    throw badRequest(`system: there is no system "${ask.system}"`, { code: 'no-such-system' });
  if (ask.review <= dayOf(await now(needs)))
    throw badRequest('review: must be a day to come, on which the owner is asked whether the hold is still needed', {
      code: 'review-past',
    });
  const id = await placeHold(needs, {
    subject: subject.id,
    system: ask.system ?? null,
    fields: ask.fields ?? null,
    owner: ask.owner,
    reason: ask.reason,
    review: ask.review,
    by,
  });
  return legalHoldNamed(needs, id ?? '');
}

async function legalHoldNamed(needs: Needs, id: string): Promise<LegalHoldRow> {
  const found = id ? await legalHoldById(needs.db, id) : undefined;
  if (!found) throw notFound('legal hold');
  return found;
}

const liftedBefore = () => refused('This hold was lifted before.', { code: 'hold-lifted' });

export async function liftHold(needs: Needs, id: string, by: string): Promise<LegalHoldRow> {
  await legalHoldNamed(needs, id);
  if (!(await releaseHold(needs, id, by))) throw liftedBefore();
  return legalHoldNamed(needs, id);
}

export async function keepHold(needs: Needs, id: string, review: string, by: string): Promise<LegalHoldRow> {
  await legalHoldNamed(needs, id);
  if (review <= dayOf(await now(needs)))
    throw badRequest('review: must be a day to come, on which the owner is asked again', { code: 'review-past' });
  if (!(await prolongHold(needs, id, review, by))) throw liftedBefore();
  return legalHoldNamed(needs, id);
}
