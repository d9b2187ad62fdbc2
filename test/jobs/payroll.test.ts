import { beforeEach, describe, expect, it } from 'vitest';
import type { Connector } from '../../src/connectors/connector.ts';
import { createWire, memoryGate } from '../../src/connectors/http.ts';
import { netvisor } from '../../src/connectors/netvisor/connector.ts';
import type { Config } from '../../src/core/configuration.ts';
import type { FieldName, Person } from '../../src/core/person.ts';
import { everybody } from '../../src/core/scope.ts';
import { answerTask } from '../../src/jobs/ask-person.ts';
import { startDrift } from '../../src/jobs/drift.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { driveRun } from '../../src/jobs/resync.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { findingsOf } from '../../src/store/drift.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { registerHash, registerRecord } from '../../src/store/subjects.ts';
import { tasks } from '../../src/store/tasks.ts';
import { credentials, world as netvisorWorld, settingsOf } from '../connectors/netvisor/setup.ts';
import { testRuntime } from '../support/runtime.ts';
import { memoryConfig, openWorld, type World } from './world.ts';

/** One company's Netvisor as two systems, customers in accounting and staff in payroll, and people who are in both. */
const system = (name: string, purpose: string, retention: string[]): Config['systems'][string] => ({
  name,
  connector: 'netvisor',
  baseUrl: '',
  credentials: {},
  owner: name,
  settings: {},
  recipient: { purposes: [purpose], undoHours: 0, dueDays: 14, retention, drift: { everyHours: 24, repair: 'none' } },
});
const staffFields: FieldName[] = ['givenName', 'familyName', 'email', 'phone', 'address'];
const config = (payrollFields: readonly FieldName[]): Config => ({
  ...memoryConfig,
  purposes: {
    pay: { name: 'pay', basis: 'legal-obligation', fields: payrollFields, for: ['employee'] },
    // nobody said for whom: what the system serves says it
    invoicing: { name: 'invoicing', basis: 'contract', fields: ['givenName', 'familyName', 'email', 'phone', 'address'] },
  },
  systems: {
    crm: memoryConfig.systems['crm'] as Config['systems'][string],
    payroll: system('payroll', 'pay', []),
    accounting: system('accounting', 'invoicing', ['fi/vouchers']),
  },
});

const code = '131052-308T';
const aino: Person = {
  givenName: 'Aino',
  familyName: 'Mäkelä',
  email: 'aino@cervi.test',
  phone: '+358401234567',
  address: { street: 'Vanhakatu 1', postcode: '53100', city: 'Lappeenranta', country: 'FI' },
};
const other: Person = { givenName: 'Eino', familyName: 'Salo', email: 'eino@cervi.test' };

let world: World;
let vendor: Awaited<ReturnType<typeof netvisorWorld>>;
let key = 0;
let card = 0;

/** Aino is an employee and a customer; a colleague is there for the control. */
async function open(fields: readonly FieldName[], more: { ends?: string; nightlyFeedback?: boolean } = {}) {
  const runtime = await testRuntime();
  vendor = await netvisorWorld({ settings: { payroll: true }, nightlyFeedback: more.nightlyFeedback ?? false });
  world = await openWorld(runtime.databaseUrl, { config: config(fields) });
  const wire = createWire({ gate: memoryGate({ connections: 1 }), deadlineMs: 2000 });
  const accounting = netvisor.connect(
    { system: 'accounting', baseUrl: vendor.server.url, credentials, settings: settingsOf({ address: 'address' }) },
    wire,
  );
  Object.assign(world.needs.connectors, { payroll: vendor.connector, accounting } satisfies Record<string, Connector>);
  const { street, postcode, city } = aino.address ?? {};
  key = vendor.vendor.seedEmployee({
    firstName: 'Aino',
    lastName: 'Mäkelä',
    email: aino.email,
    phone: aino.phone,
    street,
    postcode,
    city,
    identifier: code,
    bankAccount: 'FI7179979580007335',
    inHr: true,
    ends: more.ends,
  });
  vendor.vendor.seedEmployee({ firstName: 'Eino', lastName: 'Salo', email: other.email });
  card = vendor.vendor.seedCustomer({
    name: 'Aino Mäkelä',
    email: aino.email,
    phone: aino.phone,
    street,
    postcode,
    city,
    code: 'A-1',
    isPrivate: true,
    externalIdentifier: code,
  });
  world.register.put('staff', { role: 'employee', person: { ...aino, identityCode: code } });
  world.register.put('customer', { role: 'customer', person: aino });
  world.register.put('colleague', { role: 'employee', person: other });
  await pollRegister(world.needs, 'crm');
  for (const name of ['payroll', 'accounting']) await linkRecipient(world.needs, name, true, 'test');
  await world.settle();
  return async () => {
    await world.close();
    await vendor.server.close();
    await runtime.drop();
  };
}

