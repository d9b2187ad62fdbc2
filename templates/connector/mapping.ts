import { z } from 'zod';
import type { Fields } from '../../core/person.ts';
import type { Profile } from '../connector.ts';

/** A row of Acme: the few fields that we read, and nothing else of it. */
export const Row = z.looseObject({
  id: z.string().min(1),
  email: z.string().min(1),
  firstName: z.string(),
  lastName: z.string(),
  mailing: z.boolean(),
});
export type Row = z.infer<typeof Row>;

export const place = 'people';

export const toProfile = ({ id, email, firstName, lastName, mailing }: Row): Profile => ({
  ref: { place, id },
  fields: {
    email,
    ...(firstName === '' ? {} : { givenName: firstName }),
    ...(lastName === '' ? {} : { familyName: lastName }),
  },
  standing: mailing ? 'active' : 'restricted',
  refused: false,
});

/** Absent is left as it is, blanked is written out: Acme clears a text with ''. The standing is in no correction. */
export function toBody(fields: Fields, blanked: readonly string[] = []): Partial<Row> {
  const text = (name: 'givenName' | 'familyName') => (blanked.includes(name) ? '' : fields[name]);
  const body = { email: fields.email && spell(fields.email), firstName: text('givenName'), lastName: text('familyName') };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** How Acme keeps an address, and so how it reads back. */
export const spell = (email: unknown): string => String(email).trim().toLowerCase();
