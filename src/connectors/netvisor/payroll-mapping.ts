import { countryCode } from '../../core/country.ts';
import { canonicalIdentityCode } from '../../core/identity-code.ts';
import type { Address, FieldName, Fields } from '../../core/person.ts';
import type { Profile } from '../connector.ts';
import { addressOf } from './addresses.ts';
import { oneLine } from './elements.ts';
import { type Employee, type EmployeeField, type EmployeeValues, isTooLong } from './employees.ts';
import { emailText } from './mapping.ts';

/** An employee's row and a person: names stand in two elements, the address is the home address, the code is read and never written. */

export const place = 'employee';
export const carries: readonly FieldName[] = ['givenName', 'familyName', 'email', 'phone', 'address', 'identityCode'];

/** What is read of an employee is given out only so far: a business that was added as one is nobody's row. */
export const isPerson = ({ identifiedAs }: Pick<Employee, 'identifiedAs'>): boolean => identifiedAs !== 'company';

export function employeeProfile({ key, values, identityCode }: Employee): Profile {
  const address = addressOf({
    ...(values.streetaddress ? { StreetAddress: values.streetaddress } : {}),
    ...(values.postnumber ? { PostNumber: values.postnumber } : {}),
    ...(values.city ? { City: values.city } : {}),
    ...(values.country ? { Country: values.country } : {}),
  });
  return {
    ref: { place, id: key },
    fields: filled({
      givenName: values.firstname,
      familyName: values.lastname,
      email: values.email,
      phone: values.phonenumber,
      address,
      identityCode,
    }),
    standing: values.activity === '0' ? 'restricted' : 'active',
    refused: false,
  };
}

const filled = (fields: { [name in FieldName]?: Fields[name] | undefined }): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));

/** As long as it is: what does not fit is refused, since a name that was cut would stand in a payslip. */
const whole = (value: unknown): string => (typeof value === 'string' ? oneLine(value, Number.POSITIVE_INFINITY) : '');

function addressValues(value: unknown): EmployeeValues {
  const { street, postcode, city, country }: Address = typeof value === 'object' && value !== null ? value : {};
  const parts = { streetaddress: whole(street), postnumber: whole(postcode), city: whole(city) };
  // a country alone is no address, and Netvisor has one for everybody: Finland where nobody said another
  const isAddress = Object.values(parts).some((part) => part !== '');
  return isAddress ? { ...parts, country: (countryCode(country) ?? 'FI').toLowerCase() } : parts;
}

/** How values read after they were written. */
export function asHeld(fields: Fields): Fields {
  const { streetaddress, postnumber, city, country } = addressValues(fields.address);
  const address = addressOf({
    ...(streetaddress ? { StreetAddress: streetaddress } : {}),
    ...(postnumber ? { PostNumber: postnumber } : {}),
    ...(city ? { City: city } : {}),
    ...(country ? { Country: country } : {}),
  });
  return filled({
    givenName: whole(fields.givenName),
    familyName: whole(fields.familyName),
    email: emailText(fields.email),
    phone: whole(fields.phone),
    address,
    identityCode: codeText(fields.identityCode),
  });
}

const codeText = (value: unknown): string => canonicalIdentityCode(whole(value)) ?? whole(value).toUpperCase();

/** Why part of a correction is not written, as it stands in the ledger. The identity code is the key that Netvisor knows somebody by. */
export type NotTaken = 'identity-code-fixed' | 'name-needed' | 'too-long';

export interface Correction {
  /** The elements that differ and can be written. */
  values: EmployeeValues;
  /** What could not be among them; the worst first. */
  not: readonly NotTaken[];
}

/** What a correction comes to in an employee's row as it was read. */
export function correctionOf(found: Employee, fields: Fields, blanked: readonly string[]): Correction {
  const touched = (name: FieldName) => fields[name] !== undefined || blanked.includes(name);
  const fresh: EmployeeValues = {
    ...(touched('givenName') ? { firstname: whole(fields.givenName) } : {}),
    ...(touched('familyName') ? { lastname: whole(fields.familyName) } : {}),
    ...(touched('phone') ? { phonenumber: whole(fields.phone) } : {}),
    ...(touched('email') ? { email: emailText(fields.email) } : {}),
    ...(touched('address') ? newAddress(found, fields) : {}),
  };
  const not = new Set<NotTaken>();
  if (touched('identityCode') && codeText(fields.identityCode) !== found.identityCode) not.add('identity-code-fixed');
  const values: EmployeeValues = {};
  for (const [name, value] of Object.entries(fresh) as [EmployeeField, string][]) {
    if ((found.values[name] ?? '') === value) continue;
    if (value === '' && (name === 'firstname' || name === 'lastname')) not.add('name-needed');
    else if (isTooLong(name, value)) not.add('too-long');
    else values[name] = value;
  }
  // an address with one part of another would be a wrong one
  if (not.has('too-long') && addressFields.some((name) => isTooLong(name, fresh[name] ?? '')))
    for (const name of addressFields) delete values[name];
  return { values, not: [...not] };
}

const addressFields = ['streetaddress', 'postnumber', 'city', 'country'] as const;

/** An address that reads the same is left as it is spelt there. */
function newAddress(found: Employee, fields: Fields): EmployeeValues {
  const fresh = addressValues(fields.address);
  const there = employeeProfile(found).fields.address;
  return JSON.stringify(there) === JSON.stringify(asHeld({ address: fields.address ?? {} }).address) ? {} : fresh;
}
