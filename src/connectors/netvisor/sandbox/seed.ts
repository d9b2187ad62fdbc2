import type { Card, Company, Customer, Invoice, InvoiceKind, InvoiceStatus } from './state.ts';

/** Rows that are put there as if they had always been: no rule of the API is asked. */

export interface CustomerSeed {
  name: string;
  code?: string | undefined;
  email?: string | undefined;
  phone?: string | undefined;
  street?: string | undefined;
  postcode?: string | undefined;
  city?: string | undefined;
  country?: string | undefined;
  /** A Business ID, or a private customer's personal identity code. */
  externalIdentifier?: string | undefined;
  isPrivate?: boolean | undefined;
  isActive?: boolean | undefined;
  comment?: string | undefined;
  contactPersons?: readonly PersonSeed[] | undefined;
  contactBlock?: { name?: string | undefined; email?: string | undefined; phone?: string | undefined } | undefined;
  /** Other elements, by the names that requests use. */
  more?: Card | undefined;
}

export interface PersonSeed {
  firstName: string;
  lastName: string;
  email?: string | undefined;
  phone?: string | undefined;
}

export interface InvoiceSeed {
  /** A customer's key. */
  customer: number;
  /** `YYYY-MM-DD`. */
  date: string;
  status?: InvoiceStatus | undefined;
  /** Open sum, in euros. */
  open?: number | undefined;
  kind?: InvoiceKind | undefined;
  inCollection?: boolean | undefined;
}

const present = (card: Record<string, string | undefined>): Card =>
  Object.fromEntries(Object.entries(card).filter((entry): entry is [string, string] => entry[1] !== undefined));

export function seedCustomer(company: Company, seed: CustomerSeed): Customer {
  const customer = company.add(
    present({
      name: seed.name,
      internalidentifier: seed.code ?? company.freeCode(),
      externalidentifier: seed.externalIdentifier,
      streetaddress: seed.street,
      postnumber: seed.postcode,
      city: seed.city,
      country: seed.country ?? 'FI',
      phonenumber: seed.phone,
      email: seed.email,
      isactive: (seed.isActive ?? true) ? '1' : '0',
      isprivatecustomer: seed.isPrivate ? '1' : '0',
      comment: seed.comment,
      contactperson: seed.contactBlock?.name,
      contactpersonemail: seed.contactBlock?.email,
      contactpersonphone: seed.contactBlock?.phone,
      ...seed.more,
    }),
  );
  for (const { firstName, lastName, email, phone } of seed.contactPersons ?? [])
    customer.people.push({
      id: company.nextKey(),
      card: present({ firstname: firstName, lastname: lastName, language: 'FI', phonenumber: phone, email }),
    });
  return customer;
}

const usualStatus: Record<InvoiceKind, InvoiceStatus> = { invoice: 'open', order: 'undelivered', draft: 'unsent' };
const usualSum = 123.45;
const netDays = 14;

export function seedInvoice(company: Company, seed: InvoiceSeed): Invoice {
  const customer = company.customers.get(seed.customer);
  if (!customer) throw new Error(`the sandbox has no customer ${seed.customer}`);
  if (Number.isNaN(Date.parse(seed.date))) throw new Error('date must be YYYY-MM-DD');
  const kind = seed.kind ?? 'invoice';
  const status = seed.status ?? usualStatus[kind];
  const due = new Date(Date.parse(seed.date) + netDays * 86_400_000).toISOString().slice(0, 10);
  const isOverdue = status === 'open' && due < company.now().toISOString().slice(0, 10);
  const open = seed.open ?? (status === 'open' ? usualSum : 0);
  const invoice: Invoice = {
    key: company.nextKey(),
    number: company.invoices.size + 1,
    kind,
    status,
    ...(seed.inCollection ? { substatus: 'collected' as const } : isOverdue ? { substatus: 'overdue' as const } : {}),
    inCollection: seed.inCollection ?? false,
    date: seed.date,
    due,
    customer: customer.key,
    sum: Math.max(usualSum, open),
    open,
    comment: '',
    copy: { ...customer.card },
    changedAt: company.now(),
  };
  company.invoices.set(invoice.key, invoice);
  return invoice;
}

const firstNames = ['Aino', 'Mikko', 'Päivi', 'Jouko', 'Kerttu', 'Åke', 'Sanna', 'Väinö', 'Hilkka', 'Jere'] as const;
const lastNames = [
  'Mäkelä',
  'Virtanen',
  'Åström',
  'Öhman',
  'Korhonen',
  'Hämäläinen',
  'Lindqvist',
  'Järvinen',
  'Nieminen',
] as const;
const streets = ['Pajukuja', 'Mäntytie', 'Hämeenkatu', 'Södra vägen', 'Rantatie', 'Kirkkokatu', 'Yliopistonkatu'] as const;
const places = [
  '00530 Helsinki',
  '33100 Tampere',
  '65100 Vaasa',
  '53100 Lappeenranta',
  '90100 Oulu',
  '20100 Turku',
  '02100 Espoo',
  '40100 Jyväskylä',
] as const;
const trades = ['Sähkö & Putki', 'Talotekniikka', 'Nuohous', 'Kiinteistöt', 'Lämpö ja Vesi', 'Hissi & Huolto'] as const;

