import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import type { Customer } from '../../src/connectors/insightly/sandbox-handles.ts';
import { mailchimpSandbox } from '../../src/connectors/mailchimp/sandbox.ts';
import { netvisorSandbox } from '../../src/connectors/netvisor/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import { isInvoiced, keepBooks } from '../../src/demo/books.ts';
import { audience, firmConfig, organisationId } from '../../src/demo/firm.ts';
import { createLog, readEnvironment } from '../../src/open.ts';
import { startHub } from '../../src/start.ts';
import { until } from '../journeys/hub.ts';
import { askAt } from '../support/hub-ask.ts';
import { decoded, linkIn, mailServer } from '../support/mail-server.ts';
import { testRuntime } from '../support/runtime.ts';

/** What the mailed links begin with; the hub is reached elsewhere, so a test takes their path. */
const formUrl = 'http://localhost';

/** The demo's firm with a hub on it, brought to a day on which every page has something to show. */
export async function openFirm(count = 40) {
  const runtime = await testRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-firm-'));
  const crm = insightlySandbox({ apiKey: 'crm', perSecond: 200, connections: 20 });
  const people = crm.seed(count);
  const newsletter = mailchimpSandbox({ apiKey: 'news-us1', audiences: [audience] });
  for (const p of people)
    if (p.newsletter) newsletter.seedMember(audience, { email: p.email, FNAME: p.givenName, LNAME: p.familyName });
  const accounting = netvisorSandbox({ organisationId });
  keepBooks(accounting, people);
  const [crmServer, newsletterServer, accountingServer] = await Promise.all([
    serveSandbox(crm),
    serveSandbox(newsletter),
    serveSandbox(accounting),
  ]);
  const mail = await mailServer();
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(
    configPath,
    `${firmConfig({ crm: crmServer.url, newsletter: newsletterServer.url, accounting: accountingServer.url })}
notify: { mail: { smtp: 'smtp://127.0.0.1:${mail.port}', from: kaiku@esimerkkitekniikka.test } }
requests: { url: ${formUrl} }
replies: { url: ${formUrl} }
`,
  );
  const env = readEnvironment({
    KAIKU_CONFIG: configPath,
    KAIKU_DATA: folder,
    DATABASE_URL: runtime.databaseUrl,
    KAIKU_TEST_CLOCK: '1',
    DEMO_INSIGHTLY_KEY: 'crm',
    DEMO_MAILCHIMP_KEY: 'news-us1',
    DEMO_NETVISOR_ID: accounting.credentials.customerId,
    DEMO_NETVISOR_KEY: accounting.credentials.customerKey,
    DEMO_NETVISOR_PARTNER: accounting.credentials.partnerId,
    DEMO_NETVISOR_PARTNER_KEY: accounting.credentials.partnerKey,
  });
  const running = await startHub({ ...env, port: 0 }, createLog('silent'), 'all');
  const url = running.url ?? '';
  const ask = askAt(url, running.token);
  const subjectOf = (email: string) =>
    until('the subject', async () => (await ask<{ id: string }[]>('GET', `/subjects?email=${encodeURIComponent(email)}`))[0]?.id);
  return {
    crm,
    newsletter,
    newsletterServer,
    accounting,
    people,
    mail,
    /** Where the newest mailed link to a mailbox leads on this hub. */
    linkMailedTo: (email: string) =>
      until('the mail with the link', async () => {
        const raw = mail.mails.filter(({ to }) => to.includes(email)).at(-1)?.raw;
        const path = raw && linkIn(raw, formUrl);
        return path && `${url}${path}`;
      }),
    /** Where the people of the collection partner answer about a task, and the code that was mailed to them last. */
    replyTo: (task: string) =>
      until('the mail about the task', async () => {
        const raw = mail.mails.findLast((one) => one.raw.includes(`<${task}-`) && one.raw.includes('/reply/'))?.raw;
        const path = raw && /\/reply\/[\w-]{43}/.exec(decoded(raw))?.[0];
        return path && `${url}${path}`;
      }),
    codeMailed: (task: string) =>
      until('the mailed code', async () => {
        const raw = mail.mails.findLast((one) => one.raw.includes(`<${task}-code-`))?.raw;
        return raw && /Koodinne on (\d{8})/.exec(decoded(raw))?.[1];
      }),
    /** Every form counts as the first from its network. */
    async forgetSenders() {
      const client = new pg.Client({ connectionString: runtime.databaseUrl });
      await client.connect();
      await client.query('UPDATE kaiku.intake SET sender_key = NULL');
      await client.end();
    },
    running,
    url,
    ask,
    subjectOf,
    async close() {
      await running.stop();
      await Promise.all([crmServer.close(), newsletterServer.close(), accountingServer.close()]);
      await mail.close();
      await rm(folder, { recursive: true, force: true });
      await runtime.drop();
    },
  };
}
export type Firm = Awaited<ReturnType<typeof openFirm>>;

