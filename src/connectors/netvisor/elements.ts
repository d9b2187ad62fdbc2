import { element, type Written, xmlText } from './xml.ts';

/**
 * The elements of `customer.nv` that we write, in schema order, each with the name it is read under: the two differ. Order of
 * the schema and lengths: support article 77000554181 and the schema files of public clients.
 */
const schema = {
  customerbaseinformation: [
    ['internalidentifier', 'InternalIdentifier', 50],
    ['externalidentifier', 'ExternalIdentifier'],
    ['organizationunitnumber', 'OrganizationUnitNumber', 17],
    ['name', 'Name', 250],
    ['nameextension', 'NameExtension', 250],
    ['streetaddress', 'StreetAddress', 80],
    ['additionaladdressline', 'AdditionalStreetAddress', 80],
    ['city', 'City', 80],
    ['postnumber', 'PostNumber', 50],
    ['country', 'Country', null, 'ISO-3166'],
    ['phonenumber', 'PhoneNumber'],
    ['faxnumber', 'FaxNumber'],
    ['email', 'Email'],
    ['homepageuri', 'HomePageUri'],
    ['isactive', 'IsActive'],
    ['isprivatecustomer', 'IsPrivateCustomer'],
    ['emailinvoicingaddress', 'EmailInvoicingAddress'],
  ],
  customerfinvoicedetails: [
    ['finvoiceaddress', 'FinvoiceAddress'],
    ['finvoiceroutercode', 'FinvoiceRouterCode'],
  ],
  customerdeliverydetails: [
    ['deliveryname', 'DeliveryName'],
    ['deliverystreetaddress', 'DeliveryStreetAddress'],
    ['deliverycity', 'DeliveryCity'],
    ['deliverypostnumber', 'DeliveryPostNumber'],
    ['deliverycountry', 'DeliveryCountry', null, 'ISO-3166'],
  ],
  customercontactdetails: [
    // can be written, but is not read back
    ['contactname', 'ContactName'],
    ['contactperson', 'ContactPerson'],
    ['contactpersonemail', 'ContactPersonEmail'],
    ['contactpersonphone', 'ContactPersonPhone'],
  ],
  customeradditionalinformation: [
    ['comment', 'Comment'],
    ['customeragreementidentifier', 'CustomerAgreementIdentifier'],
    ['customerreferencenumber', 'ReferenceNumber'],
    ['yourdefaultreference', 'YourDefaultReference'],
    ['defaulttextbeforeinvoicelines', 'DefaultTextBeforeInvoiceLines'],
    ['defaulttextafterinvoicelines', 'DefaultTextAfterInvoiceLines'],
  ],
} as const;

type Row = (typeof schema)[keyof typeof schema][number];
/** An element's name as it is read. */
export type CardField = Row[1];

/** What is read of a card, by the names it is read under; what is empty or missing is left out. */
export type CardValues = Partial<Record<CardField, string>>;

/** The read names of each block, by the block's. */
export const readBlocks = [
  ['CustomerBaseInformation', schema.customerbaseinformation],
  ['CustomerFinvoiceDetails', schema.customerfinvoicedetails],
  ['CustomerDeliveryDetails', schema.customerdeliverydetails],
  ['CustomerContactDetails', schema.customercontactdetails],
  ['CustomerAdditionalInformation', schema.customeradditionalinformation],
] as const;

/** A whole `<customer>` with these elements alone: a missing one is kept, an empty one blanked. */
export function customerElement(values: CardValues, isNew = false): Written {
  const blocks = Object.entries(schema).flatMap(([block, rows]) => {
    const said = rows.flatMap(([name, read, , type]: readonly [string, CardField, (number | null)?, string?]) => {
      const value = values[read];
      // the next free number is Netvisor's to give
      if (isNew && read === 'InternalIdentifier' && !value) return [element(name, '', { type: 'automatic' })];
      return value === undefined ? [] : [element(name, value, type ? { type } : undefined)];
    });
    return said.length > 0 ? [element(block, said)] : [];
  });
  return element('customer', blocks);
}

const limits: ReadonlyMap<CardField, number> = new Map(
  Object.values(schema).flatMap((rows) =>
    rows.flatMap(([, read, most]: readonly [string, CardField, (number | null)?, string?]) =>
      typeof most === 'number' ? [[read, most] as const] : [],
    ),
  ),
);

/** A text as Netvisor keeps it: one line, no blanks around, at most `most` characters. */
export function oneLine(text: string, most: number): string {
  const line = xmlText(text.normalize('NFC').replace(/[\s\p{Cc}]+/gu, ' ')).trim();
  if (line.length <= most) return line;
  let kept = '';
  for (const character of line) {
    if (kept.length + character.length > most) break;
    kept += character;
  }
  return kept.trimEnd();
}

export const cutTo = (field: CardField, text: string): string => oneLine(text, limits.get(field) ?? 250);
