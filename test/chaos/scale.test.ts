import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { expect, inject, it } from 'vitest';
import { manifest as insightlyManifest } from '../../src/connectors/insightly/connector.ts';
import { insightlySandbox } from '../../src/connectors/insightly/sandbox.ts';
import { mailchimpSandbox } from '../../src/connectors/mailchimp/sandbox.ts';
import { netvisorSandbox } from '../../src/connectors/netvisor/sandbox.ts';
import { type RunningSandbox, type SandboxBehaviour, serveSandbox } from '../../src/connectors/sandbox.ts';
import { audience } from '../../src/demo/firm.ts';
import { testRuntime } from '../support/runtime.ts';
import { eventually } from './harness.ts';

/** People in the register, each at three recipients; `KAIKU_SUBJECTS=10000` for the long run. */
const people = Number(process.env['KAIKU_SUBJECTS'] ?? 120);
const drifted = Math.max(2, Math.round(people / 100));
const corrected = Math.max(2, Math.round(people / 10));
const patience = 60 + people / 5;
const recipients = ['newsletter', 'club', 'accounting'] as const;

const config = (crm: string, newsletter: string, club: string, accounting: string) => `
controller: { name: Suuri Oy }
purposes:
  marketing: { basis: legitimate-interest, permission: newsletter, fields: [givenName, familyName, email] }
  invoicing: { basis: contract, fields: [givenName, familyName, email, customerNumber] }
systems:
  crm:
    connector: insightly
    baseUrl: ${crm}/v3.1
    credentials: { apiKey: { env: CRM_KEY } }
    settings: { map: { customerNumber: Customer_No__c } }
    register:
      for: customer
      pollSeconds: 2
      permissions: { newsletter: { granted: { field: Newsletter__c, equals: true }, refused: { field: EMAIL_OPTED_OUT, equals: true } } }
  newsletter:
    connector: mailchimp
    baseUrl: ${newsletter}/3.0
    credentials: { apiKey: { env: NEWSLETTER_KEY } }
    settings: { audiences: [${audience}] }
    recipient: { purposes: [marketing] }
  club:
    connector: mailchimp
    baseUrl: ${club}/3.0
    credentials: { apiKey: { env: NEWSLETTER_KEY } }
    settings: { audiences: [${audience}] }
    recipient: { purposes: [marketing] }
  accounting:
    connector: netvisor
    baseUrl: ${accounting}
    credentials: { customerId: { env: NV_ID }, customerKey: { env: NV_KEY }, partnerId: { env: NV_PARTNER }, partnerKey: { env: NV_PARTNER_KEY } }
    settings: { organisationId: 2607385-7 }
    recipient: { purposes: [invoicing] }
`;

const name = (n: number) => ({ given: `Etunimi${n}`, family: `Sukunimi${n}`, email: `p${n}@suuri.test`, number: `C-${n}` });

