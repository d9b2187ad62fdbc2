import { invalid, NetvisorFailure } from './failure.ts';
import type { Read } from './reading.ts';

/** One element of a request as its document type has it. */
export interface Rule {
  name: string;
  /** Characters. */
  max?: number;
  /** Values that its `type` attribute may have. It must stand there, unless `untyped`. */
  types?: readonly string[];
  untyped?: true;
  pattern?: RegExp;
  /** It may be left out, and never be empty. */
  filled?: true;
  repeats?: true;
  /** Elements inside, in order. */
  inside?: readonly Rule[];
}

const rule = (name: string, more: Omit<Rule, 'name'> = {}): Rule => ({ name, ...more });
const text = (name: string, max: number) => rule(name, { max });
const plain = (...names: string[]) => names.map((name) => rule(name));
const yesNo = (name: string) => rule(name, { pattern: /^[01]$/, filled: true });
const iso = { types: ['ISO-3166'], pattern: /^[A-Z]{2}$/ };
const key = { types: ['netvisor'], pattern: /^\d+$/, filled: true } as const;

const base: Rule[] = [
  rule('internalidentifier', { max: 50, types: ['automatic'], untyped: true }),
  rule('externalidentifier'),
  text('organizationunitnumber', 17),
  rule('name', { max: 250, filled: true }),
  text('nameextension', 250),
  text('streetaddress', 80),
  text('additionaladdressline', 80),
  text('city', 80),
  text('postnumber', 50),
  rule('country', iso),
  ...plain('customergroupname', 'phonenumber', 'faxnumber', 'email', 'homepageuri'),
  yesNo('isactive'),
  yesNo('isprivatecustomer'),
  rule('emailinvoicingaddress'),
];

const additional: Rule[] = [
  ...plain('comment', 'customeragreementidentifier', 'customerreferencenumber'),
  rule('invoicinglanguage', iso),
  rule('invoiceprintchannelformat', { types: ['netvisor'], pattern: /^[12]$/ }),
  ...plain('yourdefaultreference', 'defaulttextbeforeinvoicelines', 'defaulttextafterinvoicelines'),
  rule('defaultpaymentterm', { types: ['netvisor', 'customer'] }),
  ...plain('defaultsecondname', 'paymentinterest', 'balancelimit', 'receivablesmanagementautomationrule', 'factoringaccount'),
  rule('taxhandlingtype', { pattern: /^(countrygroup|forcedomestic|notaxhandling|domesticconstructionservice)$/ }),
  yesNo('eustandardfinvoice'),
  rule('defaultsalesperson', { inside: [rule('salespersonid', { types: ['netvisor'] })] }),
];

/** `customer.nv` (Netvisor help 77000554181; the order as two public clients keep it). */
export const customerRule = rule('customer', {
  inside: [
    rule('customerbaseinformation', { inside: base }),
    rule('customerfinvoicedetails', { inside: plain('finvoiceaddress', 'finvoiceroutercode') }),
    rule('customerdeliverydetails', {
      inside: [
        ...plain('deliveryname', 'deliverystreetaddress', 'deliverycity', 'deliverypostnumber'),
        rule('deliverycountry', iso),
      ],
    }),
    rule('customercontactdetails', {
      inside: plain('contactname', 'contactperson', 'contactpersonemail', 'contactpersonphone'),
    }),
    rule('customeradditionalinformation', { inside: additional }),
    rule('customerdimensiondetails', {
      inside: [rule('dimension', { repeats: true, inside: plain('dimensionname', 'dimensionitem') })],
    }),
  ],
});

/** `contactperson.nv` (Netvisor help 77000554184). Who must be named is asked by the verb, not here. */
export const personRule = rule('contactperson', {
  inside: [
    rule('method', { pattern: /^(add|edit|delete)$/, filled: true }),
    rule('customeridentifier', key),
    rule('contactpersonidentifier', key),
    yesNo('isdefault'),
    text('firstname', 100),
    text('lastname', 100),
    rule('language', { types: ['ISO-3166'], pattern: /^(FI|EN|SE)$/, filled: true }),
    text('phonenumber', 80),
    text('email', 200),
    text('title', 200),
    rule('officeidentifier', { pattern: /^\d+$/ }),
    rule('positionidentifier', { pattern: /^\d+$/ }),
    rule('contactpersonaddress', { inside: plain('streetaddress', 'postnumber', 'city', 'country') }),
  ],
});

