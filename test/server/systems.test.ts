import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { aino } from '../jobs/world.ts';
import { granted, idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  return () => hub.close();
});

interface Run {
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
  });

  it('puts right what differs, through the same converge as every change', async () => {
    await linkedAino(hub);
    rowOf(aino.email).fields.givenName = 'Aina';
    const other = rowOf('other@sahko.test');
    const log = hub.newsletter.log.length;
    expect(await resync(false)).toMatchObject({ state: 'finished', counts: { update: 1, unchanged: 1 } });
    expect(hub.newsletter.log.slice(log)).toEqual([]);
    await hub.settle();
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

  it('that breaks off is told as failed, and the next one runs', async () => {
    await linkedAino(hub);
    const { list } = hub.newsletter;
    hub.newsletter.list = () => {
      throw new Failure('RECIPIENT_UNAVAILABLE');
    };
    expect((await hub.ask('POST', '/systems/newsletter/resync')).status).toBe(502);
    const [run] = JSON.parse(await hub.dump('run')) as { row: { id: string } }[];
    const told = (await hub.ask('GET', `/runs/${run?.row.id}`)).json<Run>();
    expect(told).toMatchObject({ state: 'failed', problem: 'RECIPIENT_UNAVAILABLE' });
    hub.newsletter.list = list;
    expect(await resync(false)).toMatchObject({ state: 'finished' });
  });
});

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
