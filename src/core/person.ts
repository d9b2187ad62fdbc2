/**
 * The canonical person: what every register's row is mapped to and every recipient's row is mapped from.
 * The names are fixed by the configuration format; a connector's mapping translates to and from the vendor's own.
 */

export interface Address {
  street?: string;
  postcode?: string;
  city?: string;
  country?: string;
}

export interface OrganisationName {
  name?: string;
  businessId?: string;
}

/** Every value a system may be given about a person. Absent and empty mean the same: nothing is known. */
export interface Person {
  givenName?: string;
  familyName?: string;
  email?: string;
  phone?: string;
  mobile?: string;
  jobTitle?: string;
  organisation?: OrganisationName;
  customerNumber?: string;
  /** ISO 8601 calendar date, `YYYY-MM-DD`. */
  birthDate?: string;
  /** Finnish personal identity code; reaches a system only where a purpose declares it. */
  identityCode?: string;
  address?: Address;
  billingAddress?: Address;
  /** BCP 47 tag, lower case: `fi`, `sv`, `en`. */
  language?: string;
  /** Company-specific fields, declared as `custom.<name>`. */
  custom?: Record<string, string | number | boolean>;
}

/** A field's canonical name, as purposes list it: a key of `Person`, or `custom.<name>`. */
export type FieldName = Exclude<keyof Person, 'custom'> | `custom.${string}`;

export type FieldValue = string | number | boolean | Address | OrganisationName;

/** A person seen as a flat list of fields; the form in which policy, fingerprints and diffs work. */
export type Fields = Partial<Record<FieldName, FieldValue>>;

export const fieldNames = [
  'givenName',
  'familyName',
  'email',
  'phone',
  'mobile',
  'jobTitle',
  'organisation',
  'customerNumber',
  'birthDate',
  'identityCode',
  'address',
  'billingAddress',
  'language',
] as const satisfies readonly FieldName[];

/** Flattens a person; empty strings and empty objects are left out, so "absent" has one spelling. */
export function fieldsOf(person: Person): Fields {
  const fields: Fields = {};
  for (const name of fieldNames) {
    const value = compact(person[name]);
    if (value !== undefined) fields[name] = value;
  }
  for (const [name, value] of Object.entries(person.custom ?? {})) {
    const kept = compact(value);
    if (kept !== undefined) fields[`custom.${name}`] = kept;
  }
  return fields;
}

function compact(value: FieldValue | undefined): FieldValue | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim();
  if (typeof value !== 'object') return value;
  const parts = Object.entries(value).filter(([, part]) => typeof part === 'string' && part.trim() !== '');
  return parts.length === 0 ? undefined : Object.fromEntries(parts.map(([key, part]) => [key, String(part).trim()]));
}
