import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { replayJournal } from '../../src/jobs/replay-journal.ts';
import { changes, rows } from '../../src/store/database.ts';
import { aino } from '../jobs/world.ts';
import { browserOf } from './console-dpo.ts';
import { granted, idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Held {
  id: string;
  kind: string;
  system: string;
  reason: string;
  verdicts: string[];
  row?: Record<string, string>;
}

let hub: TestHub;
let erased: string;
/** Aino is erased everywhere; her row is in the register again. */
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  erased = await linkedAino(hub);
  const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: erased })).json<{ id: string }>();
  await hub.ask('POST', `/cases/${id}/approve`);
  await hub.settle();
  await hub.ask('POST', '/test/clock', { advance: 'P30D' }, 'admin');
  await hub.settle();
  expect(await subjectState(erased)).toBe('erased');
  return () => hub.close();
});

const subjectState = async (id: string) => (await hub.ask('GET', `/subjects/${id}`)).json<{ state: string }>().state;
const back = async (id: string) => {
  hub.register.put(id, { person: { ...aino, email: aino.email.toUpperCase() }, ...granted });
  await pollRegister(hub.needs, 'crm');
  await hub.settle();
};
const held = async () => (await hub.ask('GET', '/held')).json<Held[]>().filter((h) => h.kind === 'rearrival');
const say = (id: string, verdict: string, as: Parameters<TestHub['ask']>[3] = 'decision-maker') =>
  hub.ask('POST', `/held/${id}/${verdict}`, undefined, as);
const members = () => [...hub.newsletter.rows.values()].filter((r) => r.fields.givenName === 'Aino');
const tombstones = async () => (await rows(hub.needs.db, sql`SELECT 1 FROM tombstone WHERE kind = 'email'`)).length;
const livingAino = () => idOf(hub, aino.email.toLowerCase());

describe.each([
  ['under another id', '77', 'tombstone'],
  ['as the same record', '1', 'same-record'],
])('an erased person who is in the register again %s', (_how, id, reason) => {
  it('is shown masked, and passed on to nobody before somebody decides', async () => {
    await back(id);
    const [one] = await held();
    expect(one).toMatchObject({ reason, verdicts: ['stale-copy', 'new-relationship'] });
    expect(JSON.stringify(one)).not.toMatch(/aino@|virtanen/i);
    expect(one?.row).toBeDefined();
    expect(members()).toEqual([]);
    expect((await say(one?.id ?? '', 'new-relationship', 'viewer')).status).toBe(403);
    expect((await say(one?.id ?? '', 'erase')).status).toBe(400);
  });

  it('is let in as somebody new by the verdict, with no past, and is held no more', async () => {
    await back(id);
    const [one] = await held();
    expect((await say(one?.id ?? '', 'new-relationship')).status).toBe(200);
    await hub.settle();
    const living = await livingAino();
    expect(living).not.toBe('');
    expect(living).not.toBe(erased);
    expect([await subjectState(living), await subjectState(erased)]).toEqual(['active', 'erased']);
    expect(members()).toHaveLength(1);
    expect(await held()).toEqual([]);
    expect(await tombstones()).toBe(0);
    await back(id);
    expect(await held()).toEqual([]);
    expect((await say(one?.id ?? '', 'new-relationship')).status).toBe(409);
  });

  it('is erased again by the verdict: in the register by a case, nowhere else written, and guarded anew', async () => {
    await back(id);
    const before = hub.newsletter.log.length;
    const [one] = await held();
    const said = await say(one?.id ?? '', 'stale-copy');
    expect([said.status, said.json()]).toMatchObject([200, { case: expect.any(String) }]);
    await hub.settle();
    await hub.ask('POST', '/test/clock', { advance: 'P30D' }, 'admin');
    await hub.settle();
    expect(hub.register.rows.has(id)).toBe(false);
    expect(members()).toEqual([]);
    expect(hub.newsletter.log.slice(before).filter((w) => w === 'create' || w === 'rectify')).toEqual([]);
    // people who were asked before are not asked about what they were never given
    const tasks = (await hub.ask('GET', '/tasks')).json<{ case?: string }[]>();
    expect(tasks.filter((t) => t.case === said.json<{ case: string }>().case)).toEqual([]);
    expect(await tombstones()).toBeGreaterThan(0);
    await back('78');
    expect(await held()).toHaveLength(1);
  });
});

