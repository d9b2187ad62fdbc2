import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient, Query } from './client.ts';
import { childOf, childrenOf, type Element } from './xml.ts';

export interface Invoiced {
  /** There are orders or drafts alone: nothing was invoiced. */
  pending: boolean;
  /** The newest date, `YYYY-MM-DD`, of an invoice; where nothing was invoiced, of what is pending ('' where none has a date). */
  newest: string;
  /** Something is unpaid, unsent or in collection. */
  open: boolean;
}

export interface Invoices {
  /** What hangs on a customer: invoices, orders, drafts, each asked for; null: none of the three. */
  of(customerKey: string, call: Call): Promise<Invoiced | null>;
  /** Asks for next to nothing: whether the list may be read. */
  probe(today: string, call: Call): Promise<void>;
}

/** Invoices, orders, drafts: three lists under one name. Only the first is asked for without a type. */
const otherLists = ['preinvoice', 'draftandinvoice'] as const;

export function invoicesOf(client: NetvisorClient): Invoices {
  async function list(query: Query, call: Call): Promise<Element[]> {
    const root = await client.get('salesinvoicelist.nv', query, call);
    // the customer was read a moment ago, so it is not the key that is wrong
    if (root === null) throw new Failure('RECIPIENT_REFUSED');
    const found = childOf(root, 'SalesInvoiceList');
    if (!found) throw new Failure('ANSWER_GARBLED');
    return childrenOf(found, 'SalesInvoice');
  }
  return {
    async of(customerKey, call) {
      const own = (rows: Element[]) => rows.map((row) => ofCustomer(row, customerKey));
      const invoices = own(await list({ customernetvisorkey: customerKey }, call));
      const all = [...invoices];
      for (const listtype of otherLists) all.push(...own(await list({ listtype, customernetvisorkey: customerKey }, call)));
      if (all.length === 0) return null;
      const pending = invoices.length === 0;
      const dates = pending ? all.flatMap((row) => dateIn(row) ?? []) : invoices.map(dateOf);
      const open = invoices.some(isUnsettled) || all.some((row) => sumOf(row) > 0);
      return { pending, newest: dates.sort().at(-1) ?? '', open: open && !pending };
    },
    async probe(today, call) {
      await list({ begininvoicedate: today }, call);
    },
  };
}

const textIn = (row: Element, name: string) => childOf(row, name)?.text.trim() ?? '';

/** Older answers do not say whose invoice it is; one that names somebody else was not asked for. */
function ofCustomer(row: Element, customerKey: string): Element {
  const named = textIn(row, 'CustomerNetvisorKey');
  if (named !== '' && named !== customerKey) throw new Failure('ANSWER_GARBLED');
  return row;
}

function dateIn(row: Element): string | null {
  const date = textIn(row, 'Invoicedate').slice(0, 10);
  return /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : null;
}

function dateOf(row: Element): string {
  const date = dateIn(row);
  if (date === null) throw new Failure('ANSWER_GARBLED');
  return date;
}

/** With a comma or a point, and blanks between thousands. What is no number is taken for unpaid. */
export function sumOf(row: Element): number {
  const said = textIn(row, 'OpenSum').replace(/\s/gu, '').replace(',', '.');
  if (said === '') return 0;
  const sum = Number(said);
  return Number.isNaN(sum) ? Number.POSITIVE_INFINITY : sum;
}

function isUnsettled(row: Element): boolean {
  const status = childOf(row, 'InvoiceStatus');
  const inCollection = /^(1|true)$/i.test(status?.attributes['isincollection'] ?? '');
  return inCollection || /^(open|unsent)$/i.test(status?.text.trim() ?? '');
}