const subjectOf = async (id: string) =>
  (await registerRecord(world.needs.db, 'crm', 'contact', registerHash(world.needs.vault, 'crm', 'contact', id)))?.subject ?? '';
const dutyOf = async (id: string, name: string) =>
  (await dutiesOf(world.needs.db, await subjectOf(id))).find(({ recipient }) => recipient === name);
const employee = () => vendor.vendor.employee(key)?.card ?? {};
const openTasks = async () => (await tasks(world.needs.db, everybody)).filter(({ answered_at }) => answered_at === null);

async function correct(id: string, person: Person) {
  world.register.put(id, { person });
  await pollRegister(world.needs, 'crm');
  await world.settle();
}

async function erase(id: string) {
  const opened = {
    subject: await subjectOf(id),
    source: 'api',
    channel: null,
    receivedAt: new Date(),
    approve: 'person' as const,
  };
  const { id: found } = await openErasureCase(world.needs, opened);
  await world.settle();
  await approveCase(world.needs, found, 'hr');
  await world.settle();
}

async function drift() {
  const started = await startDrift(world.needs, 'payroll', 'test');
  for (let i = 0; i < 50; i++) if (!(await driveRun(world.needs, started.id))) break;
  const found = await findingsOf(world.needs.db, everybody, started.id, { from: 0, size: 100 });
  return found.map(({ kind, subject, fields }) => ({ kind, subject, fields }));
}

