import { normalise } from '../../core/identifier.ts';
import { canonicalIdentityCode } from '../../core/identity-code.ts';
import { isSoleTrader } from '../../core/organisation.ts';
import type { FieldName, Fields } from '../../core/person.ts';
import type { Profile, RemoteRef, Standing } from '../connector.ts';
import { addressOf, addressValues } from './addresses.ts';
import type { Card, ContactPerson } from './customers.ts';
import { type CardValues, cutTo, oneLine } from './elements.ts';
import { compose, correctedName, type NameOrder, type Names, namesOnCard, soleTraderOf, split } from './names.ts';
import type { NetvisorSettings } from './settings.ts';
import { xmlText } from './xml.ts';

/**
 * `customer`: a person's own card. `contact`: a contact person of a card, `<card>/<person>`. `card-contact`: the free-text block for
 * a contact on any card. A firm's card is nobody's row.
 */
export const places = ['customer', 'contact', 'card-contact'] as const;

const contactFields: readonly FieldName[] = ['givenName', 'familyName', 'email', 'phone'];
export const carriesOf =
  ({ address }: NetvisorSettings) =>
  (place: string): readonly FieldName[] =>
    place === 'customer' ? [...contactFields, 'customerNumber', address, 'identityCode', 'organisation'] : contactFields;

/** A name is one text, and one identifier is a business id or an identity code: each is decided with the others in sight. */
export const together: readonly FieldName[] = ['givenName', 'familyName', 'organisation', 'identityCode'];

/** Shaped like a Finnish identity code, whatever its check character: treated as one. */
const identityShape = /^\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]$/i;

/** The identity code on a card; '' for none. */
export function identityCodeOn({ values }: Card): string {
  const text = values.ExternalIdentifier ?? '';
  return canonicalIdentityCode(text) ?? (identityShape.test(text) ? text.toUpperCase() : '');
}

export const isSoleTraderCard = ({ values }: Card) => isSoleTrader(values.Name ?? '');

/** Whether a card is a person's. Everybody else's is a firm's. */
export const isPersonCard = (card: Card): boolean =>
  /^(1|true)$/i.test(card.values.IsPrivateCustomer ?? '') || identityCodeOn(card) !== '' || isSoleTraderCard(card);

export const isInactive = ({ values }: Card): boolean => /^(0|false)$/i.test(values.IsActive ?? '');
const standingOf = (card: Card): Standing => (isInactive(card) ? 'restricted' : 'active');

/** Text fields that are there; empty and absent are one. */
function texts(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
}

export function cardProfile(card: Card, settings: NetvisorSettings): Profile {
  const { values } = card;
  const code = identityCodeOn(card);
  const trader = isSoleTraderCard(card);
  const businessId = trader && code === '' ? businessIdOf(values.ExternalIdentifier ?? '') : '';
  return profile(
    card,
    { place: 'customer', id: card.key },
    {
      ...namesOnCard(values.Name ?? '', settings.nameOrder),
      email: values.Email,
      phone: values.PhoneNumber,
      customerNumber: values.InternalIdentifier,
      [settings.address]: addressOf(values),
      identityCode: code,
      organisation: trader ? { name: values.Name ?? '', ...(businessId ? { businessId } : {}) } : undefined,
    },
  );
}

export const contactId = (card: Card, person: ContactPerson) => `${card.key}/${person.id}`;

export function contactProfile(card: Card, person: ContactPerson, { nameOrder }: NetvisorSettings): Profile {
  // split like a card's, so that a name reads the same wherever it stands
  const names = split(compose({ givenName: person.firstName, familyName: person.lastName }, nameOrder), nameOrder);
  return profile(card, { place: 'contact', id: contactId(card, person) }, { ...names, email: person.email, phone: person.phone });
}

export const hasBlock = ({ values }: Card) =>
  Boolean(values.ContactPerson || values.ContactPersonEmail || values.ContactPersonPhone);

export function blockProfile(card: Card, { nameOrder }: NetvisorSettings): Profile {
  const { values } = card;
  return profile(
    card,
    { place: 'card-contact', id: card.key },
    {
      ...split(values.ContactPerson ?? '', nameOrder),
      email: values.ContactPersonEmail,
      phone: values.ContactPersonPhone,
    },
  );
}

function profile(card: Card, ref: RemoteRef, fields: { [name in FieldName]?: Fields[name] | undefined }): Profile {
  return { ref, fields: texts(fields as Fields), standing: standingOf(card), refused: false };
}

/** Every row of a card. */
export const profilesOf = (card: Card, settings: NetvisorSettings): Profile[] => [
  ...(isPersonCard(card) ? [cardProfile(card, settings)] : []),
  ...card.persons.map((person) => contactProfile(card, person, settings)),
  ...(hasBlock(card) ? [blockProfile(card, settings)] : []),
];

export const businessIdOf = (text: string): string => normalise('businessId', text) ?? '';
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The most an address or a number of a contact person takes; a card's are held to the same. */
const lengths = { email: 200, phone: 80 };
export const isTooLong = ({ email }: Fields) => text(email).trim().length > lengths.email;
export const emailText = (value: unknown) =>
  xmlText(
    text(value)
      .normalize('NFC')
      .replace(/[\s\p{Cc}]+/gu, ''),
  );
export const phoneText = (value: unknown) => oneLine(text(value), lengths.phone);

