import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { driveRun, startResync } from '../../src/jobs/resync.ts';
import { takeRun } from '../../src/store/runs.ts';
import { aino } from '../jobs/world.ts';
import { granted, idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  return () => hub.close();
});

interface Run extends Record<string, unknown> {
  run: string;
  state: string;
  counts: Record<string, number>;
  problem?: string;
}
const resync = async (dryRun: boolean) => (await hub.ask('POST', '/systems/newsletter/resync', { dryRun })).json<Run>();
const rowOf = (email: string) => {
  const row = [...hub.newsletter.rows.values()].find((r) => r.fields.email === email);
  if (!row) throw new Error('the newsletter has no such row');
  return row;
};

describe('systems', () => {
  it('are listed with first contact, duties and what their connector claims', async () => {
    hub.newsletter.add({ email: aino.email });
    hub.register.put('1', { person: aino, ...granted });
    await pollRegister(hub.needs, 'crm');
    await hub.settle();
    const before = (await hub.ask('GET', '/systems', undefined, 'viewer')).json<Record<string, unknown>[]>();
    expect(before.map((s) => [s['system'], s['linked'], s['duties']])).toEqual([
      ['crm', true, {}],
      ['newsletter', false, { held: 1 }],
      ['partner', true, { settled: 1 }],
    ]);
    await linkRecipient(hub.needs, 'newsletter', true, 'test');
    await hub.settle();
    const [, after] = (await hub.ask('GET', '/systems')).json<Record<string, unknown>[]>();
    expect(after).toMatchObject({ linked: true, duties: { settled: 1 }, roles: ['recipient'], manifest: { deadlineSeconds: 2 } });
  });

  it('are linked by a preview that writes nothing, then for good', async () => {
    hub.newsletter.add({ email: aino.email });
    hub.newsletter.add({ email: 'stranger@sahko.test' });
    hub.register.put('1', { person: aino, ...granted });
    await pollRegister(hub.needs, 'crm');
    const counts = { system: 'newsletter', read: 2, linked: 1, ambiguous: 0, shared: 0, orphans: 1, alreadyLinked: 0 };
    expect((await hub.ask('POST', '/systems/newsletter/link', { apply: false })).json()).toEqual(counts);
    expect(
      JSON.parse(await hub.dump('record')).filter((r: { row: { recipient: string } }) => r.row.recipient === 'newsletter'),
    ).toEqual([]);
    expect((await hub.ask('POST', '/systems/newsletter/link', { apply: true })).json()).toEqual(counts);
    const again = await hub.ask('POST', '/systems/newsletter/link', { apply: true });
    expect(again.json()).toMatchObject({ linked: 0, alreadyLinked: 1 });
  });

  it('are not linked or resynced where people answer', async () => {
    for (const verb of ['link', 'resync']) {
      expect((await hub.ask('POST', `/systems/partner/${verb}`)).status).toBe(400);
    }
  });
});

describe('a check', () => {
  it('pauses a system that lacks a right, and lets it go on when the right is there', async () => {
    const connector = hub.needs.connectors['newsletter'];
    if (!connector) throw new Error('the world has no newsletter');
    connector.check = async () => [{ right: 'members: write', ok: false, problem: 'give the key that right' }];
    const answer = await hub.ask('POST', '/systems/newsletter/check');
    expect(answer.json()).toMatchObject({ system: 'newsletter', ok: false, problem: 'give the key that right' });
    const paused = async () =>
      (await hub.ask('GET', '/systems')).json<Record<string, unknown>[]>().find((s) => s['system'] === 'newsletter')?.['paused'];
    expect(await paused()).toBe('RIGHT_MISSING');
    connector.check = async () => [{ right: 'members: write', ok: null, problem: 'provable only by writing' }];
    expect((await hub.ask('POST', '/systems/newsletter/check')).json()).toMatchObject({ ok: true });
    expect(await paused()).toBeUndefined();
  });

  it('says 502 for a system that is not there', async () => {
    const connector = hub.needs.connectors['newsletter'];
    if (!connector) throw new Error('the world has no newsletter');
    connector.check = async () => {
      throw new Failure('RECIPIENT_UNREACHABLE');
    };
    const answer = await hub.ask('POST', '/systems/newsletter/check');
    expect(answer.json()).toMatchObject({ status: 502, code: 'RECIPIENT_UNREACHABLE' });
  });
});

