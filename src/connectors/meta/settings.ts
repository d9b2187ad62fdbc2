import { z } from 'zod';
import { fieldNames } from '../../core/person.ts';

const Canonical = z.union([z.enum(fieldNames), z.templateLiteral(['custom.', z.string().min(1)])], {
  error: `must be one of ${fieldNames.join(', ')} or custom.<name>`,
});

/** By which of Meta's keys people were uploaded, and the fields that hold them; a removal is sent for each that the person has. */
const Identifiers = z
  .strictObject({
    email: z.array(Canonical).default(['email']),
    phone: z.array(Canonical).default(['phone', 'mobile']),
    /** The company's own number of the person, which goes as it is. */
    externId: z.array(Canonical).default([]),
  })
  .refine((kinds) => Object.values(kinds).some((fields) => fields.length > 0), { error: 'name at least one field' });

export const MetaSettings = z.strictObject({
  /** The ad accounts; a person is taken out of every customer list of each. */
  adAccounts: z.array(z.string().regex(/^act_\d+$/, { error: 'an ad account is act_ and its number' })).min(1),
  identifiers: Identifiers.prefault({}),
  /** Of the Graph API; a version is retired after about a year. */
  version: z
    .string()
    .regex(/^v\d+\.\d+$/, { error: 'a version is like v25.0' })
    .default('v25.0'),
  /** Of telephone numbers that are written without one; as the upload wrote them. */
  countryCode: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, { error: 'the digits alone, like 358' })
    .default('358'),
  /** `form` sends the payload as a field, as on Meta's page; `json` as the body, as known clients do. */
  bodyAs: z.enum(['json', 'form']).default('json'),
});
export type MetaSettings = z.infer<typeof MetaSettings>;
