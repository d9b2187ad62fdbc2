import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { dropEnvelopes } from '../../src/store/cases.ts';
import { changes, rows } from '../../src/store/database.ts';
import { aino } from '../jobs/world.ts';
import { Browser, goodPassword, openAccount, withoutTotp } from './browser.ts';
import { granted, idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

/** A customer and a member of staff who are one human being: known together, ruled apart, and unseen by whoever does not see both. */
let hub: TestHub;
let customer: string;
let employee: string;
beforeEach(async () => {
  hub = await openTestHub(withoutTotp);
  customer = await linkedAino(hub);
  employee = await idOf(hub, 'other@sahko.test');
  await changes(hub.needs.db, sql`UPDATE subject SET role = 'employee' WHERE id = ${employee}`);
  return () => hub.close();
});

type Others = { samePerson?: { id: string; role: string; cases?: { type: string; state: string }[] }[] };
const tie = (as: Parameters<TestHub['ask']>[3] = 'local') =>
  hub.ask('POST', `/subjects/${customer}/same-person`, { subject: employee }, as);
const othersOf = async (id: string, as: Parameters<TestHub['ask']>[3] = 'local') =>
  (await hub.ask('GET', `/subjects/${id}`, undefined, as)).json<Others>().samePerson?.map((o) => o.id);
const ties = () => rows(hub.needs.db, sql`SELECT * FROM same_person`);

describe('the same person in two roles', () => {
  it('is said by a person, from either side, and taken back', async () => {
    expect(await othersOf(customer)).toEqual([]);
    expect((await tie()).status).toBe(200);
    // saying it again says nothing new
    expect((await hub.ask('POST', `/subjects/${employee}/same-person`, { subject: customer })).status).toBe(200);
    expect(await ties()).toHaveLength(1);
    expect([await othersOf(customer), await othersOf(employee)]).toEqual([[employee], [customer]]);
    const withdrawn = () => hub.ask('POST', `/subjects/${employee}/same-person/withdraw`, { subject: customer });
    expect((await withdrawn()).status).toBe(200);
    expect(await othersOf(customer)).toEqual([]);
    expect((await withdrawn()).json()).toMatchObject({ status: 409, code: 'no-tie' });
  });

  it('is neither oneself, nor somebody in the same role, nor somebody erased', async () => {
    const code = async (subject: string) =>
      (await hub.ask('POST', `/subjects/${customer}/same-person`, { subject })).json()['code'];
    expect(await code(customer)).toBe('same-subject');
    await changes(hub.needs.db, sql`UPDATE subject SET role = 'customer' WHERE id = ${employee}`);
    expect(await code(employee)).toBe('tie-one-role');
    await changes(hub.needs.db, sql`UPDATE subject SET role = 'employee', state = 'erased' WHERE id = ${employee}`);
    expect(await code(employee)).toBe('no-living-person');
    expect(await ties()).toEqual([]);
  });

  it('is known to nobody who may not see both', async () => {
    for (const as of ['dpo', 'decision-maker', 'hr'] as const) expect((await tie(as)).status).not.toBe(200);
    expect(await ties()).toEqual([]);
    await tie();
    expect([await othersOf(customer, 'dpo'), await othersOf(employee, 'hr')]).toEqual([[], []]);
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: customer })).json<{ id: string }>();
    expect((await hub.ask('GET', `/cases/${id}`, undefined, 'dpo')).text).not.toContain(employee);
    expect((await hub.ask('GET', `/cases/${id}`)).json<Others>().samePerson).toMatchObject([
      { id: employee, role: 'employee', cases: [] },
    ]);
    // the log tells it of the member of staff alone
    const said = await rows(
      hub.needs.db,
      sql`SELECT s.id FROM audit_entry e JOIN subject s
          ON e.line::jsonb ->> 'subject' = encode(sha256(s.audit_nonce || convert_to(s.id::text, 'UTF8')), 'hex')
          WHERE e.line::jsonb ->> 'action' = 'subject.tied'`,
    );
    expect(said).toEqual([{ id: employee }]);
    const dpo = new Browser(hub);
    await openAccount(hub, 'dpo@sahko.test', ['dpo']);
    await dpo.signIn('dpo@sahko.test', goodPassword);
    for (const path of ['/', `/people/${customer}`, `/cases/${id}`]) {
      const page = await dpo.get(path);
      expect(page.status).toBe(200);
      expect(page.text).not.toMatch(new RegExp(`${employee}|same-person`));
    }
  });

  it('has the same request opened for the other role, received on the same day and decided apart', async () => {
    const first = (
      await hub.ask('POST', '/cases', { type: 'erasure', subject: customer, receivedAt: '2026-11-02T09:00:00Z', channel: 'mail' })
    ).json<{ id: string; deadline: { date: string } }>();
    const also = () => hub.ask('POST', `/cases/${first.id}/also`, { subject: employee });
    expect((await also()).json()).toMatchObject({ status: 409, code: 'no-tie' });
    await tie();
    const opened = await also();
    expect(opened.status).toBe(201);
    const second = opened.json<{ id: string }>();
    expect(second).toMatchObject({
      type: 'erasure',
      subject: employee,
      state: 'planned',
      deadline: { date: first.deadline.date },
    });
    expect((await also()).json()).toMatchObject({ id: second.id });
    await hub.ask('POST', `/cases/${first.id}/approve`, {});
    expect((await hub.ask('GET', `/cases/${second.id}`)).json()).toMatchObject({
      state: 'planned',
      samePerson: [{ id: customer, cases: [{ type: 'erasure', id: first.id }] }],
    });
    const asked = (
      await hub.ask('POST', '/cases', { type: 'rectification', subject: employee, asked: { fields: { givenName: 'A' } } })
    ).json<{ id?: string }>();
    if (asked.id)
      expect((await hub.ask('POST', `/cases/${asked.id}/also`, { subject: customer })).json()['code']).toBe('one-role-alone');
  });

  it('is shown on the pages of both, and asked for with a button', async () => {
    const both = new Browser(hub);
    await openAccount(hub, 'both@sahko.test', ['dpo', 'decision-maker', 'hr']);
    await both.signIn('both@sahko.test', goodPassword);
    expect((await both.post(`/people/${customer}/same-person`, { subject: employee })).status).toBe(303);
    expect((await both.get(`/people/${employee}`)).text).toContain(`/people/${customer}`);
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: customer })).json<{ id: string }>();
    expect((await both.get(`/cases/${id}`)).text).toContain(`/cases/${id}/also`);
    expect((await both.post(`/cases/${id}/also`, { subject: employee })).status).toBe(303);
    const page = (await both.get(`/cases/${id}`)).text;
    expect(page).not.toContain(`/cases/${id}/also`);
    expect((await both.get('/')).text).toMatch(new RegExp(`(?:also|myös|även)[^<]*<a[^>]*/people/${employee}`));
  });

  it('is offered where an address is common to both, and to whoever sees both alone', async () => {
    const both = new Browser(hub);
    await openAccount(hub, 'both@sahko.test', ['dpo', 'decision-maker', 'hr']);
    await both.signIn('both@sahko.test', goodPassword);
    expect((await both.get(`/people/${customer}`)).text).not.toContain(employee);
    await changes(
      hub.needs.db,
      sql`INSERT INTO identifier (subject, kind, hash, key_id, normaliser)
          SELECT ${employee}, kind, hash, key_id, normaliser FROM identifier WHERE subject = ${customer} AND kind = 'email'`,
    );
    expect((await both.get(`/people/${customer}`)).text).toContain(`value="${employee}"`);
    expect(await ties()).toEqual([]);
  });

  it('is forgotten with the last that is kept of an erased one', async () => {
    await tie();
    const { db } = hub.needs;
    await changes(
      db,
      sql`INSERT INTO case_file (id, type, state, subject, source, received_at, plan, approve, envelope, envelope_key, envelope_until)
          VALUES (gen_random_uuid(), 'erasure', 'closed', ${customer}, 'api', now(), '[]', 'person', 'x', 'x', now() - interval '1 day')`,
    );
    await dropEnvelopes(db, new Date());
    expect(await ties()).toHaveLength(1);
    await changes(db, sql`UPDATE case_file SET envelope = 'x', envelope_key = 'x' WHERE subject = ${customer}`);
    await changes(db, sql`UPDATE subject SET state = 'erased' WHERE id = ${customer}`);
    await dropEnvelopes(db, new Date());
    expect(await ties()).toEqual([]);
  });

  it('goes along when two subjects of one role are made one', async () => {
    hub.register.put('3', { person: { ...aino, email: 'third@sahko.test' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    // the register says customer again
    await changes(hub.needs.db, sql`UPDATE subject SET role = 'employee' WHERE id = ${employee}`);
    const third = await idOf(hub, 'third@sahko.test');
    expect((await hub.ask('POST', `/subjects/${third}/same-person`, { subject: employee })).json()).toMatchObject({
      subject: third,
    });
    expect((await hub.ask('POST', `/subjects/${customer}/merge`, { subject: third })).status).toBe(200);
    expect(await othersOf(employee)).toEqual([customer]);
    expect(await ties()).toHaveLength(1);
  });

  it('does not let an erased customer come back by the address that the member of staff still has', async () => {
    await changes(
      hub.needs.db,
      sql`INSERT INTO identifier (subject, kind, hash, key_id, normaliser)
          SELECT ${employee}, kind, hash, key_id, normaliser FROM identifier WHERE subject = ${customer} AND kind = 'email'`,
    );
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: customer })).json<{ id: string }>();
    await hub.ask('POST', `/cases/${id}/approve`, {});
    hub.register.put('9', { person: { email: aino.email }, ...granted });
    await pollRegister(hub.needs, 'crm');
    const held = (await hub.ask('GET', '/held')).json<{ kind: string; system: string }[]>();
    expect(held).toContainEqual(expect.objectContaining({ kind: 'rearrival', system: 'crm' }));
  });
});
