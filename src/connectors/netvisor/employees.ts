import { Failure } from '../../core/failure.ts';
import { canonicalIdentityCode } from '../../core/identity-code.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient, Refusal } from './client.ts';
import { childrenOf, type Element, element, type Written } from './xml.ts';

/**
 * Employees of payroll: support articles 77000554256 (getemployees.nv), 77000554257 (getemployee.nv) and 77000554260 (patchemployee.nv).
 * Nothing here creates or deletes one. Names of elements are compared without case: the articles and public clients spell them otherwise.
 */

/** What `patchemployee.nv` writes of what Kaiku writes, in schema order; each is read under the same name. */
const schema = {
  employeebaseinformation: [
    ['firstname', 50],
    ['lastname', 50],
    ['phonenumber', 50],
    ['email', 100],
  ],
  employeepayrollinformation: [
    ['streetaddress', 255],
    ['postnumber', 50],
    ['city', 255],
    ['country', 2],
    // one is not taken without the other
    ['bankaccountnumber', 34],
    ['bankidentificationcode', 20],
    ['activity', 1],
  ],
} as const;

export type EmployeeField = (typeof schema)[keyof typeof schema][number][0];
/** Elements of an employee; what is empty or missing is left out. */
export type EmployeeValues = Partial<Record<EmployeeField, string>>;

const limits: ReadonlyMap<string, number> = new Map(Object.values(schema).flat());
export const isTooLong = (field: EmployeeField, text: string): boolean => text.length > (limits.get(field) ?? 0);

/** `company`: a business that was added as an employee, and nobody's row. */
export type IdentifierKind = 'finnish' | 'foreign' | 'company';

export interface Employee {
  /** The NetvisorKey. */
  key: string;
  values: EmployeeValues;
  identifiedAs: IdentifierKind;
  /** The identity code; '' where it is none, or none that can be read. */
  identityCode: string;
  /** Last days of the employments, `YYYY-MM-DD`, '' for one that runs. Null: not asked for. */
  ends: string[] | null;
}

/** One line of the list: no address of any kind stands there. */
export interface ListedEmployee {
  key: string;
  firstName: string;
  lastName: string;
  identifiedAs: IdentifierKind;
  identityCode: string;
}

export interface Employees {
  /** All of them, those whose employment has ended too. */
  list(call: Call, unread?: (rows: number) => void): Promise<ListedEmployee[]>;
  /** Null: Netvisor does not know the key. */
  get(key: string, call: Call, withPeriods?: boolean): Promise<Employee | null>;
  /** Only these elements: a missing one is kept, an empty one blanked. */
  patch(key: string, values: EmployeeValues, call: Call): Promise<'done' | Refusal>;
}

export function employeesOf(client: NetvisorClient): Employees {
  return {
    async list(call, unread) {
      const root = await client.get('getemployees.nv', { includeendedemployments: '1' }, call);
      if (root === null) throw new Failure('RECIPIENT_REFUSED');
      const [list, ...others] = childrenOf(root, 'employees');
      if (!list || others.length > 0) throw garbled();
      const lines = new Map<string, ListedEmployee>();
      for (const row of childrenOf(list, 'employee')) {
        try {
          const line = lineOf(row);
          // a line that is there twice is one
          lines.set(line.key, lines.get(line.key) ?? line);
        } catch (error) {
          passOver(error, unread);
        }
      }
      return [...lines.values()];
    },
    async get(key, call, withPeriods = false) {
      // a key that is none would ask for something else
      if (!/^\d+$/.test(key)) return null;
      const root = await client.get(
        'getemployee.nv',
        { netvisorkey: key, ...(withPeriods ? { employmentperiods: '1' } : {}) },
        call,
      );
      return root === null ? null : employeeIn(root, key, withPeriods);
    },
    async patch(key, values, call) {
      // by the key alone: an identity code in an address would stand in every log on the way
      const query = { identifiertype: 'netvisorkey', identifier: key };
      const said = await client.post('patchemployee.nv', query, patchElement(values), call);
      return 'refusal' in said ? said : 'done';
    },
  };
}

