import type { FieldName, Fields, FieldValue } from '../../core/person.ts';
import type { RemoteRef } from '../connector.ts';
import { internationalDigits } from '../phone.ts';
import type { Ga4Settings } from './settings.ts';

/** The four ways to name a user, of which a request takes exactly one. */
export type Kind = 'clientId' | 'userId' | 'appInstanceId' | 'userProvidedData';

/** A property, and by which identifier and from which field a user is named in it. */
export interface Place {
  property: string;
  kind: Kind;
  field: FieldName;
}

const nameOf = ({ property, kind, field }: Place) => `${property}/${kind}${kind === 'userProvidedData' ? `:${field}` : ''}`;

/** Every place that the settings make, by its name. */
export function placesOf({ properties, identifiers }: Ga4Settings): ReadonlyMap<string, Place> {
  const { userProvidedData, ...ids } = identifiers;
  const named = (['clientId', 'userId', 'appInstanceId'] as const).flatMap((kind) => {
    const field = ids[kind];
    return field ? [{ kind, field }] : [];
  });
  const provided = userProvidedData.map((field) => ({ kind: 'userProvidedData' as const, field }));
  const places = properties.flatMap((property) => [...named, ...provided].map((one): Place => ({ property, ...one })));
  return new Map(places.map((place) => [nameOf(place), place]));
}

/** Property and kind of a place by its name alone: a row may outlive the settings that made it. */
export function parsePlace(name: string): Pick<Place, 'property' | 'kind'> {
  const [property = '', rest = ''] = name.split('/');
  return { property, kind: rest.split(':')[0] as Kind };
}

/** Where a person with these values is, or null where they hold no such identifier. */
export function refIn(place: Place, fields: Fields, countryCode: string): RemoteRef | null {
  const id = identifier(place, fields[place.field], countryCode);
  return id === null ? null : { place: nameOf(place), id };
}

function identifier({ kind, field }: Place, value: FieldValue | undefined, countryCode: string): string | null {
  // a client id that was read as a number has lost digits
  if (typeof value === 'number' && (kind === 'clientId' || !Number.isSafeInteger(value))) return null;
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).trim();
  if (text === '') return null;
  if (kind === 'clientId') return clientIdOf(text);
  if (kind !== 'userProvidedData') return text;
  if (field !== 'email') return digits(text, countryCode);
  return providedEmail(text);
}

const digits = (text: string, countryCode: string) => {
  const whole = internationalDigits(text, countryCode);
  return whole === null ? null : `+${whole}`;
};

/** `GA1.2.1234567890.1700000000` is the cookie; the client id is what follows its version and its depth. */
export const clientIdOf = (text: string): string => text.replace(/^GA\d+\.\d+(-\d+)?\./, '');

/** An e-mail address as Google's page spells user-provided data: not hashed. */
export function providedEmail(text: string): string | null {
  const spelled = text.replace(/\s/g, '').toLowerCase();
  const [local = '', domain = '', ...more] = spelled.split('@');
  if (local === '' || domain === '' || more.length > 0) return null;
  return domain === 'gmail.com' || domain === 'googlemail.com' ? `${local.replaceAll('.', '')}@${domain}` : spelled;
}

const v3Types = { clientId: 'CLIENT_ID', userId: 'USER_ID', appInstanceId: 'APP_INSTANCE_ID' } as const;

/** The request for one identifier, in the form of the Admin API or of the older one. */
export function requestFor(
  { api, version }: Pick<Ga4Settings, 'api' | 'version'>,
  { property, kind }: Pick<Place, 'property' | 'kind'>,
  id: string,
): { path: string; body: unknown } {
  if (api === 'admin' || kind === 'userProvidedData')
    return { path: `/${version}/properties/${property}:submitUserDeletion`, body: { [kind]: id } };
  return {
    path: '/analytics/v3/userDeletion/userDeletionRequests:upsert',
    body: { kind: 'analytics#userDeletionRequest', id: { type: v3Types[kind], userId: id }, propertyId: property },
  };
}