/** `patchemployee.nv` (Netvisor help 77000554260; the order as a public client keeps it). */
export const patchRule = rule('patchemployee', {
  inside: [
    rule('employeebaseinformation', {
      inside: [
        rule('companyname'),
        rule('firstname', { max: 50, filled: true }),
        rule('lastname', { max: 50, filled: true }),
        text('phonenumber', 50),
        text('email', 100),
      ],
    }),
    rule('employeepayrollinformation', {
      inside: [
        text('streetaddress', 255),
        text('postnumber', 50),
        text('city', 255),
        text('municipality', 255),
        ...['country', 'nationality', 'language'].map((name) => rule(name, { pattern: /^[A-Za-z]{2}$/ })),
        rule('employeenumber', { pattern: /^\d+$/ }),
        text('payrollrulegroupname', 50),
        text('bankaccountnumber', 34),
        text('bankidentificationcode', 20),
        rule('accountingaccountnumber', { pattern: /^\d+$/ }),
        rule('hierarchy', { types: ['netvisor', 'customer'] }),
        rule('payslipdeliverymethod', { types: ['netvisor'], pattern: /^[123]$/ }),
        ...['isjointowner', 'isathlete', 'isperformingartist'].map(yesNo),
        rule('employeeinsurancetype', { pattern: /^[1-4]$/ }),
        yesNo('activity'),
        yesNo('foreclosure'),
        ...plain('foreclosuremaintenancepersons', 'taxnumber', 'placeofbusiness'),
      ],
    }),
    rule('employeesettings', { inside: plain('payrollservice', 'resourcemanagement') }),
  ],
});

/** The one element inside `<root>`, held to its rule (order, lengths, attributes, values), as its innermost elements. */
export function contentOf(root: Read, wanted: Rule): Map<string, Read> {
  const [found] = root.children;
  if (root.name !== 'root') throw invalid('The root element must be root');
  if (!found || found.name !== wanted.name || root.children.length > 1) throw invalid(`root must hold one ${wanted.name}`);
  hold(found, wanted);
  return leavesOf(found, wanted);
}

function hold(read: Read, wanted: Rule): void {
  if (wanted.inside) {
    if (read.text.trim() !== '') throw invalid(`Element ${read.name} holds text between its elements`);
    holdOrder(read, wanted.inside);
    return;
  }
  if (read.children.length > 0) throw invalid(`Element ${read.name} may not hold elements`);
  holdType(read, wanted);
  if (read.text.trim() === '') {
    if (wanted.filled) throw invalid(`Element ${read.name} is mandatory and may not be empty`);
    return;
  }
  // as validators of XML do, the refusal repeats the value that was sent
  if (wanted.max !== undefined && read.text.length > wanted.max)
    throw new NetvisorFailure(
      'INVALID_DATA_SIZE',
      `Data form incorrect:. Element ${read.name} is longer than ${wanted.max} characters: ${read.text}`,
    );
  if (wanted.pattern && !wanted.pattern.test(read.text))
    throw invalid(`The value '${read.text}' of element ${read.name} is not valid`);
}

function holdType({ name, attributes }: Read, { types, untyped }: Rule): void {
  const unknown = Object.keys(attributes).find((attribute) => attribute !== 'type' || !types);
  if (unknown !== undefined) throw invalid(`Element ${name} has no attribute ${unknown}`);
  const type = attributes['type'];
  if (!types || (untyped && type === undefined)) return;
  if (type === undefined || !types.includes(type)) throw invalid(`Element ${name} needs the attribute type: ${types.join(', ')}`);
}

function holdOrder(read: Read, rules: readonly Rule[]): void {
  let last = -1;
  for (const child of read.children) {
    const at = rules.findIndex(({ name }) => name === child.name);
    const found = rules[at];
    if (!found) throw invalid(`Element ${child.name} is not known in ${read.name}`);
    if (at < last || (at === last && !found.repeats))
      throw invalid(`Element ${child.name} stands in the wrong place in ${read.name}`);
    last = at;
    hold(child, found);
  }
}

/** What a document says, by the names of its innermost elements. Of a repeated one the last is kept. */
function leavesOf(read: Read, wanted: Rule): Map<string, Read> {
  const leaves = new Map<string, Read>();
  for (const child of read.children) {
    const found = wanted.inside?.find(({ name }) => name === child.name);
    if (found?.inside) for (const [name, leaf] of leavesOf(child, found)) leaves.set(name, leaf);
    else leaves.set(child.name, child);
  }
  return leaves;
}
