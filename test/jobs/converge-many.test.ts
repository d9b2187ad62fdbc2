import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { createWire, memoryGate, type Wire } from '../../src/connectors/http.ts';
import { mailchimp } from '../../src/connectors/mailchimp/connector.ts';
import { batchTroubles } from '../../src/connectors/mailchimp/sandbox/world.ts';
import { type MailchimpSandboxOptions, mailchimpSandbox } from '../../src/connectors/mailchimp/sandbox.ts';
import { type FaultKind, serveSandbox } from '../../src/connectors/sandbox.ts';
import { lanes } from '../../src/core/duty.ts';
import { converge } from '../../src/jobs/converge.ts';
import { convergeTogether } from '../../src/jobs/converge-many.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import type { Needs } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { driveRun, startResync } from '../../src/jobs/resync.ts';
import { openDatabase, rows } from '../../src/store/database.ts';
import { type DutyRow, due, dutiesOf } from '../../src/store/duties.ts';
import { progressOf, runById } from '../../src/store/runs.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { testRuntime } from '../support/runtime.ts';
import { openWorld } from './world.ts';

const audience = 'ab12cd34ef';
const granted = { granted: { newsletter: true }, refused: { newsletter: false } };
const personOf = (n: number, familyName = `Entinen${n}`) => ({ givenName: `N${n}`, familyName, email: `n${n}@sahko.test` });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A hub on a real ledger, its register in memory, and Mailchimp's sandbox with everybody linked there. */
async function crowd(people: number, options: Partial<MailchimpSandboxOptions> = {}) {
  const vendor = mailchimpSandbox({ apiKey: 'key-us1', audiences: [audience], batchStepMs: 5, ...options });
  const server = await serveSandbox(vendor);
  opened.push(() => server.close());
  const runtime = await testRuntime();
  opened.push(() => runtime.drop());
  const world = await openWorld(runtime.databaseUrl);
  opened.push(() => world.close());
  const { needs } = world;
  const connect = (behind: (wire: Wire) => Wire = (wire) => wire) => {
    const connector = mailchimp.connect(
      {
        system: 'newsletter',
        baseUrl: `${server.url}/3.0`,
        credentials: { apiKey: 'key-us1' },
        settings: mailchimp.settings.parse({ audiences: [audience] }),
      },
      behind(createWire({ gate: memoryGate({ connections: 8, lostMs: 50 }), deadlineMs: 5000 })),
    );
    return { ...connector, manifest: { ...connector.manifest, deadlineSeconds: 1 } };
  };
  needs.connectors['newsletter'] = connect();
  for (let n = 0; n < people; n++) {
    const { givenName, familyName, email } = personOf(n);
    vendor.seedMember(audience, { email, FNAME: givenName, LNAME: familyName });
    world.register.put(String(n), { person: personOf(n), ...granted });
  }
  await pollRegister(needs, 'crm');
  await linkRecipient(needs, 'newsletter', true, 'test');

  const dutyOf = async (n: number): Promise<DutyRow | undefined> => {
    const [subject] = await subjectsByIdentifier(needs.db, 'email', needs.vault.hash('email', personOf(n).email));
    return (await dutiesOf(needs.db, subject?.id ?? '')).find((d) => d.recipient === 'newsletter');
  };
  /** As the queue's workers do it: eight at once, until everybody is at rest. */
  const drive = async (as: Needs = needs) => {
    const worker = randomUUID();
    for (const end = performance.now() + 120_000; performance.now() < end; ) {
      for (const system of ['crm', 'partner'])
        for (const { id } of await due(needs.db, system, 500, false)) await converge(needs, worker, id);
      const woken = await due(needs.db, 'newsletter', 500, true);
      const line = woken.values();
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (const { id } of line) await convergeTogether(as, worker, id);
        }),
      );
      const restless = await rows(
        needs.db,
        sql`SELECT FROM duty WHERE recipient = 'newsletter' AND state NOT IN ('settled', 'dead')`,
      );
      if (restless.length === 0) return;
      await pause(100);
    }
    throw new Error('somebody does not come to rest');
  };
  await drive();
  // forgets that the first contact gave nothing to take together
  needs.connectors['newsletter'] = connect();
  const truth = (n: number) => {
    const member = vendor.member(audience, personOf(n).email);
    return (member?.['merge_fields'] as { LNAME: string } | undefined)?.LNAME;
  };
  /** Everybody marries on one day. */
  const rename = async (to: (n: number) => string) => {
    for (let n = 0; n < people; n++) world.register.put(String(n), { person: personOf(n, to(n)) });
    await pollRegister(needs, 'crm');
  };
  const mark = server.log.length;
  return {
    databaseUrl: runtime.databaseUrl,
    needs,
    vendor,
    server,
    connect,
    drive,
    dutyOf,
    truth,
    rename,
    asked: () => server.log.slice(mark),
    /** Each correction that was sent, alone or in a batch. */
    patches: () =>
      vendor.writes.flatMap(({ method, path, body }) =>
        path === '/3.0/batches'
          ? (JSON.parse(body) as { operations: { method: string; path: string }[] }).operations.flatMap((o) =>
              o.method === 'PATCH' ? [o.path] : [],
            )
          : method === 'PATCH'
            ? [path.replace('/3.0', '').replace(/\?.*/, '')]
            : [],
      ),
    batches: () => vendor.writes.filter(({ path }) => path === '/3.0/batches').length,
  };
}
type Crowd = Awaited<ReturnType<typeof crowd>>;

