import { z } from 'zod';
import { codes } from './failure.ts';
import { night, seedEmployee, seedPayslip } from './payroll-seed.ts';
import { seedCustomer, seedInvoice, seedMany } from './seed.ts';
import { type Company, type Customer, type Employee, identifierTypes, invoiceStatuses } from './state.ts';

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
  employeeCase: z.enum(['camel', 'lower']).optional(),
  patchKeepsEmpty: z.boolean().optional(),
  nightlyFeedback: z.boolean().optional(),
});
const EmployeeDeed = z.strictObject({
  do: z.literal('seedEmployee'),
  firstName: z.string().min(1),
  lastName: z.string().min(1),
  email: text,
  phone: text,
  street: text,
  postcode: text,
  city: text,
  country: text,
  identifier: text,
  identifierType: z.enum(identifierTypes).optional(),
  number: text,
  bankAccount: text,
  isActive: z.boolean().optional(),
  starts: z.iso.date().optional(),
  ends: z.iso.date().optional(),
  inHr: z.boolean().optional(),
});
const PayslipDeed = z.strictObject({
  do: z.literal('seedPayslip'),
  employee: Key,
  date: z.iso.date(),
  status: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
});

const Deed = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('seed'), count: z.int().min(0).max(100_000) }),
  CustomerDeed,
  InvoiceDeed,
  z.strictObject({ do: z.literal('editCard'), customer: Key, set: Card }),
  z.strictObject({ do: z.literal('deleteInvoice'), invoice: Key }),
  SwitchDeed,
  EmployeeDeed,
  PayslipDeed,
  z.strictObject({ do: z.literal('editEmployee'), employee: Key, set: Card }),
  z.strictObject({ do: z.literal('editHr'), employee: Key, set: Card }),
  z.strictObject({ do: z.literal('endEmployment'), employee: Key, day: z.iso.date() }),
  z.strictObject({ do: z.literal('removeEmployee'), employee: Key }),
  z.strictObject({ do: z.literal('night') }),
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

export interface EmployeeState {
  key: number;
  card: Record<string, string>;
  /** Last days of the employments; '' for one that runs. */
  ends: string[];
}
export const employeeStateOf = ({ key, card, periods }: Employee): EmployeeState => ({
  key,
  card: { ...card },
  ends: periods.map(({ end }) => end),
});

function employeeOf(company: Company, key: number): Employee {
  const found = company.employees.get(key);
  if (!found) throw new Error(`the sandbox has no employee ${key}`);
  return found;
}

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
    case 'seedEmployee':
      return { employee: seedEmployee(company, deed).key };
    case 'seedPayslip':
      return { payslip: seedPayslip(company, deed) };
    case 'editEmployee':
      Object.assign(employeeOf(company, deed.employee).card, deed.set);
      return {};
    case 'editHr': {
      const employee = employeeOf(company, deed.employee);
      employee.hr = { ...(employee.hr ?? employee.card), ...deed.set };
      return {};
    }
    case 'endEmployment':
      for (const period of employeeOf(company, deed.employee).periods) period.end ||= deed.day;
      return {};
    case 'removeEmployee':
      company.employees.delete(employeeOf(company, deed.employee).key);
      return {};
    case 'night':
      return { rewritten: night(company) };
    case 'switch': {
      const { do: _, ...wanted } = deed;
      Object.assign(company.switches, wanted);
      return { ...company.switches };
    }
  }
}