/** A day in the life: somebody corrected, somebody erased and kept by law, somebody waiting for a decision, and what nobody is sure of. */
export async function liveThrough(firm: Firm) {
  const { ask, crm, newsletter, people } = firm;
  const isPrivate = (p: Customer) => p.customer && !p.organisation;
  const invoiced = people.filter((p) => isPrivate(p) && p.newsletter && isInvoiced(p));
  const others = people.filter((p) => isPrivate(p) && !isInvoiced(p));
  const [erased, waiting] = invoiced;
  const [corrected, vanished] = others;
  if (!erased || !waiting || !corrected || !vanished) throw new Error('the firm is too small for this day');
  await until('the first poll', async () => {
    const systems = await ask<{ system: string; duties: Record<string, number> }[]>('GET', '/systems');
    return (systems.find((s) => s.system === 'newsletter')?.duties['held'] ?? 0) >= people.length - 1;
  });
  // a member whom the register does not know, and one whose name contradicts
  newsletter.seedMember(audience, { email: 'joku.muu@muualla.test', FNAME: 'Joku', LNAME: 'Muu' });
  const shared = people.find((p) => isPrivate(p) && !p.newsletter);
  if (shared) newsletter.seedMember(audience, { email: shared.email, FNAME: 'Perheen', LNAME: 'Toinen' });
  await ask('POST', '/systems/newsletter/link', { apply: true });
  await ask('POST', '/systems/accounting/link', { apply: true });
  const subjects = {
    erased: await firm.subjectOf(erased.email),
    waiting: await firm.subjectOf(waiting.email),
    corrected: await firm.subjectOf(corrected.email),
  };
  crm.update('contact', corrected.id, { LAST_NAME: 'Åström-Öhman' });
  const opened = await ask<{ id: string }>('POST', '/cases', { type: 'erasure', subject: subjects.erased, channel: 'phone' });
  await ask('POST', `/cases/${opened.id}/approve`, { reason: 'asked by the person' });
  crm.update('contact', waiting.id, { Erase__c: true });
  crm.remove('contact', vanished.id);
  const planned = await until('the case from the register', async () =>
    (await ask<{ id: string; state: string; subject: string }[]>('GET', '/cases')).find((c) => c.subject === subjects.waiting),
  );
  await until('the law', async () => {
    const { duties } = await ask<{ duties: { system: string; outcome: string | null }[] }>('GET', `/subjects/${subjects.erased}`);
    return duties.find((d) => d.system === 'accounting')?.outcome === 'retained';
  });
  await until('the disappearance', async () =>
    (await ask<{ kind: string }[]>('GET', '/held')).some((h) => h.kind === 'vanished'),
  );
  // somebody who wants to know what is held, and was told that the request came
  const access = await ask<{ id: string }>('POST', '/cases', { type: 'access', subject: subjects.corrected, language: 'sv' });
  await ask('POST', `/cases/${access.id}/letters`, { kind: 'received' });
  await ask('POST', `/cases/${access.id}/approve`, {});
  await ask('POST', `/cases/${access.id}/identity`, { state: 'proven', how: 'call-back' });
  // a stranger who wrote by the public form: it waits for a person
  const form = { name: 'Vieras Henkilö', email: 'vieras@muualla.test', phone: '', message: '' };
  const here = { 'sec-fetch-site': 'same-origin' };
  await fetch(`${firm.url}/request/new/erasure`, { method: 'POST', headers: here, body: new URLSearchParams(form) });
  await fetch(await firm.linkMailedTo(form.email), { method: 'POST', headers: here });
  const preview = await ask<{ run: string }>('POST', '/systems/newsletter/resync', { dryRun: true });
  const run = await ask<{ run: string }>('POST', '/systems/newsletter/resync', {});
  const open = await until('two tasks', async () => {
    const all = await ask<{ id: string; outcome?: string }[]>('GET', '/tasks');
    return all.filter((t) => !t.outcome).length > 1 && all.filter((t) => !t.outcome);
  });
  const [task, answered] = open;
  if (!task || !answered) throw new Error('nobody was asked anything');
  // the people of the partner hand in a file with their answer
  const link = await firm.replyTo(answered.id);
  await fetch(`${link}/code`, { method: 'POST', headers: here });
  const code = new URLSearchParams({ code: await firm.codeMailed(answered.id) });
  const page = await (await fetch(`${link}/open`, { method: 'POST', headers: here, body: code })).text();
  const said = new FormData();
  for (const name of ['pass', 'version']) said.set(name, new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '');
  for (const [name, value] of Object.entries({ outcome: 'absent', name: 'Peppi Perijä', agree: 'yes' })) said.set(name, value);
  said.set('file', new Blob(['searched, nothing found']), 'haku.txt');
  await fetch(link, { method: 'POST', headers: here, body: said });
  return { subjects, case: opened.id, planned: planned.id, preview: preview.run, run: run.run, task: task.id, corrected };
}
