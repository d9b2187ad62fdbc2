import type { Fields } from '../../core/person.ts';
import { isStaff } from '../../core/scope.ts';
import type { Profile, Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient } from './client.ts';
import { blockVerbs, contactVerbs } from './contacts.ts';
import { type Card, type Customers, customersOf, type Unread } from './customers.ts';
import type { CardValues } from './elements.ts';
import { type Finding, findingOf, isOrganisation } from './finding.ts';
import { type Invoices, invoicesOf } from './invoices.ts';
import {
  asHeld,
  blockProfile,
  cardProfile,
  carriesOf,
  contactProfile,
  correctedCard,
  differing,
  isPersonCard,
  places,
  profilesOf,
  together,
} from './mapping.ts';
import { soleTraderOf } from './names.ts';
import { accepted, forPeople, notFound, refused, refusedBy } from './said.ts';
import type { NetvisorSettings } from './settings.ts';
import { strippingOf } from './stripping.ts';
import { isRefused, type Writes, writesOf } from './writes.ts';

export interface RecipientNeeds {
  client: NetvisorClient;
  settings: NetvisorSettings;
  now(): Date;
}

/**
 * The verbs, each by the place of its row. Every one of them reads first, compares, and sends only what differs; a firm's card is
 * never listed as a person, corrected, stripped or deleted.
 */
export function recipientOf({ client, settings, now }: RecipientNeeds): Recipient {
  const customers = customersOf(client);
  const writes = writesOf(client, settings);
  const finding = findingOf(customers, settings.nameOrder);
  const needs = { customers, finding, writes, settings, invoices: invoicesOf(client) };
  const contact = contactVerbs(needs);
  const block = blockVerbs(needs);
  const card = cardVerbs(needs);
  const stripping = strippingOf(needs);
  const isCard = ({ place }: RemoteRef) => place === 'customer';

  return {
    places,
    serves: (role) => !isStaff(role),
    carries: carriesOf(settings),
    together,
    placesFor: (fields) => (isContactOfAFirm(fields) ? ['contact'] : ['customer']),
    asHeld: (fields, place) => asHeld(fields, place ?? 'customer', settings),

    async read(ref, call) {
      if (ref.place === 'contact') {
        const found = await contact.look(ref, call);
        return found && contactProfile(found.card, found.person, settings);
      }
      if (ref.place === 'card-contact') {
        const found = await block.look(ref, call);
        return found && blockProfile(found, settings);
      }
      const found = await customers.get(ref.id, call);
      return found && cardProfile(found, settings);
    },

    async find(fields, place, call) {
      // the block has no key of its own to find it by
      if (place === 'card-contact') return [];
      if (place === 'contact') return contact.profiles(fields, call);
      return (await finding.cards(fields, call)).map((found) => cardProfile(found, settings));
    },

    async create(fields, place, call) {
      if (place === 'contact') return contact.create(fields, call);
      return place === 'customer' ? card.create(fields, call) : refused('not-created-here');
    },

    rectify(ref, fields, blanked, call) {
      const verbs = isCard(ref) ? card : ref.place === 'contact' ? contact : block;
      return verbs.rectify(ref, fields, blanked, call);
    },

    async restrict(ref, _permissions, call) {
      return isCard(ref) ? card.restrict(ref, call) : refused('no-restriction');
    },

    erase(ref, call) {
      const verbs = isCard(ref) ? card : ref.place === 'contact' ? contact : block;
      return verbs.erase(ref, call);
    },

    bound: async (ref, call) => (isCard(ref) ? stripping.bound(ref.id, call) : null),
    strip: async (ref, bound, call) => (isCard(ref) ? stripping.strip(ref.id, bound, call) : refused('not-bound')),
    neutralise: async (ref, call) => (isCard(ref) ? stripping.neutralise(ref.id, call) : refused('no-neutral-values')),

    async *list(call, unread = () => {}) {
      const lines = await customers.list({}, call, unread);
      yield* pages(
        lines.map(({ key }) => key),
        call,
        unread,
      );
    },

    async changes(cursor, call) {
      const next = now().toISOString();
      if (cursor === null) return { profiles: [], cursor: next };
      // whether Netvisor compares with UTC or Finnish time is not known: four hours cover both
      const since = new Date(Date.parse(cursor) - 4 * 3_600_000).toISOString().slice(0, 19);
      // a card that cannot be read changes nothing: what it shows comes with the next resync after it was mended
      const skip = () => {};
      const lines = await customers.list({ changedsince: since }, call, skip);
      const profiles: Profile[] = [];
      for await (const page of pages(
        lines.map(({ key }) => key),
        call,
        skip,
      ))
        profiles.push(...page);
      return { profiles, cursor: next };
    },
  };

  async function* pages(keys: string[], call: Call, unread: Unread): AsyncGenerator<Profile[]> {
    for await (const cards of customers.chunks(keys, call, unread)) yield cards.flatMap((found) => profilesOf(found, settings));
  }
}

