import { z } from 'zod';
import type { InsightlySandbox } from './sandbox-handles.ts';

const kind = z.enum(['contact', 'lead', 'organisation']).default('contact');
const id = z.union([z.string(), z.number()]).transform(String);
const fields = z.record(z.string(), z.unknown()).default({});

const Act = z.discriminatedUnion('do', [
  z.object({ do: z.literal('seed'), count: z.int().min(1).max(100_000) }),
  z.object({ do: z.literal('add'), kind, fields }),
  z.object({ do: z.literal('update'), kind, id, fields }),
  z.object({ do: z.literal('remove'), kind, id }),
  z.object({ do: z.literal('restore'), kind, id }),
  z.object({ do: z.literal('purge') }),
  z.object({ do: z.literal('hide'), kind, id, hidden: z.boolean().default(true) }),
  z.object({ do: z.literal('deny'), kind, status: z.union([z.literal(403), z.literal(404), z.null()]) }),
  z.object({ do: z.literal('move-away'), status: z.union([z.literal(401), z.literal(404), z.null()]) }),
  z.object({ do: z.literal('conceal'), kind, field: z.string(), how: z.enum(['missing', 'null']).nullable() }),
  z.object({ do: z.literal('convert'), id }),
  z.object({ do: z.literal('merge'), winner: id, loser: id }),
  z.object({ do: z.literal('keep-from-deletion'), kind, id }),
  z.object({ do: z.literal('quota'), left: z.int().min(0) }),
]);

/** What `POST /_sandbox/act` may ask: somebody at work in the product. */
export function act(sandbox: InsightlySandbox, what: unknown): unknown {
  const asked = Act.parse(what);
  switch (asked.do) {
    case 'seed':
      return sandbox.seed(asked.count);
    case 'add':
      return { id: sandbox.add(asked.kind, asked.fields) };
    case 'update':
      return sandbox.update(asked.kind, asked.id, asked.fields);
    case 'remove':
      return sandbox.remove(asked.kind, asked.id);
    case 'restore':
      return { id: sandbox.restore(asked.kind, asked.id) };
    case 'purge':
      return sandbox.purge();
    case 'hide':
      return sandbox.hide(asked.kind, asked.id, asked.hidden);
    case 'deny':
      return sandbox.deny(asked.kind, asked.status);
    case 'move-away':
      return sandbox.moveAway(asked.status);
    case 'conceal':
      return sandbox.conceal(asked.kind, asked.field, asked.how);
    case 'convert':
      return { id: sandbox.convert(asked.id) };
    case 'merge':
      return sandbox.merge(asked.winner, asked.loser);
    case 'keep-from-deletion':
      return sandbox.keepFromDeletion(asked.kind, asked.id);
    case 'quota':
      return sandbox.setQuota(asked.left);
  }
}
