import { countryCode } from '../../core/country.ts';
import type { Address, Person } from '../../core/person.ts';
import { fieldsOf } from '../../core/person.ts';
import type { Profile, RegisterOptions, RegisterRecord } from '../connector.ts';
import { dayOf } from './dates.ts';
import { kinds, type Place } from './objects.ts';
import { holds, organisationIdOf, type Row, scalarOf, textOf } from './row.ts';
import type { FieldMap, InsightlySettings } from './settings.ts';

/** What a row is mapped with: the settings, and what the register's configuration says. */
export interface Mapping {
  settings: InsightlySettings;
  register: RegisterOptions | undefined;
}

/** Where each canonical field stands when nobody says otherwise. Addresses are the prefix of five fields. */
const defaults: Record<Place, FieldMap> = {
  contact: {
    givenName: 'FIRST_NAME',
    familyName: 'LAST_NAME',
    email: 'EMAIL_ADDRESS',
    phone: 'PHONE',
    mobile: 'PHONE_MOBILE',
    jobTitle: 'TITLE',
    birthDate: 'DATE_OF_BIRTH',
    address: 'ADDRESS_MAIL',
    'organisation.name': 'organisation.ORGANISATION_NAME',
  },
  lead: {
    givenName: 'FIRST_NAME',
    familyName: 'LAST_NAME',
    email: 'EMAIL',
    phone: 'PHONE',
    mobile: 'MOBILE',
    jobTitle: 'TITLE',
    address: 'ADDRESS',
    'organisation.name': 'ORGANISATION_NAME',
  },
};

/** A contact's invoices go to its company, and without one to its other address. */
const billingPlaces = ['organisation.ADDRESS_BILLING', 'ADDRESS_OTHER'];

/** The map that holds for a kind of rows. A field of contacts that leads do not have is not looked for there. */
export function mapOf(place: Place, settings: InsightlySettings): FieldMap {
  if (place === 'contact') return { ...defaults.contact, ...settings.map };
  const shared = Object.entries(settings.map).filter(([, field]) => field.endsWith('__c') && !field.startsWith('organisation.'));
  return { ...defaults.lead, ...Object.fromEntries(shared), ...settings.leadMap };
}

/** Stands in `events` for the record's own date of change. */
const ownDate = 'changedAt';

const organisationPrefix = 'organisation.';

/** Maps one row. `organisation` is the row's company, where it has one that our key may see. */
export function toPerson(place: Place, row: Row, organisation: Row | null, settings: InsightlySettings): Person {
  const map = mapOf(place, settings);
  const from = (field: string): [Row | null, string] =>
    field.startsWith(organisationPrefix) ? [organisation, field.slice(organisationPrefix.length)] : [row, field];
  const text = (field: string | undefined): string | undefined => {
    if (field === undefined) return undefined;
    const [source, name] = from(field);
    return source === null ? undefined : textOf(source, name);
  };
  const country = (named: string | undefined) => countryCode(named) ?? named;
  const address = (name: 'address' | 'billingAddress', prefix: string | undefined): Address =>
    compact({
      street: text(map[`${name}.street`] ?? (prefix && `${prefix}_STREET`)),
      postcode: text(map[`${name}.postcode`] ?? (prefix && `${prefix}_POSTCODE`)),
      city: text(map[`${name}.city`] ?? (prefix && `${prefix}_CITY`)),
      country: country(text(map[`${name}.country`] ?? (prefix && `${prefix}_COUNTRY`))),
    });
  const billing = map.billingAddress ? [map.billingAddress] : place === 'contact' ? billingPlaces : [];
  const billed = billing
    .map((prefix) => address('billingAddress', prefix))
    .find((found) => found.street || found.postcode || found.city);
  const custom = Object.entries(map).flatMap(([name, field]): [string, string | number | boolean][] => {
    if (!name.startsWith('custom.')) return [];
    const [source, vendorName] = from(field);
    const value = source === null ? null : scalarOf(source, vendorName);
    return value === null || value === '' ? [] : [[name.slice('custom.'.length), value]];
  });
  return compact({
    givenName: text(map.givenName),
    familyName: text(map.familyName),
    email: text(map.email),
    phone: text(map.phone),
    mobile: text(map.mobile),
    jobTitle: text(map.jobTitle),
    organisation: some(
      compact({ name: text(map['organisation.name'] ?? map.organisation), businessId: text(map['organisation.businessId']) }),
    ),
    customerNumber: text(map.customerNumber),
    birthDate: dayOf(text(map.birthDate) ?? '', settings.timeZone),
    identityCode: text(map.identityCode),
    address: some(address('address', map.address)),
    billingAddress: some(billed ?? address('billingAddress', undefined)),
    language: languageTag(text(map.language)),
    custom: some(Object.fromEntries(custom)),
  });
}

