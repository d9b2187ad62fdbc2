import { z } from 'zod';
import { fieldNames } from '../../core/person.ts';

const parts = ['street', 'postcode', 'city', 'country'] as const;
const mappable = new Set<string>([
  ...fieldNames,
  ...(['address', 'billingAddress'] as const).flatMap((name) => parts.map((part) => `${name}.${part}`)),
  'organisation.name',
  'organisation.businessId',
]);

/** A canonical field on the left of a map, and what may stand there. */
const MapKey = z.string().refine((name) => mappable.has(name) || /^custom\.\S+$/.test(name), {
  error: `not a canonical field; known are ${[...mappable].join(', ')} and custom.<name>`,
});

/**
 * A vendor field: `PHONE_HOME`, `Customer_No__c`; for a whole address the prefix of its five fields, `ADDRESS_OTHER`; with
 * `organisation.` in front, a field of the record's organisation.
 */
const VendorField = z.string().regex(/^(organisation\.)?[A-Za-z][A-Za-z0-9_]*$/, { error: 'not a field name of Insightly' });

const FieldMap = z.record(MapKey, VendorField);
export type FieldMap = z.infer<typeof FieldMap>;

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

export const InsightlySettings = z.strictObject({
  /** Canonical field → vendor field, where the default does not fit; custom fields hold for leads too. */
  map: FieldMap.default({}),
  /** The same for leads alone; stronger than `map`. */
  leadMap: FieldMap.default({}),
  leads: z.boolean().default(true),
  leadRole: z.string().min(1).default('prospect'),
  /** Read the organisation of each person; off where the plan or the key has none. */
  organisations: z.boolean().default(true),
  /** IANA name of the zone in which the users work, for birth dates that are kept as a moment in UTC. */
  timeZone: z.string().refine(isTimeZone, { error: 'not a time zone; write it like Europe/Helsinki' }).optional(),
  /** Seconds that each poll looks behind the last change seen; at least 1, because the filter excludes its own second. */
  overlapSeconds: z.number().int().min(1).max(3600).default(5),
  /** Insightly gives 500 rows at most. */
  pageSize: z.number().int().min(1).max(500).default(500),
  requestsPerSecond: z.number().int().min(1).max(10).default(4),
  connections: z.number().int().min(1).max(10).default(4),
  /** Whether a write sends all custom fields of the record or only the changed one; Insightly does not document which is right. */
  customFieldWrites: z.enum(['whole', 'changed']).default('whole'),
  /** The UTC hour at which the daily quota starts anew; the vendor does not say. */
  quotaResetHourUtc: z.number().int().min(0).max(23).default(0),
});
export type InsightlySettings = z.infer<typeof InsightlySettings>;
