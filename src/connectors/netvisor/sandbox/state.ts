import type { Code, StatusCodes } from './failure.ts';

/** What the simulated company holds, and what the sandbox can be told. */

/** By the names that requests use (`streetaddress`); a name that is absent reads as empty. */
export type Card = Record<string, string>;

export interface ContactPerson {
  id: number;
  card: Card;
}

export interface Customer {
  key: number;
  card: Card;
  people: ContactPerson[];
  changedAt: Date;
}

export type InvoiceKind = 'invoice' | 'order' | 'draft';
export const invoiceStatuses = [
  'open',
  'paid',
  'unsent',
  'creditloss',
  'rejected',
  'archived',
  'undelivered',
  'delivered',
  'billed',
] as const;
export type InvoiceStatus = (typeof invoiceStatuses)[number];

export interface Invoice {
  key: number;
  number: number;
  kind: InvoiceKind;
  status: InvoiceStatus;
  substatus?: 'open' | 'overdue' | 'reminded' | 'requested' | 'collected';
  inCollection: boolean;
  /** `YYYY-MM-DD`. */
  date: string;
  due: string;
  customer: number;
  sum: number;
  open: number;
  comment: string;
  /** The customer's card when the invoice was made: name, address and contact are the invoice's own from then on. */
  copy: Card;
  changedAt: Date;
}

export const identifierTypes = ['finnishidentifier', 'foreignidentifier', 'companyidentifier'] as const;

export interface Employee {
  key: number;
  /** By the names that requests use, and `identifier`, `identifiertype`. */
  card: Card;
  /** `YYYY-MM-DD`; an end that is '' has not come. */
  periods: { key: number; start: string; end: string }[];
  /** What the company's HR system holds of them; null: nothing, it does not know them. */
  hr: Card | null;
}

/** 1 open, 2 accepted, 3 paid. */
export type PayslipStatus = 1 | 2 | 3;
export interface Payslip {
  key: number;
  employee: number;
  /** Day of payment. */
  date: string;
  status: PayslipStatus;
}

/** What the fact sheets leave open is a switch; so is what an operator of Netvisor can change. */
export interface Switches {
  /** How bodies are read. The wrong one is stored as it comes out. Netvisor's own pages disagree. */
  encoding: 'utf-8' | 'iso-8859-15';
  /** How percent escapes of a query are read. */
  queryEncoding: 'iso-8859-1' | 'utf-8';
  statusCodes: StatusCodes;
  /** How far a timestamp may be off, in seconds; null: as far as it likes. No limit is published. */
  skewSeconds: number | null;
  maintenance: boolean;
  /** Resources (`deletecustomer.nv`) that the company did not grant to the integration. */
  deniedResources: readonly string[];
  denialCode: 'SERVICE_ACCESS_ERROR' | 'AUTHENTICATION_FAILED';
  /** Refuse a transaction id that was seen, and a request beside another; they are counted in any case. */
  strict: boolean;
  /** ms that every request takes, with the company's door shut behind it. */
  delayMs: number;
  /** Where callers believe the sandbox is, if something that changes the address stands between. */
  publicUrl: string | null;
  ordersBlockDeletion: boolean;
  draftsBlockDeletion: boolean;
  /** Which code precedes "has invoices" is not published. */
  deletionRefusalCode: Code;
  /** An edit of a customer reaches the invoices too. */
  invoicesFollowCustomer: boolean;
  /** A deleted customer still stands in the customer list. */
  listsDeleted: boolean;
  changedSinceZone: 'finnish' | 'utc';
  /** Whether `delete` of a contact person must name them. */
  deletionNamesPerson: boolean;
  /** How elements of employees are spelt: the articles and a public client differ. */
  employeeCase: 'camel' | 'lower';
  /** An element that is sent empty to `patchemployee.nv` leaves the field as it is: that it blanks it is said of customers alone. */
  patchKeepsEmpty: boolean;
  /** HR is kept elsewhere, and each night its values go over those of payroll. */
  nightlyFeedback: boolean;
}

export interface Credentials {
  customerId: string;
  customerKey: string;
  partnerId: string;
  partnerKey: string;
}

export const usualCredentials: Credentials = {
  customerId: 'SB_12345_67890',
  customerKey: '0123456789ABCDEF0123456789ABCDEF',
  partnerId: 'Kai_12345',
  partnerKey: 'FEDCBA9876543210FEDCBA9876543210',
};

export class Company {
  readonly customers = new Map<number, Customer>();
  readonly deleted = new Map<number, Customer>();
  readonly invoices = new Map<number, Invoice>();
  readonly employees = new Map<number, Employee>();
  readonly payslips = new Map<number, Payslip>();
  readonly now: () => Date;
  readonly switches: Switches;
  readonly #groups: string[] = [];
  #key = 100;
  #highestCode = 0;

  constructor(now: () => Date, switches: Switches) {
    this.now = now;
    this.switches = switches;
  }

  /** Keys are never used twice. */
  nextKey(): number {
    return ++this.#key;
  }

  add(card: Card): Customer {
    const customer = { key: this.nextKey(), card, people: [], changedAt: this.now() };
    this.customers.set(customer.key, customer);
    this.#noteCode(customer);
    return customer;
  }

  find(key: string | number | undefined): Customer | undefined {
    return key === undefined || !/^\d{1,9}$/.test(String(key)) ? undefined : this.customers.get(Number(key));
  }

  /** The next customer code that is a free number. */
  freeCode(): string {
    return String(this.#highestCode + 1);
  }

  groupKey(name: string): number {
    if (!this.#groups.includes(name)) this.#groups.push(name);
    return this.#groups.indexOf(name) + 1;
  }

  invoicesOf(customer: number): Invoice[] {
    return [...this.invoices.values()].filter((invoice) => invoice.customer === customer);
  }

  /** A customer's card was changed. */
  touched(customer: Customer): void {
    customer.changedAt = this.now();
    this.#noteCode(customer);
    if (!this.switches.invoicesFollowCustomer) return;
    for (const invoice of this.invoicesOf(customer.key)) invoice.copy = { ...customer.card };
  }

  #noteCode({ card }: Customer): void {
    const code = card['internalidentifier'] ?? '';
    if (/^\d{1,9}$/.test(code)) this.#highestCode = Math.max(this.#highestCode, Number(code));
  }
}