/** Who acts for a firm is a contact person of its card; a sole trader is a customer. */
function isContactOfAFirm(fields: Fields): boolean {
  const { organisation } = fields;
  return typeof organisation === 'object' && isOrganisation(organisation) && soleTraderOf(fields) === null;
}

interface CardNeeds {
  customers: Customers;
  finding: Finding;
  invoices: Invoices;
  writes: Writes;
  settings: NetvisorSettings;
}

function cardVerbs({ customers, finding, invoices, writes, settings }: CardNeeds) {
  async function edit(found: Card, ref: RemoteRef, fresh: CardValues, call: Call): Promise<Written> {
    const changes = differing(fresh, found);
    return Object.keys(changes).length === 0 ? accepted(ref) : send(found, ref, changes, call);
  }

  async function send(found: Card, ref: RemoteRef, changes: CardValues, call: Call): Promise<Written> {
    const said = await writes.editCard(found.key, changes, call);
    if (!isRefused(said)) return accepted(ref);
    return said.refusal === 'invalid' && (await customers.get(found.key, call)) === null ? notFound : refusedBy(said);
  }

  return {
    async create(fields: Fields, call: Call): Promise<Written> {
      // an empty card: every field that is given differs from it
      const fresh = correctedCard({ key: '', values: {}, persons: [] }, fields, [], settings);
      if (typeof fresh === 'string') return refused(fresh);
      if (!fresh.Name) return refused('name-needed');
      if ((await finding.cards(fields, call)).length > 0) return { kind: 'exists' };
      const filled = Object.fromEntries(Object.entries(fresh).filter(([, value]) => value !== ''));
      const said = await writes.addCard({ ...filled, IsActive: '1', IsPrivateCustomer: soleTraderOf(fields) ? '0' : '1' }, call);
      if (!isRefused(said)) return accepted({ place: 'customer', id: said });
      return said.refusal === 'exists' ? { kind: 'exists' } : refusedBy(said);
    },

    async rectify(ref: RemoteRef, fields: Fields, blanked: readonly string[], call: Call): Promise<Written> {
      const found = await customers.get(ref.id, call);
      if (!found) return notFound;
      if (!isPersonCard(found)) return refused('firm-card');
      const fresh = correctedCard(found, fields, blanked, settings);
      return typeof fresh === 'string' ? refused(fresh) : edit(found, ref, fresh, call);
    },

    async restrict(ref: RemoteRef, call: Call): Promise<Written> {
      const found = await customers.get(ref.id, call);
      if (!found) return notFound;
      if (!isPersonCard(found)) return refused('firm-card');
      // sent whatever the look said: a switch that is off twice harms nobody
      return send(found, ref, { IsActive: '0' }, call);
    },

    /** Also of a card with invoices, when the law's time is over: then Netvisor decides. */
    async erase(ref: RemoteRef, call: Call): Promise<Written> {
      const found = await customers.get(ref.id, call);
      if (!found) return notFound;
      if (!isPersonCard(found)) return refused('firm-card');
      const said = await writes.deleteCard(found.key, call);
      if (!isRefused(said)) return accepted(ref);
      // under which code Netvisor says "has invoices" is not published, and "not found" comes under the same: only a look tells
      if ((await customers.get(found.key, call)) === null) return notFound;
      const hanging = await invoices.of(found.key, call);
      if (hanging) return hanging.pending ? forPeople('has-orders') : refused('has-invoices');
      // nothing that we can see holds the card: the code means what it says, and where it says nothing, a person looks
      if (said.otherwise) throw said.otherwise;
      return forPeople('not-deleted');
    },
  };
}
