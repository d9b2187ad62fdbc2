import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { insightlySandbox } from '../connectors/insightly/sandbox.ts';
import type { Customer } from '../connectors/insightly/sandbox-handles.ts';
import { mailchimpSandbox } from '../connectors/mailchimp/sandbox.ts';
import { netvisorSandbox } from '../connectors/netvisor/sandbox.ts';
import { serveSandbox } from '../connectors/sandbox.ts';
import type { DutyView } from '../core/duty.ts';
import { createLog, type Environment } from '../open.ts';
import { startHub } from '../start.ts';
import { openAccounts } from './accounts.ts';
import { isInvoiced, keepBooks } from './books.ts';
import { audience, firmConfig, organisationId } from './firm.ts';
import { type Api, apiOf, duties, follow, told, until } from './hub-api.ts';
import { keepRunning } from './keep-running.ts';

export interface DemoOptions {
  once: boolean;
  json: boolean;
  out: (line: string) => void;
  customers?: number;
}

export interface DemoResult {
  rectification: Record<string, DutyView>;
  /** Of a customer with invoices: accounting keeps what the law keeps. */
  erasure: Record<string, DutyView>;
  /** Of a customer without: accounting forgets them. */
  erasureWithoutInvoices: Record<string, DutyView>;
  audit: { size: number; root: string; verified: boolean };
}

/**
 * The main job, seen working: sandboxes of the vendors on real sockets, a hub on the embedded database, one correction and one
 * erasure made in the register and followed everywhere. Answers the exit code: 0 only if every duty ended as the policy says.
 */
