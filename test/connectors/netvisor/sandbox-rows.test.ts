import { describe, expect, it } from 'vitest';
import { baseXml, personXml, world } from './sandbox-caller.ts';

describe('customerlist.nv', () => {
  it('lists none, one and many', async () => {
    await using w = await world();
    expect((await w.ask('/customerlist.nv')).text).toContain('<Customerlist />');
    const key = w.vendor.seedCustomer({ name: 'Sähkö & Putki Oy', code: 'SP', externalIdentifier: '1234567-8' });
    const one = await w.ask('/customerlist.nv');
    expect(['Netvisorkey', 'Name', 'Code', 'OrganisationIdentifier', 'Uri'].map(one.of)).toEqual([
      String(key),
      'Sähkö & Putki Oy',
      'SP',
      '1234567-8',
      `${w.server.url}/getcustomer.nv?id=${key}`,
    ]);
    w.vendor.seed(7);
    expect((await w.ask('/customerlist.nv')).all('Netvisorkey')).toHaveLength(8);
  });

  it('searches names, codes and identifiers, and neither addresses nor numbers', async () => {
    await using w = await world();
    w.vendor.seedCustomer({
      name: 'Aino Mäkelä',
      code: 'AM7',
      externalIdentifier: '010150-900R',
      email: 'aino@seed.test',
      phone: '040 555',
      more: { nameextension: 'vuokralainen' },
    });
    w.vendor.seedCustomer({ name: 'Other', code: 'OT' });
    const hits = async (query: string) => (await w.ask(`/customerlist.nv?${query}`)).all('Name');
    for (const found of ['m%E4kel%E4', 'AM7', '010150-900R', 'Vuokra', 'aino+m'])
      expect(await hits(`keyword=${found}`)).toEqual(['Aino Mäkelä']);
    for (const missed of ['aino@seed.test', '040', 'm%C3%A4kel%C3%A4']) expect(await hits(`keyword=${missed}`)).toEqual([]);
    w.vendor.switches.queryEncoding = 'utf-8';
    expect(await hits('keyword=m%C3%A4kel%C3%A4')).toEqual(['Aino Mäkelä']);
    expect(await hits('customercodelist=AM7,OT')).toEqual(['Aino Mäkelä', 'Other']);
    expect(await hits('customercodelist=AM7,OT&keyword=other')).toEqual(['Other']);
    const codes = (count: number) => Array.from({ length: count }, (_, n) => n).join();
    expect((await w.ask(`/customerlist.nv?customercodelist=${codes(101)}`)).statuses[1]).toMatch(/^INVALID_DATA/);
    expect((await w.ask(`/customerlist.nv?customercodelist=${codes(100)}`)).statuses).toEqual(['OK']);
  });

  it('lists what changed since a time on a Finnish clock, unless there is a keyword', async () => {
    let now = new Date('2025-06-05T09:00:00Z');
    await using w = await world({ now: () => now });
    const key = w.vendor.seedCustomer({ name: 'Aino' });
    w.vendor.seedCustomer({ name: 'Aini' });
    now = new Date('2025-06-05T10:00:00Z');
    await w.ask(`/customer.nv?method=edit&id=${key}`, { body: baseXml('<city>Oulu</city>') });
    const hits = async (query: string) => (await w.ask(`/customerlist.nv?${query}`)).all('Name');
    expect(await hits('changedsince=2025-06-05T13:00:00')).toEqual(['Aino']);
    expect(await hits('changedsince=2025-06-05T13:00:01')).toEqual([]);
    expect(await hits('changedsince=2025-06-05T13:00:01&keyword=ain')).toEqual(['Aino', 'Aini']);
    w.vendor.switches.changedSinceZone = 'utc';
    expect(await hits('changedsince=2025-06-05T10:00:00')).toEqual(['Aino']);
    expect(await hits('changedsince=2025-06-05T10:00:01')).toEqual([]);
    expect((await w.ask('/customerlist.nv?changedsince=5.6.2025')).statuses[1]).toMatch(/^INVALID_DATA/);
  });

  it('stamps answers as a Finn writes the time', async () => {
    await using w = await world({ now: () => new Date('2023-06-05T13:02:09Z') });
    const said = await w.ask('/customerlist.nv');
    expect(said.of('TimeStamp')).toBe('5.6.2023 16:02:09');
    expect(said.text).toMatch(/^<\?xml version="1.0" encoding="utf-8" standalone="yes"\?>\s*<Root>/);
  });
});

