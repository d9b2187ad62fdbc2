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

/** A stretch of a long list; without it, the first 500. */
export const Stretch = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(500),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

/** The one path parameter that most routes have. */
export const Id = z.object({ id: z.uuid({ error: 'must be an id as Kaiku gives them' }) });
