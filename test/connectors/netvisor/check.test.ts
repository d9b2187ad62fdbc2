import { describe, expect, it } from 'vitest';
import type { Wire } from '../../../src/connectors/http.ts';
import { connectNetvisor, manifest } from '../../../src/connectors/netvisor/connector.ts';
import { call, credentials, settingsOf, world } from './setup.ts';

const aino = { name: 'Aino Virtanen', isPrivate: true };
/** A gateway that answers some requests of the write test by itself. */
const failing =
  (at: RegExp, status = 503) =>
  (wire: Wire): Wire =>
  async (request, c) =>
    at.test(request.url) ? { status, headers: {}, body: Buffer.from(''), text: () => '', json: () => null } : wire(request, c);
type World = Awaited<ReturnType<typeof world>>;
const okOf = async (w: World, writeTest: boolean) =>
  Object.fromEntries((await w.connector.check(call, writeTest)).map(({ right, ok }) => [right, ok]));
const problemOf = async (w: World, right: string, writeTest = false) =>
  (await w.connector.check(call, writeTest)).find((probe) => probe.right === right)?.problem ?? '';

it('names one slot for the whole company, and every right that it probes', async () => {
  await using w = await world();
  expect(w.connector.manifest.limits).toEqual({ connections: 1, key: 'netvisor/2607385-7' });
  expect(Object.keys(await okOf(w, false))).toEqual(manifest.rights);
});

it('proves by reading what can be read, and says what to switch on for the rest', async () => {
  await using w = await world();
  w.vendor.seedCustomer(aino);
  const before = w.vendor.customers();
  expect(await okOf(w, false)).toEqual({
    customerlist: true,
    getcustomer: true,
    salesinvoicelist: true,
    'customer-write': null,
    'contactperson-write': null,
    deletecustomer: null,
  });
  expect(await problemOf(w, 'deletecustomer')).toContain('deletecustomer.nv');
  expect(w.vendor.customers()).toEqual(before);
});

it('leaves getcustomer open where there is no customer', async () => {
  await using w = await world();
  expect((await okOf(w, false))['getcustomer']).toBeNull();
});

it.each(['SERVICE_ACCESS_ERROR', 'AUTHENTICATION_FAILED'] as const)('tells which right is missing (%s)', async (denialCode) => {
  await using w = await world({ deniedResources: ['salesinvoicelist.nv'], denialCode });
  w.vendor.seedCustomer(aino);
  expect(await okOf(w, false)).toMatchObject({ customerlist: true, getcustomer: true, salesinvoicelist: false });
  expect(await problemOf(w, 'salesinvoicelist')).toContain('rights per resource');
});

it('tells wrong keys from a missing right', async () => {
  await using w = await world({ own: { customerKey: 'wrong' } });
  expect(await okOf(w, true)).toMatchObject({ customerlist: false, 'customer-write': null });
  expect(await problemOf(w, 'customerlist')).toContain('customerKey');
});

it('throws while nothing can be said', async () => {
  await using w = await world({ maintenance: true });
  await expect(w.connector.check(call, false)).rejects.toMatchObject({ code: 'RECIPIENT_UNAVAILABLE' });
});

