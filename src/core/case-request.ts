import { parts } from './day.ts';
import { normalise } from './identifier.ts';
import { findIdentityCodes } from './identity-code.ts';
import { type FieldName, type Fields, type FieldValue, fieldNames } from './person.ts';

/** What a person asks for in a case: the corrected values, the permissions or purposes they object to. Checked before it is kept. */
export interface Asked {
  /** Art. 16: the values as they should be; null takes a value away. */
  fields?: Record<string, FieldValue | Record<string, string> | null> | undefined;
  /** Art. 21(2): direct marketing, by the permission that it rests on; without any, all of it. */
  permissions?: readonly string[] | undefined;
  /** Art. 21(1): processing on a legitimate interest, by its purpose. */
  purposes?: readonly string[] | undefined;
}

export interface AskedFault {
  /** `asked.fields.email` */
  at: string;
  code: 'not-a-field' | 'not-declared' | 'not-a-value' | 'nothing-asked' | 'no-permission' | 'no-purpose' | 'not-objectable';
  why: string;
}

export interface KnownToCase {
  /** Fields that some purpose declares. */
  declared: readonly string[];
  permissions: readonly string[];
  /** Name and legal basis. */
  purposes: Readonly<Record<string, { basis: string; permission?: string }>>;
}

const composite: Readonly<Record<string, readonly string[]>> = {
  address: ['street', 'postcode', 'city', 'country'],
  billingAddress: ['street', 'postcode', 'city', 'country'],
  organisation: ['name', 'businessId'],
};
const identifiers: Readonly<Record<string, 'email' | 'phone'>> = { email: 'email', phone: 'phone', mobile: 'phone' };

/** The corrected values in their one spelling, and every fault at once. */
export function checkFields(asked: Asked, known: KnownToCase): { fields: Fields; blanked: FieldName[]; faults: AskedFault[] } {
  const fields: Fields = {};
  const blanked: FieldName[] = [];
  const faults: AskedFault[] = [];
  const given = Object.entries(asked.fields ?? {});
  if (given.length === 0)
    faults.push({ at: 'asked.fields', code: 'nothing-asked', why: 'say which values are wrong, and how they should read' });
  for (const [name, value] of given) {
    const at = `asked.fields.${name}`;
    const isField = (fieldNames as readonly string[]).includes(name) || /^custom\.[A-Za-z0-9_]+$/.test(name);
    if (!isField) faults.push({ at, code: 'not-a-field', why: `is not a field of a person; known are ${fieldNames.join(', ')}` });
    else if (!known.declared.includes(name))
      faults.push({ at, code: 'not-declared', why: 'no purpose of the company uses this field, so there is nothing to correct' });
    else if (value === null || value === '') blanked.push(name as FieldName);
    else {
      const clean = cleanValue(name, value);
      if (clean === undefined) faults.push({ at, code: 'not-a-value', why: `is no ${name}` });
      else fields[name as FieldName] = clean;
    }
  }
  return { fields, blanked, faults };
}

/** One value in its spelling, or undefined where it is none. */
function cleanValue(name: string, value: FieldValue): FieldValue | undefined {
  const inner = composite[name];
  if (inner) {
    if (typeof value !== 'object') return undefined;
    const given = Object.entries(value);
    if (given.some(([part, text]) => !inner.includes(part) || typeof text !== 'string')) return undefined;
    const kept = given.flatMap(([part, text]) => (String(text).trim() === '' ? [] : [[part, String(text).trim()]]));
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }
  if (typeof value === 'object') return undefined;
  if (name.startsWith('custom.')) return typeof value === 'string' ? value.trim() : value;
  const text = String(value).toWellFormed().normalize('NFC').trim();
  const kind = identifiers[name];
  if (kind) return normalise(kind, text) === null ? undefined : text;
  if (name === 'identityCode') return normalise('identityCode', text) ?? undefined;
  if (name === 'birthDate') return isDay(text) ? text : undefined;
  if (name === 'language') return /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(text) ? text.toLowerCase() : undefined;
  // an identity code is no part of a name or a title
  return text.length > 200 || findIdentityCodes(text).length > 0 ? undefined : text;
}

function isDay(text: string): boolean {
  try {
    parts(text);
    return true;
  } catch {
    return false;
  }
}

/** What is objected to: the permissions refused at once (Art. 21(2)–(3)), and the purposes that a person decides on (Art. 21(1)). */
export function checkObjection(
  asked: Asked,
  known: KnownToCase,
): { permissions: string[]; purposes: string[]; faults: AskedFault[] } {
  const faults: AskedFault[] = [];
  const permissions = [...(asked.permissions ?? [])];
  const purposes: string[] = [];
  for (const name of permissions.filter((p) => !known.permissions.includes(p)))
    faults.push({
      at: 'asked.permissions',
      code: 'no-permission',
      why: `there is no permission "${name}"; known are ${known.permissions.join(', ') || 'none'}`,
    });
  for (const name of asked.purposes ?? []) {
    const purpose = known.purposes[name];
    if (!purpose)
      faults.push({
        at: 'asked.purposes',
        code: 'no-purpose',
        why: `there is no purpose "${name}"; known are ${Object.keys(known.purposes).join(', ')}`,
      });
    else if (purpose.permission) permissions.push(purpose.permission);
    else if (purpose.basis !== 'legitimate-interest' && purpose.basis !== 'public-task')
      faults.push({
        at: 'asked.purposes',
        code: 'not-objectable',
        why: `"${name}" rests on ${purpose.basis}; Art. 21(1) lets one object to a legitimate interest or a public task`,
      });
    else purposes.push(name);
  }
  if (asked.permissions === undefined && asked.purposes === undefined) {
    permissions.push(...known.permissions);
    if (permissions.length === 0)
      faults.push({ at: 'asked', code: 'nothing-asked', why: 'say what is objected to: no permission is configured' });
  }
  return { permissions: [...new Set(permissions)], purposes: [...new Set(purposes)], faults };
}
