import { Failure } from '../../core/failure.ts';
import type { Call } from '../http.ts';
import type { NetvisorClient, Query } from './client.ts';
import { childOf, childrenOf, type Element } from './xml.ts';

export interface Invoiced {
  /** The newest invoice's date, `YYYY-MM-DD`. */
  newest: string;
  /** Something is unpaid, unsent or in collection. */
  open: boolean;
}

export interface Invoices {
  /** What was invoiced to a customer; null: no invoice. An order or a draft alone is no document of the books. */
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
      if (invoices.length === 0) return null;
      const all = [...invoices];
      for (const listtype of otherLists) all.push(...own(await list({ listtype, customernetvisorkey: customerKey }, call)));
      const dates = invoices.map(dateOf).sort();
      return { newest: dates.at(-1) ?? '', open: invoices.some(isUnsettled) || all.some((row) => sumOf(row) > 0) };
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

function dateOf(row: Element): string {
  const date = textIn(row, 'Invoicedate').slice(0, 10);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new Failure('ANSWER_GARBLED');
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
