import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import { netvisorSandbox } from '../../src/connectors/netvisor/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { createLog, openHub, readEnvironment } from '../../src/open.ts';
import { testRuntime } from '../support/runtime.ts';
import { compileOnce, eventually } from './harness.ts';

/** Requests to accounting in a run of CI; `KAIKU_CALLS=10000` for the long one. */
const calls = Number(process.env['KAIKU_CALLS'] ?? 400);
/** The vendor's deadline here, in seconds: as long as the slot of a killed worker stays taken. */
const deadlineSeconds = 5;
const people = 40;

const config = (crm: string, accounting: string) => `
controller: { name: Chaos Oy }
purposes:
  invoicing: { basis: contract, fields: [givenName, familyName, email, customerNumber] }
systems:
  crm:
    connector: insightly
    baseUrl: ${crm}/v3.1
    credentials: { apiKey: { env: CRM_KEY } }
    register: { for: customer, pollSeconds: 1, permissions: {} }
  accounting:
    connector: netvisor
    baseUrl: ${accounting}
    credentials: { customerId: { env: NV_ID }, customerKey: { env: NV_KEY }, partnerId: { env: NV_PARTNER }, partnerKey: { env: NV_PARTNER_KEY } }
    settings: { organisationId: 2607385-7, deadlineSeconds: ${deadlineSeconds} }
    recipient: { purposes: [invoicing] }
`;

it(`asks one thing at a time and signs each anew, from two processes that are killed, in ${calls} requests`, {
  timeout: 3_600_000,
}, async () => {
  const runtime = await testRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-strict-'));
  const crm = insightlySandbox({ apiKey: 'crm', perSecond: 500, connections: 50 });
  const accounting = netvisorSandbox({ strict: true, delayMs: 5 });
  const ids: string[] = [];
  for (let n = 0; n < people; n++) {
    const [given, family, email, number] = [`Etunimi${n}`, `Sukunimi${n}`, `p${n}@sahko.test`, `C-${n}`];
    ids.push(crm.add('contact', { FIRST_NAME: given, LAST_NAME: family, EMAIL_ADDRESS: email, Customer_No__c: number }));
    accounting.seedCustomer({ name: `${given} ${family}`, code: number, email, isPrivate: true });
  }
  const [crmServer, accountingServer] = await Promise.all([serveSandbox(crm), serveSandbox(accounting)]);
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(configPath, config(crmServer.url, accountingServer.url));
  const { credentials } = accounting;
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    KAIKU_CONFIG: configPath,
    KAIKU_DATA: folder,
    ...compileOnce,
    DATABASE_URL: runtime.databaseUrl,
    CRM_KEY: 'crm',
    NV_ID: credentials.customerId,
    NV_KEY: credentials.customerKey,
    NV_PARTNER: credentials.partnerId,
    NV_PARTNER_KEY: credentials.partnerKey,
  };
  if (runtime.redisUrl) env['REDIS_URL'] = runtime.redisUrl;
  else delete env['REDIS_URL'];
  const hub = await openHub(readEnvironment(env), createLog('silent'));
  const workers: (ChildProcess | undefined)[] = [];
  const start = (at: number) =>
    new Promise<void>((resolve, reject) => {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'worker.ts')], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      workers[at] = child;
      child.once('error', reject);
      child.stdout?.once('data', () => resolve());
    });
  let kills = 0;
  try {
    await pollRegister(hub.needs, 'crm');
    expect(await linkRecipient(hub.needs, 'accounting', true, 'test')).toMatchObject({ linked: people });
    await Promise.all([start(0), start(1)]);
    const named = (round: number) => accounting.customers().every(({ card }) => String(card['name']).endsWith(`-${round}`));
    for (let round = 1; accounting.requests() < calls; round++) {
      for (const [n, id] of ids.entries()) crm.update('contact', id, { LAST_NAME: `Sukunimi${n}-${round}` });
      // in the middle of the work, one of the two dies and another takes its place
      await eventually('the work to begin', 60, async () =>
        accounting.customers().some(({ card }) => String(card['name']).endsWith(`-${round}`)),
      );
      const victim = round % 2;
      workers[victim]?.kill('SIGKILL');
      kills++;
      await start(victim);
      await eventually(`round ${round} to reach every card`, 240, async () => named(round));
    }
    process.stdout.write(
      `strict: ${accounting.requests()} requests, ${kills} kills, ${accounting.reusedTransactionIds()} transaction ids reused, ${accounting.overlaps()} overlaps\n`,
    );
    expect([accounting.reusedTransactionIds(), accounting.overlaps()]).toEqual([0, 0]);
    expect(accounting.customers()).toHaveLength(people);
    expect(accounting.forbidden()).toEqual([]);
  } finally {
    for (const worker of workers) worker?.kill('SIGKILL');
    await hub.close();
    await Promise.all([crmServer.close(), accountingServer.close()]);
    await rm(folder, { recursive: true, force: true });
    await runtime.drop();
  }
});
