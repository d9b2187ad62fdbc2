import { z } from 'zod';

export const PanelSettings = z.strictObject({
  /** Which of a person's two numbers the panel's one is. */
  phone: z.enum(['phone', 'mobile']).default('phone'),
  /** Requests at once that the panel takes. */
  connections: z.number().int().min(1).max(20).default(4),
});
export type PanelSettings = z.infer<typeof PanelSettings>;
