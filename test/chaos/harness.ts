import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import { mailchimpSandbox } from '../../src/connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import { audience } from '../../src/demo/firm.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { createLog, openHub, readEnvironment } from '../../src/open.ts';
import { type DutyRow, dutiesOf } from '../../src/store/duties.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { until } from '../support/until.ts';

/** The vendor's deadline in these runs, in seconds. */
export const deadlineSeconds = 5;

const config = (crm: string, newsletter: string) => `
controller: { name: Chaos Oy }
purposes:
  marketing: { basis: legitimate-interest, permission: newsletter, fields: [givenName, familyName, email] }
systems:
  crm:
    connector: insightly
    baseUrl: ${crm}/v3.1
    credentials: { apiKey: { env: CRM_KEY } }
    settings: { deadlineSeconds: ${deadlineSeconds} }
    register:
      for: customer
      pollSeconds: 1
      erasureSignal: { field: Erase__c, equals: true, approve: auto }
      permissions:
        newsletter: { granted: { field: Newsletter__c, equals: true }, refused: { field: EMAIL_OPTED_OUT, equals: true } }
  newsletter:
    connector: mailchimp
    baseUrl: ${newsletter}/3.0
    credentials: { apiKey: { env: NEWSLETTER_KEY } }
    settings: { audiences: [${audience}], deadlineSeconds: ${deadlineSeconds} }
    recipient: { purposes: [marketing] }
`;

/** What the worker processes read and compile is kept for the next one: most of their start is that. */
export const compileOnce = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.tools/compiled') };

/** One hub of worker processes against two sandboxes; the test kills the processes. */
export async function openChaos(runtime: { databaseUrl: string; redisUrl?: string }, options: { latencyMs?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-chaos-'));
  const crm = insightlySandbox({ apiKey: 'crm', perSecond: 50, connections: 20 });
  const newsletter = mailchimpSandbox({ apiKey: 'news-us1', audiences: [audience] });
  const hero = crm.add('contact', {
    FIRST_NAME: 'Aino',
    LAST_NAME: 'Virtanen',
    EMAIL_ADDRESS: 'aino@sahko.test',
    Newsletter__c: true,
  });
  crm.add('contact', { FIRST_NAME: 'Onni', LAST_NAME: 'Salmi', EMAIL_ADDRESS: 'onni@sahko.test', Newsletter__c: true });
  newsletter.seedMember(audience, { email: 'aino@sahko.test', FNAME: 'Aino', LNAME: 'Virtanen' });
  newsletter.seedMember(audience, { email: 'onni@sahko.test', FNAME: 'Onni', LNAME: 'Salmi' });
  const [crmServer, newsletterServer] = await Promise.all([
    serveSandbox(crm),
    serveSandbox(newsletter, { latencyMs: options.latencyMs ?? 400 }),
  ]);
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(configPath, config(crmServer.url, newsletterServer.url));
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    KAIKU_CONFIG: configPath,
    KAIKU_DATA: folder,
    ...compileOnce,
    DATABASE_URL: runtime.databaseUrl,
    ...(runtime.redisUrl ? { REDIS_URL: runtime.redisUrl } : {}),
    CRM_KEY: 'crm',
    NEWSLETTER_KEY: 'news-us1',
  };
  if (!runtime.redisUrl) delete env['REDIS_URL'];
  const hub = await openHub(readEnvironment(env), createLog('silent'));
  await pollRegister(hub.needs, 'crm');
  await linkRecipient(hub.needs, 'newsletter', true, 'test');
  const workers: ChildProcess[] = [];
  const idOf = async (email: string) =>
    (await subjectsByIdentifier(hub.needs.db, 'email', hub.needs.vault.hash('email', email)))[0]?.id ?? '';
  const subject = await idOf('aino@sahko.test');

  const startWorker = (more: Record<string, string> = {}): Promise<ChildProcess> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'worker.ts')], {
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      workers.push(child);
      child.once('error', reject);
      child.stdout?.once('data', () => resolve(child));
    });

  return {
    crm,
    newsletter,
    newsletterServer,
    hub,
    hero,
    subject,
    mark: join(folder, 'struck'),
    startWorker,
    duty: async (system = 'newsletter', of = subject): Promise<DutyRow | undefined> =>
      (await dutiesOf(hub.needs.db, of)).find((d) => d.recipient === system),
    idOf,
    async close() {
      for (const worker of workers) {
        worker.kill('SIGCONT');
        worker.kill('SIGKILL');
      }
      await hub.close();
      await Promise.all([crmServer.close(), newsletterServer.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type Chaos = Awaited<ReturnType<typeof openChaos>>;

/** Looks until there is something to see; fails with `what` after `seconds`. */
export const eventually = <T>(what: string, seconds: number, look: () => Promise<T | undefined | false>): Promise<T> =>
  until(what, look, seconds);

export const struck = (chaos: Chaos, seconds = 90) => eventually('the kill', seconds, async () => existsSync(chaos.mark));
