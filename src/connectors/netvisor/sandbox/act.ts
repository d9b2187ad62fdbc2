import { z } from 'zod';
import { codes } from './failure.ts';
import { seedCustomer, seedInvoice, seedMany } from './seed.ts';
import { type Company, type Customer, invoiceStatuses } from './state.ts';

const text = z.string().optional();
const Card = z.record(z.string(), z.string());
const Key = z.int().positive();

const CustomerDeed = z.strictObject({
  do: z.literal('seedCustomer'),
  name: z.string().min(1),
  code: text,
  email: text,
  phone: text,
  street: text,
  postcode: text,
  city: text,
  country: text,
  externalIdentifier: text,
  isPrivate: z.boolean().optional(),
  isActive: z.boolean().optional(),
  comment: text,
  contactPersons: z.array(z.strictObject({ firstName: z.string(), lastName: z.string(), email: text, phone: text })).optional(),
  contactBlock: z.strictObject({ name: text, email: text, phone: text }).optional(),
  more: Card.optional(),
});
const InvoiceDeed = z.strictObject({
  do: z.literal('seedInvoice'),
  customer: Key,
  date: z.iso.date(),
  status: z.enum(invoiceStatuses).optional(),
  open: z.number().min(0).optional(),
  kind: z.enum(['invoice', 'order', 'draft']).optional(),
  inCollection: z.boolean().optional(),
});
const SwitchDeed = z.strictObject({
  do: z.literal('switch'),
  encoding: z.enum(['utf-8', 'iso-8859-15']).optional(),
  queryEncoding: z.enum(['iso-8859-1', 'utf-8']).optional(),
  maintenance: z.boolean().optional(),
  deniedResources: z.array(z.string()).optional(),
  denialCode: z.enum(['SERVICE_ACCESS_ERROR', 'AUTHENTICATION_FAILED']).optional(),
  strict: z.boolean().optional(),
  delayMs: z.int().min(0).max(360_000).optional(),
  skewSeconds: z.number().min(0).nullable().optional(),
  publicUrl: z.url().nullable().optional(),
  ordersBlockDeletion: z.boolean().optional(),
  draftsBlockDeletion: z.boolean().optional(),
  deletionRefusalCode: z.enum(codes).optional(),
  invoicesFollowCustomer: z.boolean().optional(),
  listsDeleted: z.boolean().optional(),
  changedSinceZone: z.enum(['finnish', 'utc']).optional(),
  deletionNamesPerson: z.boolean().optional(),
});

const Deed = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('seed'), count: z.int().min(0).max(100_000) }),
  CustomerDeed,
  InvoiceDeed,
  z.strictObject({ do: z.literal('editCard'), customer: Key, set: Card }),
  z.strictObject({ do: z.literal('deleteInvoice'), invoice: Key }),
  SwitchDeed,
]);

export interface CustomerState {
  key: number;
  card: Record<string, string>;
  contactPersons: { id: number; card: Record<string, string> }[];
}

/** A customer for a look from outside: a copy. */
export const stateOf = ({ key, card, people }: Customer): CustomerState => ({
  key,
  card: { ...card },
  contactPersons: people.map((person) => ({ id: person.id, card: { ...person.card } })),
});

/** What `POST /_sandbox/act` and a seed file may ask: somebody works in Netvisor's own pages. */
export function act(company: Company, what: unknown): Record<string, unknown> {
  const deed = Deed.parse(what);
  switch (deed.do) {
    case 'seed':
      return { customers: seedMany(company, deed.count).map(stateOf) };
    case 'seedCustomer':
      return { customer: seedCustomer(company, deed).key };
    case 'seedInvoice':
      return { invoice: seedInvoice(company, deed).key };
    case 'editCard': {
      const customer = company.customers.get(deed.customer);
      if (!customer) throw new Error(`the sandbox has no customer ${deed.customer}`);
      Object.assign(customer.card, deed.set);
      company.touched(customer);
      return { customer: customer.key };
    }
    case 'deleteInvoice':
      if (!company.invoices.delete(deed.invoice)) throw new Error(`the sandbox has no invoice ${deed.invoice}`);
      return {};
    case 'switch': {
      const { do: _, ...wanted } = deed;
      Object.assign(company.switches, wanted);
      return { ...company.switches };
    }
  }
}
