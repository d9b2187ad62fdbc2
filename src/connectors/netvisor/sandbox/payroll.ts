import type { SandboxAnswer } from '../../sandbox.ts';
import { type Element, element, succeeded } from './answer.ts';
import type { Asked } from './customers.ts';
import { invalid } from './failure.ts';
import { documentOf } from './reading.ts';
import { contentOf, patchRule } from './schema.ts';
import type { Company, Employee } from './state.ts';

/** Payroll: employees and payslips, as far as Netvisor's help describes their resources. */

/** Nobody is employed any more, as of today. */
const hasEnded = (company: Company, { periods }: Employee): boolean => {
  const today = company.now().toISOString().slice(0, 10);
  return periods.length > 0 && periods.every(({ end }) => end !== '' && end < today);
};

/** An element of an employee, spelt as the switch has it. */
const spelt =
  (company: Company) =>
  (name: string, content?: string | number | Element[], attributes?: Record<string, string>): Element =>
    element(company.switches.employeeCase === 'lower' ? name.toLowerCase() : name, content, attributes);

function flag(query: Map<string, string>, name: string): boolean {
  const said = query.get(name) ?? '0';
  if (said !== '0' && said !== '1') throw invalid(`The parameter ${name} must be 0 or 1`);
  return said === '1';
}

/** `GET getemployees.nv` (77000554256): names and identifiers, no address of any kind. */
export function employeeList(company: Company, { query }: Asked): SandboxAnswer {
  const withEnded = flag(query, 'includeendedemployments');
  const at = spelt(company);
  const rows = [...company.employees.values()]
    .filter((employee) => withEnded || !hasEnded(company, employee))
    .map((employee) => {
      const { key, card } = employee;
      return at('Employee', [
        at('EmployeeNumber', card['employeenumber']),
        at('NetvisorKey', key),
        at('PersonalId', card['identifier'], { type: card['identifiertype'] ?? '' }),
        at('FirstName', card['firstname']),
        at('LastName', card['lastname']),
        at('RealName', `${card['firstname']} ${card['lastname']}`),
        at('EmploymentStatus', hasEnded(company, employee) ? '0' : '1'),
        at('PayrollService', '1'),
        at('ResourceManagement', '0'),
        at('LunchBenefit', '0'),
      ]);
    });
  return succeeded(company.now(), [at('Employees', rows)]);
}

const noSuchEmployee = (said: string) => invalid(`Employee not found with identifier: ${said}`);

/** `GET getemployee.nv` (77000554257). What it says of a key that nobody has is not published: as customers do. */
export function getEmployee(company: Company, { query }: Asked): SandboxAnswer {
  const [key, number] = [query.get('netvisorkey'), query.get('employeenumber')];
  if ((key === undefined) === (number === undefined)) throw invalid('Either netvisorkey or employeenumber must be given');
  const found = [...company.employees.values()].find((one) =>
    key === undefined ? one.card['employeenumber'] === number : String(one.key) === key,
  );
  if (!found) throw noSuchEmployee(key ?? number ?? '');
  return succeeded(company.now(), [employeeView(company, found, flag(query, 'employmentperiods'))]);
}

const shown = ['StreetAddress', 'PostNumber', 'City', 'Country', 'PhoneNumber', 'Email', 'BankAccountNumber'] as const;

function employeeView(company: Company, { key, card, periods }: Employee, withPeriods: boolean): Element {
  const at = spelt(company);
  const iso = { type: 'ISO-3166' };
  const of = (name: string) => at(name, card[name.toLowerCase()], name === 'Country' ? iso : {});
  const periodView = ({ key: own, start, end }: Employee['periods'][number]) =>
    at('EmploymentPeriod', [
      at('NetvisorKey', own),
      at('StartDate', start, { format: 'ansi' }),
      at('Profession', 'Asentaja'),
      ...(end === '' ? [] : [at('EndDate', end, { format: 'ansi' })]),
    ]);
  return at('Employee', [
    at('EmployeeBaseInformation', [
      at('NetvisorKey', key),
      of('EmployeeNumber'),
      at('EmployeeIdentifier', card['identifier'], { type: card['identifiertype'] ?? '' }),
      of('FirstName'),
      of('LastName'),
      at('FullName', `${card['lastname']} ${card['firstname']}`),
      at('PayrollService', '1'),
      at('ResourceManagement', '0'),
      at('Nationality', 'fi', iso),
      at('Language', 'fi', iso),
      at('Municipality', card['city']),
      at('Gender', 'female'),
      at('DateOfBirth', '1990-01-01'),
      ...shown.map(of),
      of('BankIdentificationCode'),
      of('Activity'),
    ]),
    ...(withPeriods ? [at('EmploymentPeriods', periods.map(periodView))] : []),
  ]);
}

