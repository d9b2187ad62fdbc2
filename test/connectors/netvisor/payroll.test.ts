import { describe, expect, it } from 'vitest';
import type { RightProbe } from '../../../src/connectors/connector.ts';
import type { Wire, WireRequest } from '../../../src/connectors/http.ts';
import type { EmployeeSeed } from '../../../src/connectors/netvisor/sandbox/payroll-seed.ts';
import { call, customer, given, world as openWorld } from './setup.ts';

/** What Netvisor's payroll does beside the contract: lengths, letters, identity codes, ended employments, pay that is still to come. */

const code = '131052-308T';
const other = '010594Y9021';
const aino: EmployeeSeed = {
  firstName: 'Aino',
  lastName: 'Mäkelä',
  email: 'aino@cervi.test',
  phone: '+358401234567',
  street: 'Vanhakatu 1',
  postcode: '53100',
  city: 'Lappeenranta',
  identifier: code,
  bankAccount: 'FI7179979580007335',
};
const at = (key: number | string) => ({ place: 'employee', id: String(key) });
const now = () => new Date('2026-05-20T09:00:00Z');

/** The requests that a test sends, as they leave. */
function watched() {
  const sent: WireRequest[] = [];
  const behind =
    (wire: Wire): Wire =>
    (request, c) => {
      sent.push(request);
      return wire(request, c);
    };
  return { sent, behind };
}
const world = (options: Parameters<typeof openWorld>[0] = {}) =>
  openWorld({ now, ...options, settings: { payroll: true, ...options.settings } });

