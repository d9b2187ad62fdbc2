import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/core/configuration.ts';
import { everybody } from '../../src/core/scope.ts';
import { type Answered, answerTask } from '../../src/jobs/ask-person.ts';
import { approveCase, openErasureCase, refuseCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { advanceAll } from '../../src/jobs/schedule.ts';
import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import { caseById } from '../../src/store/cases.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { changes } from '../../src/store/database.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { subjectById, subjectsByIdentifier } from '../../src/store/subjects.ts';
import { tasks } from '../../src/store/tasks.ts';
import { open as openFiles } from '../connectors/files/setup.ts';
import { MemoryExchange } from '../connectors/memory-exchange.ts';
import { file, inMemory, row, upTo } from '../connectors/mepco/setup.ts';
import { testRuntime } from '../support/runtime.ts';
import { memoryConfig, openWorld, type World } from './world.ts';

/** Staff in Mepco's exports: people erase there, and the next whole export is the proof. */
const config: Config = {
  ...memoryConfig,
  purposes: {
    employment: {
      name: 'employment',
      basis: 'legal-obligation',
      fields: ['givenName', 'familyName', 'email', 'language'],
      for: ['employee'],
    },
  },
  systems: {
    crm: {
      name: 'crm',
      connector: 'mepco',
      baseUrl: '',
      credentials: {},
      owner: 'hr',
      settings: {},
      register: { for: 'employee', pollSeconds: 60, sweepHours: 24, eraseAfterDays: 14, permissions: {} },
      recipient: { purposes: ['employment'], undoHours: 0, dueDays: 14, retention: [] },
    },
  },
};

let world: World;
let mepco: ReturnType<typeof inMemory>;
const inWorldOf = (of: Config) =>
  beforeEach(async () => {
    const runtime = await testRuntime();
    world = await openWorld(runtime.databaseUrl, { config: of });
    return async () => {
      await world.close();
      await runtime.drop();
    };
  });

/** A new process of the hub: nothing is remembered of what was read before. */
function restart() {
  const { exchange } = mepco ?? {};
  mepco = inMemory({}, { for: 'employee', permissions: {} });
  if (exchange) for (const [path, { bytes, modifiedMs }] of exchange.files) mepco.exchange.put(path, bytes, modifiedMs);
  world.needs.connectors['crm'] = mepco.connector;
}

let day = 4;
/** Mepco's next export, read by the next poll and sweep. */
async function nextExport(rows: string[]) {
  restart();
  mepco.exchange.put(`henkilot-${day}.csv`, file(...rows), Date.UTC(2026, 4, day++));
  await pollRegister(world.needs, 'crm');
  await world.settle();
  const [swept] = await sweepRegister(world.needs, 'crm');
  await world.settle();
  await advanceAll(world.needs);
  await world.settle();
  return swept;
}

let subject = '';
const duty = async () => (await dutiesOf(world.needs.db, subject)).find(({ recipient }) => recipient === 'crm');
const openTasks = async () => (await tasks(world.needs.db, everybody)).filter(({ answered_at }) => answered_at === null);
const answerAll = async (said: Omit<Answered, 'by'>) => {
  for (const { id } of await openTasks()) expect(await answerTask(world.needs, id, { ...said, by: 'hr' })).toBe(true);
};
const everyone = () => upTo(12).map((n) => row(n));

async function erasing(): Promise<string> {
  await nextExport(everyone());
  subject =
    (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', 'henkilo1@cervi.test')))[0]?.id ?? '';
  const { id } = await openErasureCase(world.needs, {
    subject,
    source: 'cli',
    channel: null,
    receivedAt: new Date(),
    approve: 'person',
  });
  await world.settle();
  await approveCase(world.needs, id, 'hr');
  await world.settle();
  await advanceAll(world.needs);
  await world.settle();
  return id;
}

describe('an erasure that people do, where a later export shows it', () => {
  inWorldOf(config);
  it('is asked, stated and then seen: asked, acknowledged, observed', async () => {
    const id = await erasing();
    expect(await duty()).toMatchObject({ state: 'asked', evidence: 'asked', reason: 'done-by-people', asked_whom: 'hr' });
    expect(await openTasks()).toMatchObject([{ ask: 'erase', system: 'crm' }]);

    await answerAll({ outcome: 'erased' });
    for (let turn = 0; turn < 3; turn++) {
      await world.settle();
      await advanceAll(world.needs);
    }
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'erased', evidence: 'acknowledged', reason: 'shown-later' });
    expect(await openTasks()).toEqual([]);
    // an export that still has them is no proof, and asks nobody again so soon
    await nextExport(everyone());
    expect(await duty()).toMatchObject({ state: 'waiting', evidence: 'acknowledged' });
    expect((await subjectById(world.needs.db, subject))?.state).toBe('erasing');

    await nextExport(everyone().slice(1));
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    expect((await subjectById(world.needs.db, subject))?.state).toBe('erased');
    expect((await caseById(world.needs.db, id))?.state).toBe('closed');
  });

  it('ends the case where a law binds the register itself, and goes on by itself on the law’s day', async () => {
    const id = await erasing();
    expect((await caseById(world.needs.db, id))?.plan).toMatchObject([{ system: 'crm', step: 'ask', reason: 'last' }]);
    await answerAll({ outcome: 'retained', until: '2036-12-31', law: 'Prepayment Act 1118/1996, section 36' });
    await advanceAll(world.needs);
    const parked = { state: 'waiting', outcome: 'retained', evidence: 'acknowledged', retained: { until: '2036-12-31' } };
    expect(await duty()).toMatchObject(parked);
    expect((await caseById(world.needs.db, id))?.state).toBe('closed');
    // the register still holds them: they are not erased, and nothing of them is carried any more
    const [first, ...others] = everyone();
    await nextExport([first?.replace('FINNISH', 'SWEDISH') ?? '', ...others]);
    expect(await duty()).toMatchObject(parked);
    expect((await subjectById(world.needs.db, subject))?.state).toBe('erasing');
    expect(await openTasks()).toEqual([]);

    // a second request is one of its own; refused, it changes nothing of the first
    const again = { subject, source: 'cli', channel: null, receivedAt: new Date(), approve: 'person' } as const;
    const second = await openErasureCase(world.needs, again);
    expect(second.fresh).toBe(true);
    await refuseCase(world.needs, second.id, 'hr', 'the law has not changed');
    await world.settle();
    await advanceAll(world.needs);
    expect((await subjectById(world.needs.db, subject))?.state).toBe('erasing');
    expect(await duty()).toMatchObject(parked);

    await advanceClock(world.needs.db, 'P11Y');
    await world.settle();
    expect(await duty()).toMatchObject({ state: 'asked' });
    expect(await openTasks()).toMatchObject([{ ask: 'erase', system: 'crm' }]);
    await answerAll({ outcome: 'erased' });
    await world.settle();
    await nextExport(everyone().slice(1));
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    expect((await subjectById(world.needs.db, subject))?.state).toBe('erased');
  });

  it('is seen before anybody answered: nobody is asked any more', async () => {
    await erasing();
    await nextExport(everyone().slice(1));
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    expect(await openTasks()).toEqual([]);
  });

  it('is asked again where what was stated does not show for longer than people have', async () => {
    await erasing();
    await answerAll({ outcome: 'erased' });
    await world.settle();
    await changes(world.needs.db, sql`UPDATE task SET answered_at = answered_at - interval '15 days'`);
    await changes(world.needs.db, sql`UPDATE duty SET not_before = NULL, wake_at = now() WHERE id = ${(await duty())?.id}`);
    restart();
    await world.settle();
    expect(await duty()).toMatchObject({ state: 'asked' });
    expect(await openTasks()).toHaveLength(1);
  });

  it('is proven by no export that is not believed', async () => {
    await erasing();
    await answerAll({ outcome: 'erased' });
    await world.settle();
    restart();
    mepco.exchange.put(`henkilot-${day}.csv`, file(...everyone().slice(8)), Date.UTC(2026, 4, day++));
    await expect(pollRegister(world.needs, 'crm')).rejects.toMatchObject({ code: 'ANSWER_GARBLED' });
    expect(await sweepRegister(world.needs, 'crm')).toMatchObject([{ complete: false, why: 'export-refused', vanished: 0 }]);
    expect(await duty()).toMatchObject({ state: 'waiting', evidence: 'acknowledged' });
  });

  it('waits where a law keeps what is there, and asks nobody meanwhile', async () => {
    await erasing();
    const until = `${new Date().getUTCFullYear() + 6}-12-31`;
    await answerAll({ outcome: 'retained', law: '1336/1997 2:10 §', until });
    for (let turn = 0; turn < 3; turn++) {
      await world.settle();
      await advanceAll(world.needs);
    }
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained', evidence: 'acknowledged' });
    expect(await openTasks()).toEqual([]);
  });

  it('takes a correction of HR in, and holds whoever is missing in a whole export for a verdict', async () => {
    await nextExport(everyone());
    subject =
      (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', 'henkilo1@cervi.test')))[0]?.id ?? '';
    expect(await subjectById(world.needs.db, subject)).toMatchObject({ role: 'employee', version: 1 });
    expect(await nextExport([row(1, { email: 'uusi@cervi.test' }), ...everyone().slice(1, 11)])).toMatchObject({
      complete: true,
      vanished: 1,
    });
    expect(await subjectById(world.needs.db, subject)).toMatchObject({ version: 2 });
  });
});

describe('a correction that is left as a file', () => {
  const recipient = { purposes: ['employment'], undoHours: 0, dueDays: 14, retention: [] };
  const doorsToo = { name: 'doors', connector: 'files', baseUrl: '', credentials: {}, owner: 'doors', settings: {}, recipient };
  inWorldOf({ ...config, systems: { ...config.systems, doors: doorsToo } });
  const doors = new MemoryExchange();
  const declared = {
    export: { names: 'out*.csv' },
    changes: {},
    key: 'Id',
    map: { name: 'Name', email: 'Mail' },
    mark: { column: 'What', erase: 'P' },
    erasure: 'rows',
  };
  const theirs = (...rows: string[]) => `Id;Name;Mail\r\n${rows.map((cells) => `${cells}\r\n`).join('')}`;
  const doorsDuty = async () => (await dutiesOf(world.needs.db, subject)).find(({ recipient }) => recipient === 'doors');
  const left = () => [...doors.files.keys()].filter((path) => path.startsWith('kaiku-'));
  /** The other side takes what lies there, and exports. */
  async function theyExport(...rows: string[]) {
    for (const path of left()) doors.files.delete(path);
    doors.put('out.csv', theirs(...rows), Date.now() + 60_000 * day++);
    world.needs.connectors['doors'] = openFiles(declared, doors).connector;
    await changes(world.needs.db, sql`UPDATE duty SET not_before = NULL, wake_at = now() WHERE state = 'waiting'`);
    await world.settle();
  }

  it('is accepted, and observed in the other side’s next export; an erasure as well', async () => {
    await theyExport('17;Aino Mäkelä;henkilo1@cervi.test', `18;Äijä Caönen;henkilo2@cervi.test`);
    const people = [row(1, { name: 'Aino Mäkelä' }), ...everyone().slice(1)];
    await nextExport(people);
    subject =
      (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', 'henkilo1@cervi.test')))[0]?.id ?? '';
    await linkRecipient(world.needs, 'doors', true, 'test');
    await world.settle();
    expect(await doorsDuty()).toMatchObject({ state: 'settled', outcome: 'unchanged' });

    await nextExport([row(1, { name: 'Aino Laakso' }), ...people.slice(1)]);
    expect(await doorsDuty()).toMatchObject({
      state: 'waiting',
      outcome: 'updated',
      evidence: 'accepted',
      reason: 'shown-later',
    });
    expect(left()).toHaveLength(1);
    expect(doors.files.get(left()[0] ?? '')?.bytes.toString()).toContain('U;17;Aino Laakso;henkilo1@cervi.test');
    await theyExport('17;Aino Laakso;henkilo1@cervi.test', `18;Äijä Caönen;henkilo2@cervi.test`);
    expect(await doorsDuty()).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
    expect(left()).toEqual([]);

    const { id } = await openErasureCase(world.needs, {
      subject,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
    });
    await world.settle();
    await approveCase(world.needs, id, 'hr');
    await world.settle();
    expect(await doorsDuty()).toMatchObject({ state: 'waiting', outcome: 'erased', evidence: 'accepted', reason: 'shown-later' });
    expect(doors.files.get(left()[0] ?? '')?.bytes.toString()).toBe('What;Id;Name;Mail\r\nP;17;;\r\n');
    await theyExport(`18;Äijä Caönen;henkilo2@cervi.test`);
    expect(await doorsDuty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });

  it('is asked of people where they make every change, observed when it shows, and asked again when it does not', async () => {
    const { mark: _, ...unmarked } = declared;
    const asking = { ...unmarked, corrections: 'people', erasure: 'people' };
    const others = ['18;Äijä Caönen;henkilo2@cervi.test'];
    const shows = async (...rows: string[]) => {
      doors.put('out.csv', theirs(...rows), Date.now() + 60_000 * day++);
      world.needs.connectors['doors'] = openFiles(asking, doors).connector;
      await changes(world.needs.db, sql`UPDATE duty SET not_before = NULL, wake_at = now() WHERE state = 'waiting'`);
      await world.settle();
    };
    doors.files.clear();
    await shows('17;Aino Mäkelä;henkilo1@cervi.test', ...others);
    const people = [row(1, { name: 'Aino Mäkelä' }), ...everyone().slice(1)];
    await nextExport(people);
    subject =
      (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', 'henkilo1@cervi.test')))[0]?.id ?? '';
    await linkRecipient(world.needs, 'doors', true, 'test');
    await world.settle();
    await nextExport([row(1, { name: 'Aino Laakso' }), ...people.slice(1)]);
    expect(await doorsDuty()).toMatchObject({ state: 'asked', reason: 'done-by-people', asked_whom: 'doors' });
    expect(await openTasks()).toMatchObject([{ ask: 'update', system: 'doors' }]);
    await answerAll({ outcome: 'updated' });
    await shows('17;Aino Mäkelä;henkilo1@cervi.test', ...others);
    expect(await doorsDuty()).toMatchObject({ state: 'waiting', outcome: 'updated', evidence: 'acknowledged' });
    await changes(world.needs.db, sql`UPDATE task SET answered_at = answered_at - interval '15 days'`);
    await shows('17;Aino Mäkelä;henkilo1@cervi.test', ...others);
    expect(await openTasks()).toMatchObject([{ ask: 'update', system: 'doors' }]);
    await answerAll({ outcome: 'updated' });
    await shows('17;Aino Laakso;henkilo1@cervi.test', ...others);
    expect(await doorsDuty()).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
    expect([...doors.files.keys()]).toEqual(['out.csv']);
  });
});
