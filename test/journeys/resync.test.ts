import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, it } from 'vitest';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import { mailchimpSandbox } from '../../src/connectors/mailchimp/sandbox.ts';
import { serveSandbox } from '../../src/connectors/sandbox.ts';
import { readEnvironment } from '../../src/open.ts';
import { type Running, startHub } from '../../src/start.ts';
import { testRuntime } from '../support/runtime.ts';
import { audience, until } from './hub.ts';

/** People in the register and on the newsletter; `KAIKU_SUBJECTS=10000` for the long run. */
const people = Number(process.env['KAIKU_SUBJECTS'] ?? 200);
const drifted = Math.max(3, Math.round(people / 100));
const patience = 90 + people / 10;

const config = (crm: string, newsletter: string) => `
controller: { name: Suuri Oy }
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
    recipient: { purposes: [marketing] }
`;

interface Run {
  run: string;
  state: string;
  phase: string;
  counts: Record<string, number>;
  progress: { total: number; done: number };
}

it(`previews, confirms, pauses, restarts, resumes and finishes for ${people} people, while the vendor fails in the middle`, {
  timeout: patience * 4000,
}, async () => {
  const runtime = await testRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-resync-'));
  const crm = insightlySandbox({ apiKey: 'crm' });
  const newsletter = mailchimpSandbox({ apiKey: 'news-us1', audiences: [audience] });
  const email = (n: number) => `p${n}@suuri.test`;
  for (let n = 0; n < people; n++) {
    crm.add('contact', { FIRST_NAME: `Etu${n}`, LAST_NAME: `Suku${n}`, EMAIL_ADDRESS: email(n), Newsletter__c: true });
    newsletter.seedMember(audience, { email: email(n), FNAME: `Etu${n}`, LNAME: `Suku${n}` });
  }
  const [crmServer, newsletterServer] = await Promise.all([serveSandbox(crm), serveSandbox(newsletter)]);
  const configPath = join(folder, 'kaiku.yaml');
  await writeFile(configPath, config(crmServer.url, newsletterServer.url));
  const env = readEnvironment({
    KAIKU_CONFIG: configPath,
    KAIKU_DATA: folder,
    DATABASE_URL: runtime.databaseUrl,
    REDIS_URL: runtime.redisUrl,
    CRM_KEY: 'crm',
    NEWSLETTER_KEY: 'news-us1',
  });
  const start = () => startHub({ ...env, port: 0 }, pino({ level: 'silent' }), 'all');
  let hub: Running = await start();
  const ask = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${hub.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${hub.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await answer.json()) as T;
  };
  const are = (state: string) =>
    until(
      `everybody to be ${state}`,
      async () => {
        const systems = await ask<{ system: string; duties: Record<string, number> }[]>('GET', '/systems');
        return systems.find((s) => s.system === 'newsletter')?.duties[state] === people;
      },
      patience,
    );
  const runIs = (id: string, test: (run: Run) => boolean) =>
    until(
      'the run',
      async () => {
        const run = await ask<Run>('GET', `/runs/${id}`);
        return test(run) ? run : undefined;
      },
      patience,
    );
  const asked = (from: number) => newsletterServer.log.slice(from).filter(({ path }) => !path.includes('webhooks'));
  try {
    await are('held');
    await ask('POST', '/systems/newsletter/link', { apply: true });
    await are('settled');
    for (let n = 0; n < drifted; n++)
      newsletter.act?.({ do: 'editProfile', audience, email: email(n), merge: { FNAME: 'Muutettu' } });

    const before = newsletterServer.log.length;
    const preview = await ask<Run>('POST', '/systems/newsletter/resync', { dryRun: true });
    expect(preview).toMatchObject({ state: 'previewed', counts: { update: drifted, unchanged: people - drifted, orphans: 0 } });
    const pages = asked(before).length;

    // the vendor is out of order when the run begins to read, and once more when it begins to write
    newsletterServer.fault({ kind: 'server-error', method: 'GET', path: 'members', times: 1 });
    const mark = newsletterServer.log.length;
    const { run } = await ask<Run>('POST', '/systems/newsletter/resync', { preview: preview.run, perSecond: 1 });
    await runIs(run, (r) => r.phase === 'working' && r.progress.done >= 1);
    expect(await ask('POST', `/runs/${run}/pause`)).toMatchObject({ state: 'paused' });
    newsletterServer.fault({ kind: 'server-error', method: 'PATCH', times: 1 });
    await hub.stop();
    hub = await start();
    expect(await ask('GET', `/runs/${run}`)).toMatchObject({ state: 'paused', phase: 'working' });
    await ask('POST', `/runs/${run}/throttle`, {});
    await ask('POST', `/runs/${run}/resume`);
    expect(await runIs(run, (r) => r.state === 'finished')).toMatchObject({
      counts: { update: drifted, unchanged: people - drifted },
      progress: { total: drifted, done: drifted, failed: 0 },
    });

    const names = newsletter.members(audience).map((m) => (m.merge_fields as Record<string, unknown>)['FNAME']);
    expect(names).toHaveLength(people);
    expect(names.filter((name) => name === 'Muutettu')).toEqual([]);
    const requests = asked(mark);
    const failed = (isRead: boolean) => requests.filter((r) => r.status >= 500 && (r.method === 'GET') === isRead).length;
    // a reading that breaks off starts over; each step is a write and its read-back, and one that failed is read first and written again
    const least = pages * (1 + failed(true)) + drifted * 2;
    const more = 2 * failed(false);
    process.stdout.write(
      `resync of ${people}: ${requests.length} requests, least possible ${least}, and ${more} for what failed\n`,
    );
    expect(requests.length - more).toBeLessThanOrEqual(Math.ceil(1.1 * least));
  } finally {
    await hub.stop();
    await Promise.all([crmServer.close(), newsletterServer.close()]);
    await rm(folder, { recursive: true, force: true });
    await runtime.drop();
  }
});
