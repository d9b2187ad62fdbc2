import { createHmac, hash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { canonicalIdentityCode } from './identity-code.ts';
import { wordsOf } from './likeness.ts';
import { isSoleTrader } from './organisation.ts';
import type { Person } from './person.ts';
import type { Key } from './seal.ts';

/**
 * What singles a person out, in one spelling each. A phone and a mobile number are one kind: systems move numbers between the two.
 * Names are never identifiers.
 */
export const identifierKinds = [
  'email',
  'phone',
  'customerNumber',
  'businessId',
  'identityCode',
  'registerId',
  'remoteId',
  // a telephone whose person is named, and the name: the two count together alone
  'namedPhone',
  'name',
] as const;
export type IdentifierKind = (typeof identifierKinds)[number];

export interface Identifier {
  kind: IdentifierKind;
  /** Normalised. Personal data: sealed or hashed before it is stored. */
  value: string;
}

/** Written beside every hash. A rule below that changes gets a new number, and the former one joins `former`. */
export const normaliserVersion = 1;

type Normaliser = (kind: IdentifierKind, value: string, country: 'FI') => string | null;
/** Rules of earlier releases: a hash made with one of them must still be found. */
const former: readonly { normaliser: number; rules: Normaliser }[] = [];

/** The one spelling of an identifier, or null when the value is none (a wrong check digit, a word in a phone field). */
export function normalise(kind: IdentifierKind, value: string, options: { country?: 'FI' } = {}): string | null {
  return rules(kind, value, options.country ?? 'FI');
}

const rules: Normaliser = (kind, value, country) => {
  const text = value.toWellFormed().normalize('NFC').trim();
  if (text === '') return null;
  switch (kind) {
    case 'email':
      return email(text);
    case 'phone':
    case 'namedPhone':
      return phone(text, country);
    case 'identityCode':
      return canonicalIdentityCode(text);
    case 'businessId':
      return businessId(text);
    case 'customerNumber':
      return text.toUpperCase().normalize('NFC');
    case 'registerId':
    case 'remoteId':
    case 'name':
      return text;
  }
};

/**
 * The local part is lower-cased although RFC 5321 lets it matter: no mailbox provider in use makes two people of two cases, and
 * registers are typed by hand. Blanks and invisible characters inside an address are slips of a paste.
 */
function email(text: string): string | null {
  const address = text.replace(/[\s\p{Cf}]/gu, '');
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(at, 0)).toLowerCase().normalize('NFC');
  const host = address.slice(at + 1);
  // domainToASCII reads a host as a URL does, and cuts it at these
  if (local === '' || /[/\\?#:%@[\]]/.test(host)) return null;
  const domain = domainToASCII(host).replace(/\.$/, '');
  return domain === '' ? null : `${local}@${domain}`;
}

/** E.164, with the extension kept apart: behind a switchboard's number sit many people. */
function phone(text: string, country: 'FI'): string | null {
  const number = parsePhoneNumberFromString(text, country);
  if (!number?.isPossible()) return null;
  return number.ext ? `${number.number};ext=${number.ext}` : number.number;
}

/** `1234567-1`, from a VAT number or the old six-digit form too; a foreign id as it is, in capitals without blanks. */
function businessId(text: string): string | null {
  const id = text
    .replace(/\s/gu, '')
    .replace(/[\u2010-\u2013\u2212]/gu, '-')
    .toUpperCase()
    .normalize('NFC');
  const finnish = /^(?:FI)?(\d{6,7})-?(\d)$/.exec(id);
  // eight bare digits are a Finnish id only where nothing is missing; six and one only with the hyphen
  if (finnish && (finnish[1]?.length === 7 || id.includes('-'))) return `${finnish[1]?.padStart(7, '0')}-${finnish[2]}`;
  return id;
}

export interface Variant {
  value: string;
  normaliser: number;
}

/**
 * Every spelling under which the same identifier may have been hashed, the normalised one first. An address loses its `+tag`,
 * because the tagged and the plain one reach the same mailbox. Gmail's dots stay: other hosts tell them apart. Empty when the
 * value is no identifier.
 */
export function variants(kind: IdentifierKind, value: string): Variant[] {
  const found = new Map<string, Variant>();
  const add = (normaliser: number, normalised: string | null) => {
    if (normalised === null) return;
    for (const spelling of [normalised, ...(kind === 'email' ? withoutTag(normalised) : [])]) {
      if (!found.has(spelling)) found.set(spelling, { value: spelling, normaliser });
    }
  };
  add(normaliserVersion, normalise(kind, value));
  for (const { normaliser, rules: old } of former) add(normaliser, old(kind, value, 'FI'));
  return [...found.values()];
}

function withoutTag(address: string): string[] {
  const at = address.lastIndexOf('@');
  const plus = address.indexOf('+', 1);
  return plus > 0 && plus < at ? [address.slice(0, plus) + address.slice(at)] : [];
}

/**
 * HMAC-SHA-256 of a normalised identifier, 32 bytes. The key is outside the database: unkeyed, all Finnish identity codes of a
 * century are tried in about a minute and a half on one core. Still personal data while the key exists.
 */
export function identifierHash(hmacKey: Key, kind: IdentifierKind, normalised: string): Buffer {
  return createHmac('sha256', hmacKey.bytes).update(`kaiku identifier\0${kind}\0`).update(normalised, 'utf8').digest();
}

/**
 * The same as `identifierHash`, for thousands of values of one kind: HMAC by its definition (RFC 2104) with the key's two blocks made
 * once, since making an HMAC object costs several times what the digest does.
 */
export function identifierHasher(hmacKey: Key, kind: IdentifierKind): (normalised: string) => Buffer {
  const key = Buffer.alloc(64);
  (hmacKey.bytes.length > 64 ? hash('sha256', hmacKey.bytes, 'buffer') : Buffer.from(hmacKey.bytes)).copy(key);
  const inner = Buffer.concat([key.map((byte) => byte ^ 0x36), Buffer.from(`kaiku identifier\0${kind}\0`)]);
  const outer = key.map((byte) => byte ^ 0x5c);
  return (normalised) =>
    hash(
      'sha256',
      Buffer.concat([outer, hash('sha256', Buffer.concat([inner, Buffer.from(normalised, 'utf8')]), 'buffer')]),
      'buffer',
    );
}

/**
 * What a person can be found by, normalised, each once. A company's business id is not among them: it would tie all its people
 * together. A sole trader's is: the firm is the person.
 */
export function identifiersOf(person: Person): Identifier[] {
  const raw: [IdentifierKind, string | undefined][] = [
    ['email', person.email],
    ['phone', person.phone],
    ['phone', person.mobile],
    ['customerNumber', person.customerNumber],
    ['identityCode', person.identityCode],
    ['businessId', isSoleTrader(person.organisation?.name ?? '') ? person.organisation?.businessId : undefined],
  ];
  const found = new Map<string, Identifier>();
  for (const [kind, text] of raw) {
    const value = text === undefined ? null : normalise(kind, text);
    if (value !== null) found.set(`${kind} ${value}`, { kind, value });
  }
  return [...found.values()];
}

/**
 * A person's name for telling two apart who have one telephone: each word of the given name with each of the family name, whatever
 * their order, case and marks. Two words of one family name are a family. Empty: nobody is named.
 */
export function nameKeys({ givenName, familyName }: Pick<Person, 'givenName' | 'familyName'>): string[] {
  const [given, family] = [wordsOf({ givenName }), wordsOf({ familyName })];
  const all = [...given, ...family];
  if (all.length < 2) return all;
  const [some, others] = given.length > 0 && family.length > 0 ? [given, family] : [all, all];
  const pairs = some.flatMap((a) => others.filter((b) => a !== b).map((b) => [a, b].sort().join(' ')));
  return [...new Set(pairs)];
}

const sharedMailboxes = new Set(
  (
    'info information hello hei contact contacts office mail email post admin administration sales billing invoice invoices invoicing ' +
    'accounts accounting finance payroll support help helpdesk service services customerservice hr jobs careers recruitment press media ' +
    'marketing newsletter privacy legal webmaster postmaster hostmaster noreply no-reply donotreply reception orders team ' +
    'toimisto asiakaspalvelu palvelu myynti laskutus laskut lasku ostolaskut verkkolasku talous taloushallinto kirjanpito palkat ' +
    'palkanlaskenta hallitus isannointi huolto tuki rekry rekrytointi tyopaikat viestinta markkinointi kirjaamo tietosuoja posti ' +
    'yhteys tilaukset varaus varaukset vastaanotto keskus ' +
    'kundtjanst kundservice kontor kontoret forsaljning fakturering faktura fakturor ekonomi bokforing lon order kontakt'
  ).split(' '),
);

/**
 * Whether an identifier obviously belongs to a group (`laskutus@`, `info.helsinki@`, a company's id): such a match goes to a
 * person. False proves nothing: a switchboard's number and a family's address look like anyone's.
 */
export function isShared(kind: IdentifierKind, value: string): boolean {
  if (kind === 'businessId') return true;
  const address = kind === 'email' ? normalise('email', value) : null;
  if (address === null) return false;
  // ä and ö are written without dots in mailbox names, but not always
  const local = address.slice(0, address.lastIndexOf('@')).normalize('NFD').replace(/\p{M}/gu, '');
  return sharedMailboxes.has(local) || sharedMailboxes.has(local.split(/[.+_-]/)[0] ?? '');
}
