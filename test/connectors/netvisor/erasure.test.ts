import { describe, expect, it } from 'vitest';
import type { Bound } from '../../../src/connectors/connector.ts';
import type { Wire } from '../../../src/connectors/http.ts';
import { sumOf } from '../../../src/connectors/netvisor/invoices.ts';
import { codes } from '../../../src/connectors/netvisor/sandbox/failure.ts';
import { parseXml } from '../../../src/connectors/netvisor/xml.ts';
import { call, customer, refOf, world } from './setup.ts';

type World = Awaited<ReturnType<typeof world>>;

/** Every field of a card that may say something about a person. */
const full = {
  name: 'Aino Virtanen',
  code: 'A100',
  email: 'aino@virtanen.test',
  phone: '040 123 4567',
  street: 'Pajukuja 3',
  postcode: '00530',
  city: 'Helsinki',
  isPrivate: true,
  externalIdentifier: '010190-900P',
  comment: 'Avain naapurilla',
  contactPersons: [
    { firstName: 'Eino', lastName: 'Virtanen', email: 'eino@virtanen.test' },
    { firstName: 'Veera', lastName: 'Virtanen', phone: '040 9' },
  ],
  contactBlock: { name: 'Eino Virtanen', email: 'eino@virtanen.test', phone: '040 8' },
  more: {
    nameextension: 'c/o Eino',
    faxnumber: '09 1',
    homepageuri: 'aino.test',
    emailinvoicingaddress: 'lasku@virtanen.test',
    finvoiceaddress: '003712345678',
    finvoiceroutercode: 'NDEAFIHH',
    deliveryname: 'Aino V',
    deliverystreetaddress: 'Mökkitie 1',
    deliverycity: 'Lahti',
    deliverypostnumber: '15100',
    deliverycountry: 'FI',
    contactname: 'Eino',
    customeragreementidentifier: 'S-1',
    customerreferencenumber: '1234',
    yourdefaultreference: 'Eino V',
    defaulttextbeforeinvoicelines: 'Hei Aino',
    defaulttextafterinvoicelines: 'Kiitos Aino',
  },
};
const cardOf = (w: World, key: number) =>
  Object.fromEntries(Object.entries(w.vendor.customer(key)?.card ?? {}).filter(([, value]) => value !== ''));
const boundOf = async (w: World, key: number): Promise<Bound> => {
  const bound = await w.recipient.bound?.(customer(key), call);
  if (!bound) throw new Error('not bound');
  return bound;
};

const withoutOrders =
  (wire: Wire): Wire =>
  async (request, c) => {
    if (!request.url.includes('listtype=')) return wire(request, c);
    const body = '<Root><ResponseStatus><Status>OK</Status></ResponseStatus><SalesInvoiceList/></Root>';
    return { status: 200, headers: {}, body: Buffer.from(body), text: () => body, json: () => null };
  };

describe('erasure', () => {
  it('deletes a card, with one GET that is called a write', async () => {
    const seen: string[] = [];
    const behind =
      (wire: Wire): Wire =>
      (request, c) => {
        seen.push(`${request.kind} ${request.method} ${request.url.replace(/^.*\/([a-z]+\.nv).*$/, '$1')}`);
        return wire(request, c);
      };
    await using w = await world({ behind });
    const key = w.vendor.seedCustomer(full);
    expect(await w.recipient.bound?.(customer(key), call)).toBeNull();
    seen.length = 0;
    refOf(await w.recipient.erase(customer(key), call));
    expect(seen).toEqual(['read GET getcustomer.nv', 'write GET deletecustomer.nv']);
    expect(await w.recipient.read(customer(key), call)).toBeNull();
    expect(w.vendor.deleted()).toEqual([key]);
    expect(await w.recipient.erase(customer(key), call)).toEqual({ kind: 'not-found' });
  });

  it.each(codes)('tells "has invoices" by a look, under whichever code ("%s")', async (code) => {
    await using w = await world({ deletionRefusalCode: code });
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01' });
    const before = w.vendor.customer(key);
    expect(await w.recipient.erase(customer(key), call)).toEqual({ kind: 'refused', code: 'has-invoices' });
    expect(w.vendor.customer(key)).toEqual(before);
  });

  it.each([
    ['AUTHENTICATION_FAILED', 'CREDENTIALS_REJECTED'],
    ['SERVICE_ACCESS_ERROR', 'RIGHT_MISSING'],
    ['SYSTEM_MAINTANANCE', 'RECIPIENT_UNAVAILABLE'],
    ['TECHNICAL_ERROR', 'ANSWER_LOST'],
    ['REQUEST_NOT_UNIQUE', 'ANSWER_LOST'],
  ] as const)('takes %s at its word only where nothing hangs on the card', async (code, failure) => {
    // something that no list shows holds the card
    await using w = await world({ deletionRefusalCode: code, ordersBlockDeletion: true, behind: withoutOrders });
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', kind: 'order' });
    await expect(w.recipient.erase(customer(key), call)).rejects.toMatchObject({ code: failure });
  });

  it.each(['INVALID_DATA', 'INVALID_DATA_SIZE', 'DUPLICATE_DATA', 'PERIOD_LOCK', 'CUSTOMER_HAS_INVOICES', ''] as const)(
    'asks people what else holds the card, where no list says it ("%s")',
    async (code) => {
      await using w = await world({ deletionRefusalCode: code, ordersBlockDeletion: true, behind: withoutOrders });
      const key = w.vendor.seedCustomer(full);
      w.vendor.seedInvoice({ customer: key, date: '2025-01-01', kind: 'order' });
      expect(await w.recipient.erase(customer(key), call)).toEqual({ kind: 'refused', code: 'not-deleted', ask: true });
      expect(w.vendor.deleted()).toEqual([]);
    },
  );

  it('tells "not found" by a look too: somebody was quicker', async () => {
    await using w = await world({
      behind: (wire) => async (request, c) => {
        if (request.url.includes('deletecustomer')) await wire(request, c);
        return wire(request, c);
      },
    });
    const key = w.vendor.seedCustomer(full);
    expect(await w.recipient.erase(customer(key), call)).toEqual({ kind: 'not-found' });
  });

  it.each(['order', 'draft'] as const)('calls a card with one %s alone by its name, and deletes it not', async (kind) => {
    await using w = await world({ ordersBlockDeletion: true, draftsBlockDeletion: true });
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', kind });
    const bound = await boundOf(w, key);
    expect(bound).toMatchObject({ pending: 'has-orders', newest: '2025-01-01', open: false });
    expect(await w.recipient.erase(customer(key), call)).toEqual({ kind: 'refused', code: 'has-orders', ask: true });
    expect(await w.recipient.strip?.(customer(key), bound, call)).toMatchObject({ kind: 'accepted' });
    expect(cardOf(w, key)).toEqual(kept);
  });
});

