import { sql } from 'kysely';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { addDays, dayIn, endOfDay } from '../../src/core/day.ts';
import { now } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { advanceAll } from '../../src/jobs/schedule.ts';
import { watch } from '../../src/jobs/watch.ts';
import { openAlerts } from '../../src/store/alerts.ts';
import { changes } from '../../src/store/database.ts';
import { aino } from '../jobs/world.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Duty {
  system: string;
  state: string;
  outcome: string | null;
}
interface Case {
  id: string;
  type: string;
  state: string;
  deadline: { date: string; target: string };
  plan: { system: string; step: string; fields?: string[]; reason?: string }[];
  duties: Duty[];
  hindered?: { code: string };
  restricts?: boolean;
  lift?: { from: string; liftedAt?: string };
}

let hub: TestHub;
let id: string;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  id = await linkedAino(hub);
  return () => hub.close();
});

const open = (type: string, more: Record<string, unknown> = {}) => hub.ask('POST', '/cases', { type, subject: id, ...more });
const opened = async (type: string, more: Record<string, unknown> = {}) => {
  const answer = await open(type, more);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.json<Case>();
};
const caseNow = async (of: string) => (await hub.ask('GET', `/cases/${of}`)).json<Case>();
const stepsOf = ({ plan }: Case) => Object.fromEntries(plan.map((p) => [p.system, p.step]));
const rowOfAino = () =>
  [...hub.newsletter.rows.values()].find((r) => r.fields.givenName === 'Aino' || r.fields.email === aino.email);
/** One turn of the clockwork; tries at the register come seconds apart. */
const turn = async () => {
  await changes(hub.needs.db, sql`UPDATE cursor SET saved_at = '-infinity' WHERE object LIKE 'turn:correct:%'`);
  await advanceAll(hub.needs);
  await hub.settle();
  await advanceAll(hub.needs);
};