describe('getcustomer.nv', () => {
  it('shows one, or those of a list that there are, and no more than 500', async () => {
    await using w = await world();
    const [first, second] = [w.vendor.seedCustomer({ name: 'Aino' }), w.vendor.seedCustomer({ name: 'Aini' })];
    expect((await w.ask(`/getcustomer.nv?id=${first}`)).text).not.toContain('<Customers>');
    const listed = await w.ask(`/getcustomer.nv?idlist=${second},999,${first}`);
    expect([listed.text.includes('<Customers>'), listed.all('Name')]).toEqual([true, ['Aini', 'Aino']]);
    expect((await w.ask('/getcustomer.nv?idlist=999')).text).toContain('<Customers />');
    expect((await w.ask('/getcustomer.nv?id=123')).statuses[1]).toBe(
      'INVALID_DATA :: Data form incorrect:. Customer not found with Netvisor identifier: 123',
    );
    const many = (count: number) => `/getcustomer.nv?idlist=${Array.from({ length: count }, (_, n) => n + 1).join()}`;
    expect((await w.ask(many(500))).statuses).toEqual(['OK']);
    for (const wrong of [many(501), '/getcustomer.nv', '/getcustomer.nv?id=1&idlist=1', '/getcustomer.nv?id=x'])
      expect((await w.ask(wrong)).statuses[1]).toMatch(/^INVALID_DATA/);
  });

  it('adds the blocks that replyoption is the sum of', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino' });
    const blocks = async (sum: string) => {
      const { text } = await w.ask(`/getcustomer.nv?id=${key}${sum}`);
      return ['Turnover', 'AutomationRule', 'CustomTags', 'BuyerServiceCode'].filter((name) => text.includes(`<${name}`));
    };
    expect(await blocks('')).toEqual([]);
    expect(await blocks('&replyoption=6')).toEqual(['AutomationRule', 'CustomTags']);
    expect((await w.ask(`/getcustomer.nv?id=${key}&replyoption=16`)).statuses[1]).toMatch(/^INVALID_DATA/);
  });

  it('shows contact persons: none, one and three', async () => {
    await using w = await world();
    const named = (firstName: string) => ({ firstName, lastName: 'Öhman', email: `${firstName}@seed.test` });
    const contacts = async (...names: string[]) => {
      const key = w.vendor.seedCustomer({ name: 'Oy', contactPersons: names.map(named) });
      return w.ask(`/getcustomer.nv?id=${key}&replyoption=15`);
    };
    expect((await contacts()).text).toContain('<CustomerContactPersons />');
    for (const names of [['a'], ['a', 'b', 'c']]) expect((await contacts(...names)).all('ContactPersonFirstName')).toEqual(names);
  });
});