/**
 * How our values read after they were written: a name composed and split again, texts cut to their lengths, countries as codes.
 * `place` because a card shows more than a contact person does.
 */
export function asHeld(fields: Fields, place: string, settings: NetvisorSettings): Fields {
  const isCard = place === 'customer';
  const trader = isCard ? soleTraderOf(fields) : null;
  const name = trader?.name ? cutTo('Name', trader.name) : compose(namesOf(fields), settings.nameOrder);
  const businessId = businessIdOf(trader?.businessId ?? '');
  const held: Fields = texts({
    ...(isCard ? namesOnCard(name, settings.nameOrder) : split(name, settings.nameOrder)),
    email: emailText(fields.email),
    phone: phoneText(fields.phone),
  });
  if (!isCard) return held;
  const address = addressOf(addressValues(fields[settings.address]));
  return texts({
    ...held,
    customerNumber: cutTo('InternalIdentifier', text(fields.customerNumber)),
    ...(address ? { [settings.address]: address } : {}),
    // the card has one identifier, and a business id is the invoice's
    ...(businessId === '' ? { identityCode: identityText(fields.identityCode) } : {}),
    // without an id of ours the card keeps its own, which a register that knows none must not take off the invoices
    ...(trader && businessId !== '' ? { organisation: { name, businessId } } : {}),
  });
}

const identityText = (value: unknown) => canonicalIdentityCode(text(value)) ?? text(value).trim().toUpperCase();

export const namesOf = ({ givenName, familyName }: Fields): Names => ({
  givenName: text(givenName),
  familyName: text(familyName),
});

/** Says that a field is given or blanked, and so is to be written. */
export const touches = (fields: Fields, blanked: readonly string[]) => (name: FieldName) =>
  fields[name] !== undefined || blanked.includes(name);

/** The names after a correction: what is not touched stays. */
export function mended(current: Names, fields: Fields, blanked: readonly string[], order: NameOrder): Names {
  const touched = touches(fields, blanked);
  const given = namesOf(fields);
  // one name of two words fills both places when it is read: given once more, it must not be added to itself
  if (compose(given, order) === compose(current, order)) return current;
  return {
    givenName: (touched('givenName') ? given.givenName : current.givenName) ?? '',
    familyName: (touched('familyName') ? given.familyName : current.familyName) ?? '',
  };
}

/** Why a card cannot take a correction, as it stands in the ledger. */
export type NotTaken = 'business-name' | 'identifier-taken' | 'name-needed' | 'email-too-long';

/** What a card should have after a correction, elements that stay as they are included. */
export function correctedCard(
  card: Card,
  fields: Fields,
  blanked: readonly string[],
  settings: NetvisorSettings,
): CardValues | NotTaken {
  const touched = touches(fields, blanked);
  const { values } = card;
  const fresh: CardValues = {};
  if (touched('givenName') || touched('familyName') || touched('organisation')) {
    const current = values.Name ?? '';
    const names = mended(namesOnCard(current, settings.nameOrder), fields, blanked, settings.nameOrder);
    const isOnlyFirm = !touched('givenName') && !touched('familyName') && soleTraderOf(fields) === null;
    const name = isOnlyFirm ? current : correctedName(current, names, fields, settings.nameOrder);
    if (name === null) return 'business-name';
    if (name === '') return 'name-needed';
    fresh.Name = name;
  }
  if (touched('email')) fresh.Email = emailText(fields.email);
  if (touched('phone')) fresh.PhoneNumber = phoneText(fields.phone);
  // the number is the card's own key in the books: changed where told, never blanked
  if (text(fields.customerNumber) !== '') fresh.InternalIdentifier = cutTo('InternalIdentifier', text(fields.customerNumber));
  if (touched(settings.address)) {
    const address = addressValues(fields[settings.address]);
    // an address that reads the same is left as it is spelt there
    if (JSON.stringify(addressOf(address)) !== JSON.stringify(addressOf(values))) Object.assign(fresh, address);
  }
  const identifier = identifierAfter(card, fields, blanked);
  if (identifier === null) return 'identifier-taken';
  if (identifier !== undefined) fresh.ExternalIdentifier = identifier;
  return isTooLong(fields) ? 'email-too-long' : fresh;
}

/** Undefined: stays as it is. Null: what stands there is a business id that no field of ours replaces. */
function identifierAfter(card: Card, fields: Fields, blanked: readonly string[]): string | null | undefined {
  const businessId = businessIdOf(soleTraderOf(fields)?.businessId ?? '');
  const current = card.values.ExternalIdentifier ?? '';
  const isCode = identityCodeOn(card) !== '';
  if (businessId !== '') return businessIdOf(current) === businessId ? current : businessId;
  if (text(fields.identityCode) !== '') {
    const code = identityText(fields.identityCode);
    if (current !== '' && !isCode) return null;
    return identityCodeOn(card) === code ? current : code;
  }
  if (blanked.includes('identityCode') && isCode) return '';
  if (blanked.includes('organisation') && isSoleTraderCard(card) && !isCode) return '';
  return undefined;
}

/** The elements among `fresh` that the card does not show yet. */
export const differing = (fresh: CardValues, { values }: Card): CardValues =>
  Object.fromEntries(Object.entries(fresh).filter(([name, value]) => (values[name as keyof CardValues] ?? '') !== value));
