import { canonicalIdentityCode } from '../../core/identity-code.ts';
import type { Card, Contact } from './card.ts';
import { baseElements } from './mapping.ts';
import type { NetvisorSettings } from './settings.ts';
import type { Element } from './xml.ts';

/** What goes from a card that bookkeeping keeps, and the message about a contact person. */

/**
 * `contactperson.nv`: the verb stands inside. First name, last name and language are sent always; which of them a deletion needs is
 * published nowhere.
 */
export function contactMessage(
  method: 'add' | 'edit' | 'delete',
  customerKey: string,
  person: Contact,
  before: Contact | null,
  language: NetvisorSettings['language'],
): Element[] {
  const changed = (name: 'phone' | 'email') => method !== 'delete' && person[name] !== (before?.[name] ?? '');
  return [
    [
      'contactperson',
      [
        ['method', method],
        ['customeridentifier', customerKey, { type: 'netvisor' }],
        ...(method === 'add' ? [] : [['contactpersonidentifier', person.id, { type: 'netvisor' }] as Element]),
        ['firstname', person.firstName],
        ['lastname', person.lastName],
        ['language', language, { type: 'ISO-3166' }],
        ...(changed('phone') ? [['phonenumber', person.phone] as Element] : []),
        ...(changed('email') ? [['email', person.email] as Element] : []),
      ],
    ],
  ];
}

const empty = (names: readonly string[]): Element[] => names.map((name) => [name, '']);
const delivery = ['deliveryname', 'deliverystreetaddress', 'deliverycity', 'deliverypostnumber'];
const block = ['contactname', 'contactperson', 'contactpersonemail', 'contactpersonphone'];
const notes = [
  'comment',
  'customeragreementidentifier',
  'customerreferencenumber',
  'yourdefaultreference',
  'defaulttextbeforeinvoicelines',
  'defaulttextafterinvoicelines',
];
const contactDetails = ['nameextension', 'phonenumber', 'faxnumber', 'email', 'homepageuri', 'emailinvoicingaddress'];

/** Blanks everything that bookkeeping does not need, and ends the use. While a claim is open its locators stay. */
export function emptyCard(card: Card, isOpen: boolean): Element[] {
  const values = new Map(contactDetails.map((name) => [name, '']));
  if (!isOpen && canonicalIdentityCode(card.external) !== null) values.set('externalidentifier', '');
  return whole(values.set('isactive', '0'), isOpen);
}

/** Puts the agreed name over a card whose time is over, and blanks the rest; the number stays, invoices hang on it. */
export function neutralCard(_card: Card, name: string): Element[] {
  const values = new Map(
    [...contactDetails, 'externalidentifier', 'streetaddress', 'additionaladdressline', 'city', 'postnumber'].map((n) => [n, '']),
  );
  return whole(values.set('name', name).set('isactive', '0'), false);
}

const whole = (values: Map<string, string>, isOpen: boolean): Element[] => [
  [
    'customer',
    [
      ['customerbaseinformation', baseElements(values)],
      ...(isOpen ? [] : [['customerfinvoicedetails', empty(['finvoiceaddress', 'finvoiceroutercode'])] as Element]),
      ['customerdeliverydetails', empty(delivery)],
      ['customercontactdetails', empty(block)],
      ['customeradditionalinformation', empty(notes)],
    ],
  ],
];

/** What is still there that should be gone, by name; the card is read under other names than it is written. */
export function leftOn(card: Card, isOpen: boolean): string[] {
  const { delivery: d, block: b, notes: n } = card;
  const gone: Record<string, string> = {
    extension: card.extension,
    phone: card.phone,
    fax: card.fax,
    email: card.email,
    invoicingEmail: card.invoicingEmail,
    homePage: card.homePage,
    delivery: d.name + d.street + d.city + d.postcode,
    block: b.name + b.email + b.phone,
    notes: Object.values(n).join(''),
    contacts: card.contacts.map((c) => c.id).join(''),
    ...(isOpen
      ? {}
      : {
          finvoice: card.finvoiceAddress + card.finvoiceRouter,
          identityCode: canonicalIdentityCode(card.external) === null ? '' : card.external,
        }),
    active: card.isActive ? 'active' : '',
  };
  return Object.entries(gone).flatMap(([name, value]) => (value === '' ? [] : [name]));
}
