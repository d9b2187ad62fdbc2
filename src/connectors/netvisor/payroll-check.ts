import type { RightProbe } from '../connector.ts';
import type { Call } from '../http.ts';
import { probe, switchOn } from './check.ts';
import { employeesOf } from './employees.ts';
import type { PayrollNeeds } from './payroll.ts';
import { isPerson } from './payroll-mapping.ts';
import { payslipsOf } from './payslips.ts';

export const payrollRights = ['getemployees', 'getemployee', 'getpayrollpaycheckbatchlist', 'patchemployee'] as const;

/**
 * Reads each resource of payroll that Kaiku reads. There is no write test: an employee who was made to try something out could never be
 * deleted again, so the right to write stays open.
 */
export async function checkPayroll({ client, now }: PayrollNeeds, call: Call, writeTest: boolean): Promise<RightProbe[]> {
  const employees = employeesOf(client);
  let first: string | undefined;
  const listed = await probe('getemployees', false, async () => {
    first = (await employees.list(call)).find(isPerson)?.key;
    return undefined;
  });
  const writing: RightProbe = {
    right: 'patchemployee',
    ok: null,
    problem: writeTest
      ? 'not tried: an employee who was made for a test could not be deleted; the first correction shows it'
      : `provable only by writing; ${switchOn('patchemployee.nv')}`,
  };
  if (listed.ok !== true) {
    const problem = 'not tried: the list of employees could not be read';
    return [listed, ...payrollRights.slice(1).map((right) => ({ right, ok: null, problem }))];
  }
  const one: RightProbe = first
    ? await probe('getemployee', true, async () => void (await employees.get(first ?? '', call, true)))
    : { right: 'getemployee', ok: null, problem: 'provable only with an employee: the list is empty' };
  const today = now().toISOString().slice(0, 10);
  const slips = await probe('getpayrollpaycheckbatchlist', true, async () => void (await payslipsOf(client).probe(today, call)));
  return [listed, one, slips, writing];
}
