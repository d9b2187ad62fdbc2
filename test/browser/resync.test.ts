import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import { mailchimpSandbox } from '../../src/connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import { audience } from '../../src/demo/firm.ts';
import { until } from '../journeys/hub.ts';
import { lookAt, openChromium } from './chromium.ts';
import { choosePassword } from './sign-in.ts';

/** People in the register and on the newsletter; `KAIKU_PEOPLE=10000` for the long run. */
const people = Number(process.env['KAIKU_PEOPLE'] ?? 120);
const drifted = Math.max(30, Math.round(people / 100));
const patience = 120 + people / 20;

const config = (crm: string, newsletter: string) => `
controller: { name: Selain Oy }
purposes:
  marketing: { basis: legitimate-interest, permission: newsletter, fields: [givenName, familyName, email] }
systems:
  crm:
    connector: insightly
    baseUrl: ${crm}/v3.1
    credentials: { apiKey: { env: CRM_KEY } }
    register:
      for: customer
      pollSeconds: 2
      permissions: { newsletter: { granted: { field: Newsletter__c, equals: true }, refused: { field: EMAIL_OPTED_OUT, equals: true } } }
  newsletter:
    connector: mailchimp
    baseUrl: ${newsletter}/3.0
    credentials: { apiKey: { env: NEWSLETTER_KEY } }
    settings: { audiences: [${audience}], deadlineSeconds: 5 }
    recipient: { purposes: [marketing], undoHours: 0 }
`;

/** How the vendor's paths name a member. */
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const name = (n: number) => ({ given: `Etunimi${n}`, family: `Sukunimi${n}`, email: `p${n}@selain.test` });

interface HubFile {
  url: string;
  token: string;
  pid: number;
}

