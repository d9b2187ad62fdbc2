import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { envelopeFields } from '../../src/jobs/erasure.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import { caseById } from '../../src/store/cases.ts';
import { aino } from '../jobs/world.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await openTestHub();
  return () => hub.close();
});

interface Duty {
  system: string;
  state: string;
  outcome: string | null;
  evidence: string;
}
interface Case {
  id: string;
  type: string;
  state: string;
  subject: string;
  deadline: { date: string; working: string[] };
  plan: { system: string; step: string }[];
  decision?: { by: string; reason?: string };
  duties?: Duty[];
}
interface Task {
  id: string;
  system: string;
  subject: string;
  ask: string;
  outcome?: string;
  identifiers?: Record<string, unknown>;
}

const open = async (id: string) => (await hub.ask('POST', '/cases', { type: 'erasure', subject: id })).json<Case>();
const firstTask = async (): Promise<Task> => {
  const [task] = (await hub.ask('GET', '/tasks')).json<Task[]>();
  if (!task) throw new Error('nobody was asked');
  return task;
};
/** Aino's erasure, approved, as far as machines take it. */
async function erased(): Promise<{ id: string; found: Case }> {
  const id = await linkedAino(hub);
  const found = await open(id);
  await hub.ask('POST', `/cases/${found.id}/approve`);
  await hub.settle();
  return { id, found };
}

describe('finding people', () => {
  it('finds by address, phone, customer number and a row of a system, however they are spelled', async () => {
    const id = await linkedAino(hub);
    const row = [...hub.newsletter.rows.values()].find((r) => r.fields.email === aino.email);
    for (const query of [
      'email=%20AINO%40Sahko.Test',
      'phone=040%20123%204567',
      'customerNumber=a-1',
      `system=newsletter&remoteId=${row?.id}`,
      'system=crm&remoteId=1',
    ]) {
      expect((await hub.ask('GET', `/subjects?${query}`)).json(), query).toEqual([
        { id, role: 'customer', register: 'crm', state: 'active' },
      ]);
    }
    expect((await hub.ask('GET', '/subjects?email=nobody%40sahko.test')).json()).toEqual([]);
  });

  it('shows what every system owes a person and was given, and no value of theirs', async () => {
    const id = await linkedAino(hub);
    const answer = await hub.ask('GET', `/subjects/${id}`);
    expect(answer.json()).toMatchObject({
      id,
      role: 'customer',
      register: 'crm',
      state: 'active',
      registerRecords: [{ register: 'crm', place: 'contact', state: 'present' }],
      version: 1,
      cases: [],
    });
    expect(answer.json<{ duties: Duty[] }>().duties).toContainEqual(
      expect.objectContaining({ system: 'newsletter', state: 'settled', outcome: 'unchanged', owner: 'marketing' }),
    );
    // with its quotes: an id may well hold «a-1»
    expect(answer.text).not.toMatch(/aino|virtanen|\+35840123|"A-1"/i);
  });

  it('is in no log, however the question ends', async () => {
    await linkedAino(hub);
    await hub.ask('GET', '/subjects?email=aino%40sahko.test&phone=%2B358401234567');
    await hub.ask('GET', '/subjects?email=aino');
    await hub.ask('GET', '/subjects?email=aino%40sahko.test', undefined, 'nobody');
    await hub.ask('POST', '/cases', { type: 'erasure', email: 'aino@sahko.test', note: 'Aino Virtanen called' });
    expect(hub.logged()).toContain('"route":"/api/v1/subjects"');
    expect(hub.logged()).not.toMatch(/aino|sahko|40123|virtanen/i);
  });
});

