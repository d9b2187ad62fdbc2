import { beforeEach, describe, expect, it } from 'vitest';
import { world as openWorld } from './sandbox-caller.ts';

/** Netvisor's payroll, as its help articles describe it, without our connector in between. */
const now = () => new Date('2026-05-20T09:00:00Z');
const code = '131052-308T';

let w: Awaited<ReturnType<typeof openWorld>>;
let key = 0;
beforeEach(async () => {
  w = await openWorld({ now });
  key = w.vendor.seedEmployee({
    firstName: 'Aino',
    lastName: 'Mäkelä',
    email: 'aino@cervi.test',
    phone: '040 123',
    street: 'Vanhakatu 1',
    identifier: code,
    number: '17',
    bankAccount: 'FI7179979580007335',
  });
  return () => w[Symbol.asyncDispose]();
});

const base = (inside: string) =>
  `<root><patchemployee><employeebaseinformation>${inside}</employeebaseinformation></patchemployee></root>`;
const pay = (inside: string) =>
  `<root><patchemployee><employeepayrollinformation>${inside}</employeepayrollinformation></patchemployee></root>`;
const patch = (body: string, query = `identifiertype=netvisorkey&identifier=${key}`) =>
  w.ask(`/patchemployee.nv?${query}`, { body });
const card = () => w.vendor.employee(key)?.card ?? {};

describe('employees', () => {
  it('are listed with identifier and name, without any address; who has left only where that is asked for', async () => {
    const left = w.vendor.seedEmployee({ firstName: 'Eino', lastName: 'Salo', ends: '2026-05-19' });
    w.vendor.seedEmployee({ firstName: 'Tänään', lastName: 'Salo', ends: '2026-05-20' });
    const said = await w.ask('/getemployees.nv');
    expect(said.statuses).toEqual(['OK']);
    expect(said.all('FirstName')).toEqual(['Aino', 'Tänään']);
    expect(said.text).toContain(`<PersonalId type="finnishidentifier">${code}</PersonalId>`);
    expect(said.text).not.toMatch(/aino@|Vanhakatu|040/);
    const all = await w.ask('/getemployees.nv?includeendedemployments=1');
    expect(all.all('NetvisorKey')).toContain(String(left));
    expect(all.all('EmploymentStatus')).toEqual(['1', '0', '1']);
    expect((await w.ask('/getemployees.nv?includeendedemployments=yes')).statuses[1]).toMatch(/^INVALID_DATA/);
  });

  it('are read one at a time, by key or number and not both; periods where they are asked for', async () => {
    expect((await w.ask(`/getemployee.nv?netvisorkey=${key}`)).of('Email')).toBe('aino@cervi.test');
    expect((await w.ask('/getemployee.nv?employeenumber=17')).of('LastName')).toBe('Mäkelä');
    expect((await w.ask(`/getemployee.nv?netvisorkey=${key}`)).text).not.toContain('EmploymentPeriod');
    expect((await w.ask(`/getemployee.nv?netvisorkey=${key}&employmentperiods=1`)).of('StartDate')).toBe('2020-01-01');
    for (const query of ['', `?netvisorkey=${key}&employeenumber=17`, '?netvisorkey=999', '?netvisorkey=x'])
      expect((await w.ask(`/getemployee.nv${query}`)).statuses[1]).toMatch(/^INVALID_DATA/);
  });

  it('are told by other keys than customers', async () => {
    const customer = w.vendor.seedCustomer({ name: 'Aino Mäkelä', isPrivate: true });
    expect((await w.ask(`/getemployee.nv?netvisorkey=${customer}`)).statuses[0]).toBe('FAILED');
    expect((await w.ask(`/getcustomer.nv?id=${key}`)).statuses[0]).toBe('FAILED');
  });
});

describe('a patch', () => {
  it('changes what it names, blanks what is empty and keeps the rest', async () => {
    expect((await patch(base('<phonenumber></phonenumber><email>uusi@cervi.test</email>'))).statuses).toEqual(['OK']);
    expect(card()).toMatchObject({ phonenumber: '', email: 'uusi@cervi.test', firstname: 'Aino', streetaddress: 'Vanhakatu 1' });
    expect((await patch(pay('<city>Vaasa</city><activity>0</activity>'))).statuses).toEqual(['OK']);
    expect(card()).toMatchObject({ city: 'Vaasa', activity: '0' });
  });

  it.each([
    ['a first name', base(`<firstname>${'a'.repeat(51)}</firstname>`)],
    ['a telephone number', base(`<phonenumber>${'1'.repeat(51)}</phonenumber>`)],
    ['an e-mail address', base(`<email>${'a'.repeat(101)}</email>`)],
    ['a street', pay(`<streetaddress>${'a'.repeat(256)}</streetaddress>`)],
    [
      'a bank account',
      pay(`<bankaccountnumber>${'1'.repeat(35)}</bankaccountnumber><bankidentificationcode>X</bankidentificationcode>`),
    ],
  ])('refuses %s that is too long', async (_, body) => {
    const before = card();
    expect((await patch(body)).statuses[1]).toMatch(/^INVALID_DATA_SIZE/);
    expect(card()).toEqual(before);
  });

  it.each([
    ['elements out of order', base('<email>a@b.test</email><firstname>A</firstname>')],
    ['an empty name', base('<lastname></lastname>')],
    ['an element that is none', base('<employeeidentifier>131052-308T</employeeidentifier>')],
    ['a bank account without its bank', pay('<bankaccountnumber>FI71</bankaccountnumber>')],
    ['a country that is no code', pay('<country>Suomi</country>')],
    ['an activity that is none', pay('<activity></activity>')],
    ['another root', '<root><employee></employee></root>'],
  ])('refuses %s', async (_, body) => {
    const before = card();
    expect((await patch(body)).statuses[1]).toMatch(/^INVALID_DATA/);
    expect(card()).toEqual(before);
  });

  it('needs to be told whom, and remembers who was named by an identity code', async () => {
    const body = base('<email>a@b.test</email>');
    for (const query of [
      '',
      'identifiertype=netvisorkey',
      'identifiertype=name&identifier=Aino',
      'identifiertype=netvisorkey&identifier=999',
    ])
      expect((await patch(body, query)).statuses[1]).toMatch(/^INVALID_DATA/);
    expect(w.vendor.forbidden()).toEqual([]);
    expect((await patch(body, 'identifiertype=number&identifier=17')).statuses).toEqual(['OK']);
    expect((await patch(body, `identifiertype=personalidentificationnumber&identifier=${code}`)).statuses).toEqual(['OK']);
    expect(w.vendor.forbidden()).toEqual(['patchemployee.nv by an identity code']);
  });
});

describe('payslips', () => {
  it('are listed by their day of payment, of thirty days at most, and of one day without an end', async () => {
    for (const date of ['2026-04-15', '2026-05-15', '2026-05-16']) w.vendor.seedPayslip({ employee: key, date });
    const days = async (query: string) => (await w.ask(`/getpayrollpaycheckbatchlist.nv?${query}`)).all('PaymentDate');
    expect(await days('startdate=2026-05-01&enddate=2026-05-30')).toEqual(['2026-05-15', '2026-05-16']);
    expect(await days('startdate=2026-05-15')).toEqual(['2026-05-15']);
    for (const query of ['', 'startdate=x', 'startdate=2026-05-01&enddate=2026-05-31', 'startdate=2026-05-02&enddate=2026-05-01'])
      expect((await w.ask(`/getpayrollpaycheckbatchlist.nv?${query}`)).statuses[1]).toMatch(/^INVALID_DATA/);
  });
});
