import type { SandboxAnswer, SandboxBehaviour, SandboxRequest } from '../sandbox.ts';
import { act, type CustomerState, type EmployeeState, employeeStateOf, stateOf } from './sandbox/act.ts';
import { failed } from './sandbox/answer.ts';
import { postContactPerson } from './sandbox/contact-persons.ts';
import { type Asked, customerList, deleteCustomer, getCustomer, postCustomer } from './sandbox/customers.ts';
import { NetvisorFailure, type StatusCodes, statusOf, usualStatusCodes } from './sandbox/failure.ts';
import { Gate, languageOf, wantsStatus } from './sandbox/gate.ts';
import { getInvoice, invoiceList } from './sandbox/invoices.ts';
import { employeeList, getEmployee, patchEmployee, payslipList } from './sandbox/payroll.ts';
import { type EmployeeSeed, type PayslipSeed, seedEmployee, seedPayslip } from './sandbox/payroll-seed.ts';
import { queryOf } from './sandbox/reading.ts';
import { type CustomerSeed, type InvoiceSeed, seedCustomer, seedInvoice, seedMany } from './sandbox/seed.ts';
import { Company, type Credentials, type Invoice, type Switches, usualCredentials } from './sandbox/state.ts';

export interface NetvisorSandboxOptions extends Partial<Omit<Switches, 'statusCodes'>> {
  credentials?: Partial<Credentials>;
  organisationId?: string;
  /** Only for callers that ask for HTTP statuses; the others always get 200. */
  statusCodes?: Partial<StatusCodes>;
  now?: () => Date;
}

export interface NetvisorSandbox extends SandboxBehaviour {
  readonly credentials: Credentials;
  readonly organisationId: string;
  readonly switches: Switches;
  /** Puts a customer there; its NetvisorKey. */
  seedCustomer(seed: CustomerSeed): number;
  seedInvoice(seed: InvoiceSeed): number;
  seedEmployee(seed: EmployeeSeed): number;
  seedPayslip(seed: PayslipSeed): number;
  employee(key: number): EmployeeState | undefined;
  employees(): EmployeeState[];
  /** That many customers, the same ones every time. */
  seed(count: number): CustomerState[];
  customer(key: number): CustomerState | undefined;
  customers(): CustomerState[];
  /** A customer's invoices, orders and drafts; they outlive the customer. */
  invoices(key: number): Invoice[];
  /** Keys of the customers that were deleted, in order. */
  deleted(): number[];
  reusedTransactionIds(): number;
  /** Requests that came while another one of the company was under way. */
  overlaps(): number;
  requests(): number;
  /** What Kaiku must never call and was called all the same, as `GET deletesalesinvoice.nv`. */
  forbidden(): string[];
}

interface Resource {
  method: 'GET' | 'POST';
  answer(company: Company, asked: Asked, forbidden: (what: string) => void): SandboxAnswer;
}

const resources: Record<string, Resource> = {
  'customerlist.nv': { method: 'GET', answer: customerList },
  'getcustomer.nv': { method: 'GET', answer: getCustomer },
  'customer.nv': { method: 'POST', answer: postCustomer },
  'contactperson.nv': { method: 'POST', answer: postContactPerson },
  'deletecustomer.nv': { method: 'GET', answer: deleteCustomer },
  'salesinvoicelist.nv': { method: 'GET', answer: invoiceList },
  'getsalesinvoice.nv': { method: 'GET', answer: getInvoice },
  'getemployees.nv': { method: 'GET', answer: employeeList },
  'getemployee.nv': { method: 'GET', answer: getEmployee },
  'patchemployee.nv': { method: 'POST', answer: patchEmployee },
  'getpayrollpaycheckbatchlist.nv': { method: 'GET', answer: payslipList },
  'office.nv': {
    method: 'POST',
    answer: () => {
      throw new NetvisorFailure('INVALID_DATA', 'The customer has no offices');
    },
  },
};

/** They change vouchers, employments or pay; that is nobody's right in a privacy hub. */
const never = new Set([
  'deletesalesinvoice.nv',
  'salesinvoice.nv',
  'employee.nv',
  'addjobperiod.nv',
  'editjobperiod.nv',
  'deletejobperiod.nv',
]);

const usual: Switches = {
  encoding: 'utf-8',
  queryEncoding: 'iso-8859-1',
  statusCodes: usualStatusCodes,
  skewSeconds: null,
  maintenance: false,
  deniedResources: [],
  denialCode: 'SERVICE_ACCESS_ERROR',
  strict: true,
  delayMs: 0,
  publicUrl: null,
  ordersBlockDeletion: false,
  draftsBlockDeletion: false,
  deletionRefusalCode: 'INVALID_DATA',
  invoicesFollowCustomer: false,
  listsDeleted: false,
  changedSinceZone: 'finnish',
  deletionNamesPerson: true,
  employeeCase: 'camel',
  patchKeepsEmpty: false,
  nightlyFeedback: false,
};

