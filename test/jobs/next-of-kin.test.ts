import { sql } from 'kysely';
import { beforeEach, expect, it } from 'vitest';
import type { Config } from '../../src/core/configuration.ts';
import { everybody } from '../../src/core/scope.ts';
import { answerTask } from '../../src/jobs/ask-person.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { dayOf, now } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { advanceAll } from '../../src/jobs/schedule.ts';
import { sweepRetention } from '../../src/jobs/sweep-retention.ts';
import { revealTask, toTakeOut } from '../../src/server/answers.ts';
import { caseById } from '../../src/store/cases.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { changes } from '../../src/store/database.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { disclosuresOf, recordsOf } from '../../src/store/records.ts';
import { subjectById, subjectsByIdentifier } from '../../src/store/subjects.ts';
import { tasks } from '../../src/store/tasks.ts';
import { inMemory } from '../connectors/mepco/setup.ts';
import { testRuntime } from '../support/runtime.ts';
import { memoryConfig, openWorld, type World } from './world.ts';

/**
 * Staff in Mepco's exports, beside customers in a CRM. What the employment's end takes away is taken out by people, field by field, and
 * the next whole export is the proof; the rest of the row is nobody's to touch.
 */
const given = { undoHours: 0, dueDays: 14, retention: [] };
const ends = { trigger: 'employment-end', from: 'event', rules: [] } as const;
const kin = ['custom.nextOfKin', 'custom.nextOfKinPhone'] as const;
const config: Config = {
  ...memoryConfig,
  purposes: {
    ...memoryConfig.purposes,
    employment: {
      name: 'employment',
      basis: 'contract',
      fields: ['givenName', 'familyName', 'email', 'phone'],
      for: ['employee'],
      retention: [{ ...ends, length: { years: 2 }, approve: 'person' }],
    },
    emergency: {
      name: 'emergency',
      basis: 'legitimate-interest',
      fields: [...kin],
      for: ['employee'],
      retention: [{ ...ends, length: { days: 0 }, approve: 'auto' }],
    },
  },
  systems: {
    ...memoryConfig.systems,
    personnel: {
      ...{ name: 'personnel', connector: 'mepco', baseUrl: '', credentials: {}, owner: 'hr', settings: {} },
      register: {
        ...{ for: 'employee', pollSeconds: 60, sweepHours: 24, eraseAfterDays: 14, permissions: {} },
        events: { 'employment-end': 'Ts päättymispv' },
      },
      recipient: { ...given, purposes: ['employment', 'emergency'] },
    },
    bureau: {
      ...{ name: 'bureau', connector: 'human', baseUrl: '', credentials: {}, owner: 'hr', settings: {} },
      recipient: { ...given, purposes: ['employment', 'emergency'] },
    },
  },
};

const header = 'Person Number;User Name;User Email;Puhelin;Lähiomainen;Lähiomaisen puhelin;Ts päättymispv';
const map = {
  name: 'User Name',
  email: 'User Email',
  phone: 'Puhelin',
  'custom.nextOfKin': 'Lähiomainen',
  'custom.nextOfKinPhone': 'Lähiomaisen puhelin',
};
const file = (...rows: string[]) => [header, ...rows, ''].join('\r\n');
const other = '0002;Eero Äijälä;eero@firma.test;+358401111111;Outi Äijälä;+358402222222;';
/** Åsa's row as of one export. */
const asa = (as: { kin?: boolean; end?: string } = {}) =>
  `0001;Åsa Öberg;asa@firma.test;+358403333333;${as.kin === false ? ';' : 'Nils Öberg;+358404444444'};${as.end ?? ''}`;

let world: World;
let mepco: ReturnType<typeof inMemory>;
let day = 4;
let subject = '';

beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl, { config });
  const bureau = world.needs.connectors['partner'];
  if (!bureau) throw new Error('there are no people');
  world.needs.connectors['bureau'] = bureau;
  mepco = inMemory({ map }, { for: 'employee', permissions: {}, events: { 'employment-end': 'Ts päättymispv' } });
  world.needs.connectors['personnel'] = mepco.connector;
  await nextExport(asa());
  subject = await who('asa@firma.test');
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const who = async (email: string, register = 'personnel') => {
  const found = await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', email));
  return found.find((one) => one.register === register)?.id ?? '';
};

/** Mepco's next whole export, and everything that follows from it; as a new process, to which no earlier reading is known. */
async function nextExport(row: string) {
  leaveExport(row);
  await pollRegister(world.needs, 'personnel');
  await follow();
}
function leaveExport(row: string) {
  const { exchange } = mepco;
  mepco = inMemory({ map }, { for: 'employee', permissions: {}, events: { 'employment-end': 'Ts päättymispv' } });
  for (const [path, { bytes, modifiedMs }] of exchange.files) mepco.exchange.put(path, bytes, modifiedMs);
  mepco.exchange.put(`henkilot-${day}.csv`, file(row, other), Date.UTC(2026, 4, day++));
  world.needs.connectors['personnel'] = mepco.connector;
}
async function follow() {
  await sweepRetention(world.needs);
  await world.settle();
  await advanceAll(world.needs);
  await world.settle();
}

const dutyAt = async (system: string) => (await dutiesOf(world.needs.db, subject)).find(({ recipient }) => recipient === system);
const openTasks = async () => (await tasks(world.needs.db, everybody)).filter(({ answered_at }) => answered_at === null);
const taskAt = async (system: string) => (await openTasks()).find((task) => task.system === system);
const answer = async (system: string) =>
  expect(await answerTask(world.needs, (await taskAt(system))?.id ?? '', { outcome: 'updated', by: 'hr' })).toBe(true);
