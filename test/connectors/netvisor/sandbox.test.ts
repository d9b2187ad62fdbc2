import { describe, expect, it } from 'vitest';
import { macOf } from '../../../src/connectors/netvisor/sandbox/mac.ts';
import { baseXml, customerXml, type Manner, world } from './sandbox-caller.ts';
import { vectors } from './vectors.ts';

describe('the MAC of the sandbox', () => {
  it.each(vectors)('is as published or derived: $name', (vector) => {
    expect(macOf('HMACSHA256', vector, vector)).toBe(vector.hmacSha256);
    if (vector.sha256) expect(macOf('SHA256', vector, vector)).toBe(vector.sha256);
  });
});

describe('who may come in', () => {
  it.each(['HMACSHA256', 'SHA256'])('takes a request that is signed with %s, in either case of the digest', async (algorithm) => {
    await using w = await world();
    for (const upperCase of [false, true]) {
      const said = await w.ask('/customerlist.nv?keyword=M%E4kinen', { algorithm, upperCase, sender: 'Häärä' });
      expect([said.status, said.statuses]).toEqual([200, ['OK']]);
    }
  });

  it.each<[string, Manner]>([
    ['another digest', { headers: { 'X-Netvisor-Authentication-MAC': 'ab'.repeat(32) } }],
    ['no digest', { headers: { 'X-Netvisor-Authentication-MAC': null } }],
    ['another sender than was signed', { headers: { 'X-Netvisor-Authentication-Sender': 'Other' } }],
    ['another transaction than was signed', { headers: { 'X-Netvisor-Authentication-TransactionId': 'Other' } }],
    ['MD5, though well signed otherwise', { algorithm: 'MD5' }],
    ['no algorithm', { headers: { 'X-Netvisor-Authentication-MACHashCalculationAlgorithm': null } }],
    ['no Unix time', { fields: { timestampUnix: '' } }],
    ['a Unix time in ms', { fields: { timestampUnix: String(Date.now()) } }],
    ['another partner', { fields: { partnerId: 'Other' } }],
    ['another customer', { fields: { customerId: 'Other' } }],
    ['another company', { fields: { organisationId: '1234567-8' } }],
    ['no transaction', { fields: { transactionId: '' } }],
    ['no sender', { fields: { sender: '' } }],
    ['a language it does not speak', { language: 'DE' }],
    ['a timestamp in the form of ISO 8601', { algorithm: 'SHA256', fields: { timestamp: '2025-11-22T08:30:15.123Z' } }],
    ['a timestamp without ms', { algorithm: 'SHA256', fields: { timestamp: '2025-11-22 08:30:15' } }],
  ])('refuses %s: in the body alone, or with a status where it is asked for', async (_, manner) => {
    await using w = await world();
    const said = await w.ask('/customerlist.nv', manner);
    expect(said.status).toBe(200);
    expect(said.statuses).toEqual(['FAILED', expect.stringMatching(/^AUTHENTICATION_FAILED :: ./)]);
    expect((await w.ask('/customerlist.nv', { ...manner, wantsStatus: true })).status).toBe(401);
  });

  it('signs the address as it was sent: another order of the query is another address', async () => {
    await using w = await world({ publicUrl: 'https://netvisor.test/' });
    expect((await w.ask('/customerlist.nv?keyword=a', { signedOrigin: 'https://netvisor.test' })).statuses).toEqual(['OK']);
    expect((await w.ask('/customerlist.nv?keyword=a')).statuses[0]).toBe('FAILED');
  });

  it('answers with the status it is set to', async () => {
    await using w = await world({ statusCodes: { authentication: 403 } });
    const manner: Manner = { fields: { partnerId: 'Other' } };
    expect((await w.ask('/customerlist.nv', { ...manner, wantsStatus: true })).status).toBe(403);
    expect((await w.ask('/customerlist.nv', manner)).status).toBe(200);
  });

  it('echoes what should have been signed, keys masked', async () => {
    await using w = await world();
    const said = await w.ask('/customerlist.nv', { headers: { 'X-Netvisor-Authentication-MAC': 'ab' } });
    expect(said.statuses[1]).toContain(`${w.server.url}/customerlist.nv&Kaiku&`);
    for (const key of [w.vendor.credentials.customerKey, w.vendor.credentials.partnerKey]) expect(said.text).not.toContain(key);
  });

  it('minds the clock only when it is told how far one may be off', async () => {
    await using w = await world();
    const hourAgo = { at: new Date(Date.now() - 3_600_000) };
    expect((await w.ask('/customerlist.nv', hourAgo)).statuses).toEqual(['OK']);
    w.vendor.switches.skewSeconds = 300;
    expect((await w.ask('/customerlist.nv', hourAgo)).statuses[1]).toMatch(/^AUTHENTICATION_FAILED/);
    expect((await w.ask('/customerlist.nv')).statuses).toEqual(['OK']);
  });

  it('takes a transaction id once; a refused MAC does not use it up', async () => {
    await using w = await world();
    const transactionId = 'one';
    await w.ask('/customerlist.nv', { transactionId, headers: { 'X-Netvisor-Authentication-MAC': 'ab' } });
    expect((await w.ask('/customerlist.nv', { transactionId })).statuses).toEqual(['OK']);
    expect((await w.ask('/customerlist.nv', { transactionId })).statuses).toEqual([
      'FAILED',
      expect.stringMatching(/^REQUEST_NOT_UNIQUE :: /),
    ]);
    w.vendor.switches.strict = false;
    expect((await w.ask('/customerlist.nv', { transactionId })).statuses).toEqual(['OK']);
    expect(w.vendor.reusedTransactionIds()).toBe(2);
  });

  it('takes one request at a time', async () => {
    await using w = await world({ delayMs: 60 });
    const both = async () =>
      (await Promise.all([w.ask('/customerlist.nv'), w.ask('/customerlist.nv')])).map(({ statuses }) => statuses[0]).sort();
    expect(await both()).toEqual(['FAILED', 'OK']);
    expect(w.vendor.overlaps()).toBe(1);
    w.vendor.switches.strict = false;
    expect(await both()).toEqual(['OK', 'OK']);
    expect(w.vendor.overlaps()).toBe(2);
    w.vendor.switches.strict = true;
    for (const _ of [1, 2]) expect((await w.ask('/customerlist.nv')).statuses).toEqual(['OK']);
    expect([w.vendor.overlaps(), w.vendor.requests()]).toEqual([2, 6]);
  });

  it('refuses a resource that was not granted, with either code, and the others are open', async () => {
    await using w = await world({ deniedResources: ['deletecustomer.nv'] });
    const key = w.vendor.seedCustomer({ name: 'Aino Mäkelä' });
    const ask = () => w.ask(`/deletecustomer.nv?customerid=${key}`, { wantsStatus: true });
    expect(await ask()).toMatchObject({ status: 403, statuses: ['FAILED', expect.stringMatching(/^SERVICE_ACCESS_ERROR :: /)] });
    w.vendor.switches.denialCode = 'AUTHENTICATION_FAILED';
    expect((await ask()).statuses[1]).toMatch(/^AUTHENTICATION_FAILED :: /);
    expect((await w.ask(`/getcustomer.nv?id=${key}`)).of('Name')).toBe('Aino Mäkelä');
  });

  it('knows no other resources, refuses for maintenance, and remembers what must never be called', async () => {
    await using w = await world();
    for (const target of ['/customers.nv', '/constructor', '/']) expect((await w.ask(target)).status).toBe(404);
    expect((await w.ask('/deletesalesinvoice.nv?invoiceid=1')).statuses[1]).toMatch(/^SERVICE_ACCESS_ERROR/);
    expect((await w.ask('/employee.nv', { body: '<root/>' })).statuses[0]).toBe('FAILED');
    expect(w.vendor.forbidden()).toEqual(['GET deletesalesinvoice.nv', 'POST employee.nv']);
    expect((await w.ask('/office.nv?method=edit', { body: '<root/>' })).statuses[1]).toMatch(/^INVALID_DATA/);
    w.vendor.switches.maintenance = true;
    expect(await w.ask('/customerlist.nv', { wantsStatus: true })).toMatchObject({
      status: 503,
      statuses: ['FAILED', expect.stringMatching(/^SYSTEM_MAINT/)],
    });
  });
});

