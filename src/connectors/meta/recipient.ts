import type { Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import { removalsOf } from '../unseen.ts';
import type { MetaClient } from './client.ts';
import { parsePlace, placesOf, refIn } from './mapping.ts';
import type { MetaSettings } from './settings.ts';

const refused = (code: string): Written => ({ kind: 'refused', code });
/** What Meta does not let us do, and the people who run the advertisements can. */
const forPeople = (code: string): Written => ({ kind: 'refused', code, ask: true });

/**
 * The verbs on people in customer lists. Every one of them is a removal from each list of the ad account, lists made since included; to
 * be out of a list is to be no longer shown its advertisements.
 */
export function recipientOf(client: MetaClient, settings: MetaSettings): Recipient {
  async function remove(ref: RemoteRef, call: Call): Promise<Written> {
    const { account, key } = parsePlace(ref.place);
    const said = new Set<Awaited<ReturnType<MetaClient['remove']>>>();
    // one list that refuses keeps nobody in the others
    for (const { id } of await client.customerLists(account, call)) said.add(await client.remove(id, key, ref.id, call));
    if (said.has('flagged')) return forPeople('audience-flagged');
    if (said.has('closed')) return forPeople('audience-closed');
    if (said.has('invalid')) return refused('identifier-invalid');
    return said.has('accepted') ? { kind: 'accepted', ref } : refused('no-customer-list');
  }

  return {
    ...removalsOf(placesOf(settings), (place, fields) => refIn(place, fields, settings.countryCode), remove),
    restrict: (ref, _permissions, call) => remove(ref, call),
  };
}