describe('contactperson.nv', () => {
  const named = '<firstname>Åke</firstname><lastname>Öhman</lastname><language type="ISO-3166">FI</language>';
  const keys = (customer: number, person?: number) =>
    `<customeridentifier type="netvisor">${customer}</customeridentifier>${
      person === undefined ? '' : `<contactpersonidentifier type="netvisor">${person}</contactpersonidentifier>`
    }`;

  it('adds, edits and deletes by the verb in the document', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Oy' });
    const post = (elements: string) => w.ask('/contactperson.nv', { body: personXml(elements) });
    const added = await post(
      `<method>add</method>${keys(key)}<isdefault>1</isdefault>${named}<phonenumber>040</phonenumber><email>a@seed.test</email>`,
    );
    const id = Number(added.of('InsertedDataIdentifier'));
    expect(w.vendor.customer(key)?.contactPersons).toMatchObject([{ id, card: { firstname: 'Åke', phonenumber: '040' } }]);
    const edited = await post(`<method>edit</method>${keys(key, id)}${named}<phonenumber></phonenumber>`);
    expect([edited.statuses, edited.text.includes('Replies')]).toEqual([['OK'], false]);
    expect(w.vendor.customer(key)?.contactPersons).toMatchObject([{ id, card: { phonenumber: '', email: 'a@seed.test' } }]);
    expect((await post(`<method>delete</method>${keys(key, id)}${named}`)).statuses).toEqual(['OK']);
    expect(w.vendor.customer(key)?.contactPersons).toEqual([]);
    expect((await post(`<method>delete</method>${keys(key, id)}${named}`)).statuses[1]).toMatch(
      /^INVALID_DATA :: .*Contact person/,
    );
  });

  it('keeps one default person, and takes an office away with 0', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Oy' });
    const add = (more: string) =>
      w.ask('/contactperson.nv', { body: personXml(`<method>add</method>${keys(key)}<isdefault>1</isdefault>${named}${more}`) });
    await add('<officeidentifier>7</officeidentifier>');
    await add('<officeidentifier>0</officeidentifier>');
    expect(w.vendor.customer(key)?.contactPersons.map(({ card }) => [card['isdefault'], card['officeidentifier']])).toEqual([
      ['0', '7'],
      ['1', ''],
    ]);
  });

  it('names the person even to delete them, unless the switch says otherwise', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Oy', contactPersons: [{ firstName: 'Åke', lastName: 'Öhman' }] });
    const id = w.vendor.customer(key)?.contactPersons[0]?.id;
    const body = personXml(`<method>delete</method>${keys(key, id)}`);
    expect((await w.ask('/contactperson.nv', { body })).statuses[1]).toMatch(/^INVALID_DATA/);
    w.vendor.switches.deletionNamesPerson = false;
    expect((await w.ask('/contactperson.nv', { body })).statuses).toEqual(['OK']);
  });

  it.each<[string, (customer: number, person: number, other: number) => string]>([
    ['no verb', (c, p) => `${keys(c, p)}${named}`],
    ['an unknown verb', (c, p) => `<method>remove</method>${keys(c, p)}${named}`],
    ['the verb in the wrong place', (c, p) => `${keys(c, p)}<method>edit</method>${named}`],
    ['an unknown customer', (_, p) => `<method>edit</method>${keys(9999, p)}${named}`],
    ["another customer's person", (_, p, other) => `<method>edit</method>${keys(other, p)}${named}`],
    ['no person', (c) => `<method>edit</method>${keys(c)}${named}`],
    ['an identifier without its type', (c, p) => `<method>edit</method>${keys(c, p).replaceAll(' type="netvisor"', '')}${named}`],
    ['an empty last name', (c, p) => `<method>edit</method>${keys(c, p)}${named.replace('Öhman', '')}`],
    ['no language', (c, p) => `<method>edit</method>${keys(c, p)}<firstname>A</firstname><lastname>B</lastname>`],
    [
      'a telephone number that is too long',
      (c, p) => `<method>edit</method>${keys(c, p)}${named}<phonenumber>${'1'.repeat(81)}</phonenumber>`,
    ],
  ])('refuses %s', async (_, elements) => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Oy', contactPersons: [{ firstName: 'Aino', lastName: 'Mäkelä' }] });
    const other = w.vendor.seedCustomer({ name: 'Toinen Oy' });
    const before = w.vendor.customers();
    const person = before[0]?.contactPersons[0]?.id ?? 0;
    const said = await w.ask('/contactperson.nv', { body: personXml(elements(key, person, other)) });
    expect(said.statuses).toEqual(['FAILED', expect.stringMatching(/^INVALID_DATA(_SIZE)? :: /)]);
    expect(w.vendor.customers()).toEqual(before);
  });
});

