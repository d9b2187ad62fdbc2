import { addDays, later } from '../../core/day.ts';
import { Failure } from '../../core/failure.ts';
import { normalise } from '../../core/identifier.ts';
import { canonicalIdentityCode } from '../../core/identity-code.ts';
import type { FieldName, Fields } from '../../core/person.ts';
import type { Bound, Profile, Recipient, RemoteRef, Written } from '../connector.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient } from './client.ts';
import { type Employee, type Employees, type EmployeeValues, employeesOf, type ListedEmployee, passOver } from './employees.ts';
import { sameReach } from './finding.ts';
import { fold } from './names.ts';
import { asHeld, carries, correctionOf, employeeProfile, isPerson, place } from './payroll-mapping.ts';
import { payslipsOf } from './payslips.ts';
import { accepted, forPeople, notFound, refused, refusedBy } from './said.ts';
import { isRefused } from './writes.ts';

export interface PayrollNeeds {
  client: NetvisorClient;
  now(): Date;
}

/** Rows to a page of the list: each of them is a request of its own. */
const pageSize = 25;

/**
 * Employees of Netvisor's payroll. Payroll makes them and nothing deletes them: Kaiku corrects, and narrows the row of somebody who has
 * left to what the law keeps. A business that was added as an employee is never listed or changed.
 */
export function payrollOf({ client, now }: PayrollNeeds): Recipient {
  const employees = employeesOf(client);
  const narrowing = narrowingOf(employees, client, now);
  const person = async (key: string, call: Call): Promise<Employee | null> => {
    const found = await employees.get(key, call);
    return found && isPerson(found) ? found : null;
  };

  return {
    places: [place],
    carries,
    serves: (role) => role === 'employee',
    asHeld,

    async read(ref, call) {
      const found = await person(ref.id, call);
      return found && employeeProfile(found);
    },

    find: (fields, _place, call) => find(employees, fields, call),

    create: async () => refused('not-created-here'),

    async rectify(ref, fields, blanked, call): Promise<Written> {
      const found = await employees.get(ref.id, call);
      if (!found) return notFound;
      if (!isPerson(found)) return refused('company-employee');
      const { values, not } = correctionOf(found, fields, blanked);
      if (Object.keys(values).length > 0) {
        const said = await patch(employees, ref, values, call);
        if (said.kind !== 'accepted') return said;
      }
      // what can be written is, and only then is told what could not
      if (not.includes('identity-code-fixed')) return forPeople('identity-code-fixed');
      return not[0] === undefined ? accepted(ref) : refused(not[0]);
    },

    restrict: async () => refused('no-restriction'),
    erase: async () => forPeople('done-by-people'),

    bound: narrowing.bound,
    strip: narrowing.strip,

    async *list(call, unread) {
      const lines = (await employees.list(call, unread)).filter(isPerson);
      for (let at = 0; at < lines.length; at += pageSize) {
        const page: Profile[] = [];
        for (const { key } of lines.slice(at, at + pageSize)) {
          // somebody who went in between is in no page
          const found = await person(key, call).catch((error: unknown) => passOver(error, unread));
          if (found) page.push(employeeProfile(found));
        }
        yield page;
      }
    },
  };
}

/** The one way to write: "your parameters are wrong" is told from "nobody is there" by a look. */
async function patch(employees: Employees, ref: RemoteRef, values: EmployeeValues, call: Call): Promise<Written> {
  const said = await employees.patch(ref.id, values, call);
  if (!isRefused(said)) return accepted(ref);
  return said.refusal === 'invalid' && (await employees.get(ref.id, call)) === null ? notFound : refusedBy(said);
}

/**
 * The list knows names and identity codes, and can be asked for neither: it is read whole and compared. By the code; without a hit, by
 * the exact name, and of those whoever has the same e-mail address or telephone number.
 */
