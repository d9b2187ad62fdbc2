import { canonicalIdentityCode } from '../../core/identity-code.ts';
import { isSoleTrader } from '../../core/organisation.ts';
import type { Address, Fields, OrganisationName } from '../../core/person.ts';
import type { Profile, RemoteRef } from '../connector.ts';
import type { Card, Contact } from './card.ts';
import type { NetvisorSettings } from './settings.ts';
import type { Element } from './xml.ts';

/**
 * Three places. `customer`: the card of a private person or a sole trader. `contact`: a contact person of a firm. `card-contact`: the
 * contact that somebody typed onto a card, which has no id of its own. A firm's card is nobody's row.
 */
export const places = ['customer', 'contact', 'card-contact'] as const;

export const isPersonal = (card: Card): boolean =>
  card.isPrivate || canonicalIdentityCode(card.external) !== null || isSoleTrader({ name: card.name });

const isTrader = (card: Card) => !card.isPrivate && isSoleTrader({ name: card.name });

/** A card's one name, and the two names that it is read as: the last word, or the first, is the family's. */
export function joinName(fields: Fields, order: NetvisorSettings['nameOrder']): string {
  const parts = [textOf(fields.givenName), textOf(fields.familyName)];
  return cut((order === 'given-first' ? parts : parts.reverse()).filter(Boolean).join(' '), 250);
}

export function splitName(name: string, order: NetvisorSettings['nameOrder']): Fields {
  const words = name.split(/\s+/).filter(Boolean);
  if (words.length < 2) return words[0] === undefined ? {} : { familyName: words[0] };
  const [first = '', ...rest] = words;
  const last = rest.pop() ?? '';
  return order === 'given-first'
    ? { givenName: [first, ...rest].join(' '), familyName: last }
    : { familyName: first, givenName: [...rest, last].join(' ') };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value.trim().replace(/\s+/g, ' ') : '');
export const cut = (value: string, length: number) => [...value].slice(0, length).join('').trim();
const filled = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) =>
      typeof value === 'object' ? Object.keys(value).length > 0 : value !== '' && value !== undefined,
    ),
  ) as Fields;

const countries = new Map<string, string>();
for (const language of ['fi', 'sv', 'en']) {
  const names = new Intl.DisplayNames([language], { type: 'region' });
  for (let a = 65; a <= 90; a++)
    for (let b = 65; b <= 90; b++) {
      const code = String.fromCharCode(a, b);
      const name = names.of(code);
      if (name && name !== code) countries.set(name.toLowerCase(), code);
    }
}

/** ISO 3166 code of a country, as it is written in a register; undefined where nobody can say. */
export const countryCode = (name: string | undefined): string | undefined => {
  const text = name?.trim() ?? '';
  return /^[A-Z]{2}$/.test(text) ? text : countries.get(text.toLowerCase());
};

/** The elements of `customerbaseinformation` that a person's fields fill, in the order of the schema. */
export function cardValues(fields: Fields, settings: NetvisorSettings): Map<string, string> {
  const values = new Map<string, string>();
  const put = (name: string, value: string | undefined, length: number) =>
    value !== undefined && values.set(name, cut(value, length));
  const organisation = fields.organisation as OrganisationName | undefined;
  const trader = isSoleTrader(organisation);
  const address = fields[settings.address] as Address | undefined;
  if (typeof fields.customerNumber === 'string') put('internalidentifier', fields.customerNumber, 50);
  if (typeof fields.identityCode === 'string') put('externalidentifier', fields.identityCode, 50);
  else if (trader && organisation?.businessId) put('externalidentifier', organisation.businessId, 50);
  if (trader) put('name', organisation?.name, 250);
  else if (fields.givenName !== undefined || fields.familyName !== undefined)
    put('name', joinName(fields, settings.nameOrder), 250);
  if (address) {
    put('streetaddress', address.street ?? '', 80);
    put('city', address.city ?? '', 80);
    put('postnumber', address.postcode ?? '', 50);
    const code = countryCode(address.country);
    if (code !== undefined) put('country', code, 2);
  }
  if (typeof fields.phone === 'string') put('phonenumber', fields.phone, 80);
  if (typeof fields.email === 'string') put('email', fields.email, 200);
  return values;
}

/** What the card holds in those elements now. */
export const cardNow = (card: Card): Map<string, string> =>
  new Map([
    ['internalidentifier', card.code],
    ['externalidentifier', card.external],
    ['name', card.name],
    ['streetaddress', card.street],
    ['city', card.city],
    ['postnumber', card.postcode],
    ['country', card.country],
    ['phonenumber', card.phone],
    ['email', card.email],
  ]);