describe('deletecustomer.nv', () => {
  it('deletes who never had an invoice, once, by GET and by customerid alone', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino' });
    for (const [target, manner] of [
      [`/deletecustomer.nv?id=${key}`, {}],
      [`/deletecustomer.nv?customerid=${key}`, { method: 'POST' }],
    ] as const)
      expect((await w.ask(target, manner)).statuses[1]).toMatch(/^INVALID_DATA/);
    expect(w.vendor.deleted()).toEqual([]);
    expect((await w.ask(`/deletecustomer.nv?customerid=${key}`)).statuses).toEqual(['OK']);
    expect((await w.ask(`/deletecustomer.nv?customerid=${key}`)).statuses[1]).toMatch(/Customer not found/);
    expect((await w.ask(`/getcustomer.nv?id=${key}`)).statuses[1]).toMatch(/Customer not found/);
    expect((await w.ask('/customerlist.nv')).all('Netvisorkey')).toEqual([]);
    expect([w.vendor.deleted(), w.vendor.customer(key)]).toEqual([[key], undefined]);
    w.vendor.switches.listsDeleted = true;
    expect((await w.ask('/customerlist.nv')).all('Netvisorkey')).toEqual([String(key)]);
  });

  it.each([
    ['FI', 'Asiakkaalla on laskuja'],
    ['EN', 'The customer has invoices'],
    ['SE', 'Kunden har fakturor'],
  ])('refuses whoever had an invoice, in %s', async (language, text) => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino' });
    w.vendor.seedInvoice({ customer: key, date: '2017-03-01', status: 'paid' });
    const refused = await w.ask(`/deletecustomer.nv?customerid=${key}`, { language });
    expect(refused.statuses).toEqual(['FAILED', `INVALID_DATA :: ${text}`]);
    w.vendor.switches.deletionRefusalCode = 'SERVICE_ACCESS_ERROR';
    const again = await w.ask(`/deletecustomer.nv?customerid=${key}`, { language });
    expect(again.statuses).toEqual(['FAILED', `SERVICE_ACCESS_ERROR :: ${text}`]);
    expect(w.vendor.customer(key)).toBeDefined();
  });

  it.each(['order', 'draft'] as const)('refuses for an %s only where the switch says so', async (kind) => {
    await using w = await world({ [kind === 'order' ? 'ordersBlockDeletion' : 'draftsBlockDeletion']: true });
    const key = w.vendor.seedCustomer({ name: 'Aino' });
    w.vendor.seedInvoice({ customer: key, date: '2025-01-01', kind });
    const ask = async () => (await w.ask(`/deletecustomer.nv?customerid=${key}`)).statuses[0];
    expect(await ask()).toBe('FAILED');
    Object.assign(w.vendor.switches, { ordersBlockDeletion: false, draftsBlockDeletion: false });
    expect(await ask()).toBe('OK');
    expect(w.vendor.invoices(key)).toHaveLength(1);
  });
});