async function find(employees: Employees, fields: Fields, call: Call): Promise<Profile[]> {
  const lines = (await employees.list(call)).filter(isPerson);
  const code = typeof fields.identityCode === 'string' ? canonicalIdentityCode(fields.identityCode) : null;
  const profiles = async (of: readonly ListedEmployee[]) => {
    const found: Profile[] = [];
    for (const { key } of of) {
      const employee = await employees.get(key, call);
      if (employee && isPerson(employee)) found.push(employeeProfile(employee));
    }
    return found;
  };
  const coded = code === null ? [] : lines.filter(({ identityCode }) => identityCode === code);
  if (coded.length > 0) return profiles(coded);
  const { givenName, familyName, email, phone } = fields;
  if (typeof givenName !== 'string' || typeof familyName !== 'string') return [];
  const hasReach = [normalise('email', String(email ?? '')), normalise('phone', String(phone ?? ''))].some((one) => one !== null);
  if (!hasReach) return [];
  const isNamed = ({ firstName, lastName }: ListedEmployee) =>
    fold(firstName) === fold(givenName) && fold(lastName) === fold(familyName);
  // another code is another person, whatever mailbox they share
  const named = lines.filter((line) => isNamed(line) && (code === null || line.identityCode === ''));
  const isTheirs = sameReach(fields);
  return (await profiles(named)).filter((found) => isTheirs(found.fields.email as string, found.fields.phone as string));
}

/** What payroll keeps of somebody who has left; the pay records hang on it and are never touched. */
const kept: readonly FieldName[] = ['givenName', 'familyName', 'identityCode', 'address'];

/** What no law keeps: goes at once. A bank account is one with its bank. */
const personal = { phonenumber: '', email: '', bankaccountnumber: '', bankidentificationcode: '' } as const;

function narrowingOf(employees: Employees, client: NetvisorClient, now: () => Date) {
  const payslips = payslipsOf(client);
  const today = () => now().toISOString().slice(0, 10);
  /** The last day of the last employment; null: one runs, or nobody knows of any. */
  const endOf = ({ ends }: Employee): string | null => {
    if (!ends || ends.length === 0 || ends.some((end) => end === '')) return null;
    const last = ends.reduce(later);
    return last < today() ? last : null;
  };

  return {
    /** Null while somebody works there: then nothing is narrowed, and an erasure is for people. */
    async bound(ref: RemoteRef, call: Call): Promise<Bound | null> {
      const found = await employees.get(ref.id, call, true);
      const end = found && isPerson(found) ? endOf(found) : null;
      if (found === null || end === null) return null;
      // pay of the last weeks comes after them, and its day is what the books go by; what is still unpaid may be older
      const paid = await payslips.since(addDays(end, -30), found.key, today(), call);
      return { newest: later(paid.newest ?? end, end), open: paid.open, keeps: kept };
    },

    async strip(ref: RemoteRef, bound: Bound, call: Call): Promise<Written> {
      const found = await employees.get(ref.id, call, true);
      if (!found) return notFound;
      if (!isPerson(found)) return refused('company-employee');
      if (endOf(found) === null) return forPeople('employment-runs');
      // whoever is still to be paid needs the bank account, and an employee who is in use
      if (bound.open) return forPeople('pay-open');
      const address = bound.keeps.includes('address') ? {} : { streetaddress: '', postnumber: '', city: '' };
      const wanted: EmployeeValues = { ...personal, ...address, activity: '0' };
      const isThere = ({ values }: Employee) =>
        Object.entries(wanted).some(([name, value]) => (values[name as keyof EmployeeValues] ?? '') !== value);
      if (isThere(found)) {
        const said = await patch(employees, ref, wanted, call);
        if (said.kind !== 'accepted') return said;
        const back = await employees.get(ref.id, call);
        if (!back) return notFound;
        if (isThere(back)) throw new Failure('NOT_APPLIED');
      }
      // it cannot be emptied by this way, and the rule that the company named does not keep it
      const isLeft = !bound.keeps.includes('identityCode') && found.identityCode !== '';
      return isLeft ? forPeople('identity-code-fixed') : accepted(ref);
    },
  };
}
