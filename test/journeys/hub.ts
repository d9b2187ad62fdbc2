import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import { mailchimpSandbox } from '../../src/connectors/mailchimp/sandbox.ts';
import { type NetvisorSandboxOptions, netvisorSandbox } from '../../src/connectors/netvisor/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import type { DutyView } from '../../src/core/duty.ts';
import { readEnvironment } from '../../src/open.ts';
import { startHub } from '../../src/start.ts';
import { testRuntime } from '../support/runtime.ts';
import { until } from '../support/until.ts';

export const audience = 'ab12cd34ef';
export const hookSecret = 'a-long-path-secret';

/** Accounting, where a journey has it. */
const accountingOf = (url: string) => `
  accounting:
    connector: netvisor
    baseUrl: ${url}
    credentials: { customerId: { env: NV_ID }, customerKey: { env: NV_KEY }, partnerId: { env: NV_PARTNER }, partnerKey: { env: NV_PARTNER_KEY } }
    owner: accountant
    settings: { organisationId: 2607385-7, address: address, deadlineSeconds: 10 }
    recipient: { purposes: [invoicing], retention: [fi/vouchers] }
`;

const config = (crm: string, newsletter: string, purposes = '') => `
controller: { name: Journey Oy }
purposes:
  marketing: { basis: legitimate-interest, permission: newsletter, fields: [givenName, familyName, email] }
  invoicing: { basis: contract, fields: [givenName, familyName, email, phone, mobile, address, customerNumber, organisation, jobTitle, birthDate], for: [customer] }${purposes}
systems:
  crm:
    connector: insightly
    baseUrl: ${crm}/v3.1
    credentials: { apiKey: { env: CRM_KEY } }
    owner: sales-lead
    settings: { map: { customerNumber: Customer_No__c }, requestsPerSecond: 10, connections: 5 }
    register:
      for: customer
      pollSeconds: 1
      erasureSignal: { field: Erase__c, equals: true, approve: person }
      permissions:
        newsletter: { granted: { field: Newsletter__c, equals: true }, refused: { field: EMAIL_OPTED_OUT, equals: true } }
  newsletter:
    connector: mailchimp
    baseUrl: ${newsletter}/3.0
    credentials: { apiKey: { env: NEWSLETTER_KEY } }
    settings: { audiences: [${audience}], deadlineSeconds: 2 }
    recipient: { purposes: [marketing] }
    webhook: { secret: { env: HOOK } }
  partner:
    connector: human
    owner: finance-lead
    settings: { answerer: privacy@partner.test }
    recipient: { purposes: [invoicing] }
`;

/** A whole hub with both sandboxes over real sockets, and two customers who take the newsletter. */
export async function openJourney(
  between: (vendor: 'insightly' | 'mailchimp' | 'netvisor', url: string) => Promise<string> = async (_vendor, url) => url,
  options: {
    accounting?: NetvisorSandboxOptions;
    /** Further systems, as YAML or by the address of accounting, the secrets that they name, and purposes of theirs. */
    more?: { systems: string | ((accounting: string) => string); env: Record<string, string>; purposes?: string };
  } = {},
) {
  const runtime = await testRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-journey-'));
  const crm = insightlySandbox({ apiKey: 'crm', perSecond: 50, connections: 20 });
  const newsletter = mailchimpSandbox({ apiKey: 'news-us1', audiences: [audience] });
  const accounting = netvisorSandbox({ strict: true, ...options.accounting });
  const [crmServer, newsletterServer, accountingServer] = await Promise.all([
    serveSandbox(crm),
    serveSandbox(newsletter),
    serveSandbox(accounting),
  ]);
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(
    configPath,
    config(await between('insightly', crmServer.url), await between('mailchimp', newsletterServer.url), options.more?.purposes) +
      (options.accounting ? accountingOf(await between('netvisor', accountingServer.url)) : '') +
      (typeof options.more?.systems === 'function' ? options.more.systems(accountingServer.url) : (options.more?.systems ?? '')),
  );
  const logged: string[] = [];
  const log = pino({ level: 'debug', base: null }, { write: (line: string) => void logged.push(line) });
  const env = readEnvironment({
    KAIKU_CONFIG: configPath,
    KAIKU_DATA: folder,
    KAIKU_PORT: '0',
    DATABASE_URL: runtime.databaseUrl,
    REDIS_URL: runtime.redisUrl,
    CRM_KEY: 'crm',
    NEWSLETTER_KEY: 'news-us1',
    HOOK: hookSecret,
    ...options.more?.env,
    KAIKU_TEST_CLOCK: '1',
    NV_ID: accounting.credentials.customerId,
    NV_KEY: accounting.credentials.customerKey,
    NV_PARTNER: accounting.credentials.partnerId,
    NV_PARTNER_KEY: accounting.credentials.partnerKey,
  });
  // port 0 means "any" to the server; the environment's default is another
  let running = await startHub({ ...env, port: 0 }, log, 'all');
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    const answer = await fetch(`${running.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${running.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as never };
  };
  const get = async <T>(path: string): Promise<T> => (await ask('GET', path)).json;
  const duties = async (subject: string): Promise<Record<string, DutyView>> =>
    Object.fromEntries((await get<{ duties: DutyView[] }>(`/subjects/${subject}`)).duties.map((d) => [d.system, d]));
  return {
    runtime,
    crm,
    crmServer,
    newsletter,
    newsletterServer,
    accounting,
    accountingServer,
    get needs() {
      return running.hub.needs;
    },
    env,
    log,
    databaseUrl: runtime.databaseUrl,
    logged,
    get url() {
      return running.url ?? '';
    },
    stop: () => running.stop(),
    /** After a stop. */
    async start() {
      running = await startHub({ ...env, port: 0 }, log, 'all');
    },
    get,
    post: (path: string, body: unknown = {}) => ask('POST', path, body),
    duties,
    subjectOf: async (email: string) => (await get<{ id: string }[]>(`/subjects?email=${encodeURIComponent(email)}`))[0]?.id,
    customer(fields: Record<string, unknown> = {}): string {
      return crm.add('contact', {
        FIRST_NAME: 'Aino',
        LAST_NAME: 'Virtanen',
        EMAIL_ADDRESS: 'aino@sahko.test',
        Newsletter__c: true,
        Customer_No__c: 'C-1',
        ...fields,
      });
    },
    async close() {
      await running.stop();
      await Promise.all([crmServer.close(), newsletterServer.close(), accountingServer.close()]);
      await rm(folder, { recursive: true, force: true });
      await runtime.drop();
    },
  };
}
export type Journey = Awaited<ReturnType<typeof openJourney>>;

export { until };

/** Waits for a duty to settle so; where it does not, says how it stands instead. */
export async function settled(journey: Journey, subject: string, system: string, outcome: string) {
  let duty: DutyView | undefined;
  const look = async () => {
    duty = (await journey.duties(subject))[system];
    return duty?.state === 'settled' && duty.outcome === outcome ? duty : undefined;
  };
  return until(`${system} to be ${outcome}`, look).catch((fault) => {
    throw new Error(`${(fault as Error).message}: ${JSON.stringify(duty)}`);
  });
}