describe('the customer and the employee of one human', () => {
  beforeEach(() => open([...staffFields, 'identityCode']));

  it('are tied each to their own row, and nobody is asked', async () => {
    expect(await dutyOf('staff', 'payroll')).toMatchObject({ state: 'settled', outcome: 'unchanged' });
    expect(await dutyOf('customer', 'accounting')).toMatchObject({ state: 'settled' });
    expect(await dutyOf('staff', 'accounting')).toMatchObject({ state: 'settled', outcome: 'absent' });
    expect(await dutyOf('customer', 'payroll')).toMatchObject({ state: 'settled', outcome: 'absent' });
    expect(await openTasks()).toEqual([]);
    expect([vendor.vendor.customers().length, vendor.vendor.employees().length]).toEqual([1, 2]);
  });

  it('are corrected each in their own row', async () => {
    const cardBefore = vendor.vendor.customer(card);
    const moved = { street: 'Uusikatu 5', postcode: '65100', city: 'Vaasa', country: 'FI' };
    await correct('staff', { ...aino, identityCode: code, familyName: 'Åström', address: moved });
    expect(await dutyOf('staff', 'payroll')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
    expect(employee()).toMatchObject({ lastname: 'Åström', streetaddress: 'Uusikatu 5', city: 'Vaasa', identifier: code });
    expect(vendor.vendor.customer(card)).toEqual(cardBefore);

    const employeeBefore = employee();
    await correct('customer', { ...aino, familyName: 'Virtanen' });
    expect(vendor.vendor.customer(card)?.card['name']).toBe('Aino Virtanen');
    expect(employee()).toEqual(employeeBefore);
    expect(await drift()).toEqual([]);
  });

  it('are erased each by themselves: the customer goes, and payroll is left as it was', async () => {
    const before = employee();
    await erase('customer');
    expect(vendor.vendor.deleted()).toEqual([card]);
    expect(employee()).toEqual(before);
  });
});

describe('an identity code that changed', () => {
  it('is for people, whose word is acknowledged and held against the next look', async () => {
    const close = await open([...staffFields, 'identityCode']);
    try {
      await correct('staff', { ...aino, identityCode: '010594Y9021', phone: '+358409999999' });
      // the rest is there already
      expect(employee()).toMatchObject({ phonenumber: '+358409999999', identifier: code });
      expect(await dutyOf('staff', 'payroll')).toMatchObject({
        state: 'asked',
        reason: 'identity-code-fixed',
        asked_whom: 'payroll',
      });
      const [task, ...more] = await openTasks();
      expect([task?.ask, more.length]).toEqual(['update', 0]);
      await answerTask(world.needs, task?.id ?? '', { outcome: 'updated', by: 'hr' });
      await world.settle();
      expect(await dutyOf('staff', 'payroll')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'acknowledged' });
      expect(await openTasks()).toEqual([]);
      // they said so, and it is not so
      const staff = await subjectOf('staff');
      expect(await drift()).toEqual([{ kind: 'stale', subject: staff, fields: ['identityCode'] }]);
      vendor.vendor.act?.({ do: 'editEmployee', employee: key, set: { identifier: '010594Y9021' } });
      expect(await drift()).toEqual([]);
      expect(vendor.vendor.forbidden()).toEqual([]);
    } finally {
      await close();
    }
  });

  it('is no affair of a payroll whose purpose has no identity codes', async () => {
    const close = await open(staffFields);
    try {
      await correct('staff', { ...aino, identityCode: '010594Y9021', phone: '+358409999999' });
      expect(await dutyOf('staff', 'payroll')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
      expect(await openTasks()).toEqual([]);
      // that it holds one all the same is told, not taken away
      expect(await drift()).toEqual([{ kind: 'extra', subject: await subjectOf('staff'), fields: ['identityCode'] }]);
    } finally {
      await close();
    }
  });
});

describe('an employee who is erased', () => {
  const year = new Date().getUTCFullYear();
  const withEmployment = async (ends: string | undefined, then: () => Promise<void>) => {
    const close = await open([...staffFields, 'identityCode'], ends === undefined ? {} : { ends });
    try {
      await then();
    } finally {
      await close();
    }
  };

  it('is narrowed to what the law keeps until its day, when people are asked; the customer card is untouched', async () => {
    await withEmployment(`${year - 1}-11-30`, async () => {
      vendor.vendor.seedPayslip({ employee: key, date: `${year}-01-15` });
      const before = vendor.vendor.customer(card);
      await erase('staff');
      const until = `${year + 10}-12-31`;
      expect(await dutyOf('staff', 'payroll')).toMatchObject({
        state: 'waiting',
        outcome: 'retained',
        evidence: 'observed',
        retained: {
          until,
          law: expect.stringContaining('1118/1996'),
          fields: ['address', 'familyName', 'givenName', 'identityCode'],
        },
      });
      expect(employee()).toMatchObject({ firstname: 'Aino', phonenumber: '', email: '', bankaccountnumber: '', activity: '0' });
      expect(vendor.vendor.customer(card)).toEqual(before);
      await advanceClock(world.needs.db, 'P9Y');
      await world.settle();
      expect(await openTasks()).toEqual([]);
      await advanceClock(world.needs.db, 'P3Y');
      await world.settle();
      expect(await openTasks()).toMatchObject([{ ask: 'erase', system: 'payroll' }]);
      expect(vendor.vendor.employees()).toHaveLength(2);
      expect(vendor.vendor.forbidden()).toEqual([]);
    });
  });

  it('stays whole while the employment runs, and people are asked', async () => {
    await withEmployment(undefined, async () => {
      const before = employee();
      await erase('staff');
      expect(await dutyOf('staff', 'payroll')).toMatchObject({ state: 'asked', reason: 'done-by-people' });
      expect(employee()).toEqual(before);
    });
  });

  it('stays whole while pay is still to come, and people are asked', async () => {
    await withEmployment(`${year - 1}-11-30`, async () => {
      vendor.vendor.seedPayslip({ employee: key, date: `${year}-01-15`, status: 1 });
      const before = employee();
      await erase('staff');
      expect(await dutyOf('staff', 'payroll')).toMatchObject({ state: 'asked', reason: 'pay-open' });
      expect(await openTasks()).toMatchObject([{ ask: 'erase' }]);
      expect(employee()).toEqual(before);
    });
  });
});

describe('a company whose HR system writes over payroll at night', () => {
  beforeEach(() => open([...staffFields, 'identityCode'], { nightlyFeedback: true }));

  it('is seen to have undone a correction: the drift run names field and person', async () => {
    await correct('staff', { ...aino, identityCode: code, email: 'uusi@cervi.test' });
    expect(employee()['email']).toBe('uusi@cervi.test');
    expect(await drift()).toEqual([]);
    vendor.vendor.act?.({ do: 'night' });
    expect(await drift()).toEqual([{ kind: 'stale', subject: await subjectOf('staff'), fields: ['email'] }]);
    // corrected at the source, the night does no harm
    vendor.vendor.act?.({ do: 'editHr', employee: key, set: { email: 'uusi@cervi.test' } });
    vendor.vendor.act?.({ do: 'night' });
    expect(await drift()).toEqual([]);
  });
});
