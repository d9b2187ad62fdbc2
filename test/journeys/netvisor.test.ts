import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, expect, it } from 'vitest';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import { netvisorSandbox } from '../../src/connectors/netvisor/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import type { DutyView } from '../../src/core/duty.ts';
import { readEnvironment } from '../../src/open.ts';
import { startHub } from '../../src/start.ts';
import { testRuntime } from '../support/runtime.ts';
import { until } from './hub.ts';

const config = (crm: string, books: string) => `
controller: { name: Journey Oy, financialYearEnd: 12-31 }
purposes:
  invoicing: { basis: contract, fields: [givenName, familyName, email, phone, customerNumber, organisation], for: [customer] }
systems:
  crm:
    connector: insightly
    baseUrl: ${crm}/v3.1
    credentials: { apiKey: { env: CRM_KEY } }
    owner: sales-lead
    settings: { map: { customerNumber: Customer_No__c }, requestsPerSecond: 10, connections: 5 }
    register: { for: customer, pollSeconds: 1, erasureSignal: { field: Erase__c, equals: true, approve: person }, permissions: {} }
  accounting:
    connector: netvisor
    baseUrl: ${books}
    credentials: { customerId: { env: NV_ID }, customerKey: { env: NV_KEY }, partnerId: { env: NV_PARTNER }, partnerKey: { env: NV_PARTNER_KEY } }
    owner: finance-lead
    settings: { organisationId: 2607385-7, deadlineSeconds: 5 }
    recipient: { purposes: [invoicing] }
`;

/** The register and the books over real sockets. */
async function openBooks() {
  const runtime = await testRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-books-'));
  const crm = insightlySandbox({ apiKey: 'crm', perSecond: 50, connections: 20 });
  const books = netvisorSandbox();
  const [crmServer, booksServer] = await Promise.all([serveSandbox(crm), serveSandbox(books)]);
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(configPath, config(crmServer.url, booksServer.url));
  const logged: string[] = [];
  const { customerId, customerKey, partnerId, partnerKey } = books.credentials;
  const env = readEnvironment({
    KAIKU_CONFIG: configPath,
    KAIKU_DATA: folder,
    KAIKU_PORT: '0',
    DATABASE_URL: runtime.databaseUrl,
    REDIS_URL: runtime.redisUrl,
    CRM_KEY: 'crm',
    NV_ID: customerId,
    NV_KEY: customerKey,
    NV_PARTNER: partnerId,
    NV_PARTNER_KEY: partnerKey,
  });
  const log = pino({ level: 'debug', base: null }, { write: (line: string) => void logged.push(line) });
  const running = await startHub({ ...env, port: 0 }, log, 'all');
  const ask = async <T>(path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${running.url}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${running.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return JSON.parse((await answer.text()) || 'null') as T;
  };
  return {
    crm,
    books,
    booksServer,
    logged,
    ask,
    async customer(email: string, number: string, fields: Record<string, unknown> = {}) {
      const id = crm.add('contact', {
        FIRST_NAME: 'Aino',
        LAST_NAME: 'Mäkelä',
        EMAIL_ADDRESS: email,
        Customer_No__c: number,
        ...fields,
      });
      const subject = await until('the subject', async () => (await ask<{ id: string }[]>(`/subjects?email=${email}`))[0]?.id);
      return { id, subject };
    },
    duty: (subject: string, state: string, outcome: string) =>
      until(`accounting to be ${state}, ${outcome}`, async () => {
        const { duties } = await ask<{ duties: DutyView[] }>(`/subjects/${subject}`);
        const duty = duties.find(({ system }) => system === 'accounting');
        return duty?.state === state && duty.outcome === outcome ? duty : undefined;
      }),
    async erase(subject: string) {
      const { id } = await ask<{ id: string }>('/cases', { type: 'erasure', subject });
      await ask(`/cases/${id}/approve`, {});
    },
    cardOf: (number: string) => books.customers().find(({ card }) => card['internalidentifier'] === number),
    async close() {
      await running.stop();
      await Promise.all([crmServer.close(), booksServer.close()]);
      await rm(folder, { recursive: true, force: true });
      await runtime.drop();
    },
  };
}

let hub: Awaited<ReturnType<typeof openBooks>>;
beforeEach(async () => {
  hub = await openBooks();
  return () => hub.close();
});

it('carries a person through the books: made, corrected, stripped while the law keeps the invoice; another one erased', async () => {
  const aino = await hub.customer('aino@sahko.test', 'C-1');
  const onni = await hub.customer('onni@sahko.test', 'C-2', { FIRST_NAME: 'Onni' });
  const veera = await hub.customer('veera@sahko.test', 'C-3', { FIRST_NAME: 'Veera' });
  for (const { subject } of [aino, onni, veera]) await hub.duty(subject, 'settled', 'created');
  expect(hub.cardOf('C-1')?.card).toMatchObject({ name: 'Aino Mäkelä', email: 'aino@sahko.test', isprivatecustomer: '1' });

  hub.crm.update('contact', aino.id, { LAST_NAME: 'Öhman' });
  await hub.duty(aino.subject, 'settled', 'updated');
  expect(hub.cardOf('C-1')?.card).toMatchObject({ name: 'Aino Öhman', email: 'aino@sahko.test' });

  const key = hub.cardOf('C-1')?.key ?? 0;
  hub.books.seedInvoice({ customer: key, date: '2025-03-01', status: 'paid' });
  await hub.erase(aino.subject);
  const kept = await hub.duty(aino.subject, 'waiting', 'retained');
  expect(kept.retained).toMatchObject({ until: '2031-12-31', fields: ['customerNumber', 'familyName', 'givenName'] });
  expect(hub.books.customer(key)?.card).toMatchObject({ name: 'Aino Öhman', email: '', isactive: '0' });

  hub.booksServer.fault({ kind: 'commit-then-drop', path: 'deletecustomer.nv' });
  await hub.erase(onni.subject);
  expect(await hub.duty(onni.subject, 'settled', 'erased')).toMatchObject({ evidence: 'observed' });
  expect(hub.cardOf('C-2')).toBeUndefined();
  expect(hub.booksServer.log.filter(({ path }) => path.includes('deletecustomer'))).toHaveLength(1);

  expect(hub.cardOf('C-3')?.card).toMatchObject({ name: 'Veera Mäkelä', isactive: '1' });
  expect([hub.books.overlaps(), hub.books.reusedTransactionIds(), hub.books.forbidden()]).toEqual([0, 0, []]);
  expect(hub.logged.join('\n')).not.toMatch(/aino|öhman|onni@|0123456789ABCDEF/i);
});