async function resync(c: Crowd) {
  const { id } = await startResync(c.needs, 'newsletter', { dryRun: false, actor: 'test' });
  for (;;) {
    await driveRun(c.needs, id);
    const run = await runById(c.needs.db, id);
    if (run?.state !== 'running')
      return { run, calls: (run?.calls ?? 0) + (run ? (await progressOf(c.needs.db, run)).calls : 0) };
    if (run.phase === 'working') await c.drive();
    await pause(50);
  }
}

describe('many corrections of a recipient that takes them together', { timeout: 180_000 }, () => {
  it('of a resync go in one batch, read back in another, and each is on the record as its own', async () => {
    const c = await crowd(40);
    for (let n = 0; n < 40; n++)
      c.vendor.act?.({ do: 'editProfile', audience, email: personOf(n).email, merge: { LNAME: 'Muutettu' } });
    const { run, calls } = await resync(c);
    expect(run).toMatchObject({ state: 'finished', counts: { update: 40, orphans: 0 } });
    for (let n = 0; n < 40; n++) {
      expect(c.truth(n)).toBe(`Entinen${n}`);
      expect(await c.dutyOf(n)).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'observed' });
    }
    expect(c.patches()).toHaveLength(40);
    expect(c.batches()).toBe(2);
    // one by one it is two each; five pages were read besides
    expect(c.asked().length).toBeLessThan(5 + 40);
    expect(calls).toBe(c.asked().length);
  });

  it('of a burst go together, and what is told of each is the truth of the vendor, whatever becomes of the batch', async () => {
    const kinds: readonly FaultKind[] = [
      'commit-then-drop',
      'drop-before-commit',
      'html-502',
      'cut-body',
      'bare-403',
      'throttle',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...batchTroubles.filter((t) => t !== 'never-ends')),
        fc.array(
          fc.record({
            kind: fc.constantFrom(...kinds),
            path: fc.constantFrom('/batches', '/batches/', '/results/', '/members/'),
          }),
          {
            maxLength: 3,
          },
        ),
        fc.uniqueArray(fc.nat(54), { maxLength: 6 }),
        async (batchTrouble, faults, odd) => {
          const c = await crowd(55, { switches: { batchTrouble } });
          const whose = odd.map((n, i) => ({ n, how: i % 3 }));
          for (const { n, how } of whose) {
            const { email } = personOf(n);
            if (how === 0) c.vendor.archive(email, audience);
            else if (how === 1) c.vendor.clean(email);
            else c.vendor.unsubscribe(email);
          }
          await c.rename((n) => `Uusi${n}`);
          for (const fault of faults) c.server.fault({ ...fault, times: 1 });
          await c.drive();
          expect(c.batches()).toBeGreaterThan(0);
          for (let n = 0; n < 55; n++) {
            const duty = await c.dutyOf(n);
            const claim = duty?.outcome === 'refused' || duty?.outcome === 'excepted' ? `Entinen${n}` : `Uusi${n}`;
            expect([n, duty?.state, c.truth(n)]).toEqual([n, 'settled', claim]);
            const how = whose.find((w) => w.n === n)?.how;
            const standing = { 0: 'archived', 1: 'cleaned', 2: 'unsubscribed' }[how ?? -1] ?? 'subscribed';
            expect(c.vendor.member(audience, personOf(n).email)?.['status']).toBe(standing);
          }
        },
      ),
      { numRuns: Number(process.env['KAIKU_RUNS'] ?? 3), seed: Number(process.env['KAIKU_SEED'] ?? 20_261_125) },
    );
  });

  it('are read before anything is sent again when the answer to the batch was lost, and only what failed is sent again', async () => {
    const c = await crowd(55);
    await c.rename((n) => `Uusi${n}`);
    // the first batch reads, the second writes
    c.server.fault({ kind: 'commit-then-drop', path: '/batches', method: 'POST', times: 2 });
    await c.drive();
    for (let n = 0; n < 55; n++) expect(c.truth(n)).toBe(`Uusi${n}`);
    const twice = c.patches().length - new Set(c.patches()).size;
    expect(twice).toBe(0);
  });

  it('stop for an erasure: the batch is taken back, the person goes first, and nobody is left wrong', async () => {
    const c = await crowd(55, { switches: { batchTrouble: 'never-ends' } });
    await c.rename((n) => `Uusi${n}`);
    const work = c.drive();
    await expect.poll(() => c.batches(), { timeout: 60_000 }).toBe(1);
    const id = (await c.dutyOf(7))?.subject ?? '';
    const { id: caseId } = await openErasureCase(c.needs, {
      subject: id,
      source: 'cli',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
      fields: personOf(7),
    });
    await approveCase(c.needs, caseId, 'test');
    c.vendor.switches.batchTrouble = 'none';
    await expect.poll(() => c.vendor.member(audience, personOf(7).email), { timeout: 60_000 }).toBeUndefined();
    await work;
    expect(c.asked().filter(({ method, path }) => method === 'DELETE' && path.includes('/batches/'))).toHaveLength(1);
    const gone = (await dutiesOf(c.needs.db, id)).find((d) => d.recipient === 'newsletter');
    expect(gone).toMatchObject({ outcome: 'erased' });
    expect(c.vendor.members(audience)).toHaveLength(54);
    for (let n = 0; n < 55; n++) if (n !== 7) expect(c.truth(n)).toBe(`Uusi${n}`);
  });

  it('that a killed process left running are stopped by its successors before they write', async () => {
    const c = await crowd(55, { switches: { batchTrouble: 'never-ends' } });
    await c.rename((n) => `Uusi${n}`);
    const victim = await openDatabase(c.databaseUrl, { max: 4 });
    let killed = false;
    const dead = () => new Promise<never>(() => {});
    const connector = c.connect((wire) => (request, call) => (killed ? dead() : wire(request, call)));
    const connectors = { ...c.needs.connectors, newsletter: connector };
    const first = (await c.dutyOf(0))?.id ?? '';
    void convergeTogether({ ...c.needs, db: victim.db, connectors }, randomUUID(), first).catch(() => {});
    await expect.poll(async () => (await c.dutyOf(0))?.next, { timeout: 60_000 }).toMatch(/^withdraw /);
    killed = true;
    await victim.close();
    c.vendor.switches.batchTrouble = 'none';
    await c.drive();
    const log = c.asked();
    const stopped = log.findIndex(({ method, path }) => method === 'DELETE' && path.includes('/batches/'));
    const wrote = log.findIndex(({ method }) => method === 'PATCH');
    expect(stopped).toBeGreaterThanOrEqual(0);
    expect(wrote === -1 || wrote > stopped).toBe(true);
    for (let n = 0; n < 55; n++) {
      expect(c.truth(n)).toBe(`Uusi${n}`);
      expect(await c.dutyOf(n)).toMatchObject({ state: 'settled', outcome: 'updated' });
    }
  });

  it('that are few, or an objection, or at a system that was silent just now, go one by one', async () => {
    const c = await crowd(30);
    await c.rename((n) => `Uusi${n}`);
    expect((await c.dutyOf(0))?.lane).toBe(lanes.correction);
    await c.drive();
    expect(c.batches()).toBe(0);
    for (let n = 0; n < 30; n++) expect(c.truth(n)).toBe(`Uusi${n}`);
  });
});