/** `customerbaseinformation` in the order of the schema: another order makes the message invalid. */
const baseOrder = [
  'internalidentifier',
  'externalidentifier',
  'organizationunitnumber',
  'name',
  'nameextension',
  'streetaddress',
  'additionaladdressline',
  'city',
  'postnumber',
  'country',
  'customergroupname',
  'phonenumber',
  'faxnumber',
  'email',
  'homepageuri',
  'isactive',
  'isprivatecustomer',
  'emailinvoicingaddress',
];

export const baseElements = (values: ReadonlyMap<string, string>): Element[] =>
  baseOrder.flatMap((name): Element[] => {
    const value = values.get(name);
    if (value === undefined) return [];
    if (name === 'country') return [[name, value, { type: 'ISO-3166' }]];
    return [[name, value]];
  });

export function customerFields(card: Card, settings: NetvisorSettings): Fields {
  const trader = isTrader(card);
  const code = canonicalIdentityCode(card.external);
  const address: Address = {
    ...(card.street ? { street: card.street } : {}),
    ...(card.postcode ? { postcode: card.postcode } : {}),
    ...(card.city ? { city: card.city } : {}),
    // a country alone is a default, no address
    ...(card.country && (card.street || card.postcode || card.city)
      ? { country: countryCode(card.country) ?? card.country }
      : {}),
  };
  return filled({
    ...(trader
      ? { organisation: { name: card.name, ...(card.external && code === null ? { businessId: card.external } : {}) } }
      : splitName(card.name, settings.nameOrder)),
    email: card.email,
    phone: card.phone,
    customerNumber: card.code,
    ...(code === null ? {} : { identityCode: code }),
    [settings.address]: address,
  });
}

export const contactFields = (contact: Contact): Fields =>
  filled({ givenName: contact.firstName, familyName: contact.lastName, email: contact.email, phone: contact.phone });

export const blockFields = ({ block }: Card, settings: NetvisorSettings): Fields =>
  filled({ ...splitName(block.name, settings.nameOrder), email: block.email, phone: block.phone });

/** How values read after they were written here. */
export function asHeld(fields: Fields, place: string, settings: NetvisorSettings): Fields {
  const { givenName: _given, familyName: _family, organisation: _firm, ...others } = fields;
  if (place === 'contact')
    return filled({
      ...(fields.givenName === undefined ? {} : { givenName: cut(textOf(fields.givenName), 100) }),
      ...(fields.familyName === undefined ? {} : { familyName: cut(textOf(fields.familyName), 100) }),
      ...(fields.email === undefined ? {} : { email: cut(textOf(fields.email), 200) }),
      ...(fields.phone === undefined ? {} : { phone: cut(textOf(fields.phone), 80) }),
    });
  const values = cardValues(fields, settings);
  const trader = isSoleTrader(fields.organisation as OrganisationName | undefined);
  const held: Fields = { ...others };
  if (values.has('phonenumber')) held.phone = values.get('phonenumber') ?? '';
  if (values.has('email')) held.email = values.get('email') ?? '';
  if (values.has('internalidentifier')) held.customerNumber = values.get('internalidentifier') ?? '';
  if (fields[settings.address] !== undefined)
    held[settings.address] = Object.fromEntries(
      Object.entries({
        street: values.get('streetaddress'),
        postcode: values.get('postnumber'),
        city: values.get('city'),
        country: values.get('country'),
      }).filter(([, value]) => value),
    );
  if (trader) {
    const businessId = fields.identityCode === undefined ? values.get('externalidentifier') : undefined;
    held.organisation = { name: values.get('name') ?? '', ...(businessId ? { businessId } : {}) };
  } else if (values.has('name')) Object.assign(held, splitName(values.get('name') ?? '', settings.nameOrder));
  return filled(held);
}

/** Every person on a card. */
export function profilesOf(card: Card, settings: NetvisorSettings): Profile[] {
  const standing = card.isActive ? 'active' : 'restricted';
  const found: Profile[] = [];
  const add = (ref: RemoteRef, fields: Fields) => found.push({ ref, fields, standing, refused: false });
  if (isPersonal(card)) add({ place: 'customer', id: card.key }, customerFields(card, settings));
  for (const contact of card.contacts) add({ place: 'contact', id: `${card.key}/${contact.id}` }, contactFields(contact));
  const block = blockFields(card, settings);
  if (Object.keys(block).length > 0) add({ place: 'card-contact', id: card.key }, block);
  return found;
}