describe('a correction of an employee', () => {
  it('sends the elements that differ, by the key, and is read back', async () => {
    const { sent, behind } = watched();
    await using w = await world({ behind });
    const key = w.vendor.seedEmployee(aino);
    const fresh = {
      givenName: 'Aino',
      familyName: 'Åström-Öhman',
      address: { street: 'Uusikatu 5', postcode: '65100', city: 'Vaasa' },
    };
    expect(await w.recipient.rectify(at(key), given(fresh), [], call)).toEqual({ kind: 'accepted', ref: at(key) });
    expect((await w.recipient.read(at(key), call))?.fields).toEqual({
      givenName: 'Aino',
      familyName: 'Åström-Öhman',
      email: aino.email,
      phone: aino.phone,
      identityCode: code,
      address: { street: 'Uusikatu 5', postcode: '65100', city: 'Vaasa', country: 'FI' },
    });
    expect(w.recipient.asHeld?.(fresh, 'employee')).toMatchObject({ address: { country: 'FI' } });
    const [written, ...more] = sent.filter(({ kind }) => kind === 'write');
    expect(more).toEqual([]);
    expect(written?.url).toMatch(new RegExp(`/patchemployee\\.nv\\?identifiertype=netvisorkey&identifier=${key}$`));
    const body = String(written?.body);
    expect(body).toBe(
      '<root><patchemployee><employeebaseinformation><lastname>Åström-Öhman</lastname></employeebaseinformation>' +
        '<employeepayrollinformation><streetaddress>Uusikatu 5</streetaddress><postnumber>65100</postnumber><city>Vaasa</city>' +
        '</employeepayrollinformation></patchemployee></root>',
    );
    expect(w.vendor.employee(key)?.card).toMatchObject({ bankaccountnumber: aino.bankAccount, activity: '1' });
  });

  it('asks people where the identity code is another one, once the rest is written', async () => {
    const { sent, behind } = watched();
    await using w = await world({ behind });
    const key = w.vendor.seedEmployee(aino);
    const said = await w.recipient.rectify(at(key), given({ identityCode: other, phone: '+358409999999' }), [], call);
    expect(said).toEqual({ kind: 'refused', code: 'identity-code-fixed', ask: true });
    expect(w.vendor.employee(key)?.card).toMatchObject({ identifier: code, phonenumber: '+358409999999' });
    expect(await w.recipient.rectify(at(key), given({}), ['identityCode'], call)).toMatchObject({ code: 'identity-code-fixed' });
    expect(await w.recipient.rectify(at(key), given({ identityCode: code.toLowerCase() }), [], call)).toMatchObject({
      kind: 'accepted',
    });
    expect(JSON.stringify(sent)).not.toMatch(/131052|010594/);
    expect(w.vendor.forbidden()).toEqual([]);
  });

  it.each([
    ['a given name', { givenName: 'ä'.repeat(51) }],
    ['a family name', { familyName: 'ö'.repeat(51) }],
    ['a telephone number', { phone: '1'.repeat(51) }],
    ['an e-mail address', { email: `${'a'.repeat(92)}@cervi.fi` }],
    ['a street', { address: { street: 's'.repeat(256), postcode: '00100', city: 'Helsinki' } }],
    ['a postcode', { address: { street: 'Katu 1', postcode: '1'.repeat(51), city: 'Helsinki' } }],
  ])('refuses %s that is too long, cuts nothing and writes the rest', async (_, fields) => {
    await using w = await world();
    const key = w.vendor.seedEmployee(aino);
    const before = w.vendor.employee(key)?.card ?? {};
    const rest = 'email' in fields ? { phone: '+358401' } : { email: 'uusi@cervi.test' };
    expect(await w.recipient.rectify(at(key), given({ ...fields, ...rest }), [], call)).toEqual({
      kind: 'refused',
      code: 'too-long',
    });
    const written = 'email' in fields ? { phonenumber: '+358401' } : { email: 'uusi@cervi.test' };
    expect(w.vendor.employee(key)?.card).toEqual({ ...before, ...written });
  });

  it.each([
    ['a given name', { givenName: 'ä'.repeat(50) }],
    ['an e-mail address', { email: `${'a'.repeat(91)}@cervi.fi` }],
    ['a street', { address: { street: 's'.repeat(255), postcode: '00100', city: 'Helsinki', country: 'FI' } }],
  ])('takes %s that just fits', async (_, fields) => {
    await using w = await world();
    const key = w.vendor.seedEmployee(aino);
    expect(await w.recipient.rectify(at(key), given(fields), [], call)).toMatchObject({ kind: 'accepted' });
    expect((await w.recipient.read(at(key), call))?.fields).toMatchObject(fields);
  });

  it('keeps a name that would be left empty', async () => {
    await using w = await world();
    const key = w.vendor.seedEmployee(aino);
    const said = await w.recipient.rectify(at(key), given({}), ['familyName', 'phone'], call);
    expect(said).toEqual({ kind: 'refused', code: 'name-needed' });
    expect(w.vendor.employee(key)?.card).toMatchObject({ lastname: 'Mäkelä', phonenumber: '' });
  });

  it.each(['utf-8', 'iso-8859-15'] as const)(
    'writes å, ä, ö and € in %s, and no other letter for one that is not in it',
    async (encoding) => {
      await using w = await world({ encoding, settings: { bodyEncoding: encoding } });
      const key = w.vendor.seedEmployee(aino);
      expect(await w.recipient.rectify(at(key), given({ familyName: 'Öhman-Åberg €' }), [], call)).toMatchObject({
        kind: 'accepted',
      });
      expect(w.vendor.employee(key)?.card['lastname']).toBe('Öhman-Åberg €');
      const said = await w.recipient.rectify(at(key), given({ familyName: 'Łukasik', phone: '1' }), [], call);
      if (encoding === 'utf-8') expect(said).toMatchObject({ kind: 'accepted' });
      else expect(said).toEqual({ kind: 'refused', code: 'character-not-in-encoding' });
      expect(w.vendor.employee(key)?.card['lastname']).toBe(encoding === 'utf-8' ? 'Łukasik' : 'Öhman-Åberg €');
    },
  );

  it('leaves an address that reads the same as it is spelt there, and blanks one but for its country', async () => {
    const { sent, behind } = watched();
    await using w = await world({ behind });
    const key = w.vendor.seedEmployee(aino);
    const same = { street: ' Vanhakatu  1', postcode: '53100', city: 'Lappeenranta', country: 'Suomi' };
    expect(await w.recipient.rectify(at(key), given({ address: same }), [], call)).toMatchObject({ kind: 'accepted' });
    expect(sent.filter(({ kind }) => kind === 'write')).toEqual([]);
    expect(await w.recipient.rectify(at(key), given({}), ['address'], call)).toMatchObject({ kind: 'accepted' });
    expect((await w.recipient.read(at(key), call))?.fields.address).toBeUndefined();
    expect(w.vendor.employee(key)?.card['country']).toBe('fi');
  });
});

