import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { advanceAll } from '../../src/jobs/schedule.ts';
import { changes, rows } from '../../src/store/database.ts';
import { raise, takeLease } from '../../src/store/duties.ts';
import { aino as person } from '../jobs/world.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Duty {
  system: string;
  state: string;
  outcome: string | null;
  evidence: string;
  reason?: string;
}
interface Case {
  id: string;
  state: string;
  duties: Duty[];
  exceptions?: { system: string; ground: string; by: string }[];
}

let hub: TestHub;
let aino: string;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  aino = await linkedAino(hub);
  return () => hub.close();
});

const caseNow = async (id: string) => (await hub.ask('GET', `/cases/${id}`)).json<Case>();
const dutyAt = async (id: string, system: string) => (await caseNow(id)).duties.find((d) => d.system === system);
const running = async (type: string) => {
  const { id } = (await hub.ask('POST', '/cases', { type, subject: aino })).json<{ id: string }>();
  await hub.ask('POST', `/cases/${id}/approve`);
  await hub.settle();
  return id;
};
/** Somebody corrects the register, which is then read; tries at it come seconds apart. */
const corrected = async (familyName: string) => {
  hub.register.put('1', { person: { ...person, familyName }, ...granted });
  await pollRegister(hub.needs, 'crm');
  await changes(hub.needs.db, sql`UPDATE cursor SET saved_at = '-infinity' WHERE object LIKE 'turn:correct:%'`);
  await advanceAll(hub.needs);
  await hub.settle();
};
const why = 'Yritys on purettu, eikä kukaan vastaa Aino Virtasen tiedoista.';
const except = (id: string, over: Record<string, unknown> = {}, as: Parameters<TestHub['ask']>[3] = 'decision-maker') =>
  hub.ask('POST', `/cases/${id}/except`, { system: 'partner', ground: 'impossible', reason: why, ...over }, as);

describe('a recipient that is not told (Art. 19)', () => {
  it('ends as excepted with no evidence; the erasure ends without it, and the letter says so', async () => {
    const id = await running('erasure');
    expect(await dutyAt(id, 'partner')).toMatchObject({ state: 'asked' });
    const said = await except(id);
    expect([said.status, said.json<Case>().exceptions]).toEqual([
      200,
      [{ system: 'partner', ground: 'impossible', by: expect.any(String), at: expect.any(String) }],
    ]);
    expect(await dutyAt(id, 'partner')).toMatchObject({
      state: 'settled',
      outcome: 'excepted',
      evidence: 'none',
      reason: 'impossible',
    });
    const tasks = (await hub.ask('GET', '/tasks')).json<{ system: string; outcome?: string }[]>();
    expect(tasks.filter((t) => t.system === 'partner' && !t.outcome)).toEqual([]);
    await advanceAll(hub.needs);
    await hub.settle();
    await advanceAll(hub.needs);
    expect((await caseNow(id)).state).toBe('closed');
    const letter = (await hub.ask('POST', `/cases/${id}/letters`, { kind: 'answer', language: 'en' })).json<{ id: string }>();
    const read = (await hub.ask('GET', `/cases/${id}/letters/${letter.id}`)).json<{ result: string }>();
    expect(read.result).toBe('partly');
    expect(JSON.stringify(read)).toContain('An exception was made for partner');
    // somebody's own words stay sealed
    for (const table of ['exception', 'audit_entry']) expect(await hub.dump(table)).not.toMatch(/purettu|Virtasen/);
    expect(await hub.dump('audit_entry')).toContain('duty.excepted');
  });

  it('stays so when the duty is looked at again, and is told again when a later correction comes', async () => {
    const asked = { fields: { familyName: 'Korhonen' } };
    const opened = (await hub.ask('POST', '/cases', { type: 'rectification', subject: aino, asked })).json<Case>();
    await hub.ask('POST', `/cases/${opened.id}/approve`);
    await corrected('Korhonen');
    expect(await dutyAt(opened.id, 'partner')).toMatchObject({ state: 'asked' });
    expect((await except(opened.id)).status).toBe(200);
    const again = () =>
      raise(hub.needs.db, { subject: aino, recipients: ['partner'], lane: 'correction', newId: hub.needs.newId });
    await again();
    await hub.settle();
    expect(await dutyAt(opened.id, 'partner')).toMatchObject({ state: 'settled', outcome: 'excepted' });
    await corrected('Mäkinen');
    expect(await dutyAt(opened.id, 'partner')).toMatchObject({ state: 'asked' });
  });

  it('forgets no write that may have left: whoever takes the duty again reads first', async () => {
    const id = await running('erasure');
    const [row] = await rows(
      hub.needs.db,
      sql<{ id: string }>`
      UPDATE duty SET state = 'unknown', next = 'withdraw batch-1' WHERE subject = ${aino} AND recipient = 'partner' RETURNING id`,
    );
    expect((await except(id)).status).toBe(200);
    await raise(hub.needs.db, { subject: aino, recipients: ['partner'], lane: 'erasure', newId: hub.needs.newId });
    const lease = await takeLease(hub.needs.db, row?.id ?? '', hub.needs.newId(), 5);
    expect([lease?.mustRead, lease?.duty.next]).toEqual([true, 'withdraw batch-1']);
  });

  it('is not what a legal hold keeps', async () => {
    const id = await running('erasure');
    await changes(
      hub.needs.db,
      sql`UPDATE duty SET state = 'held', reason = 'legal-hold' WHERE subject = ${aino} AND recipient = 'partner'`,
    );
    expect((await except(id)).json()['code']).toBe('except-nothing-owed');
  });

  it('is a decision maker’s, with a reason, for what is owed and for nothing else', async () => {
    const access = (await hub.ask('POST', '/cases', { type: 'access', subject: aino })).json<Case>();
    expect((await except(access.id)).json()['code']).toBe('except-not-running');
    const id = await running('erasure');
    expect((await except(id, {}, 'dpo')).status).toBe(403);
    expect((await except(id, { reason: '  ' })).status).toBe(400);
    expect((await except(id, { ground: 'tedious' })).status).toBe(400);
    expect((await except(id, { system: 'crm' })).json()['code']).toBe('except-no-recipient');
    expect((await except(id, { system: 'nobody' })).json()['code']).toBe('except-no-recipient');
    expect((await except(id, { system: 'newsletter' })).json()['code']).toBe('except-nothing-owed');
    expect((await except(id)).status).toBe(200);
    // the last that was owed: the case is over by it
    expect((await except(id)).json()['code']).toBe('except-not-running');
  });
});