/** A row that cannot be read is counted where somebody counts, and spoils the whole elsewhere. */
export function passOver(error: unknown, unread: ((rows: number) => void) | undefined): null {
  if (!unread || !(error instanceof Failure && error.code === 'ANSWER_GARBLED')) throw error;
  unread(1);
  return null;
}

function patchElement(values: EmployeeValues): Written {
  const blocks = Object.entries(schema).flatMap(([block, rows]) => {
    const said = rows.flatMap(([name]) => {
      const value = values[name];
      return value === undefined ? [] : [element(name, value)];
    });
    return said.length > 0 ? [element(block, said)] : [];
  });
  return element('patchemployee', blocks);
}

const garbled = () => new Failure('ANSWER_GARBLED');

/** The one element of this name; '' where there is none. Two of them say nothing. */
function textIn(of: Element, name: string): string {
  const [found, ...others] = childrenOf(of, name);
  if (others.length > 0) throw garbled();
  return found?.text.trim() ?? '';
}

function keyIn(of: Element): string {
  const key = textIn(of, 'netvisorkey');
  if (!/^\d+$/.test(key)) throw garbled();
  return key;
}

/** A type that nobody named says nothing of whose row this is. */
function identityIn(of: Element, name: string): Pick<Employee, 'identifiedAs' | 'identityCode'> {
  const [found, ...others] = childrenOf(of, name);
  if (!found || others.length > 0) throw garbled();
  const said = Object.entries(found.attributes).find(([attribute]) => attribute.toLowerCase() === 'type')?.[1] ?? '';
  const identifiedAs = /^(finnish|foreign|company)identifier$/.exec(said.trim().toLowerCase())?.[1] as IdentifierKind | undefined;
  if (!identifiedAs) throw garbled();
  return { identifiedAs, identityCode: identifiedAs === 'finnish' ? (canonicalIdentityCode(found.text) ?? '') : '' };
}

function lineOf(row: Element): ListedEmployee {
  const [firstName, lastName] = [textIn(row, 'firstname'), textIn(row, 'lastname')];
  const identity = identityIn(row, 'personalid');
  if (identity.identifiedAs !== 'company' && (!firstName || !lastName)) throw garbled();
  return { key: keyIn(row), firstName, lastName, ...identity };
}

function employeeIn(root: Element, key: string, withPeriods: boolean): Employee {
  const [employee, ...others] = childrenOf(root, 'employee');
  const [base, ...more] = employee ? childrenOf(employee, 'employeebaseinformation') : [];
  // an employee who was not asked for is somebody else
  if (!employee || !base || others.length + more.length > 0 || keyIn(base) !== key) throw garbled();
  const values: EmployeeValues = {};
  for (const [name] of Object.values(schema).flat()) {
    const text = textIn(base, name);
    if (text !== '') values[name] = text;
  }
  const identity = identityIn(base, 'employeeidentifier');
  // what no person can lack
  if (identity.identifiedAs !== 'company' && (!values.firstname || !values.lastname)) throw garbled();
  if (!/^([01]|true|false)$/i.test(values.activity ?? '')) throw garbled();
  values.activity = /^(0|false)$/i.test(values.activity ?? '') ? '0' : '1';
  return { key, values, ...identity, ends: withPeriods ? endsIn(employee) : null };
}

function endsIn(employee: Element): string[] {
  const [block, ...others] = childrenOf(employee, 'employmentperiods');
  if (others.length > 0) throw garbled();
  return (block ? childrenOf(block, 'employmentperiod') : []).map((period) => {
    // without its beginning it is no period, and an end that is missing in it would say that it runs
    if (!isDay(textIn(period, 'startdate'))) throw garbled();
    const end = textIn(period, 'enddate');
    if (end !== '' && !isDay(end)) throw garbled();
    return end.slice(0, 10);
  });
}

/** A day of the calendar, or a time of it. */
export function isDay(text: string): boolean {
  const at = /^\d{4}-\d{2}-\d{2}(?=$|T)/.exec(text)?.[0];
  const read = at === undefined ? Number.NaN : Date.parse(`${at}T00:00:00Z`);
  return !Number.isNaN(read) && new Date(read).toISOString().slice(0, 10) === at;
}
