import { z } from 'zod';
import { fieldNames } from '../../core/person.ts';

const Canonical = z.union([z.enum(fieldNames), z.templateLiteral(['custom.', z.string().min(1)])], {
  error: `must be one of ${fieldNames.join(', ')} or custom.<name>`,
});
const MergeTag = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,9}$/, { error: 'a merge tag is up to ten capital letters, digits and underscores' });

/**
 * The type of a merge field, where a text does not do: `number`; `date` takes a day; `birthday` takes month and day of one; `zip` takes
 * the postcode of an address; `address` takes a whole one, with `state` for those that have none.
 */
const Form = z.enum(['text', 'number', 'date', 'birthday', 'zip', 'address']);
export type Form = z.infer<typeof Form>;
const Slot = z.strictObject({ field: Canonical, as: Form.default('text'), state: z.string().trim().min(1).optional() });

/** On while the field is true, or while it has that value. */
const Wish = z.union([
  Canonical,
  z.strictObject({ field: Canonical, equals: z.union([z.string().min(1), z.number(), z.boolean()]) }),
]);

export const MailchimpSettings = z.strictObject({
  /** Ids of the audiences; a person is one member in each, and the members share nothing. */
  audiences: z.array(z.string().regex(/^[A-Za-z0-9]+$/, { error: 'not the id of an audience' })).min(1),
  /** Merge tag → canonical field. The address is always the member's own and needs no tag. */
  map: z.record(MergeTag, z.union([Canonical, Slot])).default({ FNAME: 'givenName', LNAME: 'familyName' }),
  /** Id of an interest → what switches it. An id belongs to one audience: name one of each. Nothing else is touched. */
  interests: z.record(z.string().regex(/^[A-Za-z0-9]+$/, { error: 'not the id of an interest' }), Wish).default({}),
  /** Name of a tag → what switches it. Tags that are not named here are left alone. */
  tags: z.record(z.string().trim().min(1).max(100), Wish).default({}),
  /** Of the ten that Mailchimp gives a user over all keys and apps. */
  connections: z.number().int().min(1).max(10).default(8),
  /** A mail domain of the company's own, for the marked member that `kaiku check --write-test` makes and removes. */
  checkDomain: z
    .string()
    .regex(/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, { error: 'not a domain' })
    .optional(),
});
export type MailchimpSettings = z.infer<typeof MailchimpSettings>;