describe('a rectification', () => {
  const asked = { fields: { familyName: 'Korhonen', phone: '040 765 4321' } };

  it('is planned by names of fields alone, and writes nothing before it is approved', async () => {
    const found = await opened('rectification', { asked });
    expect(found.state).toBe('planned');
    expect(found.plan).toEqual([
      { system: 'newsletter', step: 'update', fields: ['familyName'] },
      { system: 'partner', step: 'ask', fields: ['familyName', 'phone'] },
      { system: 'crm', step: 'update', fields: ['familyName', 'phone'], reason: 'first' },
    ]);
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Virtanen');
    for (const table of ['case_file', 'audit_entry']) expect(await hub.dump(table)).not.toMatch(/Korhonen|7654321|765 4321/);
  });

  it('waits for the register, which people correct, and then reaches every recipient and ends', async () => {
    const found = await opened('rectification', { asked });
    await hub.ask('POST', `/cases/${found.id}/approve`);
    await turn();
    expect(await caseNow(found.id)).toMatchObject({ state: 'running', hindered: { code: 'register-refuses' } });
    const waits = async () => {
      await watch(hub.needs);
      const open = await openAlerts(hub.needs.db);
      return open.filter(({ kind }) => kind === 'correction-waits').map(({ about, system }) => [about, system]);
    };
    // whoever looks after the register is told
    expect(await waits()).toEqual([[found.id, 'crm']]);
    hub.register.put('1', { person: { ...aino, familyName: 'Korhonen', phone: '+358407654321' }, ...granted });
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Korhonen');
    const running = await caseNow(found.id);
    expect(running).toMatchObject({ state: 'running' });
    expect(running.hindered).toBeUndefined();
    expect(await waits()).toEqual([]);
    const [task] = (await hub.ask('GET', '/tasks')).json<{ id: string; ask: string }[]>();
    expect(task?.ask).toBe('update');
    await hub.ask('POST', `/tasks/${task?.id}/answer`, { outcome: 'updated' });
    await turn();
    expect(await caseNow(found.id)).toMatchObject({ state: 'closed' });
  });

  it('is written to a register that takes it, once, and read back', async () => {
    const crm = hub.needs.connectors['crm'];
    let writes = 0;
    if (crm?.recipient)
      crm.recipient.rectify = async (ref, fields) => {
        writes++;
        const row = hub.register.rows.get(ref.id);
        hub.register.put(ref.id, { person: { ...row?.person, ...fields } as never });
        return { kind: 'accepted', ref };
      };
    const found = await opened('rectification', { asked: { fields: { familyName: 'Korhonen' } } });
    await hub.ask('POST', `/cases/${found.id}/approve`);
    await turn();
    await turn();
    expect(writes).toBe(1);
    expect(rowOfAino()?.fields.familyName).toBe('Korhonen');
    await pollRegister(hub.needs, 'crm');
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Korhonen');
  });

  it('waits where the register says yes and shows otherwise: nothing is carried on that it does not show', async () => {
    const crm = hub.needs.connectors['crm'];
    if (crm?.recipient) crm.recipient.rectify = async (ref) => ({ kind: 'accepted', ref });
    const found = await opened('rectification', { asked: { fields: { familyName: 'Korhonen' } } });
    await hub.ask('POST', `/cases/${found.id}/approve`);
    await turn();
    expect(await caseNow(found.id)).toMatchObject({ state: 'running', hindered: { code: 'register-shows-otherwise' } });
    expect(rowOfAino()?.fields.familyName).toBe('Virtanen');
  });

  it('is asked of people in time for the answer, where their own days are longer', async () => {
    const partner = hub.needs.config.systems['partner'];
    if (partner?.recipient) {
      const { recipient } = partner;
      const { dueDays } = recipient;
      recipient.dueDays = 60;
      onTestFinished(() => {
        recipient.dueDays = dueDays;
      });
    }
    const found = await opened('rectification', { asked });
    await hub.ask('POST', `/cases/${found.id}/approve`);
    hub.register.put('1', { person: { ...aino, familyName: 'Korhonen', phone: '+358407654321' }, ...granted });
    await turn();
    const [task] = (await hub.ask('GET', '/tasks')).json<{ due: string }[]>();
    const { target } = (await caseNow(found.id)).deadline;
    // three days before the target, to the end of that day where the controller is
    expect(task?.due).toBe(endOfDay(addDays(target, -3), 'Europe/Helsinki').toISOString());
  });

  it('is asked of people for whole days: their last one ends where the controller is', async () => {
    const found = await opened('rectification', { asked });
    await hub.ask('POST', `/cases/${found.id}/approve`);
    hub.register.put('1', { person: { ...aino, familyName: 'Korhonen', phone: '+358407654321' }, ...granted });
    await turn();
    const [task] = (await hub.ask('GET', '/tasks')).json<{ due: string }[]>();
    const lastDay = addDays(dayIn(await now(hub.needs), 'Europe/Helsinki'), 14);
    expect(task?.due).toBe(endOfDay(lastDay, 'Europe/Helsinki').toISOString());
  });

  it.each([
    [{ fields: { shoeSize: '43' } }, 'asked-not-a-field'],
    [{ fields: { jobTitle: 'chief' } }, 'asked-not-declared'],
    [{ fields: { email: 'no address' } }, 'asked-not-a-value'],
    [{ fields: { familyName: { street: 'x' } } }, 'asked-not-a-value'],
    [{ fields: { familyName: 'Korhonen 131052-308T' } }, 'asked-not-a-value'],
    [{}, 'asked-nothing-asked'],
  ])('of %j is refused, and nothing is opened', async (wrong, code) => {
    const answer = await open('rectification', { asked: wrong });
    expect([answer.status, answer.json()['code']]).toEqual([400, code]);
    expect(answer.text).not.toMatch(/no address|131052/);
    expect((await hub.ask('GET', '/cases')).json()).toEqual([]);
  });
});