describe('who is an employee', () => {
  it('is found by the identity code, else by the whole name with a mailbox or a number; by no other code', async () => {
    await using w = await world();
    const key = w.vendor.seedEmployee(aino);
    w.vendor.seedEmployee({ ...aino, lastName: 'Muu', identifier: '' });
    const look = async (fields: Parameters<typeof given>[0]) =>
      (await w.recipient.find(fields, 'employee', call)).map(({ ref }) => ref.id);
    expect(await look({ identityCode: code })).toEqual([String(key)]);
    expect(await look({ givenName: 'AINO', familyName: 'mäkelä', email: 'AINO@cervi.test' })).toEqual([String(key)]);
    expect(await look({ givenName: 'Aino', familyName: 'Mäkelä', phone: '040 123 4567' })).toEqual([String(key)]);
    expect(await look({ givenName: 'Aino', familyName: 'Mäkelä', email: 'muu@cervi.test' })).toEqual([]);
    expect(await look({ email: 'aino@cervi.test' })).toEqual([]);
    expect(await look({ givenName: 'Aino', familyName: 'Mäkelä', email: 'aino@cervi.test', identityCode: other })).toEqual([]);
  });

  it('is listed after the employment too; a business and what cannot be read is not, and the latter is counted', async () => {
    await using w = await world();
    const keys = [w.vendor.seedEmployee(aino), w.vendor.seedEmployee({ ...aino, ends: '2024-12-31', isActive: false })];
    const firm = w.vendor.seedEmployee({ ...aino, identifierType: 'companyidentifier', identifier: '0174564-5' });
    const nameless = w.vendor.seedEmployee({ ...aino, lastName: '' });
    let unread = 0;
    const found = [];
    for await (const page of w.recipient.list(call, (rows) => (unread += rows))) found.push(...page);
    expect(found.map(({ ref, standing }) => [ref.id, standing])).toEqual([
      [String(keys[0]), 'active'],
      [String(keys[1]), 'restricted'],
    ]);
    expect(unread).toBe(1);
    expect(await w.recipient.read(at(firm), call)).toBeNull();
    expect(await w.recipient.rectify(at(firm), given({ phone: '1' }), [], call)).toEqual({
      kind: 'refused',
      code: 'company-employee',
    });
    await expect(w.recipient.read(at(nameless), call)).rejects.toThrow();
  });

  it('is nobody of another place, and no customer: the keys of the two are the same numbers', async () => {
    await using w = await world();
    const card = w.vendor.seedCustomer({ name: 'Aino Mäkelä', email: aino.email, isPrivate: true });
    expect(await w.recipient.read(at(card), call)).toBeNull();
    expect(w.recipient.places).toEqual(['employee']);
    await using accounting = await openWorld();
    const key = accounting.vendor.seedEmployee(aino);
    expect(await accounting.recipient.read(customer(key), call)).toBeNull();
    expect(
      [accounting.recipient, w.recipient].map((r) =>
        ['customer', 'prospect', 'employee', 'applicant'].filter((role) => r.serves?.(role)),
      ),
    ).toEqual([['customer', 'prospect'], ['employee']]);
  });

  it('is read whichever way the elements are spelt', async () => {
    await using w = await world({ employeeCase: 'lower' });
    const key = w.vendor.seedEmployee(aino);
    expect((await w.recipient.read(at(key), call))?.fields).toMatchObject({ givenName: 'Aino', identityCode: code });
    expect(await w.recipient.find({ identityCode: code }, 'employee', call)).toHaveLength(1);
  });
});