const dayFrom = async (days: number) => dayOf(new Date((await now(world.needs)).getTime() + days * 86_400_000));

it('asks HR, the day after the last one, to take out the next of kin and nothing else; the next export proves it', async () => {
  await nextExport(asa({ end: await dayFrom(1) }));
  await advanceClock(world.needs.db, 'P1D');
  await follow();
  // the last day itself is still a day of work
  expect(await openTasks()).toEqual([]);

  await advanceClock(world.needs.db, 'P1D');
  await follow();
  expect((await openTasks()).map(({ system, ask, subject: of }) => [system, ask, of]).sort()).toEqual([
    ['bureau', 'update', subject],
    ['personnel', 'update', subject],
  ]);
  for (const system of ['personnel', 'bureau']) {
    const task = await taskAt(system);
    if (!task) throw new Error(`${system} was not asked`);
    expect((await toTakeOut(world.needs, task)).sort()).toEqual([...kin].sort());
    // whoever is asked sees whom it is about, and the values that go are shown to nobody any more
    expect(await revealTask(world.needs, task, 'hr')).toEqual({
      ...{ givenName: 'Åsa', familyName: 'Öberg', email: 'asa@firma.test', phone: '+358403333333' },
    });
  }
  expect((await disclosuresOf(world.needs.db, subject)).filter(({ recipient }) => recipient === 'personnel')).toEqual([]);

  await answer('bureau');
  await answer('personnel');
  await follow();
  expect(await dutyAt('personnel')).toMatchObject({
    state: 'waiting',
    outcome: 'updated',
    evidence: 'acknowledged',
    reason: 'shown-later',
  });
  expect(await dutyAt('bureau')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'acknowledged' });
  expect(
    (await recordsOf(world.needs.db, subject, 'bureau')).map(({ fingerprints }) => Object.keys(fingerprints).sort()),
  ).toEqual([['email', 'familyName', 'givenName', 'phone']]);

  await nextExport(asa({ kin: false, end: await dayFrom(-1) }));
  expect(await dutyAt('personnel')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
  expect(await openTasks()).toEqual([]);
  expect(await subjectById(world.needs.db, subject)).toMatchObject({ state: 'active' });
});

it('asks again where the export still has them for longer than people have, and not before', async () => {
  await nextExport(asa({ end: await dayFrom(-1) }));
  await answer('personnel');
  await nextExport(asa({ end: await dayFrom(-1) }));
  expect(await dutyAt('personnel')).toMatchObject({ state: 'waiting', evidence: 'acknowledged' });
  expect(await taskAt('personnel')).toBeUndefined();
  await advanceClock(world.needs.db, 'P15D');
  await changes(
    world.needs.db,
    sql`UPDATE duty SET not_before = NULL, wake_at = now() WHERE id = ${(await dutyAt('personnel'))?.id}`,
  );
  await follow();
  expect(await taskAt('personnel')).toMatchObject({ ask: 'update', subject });
  expect(await dutyAt('personnel')).toMatchObject({ state: 'asked' });
});

it('asks nobody whose employment goes on, and no more where the export shows it before anybody answered', async () => {
  expect(await openTasks()).toEqual([]);
  const end = await dayFrom(-1);
  await nextExport(asa({ end }));
  expect(await taskAt('personnel')).toMatchObject({ subject });
  await nextExport(asa({ kin: false, end }));
  expect(await taskAt('personnel')).toBeUndefined();
  expect(await dutyAt('personnel')).toMatchObject({ state: 'settled', evidence: 'observed' });
});

it('waits for the poll where an export that was not taken in yet shows it already', async () => {
  const end = await dayFrom(-1);
  await nextExport(asa({ end }));
  await answer('personnel');
  leaveExport(asa({ kin: false, end }));
  await changes(
    world.needs.db,
    sql`UPDATE duty SET not_before = NULL, wake_at = now() WHERE id = ${(await dutyAt('personnel'))?.id}`,
  );
  await follow();
  expect(await dutyAt('personnel')).toMatchObject({ state: 'waiting', outcome: 'updated', reason: 'shown-later' });
  await pollRegister(world.needs, 'personnel');
  await follow();
  expect(await dutyAt('personnel')).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
});

it('never takes a row of the staff for a customer’s, nor ties it a second time', async () => {
  expect(await linkRecipient(world.needs, 'personnel', true, 'test')).toMatchObject({ read: 2, linked: 0, alreadyLinked: 2 });
  expect(await recordsOf(world.needs.db, subject, 'personnel')).toEqual([]);
  // the same human being, as a customer
  const fields = { givenName: 'Åsa', familyName: 'Öberg', email: 'asa@firma.test' };
  world.register.put('1', { person: fields });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  const customer = await who('asa@firma.test', 'crm');
  const opened = { subject: customer, source: 'cli', channel: null, receivedAt: new Date(), approve: 'person', fields } as const;
  const { id } = await openErasureCase(world.needs, opened);
  await approveCase(world.needs, id, 'test');
  await follow();
  expect((await dutiesOf(world.needs.db, customer)).find(({ recipient }) => recipient === 'personnel')).toMatchObject({
    state: 'settled',
    outcome: 'absent',
  });
  expect((await openTasks()).filter(({ system }) => system === 'personnel')).toEqual([]);
  expect(await subjectById(world.needs.db, subject)).toMatchObject({ state: 'active' });
});

it('plans one step at a register that is given data too', async () => {
  const opened = { subject, source: 'cli', channel: null, receivedAt: new Date(), approve: 'person' } as const;
  const { plan = [] } = (await caseById(world.needs.db, (await openErasureCase(world.needs, opened)).id)) ?? {};
  expect(plan.filter(({ system }) => system === 'personnel')).toMatchObject([{ step: 'ask', reason: 'last' }]);
});
