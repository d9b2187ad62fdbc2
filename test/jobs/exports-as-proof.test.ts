import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/core/configuration.ts';
import type { Fields } from '../../src/core/person.ts';
import { everybody } from '../../src/core/scope.ts';
import { answerTask } from '../../src/jobs/ask-person.ts';
import { startDrift } from '../../src/jobs/drift.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { judgeRearrival } from '../../src/jobs/rearrivals.ts';
import { driveRun } from '../../src/jobs/resync.ts';
import { advanceAll } from '../../src/jobs/schedule.ts';
import { changes } from '../../src/store/database.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { allHeld } from '../../src/store/held.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { tasks } from '../../src/store/tasks.ts';
import { open as openFiles } from '../connectors/files/setup.ts';
import { MemoryExchange } from '../connectors/memory-exchange.ts';
import { file, inMemory, row } from '../connectors/mepco/setup.ts';
import { testRuntime } from '../support/runtime.ts';
import { memoryConfig, openWorld, type World } from './world.ts';

/** A system without an interface: people do the work, and its next export is the proof. The register is a file too. */
const recipient = { purposes: ['sweeping'], undoHours: 0, dueDays: 14, retention: [] };
const sweeping = {
  name: 'sweeping',
  connector: 'files',
  baseUrl: '',
  credentials: {},
  owner: 'sweeper',
  settings: {},
  recipient,
};
const config: Config = {
  ...memoryConfig,
  purposes: {
    sweeping: { name: 'sweeping', basis: 'contract', fields: ['givenName', 'familyName', 'email', 'phone'], for: ['employee'] },
  },
  systems: {
    crm: {
      ...{ name: 'crm', connector: 'mepco', baseUrl: '', credentials: {}, owner: 'office', settings: {} },
      register: { for: 'employee', pollSeconds: 60, sweepHours: 24, eraseAfterDays: 14, permissions: {} },
      recipient: { ...recipient, purposes: ['sweeping'] },
    },
    sweeping,
  },
};
const declared = {
  export: { names: 'asiakkaat*.csv' },
  key: 'Nro',
  map: { name: 'Nimi', 'address.street': 'Osoite', phone: 'Puhelin', email: 'Posti' },
  corrections: 'people',
  erased: { row: 'blank', stays: ['address'], look: 'values' },
};

let world: World;
let subject = '';
const exchange = new MemoryExchange();
let clock = Date.UTC(2026, 4, 1);
const aino = '1;Aino Mäkelä;Kuja 1;040 100 1001;henkilo1@cervi.test;4.5.2027';
const other = '3;Äijä Caönen;Kuja 9;050 3;henkilo2@cervi.test;';

beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl, { config });
  exchange.files.clear();
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const who: Fields = {
  ...{ givenName: 'Aino', familyName: 'Mäkelä', email: 'henkilo1@cervi.test', phone: '+358401001001' },
  address: { street: 'Kuja 1' },
};

/** Somebody downloads the export and drops it; a look that waits for it is due. */
async function dropped(...rows: string[]) {
  reopen();
  exchange.put(`asiakkaat-${clock}.csv`, Buffer.from(['Nro;Nimi;Osoite;Puhelin;Posti;Käynti', ...rows, ''].join('\r\n')), clock);
  clock += 60_000;
  await changes(world.needs.db, sql`UPDATE duty SET not_before = NULL, wake_at = now() WHERE state = 'waiting'`);
  await world.settle();
}
const reopen = (settings: object = {}) => {
  world.needs.connectors['sweeping'] = openFiles({ ...declared, ...settings }, exchange).connector;
};