/** Resident memory of a process, in MB. */
const memoryOf = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** Most requests in any sliding second. */
function busiestSecond({ log }: RunningSandbox): number {
  const times = log.map(({ at }) => at).sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while ((times[to] ?? 0) - (times[from] ?? 0) >= 1000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

interface Asked {
  at: number;
  method: string;
  path: string;
  query: URLSearchParams;
}

/** Writes down every request with its query. */
function watched<B extends SandboxBehaviour>(behaviour: B): B & { asked: Asked[] } {
  const asked: Asked[] = [];
  const handle = behaviour.handle.bind(behaviour);
  return Object.assign(behaviour, {
    asked,
    handle(request: Parameters<B['handle']>[0]) {
      const { method, path, query } = request;
      asked.push({ at: performance.now(), method, path, query });
      return handle(request);
    },
  });
}

/** The listening for changes that goes on whatever else is done: the same few requests every ten seconds. */
const listenEverySeconds = 10;
const isListening = ({ query }: Asked) => query.has('since_last_changed') || query.has('changedsince');

/** Requests since a mark, without the listening, which is held to its own pace. */
function workIn(system: string, asked: readonly Asked[], ownPages = 0): number {
  const seconds = ((asked.at(-1)?.at ?? 0) - (asked[0]?.at ?? 0)) / 1000;
  const heard = asked.filter(isListening).length;
  const turns = Math.floor(seconds / listenEverySeconds) + 2;
  expect([system, heard <= turns * (system === 'accounting' ? 1 : 6 + Math.ceil(people / 900))]).toEqual([system, true]);
  // what Netvisor's list of changes names is read by as many ids at once
  const pages = asked.filter(({ query }) => query.has('idlist')).length;
  const afterHearing = Math.min(heard * Math.ceil(people / 500), Math.max(0, pages - ownPages));
  return asked.length - heard - afterHearing;
}

it.runIf(process.platform === 'linux' && inject('runtime').kind === 'server')(
  `carries ${people} people at three recipients with few calls, within every limit, in memory that does not grow`,
  { timeout: 7_200_000 },
  async () => {
    const runtime = await testRuntime();
    const folder = await mkdtemp(join(tmpdir(), 'kaiku-scale-'));
    const crm = insightlySandbox({ apiKey: 'crm' });
    const list = () => watched(mailchimpSandbox({ apiKey: 'news-us1', audiences: [audience] }));
    const [newsletter, club] = [list(), list()];
    const accounting = watched(netvisorSandbox({ strict: true }));
    const ids: string[] = [];
    const cards: number[] = [];
    for (let n = 0; n < people; n++) {
      const { given, family, email, number } = name(n);
      ids.push(
        crm.add('contact', {
          FIRST_NAME: given,
          LAST_NAME: family,
          EMAIL_ADDRESS: email,
          Customer_No__c: number,
          Newsletter__c: true,
        }),
      );
      for (const list of [newsletter, club]) list.seedMember(audience, { email, FNAME: given, LNAME: family });
      cards.push(accounting.seedCustomer({ name: `${given} ${family}`, code: number, email, isPrivate: true }));
    }
    const servers = await Promise.all(
      [crm, newsletter, club, accounting].map((behaviour) => serveSandbox(behaviour, { latencyMs: 2 })),
    );
    const [crmServer, newsletterServer, clubServer, accountingServer] = servers as [
      RunningSandbox,
      RunningSandbox,
      RunningSandbox,
      RunningSandbox,
    ];
    const configPath = join(folder, 'kaiku.yaml');
    await writeFile(configPath, config(crmServer.url, newsletterServer.url, clubServer.url, accountingServer.url));
    const env = {
      ...process.env,
      KAIKU_CONFIG: configPath,
      KAIKU_DATA: folder,
      KAIKU_PORT: '0',
      DATABASE_URL: runtime.databaseUrl,
      REDIS_URL: runtime.redisUrl ?? '',
      CRM_KEY: 'crm',
      NEWSLETTER_KEY: 'news-us1',
      NV_ID: accounting.credentials.customerId,
      NV_KEY: accounting.credentials.customerKey,
      NV_PARTNER: accounting.credentials.partnerId,
      NV_PARTNER_KEY: accounting.credentials.partnerKey,
    };
    const hub: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, '../../dist/main.js'), 'start'], {
      env,
      stdio: 'ignore',
    });
    const memory: number[] = [];
    const sampler = setInterval(() => memory.push(memoryOf(hub.pid ?? 0)), 1000);
    const say = (line: string) => process.stdout.write(`scale: ${line}\n`);
    try {
      const at = await eventually(
        'the hub',
        60,
        async () =>
          (JSON.parse(await readFile(join(folder, 'hub.json'), 'utf8').catch(() => 'null')) as {
            url: string;
            token: string;
          } | null) ?? undefined,
      );
      const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
        // not fetch: it gives up after five minutes, and a first link of thousands takes longer
        const answer = await axios.request<T>({
          url: `${at.url}/api/v1${path}`,
          method,
          headers: { authorization: `Bearer ${at.token}` },
          ...(body ? { data: body } : {}),
          timeout: 3_600_000,
          validateStatus: () => true,
        });
        return answer.data;
      };
      const counts = async (system: string) =>
        (await ask<{ system: string; duties: Record<string, number> }[]>('GET', '/systems')).find((s) => s.system === system)
          ?.duties ?? {};
      const allAre = (state: string) =>
        eventually(`every duty to be ${state}`, patience * 10, async () => {
          for (const system of recipients) if (((await counts(system))[state] ?? 0) !== people) return undefined;
          return true;
        });
      await allAre('held');
      for (const system of recipients) {
        const linked = await ask<{ linked: number }>('POST', `/systems/${system}/link`, { apply: true });
        expect(linked).toMatchObject({ linked: people });
      }
      await allAre('settled');
      const afterLink = memory.length;
      const servedBy = { newsletter: newsletterServer, club: clubServer, accounting: accountingServer };
      const behaviours = { newsletter, club, accounting };
      const ratios: [string, number][] = [];
      // what the first contact wrote: nothing
      for (const [system, { log }] of Object.entries(servedBy))
        expect([
          system,
          log.filter(
            (r) => r.method === 'PATCH' || r.method === 'PUT' || (r.path.includes('customer.nv') && r.method === 'POST'),
          ),
        ]).toEqual([system, []]);

      // somebody at the recipients changes one in a hundred; a resync of each puts them right
      for (let n = 0; n < drifted; n++) {
        for (const list of [newsletter, club])
          list.act?.({ do: 'editProfile', audience, email: name(n).email, merge: { FNAME: 'Muutettu' } });
        accounting.act?.({ do: 'editCard', customer: cards[n], set: { name: `Muutettu ${name(n).family}` } });
      }
      for (const [system, { asked }] of Object.entries(behaviours)) {
        const before = asked.length;
        const { run } = await ask<{ run: string }>('POST', `/systems/${system}/resync`, {});
        const done = await eventually('the resync', patience * 10, async () => {
          const found = await ask<{ state: string; counts: Record<string, number>; calls: number }>('GET', `/runs/${run}`);
          return found.state === 'finished' ? found : undefined;
        });
        expect(done.counts).toMatchObject({ update: drifted, unchanged: people - drifted, orphans: 0 });
        // by the vendors' own page limits: 1,000 members of each of six standings; one list of cards, then 500 cards at once
        const pages = system === 'accounting' ? Math.ceil(people / 500) : 5 + Math.ceil(people / 1000);
        // what was changed is written and read back, as the manifest says; Netvisor's own advice is a look before each edit
        const least = pages + (system === 'accounting' ? 1 + drifted * 3 : drifted * 2);
        const requests = workIn(system, asked.slice(before), system === 'accounting' ? pages : 0);
        ratios.push([`resync of ${system}`, requests / least]);
        say(
          `${system}: resync of ${drifted} drifted took ${requests} requests, least possible ${least} (ratio ${(requests / least).toFixed(2)}), told ${done.calls}`,
        );
      }

      // one in ten is corrected in the register
      const marks = Object.values(behaviours).map(({ asked }) => asked.length);
      for (let n = 0; n < corrected; n++) crm.update('contact', ids[n] ?? '', { LAST_NAME: `Uusi${n}` });
      await eventually('every card and member', patience * 10, async () => {
        const named = accounting.customers().filter(({ card }) => String(card['name']).includes('Uusi')).length;
        const members = [newsletter, club].every(
          (list) =>
            list.members(audience).filter((m) => String((m.merge_fields as Record<string, unknown>)['LNAME']).startsWith('Uusi'))
              .length === corrected,
        );
        return named === corrected && members;
      });
      await allAre('settled');
      for (const [i, [system, { asked }]] of Object.entries(behaviours).entries()) {
        const requests = workIn(system, asked.slice(marks[i]));
        ratios.push([`corrections at ${system}`, requests / corrected / 3]);
        say(
          `${system}: ${corrected} corrections took ${requests} requests, least possible ${corrected * 3} (look, write, read back; ratio ${(requests / corrected / 3).toFixed(2)})`,
        );
      }
      const steady = memory.slice(afterLink);
      const third = Math.ceil(steady.length / 3);
      const [early, late] = [median(steady.slice(0, third)), median(steady.slice(-third))];
      say(
        `memory of the hub: most ${Math.round(Math.max(...memory))} MB; after the link a median of ${Math.round(early)} MB in the first third, ${Math.round(late)} MB in the last`,
      );
      const busiest = busiestSecond(crmServer);
      say(
        `limits: crm ${busiest} in any second, newsletter ${newsletterServer.peak()} and club ${clubServer.peak()} at once, accounting ${accounting.overlaps()} overlaps; throttled ${servers.flatMap((s) => s.log).filter((r) => r.status === 429).length}`,
      );
      expect(ratios.filter(([, ratio]) => ratio > 1.1)).toEqual([]);
      // a heap that is collected late is no leak: what grows with the people does, run after run
      expect(late).toBeLessThanOrEqual(1.3 * early + 40);
      expect(busiest).toBeLessThanOrEqual(insightlyManifest.limits.perSecond ?? 0);
      expect(clubServer.peak()).toBeLessThanOrEqual(8);
      expect(servers.flatMap((s) => s.log).filter((r) => r.status === 429)).toEqual([]);
      expect(newsletterServer.peak()).toBeLessThanOrEqual(8);
      expect(accounting.overlaps() + accounting.reusedTransactionIds()).toBe(0);
    } finally {
      clearInterval(sampler);
      hub.kill('SIGKILL');
      await Promise.all(servers.map((server) => server.close()));
      await rm(folder, { recursive: true, force: true });
      await runtime.drop();
    }
  },
);