describe('what binds a card', () => {
  it('is the newest invoice, whoever else has a newer one', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(full);
    const other = w.vendor.seedCustomer({ ...full, code: 'B' });
    for (const date of ['2019-05-01', '2024-12-31', '2024-03-01']) w.vendor.seedInvoice({ customer: key, date, status: 'paid' });
    w.vendor.seedInvoice({ customer: other, date: '2025-06-01' });
    w.vendor.seedInvoice({ customer: key, date: '2026-01-01', kind: 'order' });
    w.vendor.seedInvoice({ customer: key, date: '2026-02-01', kind: 'draft' });
    expect(await boundOf(w, key)).toEqual({
      newest: '2024-12-31',
      open: false,
      keeps: ['givenName', 'familyName', 'billingAddress', 'customerNumber'],
    });
  });

  it.each([
    ['an open one', { status: 'open' as const }, true],
    ['an unsent one', { status: 'unsent' as const }, true],
    ['a cent that is open', { status: 'archived' as const, open: 0.01 }, true],
    ['one in collection', { status: 'creditloss' as const, inCollection: true }, true],
    ['a paid one', { status: 'paid' as const }, false],
    ['a credit loss', { status: 'creditloss' as const }, false],
  ])('is open with %s', async (_, invoice, open) => {
    await using w = await world();
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', ...invoice });
    w.vendor.seedInvoice({ customer: key, date: '2025-02-01', status: 'paid' });
    const bound = await boundOf(w, key);
    expect(bound.open).toBe(open);
    expect(bound.keeps.includes('identityCode')).toBe(open);
  });

  it.each([
    ['0,00', 0],
    ['0.00', 0],
    ['', 0],
    ['0,01', 0.01],
    ['1 234,50', 1234.5],
    ['1\u00a0234.50', 1234.5],
    ['-12,00', -12],
    ['n/a', Number.POSITIVE_INFINITY],
  ])('reads the open sum "%s"', (said, sum) => {
    expect(sumOf(parseXml(Buffer.from(`<SalesInvoice><OpenSum>${said}</OpenSum></SalesInvoice>`)))).toBe(sum);
  });

  it("keeps a sole trader's business", async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ ...full, name: 'Tmi Aino Virtanen', externalIdentifier: '2607385-7' });
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', status: 'paid' });
    expect((await boundOf(w, key)).keeps).toContain('organisation');
    refOf(await (w.recipient.strip?.(customer(key), await boundOf(w, key), call) ?? Promise.reject()));
    expect(cardOf(w, key)).toMatchObject({ externalidentifier: '2607385-7' });
  });
});

const kept = {
  name: 'Aino Virtanen',
  internalidentifier: 'A100',
  streetaddress: 'Pajukuja 3',
  postnumber: '00530',
  city: 'Helsinki',
  country: 'FI',
  isactive: '0',
  isprivatecustomer: '1',
};

