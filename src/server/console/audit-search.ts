import { z } from 'zod';
import { actions } from '../../core/audit-entry.ts';

/** An empty field of a form says nothing. */
export const filled = <T extends z.ZodType>(schema: T) => z.preprocess((v) => (v === '' ? undefined : v), schema.optional());
const code = z
  .string()
  .max(100)
  .regex(/^[\w.:@-]+$/, { error: 'must be a code as the log has them' });
/** What the search form of the log may say. */
export const Search = z.object({
  action: filled(z.enum(actions, { error: 'is no action of the log' })),
  system: filled(code),
  case: filled(z.uuid({ error: 'must be the id of a case' })),
  actor: filled(code),
  day: filled(z.iso.date({ error: 'must be a day as 2026-03-01' })),
  before: filled(z.coerce.number().int().positive()),
});
export type Search = z.infer<typeof Search>;