async function known(...rows: string[]) {
  const register = inMemory({}, { for: 'employee', permissions: {} });
  register.exchange.put('henkilot-1.csv', file(row(1, { name: 'Aino Mäkelä' }), row(2)), Date.UTC(2026, 4, 1));
  world.needs.connectors['crm'] = register.connector;
  await dropped(...rows);
  await pollRegister(world.needs, 'crm');
  await world.settle();
  subject =
    (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', 'henkilo1@cervi.test')))[0]?.id ?? '';
  await linkRecipient(world.needs, 'sweeping', true, 'test');
  await world.settle();
}

async function erasing(fields: Fields = who) {
  const { id } = await openErasureCase(world.needs, {
    ...{ subject, source: 'cli', channel: null, receivedAt: new Date(), approve: 'person' },
    fields,
  });
  await world.settle();
  await approveCase(world.needs, id, 'dpo');
  await world.settle();
  await advanceAll(world.needs);
  await world.settle();
}
const duty = async () => (await dutiesOf(world.needs.db, subject)).find(({ recipient }) => recipient === 'sweeping');
const open = async () =>
  (await tasks(world.needs.db, everybody)).filter((t) => t.answered_at === null && t.system === 'sweeping');
async function answered(outcome: 'erased' | 'restricted' = 'erased') {
  for (const { id } of await open()) expect(await answerTask(world.needs, id, { outcome, by: 'sweeper' })).toBe(true);
  await world.settle();
}

describe('an erasure that the next export proves', () => {
  it('is observed when the property stays without the person, and not before: a booking to come is still them', async () => {
    await known(aino, other);
    await erasing();
    expect(await open()).toMatchObject([{ ask: 'erase' }]);
    await answered();
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'erased', evidence: 'acknowledged', reason: 'shown-later' });
    // the name went, the booking to come would still call them
    await dropped('1;;Kuja 1;040 100 1001;;4.5.2027', other);
    expect(await duty()).toMatchObject({ state: 'waiting', evidence: 'acknowledged' });
    await dropped('1;;Kuja 1;;;4.5.2027', other);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });

  it('is not done while the person stands in a row of another number', async () => {
    await known(aino, other);
    await erasing();
    await answered();
    await dropped('8;Aino Mäkelä;Kuja 1;;;', other);
    expect(await duty()).toMatchObject({ state: 'waiting', evidence: 'acknowledged', reason: 'shown-later' });
    await dropped(other);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });

  it('ends at what people state where a household shares the telephone', async () => {
    const pekka = '2;Pekka Mäkelä;Kuja 1;+358 40 100 1001;;';
    await known(aino, pekka, other);
    await erasing();
    // the row goes before anybody answered: the same telephone in another's row is for people to judge
    await dropped(pekka, other);
    await changes(world.needs.db, sql`UPDATE duty SET state = 'waiting', wake_at = now() WHERE id = ${(await duty())?.id}`);
    await world.settle();
    expect(await duty()).toMatchObject({ state: 'asked', reason: 'shared-value' });
    await answered();
    expect(await duty()).toMatchObject({
      ...{ state: 'settled', outcome: 'erased', evidence: 'acknowledged', reason: 'shared-value' },
    });
    expect(await open()).toEqual([]);
  });

  it('ends at what people state where nobody has the values any more to look for', async () => {
    await known(aino, other);
    await erasing({});
    await answered();
    await dropped(other);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'acknowledged' });
  });

  it('asks people about a restriction, and not about the one that comes before an erasure', async () => {
    await known(aino, other);
    await changes(world.needs.db, sql`UPDATE subject SET restricted = true WHERE id = ${subject}`);
    await changes(world.needs.db, sql`UPDATE duty SET state = 'open', wake_at = now() WHERE id = ${(await duty())?.id}`);
    await world.settle();
    expect(await open()).toMatchObject([{ ask: 'restrict' }]);
    await answered('restricted');
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'restricted', evidence: 'acknowledged' });
  });

  it('comes to not identifiable where the system also follows people who never said their name', async () => {
    await known(other);
    const of = { ...declared, erased: {}, unfound: 'not-identifiable' };
    world.needs.connectors['sweeping'] = openFiles(of, exchange).connector;
    await erasing();
    expect(await duty()).toMatchObject({
      state: 'settled',
      outcome: 'not-identifiable',
      evidence: 'none',
      reason: 'no-identifier',
    });
  });

  it('needs both rows of one person gone', async () => {
    const second = '12;Aino Mäkelä;;;henkilo1@cervi.test;';
    await known(aino, second, other);
    await erasing();
    expect(await open()).toHaveLength(1);
    await answered();
    await dropped(second, other);
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'erased', evidence: 'acknowledged' });
    await dropped(other);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
  });
});

describe('somebody who was erased and stands in a later export', () => {
  it('is held for a verdict, and erased again by people where it is a stale copy', async () => {
    await known(aino, other);
    await erasing();
    await answered();
    await dropped(other);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    await dropped('21;Aino Mäkelä;Kuja 1;040 100 1001;henkilo1@cervi.test;', other);
    const { id } = await startDrift(world.needs, 'sweeping', 'test');
    for (let i = 0; i < 50; i++) if (!(await driveRun(world.needs, id))) break;
    expect(await allHeld(world.needs.db, everybody)).toMatchObject([
      { kind: 'rearrival', system: 'sweeping', reason: 'tombstone' },
    ]);
    const [held] = await allHeld(world.needs.db, everybody);
    if (!held) throw new Error('nobody is held');
    // the same export shows them again: one question
    const again = await startDrift(world.needs, 'sweeping', 'test');
    for (let i = 0; i < 50; i++) if (!(await driveRun(world.needs, again.id))) break;
    expect(await allHeld(world.needs.db, everybody)).toHaveLength(1);
    expect(await judgeRearrival(world.needs, held, 'stale-copy', 'dpo')).toEqual({});
    await world.settle();
    expect(await open()).toMatchObject([{ ask: 'erase', system: 'sweeping' }]);
    await answered();
    await dropped(other);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    expect(await allHeld(world.needs.db, everybody)).toEqual([]);
  });
});
