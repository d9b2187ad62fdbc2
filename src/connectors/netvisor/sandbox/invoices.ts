import type { SandboxAnswer } from '../../sandbox.ts';
import { comma, type Element, element, finnishIso, succeeded } from './answer.ts';
import { type Asked, keysOf } from './customers.ts';
import { invalid } from './failure.ts';
import type { Company, Invoice, InvoiceKind } from './state.ts';

const ansi = { format: 'ansi' };

const listTypes = new Map<string, readonly InvoiceKind[]>([
  ['', ['invoice']],
  ['preinvoice', ['order']],
  ['draftandinvoice', ['draft', 'invoice']],
]);

/** `GET salesinvoicelist.nv` (Netvisor help 77000554148, 769716). */
export function invoiceList(company: Company, { query, origin }: Asked): SandboxAnswer {
  const asked = (name: string) => query.get(name) ?? '';
  const kinds = listTypes.get(asked('listtype'));
  if (!kinds) throw invalid('listtype is not valid');
  const replyOption = Number(asked('replyoption') || 0);
  if (![0, 1, 2, 3].includes(replyOption)) throw invalid('replyoption is not valid');
  const tests = filters(asked);
  const rows = [...company.invoices.values()]
    .filter((invoice) => kinds.includes(invoice.kind) && tests.every((test) => test(invoice)))
    .map((invoice) => listRow(invoice, origin, replyOption));
  return succeeded(company.now(), [element('SalesInvoiceList', rows)]);
}

type Test = (invoice: Invoice) => boolean;

function filters(asked: (name: string) => string): Test[] {
  const dated = (name: string, test: (value: string) => Test): Test[] => {
    const value = asked(name);
    if (value === '') return [];
    if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?$/.test(value)) throw invalid(`${name} is not a date`);
    return [test(value)];
  };
  const numbered = (name: string, test: (value: number) => Test): Test[] => {
    const value = asked(name);
    if (value === '') return [];
    if (!/^\d{1,9}$/.test(value)) throw invalid(`${name} is not a number`);
    return [test(Number(value))];
  };
  const named = (name: string, of: (invoice: Invoice) => string): Test[] =>
    asked(name) === '' ? [] : [(invoice) => of(invoice) === asked(name)];
  const changed = (value: string, { changedAt }: Invoice) => finnishIso(changedAt).slice(0, value.length);
  return [
    ...numbered('customernetvisorkey', (value) => (i) => i.customer === value),
    ...numbered('invoicesabovenetvisorkey', (value) => (i) => i.key > value),
    ...numbered('invoicenumber', (value) => (i) => i.number === value),
    ...dated('begininvoicedate', (value) => (i) => i.date >= value),
    ...dated('endinvoicedate', (value) => (i) => i.date <= value),
    ...dated('lastmodifiedstart', (value) => (i) => changed(value, i) >= value),
    ...dated('lastmodifiedend', (value) => (i) => changed(value, i) <= value),
    ...named('invoicestatus', (i) => i.status),
    ...named('customercode', (i) => i.copy['internalidentifier'] ?? ''),
    ...named('invoicingcustomercountrycode', (i) => i.copy['country'] ?? ''),
    // the sandbox has no batches and no second names
    ...['salesinvoicebatchid', 'secondname', 'secondnamenetvisorkey'].flatMap((name) => named(name, () => '')),
  ];
}