it(`resyncs ${people} people from the browser, over a failing vendor, a pause and a kill of everything`, {
  timeout: 3_600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-resync-'));
  const crm = insightlySandbox({ apiKey: 'crm', perSecond: 10 });
  const newsletter = mailchimpSandbox({ apiKey: 'news-us1', audiences: [audience] });
  /** The listening for unsubscribes goes on whatever else is done, at its own pace. */
  let listening = 0;
  const handle = newsletter.handle.bind(newsletter);
  newsletter.handle = (request) => {
    if (request.query.has('since_last_changed')) listening++;
    return handle(request);
  };
  for (let n = 0; n < people; n++) {
    const { given, family, email } = name(n);
    crm.add('contact', { FIRST_NAME: given, LAST_NAME: family, EMAIL_ADDRESS: email, Newsletter__c: true });
    newsletter.seedMember(audience, { email, FNAME: given, LNAME: family });
  }
  const [crmServer, vendor] = await Promise.all([serveSandbox(crm), serveSandbox(newsletter, { latencyMs: 5 })]);
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(configPath, config(crmServer.url, vendor.url));
  const env: Record<string, string | undefined> = {
    ...process.env,
    KAIKU_CONFIG: configPath,
    KAIKU_DATA: folder,
    KAIKU_PORT: '0',
    CRM_KEY: 'crm',
    NEWSLETTER_KEY: 'news-us1',
    DATABASE_URL: undefined,
    REDIS_URL: undefined,
  };
  let hub: ChildProcess | undefined;
  const readHub = async () => JSON.parse(await readFile(join(folder, 'hub.json'), 'utf8').catch(() => 'null')) as HubFile | null;
  const start = async (port = 0): Promise<HubFile> => {
    await rm(join(folder, 'hub.json'), { force: true });
    hub = spawn(process.execPath, [join(import.meta.dirname, '../../dist/main.js'), 'start'], {
      env: { ...env, KAIKU_PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return until('the hub', async () => (await readHub()) ?? undefined);
  };
  /** The hub and its own PostgreSQL, as a power cut would take them. */
  const killEverything = async () => {
    const data = join(folder, 'postgres');
    hub?.kill('SIGKILL');
    execFileSync('pkill', ['-KILL', '-f', data]);
    await new Promise((resolve) => setTimeout(resolve, 500));
  };
  const browser = await openChromium();
  const say = (line: string) => process.stdout.write(`resync in the browser: ${line}\n`);
  try {
    let at = await start();
    const port = Number(new URL(at.url).port);
    const ask = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
      const answer = await fetch(`${at.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${at.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (await answer.json()) as T;
    };
    const duties = async () =>
      (await ask<{ system: string; duties: Record<string, number> }[]>('GET', '/systems')).find((s) => s.system === 'newsletter')
        ?.duties ?? {};

    // the first account, by the link that the hub gives out once
    const context = await lookAt(browser, { language: 'en' });
    const page = await context.newPage();
    await page.goto((await ask<{ link: string }>('POST', '/accounts/first-link')).link);
    await page.fill('input[name=name]', 'Aila Ylläpitäjä');
    await page.fill('input[name=email]', 'aila@selain.test');
    await choosePassword(page);

    // first contact, looked at and then confirmed
    await until('everybody', async () => (await duties())['held'] === people, patience);
    await page.goto(`${at.url}/systems/newsletter/link`);
    await page.click('form[action="/systems/newsletter/link"] button');
    await page.click('form[action$="/confirm"] button', { timeout: patience * 1000 });
    await until('the links', async () => (await duties())['settled'] === people, patience);
    expect(vendor.log.filter((r) => r.method === 'PATCH')).toEqual([]);

    for (let n = 0; n < drifted; n++)
      newsletter.act?.({ do: 'editProfile', audience, email: name(n).email, merge: { FNAME: 'Muutettu' } });
    const ofErased = name(people - 1).email;
    const contact = String(newsletter.member(audience, ofErased)?.contact_id);
    const [erased] = await ask<{ id: string }[]>('GET', `/subjects?email=${encodeURIComponent(ofErased)}`);

    // the preview, read on the page
    await page.goto(`${at.url}/systems/newsletter`);
    await page.click('form[action="/systems/newsletter/preview"] button');
    const confirm = page.locator('form[action$="/confirm"]');
    await confirm.waitFor({ timeout: patience * 1000 });
    expect((await page.locator('#counts').textContent()) ?? '').toContain(String(drifted));
    const [from, heardBefore] = [vendor.log.length, listening];
    // slowly enough that there is a middle
    await confirm.locator('input[name=perSecond]').fill('4');
    await confirm.locator('button').click();
    await page.waitForURL(/\/runs\//);
    const run = page.url().split('/').at(-1) ?? '';
    const progress = async () => (await ask<{ state: string; progress: { done: number } }>('GET', `/runs/${run}`)).progress.done;
    await until('the first steps', async () => (await progress()) > 3, patience);
    vendor.fault({ kind: 'server-error', path: '/members', times: 12 });
    const failing = vendor.log.length;
    await until('the vendor to fail', async () => vendor.log.slice(failing).some((r) => r.status >= 500), patience);
    vendor.clearFaults();

    // somebody asks to be forgotten while it runs
    const { id } = await ask<{ id: string }>('POST', '/cases', { type: 'erasure', subject: erased?.id, channel: 'phone' });
    await until('the restriction', async () => newsletter.member(audience, ofErased)?.status === 'unsubscribed', 90);
    const ordered = Date.now();
    await ask('POST', `/cases/${id}/approve`, { reason: 'asked by phone' });
    await until('the erasure', async () => vendor.log.some((r) => r.path.includes('delete-permanent')), 90);
    const erasureMs = (vendor.log.find((r) => r.path.includes('delete-permanent'))?.at ?? 0) - ordered;

    await page.click('form[action$="/pause"] button');
    await page.locator('form[action$="/resume"]').waitFor();
    const still = await progress();
    expect(still).toBeLessThan(drifted);
    await killEverything();
    at = await start(port);
    await page.reload();
    // still signed in, still paused, as it was
    await page.locator('form[action$="/resume"] button').click();
    await until('the end', async () => (await ask<{ state: string }>('GET', `/runs/${run}`)).state === 'finished', patience);
    await page.reload();
    expect((await page.locator('main').textContent()) ?? '').toMatch(/finished/i);
    expect(context.complaints).toEqual([]);

    // the vendor holds what the policy says, of every single person
    const wrong: string[] = [];
    const members = new Map(newsletter.members(audience).map((m) => [String(m.email_address), m]));
    for (let n = 0; n < people; n++) {
      const { given, family, email } = name(n);
      const member = members.get(email);
      if (email === ofErased) {
        if (member) wrong.push(`${email}: still there`);
        continue;
      }
      const { FNAME, LNAME } = (member?.merge_fields ?? {}) as { FNAME?: string; LNAME?: string };
      if (member?.status !== 'subscribed' || FNAME !== given || LNAME !== family) wrong.push(email);
    }
    expect(wrong).toEqual([]);
    expect(members.size).toBe(people - 1);
    const requests = vendor.log.slice(from).filter((r) => r.status < 500 && !r.path.includes('webhooks'));
    // five standings have no members; of the sixth as many pages as the vendor's limit makes; a write and its read-back for each
    const pages = 5 + Math.ceil(people / 1000);
    const erasureCalls = requests.filter((r) => r.path.includes(md5(ofErased)) || r.path.includes(contact)).length;
    const least = pages + 2 * drifted;
    const took = requests.length - erasureCalls - (listening - heardBefore);
    say(
      `${people} people, ${drifted} drifted: ${took} requests beside ${erasureCalls} of the erasure, least ${least} (ratio ${(took / least).toFixed(2)}); at most ${vendor.peak()} at once, ${vendor.log.filter((r) => r.status === 429).length} throttled; the erasure reached the vendor after ${erasureMs} ms`,
    );
    expect(vendor.log.filter((r) => r.status === 429)).toEqual([]);
    expect(vendor.peak()).toBeLessThanOrEqual(8);
    if (process.env['KAIKU_PEOPLE']) {
      expect(erasureMs).toBeLessThanOrEqual(5000);
      expect(took / least).toBeLessThanOrEqual(1.1);
    }
  } finally {
    await browser.close();
    await killEverything().catch(() => {});
    await Promise.all([crmServer.close(), vendor.close()]);
    await rm(folder, { recursive: true, force: true });
  }
});
