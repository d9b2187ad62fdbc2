import { beforeEach, describe, expect, it } from 'vitest';
import type { Connector } from '../../src/connectors/connector.ts';
import { ga4 } from '../../src/connectors/ga4/connector.ts';
import { ga4Sandbox } from '../../src/connectors/ga4/sandbox.ts';
import { createWire, memoryGate } from '../../src/connectors/http.ts';
import { meta } from '../../src/connectors/meta/connector.ts';
import { sha256 } from '../../src/connectors/meta/mapping.ts';
import { metaSandbox } from '../../src/connectors/meta/sandbox.ts';
import { type SandboxBehaviour, serveSandbox } from '../../src/connectors/sandbox.ts';
import type { Config } from '../../src/core/configuration.ts';
import type { Person } from '../../src/core/person.ts';
import { fieldsOf } from '../../src/core/person.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { tryFirstContact } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { serviceAccount } from '../connectors/ga4/subject.ts';
import { testRuntime } from '../support/runtime.ts';
import { memoryConfig, openWorld, type World } from './world.ts';

/** Analytics and audiences through the whole engine: what they did, and what is said of it. */
const clientId = '1234567890.1700000000';
const aino: Person = {
  givenName: 'Aino',
  familyName: 'Virtanen',
  email: 'aino@sahko.test',
  phone: '040 123 4567',
  custom: { gaClientId: clientId },
};
const fields = ['givenName', 'familyName', 'email', 'phone', 'custom.gaClientId'] as const;
const config: Config = {
  ...memoryConfig,
  purposes: { ...memoryConfig.purposes, marketing: { ...memoryConfig.purposes['marketing'], fields: [...fields] } as never },
};

let world: World;
let subject = '';
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl, { config });
  subject = '';
  return async () => {
    await world.close();
    for (const close of closing.splice(0)) await close();
    await runtime.drop();
  };
});

/** The vendor in the place of the newsletter; met, and the register has Aino, who is granted everything. */
async function connected(vendor: SandboxBehaviour, connect: (origin: string) => Connector, person = aino): Promise<void> {
  const server = await serveSandbox(vendor);
  closing.push(() => server.close());
  world.needs.connectors['newsletter'] = connect(server.url);
  await tryFirstContact(world.needs, 'newsletter');
  await told(person, { granted: { newsletter: true }, refused: { newsletter: false } });
}

async function told(person: Person, permissions: object) {
  world.register.put('1', { person, ...permissions, changedAt: new Date() });
  await pollRegister(world.needs, 'crm');
  subject ||=
    (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', 'aino@sahko.test')))[0]?.id ?? '';
  await world.settle();
}

const wire = () => createWire({ gate: memoryGate({ connections: 4 }), deadlineMs: 2000 });
const atMeta = (origin: string) =>
  meta.connect(
    {
      system: 'newsletter',
      baseUrl: origin,
      credentials: { accessToken: 't' },
      settings: meta.settings.parse({ adAccounts: ['act_1'] }),
    },
    wire(),
  );
const atGa4 = (origin: string) =>
  ga4.connect(
    {
      system: 'newsletter',
      baseUrl: origin,
      credentials: { serviceAccount },
      settings: ga4.settings.parse({
        properties: ['123456789'],
        identifiers: { clientId: 'custom.gaClientId' },
        tokenUrl: `${origin}/token`,
      }),
    },
    wire(),
  );

const dutyOf = async () => (await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === 'newsletter');

async function erase(person: Person) {
  const opened = {
    subject,
    source: 'api',
    channel: null,
    receivedAt: new Date(),
    approve: 'person' as const,
    fields: fieldsOf(person),
  };
  const { id } = await openErasureCase(world.needs, opened);
  await world.settle();
  const before = await dutyOf();
  await approveCase(world.needs, id, 'test');
  await world.settle();
  return before;
}

describe('an erasure at Meta', () => {
  const lists = (flagged: boolean) => [
    { id: '1', subtype: 'CUSTOM' as const },
    { id: '2', subtype: 'CUSTOM' as const, ...(flagged ? { state: 'flagged' as const } : {}) },
  ];
  const audience = (flagged: boolean) => {
    const vendor = metaSandbox({ accounts: { act_1: lists(flagged) } });
    for (const id of ['1', '2']) vendor.upload(id, 'EMAIL', sha256('aino@sahko.test'));
    vendor.upload('1', 'PHONE', sha256('358401234567'));
    return vendor;
  };

  it('takes her out of every list by address and by telephone, at once when it is asked for', async () => {
    const vendor = audience(false);
    await connected(vendor, atMeta);
    expect(vendor.members()).toHaveLength(3);
    expect(await erase(aino)).toMatchObject({ outcome: 'restricted', evidence: 'accepted' });
    expect(vendor.members()).toEqual([]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'accepted' });
  });

  it('asks the people of the system where a list is flagged, and calls nothing erased', async () => {
    const vendor = audience(true);
    await connected(vendor, atMeta);
    await erase(aino);
    expect(vendor.members().map(({ audience: id }) => id)).toEqual(['2']);
    expect(await dutyOf()).toMatchObject({ state: 'asked', evidence: 'asked', reason: 'audience-flagged' });
  });

  it('takes the old address out when the register has a new one', async () => {
    const vendor = audience(false);
    await connected(vendor, atMeta);
    await told({ ...aino, email: 'uusi@sahko.test' }, {});
    expect(vendor.members().map(({ key }) => key)).toEqual(['PHONE']);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'accepted' });
  });
});

describe('an erasure at Google Analytics', () => {
  it('is accepted, and never more', async () => {
    const vendor = ga4Sandbox();
    for (const id of [clientId, '2.3']) vendor.visit('123456789', 'clientId', id);
    await connected(vendor, atGa4);
    expect(await erase(aino)).toMatchObject({ outcome: 'refused', reason: 'cannot-restrict' });
    expect(vendor.users().map(({ id }) => id)).toEqual(['2.3']);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'accepted' });
  });

  it('says of whom the register has no client id that nothing there can be told to be theirs', async () => {
    const vendor = ga4Sandbox();
    vendor.visit('123456789', 'clientId', clientId);
    const { custom: _, ...nameless } = aino;
    await connected(vendor, atGa4, nameless);
    await erase(nameless);
    expect(vendor.users()).toHaveLength(1);
    expect(await dutyOf()).toMatchObject({
      state: 'settled',
      outcome: 'not-identifiable',
      evidence: 'none',
      reason: 'no-identifier',
    });
  });
});
