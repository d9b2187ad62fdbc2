import { z } from 'zod';
import { fieldNames } from '../../core/person.ts';

const Canonical = z.union([z.enum(fieldNames), z.templateLiteral(['custom.', z.string().min(1)])], {
  error: `must be one of ${fieldNames.join(', ')} or custom.<name>`,
});
const MergeTag = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,9}$/, { error: 'a merge tag is up to ten capital letters, digits and underscores' });

export const MailchimpSettings = z.strictObject({
  /** Ids of the audiences; a person is one member in each, and the members share nothing. */
  audiences: z.array(z.string().regex(/^[A-Za-z0-9]+$/, { error: 'not the id of an audience' })).min(1),
  /** Merge tag → canonical field. The address is always the member's own and needs no tag. */
  map: z.record(MergeTag, Canonical).default({ FNAME: 'givenName', LNAME: 'familyName' }),
  /** Of the ten that Mailchimp gives a user over all keys and apps. */
  connections: z.number().int().min(1).max(10).default(8),
  /** A mail domain of the company's own, for the marked member that `kaiku check --write-test` makes and removes. */
  checkDomain: z
    .string()
    .regex(/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, { error: 'not a domain' })
    .optional(),
});
export type MailchimpSettings = z.infer<typeof MailchimpSettings>;
export type TagMap = MailchimpSettings['map'];