const pick = <T>(list: readonly [T, ...T[]], n: number): T => list[n % list.length] ?? list[0];

const two = (value: number) => String(value).padStart(2, '0');

/** A personal identity code from the numbers 900-999, which are given to nobody. */
function identityCode(n: number): string {
  const born = `${two(1 + (n % 28))}${two(1 + (n % 12))}${two(50 + (n % 45))}`;
  const number = String(900 + (n % 100));
  return `${born}-${number}${'0123456789ABCDEFHJKLMNPRSTUVWXY'.charAt(Number(born + number) % 31)}`;
}

/** A Business ID whose check digit is right; numbers whose digit would be 10 are passed over. */
function businessId(n: number): string {
  for (let number = 9_000_000 + n * 13; ; number++) {
    const digits = String(number);
    const rest = [7, 9, 10, 5, 8, 4, 2].reduce((sum, weight, at) => sum + weight * Number(digits.charAt(at)), 0) % 11;
    if (rest !== 1) return `${digits}-${rest === 0 ? 0 : 11 - rest}`;
  }
}

const ascii = (text: string) =>
  text
    .normalize('NFD')
    .replace(/[^a-zA-Z]/g, '')
    .toLowerCase();

/** The n-th person of the invented town; names repeat, addresses and numbers do not. */
function personOf(n: number): Required<PersonSeed> {
  const firstName = pick(firstNames, n + 3 * Math.floor(n / 4));
  const lastName = pick(lastNames, n);
  return {
    firstName,
    lastName,
    email: `${ascii(firstName)}.${ascii(lastName)}${n}@seed.test`,
    phone: `040 ${String(1_000_000 + n).replace(/(\d{3})(\d+)/, '$1 $2')}`,
  };
}

const address = (n: number) => {
  const [postcode = '', city = ''] = pick(places, n).split(' ');
  return { street: `${pick(streets, n)} ${1 + (n % 90)}`, postcode, city };
};

/**
 * `count` customers, always the same ones, in turns of six: a private customer with a personal identity code and no invoices, a firm
 * with three contact persons, a private customer with an old invoice and one of this year, a firm with an order, a private customer
 * with a draft alone, and a firm whose contact stands in its contact block, with an open invoice.
 */
export function seedMany(company: Company, count: number): Customer[] {
  return Array.from({ length: count }, (_, turn) => seedOne(company, company.customers.size + company.deleted.size, turn));
}

function seedOne(company: Company, n: number, turn: number): Customer {
  const year = company.now().getUTCFullYear();
  const isFirm = turn % 2 === 1;
  const { firstName, lastName, email, phone } = personOf(n * 4);
  const customer = isFirm
    ? seedCustomer(company, {
        ...address(n),
        name: `${address(n).city} ${pick(trades, n)}${n < 24 ? '' : ` ${n}`} Oy`,
        externalIdentifier: businessId(n),
        email: `laskut${n}@seed.test`,
        phone: `09 ${1_000_000 + n}`,
        ...(turn % 6 === 1 ? { contactPersons: [1, 2, 3].map((more) => personOf(n * 4 + more)) } : {}),
        ...(turn % 6 === 3 ? { contactPersons: [personOf(n * 4 + 1)] } : {}),
        ...(turn % 6 === 5 ? { contactBlock: { name: `${firstName} ${lastName}`, email, phone } } : {}),
      })
    : seedCustomer(company, {
        ...address(n),
        name: `${firstName} ${lastName}`,
        email,
        phone,
        isPrivate: true,
        ...(turn % 6 === 0 ? { externalIdentifier: identityCode(n), comment: `Avain naapurilla, soita ${firstName}lle` } : {}),
      });
  const invoices: Record<number, Omit<InvoiceSeed, 'customer'>[]> = {
    2: [
      { date: `${year - 8}-03-12`, status: 'paid' },
      { date: `${year}-01-10`, status: 'paid' },
    ],
    3: [{ date: `${year}-01-15`, kind: 'order' }],
    4: [{ date: `${year}-01-20`, kind: 'draft' }],
    5: [{ date: `${year}-01-05`, status: 'open' }],
  };
  for (const invoice of invoices[turn % 6] ?? []) seedInvoice(company, { ...invoice, customer: customer.key });
  return customer;
}