const identifiers: Readonly<Record<string, string>> = {
  netvisorkey: 'key',
  number: 'employeenumber',
  personalidentificationnumber: 'identifier',
};

/** `POST patchemployee.nv` (77000554260): only what is sent is changed. */
export function patchEmployee(company: Company, { query, body }: Asked, forbidden: (what: string) => void): SandboxAnswer {
  const [type = '', said] = [query.get('identifiertype'), query.get('identifier')];
  const by = Object.hasOwn(identifiers, type) ? identifiers[type] : undefined;
  if (by === undefined || said === undefined)
    throw invalid('identifiertype must be netvisorkey, number or personalidentificationnumber, and identifier be given');
  // Netvisor takes it, and nobody should send it: the code would stand in every log on the way
  if (by === 'identifier') forbidden('patchemployee.nv by an identity code');
  const found = [...company.employees.values()].find(({ key, card }) => (by === 'key' ? String(key) : card[by]) === said);
  if (!found) throw noSuchEmployee(said);
  const leaves = contentOf(documentOf(body, company.switches.encoding), patchRule);
  const given = Object.fromEntries([...leaves].map(([leaf, { text }]) => [leaf, text]));
  if (given['bankaccountnumber'] && !given['bankidentificationcode'])
    throw invalid('Element bankidentificationcode is mandatory with bankaccountnumber');
  for (const [leaf, text] of Object.entries(given)) if (text !== '' || !company.switches.patchKeepsEmpty) found.card[leaf] = text;
  return succeeded(company.now());
}

const mostDays = 30;

/** `GET getpayrollpaycheckbatchlist.nv` (77000554269): of the whole company, of thirty days at most. */
export function payslipList(company: Company, { query }: Asked): SandboxAnswer {
  const start = query.get('startdate') ?? '';
  // without an end it is one day
  const end = query.get('enddate') ?? start;
  if (![start, end].every((day) => /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day))))
    throw invalid('startdate is mandatory, and dates are YYYY-MM-DD');
  const days = (Date.parse(end) - Date.parse(start)) / 86_400_000 + 1;
  if (days < 1 || days > mostDays) throw invalid(`At most ${mostDays} days may be asked for`);
  const slips = [...company.payslips.values()].filter(({ date }) => date >= start && date <= end);
  const rows = slips.map(({ key, employee, date, status }) => {
    const card = company.employees.get(employee)?.card ?? {};
    const period = [
      element('Netvisorkey', 3),
      element('StartDate', date, { format: 'ansi' }),
      element('EndDate', date, { format: 'ansi' }),
    ];
    return element('PayrollPaycheckBatch', [
      element('Netvisorkey', key),
      element('PaymentDate', date, { format: 'ansi' }),
      element('PayrollRuleGroupPeriod', period),
      element('PayrollRuleGroup', [element('Netvisorkey', 15), element('Name', 'Kuukausipalkka')]),
      element('Employee', [
        element('Name', `${card['lastname']} ${card['firstname']}`),
        element('EmployeeNumber', card['employeenumber']),
        element('Netvisorkey', employee),
      ]),
      element('Status', status),
      element('StatusDescription', { 1: 'Avoin', 2: 'Hyväksytty', 3: 'Maksettu' }[status]),
    ]);
  });
  return succeeded(company.now(), [element('PayrollPaycheckBatches', rows)]);
}
