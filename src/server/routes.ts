import { z } from 'zod';
import type { Scope } from '../core/scope.ts';
import type { Needs } from '../jobs/needs.ts';
import type { Actor } from './auth.ts';

/** What every file of routes is handed. */
export interface RouteOptions {
  needs: Needs;
  testClock?: boolean;
  /** Where the console is reached, for links that are handed over. */
  origin?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor;
    /** Whom the actor sees on this route. */
    scope: Scope;
  }
}

/** A stretch of a long list; without it, the first 500. */
export const Stretch = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(500),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

/** The one path parameter that most routes have. */
export const Id = z.object({ id: z.uuid({ error: 'must be an id as Kaiku gives them' }) });