describe('a resync', () => {
  it('previews what differs without writing there or here', async () => {
    await linkedAino(hub);
    hub.newsletter.add({ email: 'stranger@sahko.test' });
    rowOf(aino.email).fields.givenName = 'Aina';
    const log = hub.newsletter.log.length;
    const before = [await hub.dump('record'), await hub.dump('duty')];
    const run = await resync(true);
    expect(run).toMatchObject({ state: 'previewed', counts: { update: 1, unchanged: 1, orphans: 1, create: 0, erase: 0 } });
    expect([await hub.dump('record'), await hub.dump('duty')]).toEqual(before);
    expect(hub.newsletter.log.slice(log)).toEqual([]);
    expect((await hub.ask('GET', `/runs/${run.run}`)).json()).toEqual(run);
    expect(run).toMatchObject({
      expected: { calls: 4 },
      samples: { changed: [{ fields: ['givenName'] }], orphans: [{ email: 's…r@s…o.test' }] },
    });
  });

  it('puts right what differs, through the same converge as every change', async () => {
    await linkedAino(hub);
    rowOf(aino.email).fields.givenName = 'Aina';
    const other = rowOf('other@sahko.test');
    const log = hub.newsletter.log.length;
    const run = await resync(false);
    expect(run).toMatchObject({
      state: 'running',
      phase: 'working',
      counts: { update: 1, unchanged: 1 },
      progress: { total: 1, done: 0 },
    });
    expect(hub.newsletter.log.slice(log)).toEqual([]);
    expect(await ended(run.run, () => hub.settle())).toMatchObject({
      state: 'finished',
      calls: 3,
      progress: { total: 1, done: 1 },
    });
    expect(rowOf(aino.email).fields.givenName).toBe('Aino');
    expect(hub.newsletter.log.slice(log).filter((verb) => verb === 'rectify')).toHaveLength(1);
    expect(other.fields).toEqual({ givenName: 'Other', email: 'other@sahko.test' });
  });

  it('sees in its preview too that somebody who refused is in use again', async () => {
    await linkedAino(hub);
    hub.register.put('1', { refused: { newsletter: true }, granted: { newsletter: false } });
    await pollRegister(hub.needs, 'crm');
    await hub.settle();
    expect(rowOf(aino.email).standing).toBe('restricted');
    rowOf(aino.email).standing = 'active';
    expect((await resync(true)).counts).toMatchObject({ restrict: 1 });
    expect((await resync(false)).counts).toMatchObject({ restrict: 1 });
    await hub.settle();
    expect(rowOf(aino.email).standing).toBe('restricted');
  });

  it('brings nobody back who was erased', async () => {
    await linkedAino(hub);
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: await idOf(hub, aino.email) })).json<{
      id: string;
    }>();
    await hub.ask('POST', `/cases/${id}/approve`);
    await hub.settle();
    expect((await resync(false)).counts).toMatchObject({ create: 0, update: 0 });
    await hub.settle();
    expect([...hub.newsletter.rows.values()].map((r) => r.fields.email)).toEqual(['other@sahko.test']);
  });

  it('waits when the system fails in the middle, and goes on by itself', async () => {
    await linkedAino(hub);
    const { list } = hub.newsletter;
    hub.newsletter.list = () => {
      throw new Failure('RECIPIENT_UNAVAILABLE');
    };
    const run = await resync(false);
    expect(run).toMatchObject({ state: 'running', phase: 'reading', problem: 'RECIPIENT_UNAVAILABLE' });
    expect((await hub.ask('POST', '/systems/newsletter/resync')).status).toBe(409);
    hub.newsletter.list = list;
    expect(await ended(run.run)).toMatchObject({ state: 'finished' });
  });

  it('fails at once in a preview, where somebody waits for the answer', async () => {
    await linkedAino(hub);
    hub.newsletter.list = () => {
      throw new Failure('RECIPIENT_UNAVAILABLE');
    };
    expect((await hub.ask('POST', '/systems/newsletter/resync', { dryRun: true })).status).toBe(502);
    const [run] = JSON.parse(await hub.dump('run')) as { row: { id: string } }[];
    expect((await hub.ask('GET', `/runs/${run?.row.id}`)).json()).toMatchObject({
      state: 'failed',
      problem: 'RECIPIENT_UNAVAILABLE',
    });
  });

  it('is paused, goes on, is slowed down and is stopped', async () => {
    await linkedAino(hub);
    for (const email of [aino.email, 'other@sahko.test']) rowOf(email).fields.givenName = 'Aina';
    const run = await resync(false);
    const steer = (verb: string, body?: unknown) => hub.ask('POST', `/runs/${run.run}/${verb}`, body);
    expect((await steer('pause')).json()).toMatchObject({ state: 'paused' });
    expect(await driveRun(hub.needs)).toBe(false);
    expect((await steer('pause')).status).toBe(409);
    expect((await steer('throttle', { perSecond: 2 })).json()).toMatchObject({ throttle: 2 });
    expect((await steer('resume')).json()).toMatchObject({ state: 'running' });
    expect((await steer('stop')).json()).toMatchObject({ state: 'stopped' });
    expect((await steer('resume')).status).toBe(409);
    expect((await steer('sit')).status).toBe(400);
  });

  it('goes on where another process fell: whom it compared is not compared again, and nobody is left out', async () => {
    await linkedAino(hub);
    for (const email of [aino.email, 'other@sahko.test']) rowOf(email).fields.givenName = 'Aina';
    const { id } = await startResync(hub.needs, 'newsletter', { dryRun: false, actor: 'test' });
    await driveRun(hub.needs);
    // a process that took the run and never came back
    expect(await takeRun(hub.needs.db, id)).toMatchObject({ phase: 'comparing' });
    expect(await driveRun(hub.needs)).toBe(false);
    expect(await ended(id, () => hub.settle())).toMatchObject({
      state: 'finished',
      counts: { update: 2 },
      progress: { done: 2 },
    });
    expect(rowOf(aino.email).fields.givenName).toBe('Aino');
  });

  it('looks for a row that no page showed before it says anything of it, and never makes another', async () => {
    await linkedAino(hub);
    const gone = rowOf(aino.email);
    hub.newsletter.rows.delete(gone.id);
    const run = await resync(false);
    expect(run.counts).toMatchObject({ relink: 1 });
    expect(await ended(run.run, () => hub.settle())).toMatchObject({ state: 'finished' });
    const { duties } = (await hub.ask('GET', `/subjects/${await idOf(hub, aino.email)}`)).json<{
      duties: { system: string }[];
    }>();
    expect(duties.find((d) => d.system === 'newsletter')).toMatchObject({
      state: 'settled',
      outcome: 'absent',
      evidence: 'observed',
    });
    expect([...hub.newsletter.rows.values()].map((r) => r.fields.email)).toEqual(['other@sahko.test']);
  });
});

