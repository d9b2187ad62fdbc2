import type { Recipient } from '../connector.ts';
import { removalsOf } from '../unseen.ts';
import type { Ga4Client } from './client.ts';
import { parsePlace, placesOf, refIn } from './mapping.ts';
import type { Ga4Settings } from './settings.ts';

/** The verbs on users of Google Analytics, which deletes by an identifier and can do nothing else with a person. */
export function recipientOf(client: Ga4Client, settings: Ga4Settings): Recipient {
  return {
    ...removalsOf(
      placesOf(settings),
      (place, fields) => refIn(place, fields, settings.countryCode),
      async (ref, call) => {
        const said = await client.submitDeletion(parsePlace(ref.place), ref.id, call);
        if (said === 'accepted') return { kind: 'accepted', ref };
        if (said === 'property-missing') return { kind: 'refused', code: 'property-missing' };
        return { kind: 'refused', code: 'identifier-invalid' };
      },
    ),
    restrict: async () => ({ kind: 'refused', code: 'cannot-restrict' }),
  };
}