function listRow(invoice: Invoice, origin: string, replyOption: number): Element {
  const { key, number, date, due, status, substatus, inCollection, customer, copy, sum, open, comment } = invoice;
  const about = { ...(substatus ? { substatus } : {}), ...(inCollection ? { isincollection: '1' } : {}) };
  return element('SalesInvoice', [
    element('NetvisorKey', key),
    element('InvoiceNumber', number),
    element('Invoicedate', date, ansi),
    element('InvoiceDueDate', due, ansi),
    element('InvoiceStatus', status, about),
    element('CustomerNetvisorKey', customer),
    element('CustomerCode', copy['internalidentifier'] ?? ''),
    element('CustomerName', copy['name'] ?? ''),
    element('ReferenceNumber', copy['customerreferencenumber'] ?? ''),
    element('InvoiceSum', comma(sum)),
    element('OpenSum', comma(open)),
    element('Uri', `${origin}/getsalesinvoice.nv?netvisorkey=${key}`),
    ...(replyOption & 1 ? [element('PrivateComment', comment)] : []),
    ...(replyOption & 2 ? [element('InvoiceCurrencySum', comma(sum)), element('OpenCurrencySum', comma(open))] : []),
  ]);
}

/** `GET getsalesinvoice.nv`. An unknown key is no failure: the answer holds an empty `SalesInvoice`. */
export function getInvoice(company: Company, { query }: Asked): SandboxAnswer {
  const key = query.get('netvisorkey');
  const list = query.get('netvisorkeylist');
  if ((key === undefined) === (list === undefined)) throw invalid('Either netvisorkey or netvisorkeylist must be given');
  const found = keysOf(key ?? list ?? '').flatMap((id) => company.invoices.get(Number(id)) ?? []);
  if (list !== undefined) return succeeded(company.now(), [element('SalesInvoices', found.map(invoiceView))]);
  const [invoice] = found;
  return succeeded(company.now(), [invoice ? invoiceView(invoice) : element('SalesInvoice')]);
}

/** As the fixture GetSalesInvoice has it: the amount with a point here, and with a comma in the list. */
function invoiceView({ number, date, due, status, substatus, sum, comment, copy }: Invoice): Element {
  const held = (shown: string, written: string, attributes?: Record<string, string>) =>
    element(shown, copy[written] ?? '', attributes);
  return element('SalesInvoice', [
    element('SalesInvoiceNumber', number),
    element('SalesInvoiceDate', date, ansi),
    element('SalesInvoiceDueDate', due, ansi),
    held('SalesInvoiceReferencenumber', 'customerreferencenumber'),
    element('SalesInvoiceAmount', sum.toFixed(2), { iso4217currencycode: 'EUR', currencyrate: '1' }),
    element('InvoiceStatus', status.charAt(0).toUpperCase() + status.slice(1), { status, ...(substatus ? { substatus } : {}) }),
    held('SalesInvoiceFreeTextBeforeLines', 'defaulttextbeforeinvoicelines'),
    held('SalesInvoiceFreeTextAfterLines', 'defaulttextafterinvoicelines'),
    element('SalesInvoiceOurReference'),
    held('SalesInvoiceYourReference', 'yourdefaultreference'),
    element('SalesInvoicePrivateComment', comment),
    held('InvoicingCustomerName', 'name'),
    held('InvoicingCustomerNameExtension', 'nameextension'),
    held('InvoicingCustomerAddressline', 'streetaddress'),
    held('InvoicingCustomerAdditionalAddressLine', 'additionaladdressline'),
    held('InvoicingCustomerPostnumber', 'postnumber'),
    held('InvoicingCustomerTown', 'city'),
    held('InvoicingCustomerCountryCode', 'country', { 'ISO-3166': copy['country'] ?? '' }),
    held('InvoicingCustomerOrganizationIdentifier', 'externalidentifier'),
    held('DeliveryAddressName', 'deliveryname'),
    held('DeliveryAddressLine', 'deliverystreetaddress'),
    held('DeliveryAddressPostnumber', 'deliverypostnumber'),
    held('DeliveryAddressTown', 'deliverycity'),
    held('DeliveryAddressCountryCode', 'deliverycountry'),
    held('ContactPersonName', 'contactperson'),
    held('ContactPersonEmail', 'contactpersonemail'),
    held('ContactPersonPhone', 'contactpersonphone'),
    element('InvoiceLines'),
  ]);
}
