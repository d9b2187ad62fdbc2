import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AlreadyErased, openErasureCase } from '../jobs/erasure.ts';
import { now, tell, whose } from '../jobs/needs.ts';
import { linkHeld } from '../jobs/relink.ts';
import { inTransaction } from '../store/database.ts';
import { dutyById, raise, redrive } from '../store/duties.ts';
import { allHeld, decide, heldById } from '../store/held.ts';
import { subjectById } from '../store/subjects.ts';
import { refusing } from './links.ts';
import { badRequest, later, notFound, refused } from './problem.ts';
import { Id, type RouteOptions } from './routes.ts';
import { heldView, verdictsOf } from './shapes.ts';

/** What waits for a person's verdict, and what the machine gave up. */
export const heldRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  const { db } = needs;
  app.get('/held', async ({ scope }) => (await allHeld(db, scope)).map((held) => heldView(needs, held)));

  const Verdict = {
    params: Id.extend({ verdict: z.string() }),
    body: z.strictObject({ subject: z.uuid().optional() }).nullish(),
  };
  app.post('/held/:id/:verdict', { schema: Verdict }, async ({ params, body, actor }) => {
    const held = await heldById(db, params.id);
    if (!held) throw notFound('hold');
    if (verdictsOf[held.kind].length === 0) throw later('A verdict on a re-arrival');
    if (!verdictsOf[held.kind].includes(params.verdict))
      throw badRequest(`verdict: about this the verdict is one of ${verdictsOf[held.kind].join(', ')}`);
    if (params.verdict === 'link') {
      if (!body?.subject) throw badRequest('subject: say whose row it is, as {"subject": "…"}');
      await refusing(linkHeld(needs, held, body.subject, actor.id));
      return { ...heldView(needs, held), verdict: params.verdict };
    }
    return inTransaction(db, async () => {
      if (!(await decide(db, held.id, params.verdict, actor.id))) throw refused('This was decided before.');
      const subject = held.subject ? await subjectById(db, held.subject) : undefined;
      const about = subject ? { subject: whose(subject) } : {};
      await tell(needs, { actor: actor.id, action: 'hold.released', system: held.system, reason: params.verdict, ...about });
      if (subject && held.kind === 'vanished' && params.verdict === 'erase') {
        const opened = await openErasureCase(needs, {
          subject: subject.id,
          source: 'verdict',
          channel: null,
          receivedAt: await now(needs),
          approve: 'person',
          actor: actor.id,
        }).catch((error) => {
          if (error instanceof AlreadyErased) throw refused('This person was erased before; there is nothing left to erase.');
          throw error;
        });
        return { ...heldView(needs, held), verdict: params.verdict, case: opened.id };
      }
      if (subject) await raise(db, { subject: subject.id, lane: 'correction', newId: needs.newId });
      return { ...heldView(needs, held), verdict: params.verdict };
    });
  });

  app.post('/duties/:id/redrive', { schema: { params: Id } }, async ({ params, actor }) => {
    const duty = await dutyById(db, params.id);
    if (!duty) throw notFound('duty');
    if ((await redrive(db, duty.id)) === 0) throw refused('Only a dead duty is put to work again.');
    await tell(needs, {
      actor: actor.id,
      action: 'duty.moved',
      system: duty.recipient,
      duty: duty.id,
      from: 'dead',
      to: 'unknown',
      reason: 're-driven',
    });
    return { id: duty.id };
  });
};
