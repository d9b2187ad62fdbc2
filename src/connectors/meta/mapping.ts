import { createHash } from 'node:crypto';
import type { FieldName, Fields } from '../../core/person.ts';
import type { RemoteRef } from '../connector.ts';
import { internationalDigits } from '../phone.ts';
import type { MetaSettings } from './settings.ts';

/** Meta's name of a key, as a schema lists it. */
export type Key = 'EMAIL' | 'PHONE' | 'EXTERN_ID';

/** An ad account, and by which key and from which field a person is named in its lists. */
export interface Place {
  account: string;
  key: Key;
  field: FieldName;
}

const nameOf = ({ account, key, field }: Place) => `${account}/${key}:${field}`;

/** Every place that the settings make, by its name. */
export function placesOf({ adAccounts, identifiers }: MetaSettings): ReadonlyMap<string, Place> {
  const keys: [Key, readonly FieldName[]][] = [
    ['EMAIL', identifiers.email],
    ['PHONE', identifiers.phone],
    ['EXTERN_ID', identifiers.externId],
  ];
  const places = adAccounts.flatMap((account) =>
    keys.flatMap(([key, fields]) => fields.map((field): Place => ({ account, key, field }))),
  );
  return new Map(places.map((place) => [nameOf(place), place]));
}

/** Account and key of a place by its name alone: a row may outlive the settings that made it. */
export function parsePlace(name: string): Pick<Place, 'account' | 'key'> {
  const [account = '', rest = ''] = name.split('/');
  return { account, key: rest.split(':')[0] as Key };
}

/** What a list would hold of a person with these values, as Meta compares it; null where they have no such identifier. */
export function refIn(place: Place, fields: Fields, countryCode: string): RemoteRef | null {
  const value = fields[place.field];
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const id = compared(place.key, String(value), countryCode);
  return id === null ? null : { place: nameOf(place), id };
}

function compared(key: Key, text: string, countryCode: string): string | null {
  if (key === 'EXTERN_ID') return text.trim() === '' ? null : text;
  const normal = key === 'EMAIL' ? normalEmail(text) : internationalDigits(text, countryCode);
  return normal === null ? null : sha256(normal);
}

/** Trimmed and in lower case, and nothing else: Meta keeps dots and what follows a plus. */
export function normalEmail(text: string): string | null {
  const spelled = text.trim().toLowerCase();
  return /^[^\s@]+@[^\s@]+$/.test(spelled) ? spelled : null;
}

/** SHA-256 of the text in UTF-8, as hexadecimal digits in lower case. */
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** The removal of one person by one key. */
export const payloadOf = (key: Key, value: string) => ({ schema: [key], data: [[value]] });
