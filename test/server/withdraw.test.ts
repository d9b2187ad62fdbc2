import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { withdrawErasure } from '../../src/jobs/withdraw-erasure.ts';
import { rows } from '../../src/store/database.ts';
import { takeLease } from '../../src/store/duties.ts';
import { aino as person } from '../jobs/world.ts';
import { browserOf } from './console-dpo.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Case {
  id: string;
  state: string;
  decision?: { decision: string; reason?: string };
  duties: { system: string; state: string; outcome: string | null; reason?: string }[];
}

let hub: TestHub;
let aino: string;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  aino = await linkedAino(hub);
  return () => hub.close();
});

const caseNow = async (id: string) => (await hub.ask('GET', `/cases/${id}`)).json<Case>();
const why = 'Aino Virtanen soitti ja haluaa pysyä asiakkaana.';
const withdraw = (id: string, as: Parameters<TestHub['ask']>[3] = 'decision-maker', reason: string = why) =>
  hub.ask('POST', `/cases/${id}/withdraw`, { reason }, as);
const approved = async () => {
  const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: aino })).json<{ id: string }>();
  await hub.settle();
  expect((await hub.ask('POST', `/cases/${id}/approve`)).status).toBe(200);
  return id;
};
const tombstones = () => rows(hub.needs.db, sql`SELECT 1 FROM tombstone`);

describe('an approved erasure that is withdrawn', () => {
  it('lets what waits for its undo window stay, asks people no more, and lets corrections go on', async () => {
    const options = hub.needs.config.systems['newsletter']?.recipient;
    if (!options) throw new Error('no newsletter');
    options.undoHours = 72;
    const id = await approved();
    await hub.settle();
    expect((await caseNow(id)).duties.find((d) => d.system === 'newsletter')).toMatchObject({
      state: 'waiting',
      reason: 'undo-window',
    });
    expect((await tombstones()).length).toBeGreaterThan(0);
    expect((await withdraw(id)).status).toBe(200);
    await hub.settle();
    const after = await caseNow(id);
    expect([after.state, after.decision]).toMatchObject(['refused', { decision: 'withdrawn', reason: why }]);
    expect(after.duties.find((d) => d.system === 'newsletter')).toMatchObject({ state: 'settled', outcome: 'restricted' });
    expect(await tombstones()).toEqual([]);
    const asked = (await hub.ask('GET', '/tasks')).json<{ ask: string; outcome?: string }[]>();
    expect(asked.filter((task) => task.ask === 'erase' && !task.outcome)).toEqual([]);
    // the hub's own clock long after the window: nobody erases
    await hub.ask('POST', '/test/clock', { advance: 'P30D' }, 'admin');
    await hub.settle();
    expect((await hub.ask('GET', `/subjects/${aino}`)).json()).toMatchObject({ state: 'active' });
    hub.register.put('1', { person: { ...person, familyName: 'Lahtinen' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    await hub.settle();
    expect((await hub.ask('GET', `/subjects/${aino}`)).json<{ version: number }>().version).toBeGreaterThan(1);
  });

  it('leaves in the journal outside the database that it counts no more', async () => {
    const id = await approved();
    await withdraw(id);
    const entries = (await hub.needs.journal.read()).filter((e) => e.case === id);
    expect(entries.map((e) => e.withdrawn ?? false)).toEqual([false, true]);
    expect(entries[0]?.tombstones.length).toBeGreaterThan(0);
  });

  it('stands in the journal again where the database did not take the withdrawal', async () => {
    const id = await approved();
    const { append } = hub.needs.journal;
    hub.needs.journal.append = async (entry) => {
      await append(entry);
      // written, and not known to be
      if (entry.withdrawn) throw new Error('the disk is gone');
    };
    await expect(withdrawErasure(hub.needs, id, 'somebody', why)).rejects.toThrow('the disk is gone');
    hub.needs.journal.append = append;
    expect((await caseNow(id)).state).toBe('running');
    const entries = (await hub.needs.journal.read()).filter((e) => e.case === id);
    expect(entries.map((e) => e.withdrawn ?? false)).toEqual([false, true, false]);
    expect(entries[2]?.tombstones).toEqual(expect.arrayContaining(entries[0]?.tombstones ?? []));
    expect((await tombstones()).length).toBeGreaterThan(0);
  });

  it('is refused while a system is at work, after the register has erased, twice, and to whoever does not decide', async () => {
    const id = await approved();
    const [duty] = await rows(
      hub.needs.db,
      sql<{ id: string }>`SELECT id FROM duty WHERE subject = ${aino} AND recipient = 'newsletter'`,
    );
    expect(await takeLease(hub.needs.db, duty?.id ?? '', crypto.randomUUID(), 30)).not.toBeNull();
    const busy = await withdraw(id);
    expect([busy.status, busy.json()]).toMatchObject([409, { code: 'withdraw-at-work' }]);
    expect((await withdraw(id, 'dpo')).status).toBe(403);
    expect((await withdraw(id, 'decision-maker', ' ')).status).toBe(400);
    expect((await caseNow(id)).state).toBe('running');
  });

  it('is refused when the register has erased the person', async () => {
    const id = await approved();
    await hub.settle();
    await hub.ask('POST', '/test/clock', { advance: 'P30D' }, 'admin');
    await hub.settle();
    const late = await withdraw(id);
    expect([late.status, late.json()]).toMatchObject([409, { code: 'withdraw-too-late' }]);
  });

  it('is answered by a letter that says so, and offered on the page to whoever decides', async () => {
    const id = await approved();
    const browser = browserOf(hub);
    expect((await browser.open(`/cases/${id}`, 'decision-maker', 'fi')).words).toContain('Poistoa ei pidä jatkaa');
    expect((await browser.open(`/cases/${id}`, 'dpo', 'fi')).words).not.toContain('Poistoa ei pidä jatkaa');
    await browser.send(`/cases/${id}/withdraw`, { reason: why }, 'decision-maker');
    const made = await hub.ask('POST', `/cases/${id}/letters`, { kind: 'answer', language: 'en' });
    expect(made.status).toBe(201);
    const letter = (await hub.ask('GET', `/cases/${id}/letters/${made.json<{ id: string }>().id}`)).json<{
      result: string;
      paragraphs: { text: string; code: string }[][];
    }>();
    expect(letter.result).toBe('refused');
    expect(letter.paragraphs.flat().map((s) => s.code)).toEqual(expect.arrayContaining(['withdrawn', 'quoted', 'complaint']));
  });
});