describe('sales invoices', () => {
  it('lists invoices, orders and drafts apart: none, one and many', async () => {
    await using w = await world({ now: () => new Date('2025-06-05T09:00:00Z') });
    const key = w.vendor.seedCustomer({ name: 'Aino', code: 'A' });
    const list = (query: string) => w.ask(`/salesinvoicelist.nv?customernetvisorkey=${key}${query}`);
    expect((await list('')).text).toContain('<SalesInvoiceList />');
    const other = w.vendor.seedCustomer({ name: 'Other' });
    w.vendor.seedInvoice({ customer: other, date: '2025-05-01' });
    const invoice = w.vendor.seedInvoice({ customer: key, date: '2025-03-01', open: 45.5 });
    const order = w.vendor.seedInvoice({ customer: key, date: '2025-04-01', kind: 'order' });
    const draft = w.vendor.seedInvoice({ customer: key, date: '2025-05-01', kind: 'draft' });
    const keys = async (query: string) => (await list(query)).all('NetvisorKey').map(Number);
    expect(await keys('&listtype=')).toEqual([invoice]);
    expect(await keys('&listtype=preinvoice')).toEqual([order]);
    expect(await keys('&listtype=draftandinvoice')).toEqual([invoice, draft]);
    const row = await list('');
    expect(['Invoicedate', 'OpenSum', 'InvoiceSum', 'CustomerNetvisorKey', 'CustomerName'].map(row.of)).toEqual([
      '2025-03-01',
      '45,5',
      '123,45',
      String(key),
      'Aino',
    ]);
    expect(row.text).toContain('<InvoiceStatus substatus="overdue">open</InvoiceStatus>');
    expect(row.text).toContain('<Invoicedate format="ansi">');
    expect((await list('&listtype=all')).statuses[1]).toMatch(/^INVALID_DATA/);
    expect((await list('&begininvoicedate=1.3.2025')).statuses[1]).toMatch(/^INVALID_DATA/);
  });

  it('filters by dates, status, number, code and the last key seen', async () => {
    await using w = await world({ now: () => new Date('2025-06-05T09:00:00Z') });
    const key = w.vendor.seedCustomer({ name: 'Aino', code: 'A' });
    const old = w.vendor.seedInvoice({ customer: key, date: '2017-03-01', status: 'paid' });
    const young = w.vendor.seedInvoice({ customer: key, date: '2025-03-01', inCollection: true });
    const keys = async (query: string) => (await w.ask(`/salesinvoicelist.nv?${query}`)).all('NetvisorKey').map(Number);
    expect(await keys('begininvoicedate=2020-01-01')).toEqual([young]);
    expect(await keys('endinvoicedate=2017-03-01')).toEqual([old]);
    expect(await keys('invoicestatus=paid')).toEqual([old]);
    expect(await keys('invoicenumber=2')).toEqual([young]);
    expect(await keys(`invoicesabovenetvisorkey=${old}`)).toEqual([young]);
    expect(await keys('customercode=A')).toEqual([old, young]);
    expect(await keys('customercode=B')).toEqual([]);
    expect(await keys('lastmodifiedstart=2025-06-06')).toEqual([]);
    expect((await w.ask('/salesinvoicelist.nv?invoicenumber=2')).text).toContain('isincollection="1"');
  });

  it('keep the name and address they were made with', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino Mäkelä', street: 'Rantatie 1' });
    const invoice = w.vendor.seedInvoice({ customer: key, date: '2025-03-01' });
    const edit = (name: string) =>
      w.ask(`/customer.nv?method=edit&id=${key}`, { body: baseXml(`<name>${name}</name><streetaddress></streetaddress>`) });
    const read = () => w.ask(`/getsalesinvoice.nv?netvisorkey=${invoice}`);
    await edit('Poistettu');
    const said = await read();
    expect(['InvoicingCustomerName', 'InvoicingCustomerAddressline', 'SalesInvoiceAmount'].map(said.of)).toEqual([
      'Aino Mäkelä',
      'Rantatie 1',
      '123.45',
    ]);
    expect((await w.ask('/salesinvoicelist.nv')).of('CustomerName')).toBe('Aino Mäkelä');
    w.vendor.switches.invoicesFollowCustomer = true;
    await edit('Poistettu taas');
    expect((await read()).of('InvoicingCustomerName')).toBe('Poistettu taas');
  });

  it('answer an unknown key with an empty row, and lists with those there are', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino' });
    const invoice = w.vendor.seedInvoice({ customer: key, date: '2025-03-01' });
    const unknown = await w.ask('/getsalesinvoice.nv?netvisorkey=9999');
    expect([unknown.statuses, unknown.text.includes('<SalesInvoice />')]).toEqual([['OK'], true]);
    const listed = await w.ask(`/getsalesinvoice.nv?netvisorkeylist=${invoice},9999`);
    expect([listed.text.includes('<SalesInvoices>'), listed.all('InvoicingCustomerName')]).toEqual([true, ['Aino']]);
  });
});

