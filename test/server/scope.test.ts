import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Role, roles, scopeOf, sees } from '../../src/core/scope.ts';
import { watch } from '../../src/jobs/watch.ts';
import { access } from '../../src/server/auth.ts';
import { navigation, pages } from '../../src/server/console/pages.ts';
import { changes, row } from '../../src/store/database.ts';
import { hold } from '../../src/store/held.ts';
import { Browser, goodPassword, openAccount, withoutTotp } from './browser.ts';
import { idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

/**
 * A member of staff is put into every table that names a person, and every route and page of the tables is asked, by every role, for
 * what is about them: it must answer what it answers about somebody who does not exist.
 */
let hub: TestHub;
let staff: string;
let customer: string;
/** Everything by which the member of staff could be recognised: their ids and those of what is about them. */
let traces: string[];
const ids: Record<string, string> = {};

beforeAll(async () => {
  hub = await openTestHub(withoutTotp);
  customer = await linkedAino(hub);
  staff = await idOf(hub, 'other@sahko.test');
  const { db } = hub.needs;
  const one = async (table: string, column = 'subject') =>
    (await row(db, sql<{ id: string }>`SELECT id FROM ${sql.table(table)} WHERE ${sql.ref(column)} = ${staff}`))?.id ?? '';
  await hub.ask('POST', '/cases', { type: 'erasure', subject: staff });
  await hub.settle();
  await changes(db, sql`UPDATE subject SET role = 'employee' WHERE id = ${staff}`);
  const duty = await one('duty');
  ids['task'] = randomUUID();
  await changes(
    db,
    sql`INSERT INTO task (id, duty, system, subject, ask, version, due)
        SELECT ${ids['task']}, id, 'partner', subject, 'erase', 1, now() FROM duty WHERE subject = ${staff} AND recipient = 'partner'`,
  );
  ids['held'] = randomUUID();
  await hold(db, { id: ids['held'], kind: 'vanished', system: 'crm', subject: staff, reason: 'not-in-register' });
  ids['near'] = randomUUID();
  await hold(db, {
    id: ids['near'],
    kind: 'ambiguous-link',
    system: 'newsletter',
    subject: null,
    about: Buffer.alloc(8, 1),
    reason: 'near',
    details: { candidates: [customer, staff] },
  });
  ids['back'] = randomUUID();
  await hold(db, {
    id: ids['back'],
    kind: 'rearrival',
    system: 'crm',
    subject: null,
    about: Buffer.alloc(8, 2),
    role: 'employee',
    reason: 'tombstone',
  });
  ids['intake'] = randomUUID();
  await changes(
    db,
    sql`INSERT INTO intake (id, type, language, role, state, received_at, key, sealed, address_key, sender_key)
        VALUES (${ids['intake']}, 'access', 'fi', 'employee', 'waiting', now(), '\\x01', '\\x01', '\\x01', '\\x01')`,
  );
  ids['subject'] = staff;
  ids['case'] = await one('case_file');
  ids['duty'] = duty;
  ids['link'] = await one('record');
  traces = Object.values(ids);
  expect(traces.every((id) => id !== '')).toBe(true);
  // what is waited for long enough is an alert
  await changes(db, sql`UPDATE held SET created_at = now() - interval '10 days'`);
  await changes(db, sql`UPDATE case_file SET received_at = now() - interval '10 days'`);
  await watch(hub.needs);
  return () => hub.close();
});

/** Ids that the answer gives for what was asked itself are no trace; everything else is. */
const blank = (text: string, id: string) => text.replaceAll(id, 'ID');
const shown = (text: string) => traces.filter((id) => text.includes(id));
const others = roles.filter((role) => role !== 'hr');

describe('a member of staff', () => {
  const routes = Object.keys(access).map((row) => row.split(' ') as ['GET' | 'POST', string]);
  const withId = routes.filter(([, path]) => path.includes(':id') && !/accounts|runs/.test(path));

  it.each(withId)('%s %s answers about them as about nobody, whoever asks', async (method, path) => {
    for (const role of others) {
      for (const id of traces) {
        const url = (of: string) => path.replace(':id', of).replace(':verdict', 'keep');
        const body =
          method === 'POST'
            ? /merge|relink/.test(path)
              ? { subject: customer }
              : path.endsWith('answer')
                ? { outcome: 'erased' }
                : {}
            : undefined;
        const nobody = randomUUID();
        const about = await hub.ask(method, url(id), body, role);
        const none = await hub.ask(method, url(nobody), body, role);
        expect([role, about.status, blank(about.text, id)]).toEqual([role, none.status, blank(none.text, nobody)]);
      }
    }
  });

  it('is in no list and no export, whoever asks but HR', async () => {
    const lists = routes.filter(([method, path]) => method === 'GET' && !path.includes(':') && path !== '/openapi.json');
    const queries: Record<string, string[]> = {
      '/subjects': ['?email=other%40sahko.test'],
      '/audit/export': ['', `?case=${ids['case']}`],
      '/audit/proof': ['?entry=0'],
    };
    for (const [, path] of lists)
      for (const query of queries[path] ?? [''])
        for (const role of others) {
          const answer = await hub.ask('GET', path + query, undefined, role);
          expect([path, role, shown(answer.text)]).toEqual([path, role, []]);
        }
  });

  it("is in the alerts of HR, each where HR can open it, and in nobody else's number of them", async () => {
    const about = async (role: Role) =>
      (await hub.ask('GET', '/alerts', undefined, role)).json<{ open: { kind: string; about: string }[] }>().open;
    const theirs = await about('hr');
    expect(theirs.map(({ kind }) => kind).sort()).toEqual(
      expect.arrayContaining(['case-waiting', 'hold-old', 'intake-waits', 'task-overdue']),
    );
    expect(theirs.every((a) => traces.includes(a.about.split('/')[0] ?? ''))).toBe(true);
    const page = await hub.raw({ method: 'GET', url: '/alerts', headers: { authorization: 'Bearer token-of-hr' } });
    const links = [...page.text.matchAll(/href="(\/(?:intakes|cases|tasks)\/[^"]+)"/g)].map(([, href]) => href ?? '');
    expect(new Set(links.map((href) => href.split('/')[1]))).toEqual(new Set(['intakes', 'cases', 'tasks']));
    for (const url of links) {
      const opens = await hub.raw({ method: 'GET', url, headers: { authorization: 'Bearer token-of-hr' } });
      expect([url, opens.status]).toEqual([url, 200]);
    }
    const home = await hub.raw({ method: 'GET', url: '/', headers: { authorization: 'Bearer token-of-dpo' } });
    const told = Number(/class="count" aria-hidden="true">(\d+)/.exec(home.text)?.[1] ?? 0);
    expect(told).toBe((await about('dpo')).length);
  });

  it('counts in no number of the systems', async () => {
    const count = async (role: Role) =>
      (await hub.ask('GET', '/systems', undefined, role))
        .json<{ system: string; duties: Record<string, number> }[]>()
        .flatMap((s) => Object.values(s.duties))
        .reduce((a, b) => a + b, 0);
    const duties = async (id: string) =>
      (await row(hub.needs.db, sql<{ n: number }>`SELECT count(*) AS n FROM duty WHERE subject = ${id}`))?.n;
    expect(await count('viewer')).toBe(await duties(customer));
    expect(await count('hr')).toBe(await duties(staff));
  });

  it('is not found by address, not even to be told that a case cannot be opened', async () => {
    const asked = (email: string) => hub.ask('POST', '/cases', { type: 'erasure', email }, 'dpo');
    const [about, none] = [await asked('other@sahko.test'), await asked('nobody@sahko.test')];
    expect([about.status, about.text]).toEqual([none.status, none.text]);
    const merged = await hub.ask('POST', `/subjects/${customer}/merge`, { subject: staff }, 'decision-maker');
    const merge = await hub.ask('POST', `/subjects/${customer}/merge`, { subject: randomUUID() }, 'decision-maker');
    expect([merged.status, merged.text]).toEqual([merge.status, merge.text]);
  });

  it('is left out of the log that others read, whose tree can still be checked', async () => {
    await hub.ask('POST', '/audit/verify');
    const read = async (role: Role | 'local') =>
      (await hub.ask('GET', '/audit/entries', undefined, role)).json<{ index: number; hash: string; line?: string }[]>();
    const [all, some] = [await read('local'), await read('dpo')];
    expect(some.map((e) => e.hash)).toEqual(all.map((e) => e.hash));
    expect(some.filter((e) => e.line).length).toBeLessThan(all.length);
    expect((await hub.ask('GET', '/audit/export', undefined, 'dpo')).status).toBe(409);
    expect((await hub.ask('GET', '/audit/export')).status).toBe(200);
  });

  it('is on no page of the console, whoever looks but HR', async () => {
    const fields = { to: '/', code: '1', lang: 'fi' };
    for (const role of others)
      for (const { method, path } of pages.filter((p) => !/^\/account|sign-out/.test(p.path)))
        for (const id of path.includes(':') ? traces : ['']) {
          const url = path.replace(/:\w+/g, id);
          const answer = await hub.raw({
            method,
            url,
            headers: { authorization: `Bearer token-of-${role}`, 'content-type': 'application/x-www-form-urlencoded' },
            ...(method === 'POST' ? { payload: new URLSearchParams(fields).toString() } : {}),
          });
          expect([role, url, shown(blank(answer.text, id || '-'))]).toEqual([role, url, []]);
        }
  });

  it('is seen by HR, who sees nobody else', async () => {
    expect((await hub.ask('GET', `/subjects/${staff}`, undefined, 'hr')).status).toBe(200);
    expect((await hub.ask('GET', `/subjects/${customer}`, undefined, 'hr')).status).toBe(404);
    const cases = (await hub.ask('GET', '/cases', undefined, 'hr')).json<{ subject: string }[]>();
    expect(cases.map((c) => c.subject)).toEqual([staff]);
    const held = (await hub.ask('GET', '/held', undefined, 'hr')).json<{ id: string }[]>();
    expect(held.map((h) => h.id).sort()).toEqual([ids['held'], ids['back']].sort());
    expect((await hub.ask('GET', '/held')).json<unknown[]>()).toHaveLength(3);
  });

  it('is seen by their own supervisor, and by no other', async () => {
    await openAccount(hub, 'own@firma.test', ['supervisor'], { staff: [staff] });
    await openAccount(hub, 'other@firma.test', ['supervisor']);
    const as = async (address: string) => {
      const browser = new Browser(hub);
      await browser.signIn(address, goodPassword);
      return browser;
    };
    const [own, other] = [await as('own@firma.test'), await as('other@firma.test')];
    expect((await own.get(`/api/v1/subjects/${staff}`)).status).toBe(200);
    expect((await own.get(`/api/v1/subjects/${customer}`)).status).toBe(404);
    expect((await other.get(`/api/v1/subjects/${staff}`)).status).toBe(404);
  });
});

it('shows a system owner the tasks of their own systems, and of no other', async () => {
  const add = (system: string) =>
    changes(
      hub.needs.db,
      sql`INSERT INTO task (id, duty, system, subject, ask, version, due)
          SELECT ${randomUUID()}, id, ${system}, subject, 'update', 1, now() FROM duty WHERE subject = ${customer} AND recipient = ${system}
          ON CONFLICT DO NOTHING`,
    );
  await add('partner');
  await add('newsletter');
  await openAccount(hub, 'owner@firma.test', ['system-owner'], { systems: ['partner'] });
  const owner = new Browser(hub);
  await owner.signIn('owner@firma.test', goodPassword);
  const tasks = (await owner.get('/api/v1/tasks')).json<{ id: string; system: string }[]>();
  expect(new Set(tasks.map((t) => t.system))).toEqual(new Set(['partner']));
  const all = (await hub.ask('GET', '/tasks')).json<{ id: string; system: string }[]>();
  for (const { id, system } of all.filter((t) => t.id !== ids['task']))
    expect([system, (await owner.get(`/api/v1/tasks/${id}`)).status]).toEqual([system, system === 'partner' ? 200 : 404]);
  const systems = (await owner.get('/api/v1/systems')).json<{ system: string }[]>();
  expect(systems.map((s) => s.system)).toEqual(['partner']);
  expect((await owner.get('/api/v1/cases')).status).toBe(403);
});

it('counts only the roles that opened a route', () => {
  const mixed = { roles: ['viewer', 'hr'] as const };
  const [person, employee] = [
    { id: '1', role: 'customer' },
    { id: '2', role: 'employee' },
  ];
  const reading = scopeOf(mixed, access['GET /subjects'] ?? []);
  expect([sees(reading, person), sees(reading, employee)]).toEqual([false, true]);
  const counting = scopeOf(mixed, access['GET /systems'] ?? []);
  expect([sees(counting, person), sees(counting, employee)]).toEqual([true, true]);
  expect(scopeOf({ roles: [] }, roles)).toEqual([]);
});

describe('the pages of the console', () => {
  it.each(
    pages.flatMap((p) =>
      [...roles, 'nobody' as const].map((role) => ({
        method: p.method,
        path: p.path,
        role,
        open: role !== 'nobody' && p.roles.includes(role),
      })),
    ),
  )('$method $path as $role: $open', async ({ method, path, role, open }) => {
    const answer = await hub.raw({
      method,
      url: path.replace(':id', randomUUID()).replace(/:\w+/, 'none'),
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(role === 'nobody' ? {} : { authorization: `Bearer token-of-${role}` }),
        'content-type': 'application/x-www-form-urlencoded',
      },
    });
    if (role === 'nobody') expect([answer.status, String(answer.headers['location']).slice(0, 8)]).toEqual([303, '/sign-in']);
    else if (open) expect([401, 403, 500]).not.toContain(answer.status);
    else expect(answer.status).toBe(403);
  });

  it('are all in the table, and the navigation shows to nobody what they may not open', () => {
    const table = new Set(pages.map((p) => `${p.method} ${p.path}`));
    expect(table.size).toBe(pages.length);
    for (const entry of navigation)
      expect(pages.find((p) => p.method === 'GET' && p.path === entry.path)?.roles).toEqual(entry.roles);
  });
});