/** Netvisor's customers, sales invoices and employees as far as they are documented or were recorded, kept in memory for one company. */
export function netvisorSandbox(options: NetvisorSandboxOptions = {}): NetvisorSandbox {
  const { credentials: given, organisationId = '2607385-7', statusCodes, now = () => new Date(), ...switched } = options;
  const credentials = { ...usualCredentials, ...given };
  const switches: Switches = { ...usual, ...switched, statusCodes: { ...usualStatusCodes, ...statusCodes } };
  const company = new Company(now, switches);
  const gate = new Gate(company, credentials, organisationId);
  const forbidden: string[] = [];
  let requests = 0;
  const refusal = (failure: NetvisorFailure, hasStatus: boolean) =>
    failed(hasStatus ? statusOf(failure.code, switches.statusCodes) : 200, failure, now());

  return {
    vendor: 'netvisor',
    credentials,
    organisationId,
    switches,
    seedCustomer: (seed) => seedCustomer(company, seed).key,
    seedInvoice: (seed) => seedInvoice(company, seed).key,
    seedEmployee: (seed) => seedEmployee(company, seed).key,
    seedPayslip: (seed) => seedPayslip(company, seed),
    employee: (key) => {
      const found = company.employees.get(key);
      return found && employeeStateOf(found);
    },
    employees: () => [...company.employees.values()].map(employeeStateOf),
    seed: (count) => seedMany(company, count).map(stateOf),
    customer: (key) => {
      const found = company.customers.get(key);
      return found && stateOf(found);
    },
    customers: () => [...company.customers.values()].map(stateOf),
    invoices: (key) => company.invoicesOf(key).map((invoice) => structuredClone(invoice)),
    deleted: () => [...company.deleted.keys()],
    reusedTransactionIds: () => gate.reused,
    overlaps: () => gate.overlaps,
    requests: () => requests,
    forbidden: () => [...forbidden],
    // no limit of Netvisor's is published: 503 with Retry-After, and TECHNICAL_ERROR inside, is our choice
    throttled: (retryAfter) => {
      const { headers, ...said } = failed(503, new NetvisorFailure('TECHNICAL_ERROR', 'The service is busy'), now());
      return { ...said, headers: { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) } };
    },
    unauthorized: () => refusal(new NetvisorFailure('AUTHENTICATION_FAILED', 'The integration keys are not valid'), true),
    state: () => ({
      customers: [...company.customers.values()].map(stateOf),
      invoices: [...company.invoices.values()],
      employees: [...company.employees.values()].map(employeeStateOf),
      deleted: [...company.deleted.keys()],
      requests,
      reusedTransactionIds: gate.reused,
      overlaps: gate.overlaps,
      forbidden,
      switches,
    }),
    act: (what) => act(company, what),

    async handle(request) {
      requests++;
      const name = request.path.slice(1).toLowerCase();
      const resource = Object.hasOwn(resources, name) ? resources[name] : undefined;
      if (never.has(name)) forbidden.push(`${request.method} ${name}`);
      else if (!resource) return unknownResource;
      try {
        return await answer({ company, gate, forbidden: (what) => forbidden.push(what) }, request, name, resource);
      } catch (error) {
        if (error instanceof NetvisorFailure) return refusal(error, wantsStatus(request));
        throw error;
      }
    },
  };
}

/** One public client takes 404 for "no such resource"; how the page reads is not known. */
const unknownResource: SandboxAnswer = {
  status: 404,
  headers: { 'content-type': 'text/html' },
  body: '<html><body><h1>404 Not Found</h1></body></html>',
};

interface Desk {
  company: Company;
  gate: Gate;
  forbidden(what: string): void;
}

async function answer(
  { company, gate, forbidden }: Desk,
  request: SandboxRequest,
  name: string,
  resource: Resource | undefined,
): Promise<SandboxAnswer> {
  const { maintenance, deniedResources, denialCode, delayMs, queryEncoding } = company.switches;
  if (maintenance) throw new NetvisorFailure('SYSTEM_MAINTANANCE', 'The system is under maintenance');
  const leave = gate.enter(request);
  try {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (!resource) throw new NetvisorFailure('SERVICE_ACCESS_ERROR', `No right to the service ${name}`);
    if (deniedResources.includes(name)) throw new NetvisorFailure(denialCode, `No right to the service ${name}`);
    if (request.method !== resource.method) throw new NetvisorFailure('INVALID_DATA', `${name} takes ${resource.method}`);
    const asked = {
      query: queryOf(request.url, queryEncoding),
      body: request.body,
      language: languageOf(request),
      origin: /^\w+:\/\/[^/]*/.exec(company.switches.publicUrl ?? request.url)?.[0] ?? '',
    };
    return resource.answer(company, asked, forbidden);
  } finally {
    leave();
  }
}