describe('an erased person’s row at a recipient', () => {
  const found = async () => {
    const row = hub.newsletter.add({ givenName: 'Aino', email: aino.email.toUpperCase() });
    await linkRecipient(hub.needs, 'newsletter', true, 'test');
    const [one] = await held();
    expect(one).toMatchObject({ system: 'newsletter', reason: 'tombstone' });
    return { row, id: one?.id ?? '' };
  };

  it('is erased there again when it is a stale copy', async () => {
    const { row, id } = await found();
    expect((await say(id, 'stale-copy')).status).toBe(200);
    await hub.settle();
    expect(hub.newsletter.rows.has(row.id)).toBe(false);
  });

  it('is left alone when it is a new relationship', async () => {
    const { row, id } = await found();
    expect((await say(id, 'new-relationship')).status).toBe(200);
    await hub.settle();
    expect(hub.newsletter.rows.has(row.id)).toBe(true);
    await linkRecipient(hub.needs, 'newsletter', true, 'test');
    expect(await held()).toEqual([]);
  });

  it('needs no verdict when it is gone meanwhile', async () => {
    const { row, id } = await found();
    hub.newsletter.rows.delete(row.id);
    expect((await say(id, 'stale-copy')).json()).toMatchObject({ verdict: 'gone' });
  });

  it('is a question for people where nobody knows whose it is', async () => {
    const { id } = await found();
    await changes(hub.needs.db, sql`UPDATE held SET details = '{}' WHERE id = ${id}`);
    expect((await say(id, 'stale-copy')).json()).toMatchObject({ code: 'rearrival-whose-unknown' });
    expect(await held()).toHaveLength(1);
  });
});

it('the page tells what each verdict does, in each language, and carries it out', async () => {
  await back('77');
  const browser = browserOf(hub);
  expect((await browser.open('/held', 'decision-maker', 'fi')).words).toContain('Uusi suhde: päästä sisään');
  expect((await browser.open('/held', 'decision-maker', 'sv')).words).toContain('En gammal kopia: radera igen');
  const [one] = await held();
  const sent = await browser.send(`/held/${one?.id}/stale-copy`, {}, 'decision-maker');
  expect(sent.to).toMatch(/^\/cases\//);
});

describe('an address that the register changes while the erasure runs', () => {
  const moved = 'toinen+uusi@sahko.test';
  /** Another person's erasure: approved, then changed in the register before it is carried out. */
  const changedMeanwhile = async () => {
    const person = { givenName: 'Impi', familyName: 'Lahtinen', email: 'impi@sahko.test' };
    hub.register.put('50', { person, ...granted });
    await pollRegister(hub.needs, 'crm');
    await hub.settle();
    const subject = await idOf(hub, person.email);
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>();
    await hub.ask('POST', `/cases/${id}/approve`);
    hub.register.put('50', { person: { ...person, email: moved } });
    await pollRegister(hub.needs, 'crm');
    await hub.settle();
    await hub.ask('POST', '/test/clock', { advance: 'P30D' }, 'admin');
    await hub.settle();
    expect(await subjectState(subject)).toBe('erased');
    return id;
  };

  it('brings nobody back either, in no spelling', async () => {
    await changedMeanwhile();
    hub.register.put('51', { person: { givenName: 'Impi', email: 'TOINEN@sahko.test' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    expect(await held()).toMatchObject([{ reason: 'tombstone' }]);
  });

  it('is guarded after a restore too: the journal says both', async () => {
    const id = await changedMeanwhile();
    const entries = (await hub.needs.journal.read()).filter((e) => e.case === id);
    expect(entries.length).toBeGreaterThan(1);
    // a database that never knew her: the journal alone is left
    const elsewhere = { case: crypto.randomUUID(), subject: crypto.randomUUID() };
    for (const entry of entries) Object.assign(entry, elsewhere);
    await changes(hub.needs.db, sql`DELETE FROM tombstone`);
    expect(await replayJournal(hub.needs)).toMatchObject({ erased: 0 });
    for (const [n, email] of ['impi@sahko.test', moved].entries()) {
      hub.register.put(String(60 + n), { person: { givenName: 'Impi', email }, ...granted });
      await pollRegister(hub.needs, 'crm');
      expect(await held()).toHaveLength(n + 1);
    }
  });
});
