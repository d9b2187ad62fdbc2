import type { Allowed } from './allowed.ts';
import type { Purpose } from './configuration.ts';
import { type PermissionState, permits } from './permission.ts';
import type { FieldName, Fields } from './person.ts';

/** What one system may be given about a person of one role, just now. */
export interface Grant {
  fields: FieldName[];
  purposes: string[];
  /** Permissions whose absence or refusal closed a purpose. */
  blockedBy: string[];
}

const concerns = (purpose: Purpose, role: string) => purpose.for === undefined || purpose.for.includes(role);

/** The union of the fields of the purposes that are open for this person. */
export function grantFor(
  purposes: readonly Purpose[],
  role: string,
  permissions: Readonly<Record<string, PermissionState>>,
): Grant {
  const grant: Grant = { fields: [], purposes: [], blockedBy: [] };
  for (const purpose of purposes) {
    if (!concerns(purpose, role)) continue;
    if (purpose.permission !== undefined && !permits(permissions[purpose.permission])) {
      if (!grant.blockedBy.includes(purpose.permission)) grant.blockedBy.push(purpose.permission);
      continue;
    }
    grant.purposes.push(purpose.name);
    for (const field of purpose.fields) if (!grant.fields.includes(field)) grant.fields.push(field);
  }
  return grant;
}

/**
 * What may be corrected in a row that a system already holds: the fields of all its purposes for the role, whatever the
 * permissions say. Art. 16 and 19 oblige the controller to tell every recipient that holds the data.
 */
export function rectifiable(purposes: readonly Purpose[], role: string): Grant {
  const grant: Grant = { fields: [], purposes: [], blockedBy: [] };
  for (const purpose of purposes.filter((p) => concerns(p, role))) {
    grant.purposes.push(purpose.name);
    for (const field of purpose.fields) if (!grant.fields.includes(field)) grant.fields.push(field);
  }
  return grant;
}

/** Fields that a system was given for somebody in this role, and that none of the purposes which still need them gives. */
export function givenNoMore(all: readonly Purpose[], still: readonly Purpose[], role: string): FieldName[] {
  const kept = rectifiable(still, role).fields;
  return rectifiable(all, role).fields.filter((field) => !kept.includes(field));
}

/** The one maker of `Allowed`: what is not granted does not pass. */
export function allow(fields: Fields, grant: Pick<Grant, 'fields'>): Allowed<Fields> {
  const passed: Fields = {};
  for (const name of grant.fields) {
    const value = fields[name];
    if (value !== undefined) passed[name] = value;
  }
  return passed as Allowed<Fields>;
}
