import { z } from 'zod';
import type { Needs } from '../jobs/needs.ts';
import type { Actor } from './auth.ts';

/** What every file of routes is handed. */
export interface RouteOptions {
  needs: Needs;
  testClock?: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor;
  }
}

/** The one path parameter that most routes have. */
export const Id = z.object({ id: z.uuid({ error: 'must be an id as Kaiku gives them' }) });