describe('an objection to direct marketing', () => {
  it('takes effect at once, without approval or a time to undo, and is due the same day', async () => {
    const found = await opened('objection', { receivedAt: '2026-05-05T09:00:00Z' });
    expect(found).toMatchObject({ state: 'running', deadline: { date: '2026-05-05' } });
    expect(stepsOf(found)).toEqual({ newsletter: 'restrict', partner: 'nothing', crm: 'restrict' });
    await turn();
    expect(rowOfAino()?.standing).toBe('restricted');
    expect(hub.register.rows.get('1')?.refused).toEqual({ newsletter: true });
    expect(await caseNow(found.id)).toMatchObject({ state: 'closed' });
    const refused = await hub.ask('POST', `/cases/${found.id}/extend`, { reasons: 'x' });
    expect(refused.status).toBe(409);
  });

  it('leaves other purposes alone: corrections go on', async () => {
    await opened('objection', { asked: { permissions: ['newsletter'] } });
    await turn();
    hub.register.put('1', { person: { ...aino, familyName: 'Korhonen' } });
    await pollRegister(hub.needs, 'crm');
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Korhonen');
    expect(rowOfAino()?.standing).toBe('restricted');
  });

  it.each([
    [{ permissions: ['shoes'] }, 'asked-no-permission'],
    [{ purposes: ['nothing'] }, 'asked-no-purpose'],
    [{ purposes: ['invoicing'] }, 'asked-not-objectable'],
  ])('to %j is refused with its reason', async (wrong, code) => {
    const answer = await open('objection', { asked: wrong });
    expect([answer.status, answer.json()['code']]).toEqual([400, code]);
  });
});

