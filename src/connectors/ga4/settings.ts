import { z } from 'zod';
import { fieldNames } from '../../core/person.ts';

const Canonical = z.union([z.enum(fieldNames), z.templateLiteral(['custom.', z.string().min(1)])], {
  error: `must be one of ${fieldNames.join(', ')} or custom.<name>`,
});

/** The kinds of identifiers that Google Analytics deletes by; each names the canonical field that the register keeps it in. */
const Identifiers = z
  .strictObject({
    /** The value of the `_ga` cookie, whole or its last two parts. */
    clientId: Canonical.optional(),
    /** Only where the site itself gives its visitors an id. */
    userId: Canonical.optional(),
    appInstanceId: Canonical.optional(),
    /** Only where the collection of user-provided data is switched on in the property. */
    userProvidedData: z.array(z.enum(['email', 'phone', 'mobile'])).default([]),
  })
  .refine(({ userProvidedData, ...ids }) => userProvidedData.length > 0 || Object.values(ids).some(Boolean), {
    error: 'name at least one field that holds an identifier',
  });

const isSafe = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname));
};

export const Ga4Settings = z
  .strictObject({
    /** The numbers of the properties; a person is deleted in each. */
    properties: z.array(z.string().regex(/^\d+$/, { error: 'not the number of a property' })).min(1),
    identifiers: Identifiers,
    /** `admin`: the Admin API's `submitUserDeletion`. `v3`: the older User Deletion API, at another `baseUrl`. */
    api: z.enum(['admin', 'v3']).default('admin'),
    /** Of the Admin API; an alpha version promises no stability. */
    version: z
      .string()
      .regex(/^v\d+[a-z0-9]*$/, { error: 'a version is a v and a number, like v1alpha' })
      .default('v1alpha'),
    /** Where an access token is asked for. */
    tokenUrl: z
      .string()
      .refine(isSafe, { error: 'must be https, or http to loopback' })
      .default('https://oauth2.googleapis.com/token'),
    /** Of telephone numbers that are written without one. */
    countryCode: z
      .string()
      .regex(/^[1-9]\d{0,2}$/, { error: 'the digits alone, like 358' })
      .default('358'),
  })
  .refine(({ api, identifiers }) => api === 'admin' || identifiers.userProvidedData.length === 0, {
    error: 'the v3 API knows nobody by user-provided data',
    path: ['identifiers', 'userProvidedData'],
  });
export type Ga4Settings = z.infer<typeof Ga4Settings>;
