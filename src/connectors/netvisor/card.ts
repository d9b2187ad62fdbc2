import { z } from 'zod';
import { Failure } from '../../core/failure.ts';
import { all, attribute, child, type Node, text } from './xml.ts';

/** A customer's card as `getcustomer.nv` shows it (resource description 766863). Empty texts are fields without a value. */
export interface Card {
  key: string;
  code: string;
  /** Business id, or a private customer's identity code. */
  external: string;
  name: string;
  extension: string;
  street: string;
  moreStreet: string;
  city: string;
  postcode: string;
  country: string;
  phone: string;
  fax: string;
  email: string;
  invoicingEmail: string;
  homePage: string;
  isActive: boolean;
  isPrivate: boolean;
  finvoiceAddress: string;
  finvoiceRouter: string;
  delivery: { name: string; street: string; city: string; postcode: string; country: string };
  block: { name: string; email: string; phone: string };
  contacts: Contact[];
  notes: {
    comment: string;
    agreement: string;
    reference: string;
    yourReference: string;
    textBefore: string;
    textAfter: string;
  };
}

export interface Contact {
  id: string;
  firstName: string;
  lastName: string;
  phone: string;
  email: string;
}

const Key = z.string().regex(/^\d{1,18}$/);

const keyOf = (value: string): string => {
  const parsed = Key.safeParse(value);
  if (!parsed.success) throw new Failure('ANSWER_GARBLED');
  return parsed.data;
};

const flags: Record<string, boolean> = { '1': true, '0': false, true: true, false: false };
/** `unknown` where the answer does not say: for "in use" that is yes, for "a private person" no. */
const flag = (value: string, unknown: boolean) => flags[value.toLowerCase()] ?? unknown;

/** One `Customer` element. Throws `ANSWER_GARBLED` where it is none. */
export function readCard(node: Node | string): Card {
  const base = child(node, 'CustomerBaseInformation');
  if (typeof base !== 'object') throw new Failure('ANSWER_GARBLED');
  const [finvoice, delivery, block] = ['CustomerFinvoiceDetails', 'CustomerDeliveryDetails', 'CustomerContactDetails'].map(
    (name) => child(node, name),
  );
  const notes = child(node, 'CustomerAdditionalInformation');
  return {
    key: keyOf(text(base, 'NetvisorKey')),
    code: text(base, 'InternalIdentifier'),
    external: text(base, 'ExternalIdentifier'),
    name: text(base, 'Name'),
    extension: text(base, 'NameExtension'),
    street: text(base, 'StreetAddress'),
    moreStreet: text(base, 'AdditionalStreetAddress'),
    city: text(base, 'City'),
    postcode: text(base, 'PostNumber'),
    country: text(base, 'Country'),
    phone: text(base, 'PhoneNumber'),
    fax: text(base, 'FaxNumber'),
    email: text(base, 'Email'),
    invoicingEmail: text(base, 'EmailInvoicingAddress'),
    homePage: text(base, 'HomePageUri'),
    isActive: flag(text(base, 'IsActive'), true),
    isPrivate: flag(text(base, 'IsPrivateCustomer'), false),
    finvoiceAddress: text(finvoice, 'FinvoiceAddress'),
    finvoiceRouter: text(finvoice, 'FinvoiceRouterCode'),
    delivery: {
      name: text(delivery, 'DeliveryName'),
      street: text(delivery, 'DeliveryStreetAddress'),
      city: text(delivery, 'DeliveryCity'),
      postcode: text(delivery, 'DeliveryPostNumber'),
      country: text(delivery, 'DeliveryCountry'),
    },
    block: {
      name: text(block, 'ContactPerson'),
      email: text(block, 'ContactPersonEmail'),
      phone: text(block, 'ContactPersonPhone'),
    },
    contacts: all(child(node, 'CustomerContactPersons'), 'CustomerContactPerson').map((person) => ({
      id: keyOf(text(person, 'ContactPersonID')),
      firstName: text(person, 'ContactPersonFirstName'),
      lastName: text(person, 'ContactPersonLastName'),
      phone: text(person, 'ContactPersonPhoneNumber'),
      email: text(person, 'ContactPersonEmail'),
    })),
    notes: {
      comment: text(notes, 'Comment'),
      agreement: text(notes, 'CustomerAgreementIdentifier'),
      reference: text(notes, 'ReferenceNumber'),
      yourReference: text(notes, 'YourDefaultReference'),
      textBefore: text(notes, 'DefaultTextBeforeInvoiceLines'),
      textAfter: text(notes, 'DefaultTextAfterInvoiceLines'),
    },
  };
}

/** A line of `customerlist.nv`; the key is spelt `Netvisorkey` there. */
export interface Listed {
  key: string;
  name: string;
  code: string;
  businessId: string;
}

export const readListed = (root: Node): Listed[] => {
  const list = child(root, 'Customerlist');
  if (list === undefined) throw new Failure('ANSWER_GARBLED');
  return all(list, 'Customer').map((line) => ({
    key: keyOf(text(line, 'Netvisorkey') || text(line, 'NetvisorKey')),
    name: text(line, 'Name'),
    code: text(line, 'Code'),
    businessId: text(line, 'OrganisationIdentifier'),
  }));
};

/** A line of `salesinvoicelist.nv`. */
export interface Document {
  /** `YYYY-MM-DD`; empty where the line has none. */
  date: string;
  isOpen: boolean;
}

export const readDocuments = (root: Node, customerKey: string): Document[] => {
  const list = child(root, 'SalesInvoiceList');
  if (list === undefined) throw new Failure('ANSWER_GARBLED');
  return all(list, 'SalesInvoice').map((line) => {
    const owner = text(line, 'CustomerNetvisorKey');
    // older answers do not say whose a line is; one that says another's is a spoilt answer
    if (owner !== '' && owner !== customerKey) throw new Failure('ANSWER_GARBLED');
    const date = text(line, 'Invoicedate') || text(line, 'InvoiceDate');
    if (date !== '' && !/^\d{4}-\d\d-\d\d$/.test(date)) throw new Failure('ANSWER_GARBLED');
    const status = child(line, 'InvoiceStatus');
    const said = text(line, 'InvoiceStatus').toLowerCase();
    // sums have a decimal comma in some answers and a point in others
    const open = Number(text(line, 'OpenSum').replace(/\s/g, '').replace(',', '.') || '0');
    return {
      date,
      isOpen:
        open > 0 || Number.isNaN(open) || ['open', 'unsent'].includes(said) || flag(attribute(status, 'isincollection'), false),
    };
  });
};
