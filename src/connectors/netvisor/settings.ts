import { z } from 'zod';

const Text = z.string().min(1);

export const NetvisorSettings = z.strictObject({
  /** The company whose books these are: its business id with the hyphen. */
  organisationId: z.string().regex(/^\d{7}-\d$/, { error: 'a business id is seven digits, a hyphen and one digit' }),
  /** Of the vendor's error texts, which we never keep; also what a contact person is written with. */
  language: z.enum(['FI', 'EN', 'SE']).default('FI'),
  /** Pure ASCII: clients disagree about the character set that the signature hashes. */
  sender: z
    .string()
    .regex(/^[\x20-\x7e]+$/, { error: 'the sender must be plain ASCII' })
    .default('Kaiku'),
  mac: z.enum(['HMACSHA256', 'SHA256']).default('HMACSHA256'),
  /** The vendor's own pages disagree; `kaiku check --write-test` tells which one a company needs. */
  bodyEncoding: z.enum(['utf-8', 'iso-8859-15']).default('utf-8'),
  /** A card has one name. */
  nameOrder: z.enum(['given-first', 'family-first']).default('given-first'),
  /** Which of a person's addresses stands on the card. */
  address: z.enum(['billingAddress', 'address']).default('billingAddress'),
  /** The company's payroll instead of its customers: a system of its own, for staff alone. */
  payroll: z.boolean().default(false),
  /** Agreed with the accountant: what a card is overwritten with that the law has released and Netvisor will not delete. */
  neutral: z.strictObject({ name: Text }).optional(),
});
export type NetvisorSettings = z.infer<typeof NetvisorSettings>;
