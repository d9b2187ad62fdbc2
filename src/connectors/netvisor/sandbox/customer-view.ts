import { comma, type Element, element } from './answer.ts';
import type { Company, ContactPerson, Customer } from './state.ts';

/** A customer as answers show it: other names and another order than in requests. */

type Names = readonly (readonly [shown: string, written: string])[];

const beforeGroup: Names = [
  ['InternalIdentifier', 'internalidentifier'],
  ['ExternalIdentifier', 'externalidentifier'],
  ['OrganizationUnitNumber', 'organizationunitnumber'],
];
const afterGroup: Names = [
  ['Name', 'name'],
  ['NameExtension', 'nameextension'],
  ['StreetAddress', 'streetaddress'],
  ['AdditionalStreetAddress', 'additionaladdressline'],
  ['City', 'city'],
  ['PostNumber', 'postnumber'],
  ['Country', 'country'],
  ['PhoneNumber', 'phonenumber'],
  ['FaxNumber', 'faxnumber'],
  ['Email', 'email'],
  ['EmailInvoicingAddress', 'emailinvoicingaddress'],
  ['HomePageUri', 'homepageuri'],
  ['IsActive', 'isactive'],
  ['IsPrivateCustomer', 'isprivatecustomer'],
];
const blocks: readonly (readonly [block: string, names: Names])[] = [
  [
    'CustomerFinvoiceDetails',
    [
      ['FinvoiceAddress', 'finvoiceaddress'],
      ['FinvoiceRouterCode', 'finvoiceroutercode'],
    ],
  ],
  [
    'CustomerDeliveryDetails',
    [
      ['DeliveryName', 'deliveryname'],
      ['DeliveryStreetAddress', 'deliverystreetaddress'],
      ['DeliveryCity', 'deliverycity'],
      ['DeliveryPostNumber', 'deliverypostnumber'],
      ['DeliveryCountry', 'deliverycountry'],
    ],
  ],
  [
    'CustomerContactDetails',
    [
      ['ContactPerson', 'contactperson'],
      ['ContactPersonEmail', 'contactpersonemail'],
      ['ContactPersonPhone', 'contactpersonphone'],
    ],
  ],
];
const additional: Names = [
  ['Comment', 'comment'],
  ['CustomerAgreementIdentifier', 'customeragreementidentifier'],
  ['ReferenceNumber', 'customerreferencenumber'],
  ['YourDefaultReference', 'yourdefaultreference'],
  ['DefaultTextBeforeInvoiceLines', 'defaulttextbeforeinvoicelines'],
  ['DefaultTextAfterInvoiceLines', 'defaulttextafterinvoicelines'],
  ['DefaultPaymentTerm', 'defaultpaymentterm'],
  ['TaxHandlingType', 'taxhandlingtype'],
  ['BalanceLimit', 'balancelimit'],
  ['DefaultSalesPerson', 'salespersonid'],
  ['FactoringAccount', 'factoringaccount'],
  ['InvoicingLanguage', 'invoicinglanguage'],
  ['EuStandardFinvoice', 'eustandardfinvoice'],
];
const person: Names = [
  ['ContactPersonFirstName', 'firstname'],
  ['ContactPersonLastName', 'lastname'],
  ['ContactPersonPhoneNumber', 'phonenumber'],
  ['ContactPersonEmail', 'email'],
  ['ContactPersonOfficeNetvisorKey', 'officeidentifier'],
];
const typed = new Set(['Country', 'DeliveryCountry', 'InvoicingLanguage']);

const show = (card: Record<string, string>, names: Names): Element[] =>
  names.map(([shown, written]) => {
    const value = card[written] ?? '';
    const text = shown === 'BalanceLimit' && value !== '' ? comma(Number(value.replace(',', '.'))) : value;
    return element(shown, text, typed.has(shown) ? { type: 'ISO-3166' } : {});
  });

const personView = ({ id, card }: ContactPerson) =>
  element('CustomerContactPerson', [element('ContactPersonID', id), ...show(card, person)]);

/** `replyOption` is a sum of 1, 2, 4 and 8; the blocks it asks for are empty here. */
export function customerView(company: Company, { key, card, people }: Customer, replyOption: number): Element {
  const group = card['customergroupname'] ?? '';
  const more = ['Turnover', 'AutomationRule', 'CustomTags', 'BuyerServiceCode'].filter((_, bit) => replyOption & (1 << bit));
  return element('Customer', [
    element('CustomerBaseInformation', [
      element('NetvisorKey', key),
      ...show(card, beforeGroup),
      element('CustomerGroupNetvisorKey', group === '' ? '' : company.groupKey(group)),
      element('CustomerGroupName', group),
      ...show(card, afterGroup),
    ]),
    ...blocks.map(([block, names]) => element(block, show(card, names))),
    element('CustomerContactPersons', people.map(personView)),
    element('CustomerAdditionalInformation', show(card, additional)),
    ...more.map((name) => element(name)),
  ]);
}

export function listView(company: Company, { key, card }: Customer, origin: string): Element {
  const group = card['customergroupname'] ?? '';
  return element('Customer', [
    element('Netvisorkey', key),
    element('Name', card['name'] ?? ''),
    element('Code', card['internalidentifier'] ?? ''),
    element('OrganisationIdentifier', card['externalidentifier'] ?? ''),
    element('CustomerGroupID', group === '' ? '' : company.groupKey(group)),
    element('CustomerGroupName', group),
    element('Uri', `${origin}/getcustomer.nv?id=${key}`),
  ]);
}