describe('the write test', () => {
  it('proves every right, and leaves nothing behind', async () => {
    await using w = await world();
    w.vendor.seedCustomer(aino);
    const before = w.vendor.customers();
    expect(new Set(Object.values(await okOf(w, true)))).toEqual(new Set([true]));
    expect(w.vendor.customers()).toEqual(before);
  });

  it.each([
    ['utf-8', 'iso-8859-15'],
    ['iso-8859-15', 'utf-8'],
  ] as const)('finds out that a company reads %s', async (encoding, bodyEncoding) => {
    await using w = await world({ encoding, settings: { bodyEncoding } });
    expect(await okOf(w, true)).toMatchObject({ 'customer-write': false, deletecustomer: true });
    expect(await problemOf(w, 'customer-write', true)).toContain(`set settings.bodyEncoding to ${encoding}`);
    expect(w.vendor.customers()).toEqual([]);
  });

  it.each([
    ['customer.nv', 'customer-write'],
    ['contactperson.nv', 'contactperson-write'],
    ['deletecustomer.nv', 'deletecustomer'],
  ])('finds that %s was not switched on', async (resource, right) => {
    await using w = await world({ deniedResources: [resource] });
    expect((await okOf(w, true))[right]).toBe(false);
    expect(await problemOf(w, right, true)).toContain('rights per resource');
  });

  it.each([
    ['blanks nothing', { phonenumber: '+358 50 000 0000' }, 'not blanked'],
    ['blanks what was not sent', { email: '' }, 'not sent'],
  ])('finds out that an edit %s', async (_, set, told) => {
    await using w = await world({
      behind: (wire) => async (request, c) => {
        const answer = await wire(request, c);
        const [made] = w.vendor.customers();
        if (made && request.url.includes('method=edit')) w.vendor.act?.({ do: 'editCard', customer: made.key, set });
        return answer;
      },
    });
    expect(await problemOf(w, 'customer-write', true)).toContain(told);
    expect(w.vendor.customers()).toEqual([]);
  });

  it.each([
    ['an edit', /method=edit/],
    ['a contact person', /contactperson/],
    ['a look', /getcustomer/],
  ])('leaves nothing behind where %s is answered 503', async (_, at) => {
    await using w = await world({ behind: failing(at) });
    const rights = await w.connector.check(call, true);
    expect(rights.map(({ right }) => right)).toEqual(manifest.rights);
    expect(rights.some(({ ok, problem }) => ok === null && problem?.includes('503'))).toBe(true);
    expect(w.vendor.customers()).toEqual([]);
  });

  it('finds the customer that it made and was not told of', async () => {
    await using w = await world();
    w.vendor.seedCustomer(aino);
    w.server.fault({ kind: 'commit-then-drop', method: 'POST', path: 'customer.nv' });
    expect(await okOf(w, true)).toMatchObject({ 'customer-write': null, 'contactperson-write': null, deletecustomer: true });
    expect(w.vendor.customers().map(({ card }) => card['name'])).toEqual([aino.name]);
  });

  it.each([
    ['is answered 503', failing(/deletecustomer/)],
    ['answers nothing', failing(/deletecustomer/, 302)],
  ])('says what it left, and how to take it away, where the deletion %s', async (_, behind) => {
    await using w = await world({ behind });
    const rights = await w.connector.check(call, true);
    const [left] = w.vendor.customers();
    expect(rights.at(-1)).toMatchObject({ right: 'deletecustomer', ok: expect.toSatisfy((ok) => ok !== true) });
    expect(rights.at(-1)?.problem).toContain(`NetvisorKey ${left?.key}`);
    expect(rights.at(-1)?.problem).toContain('by hand');
  });

  it('deletes after a lost answer what is still there, and no more than that', async () => {
    await using w = await world();
    w.server.fault({ kind: 'drop-before-commit', method: 'GET', path: 'deletecustomer.nv' });
    expect(await okOf(w, true)).toMatchObject({ deletecustomer: true });
    expect(w.vendor.customers()).toEqual([]);
  });

  it('writes nothing into the books of a company', async () => {
    const sent: string[] = [];
    const { check } = connectNetvisor(
      { system: 'accounting', baseUrl: 'https://integration.netvisor.fi', credentials, settings: settingsOf() },
      async ({ kind, url }) => {
        sent.push(kind);
        const content = url.includes('customerlist') ? '<Customerlist/>' : '<SalesInvoiceList/>';
        const body = `<Root><ResponseStatus><Status>OK</Status></ResponseStatus>${content}</Root>`;
        return { status: 200, headers: {}, body: Buffer.from(body), text: () => body, json: () => null };
      },
      { now: () => new Date(), newTransactionId: () => 'x' },
    );
    const rights = await check(call, true);
    expect(rights.slice(3).every(({ ok, problem }) => ok === null && problem?.includes('isvapi.netvisor.fi'))).toBe(true);
    expect(sent.every((kind) => kind === 'read')).toBe(true);
  });
});