describe('stripping', () => {
  const strip = async (w: World, key: number) => w.recipient.strip?.(customer(key), await boundOf(w, key), call);

  it('leaves what the invoices need, and nothing else', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(full);
    const invoice = w.vendor.seedInvoice({ customer: key, date: '2025-01-01', status: 'paid' });
    const other = w.vendor.seedCustomer({ ...full, code: 'B' });
    const others = w.vendor.customer(other);
    const [before] = w.vendor.invoices(key);
    expect(await strip(w, key)).toEqual({ kind: 'accepted', ref: customer(key) });
    expect(cardOf(w, key)).toEqual(kept);
    expect(w.vendor.customer(key)?.contactPersons).toEqual([]);
    const back = await w.recipient.read(customer(key), call);
    expect(back?.standing).toBe('restricted');
    expect(Object.keys(back?.fields ?? {}).sort()).toEqual(['billingAddress', 'customerNumber', 'familyName', 'givenName']);
    expect(w.vendor.invoices(key)).toEqual([before]);
    expect(before?.key).toBe(invoice);
    expect(w.vendor.customer(other)).toEqual(others);
    expect(w.vendor.forbidden()).toEqual([]);
    // twice with the effect of once
    expect(await strip(w, key)).toMatchObject({ kind: 'accepted' });
    expect(cardOf(w, key)).toEqual(kept);
  });

  it('leaves the identity code and the e-invoice address too while something is open', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', status: 'open' });
    expect(await strip(w, key)).toMatchObject({ kind: 'accepted' });
    expect(cardOf(w, key)).toEqual({
      ...kept,
      externalidentifier: '010190-900P',
      finvoiceaddress: '003712345678',
      finvoiceroutercode: 'NDEAFIHH',
    });
    expect((await boundOf(w, key)).keeps).toEqual(
      expect.arrayContaining(Object.keys((await w.recipient.read(customer(key), call))?.fields ?? {})),
    );
  });

  it.each([
    ['2607385-7', true],
    ['010190-900P', false],
    ['010190-900X', false],
    ['something typed in', false],
  ])('keeps a business id as an identifier, and nothing else (%s)', async (externalIdentifier, isKept) => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ ...full, externalIdentifier });
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', status: 'paid' });
    expect(await strip(w, key)).toMatchObject({ kind: 'accepted' });
    expect(cardOf(w, key)['externalidentifier']).toBe(isKept ? externalIdentifier : undefined);
  });

  it.each(['email', 'comment', 'deliverystreetaddress', 'isactive'])('does not believe that %s was emptied', async (name) => {
    await using w = await world({
      behind: (wire) => async (request, c) => {
        const answer = await wire(request, c);
        // somebody, or another integration, writes it back at once
        if (request.method === 'POST' && request.url.includes('customer.nv'))
          w.vendor.act?.({ do: 'editCard', customer: key, set: { [name]: name === 'isactive' ? '1' : 'Aino' } });
        return answer;
      },
    });
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', status: 'paid' });
    await expect(strip(w, key)).rejects.toMatchObject({ code: 'NOT_APPLIED' });
  });

  it('is done whole by a second run where the first broke off', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', status: 'paid' });
    w.server.fault({ kind: 'commit-then-drop', method: 'POST', path: 'contactperson.nv' });
    await expect(strip(w, key)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    w.server.fault({ kind: 'drop-before-commit', method: 'POST', path: 'customer.nv' });
    await expect(strip(w, key)).rejects.toMatchObject({ code: 'ANSWER_LOST' });
    expect(await strip(w, key)).toMatchObject({ kind: 'accepted' });
    expect(cardOf(w, key)).toEqual(kept);
  });

  it('strips nobody who is not there', async () => {
    await using w = await world();
    const bound: Bound = { newest: '2025-01-01', open: false, keeps: [] };
    expect(await w.recipient.strip?.(customer(4711), bound, call)).toEqual({ kind: 'not-found' });
  });
});

describe('neutral values', () => {
  it('are refused where none are agreed', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer(full);
    const before = w.vendor.customer(key);
    expect(await w.recipient.neutralise?.(customer(key), call)).toEqual({ kind: 'refused', code: 'no-neutral-values' });
    expect(w.vendor.customer(key)).toEqual(before);
  });

  it('go over everything that is left', async () => {
    await using w = await world({ settings: { neutral: { name: 'Poistettu asiakas' } } });
    const key = w.vendor.seedCustomer(full);
    w.vendor.seedInvoice({ customer: key, date: '2015-01-01', status: 'paid' });
    expect(await w.recipient.neutralise?.(customer(key), call)).toEqual({ kind: 'accepted', ref: customer(key) });
    expect(cardOf(w, key)).toEqual({ name: 'Poistettu asiakas', isactive: '0', isprivatecustomer: '1' });
    expect(w.vendor.customer(key)?.contactPersons).toEqual([]);
    expect(w.vendor.invoices(key)).toHaveLength(1);
  });
});