describe('an employee who is to be erased', () => {
  const left = { ...aino, ends: '2026-03-31' };

  it('is bound by the last pay, be it after the employment', async () => {
    await using w = await world();
    const key = w.vendor.seedEmployee(left);
    w.vendor.seedPayslip({ employee: key, date: '2026-02-28' });
    expect(await w.recipient.bound?.(at(key), call)).toMatchObject({ newest: '2026-03-31', open: false });
    w.vendor.seedPayslip({ employee: key, date: '2026-04-15' });
    const colleague = w.vendor.seedEmployee({ ...aino, identifier: other });
    w.vendor.seedPayslip({ employee: colleague, date: '2026-05-15', status: 1 });
    expect(await w.recipient.bound?.(at(key), call)).toEqual({
      newest: '2026-04-15',
      open: false,
      keeps: ['givenName', 'familyName', 'identityCode', 'address'],
    });
  });

  it('loses telephone, e-mail and bank account, and is in use no more', async () => {
    await using w = await world();
    const key = w.vendor.seedEmployee(left);
    const bound = await w.recipient.bound?.(at(key), call);
    expect(bound && (await w.recipient.strip?.(at(key), bound, call))).toEqual({ kind: 'accepted', ref: at(key) });
    expect(w.vendor.employee(key)?.card).toMatchObject({
      firstname: 'Aino',
      lastname: 'Mäkelä',
      identifier: code,
      streetaddress: 'Vanhakatu 1',
      phonenumber: '',
      email: '',
      bankaccountnumber: '',
      bankidentificationcode: '',
      activity: '0',
    });
    expect(await w.recipient.erase(at(key), call)).toEqual({ kind: 'refused', code: 'done-by-people', ask: true });
    expect(w.vendor.forbidden()).toEqual([]);
  });

  it.each([
    ['the employment runs', { ends: undefined }],
    ['the employment ends today', { ends: '2026-05-20' }],
    ['the employment ends later', { ends: '2026-06-30' }],
  ])('stays whole while %s, and people are asked', async (_, over) => {
    await using w = await world();
    const key = w.vendor.seedEmployee({ ...left, ...over });
    const before = w.vendor.employee(key);
    expect(await w.recipient.bound?.(at(key), call)).toBeNull();
    const strip = await w.recipient.strip?.(at(key), { newest: '2026-01-01', open: false, keeps: [] }, call);
    expect(strip).toEqual({ kind: 'refused', code: 'employment-runs', ask: true });
    expect(await w.recipient.erase(at(key), call)).toMatchObject({ ask: true });
    expect(w.vendor.employee(key)).toEqual(before);
  });

  it.each([1, 2] as const)('stays whole while pay is still to come (status %i)', async (status) => {
    await using w = await world();
    const key = w.vendor.seedEmployee(left);
    w.vendor.seedPayslip({ employee: key, date: '2026-06-15', status });
    const before = w.vendor.employee(key);
    const bound = await w.recipient.bound?.(at(key), call);
    expect(bound).toMatchObject({ newest: '2026-06-15', open: true });
    expect(bound && (await w.recipient.strip?.(at(key), bound, call))).toEqual({ kind: 'refused', code: 'pay-open', ask: true });
    expect(w.vendor.employee(key)).toEqual(before);
  });

  it('is not called narrowed where an empty element keeps what was there', async () => {
    await using w = await world({ patchKeepsEmpty: true });
    const key = w.vendor.seedEmployee(left);
    const strip = w.recipient.strip?.(
      at(key),
      { newest: '2026-03-31', open: false, keeps: ['givenName', 'familyName', 'identityCode'] },
      call,
    );
    await expect(strip).rejects.toMatchObject({ code: 'NOT_APPLIED' });
  });

  it('is for people where the company named a rule that keeps no identity code: that cannot be emptied', async () => {
    await using w = await world();
    const key = w.vendor.seedEmployee(left);
    const strip = await w.recipient.strip?.(
      at(key),
      { newest: '2026-03-31', open: false, keeps: ['givenName', 'familyName'] },
      call,
    );
    expect(strip).toEqual({ kind: 'refused', code: 'identity-code-fixed', ask: true });
    expect(w.vendor.employee(key)?.card).toMatchObject({ email: '', streetaddress: '', activity: '0' });
  });
});

describe('the check of payroll', () => {
  const okOf = (probes: RightProbe[]) => Object.fromEntries(probes.map(({ right, ok }) => [right, ok]));

  it('reads what is to be read, and makes nobody, not even for a write test', async () => {
    await using w = await world();
    w.vendor.seedEmployee(aino);
    const before = w.vendor.employees();
    for (const writeTest of [false, true])
      expect(okOf(await w.connector.check(call, writeTest))).toEqual({
        getemployees: true,
        getemployee: true,
        getpayrollpaycheckbatchlist: true,
        patchemployee: null,
      });
    expect(w.vendor.employees()).toEqual(before);
  });

  it.each(['getemployees', 'getemployee', 'getpayrollpaycheckbatchlist'])('says that %s is missing', async (right) => {
    await using w = await world({ deniedResources: [`${right}.nv`] });
    w.vendor.seedEmployee(aino);
    const probes = await w.connector.check(call, false);
    expect(probes.find((probe) => probe.right === right)).toMatchObject({ ok: false, problem: expect.stringContaining(right) });
  });

  it('needs none of these rights where payroll is not switched on', async () => {
    await using w = await openWorld({ deniedResources: ['getemployees.nv', 'getemployee.nv', 'patchemployee.nv'] });
    expect((await w.connector.check(call, false)).map(({ right }) => right)).not.toContain('getemployees');
    expect(w.connector.manifest.rights).not.toContain('getemployees');
  });
});

describe('the night after', () => {
  it('undoes a correction that the HR system does not know, where HR is kept elsewhere', async () => {
    await using w = await world({ nightlyFeedback: true });
    const key = w.vendor.seedEmployee({ ...aino, inHr: true });
    await w.recipient.rectify(at(key), given({ email: 'uusi@cervi.test' }), [], call);
    expect(w.vendor.act?.({ do: 'night' })).toEqual({ rewritten: 1 });
    expect((await w.recipient.read(at(key), call))?.fields.email).toBe(aino.email);
    w.vendor.act?.({ do: 'editHr', employee: key, set: { email: 'uusi@cervi.test' } });
    w.vendor.act?.({ do: 'night' });
    expect((await w.recipient.read(at(key), call))?.fields.email).toBe('uusi@cervi.test');
  });
});