describe('customer.nv', () => {
  it('adds, with the next free number for a code, and shows the row under other names', async () => {
    await using w = await world();
    w.vendor.seedCustomer({ name: 'First', code: '41' });
    const said = await w.ask('/customer.nv?method=add', {
      body: customerXml(`<customerbaseinformation>
          <internalidentifier type="automatic"></internalidentifier><name>Sähkö &amp; Putki &lt;Oy&gt;</name>
          <additionaladdressline>c/o Öhman</additionaladdressline><country type="ISO-3166">FI</country>
        </customerbaseinformation>
        <customeradditionalinformation><customerreferencenumber>1070</customerreferencenumber><balancelimit>200.30</balancelimit>
        </customeradditionalinformation>`),
    });
    expect(said.statuses).toEqual(['OK']);
    const key = Number(said.of('InsertedDataIdentifier'));
    const row = await w.ask(`/getcustomer.nv?id=${key}`);
    expect(
      ['NetvisorKey', 'InternalIdentifier', 'Name', 'AdditionalStreetAddress', 'ReferenceNumber', 'BalanceLimit', 'IsActive'].map(
        row.of,
      ),
    ).toEqual([String(key), '42', 'Sähkö & Putki <Oy>', 'c/o Öhman', '1070', '200,3', '1']);
    expect(row.text).toContain('<Country type="ISO-3166">FI</Country>');
    expect(row.text).toContain('<Email />');
    expect((await w.ask('/customer.nv?method=add', { body: baseXml('<name>Third</name>') })).statuses).toEqual(['OK']);
    expect((await w.ask('/customer.nv?method=add', { body: baseXml('<email>a@b.test</email>') })).statuses[0]).toBe('FAILED');
    expect(
      (await w.ask('/customer.nv?method=add', { body: baseXml('<internalidentifier>42</internalidentifier><name>X</name>') }))
        .statuses[1],
    ).toMatch(/^DUPLICATE_DATA/);
  });

  it('keeps what an edit leaves out, blanks what is empty, and answers with its status alone', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino', phone: '040', email: 'a@seed.test', contactBlock: { name: 'Aino' } });
    const said = await w.ask(`/customer.nv?method=edit&id=${key}`, {
      body: customerXml(
        '<customerbaseinformation><phonenumber></phonenumber></customerbaseinformation><customercontactdetails><contactperson/></customercontactdetails>',
      ),
    });
    expect(said.statuses).toEqual(['OK']);
    expect(said.text).not.toContain('Replies');
    expect(w.vendor.customer(key)?.card).toMatchObject({
      name: 'Aino',
      phonenumber: '',
      email: 'a@seed.test',
      contactperson: '',
    });
  });

  it.each<[string, string, RegExp]>([
    ['an empty name', baseXml('<name></name>'), /^INVALID_DATA :: .*name/],
    ['an empty flag', baseXml('<isactive></isactive>'), /^INVALID_DATA :: .*isactive/],
    [
      'elements in the wrong order',
      baseXml('<city>Oulu</city><streetaddress>X 1</streetaddress>'),
      /^INVALID_DATA :: .*streetaddress/,
    ],
    ['an element twice', baseXml('<city>Oulu</city><city>Oulu</city>'), /^INVALID_DATA :: .*city/],
    [
      'blocks in the wrong order',
      customerXml('<customercontactdetails/><customerbaseinformation/>'),
      /^INVALID_DATA :: .*customerbaseinformation/,
    ],
    ['an element it does not know', baseXml('<zip>1</zip>'), /^INVALID_DATA :: .*zip/],
    ['a name of the answers', baseXml('<Email>a@b.test</Email>'), /^INVALID_DATA :: .*Email/],
    ['a street that is too long', baseXml(`<streetaddress>${'x'.repeat(81)}</streetaddress>`), /^INVALID_DATA_SIZE :: .*80/],
    ['a country without its type', baseXml('<country>FI</country>'), /^INVALID_DATA :: .*country/],
    ['a country by its name', baseXml('<country type="ISO-3166">Suomi</country>'), /^INVALID_DATA :: .*country/],
    ['an attribute it does not know', baseXml('<name a="1">X</name>'), /^INVALID_DATA :: .*attribute/],
    ['two customers', '<root><customer/><customer/></root>', /^INVALID_DATA/],
    ['another root', '<Root><customer/></Root>', /^INVALID_DATA/],
    ['an XML declaration', `<?xml version="1.0"?>${baseXml('<name>X</name>')}`, /^INVALID_DATA :: .*declaration/],
    ['a blank before the root', ` ${baseXml('<name>X</name>')}`, /^INVALID_DATA/],
    ['a document type', `<!DOCTYPE root [<!ENTITY a "b">]>${baseXml('<name>&a;</name>')}`, /^INVALID_DATA :: .*document type/],
    ['an entity that is not defined', baseXml('<name>&auml;</name>'), /^INVALID_DATA :: .*entity/],
    ['an ampersand that is not escaped', baseXml('<name>Sähkö & Putki</name>'), /^INVALID_DATA :: .*well-formed/],
    ['a number that is no character', baseXml('<name>A&#0;</name>'), /^INVALID_DATA :: .*entity/],
    ['a name of JavaScript', baseXml('<__proto__>1</__proto__>'), /^INVALID_DATA/],
    ['XML of a thousand floors', `${'<root>'.repeat(1000)}${'</root>'.repeat(1000)}`, /^INVALID_DATA/],
    ['XML that does not close', '<root><customer></root>', /^INVALID_DATA :: .*well-formed/],
    ['nothing', '', /^INVALID_DATA/],
  ])('refuses %s, and changes nothing', async (_, body, code) => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino', city: 'Turku' });
    const before = w.vendor.customer(key);
    const said = await w.ask(`/customer.nv?method=edit&id=${key}`, { body });
    expect(said.statuses).toEqual(['FAILED', expect.stringMatching(code)]);
    expect(w.vendor.customer(key)).toEqual(before);
  });

  it('takes what is just as long as allowed, the five entities, numbers and CDATA', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'Aino' });
    const body = baseXml(`<name>&quot;A&apos;&amp;&lt;&gt;&#228;&#xE5;<![CDATA[<&amp;>]]></name><city>${'ä'.repeat(80)}</city>`);
    expect((await w.ask(`/customer.nv?method=edit&id=${key}`, { body })).statuses).toEqual(['OK']);
    expect(w.vendor.customer(key)?.card).toMatchObject({ name: `"A'&<>äå<&amp;>`, city: 'ä'.repeat(80) });
  });

  it.each(['/customer.nv', '/customer.nv?method=delete&id=1', '/customer.nv?method=edit', '/customer.nv?method=edit&id=999'])(
    'refuses %s',
    async (target) => {
      await using w = await world();
      expect((await w.ask(target, { body: baseXml('<name>X</name>') })).statuses[1]).toMatch(/^INVALID_DATA/);
      expect((await w.ask('/customer.nv?method=add')).statuses[1]).toMatch(/^INVALID_DATA/);
    },
  );

  it('reads a body in the encoding it is set to, and keeps what the wrong one makes of it', async () => {
    await using w = await world();
    const key = w.vendor.seedCustomer({ name: 'X' });
    const write = (body: Buffer) => w.ask(`/customer.nv?method=edit&id=${key}`, { body });
    const name = async () => (await w.ask(`/getcustomer.nv?id=${key}`)).of('Name');
    const utf8 = Buffer.from(baseXml('<name>Mäkelä €</name>'), 'utf8');
    const latin9 = Buffer.from(baseXml('<name>Mäkelä \u00a4</name>'), 'latin1');
    await write(utf8);
    expect(await name()).toBe('Mäkelä €');
    await write(latin9);
    expect(await name()).toBe('M\ufffdkel\ufffd \ufffd');
    w.vendor.switches.encoding = 'iso-8859-15';
    await write(latin9);
    expect(await name()).toBe('Mäkelä €');
    await write(utf8);
    expect(await name()).toMatch(/^MÃ.kelÃ./);
  });
});
