import type { Fields } from '../../core/person.ts';
import { nobodyLooks, type Recipient, type RemoteRef, type Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Ga4Client } from './client.ts';
import { parsePlace, placesOf, refIn } from './mapping.ts';
import type { Ga4Settings } from './settings.ts';

/** The verbs on users of Google Analytics, which deletes by an identifier and can do nothing else with a person. */
export function recipientOf(client: Ga4Client, settings: Ga4Settings): Recipient {
  const places = placesOf(settings);
  const refFor = (fields: Fields, name: string) => {
    const place = places.get(name);
    return place ? refIn(place, fields, settings.countryCode) : null;
  };
  const remove = async (ref: RemoteRef, next: RemoteRef, call: Call): Promise<Written> => {
    const said = await client.submitDeletion(parsePlace(ref.place), ref.id, call);
    if (said === 'accepted') return { kind: 'accepted', ref: next };
    if (said === 'property-missing') return { kind: 'refused', code: 'property-missing' };
    return { kind: 'refused', code: 'identifier-invalid' };
  };
  const fieldsOf = (name: string) => {
    const field = places.get(name)?.field;
    return field ? [field] : [];
  };

  return {
    ...nobodyLooks,
    places: [...places.keys()],
    carries: fieldsOf,
    refFor,
    create: async () => ({ kind: 'refused', code: 'cannot-add' }),
    /** Data under an identifier that the register no longer knows could be found by nobody later: it goes with it. */
    async rectify(ref, fields, blanked, call) {
      const isGiven = fieldsOf(ref.place).some((name) => fields[name] !== undefined || blanked.includes(name));
      const next = isGiven ? refFor(fields, ref.place) : ref;
      return next?.id === ref.id ? { kind: 'accepted', ref } : remove(ref, next ?? ref, call);
    },
    restrict: async () => ({ kind: 'refused', code: 'cannot-restrict' }),
    erase: (ref, call) => remove(ref, ref, call),
  };
}
