import { Failure } from '../../core/failure.ts';
import { normalise } from '../../core/identifier.ts';
import { likeness } from '../../core/likeness.ts';
import { isSoleTrader } from '../../core/organisation.ts';
import type { FieldName, Fields, OrganisationName } from '../../core/person.ts';
import type { Bound, Profile, Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { Card, Contact } from './card.ts';
import { type Customers, chunk, type Told } from './customers.ts';
import {
  asHeld,
  baseElements,
  blockFields,
  cardNow,
  cardValues,
  customerFields,
  cut,
  isPersonal,
  joinName,
  places,
  profilesOf,
} from './mapping.ts';
import type { NetvisorSettings } from './settings.ts';
import { contactMessage, emptyCard, leftOn, neutralCard } from './strip.ts';
import type { Element } from './xml.ts';

const accepted = (ref: RemoteRef): Written => ({ kind: 'accepted', ref });
const written = (told: Told, ref: RemoteRef): Written => (told.kind === 'done' ? accepted(ref) : told);
const base = (values: ReadonlyMap<string, string>): Element[] => [
  ['customer', [['customerbaseinformation', baseElements(values)]]],
];
const sameAddress = (a: unknown, b: unknown) =>
  typeof a === 'string' && typeof b === 'string' && a !== '' && normalise('email', a) === normalise('email', b);
const samePhone = (a: unknown, b: unknown) =>
  typeof a === 'string' && typeof b === 'string' && a !== '' && b !== '' && normalise('phone', a) === normalise('phone', b);

/**
 * The verbs. Everything is read before it is written, and only what differs is sent: an element that is left out stays, one that is
 * sent empty is blanked. No voucher is ever touched.
 */
export function recipientOf(customers: Customers, settings: NetvisorSettings): Recipient {
  const onCard: FieldName[] = [
    'givenName',
    'familyName',
    'email',
    'phone',
    'customerNumber',
    settings.address,
    'identityCode',
    'organisation',
  ];
  const onContact: FieldName[] = ['givenName', 'familyName', 'email', 'phone'];

  const [cardOf, contactOf] = [(ref: RemoteRef) => ref.id.split('/')[0] ?? '', (ref: RemoteRef) => ref.id.split('/')[1] ?? ''];
  const profileIn = (card: Card, ref: RemoteRef): Profile | null =>
    profilesOf(card, settings).find((p) => p.ref.place === ref.place && p.ref.id === ref.id) ?? null;
  const contactIn = (card: Card, ref: RemoteRef): Contact | undefined => card.contacts.find((c) => c.id === contactOf(ref));

  /** The card, if the ref's row is on it. */
  async function look(ref: RemoteRef, call: Call): Promise<Card | null> {
    const card = await customers.get(cardOf(ref), call);
    return card && profileIn(card, ref) ? card : null;
  }

  async function edit(card: Card, values: ReadonlyMap<string, string>, ref: RemoteRef, call: Call): Promise<Written> {
    const now = cardNow(card);
    const differing = new Map([...values].filter(([name, value]) => now.get(name) !== value));
    if (differing.size === 0) return accepted(ref);
    return written(await customers.edit(card.key, base(differing), call), ref);
  }

  /** The contact that is typed onto the card, where it is this person's. */
  const namesThem = ({ block }: Card, person: { email: string; firstName: string; lastName: string }) =>
    sameAddress(block.email, person.email) ||
    (block.name !== '' &&
      likeness(splitBlock(block.name), { givenName: person.firstName, familyName: person.lastName }) === 'same');
  const splitBlock = (name: string) => ({ givenName: name });
  const blockElements = (block: { name?: string; email?: string; phone?: string }): Element[] => [
    [
      'customer',
      [
        [
          'customercontactdetails',
          [
            ...(block.name === undefined ? [] : [['contactperson', cut(block.name, 250)] as Element]),
            ...(block.email === undefined ? [] : [['contactpersonemail', cut(block.email, 200)] as Element]),
            ...(block.phone === undefined ? [] : [['contactpersonphone', cut(block.phone, 80)] as Element]),
          ],
        ],
      ],
    ],
  ];

  const nameOf = (card: Card): Fields => {
    const { givenName, familyName } = customerFields(card, settings);
    return { ...(givenName === undefined ? {} : { givenName }), ...(familyName === undefined ? {} : { familyName }) };
  };

  function blockChanges(card: Card, fields: Fields, blanked: readonly string[]) {
    const change: { name?: string; email?: string; phone?: string } = {};
    if (fields.givenName !== undefined || fields.familyName !== undefined)
      change.name = joinName({ ...blockFields(card, settings), ...fields }, settings.nameOrder);
    if (typeof fields.email === 'string') change.email = fields.email.trim();
    if (typeof fields.phone === 'string') change.phone = fields.phone.trim();
    if (blanked.includes('email')) change.email = '';
    if (blanked.includes('phone')) change.phone = '';
    for (const name of ['name', 'email', 'phone'] as const) if (change[name] === card.block[name]) delete change[name];
    return change;
  }

  async function rectifyContact(
    card: Card,
    ref: RemoteRef,
    fields: Fields,
    blanked: readonly string[],
    call: Call,
  ): Promise<Written> {
    const before = contactIn(card, ref);
    if (!before) return { kind: 'not-found' };
    const value = (name: 'givenName' | 'familyName' | 'email' | 'phone', old: string) =>
      blanked.includes(name) ? '' : typeof fields[name] === 'string' ? fields[name].trim() : old;
    const after: Contact = {
      id: before.id,
      firstName: cut(value('givenName', before.firstName), 100),
      lastName: cut(value('familyName', before.lastName), 100),
      email: cut(value('email', before.email), 200),
      phone: cut(value('phone', before.phone), 80),
    };
    // both names must be there in every message
    if (after.firstName === '' && after.lastName === '') return { kind: 'refused', code: 'name-needed' };
    if (JSON.stringify(after) !== JSON.stringify(before)) {
      const told = await customers.contact(contactMessage('edit', card.key, after, before, settings.language), call);
      if (told.kind === 'refused') return told;
    }
    if (!namesThem(card, before)) return accepted(ref);
    const change = blockChanges(card, fields, blanked);
    return Object.keys(change).length === 0
      ? accepted(ref)
      : written(await customers.edit(card.key, blockElements(change), call), ref);
  }

  return {
    places,
    carries: (place) => (place === 'customer' ? onCard : onContact),
    // a card has one name, which may be the firm's
    together: ['givenName', 'familyName', 'organisation'],
    placesFor: (fields) => {
      const firm = fields.organisation as OrganisationName | undefined;
      return [firm?.name && !isSoleTrader(firm) ? 'contact' : 'customer'];
    },
    asHeld: (fields, place) => asHeld(fields, place, settings),

    async read(ref, call) {
      const card = await customers.get(cardOf(ref), call);
      return card && profileIn(card, ref);
    },

    async find(fields, place, call) {
      if (place === 'card-contact') return [];
      if (place === 'contact') {
        const firm = await firmOf(fields, call);
        return firm ? profilesOf(firm, settings).filter((p) => p.ref.place === 'contact' && isThem(p.fields, fields)) : [];
      }
      return findCustomer(fields, call);
    },

    async create(fields, place, call) {
      if (place === 'contact') return addContact(fields, call);
      const values = cardValues(fields, settings);
      if (!values.get('name')) return { kind: 'refused', code: 'name-needed' };
      if ((await findCustomer(fields, call)).length > 0) return { kind: 'exists' };
      const trader = isSoleTrader(fields.organisation as OrganisationName | undefined);
      values.set('isactive', '1').set('isprivatecustomer', trader ? '0' : '1');
      const elements = baseElements(values);
      // the next free number, where the register has none
      const numbered: Element[] = values.has('internalidentifier')
        ? elements
        : [['internalidentifier', '', { type: 'automatic' }], ...elements];
      const told = await customers.add([['customer', [['customerbaseinformation', numbered]]]], call);
      if (told.kind === 'refused') return told.code === 'duplicate-data' ? { kind: 'exists' } : told;
      return accepted({ place, id: told.key ?? '' });
    },

    async rectify(ref, fields, blanked, call) {
      const card = await look(ref, call);
      if (!card) return { kind: 'not-found' };
      if (ref.place === 'contact') return rectifyContact(card, ref, fields, blanked, call);
      if (ref.place === 'card-contact') {
        const change = blockChanges(card, fields, blanked);
        return Object.keys(change).length === 0
          ? accepted(ref)
          : written(await customers.edit(card.key, blockElements(change), call), ref);
      }
      // half a name is written with the half that is there
      const isNamed = fields.givenName !== undefined || fields.familyName !== undefined;
      const whole = isNamed ? { ...nameOf(card), ...fields } : fields;
      const values = cardValues(whole as Fields, settings);
      for (const [name, elements] of Object.entries(elementsOf))
        if (blanked.includes(name)) for (const element of elements) values.set(element, '');
      if (blanked.includes(settings.address))
        for (const element of ['streetaddress', 'city', 'postnumber']) values.set(element, '');
      // mandatory in Netvisor: an empty one is an error there
      if (values.get('name') === '') return { kind: 'refused', code: 'name-needed' };
      if (values.get('internalidentifier') === '') return { kind: 'refused', code: 'number-needed' };
      return edit(card, values, ref, call);
    },

    async restrict(ref, _permissions, call) {
      const card = await look(ref, call);
      if (!card) return { kind: 'not-found' };
      // a person at a firm has nothing to switch off, and the firm stays in use
      if (ref.place !== 'customer') return card.isActive ? { kind: 'refused', code: 'no-restriction' } : accepted(ref);
      if (!card.isActive) return accepted(ref);
      return written(await customers.edit(card.key, base(new Map([['isactive', '0']])), call), ref);
    },

    async erase(ref, call) {
      const card = await look(ref, call);
      if (!card) return { kind: 'not-found' };
      if (ref.place === 'customer') return eraseCard(card, ref, call);
      const contact = contactIn(card, ref);
      if (contact) {
        const told = await customers.contact(contactMessage('delete', card.key, contact, contact, settings.language), call);
        if (told.kind === 'refused') return told;
      }
      if (ref.place === 'contact' && !(contact && namesThem(card, contact))) return accepted(ref);
      return written(await customers.edit(card.key, blockElements({ name: '', email: '', phone: '' }), call), ref);
    },

    async *list(call) {
      const keys = [...new Set((await customers.list(null, call)).map((line) => line.key))];
      for (let i = 0; i < keys.length; i += chunk) {
        const cards = await customers.getMany(keys.slice(i, i + chunk), call);
        const page = cards.flatMap((card) => profilesOf(card, settings));
        if (page.length > 0) yield page;
      }
    },

    async bound(ref, call) {
      if (ref.place !== 'customer') return null;
      const { invoices, others } = await customers.documents(cardOf(ref), call);
      // an order or a draft is no voucher: where Netvisor keeps a card for one, it refuses the deletion itself
      if (invoices.length === 0) return null;
      const dates = invoices
        .map((i) => i.date)
        .filter(Boolean)
        .sort();
      const newest = dates.at(-1);
      // an invoice without a date cannot start a clock
      if (newest === undefined) throw new Failure('ANSWER_GARBLED');
      return { newest, open: [...invoices, ...others].some((d) => d.isOpen), keeps: keptFields } satisfies Bound;
    },

    async strip(ref, bound, call) {
      const card = await look(ref, call);
      if (!card) return { kind: 'not-found' };
      for (const contact of card.contacts) {
        const told = await customers.contact(contactMessage('delete', card.key, contact, contact, settings.language), call);
        if (told.kind === 'refused') return told;
      }
      const told = await customers.edit(card.key, emptyCard(card, bound.open), call);
      if (told.kind === 'refused') return told;
      const after = await customers.get(card.key, call);
      if (!after || leftOn(after, bound.open).length > 0) throw new Failure('NOT_APPLIED');
      return accepted(ref);
    },

    async neutralise(ref, call) {
      const { neutral } = settings;
      if (!neutral || ref.place !== 'customer') return { kind: 'refused', code: 'no-neutral-values' };
      const card = await look(ref, call);
      if (!card) return { kind: 'not-found' };
      for (const contact of card.contacts) {
        const told = await customers.contact(contactMessage('delete', card.key, contact, contact, settings.language), call);
        if (told.kind === 'refused') return told;
      }
      const told = await customers.edit(card.key, neutralCard(card, neutral.name), call);
      if (told.kind === 'refused') return told;
      const after = await customers.get(card.key, call);
      if (after?.name !== neutral.name || leftOn(after, false).length > 0 || after.street !== '' || after.external !== '')
        throw new Failure('NOT_APPLIED');
      return accepted(ref);
    },
  };

  /** A GET that destroys: sent once, and whatever it said, the card itself tells what came of it. */
  async function eraseCard(card: Card, ref: RemoteRef, call: Call): Promise<Written> {
    const told = await customers.remove(card.key, call);
    if (told.kind === 'done') return accepted(ref);
    return (await customers.get(card.key, call)) ? { kind: 'refused', code: 'has-documents' } : { kind: 'not-found' };
  }

  async function findCustomer(fields: Fields, call: Call): Promise<Profile[]> {
    const firm = fields.organisation as OrganisationName | undefined;
    const number = typeof fields.customerNumber === 'string' ? fields.customerNumber.trim() : '';
    const businessId = isSoleTrader(firm) ? (firm?.businessId ?? '') : '';
    const name = cardValues(fields, settings).get('name') ?? '';
    for (const [word, matches] of [
      [number, (p: Profile) => p.fields.customerNumber === number],
      [businessId, (p: Profile) => (p.fields.organisation as OrganisationName | undefined)?.businessId === businessId],
      [name, (p: Profile) => isThem(p.fields, fields)],
    ] as const) {
      if (word === '') continue;
      const keys = (await customers.list(word, call)).map((line) => line.key).slice(0, chunk);
      const cards = keys.length === 0 ? [] : await customers.getMany(keys, call);
      const found = cards
        .filter(isPersonal)
        .flatMap((card) => profilesOf(card, settings).filter((p) => p.ref.place === 'customer' && matches(p)));
      if (found.length > 0) return found;
    }
    return [];
  }

  /** The firm's own card: by its business id, else by its whole name where only one has it. */
  async function firmOf(fields: Fields, call: Call): Promise<Card | null> {
    const firm = fields.organisation as OrganisationName | undefined;
    for (const [word, matches] of [
      [
        firm?.businessId ?? '',
        (card: Card) => normalise('businessId', card.external) === normalise('businessId', firm?.businessId ?? ''),
      ],
      [firm?.name ?? '', (card: Card) => card.name.toLowerCase() === firm?.name?.trim().toLowerCase()],
    ] as const) {
      if (word === '') continue;
      const keys = (await customers.list(word, call)).map((line) => line.key).slice(0, chunk);
      const cards = (keys.length === 0 ? [] : await customers.getMany(keys, call)).filter(
        (card) => !isPersonal(card) && matches(card),
      );
      if (cards.length === 1) return cards[0] ?? null;
    }
    return null;
  }

  async function addContact(fields: Fields, call: Call): Promise<Written> {
    const firm = await firmOf(fields, call);
    // a firm is not Kaiku's to make
    if (!firm) return { kind: 'refused', code: 'organisation-missing' };
    if (profilesOf(firm, settings).some((p) => p.ref.place === 'contact' && isThem(p.fields, fields))) return { kind: 'exists' };
    const person: Contact = {
      id: '',
      firstName: cut(String(fields.givenName ?? ''), 100),
      lastName: cut(String(fields.familyName ?? ''), 100),
      email: cut(String(fields.email ?? ''), 200),
      phone: cut(String(fields.phone ?? ''), 80),
    };
    if (person.firstName === '' && person.lastName === '') return { kind: 'refused', code: 'name-needed' };
    const told = await customers.contact(contactMessage('add', firm.key, person, null, settings.language), call);
    return told.kind === 'refused' ? told : accepted({ place: 'contact', id: `${firm.key}/${told.key ?? ''}` });
  }
}

const keptFields: readonly FieldName[] = [
  'givenName',
  'familyName',
  'organisation',
  'billingAddress',
  'address',
  'customerNumber',
  'identityCode',
];

const elementsOf: Record<string, readonly string[]> = {
  email: ['email'],
  phone: ['phonenumber'],
  customerNumber: ['internalidentifier'],
  identityCode: ['externalidentifier'],
};

/** The same address, or the same number under the same name. */
const isThem = (there: Fields, fields: Fields) =>
  sameAddress(there.email, fields.email) ||
  (samePhone(there.phone, fields.phone) &&
    likeness(there as { givenName?: string }, fields as { givenName?: string }) === 'same');