export async function demo(env: Environment, options: DemoOptions): Promise<number> {
  const say = (line: string) => (options.json ? undefined : options.out(line));
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const dataDir = join(env.dataDir, 'demo');
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });

  const crm = insightlySandbox({ apiKey: 'demo-crm-key' });
  const people = crm.seed(options.customers ?? 150);
  const newsletter = mailchimpSandbox({ apiKey: 'demo-us1', audiences: [audience] });
  for (const person of people)
    if (person.newsletter)
      newsletter.seedMember(audience, { email: person.email, FNAME: person.givenName, LNAME: person.familyName });
  const accounting = netvisorSandbox({ organisationId });
  keepBooks(accounting, people);
  const servers = await Promise.all([serveSandbox(crm), serveSandbox(newsletter), serveSandbox(accounting)]);
  const [crmServer, newsletterServer, accountingServer] = servers;
  const configPath = join(dataDir, 'kaiku.yaml');
  await writeFile(
    configPath,
    firmConfig({ crm: crmServer.url, newsletter: newsletterServer.url, accounting: accountingServer.url }),
  );
  const demoEnv: Environment = {
    ...env,
    configPath,
    dataDir,
    keyFile: join(dataDir, 'keys.json'),
    journal: join(dataDir, 'journal'),
    port: options.once ? 0 : env.port,
    variables: {
      ...env.variables,
      DEMO_INSIGHTLY_KEY: 'demo-crm-key',
      DEMO_MAILCHIMP_KEY: 'demo-us1',
      DEMO_NETVISOR_ID: accounting.credentials.customerId,
      DEMO_NETVISOR_KEY: accounting.credentials.customerKey,
      DEMO_NETVISOR_PARTNER: accounting.credentials.partnerId,
      DEMO_NETVISOR_PARTNER_KEY: accounting.credentials.partnerKey,
    },
  };
  say(
    `Kaiku demo: ${people.length} customers in the CRM, ${newsletter.members(audience).length} of them on the newsletter, ${accounting.customers().length} cards in accounting (sandboxes on loopback)`,
  );
  const hub = await startHub(demoEnv, createLog('error'), 'all');
  say(`${seconds()}  the hub is up on ${hub.url}`);
  const api = apiOf(hub.url ?? '', hub.token);
  try {
    const isPrivate = (p: Customer) => p.customer && !p.organisation;
    const hero = people.find((p) => isPrivate(p) && p.newsletter && isInvoiced(p));
    const other = people.find((p) => isPrivate(p) && !isInvoiced(p));
    if (!hero || !other) throw new Error('the demo firm lacks a customer with invoices, or one without');
    const subject = await until(
      'the first poll',
      async () => (await api.get<{ id: string }[]>(`/subjects?email=${encodeURIComponent(hero.email)}`))[0],
    );
    await until(
      'every customer',
      async () =>
        ((await api.get<Page>('/systems')).find((s) => s.system === 'newsletter')?.duties.held ?? 0) >= people.length - 1 ||
        undefined,
    );
    say(`${seconds()}  the register was read; nothing is sent to a system that was never linked`);
    const link = await api.post<{ linked: number; orphans: number }>('/systems/newsletter/link', { apply: true });
    say(
      `${seconds()}  kaiku link newsletter --apply: ${link.linked} rows tied to their person, ${link.orphans} unknown to the register`,
    );
    const address = `uusi.${hero.email}`;
    crm.update('contact', hero.id, { EMAIL_ADDRESS: address });
    say(`\nA correction: somebody mends an e-mail address in the CRM`);
    const corrected = await follow(
      api,
      subject.id,
      (d) => d.system === 'newsletter' && d.state === 'settled' && d.outcome === 'updated',
    );
    say(`${seconds()}  newsletter          ${told(corrected)}`);
    const books = await api.post<{ linked: number; orphans: number }>('/systems/accounting/link', { apply: true });
    say(
      `${seconds()}  kaiku link accounting --apply: ${books.linked} rows tied to their person, ${books.orphans} unknown to the register`,
    );
    const booked = await follow(
      api,
      subject.id,
      (d) => d.system === 'accounting' && d.state === 'settled' && d.outcome === 'updated',
    );
    say(`${seconds()}  accounting          ${told(booked)}; no voucher is touched`);
    await answerOpenTask(api, subject.id, options.once, say, seconds, 'updated');
    const rectification = await duties(api, subject.id);

    say(`\nAn erasure: the same person asks to be forgotten`);
    const opened = await api.post<{ id: string; plan: { system: string; step: string }[] }>('/cases', {
      type: 'erasure',
      subject: subject.id,
      receivedAt: new Date().toISOString(),
      channel: 'cli',
    });
    say(`${seconds()}  the plan: ${opened.plan.map((p) => `${p.system}: ${p.step}`).join(', ')}`);
    await follow(api, subject.id, (d) => d.system === 'newsletter' && d.state === 'settled' && d.outcome === 'restricted');
    say(`${seconds()}  before any approval  newsletter: restricted; the CRM has the refusal`);
    await api.post(`/cases/${opened.id}/approve`, {});
    say(`${seconds()}  approved`);
    const erased = await follow(
      api,
      subject.id,
      (d) => d.system === 'newsletter' && d.state === 'settled' && d.outcome === 'erased',
    );
    say(`${seconds()}  newsletter          ${told(erased)}`);
    const kept = await follow(
      api,
      subject.id,
      (d) => d.system === 'accounting' && d.outcome === 'retained' && d.state === 'waiting',
    );
    say(`${seconds()}  accounting          ${told(kept)}`);
    say(
      `           kept until ${kept.retained?.until}: ${kept.retained?.fields.join(', ')} (${kept.retained?.law}); the rest is gone`,
    );
    const forgotten = await follow(api, subject.id, (d) => d.system === 'crm' && d.state === 'settled' && d.outcome === 'erased');
    say(`${seconds()}  crm                 ${told(forgotten)}`);
    await answerOpenTask(api, subject.id, options.once, say, seconds, 'erased');
    const erasure = await duties(api, subject.id);

    say(`\nAnother customer, who was never invoiced, asks the same`);
    const erasureWithoutInvoices = await eraseOther(api, other.email, say, seconds);
    const audit = await until('the checkpoint', async () => {
      const checked = await api.post<DemoResult['audit']>('/audit/verify', {});
      return checked.verified ? checked : undefined;
    });
    say(`${seconds()}  audit log: ${audit.size} entries, root ${audit.root}, verified: ${audit.verified}`);
    const result: DemoResult = {
      rectification,
      erasure,
      erasureWithoutInvoices,
      audit: { size: audit.size, root: audit.root, verified: audit.verified },
    };
    if (options.json) options.out(JSON.stringify(result));
    const wrong = faultsOf(result, options.once);
    for (const fault of wrong) options.out(`not as the policy says: ${fault}`);
    if (!options.once) {
      const accounts = await openAccounts(hub.hub.needs, ['accounting', 'collection-partner']);
      await keepRunning(hub.url ?? '', hub.token, accounts, say);
    }
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await hub.stop();
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** The shorter story: approved at once, and followed to the register. */
async function eraseOther(
  api: Api,
  email: string,
  say: (line: string) => void,
  seconds: () => string,
): Promise<Record<string, DutyView>> {
  const [found] = await api.get<{ id: string }[]>(`/subjects?email=${encodeURIComponent(email)}`);
  if (!found) throw new Error('the demo lost a customer');
  const opened = await api.post<{ id: string }>('/cases', { type: 'erasure', subject: found.id, channel: 'cli' });
  await api.post(`/cases/${opened.id}/approve`, {});
  const erased = await follow(api, found.id, (d) => d.system === 'accounting' && d.state === 'settled' && d.outcome === 'erased');
  say(`${seconds()}  accounting          ${told(erased)}`);
  await follow(api, found.id, (d) => d.system === 'crm' && d.state === 'settled' && d.outcome === 'erased');
  return duties(api, found.id);
}

type Page = { system: string; duties: Record<string, number> }[];

async function answerOpenTask(
  api: Api,
  subject: string,
  play: boolean,
  say: (line: string) => void,
  seconds: () => string,
  outcome: string,
): Promise<void> {
  const task = await until('the task', async () =>
    (await api.get<{ id: string; subject: string; outcome?: string; due: string; ask: string }[]>('/tasks')).find(
      (t) => t.subject === subject && !t.outcome,
    ),
  );
  say(`${seconds()}  collection-partner  asked to ${task.ask}, due ${task.due.slice(0, 10)}; silence never closes it`);
  if (!play) {
    say(`           answer it: npm run --silent kaiku -- task answer ${task.id} --outcome ${outcome}`);
    return;
  }
  await api.post(`/tasks/${task.id}/answer`, { outcome });
  const answered = await follow(api, subject, (d) => d.system === 'collection-partner' && d.state === 'settled');
  say(`${seconds()}  collection-partner  ${told(answered)} (a person's statement)`);
}

/** What each duty must have come to. Under `--once` the human has answered; else that duty is still asked. */
function faultsOf(result: DemoResult, once: boolean): string[] {
  const faults: string[] = [];
  const must = (
    part: 'rectification' | 'erasure' | 'erasureWithoutInvoices',
    system: string,
    outcome: string,
    evidence: string,
  ) => {
    const duty = result[part][system];
    if (duty?.state !== 'settled' || duty.outcome !== outcome || duty.evidence !== evidence) {
      faults.push(`${part}: ${system} is ${duty ? told(duty) : 'unknown'}, not settled, ${outcome}, evidence: ${evidence}`);
    }
  };
  must('rectification', 'newsletter', 'updated', 'observed');
  must('erasure', 'newsletter', 'erased', 'observed');
  must('erasure', 'crm', 'erased', 'acknowledged');
  must('rectification', 'accounting', 'updated', 'observed');
  must('erasureWithoutInvoices', 'accounting', 'erased', 'observed');
  const kept = result.erasure['accounting'];
  if (kept?.outcome !== 'retained' || kept.evidence !== 'observed' || !kept.retained)
    faults.push(`erasure: accounting is ${kept ? told(kept) : 'unknown'}, not retained by law, observed`);
  if (once) {
    must('rectification', 'collection-partner', 'updated', 'acknowledged');
    must('erasure', 'collection-partner', 'erased', 'acknowledged');
  }
  if (!result.audit.verified) faults.push('the audit log does not verify');
  return faults;
}
