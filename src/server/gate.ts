import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Scope } from '../core/scope.ts';
import type { Db } from '../store/database.ts';
import { hiddenAmong } from '../store/scope.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Puts an id that nobody has in the place of every id, in path, query or body, that names something beyond the scope. The route then
 * answers what it answers for an id that does not exist, word for word, whichever route it is: nobody learns that there is more.
 */
export async function closeTo(request: FastifyRequest, db: Db, scope: Scope): Promise<void> {
  const parts = [request.params, request.query, request.body];
  const ids = new Set<string>();
  for (const part of parts)
    each(part, (text) => {
      if (uuid.test(text)) ids.add(text.toLowerCase());
      return undefined;
    });
  const hidden = await hiddenAmong(db, scope, [...ids]);
  if (hidden.size === 0) return;
  const nobody = randomUUID();
  for (const part of parts) each(part, (text) => (hidden.has(text.toLowerCase()) ? nobody : undefined));
}

/** Visits every text in a value; what the visitor answers takes its place. */
function each(value: unknown, visit: (text: string) => string | undefined): void {
  // bytes name nobody, and a file of a form holds the whole form once more
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  if ('fieldname' in value && 'fields' in value) {
    const part = value as { value?: unknown };
    const other = typeof part.value === 'string' ? visit(part.value) : undefined;
    if (other !== undefined) part.value = other;
    return;
  }
  const holder = value as Record<string, unknown>;
  for (const [key, inner] of Object.entries(holder)) {
    if (typeof inner !== 'string') each(inner, visit);
    else {
      const other = visit(inner);
      if (other !== undefined) holder[key] = other;
    }
  }
}