describe('the sandbox of Netvisor as a program', () => {
  const turns = 6;

  it('seeds the same people every time: with and without invoices, firms with contacts, an identity code', async () => {
    await using w = await world();
    await using again = await world();
    const rows = w.vendor.seed(2 * turns);
    expect(again.vendor.seed(2 * turns)).toEqual(rows);
    const kinds = rows.slice(0, turns).map(({ key, card, contactPersons }) => ({
      isPrivate: card['isprivatecustomer'],
      contacts: contactPersons.length,
      block: (card['contactperson'] ?? '') !== '',
      invoices: w.vendor.invoices(key).map(({ kind, status }) => `${kind} ${status}`),
    }));
    expect(kinds).toEqual([
      { isPrivate: '1', contacts: 0, block: false, invoices: [] },
      { isPrivate: '0', contacts: 3, block: false, invoices: [] },
      { isPrivate: '1', contacts: 0, block: false, invoices: ['invoice paid', 'invoice paid'] },
      { isPrivate: '0', contacts: 1, block: false, invoices: ['order undelivered'] },
      { isPrivate: '1', contacts: 0, block: false, invoices: ['draft unsent'] },
      { isPrivate: '0', contacts: 0, block: true, invoices: ['invoice open'] },
    ]);
    expect(rows[0]?.card['externalidentifier']).toMatch(/^\d{6}-9\d\d[0-9A-Y]$/);
    const addresses = rows.flatMap(({ card, contactPersons }) => [card['email'], ...contactPersons.map((p) => p.card['email'])]);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(new Set(rows.map(({ card }) => card['name'])).size).toBe(rows.length);
  });

  it('is driven from outside', async () => {
    await using w = await world();
    const deed = async (what: object): Promise<[number, Record<string, unknown>]> => {
      const said = await fetch(`${w.server.url}/_sandbox/act`, { method: 'POST', body: JSON.stringify(what) });
      return [said.status, (await said.json()) as Record<string, unknown>];
    };
    const done = async (what: object) => {
      const [status, said] = await deed(what);
      expect(status).toBe(200);
      return said;
    };
    await done({ do: 'seed', count: 3 });
    const { customer } = await done({ do: 'seedCustomer', name: 'Aino', contactBlock: { email: 'a@seed.test' } });
    const { invoice } = await done({ do: 'seedInvoice', customer, date: '2025-01-31', status: 'paid' });
    await done({ do: 'editCard', customer, set: { name: 'Aini' } });
    await done({ do: 'deleteInvoice', invoice });
    await done({ do: 'switch', maintenance: true, deniedResources: ['customer.nv'], encoding: 'iso-8859-15' });
    expect(w.vendor.switches).toMatchObject({ maintenance: true, deniedResources: ['customer.nv'], encoding: 'iso-8859-15' });
    expect(w.vendor.customers()).toHaveLength(4);
    expect(w.vendor.customer(Number(customer))?.card).toMatchObject({ name: 'Aini', contactpersonemail: 'a@seed.test' });
    expect(w.vendor.invoices(Number(customer))).toEqual([]);
    for (const wrong of [
      { do: 'nonsense' },
      { do: 'deleteInvoice', invoice },
      { do: 'editCard', customer: 9999, set: {} },
      { do: 'switch', a: 1 },
    ])
      expect((await deed(wrong))[0]).toBe(400);
    const state = (await (await fetch(`${w.server.url}/_sandbox/state`)).json()) as { customers: unknown[]; forbidden: string[] };
    expect([state.customers.length, state.forbidden]).toEqual([4, []]);
  });

  it('shows the common faults in its own words', async () => {
    await using w = await world();
    w.server.fault({ kind: 'unauthorized' });
    expect((await w.ask('/customerlist.nv')).statuses[1]).toMatch(/^AUTHENTICATION_FAILED/);
    w.server.fault({ kind: 'throttle', retryAfter: '17' });
    const throttled = await w.ask('/customerlist.nv');
    expect([throttled.status, throttled.headers['retry-after'], throttled.statuses[1]]).toEqual([
      503,
      '17',
      expect.stringMatching(/^TECHNICAL_ERROR/),
    ]);
  });
});