export function toRecord(place: Place, row: Row, organisation: Row | null, { settings, register }: Mapping): RegisterRecord {
  const person = toPerson(place, row, organisation, settings);
  const organisationId = place === 'contact' ? organisationIdOf(row) : undefined;
  const became =
    place === 'lead' && holds(row, { field: 'CONVERTED', equals: true }) ? textOf(row, 'CONVERTED_CONTACT_ID') : undefined;
  const said = (what: 'granted' | 'refused') =>
    Object.fromEntries(
      Object.entries(register?.permissions ?? {}).map(([name, fields]) => [
        name,
        fields[what] !== undefined && holds(row, fields[what]),
      ]),
    );
  const events = Object.fromEntries(
    Object.entries(register?.events ?? {}).flatMap(([trigger, field]) => {
      const day = field === ownDate ? undefined : dayOf(textOf(row, field) ?? '', settings.timeZone ?? 'Europe/Helsinki');
      return day === undefined ? [] : [[trigger, day]];
    }),
  );
  return {
    ref: { place, id: row.id },
    role: place === 'lead' ? settings.leadRole : (register?.for ?? 'customer'),
    person,
    ...(organisationId === undefined ? {} : { organisation: { id: organisationId, ...person.organisation } }),
    ...(became === undefined || became === '0' ? {} : { sameAs: { place: 'contact', id: became } }),
    erase: register?.erasureSignal !== undefined && holds(row, register.erasureSignal),
    granted: said('granted'),
    refused: said('refused'),
    ...(Object.keys(events).length > 0 ? { events } : {}),
    changedAt: row.updatedAt,
  };
}

/** The row as a recipient's: restricted as soon as the register itself says that the person refused something. */
export function toProfile(place: Place, row: Row, organisation: Row | null, mapping: Mapping): Profile {
  const { ref, person, refused } = toRecord(place, row, organisation, mapping);
  return {
    ref,
    fields: fieldsOf(person),
    standing: Object.values(refused).some(Boolean) ? 'restricted' : 'active',
    refused: false,
  };
}

/** Every vendor field the configuration names, by the kind of record that must have it; for `check`. */
export function configuredFields({
  settings,
  register,
}: Mapping): { kind: 'contact' | 'lead' | 'organisation'; field: string }[] {
  const found: { kind: 'contact' | 'lead' | 'organisation'; field: string }[] = [];
  const add = (kind: 'contact' | 'lead', name: string, field: string) => {
    const owner = field.startsWith(organisationPrefix) ? 'organisation' : kind;
    const bare = owner === 'organisation' ? field.slice(organisationPrefix.length) : field;
    const isPrefix = (name === 'address' || name === 'billingAddress') && `${bare}_STREET` in kinds[owner].fields;
    if (!isPrefix) found.push({ kind: owner, field: bare });
  };
  for (const [name, field] of Object.entries(settings.map)) add('contact', name, field);
  if (settings.leads) for (const [name, field] of Object.entries(settings.leadMap)) add('lead', name, field);
  const signals = [register?.erasureSignal, ...Object.values(register?.permissions ?? {}).flatMap((p) => [p.granted, p.refused])];
  // a lead may lack a field of contacts without harm: see `probeFields`
  for (const signal of signals) if (signal !== undefined && signal.field !== 'TAGS') add('contact', 'signal', signal.field);
  for (const field of Object.values(register?.events ?? {})) if (field !== ownDate) add('contact', 'event', field);
  return found;
}

const languages: Record<string, string> = {
  finnish: 'fi',
  suomi: 'fi',
  swedish: 'sv',
  svenska: 'sv',
  ruotsi: 'sv',
  english: 'en',
  englanti: 'en',
  engelska: 'en',
};

function languageTag(text: string | undefined): string | undefined {
  const lower = text?.toLowerCase();
  return lower === undefined
    ? undefined
    : (languages[lower] ?? (/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/.test(lower) ? lower : undefined));
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Leaves undefined keys out, so that "absent" has one spelling. */
const compact = <T extends object>(value: T): Partial<Defined<T>> =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<Defined<T>>;

const some = <T extends object>(value: T): T | undefined => (Object.keys(value).length === 0 ? undefined : value);
