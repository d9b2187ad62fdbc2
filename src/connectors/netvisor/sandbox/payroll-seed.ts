import type { Company, Employee, identifierTypes, PayslipStatus } from './state.ts';

/** Employees and payslips that are put there as if they had always been, and the nights after. */

export interface EmployeeSeed {
  firstName: string;
  lastName: string;
  email?: string | undefined;
  phone?: string | undefined;
  street?: string | undefined;
  postcode?: string | undefined;
  city?: string | undefined;
  country?: string | undefined;
  /** A personal identity code, unless `identifierType` says otherwise. */
  identifier?: string | undefined;
  identifierType?: (typeof identifierTypes)[number] | undefined;
  number?: string | undefined;
  bankAccount?: string | undefined;
  isActive?: boolean | undefined;
  starts?: string | undefined;
  /** Last day of the employment; absent: it runs. */
  ends?: string | undefined;
  /** The HR system knows them too. */
  inHr?: boolean | undefined;
}

export interface PayslipSeed {
  /** An employee's key. */
  employee: number;
  /** Day of payment. */
  date: string;
  status?: PayslipStatus | undefined;
}

export function seedEmployee(company: Company, seed: EmployeeSeed): Employee {
  const key = company.nextKey();
  const card: Record<string, string | undefined> = {
    identifier: seed.identifier ?? '',
    identifiertype: seed.identifierType ?? 'finnishidentifier',
    employeenumber: seed.number ?? String(key),
    firstname: seed.firstName,
    lastname: seed.lastName,
    phonenumber: seed.phone,
    email: seed.email,
    streetaddress: seed.street,
    postnumber: seed.postcode,
    city: seed.city,
    country: seed.country ?? 'fi',
    bankaccountnumber: seed.bankAccount,
    bankidentificationcode: seed.bankAccount === undefined ? undefined : 'NDEAFIHH',
    activity: (seed.isActive ?? true) ? '1' : '0',
  };
  const filled = Object.fromEntries(Object.entries(card).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const employee: Employee = {
    key,
    card: filled,
    periods: [{ key: company.nextKey(), start: seed.starts ?? '2020-01-01', end: seed.ends ?? '' }],
    hr: seed.inHr ? { ...filled } : null,
  };
  company.employees.set(key, employee);
  return employee;
}

export function seedPayslip(company: Company, { employee, date, status = 3 }: PayslipSeed): number {
  if (!company.employees.has(employee)) throw new Error(`the sandbox has no employee ${employee}`);
  const key = company.nextKey();
  company.payslips.set(key, { key, employee, date, status });
  return key;
}

/** What the HR system writes over: payroll's own elements (bank, activity) are not among them. */
const fromHr = ['firstname', 'lastname', 'phonenumber', 'email', 'streetaddress', 'postnumber', 'city', 'country'] as const;

/** Between 22 and 23, where HR is kept elsewhere (support article 77000582131): its values again, over whatever was corrected here. */
export function night(company: Company): number {
  if (!company.switches.nightlyFeedback) return 0;
  const known = [...company.employees.values()].filter(({ hr }) => hr !== null);
  for (const { card, hr } of known) for (const name of fromHr) if (hr?.[name] !== undefined) card[name] = hr[name];
  return known.length;
}
