import { z } from 'zod';
import { neededText } from '../free-text.ts';
import { liftHold, setHold } from '../retention.ts';
import { Id } from '../routes.ts';
import { rolesOf } from './may.ts';
import { page } from './page.ts';
import { optionalText } from './people.tsx';

/** Placing and lifting legal holds; each form does what the API's route does. */
export const legalHoldActs = [
  page({
    method: 'POST',
    path: '/people/:id/hold',
    roles: rolesOf('POST /holds'),
    params: Id,
    body: z.object({
      system: optionalText(100),
      fields: z.union([z.array(z.string()), z.string().transform((one) => [one])]).optional(),
      owner: z.string().trim().min(1).max(100),
      reason: neededText(2000, 'a hold needs its reason'),
      review: z.iso.date(),
    }),
    handle: async ({ needs, actor, params, body }) => {
      const { system, fields, owner, reason, review } = body;
      await setHold(
        needs,
        { subject: params.id, owner, reason, review, ...(system ? { system } : {}), ...(fields ? { fields } : {}) },
        actor.id,
      );
      return { to: `/people/${params.id}`, said: 'holdPlaced' };
    },
  }),
  page({
    method: 'POST',
    path: '/holds/:id/release',
    roles: rolesOf('POST /holds/:id/release'),
    params: Id,
    body: z.object({ back: z.enum(['/parked']).optional().catch(undefined) }),
    handle: async ({ needs, actor, params, body }) => {
      const found = await liftHold(needs, params.id, actor.id);
      return { to: body.back ?? `/people/${found.subject}`, said: 'holdLifted' };
    },
  }),
];