/** Drives a run to its end, as the clockwork would; `work` is what the workers do meanwhile. */
async function ended(id: string, work: () => Promise<void> = async () => {}) {
  for (let i = 0; i < 100; i++) {
    await work();
    await driveRun(hub.needs);
    const run = (await hub.ask('GET', `/runs/${id}`)).json<Run>();
    if (run.state !== 'running') return run;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the run did not end');
}

describe('the hub itself', () => {
  it('is live, and ready while the database, the clocks and the keys are right', async () => {
    const live = await hub.raw({ method: 'GET', url: '/health/live' });
    expect(live.json()).toEqual({ live: true, instance: hub.needs.instance });
    const ready = await hub.raw({ method: 'GET', url: '/health/ready' });
    expect(ready.json()).toEqual({ ready: true, checks: { database: true, clocks: true, keys: true } });
  });

  it('counts duties by system and state, without a person', async () => {
    await linkedAino(hub);
    const { text } = await hub.raw({ method: 'GET', url: '/metrics' });
    expect(text).toContain('kaiku_duties{system="newsletter",state="settled"} 2');
    expect(text).not.toMatch(/aino|@/i);
  });

  it('says what it stands on', async () => {
    const facts = (await hub.ask('GET', '/doctor')).json<Record<string, unknown>>();
    expect(facts).toMatchObject({
      instance: hub.needs.instance,
      node: process.versions.node,
      systems: ['crm', 'newsletter', 'partner'],
    });
    expect(facts['database']).toMatch(/^\d+/);
  });

  it('moves its clock for law only, and writes that down', async () => {
    const moved = (await hub.ask('POST', '/test/clock', { advance: 'P30D' })).json<{ now: string }>();
    const days = (new Date(moved.now).getTime() - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
    await linkedAino(hub);
    const found = await hub.ask('POST', '/cases', { type: 'erasure', subject: await idOf(hub, aino.email) });
    const { receivedAt } = found.json<{ receivedAt: string }>();
    expect(new Date(receivedAt).getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    await hub.ask('GET', '/audit/checkpoint');
    expect((await hub.ask('GET', '/audit/entries')).text).toContain('clock.moved');
  });
});