describe('a restriction', () => {
  it('freezes the person everywhere, and is lifted only some days after they were told', async () => {
    const found = await opened('restriction');
    expect(stepsOf(found)).toEqual({ newsletter: 'restrict', partner: 'ask', crm: 'keep' });
    await turn();
    expect(rowOfAino()?.standing).toBe('active');
    await hub.ask('POST', `/cases/${found.id}/approve`);
    await turn();
    expect(rowOfAino()?.standing).toBe('restricted');
    const [task] = (await hub.ask('GET', '/tasks')).json<{ id: string; ask: string }[]>();
    expect(task?.ask).toBe('restrict');
    await hub.ask('POST', `/tasks/${task?.id}/answer`, { outcome: 'restricted' });
    await turn();
    expect(await caseNow(found.id)).toMatchObject({ state: 'closed', restricts: true });

    // a correction meanwhile waits
    hub.register.put('1', { person: { ...aino, familyName: 'Korhonen' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Virtanen');

    const early = await hub.ask('POST', `/cases/${found.id}/lift`);
    expect([early.status, early.json()['code']]).toEqual([409, 'lift-not-told']);
    expect((await hub.ask('POST', `/cases/${found.id}/announce-lift`)).status).toBe(200);
    expect((await hub.ask('POST', `/cases/${found.id}/lift`)).json()['code']).toBe('lift-too-early');
    await hub.ask('POST', '/test/clock', { advance: 'P6D' });
    expect((await hub.ask('POST', `/cases/${found.id}/lift`)).json()['code']).toBe('lift-too-early');
    await hub.ask('POST', '/test/clock', { advance: 'P1D' });
    const lifted = await hub.ask('POST', `/cases/${found.id}/lift`);
    expect([lifted.status, lifted.json<Case>().lift?.liftedAt]).toEqual([200, expect.any(String)]);
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Korhonen');
    // no permission comes back by itself
    expect(rowOfAino()?.standing).toBe('restricted');
    expect((await hub.ask('POST', `/cases/${found.id}/lift`)).json()['code']).toBe('lift-not-restricting');
  });

  it('stays when an erasure is refused meanwhile', async () => {
    const found = await opened('restriction');
    await hub.ask('POST', `/cases/${found.id}/approve`);
    const erasure = await opened('erasure');
    await hub.ask('POST', `/cases/${erasure.id}/refuse`, { reason: 'a claim is open' });
    hub.register.put('1', { person: { ...aino, familyName: 'Korhonen' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Virtanen');
  });
});

describe('every right', () => {
  it('joins the open case of its kind, and stands beside the others', async () => {
    const first = await opened('access');
    const again = await open('access');
    expect([again.status, again.json<Case>().id]).toEqual([200, first.id]);
    expect(stepsOf(first)).toEqual({ newsletter: 'read', partner: 'ask', crm: 'read' });
    await opened('restriction');
    await opened('portability');
    expect(
      (await hub.ask('GET', '/cases'))
        .json<Case[]>()
        .map((c) => c.type)
        .sort(),
    ).toEqual(['access', 'portability', 'restriction']);
  });

  it('is refused with a reason, and nothing was done', async () => {
    const found = await opened('rectification', { asked: { fields: { familyName: 'Korhonen' } } });
    expect((await hub.ask('POST', `/cases/${found.id}/refuse`)).json()['code']).toBe('no-reason');
    expect((await hub.ask('POST', `/cases/${found.id}/refuse`, { reason: 'it is right as it is' })).json()).toMatchObject({
      state: 'refused',
      decision: { reason: 'it is right as it is' },
    });
    await turn();
    expect(rowOfAino()?.fields.familyName).toBe('Virtanen');
  });

  it('of somebody who is staff is invisible to who may not see staff', async () => {
    await changes(hub.needs.db, sql`UPDATE subject SET role = 'employee' WHERE id = ${id}`);
    const found = await opened('restriction');
    await hub.ask('POST', `/cases/${found.id}/approve`);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/announce-lift'],
      ['POST', '/lift'],
      ['POST', '/resume'],
    ] as const)
      expect((await hub.ask(method, `/cases/${found.id}${path}`, undefined, 'decision-maker')).status).toBe(404);
    expect((await hub.ask('POST', '/cases', { type: 'access', subject: id }, 'dpo')).status).toBe(404);
    expect((await hub.ask('GET', `/cases/${found.id}`, undefined, 'hr')).status).toBe(200);
  });
});

describe('the console', () => {
  const send = (method: 'GET' | 'POST', url: string, as: string, payload?: string) =>
    hub.raw({
      method,
      url,
      headers: {
        authorization: `Bearer token-of-${as}`,
        'accept-language': 'en',
        ...(payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(payload === undefined ? {} : { payload }),
    });

  it('opens each right by its form, and shows what was asked only to whoever says so', async () => {
    const person = await send('GET', `/people/${id}`, 'dpo');
    for (const type of ['access', 'rectification', 'restriction', 'objection', 'portability']) {
      expect(person.text).toContain(`/people/${id}/new-case?type=${type}`);
      expect((await send('GET', `/people/${id}/new-case?type=${type}`, 'dpo')).text).not.toContain('⟦');
    }
    const made = await send(
      'POST',
      `/people/${id}/case`,
      'dpo',
      'type=rectification&field.familyName=Korhonen&field.email=&blank.phone=yes',
    );
    expect(made.status).toBe(303);
    const path = String(made.headers['location']).split('?')[0] ?? '';
    const page = await send('GET', path, 'decision-maker');
    expect(page.text).toContain('Corrected: family name.');
    expect(page.text).toContain('Approve the request');
    expect(page.text).not.toMatch(/Korhonen|⟦/);
    const shown = await send('POST', `${path}/asked`, 'dpo', '');
    expect(shown.text).toContain('Korhonen');
    expect(await hub.dump('audit_entry')).toContain('person.read');
    expect((await send('POST', `${path}/asked`, 'auditor', '')).status).toBe(403);
    const wrong = await send('POST', `/people/${id}/case`, 'dpo', 'type=rectification&field.email=none');
    expect([wrong.status, wrong.text.includes('One of the values cannot stand in its field')]).toEqual([400, true]);
  });

  it('ends a restriction in two steps', async () => {
    const made = await send('POST', `/people/${id}/case`, 'dpo', 'type=restriction');
    const path = String(made.headers['location']).split('?')[0] ?? '';
    await send('POST', `${path}/approve`, 'decision-maker', '');
    await turn();
    expect((await send('GET', path, 'decision-maker')).text).toContain('Before it is lifted they must be told');
    await send('POST', `${path}/announce-lift`, 'dpo', 'toldOn=');
    expect((await send('GET', path, 'decision-maker')).text).not.toContain(`action="${path}/lift"`);
    await hub.ask('POST', '/test/clock', { advance: 'P8D' });
    expect((await send('GET', path, 'dpo')).text).not.toContain(`action="${path}/lift"`);
    expect((await send('GET', path, 'decision-maker')).text).toContain(`action="${path}/lift"`);
    expect((await send('POST', `${path}/lift`, 'decision-maker', '')).status).toBe(303);
    expect((await send('GET', path, 'dpo')).text).toContain('The restriction was lifted');
  });
});

describe('four eyes', () => {
  it('let a case begin only when two different people approved it', async () => {
    const careful = await openTestHub({
      needs: (needs) => ({ ...needs, config: { ...needs.config, fourEyes: ['erasure'] } }),
    });
    try {
      const whose = await linkedAino(careful);
      const erasure = (await careful.ask('POST', '/cases', { type: 'erasure', subject: whose })).json<Case>();
      const approve = (of: string, as: 'decision-maker' | 'local') => careful.ask('POST', `/cases/${of}/approve`, {}, as);
      expect((await approve(erasure.id, 'decision-maker')).json()).toMatchObject({
        state: 'planned',
        firstApproval: { by: expect.stringMatching(/^token:/) },
      });
      const again = await approve(erasure.id, 'decision-maker');
      expect([again.status, again.json()['code']]).toEqual([409, 'same-person']);
      await careful.settle();
      expect(careful.newsletter.rows.size).toBe(2);
      expect((await approve(erasure.id, 'local')).json()).toMatchObject({ state: 'running' });
      await careful.settle();
      expect(careful.newsletter.rows.size).toBe(1);
      // other types need one
      const access = (await careful.ask('POST', '/cases', { type: 'access', email: 'other@sahko.test' })).json<Case>();
      expect((await approve(access.id, 'decision-maker')).json()).toMatchObject({ state: 'running' });
    } finally {
      await careful.close();
    }
  });
});

describe('a second request', () => {
  it('against direct marketing takes effect while a wider objection is open', async () => {
    const invoicing = hub.needs.config.purposes['invoicing'];
    if (!invoicing) throw new Error('the world has no invoicing');
    const { basis } = invoicing;
    invoicing.basis = 'legitimate-interest';
    try {
      const wider = await opened('objection', { asked: { purposes: ['invoicing'] } });
      const again = await open('objection', { asked: { permissions: ['newsletter'] } });
      expect([wider.state, again.status]).toEqual(['planned', 200]);
      await turn();
      expect(hub.register.rows.get('1')?.refused).toEqual({ newsletter: true });
    } finally {
      invoicing.basis = basis;
    }
  });

  it('to correct something else is refused aloud, and the same one joins', async () => {
    const asked = { fields: { familyName: 'Korhonen' } };
    const first = await opened('rectification', { asked });
    expect((await open('rectification', { asked })).json<Case>().id).toBe(first.id);
    const other = await open('rectification', { asked: { fields: { phone: '040 765 4321' } } });
    expect([other.status, other.json()['code']]).toEqual([409, 'asks-otherwise']);
  });
});

describe('what became of a case', () => {
  interface Against {
    system: string;
    step: string;
    against: string;
  }
  const againstOf = async (of: string) => (await hub.ask('GET', `/cases/${of}`)).json<{ against?: Against[] }>().against;
  const inTwoWords = async (of: string) => Object.fromEntries((await againstOf(of))?.map((a) => [a.system, a.against]) ?? []);

  it('stands beside its plan once it is decided, system by system, as on its page', async () => {
    const { id: found } = await opened('erasure');
    expect(await againstOf(found)).toBeUndefined();
    await hub.ask('POST', `/cases/${found}/approve`);
    expect(await againstOf(found)).toEqual([
      { system: 'newsletter', step: 'erase', against: 'pending' },
      { system: 'partner', step: 'ask', against: 'pending' },
      { system: 'crm', step: 'erase', against: 'pending' },
    ]);
    await hub.settle();
    expect(await inTwoWords(found)).toMatchObject({ newsletter: 'as-planned', partner: 'pending' });
    const [task] = (await hub.ask('GET', '/tasks')).json<{ id: string }[]>();
    await hub.ask('POST', `/tasks/${task?.id}/answer`, { outcome: 'refused', note: 'not ours' });
    await turn();
    expect(await inTwoWords(found)).toEqual({ newsletter: 'as-planned', partner: 'differs', crm: 'as-planned' });
  });

  it('of a refused one is that nothing was carried out, whatever else the systems were owed', async () => {
    const { id: found } = await opened('restriction');
    await hub.ask('POST', `/cases/${found}/refuse`, { reason: 'no ground' });
    await hub.settle();
    const against = (await againstOf(found)) ?? [];
    expect(against.map(({ system }) => system)).toEqual((await caseNow(found)).plan.map(({ system }) => system));
    expect(new Set(against.filter(({ step }) => step !== 'nothing').map((a) => a.against))).toEqual(new Set(['pending']));
  });
});
