import { addDays, type Day, later } from '../../core/day.ts';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient } from './client.ts';
import { isDay } from './employees.ts';
import { childrenOf, type Element } from './xml.ts';

/** When somebody was paid last, and whether something is still to be paid. */
export interface Paid {
  /** `YYYY-MM-DD`; null: nothing in that time. */
  newest: Day | null;
  /** A payslip is not paid yet. */
  open: boolean;
}

export interface Payslips {
  /** Payslips of one employee with a day of payment from `from` on, those of the next weeks included. */
  since(from: Day, employeeKey: string, today: Day, call: Call): Promise<Paid>;
  /** Asks for next to nothing: whether the list may be read. */
  probe(today: Day, call: Call): Promise<void>;
}

/** The list takes at most so many days, and no employee (support article 77000554269). */
const windowDays = 30;
/** What is to be paid stands there before its day. */
const aheadDays = 60;
/** What is older than any rule of payroll needs not be looked at. */
const mostYears = 12;

export function payslipsOf(client: NetvisorClient): Payslips {
  async function list(startdate: Day, enddate: Day, call: Call): Promise<Element[]> {
    const root = await client.get('getpayrollpaycheckbatchlist.nv', { startdate, enddate }, call);
    if (root === null) throw new Failure('RECIPIENT_REFUSED');
    const [found, ...others] = childrenOf(root, 'payrollpaycheckbatches');
    if (!found || others.length > 0) throw new Failure('ANSWER_GARBLED');
    return childrenOf(found, 'payrollpaycheckbatch');
  }
  return {
    async since(from, employeeKey, today, call) {
      const paid: Paid = { newest: null, open: false };
      const last = addDays(today, aheadDays);
      for (let start = later(from, addDays(today, -366 * mostYears)); start <= last; start = addDays(start, windowDays)) {
        for (const slip of await list(start, addDays(start, windowDays - 1), call)) {
          const { employee, day, isPaid } = slipOf(slip);
          if (employee !== employeeKey) continue;
          paid.newest = paid.newest === null ? day : later(paid.newest, day);
          if (!isPaid) paid.open = true;
        }
      }
      return paid;
    },
    async probe(today, call) {
      await list(today, today, call);
    },
  };
}

function slipOf(slip: Element): { employee: string; day: Day; isPaid: boolean } {
  const one = (of: Element | undefined, name: string): Element => {
    const [found, ...others] = of ? childrenOf(of, name) : [];
    if (!found || others.length > 0) throw new Failure('ANSWER_GARBLED');
    return found;
  };
  const employee = one(one(slip, 'employee'), 'netvisorkey').text.trim();
  const day = one(slip, 'paymentdate').text.trim();
  const status = one(slip, 'status').text.trim();
  // 1 open, 2 accepted, 3 paid
  if (!/^\d+$/.test(employee) || !isDay(day) || !/^[123]$/.test(status)) throw new Failure('ANSWER_GARBLED');
  return { employee, day: day.slice(0, 10), isPaid: status === '3' };
}