describe('a case', () => {
  it('opens with its plan by address, restricts at once and erases nothing', async () => {
    const id = await linkedAino(hub);
    const answer = await hub.ask('POST', '/cases', {
      type: 'erasure',
      email: 'Aino@sahko.test',
      channel: 'mail',
      receivedAt: '2026-05-31T09:00:00Z',
    });
    expect(answer.status).toBe(201);
    const found = answer.json<Case>();
    expect(found).toMatchObject({ type: 'erasure', state: 'planned', subject: id, deadline: { date: '2026-06-30' } });
    expect(found.deadline.working).toContain('one month ends 2026-06-30, the last day of the month (Art. 3(2)(c))');
    expect(found.plan.map((p) => [p.system, p.step])).toEqual([
      ['newsletter', 'erase'],
      ['partner', 'ask'],
      ['crm', 'erase'],
    ]);
    await hub.settle();
    expect([...hub.newsletter.rows.values()].map((r) => r.standing)).toEqual(['restricted', 'active']);
    expect(hub.register.rows.size).toBe(2);
  });

  it('joins the open case of the same person', async () => {
    const id = await linkedAino(hub);
    const first = await open(id);
    const second = await hub.ask('POST', '/cases', { type: 'erasure', subject: id });
    expect([second.status, second.json<Case>().id]).toEqual([200, first.id]);
  });

  it('asks which of several people is meant, by their ids', async () => {
    hub.register.put('1', { person: aino, ...granted });
    hub.register.put('2', { person: { ...aino, givenName: 'Onni', customerNumber: 'A-2' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    const answer = await hub.ask('POST', '/cases', { type: 'erasure', email: aino.email });
    expect(answer.status).toBe(409);
    expect(answer.json<{ subjects: string[] }>().subjects).toHaveLength(2);
    expect((await hub.ask('GET', '/cases')).json()).toEqual([]);
  });

  it('reads from the register what the ledger dropped, and keeps of it only what a purpose declares', async () => {
    const id = await linkedAino(hub);
    // nothing is owed, so nothing needs the values any more
    const versions = JSON.parse(await hub.dump('version')) as { row: { subject: string; sealed: string | null } }[];
    expect(versions.filter((v) => v.row.subject === id).map((v) => v.row.sealed)).toEqual([null]);
    hub.register.put('1', { person: { ...aino, birthDate: '1980-01-01', jobTitle: 'Engineer' } });
    const found = await caseById(hub.needs.db, (await open(id)).id);
    expect(found && envelopeFields(hub.needs, found)).toEqual(aino);
  });

  it('is erased everywhere after its approval, with who decided and why', async () => {
    const id = await linkedAino(hub);
    const { id: caseId } = await open(id);
    const approved = await hub.ask('POST', `/cases/${caseId}/approve`, { reason: 'Aino asked by mail' }, 'decision-maker');
    expect(approved.json<Case>()).toMatchObject({ state: 'running', decision: { reason: 'Aino asked by mail' } });
    expect(approved.json<Case>().decision?.by).toMatch(/^token:/);
    expect(await hub.dump('case_file')).not.toContain('Aino asked');
    await hub.settle();
    expect(hub.register.rows.has('1')).toBe(false);
    const task = await firstTask();
    await hub.ask('POST', `/tasks/${task.id}/answer`, { outcome: 'erased' });
    expect((await hub.ask('GET', `/cases/${caseId}`)).json()).toMatchObject({ state: 'closed' });
    const { duties } = (await hub.ask('GET', `/subjects/${id}`)).json<{ duties: Duty[] }>();
    expect(duties.map((d) => [d.system, d.state, d.outcome, d.evidence])).toEqual([
      ['crm', 'settled', 'erased', 'acknowledged'],
      ['newsletter', 'settled', 'erased', 'observed'],
      ['partner', 'settled', 'erased', 'acknowledged'],
    ]);
    expect((await hub.ask('POST', '/cases', { type: 'erasure', subject: id })).status).toBe(409);
  });

  it('is decided once', async () => {
    const { found } = await erased();
    expect((await hub.ask('POST', `/cases/${found.id}/approve`)).status).toBe(409);
    expect((await hub.ask('POST', `/cases/${found.id}/refuse`, { reason: 'too late' })).status).toBe(409);
  });

  it('is refused only with a reason, and leaves the person where they were', async () => {
    const id = await linkedAino(hub);
    const { id: caseId } = await open(id);
    expect((await hub.ask('POST', `/cases/${caseId}/refuse`)).status).toBe(400);
    const refused = await hub.ask('POST', `/cases/${caseId}/refuse`, { reason: 'the law keeps it' });
    expect(refused.json()).toMatchObject({ state: 'refused', decision: { reason: 'the law keeps it' } });
    await hub.settle();
    expect((await hub.ask('GET', `/subjects/${id}`)).json()).toMatchObject({ state: 'active' });
    expect(hub.newsletter.rows.size).toBe(2);
  });

  it('stands in the matrix of erasures with all its duties', async () => {
    const { id, found } = await erased();
    const matrix = (await hub.ask('GET', '/erasures', undefined, 'auditor')).json<{ case: string; duties: Duty[] }[]>();
    expect(matrix).toEqual([expect.objectContaining({ case: found.id, subject: id, deadline: found.deadline })]);
    expect(matrix[0]?.duties.map((d) => d.system)).toEqual(['crm', 'newsletter', 'partner']);
  });
});

describe('a task', () => {
  it('shows identifiers only when they are asked for, and writes down who asked', async () => {
    await erased();
    const task = await firstTask();
    expect(task).toMatchObject({ system: 'partner', ask: 'erase' });
    const plain = await hub.ask('GET', `/tasks/${task.id}`);
    expect(plain.text).not.toMatch(/aino|virtanen/i);
    const shown = await hub.ask('GET', `/tasks/${task.id}?reveal=true`, undefined, 'dpo');
    expect(shown.json<Task>().identifiers).toEqual(aino);
    await hub.ask('GET', '/audit/checkpoint');
    const entries = await hub.ask('GET', '/audit/entries');
    const told = entries.json<{ entry: Record<string, unknown> }[]>().map((e) => e.entry);
    expect(told).toContainEqual(
      expect.objectContaining({ action: 'task.revealed', code: task.id, actor: expect.stringMatching(/^token:/) }),
    );
    expect(entries.text + hub.logged()).not.toMatch(/aino|virtanen/i);
  });

  it.each([
    ['an outcome that does not answer what was asked', { outcome: 'updated' }],
    ['retained without its law', { outcome: 'retained', until: '2031-12-31' }],
    ['retained without its end', { outcome: 'retained', law: 'KPL 2:10' }],
    ['a day that is none', { outcome: 'retained', until: '2031-02-30', law: 'KPL 2:10' }],
    ['a law beside an erasure', { outcome: 'erased', law: 'KPL 2:10' }],
    ['a word that is no outcome', { outcome: 'done' }],
  ])('is not answered by %s', async (_what, answer) => {
    await erased();
    const task = await firstTask();
    expect((await hub.ask('POST', `/tasks/${task.id}/answer`, answer)).status).toBe(400);
    expect((await firstTask()).outcome).toBeUndefined();
  });

  it('parks what the law keeps until its day', async () => {
    const { id } = await erased();
    const task = await firstTask();
    await hub.ask('POST', `/tasks/${task.id}/answer`, { outcome: 'retained', until: '2031-12-31', law: 'KPL 2:10' });
    const { duties } = (await hub.ask('GET', `/subjects/${id}`)).json<{ duties: Record<string, unknown>[] }>();
    expect(duties.find((d) => d['system'] === 'partner')).toMatchObject({
      state: 'waiting',
      outcome: 'retained',
      retained: { until: '2031-12-31', law: 'KPL 2:10' },
      notBefore: '2032-01-01T00:00:00.000Z',
    });
  });

  it('is answered once, and keeps the note sealed', async () => {
    await erased();
    const task = await firstTask();
    const answered = await hub.ask('POST', `/tasks/${task.id}/answer`, { outcome: 'erased', note: 'Aino is out of the binder' });
    expect(answered.json()).toMatchObject({ outcome: 'erased' });
    expect((await hub.ask('POST', `/tasks/${task.id}/answer`, { outcome: 'refused' })).status).toBe(409);
    expect(await hub.dump('task')).not.toContain('binder');
  });
});

describe('a hold', () => {
  async function vanishedAino(): Promise<{ id: string; hold: string }> {
    const id = await linkedAino(hub);
    hub.register.rows.delete('1');
    await sweepRegister(hub.needs, 'crm');
    const [held] = (await hub.ask('GET', '/held')).json<{ id: string; kind: string; subject: string; verdicts: string[] }[]>();
    expect(held).toMatchObject({ kind: 'vanished', subject: id, verdicts: ['erase', 'keep'] });
    return { id, hold: held?.id ?? '' };
  }

  it('of somebody who vanished erases nobody before the verdict and its approval', async () => {
    const { id, hold } = await vanishedAino();
    await hub.settle();
    expect(hub.newsletter.rows.size).toBe(2);
    const decided = await hub.ask('POST', `/held/${hold}/erase`, undefined, 'decision-maker');
    const { case: caseId } = decided.json<{ case: string }>();
    await hub.settle();
    expect(hub.newsletter.rows.size).toBe(2);
    expect((await hub.ask('GET', `/cases/${caseId}`)).json()).toMatchObject({ subject: id, state: 'planned' });
  });

  it('is released by keep, and looked at again', async () => {
    const { id, hold } = await vanishedAino();
    await hub.settle();
    expect((await hub.ask('POST', `/held/${hold}/keep`)).status).toBe(200);
    await hub.settle();
    expect((await hub.ask('GET', '/held')).json()).toEqual([]);
    const { duties } = (await hub.ask('GET', `/subjects/${id}`)).json<{ duties: Duty[] }>();
    expect(duties.filter((d) => d.state === 'held')).toEqual([]);
  });

  it('takes the verdicts of its kind, once', async () => {
    const { hold } = await vanishedAino();
    expect((await hub.ask('POST', `/held/${hold}/dismiss`)).status).toBe(400);
    expect((await hub.ask('POST', `/held/${hold}/keep`)).status).toBe(200);
    expect((await hub.ask('POST', `/held/${hold}/erase`)).status).toBe(409);
    expect((await hub.ask('GET', '/cases')).json()).toEqual([]);
  });
});

it('puts only a dead duty to work again', async () => {
  await linkedAino(hub);
  const [row] = JSON.parse(await hub.dump('duty')) as { row: { id: string } }[];
  expect((await hub.ask('POST', `/duties/${row?.row.id}/redrive`)).status).toBe(409);
  expect((await hub.ask('POST', `/duties/${randomUUID()}/redrive`)).status).toBe(404);
});
