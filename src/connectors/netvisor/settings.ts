import { z } from 'zod';

/** What one Netvisor connection needs to know besides its four secrets. */
export const NetvisorSettings = z.strictObject({
  /** Business id of the company whose Netvisor this is, with the hyphen. */
  organisationId: z.string().regex(/^\d{6,7}-\d$/, { error: 'must be a business id with its hyphen, as 1234567-1' }),
  /** Of the error texts; Kaiku reads the codes only. */
  language: z.enum(['FI', 'EN', 'SE']).default('FI'),
  /** Name of the integration. Clients disagree on the charset that the signature takes it in: ASCII leaves no question. */
  sender: z
    .string()
    .regex(/^[\x20-\x7e]{1,100}$/, { error: 'must be plain ASCII, without ä, ö and å' })
    .default('Kaiku'),
  mac: z.enum(['HMACSHA256', 'SHA256']).default('HMACSHA256'),
  /** The vendor's own pages disagree; `kaiku check --write-test` in the test company tells which one holds. */
  bodyEncoding: z.enum(['utf-8', 'iso-8859-15']).default('utf-8'),
  /** A card has one name: how it is written there. */
  nameOrder: z.enum(['given-first', 'family-first']).default('given-first'),
  /** Which address of a person is the card's. */
  address: z.enum(['billingAddress', 'address']).default('billingAddress'),
  /** What goes over a card when the law's time is over and Netvisor still refuses to delete it, as agreed with the accountant. */
  neutral: z.strictObject({ name: z.string().min(1).max(250) }).optional(),
});
export type NetvisorSettings = z.infer<typeof NetvisorSettings>;
