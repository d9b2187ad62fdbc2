import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { driveRun } from '../../src/jobs/resync.ts';
import { changes } from '../../src/store/database.ts';
import { runById } from '../../src/store/runs.ts';
import { aino } from '../jobs/world.ts';
import { granted, idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';
import { openPages, placeOf, textOf } from './pages.ts';

let hub: TestHub;
let pages: ReturnType<typeof openPages>;
beforeEach(async () => {
  hub = await openTestHub();
  pages = openPages(hub);
  return () => hub.close();
});

const rowOf = (email: string) => {
  const row = [...hub.newsletter.rows.values()].find((r) => r.fields.email === email);
  if (!row) throw new Error('the newsletter has no such row');
  return row;
};
/** What the clockwork and the workers would do, until nothing is left of it. */
async function work(path: string) {
  for (let i = 0; i < 60; i++) {
    await hub.settle();
    await driveRun(hub.needs);
    const run = await runById(hub.needs.db, path.replace('/runs/', ''));
    if (run?.state !== 'running') return run;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  throw new Error('the run did not come to rest');
}
const preview = async () => {
  const path = placeOf(await pages.post('/systems/newsletter/preview'));
  await work(path);
  return path;
};

/** So many people in the register and on the newsletter. */
async function many(n: number) {
  for (let i = 0; i < n; i++) {
    const person = { givenName: `Nimi${i}`, email: `p${i}@sahko.test` };
    hub.newsletter.add(person);
    hub.register.put(String(i), { person, ...granted });
  }
  await pollRegister(hub.needs, 'crm');
  await linkRecipient(hub.needs, 'newsletter', true, 'test');
  await hub.settle();
}

describe('a preview', () => {
  it('is started without waiting for it, and shows what would be done, masked, and what it would cost', async () => {
    await linkedAino(hub);
    rowOf(aino.email).fields.givenName = 'Aina';
    hub.newsletter.add({ email: 'stranger@sahko.test' });
    const started = await pages.post('/systems/newsletter/preview');
    expect(started.status).toBe(303);
    const path = placeOf(started);
    const before = await pages.get(path);
    expect(textOf(before)).toContain('reading all rows');
    expect(before.text).toContain(`data-topic="run:${path.replace('/runs/', '')}"`);
    await work(path);
    const page = await pages.get(path);
    expect(textOf(page)).toMatch(/1 to correct 0 to look for again .* 1 already right 1 nobody knows them/);
    expect(textOf(page)).toContain('nothing was written');
    expect(textOf(page)).toMatch(/about 4 requests and less than a minute/);
    expect(textOf(page)).toContain('Differs in The row there given name');
    expect(page.text).toContain('s…r@s…o.test');
    expect(page.text).not.toMatch(/Aina|aino@|stranger@|⟦/);
  });

  it('is shown instead of a second one while it is under way', async () => {
    await linkedAino(hub);
    const first = placeOf(await pages.post('/systems/newsletter/preview'));
    expect(placeOf(await pages.post('/systems/newsletter/preview'))).toBe(first);
  });

  it('is tried again when the system does not answer and nobody waits for it', async () => {
    await linkedAino(hub);
    const { list } = hub.newsletter;
    hub.newsletter.list = () => {
      throw new Failure('RECIPIENT_UNAVAILABLE');
    };
    const path = placeOf(await pages.post('/systems/newsletter/preview'));
    await driveRun(hub.needs);
    expect(textOf(await pages.get(path))).toContain('the system says that it is out of order');
    hub.newsletter.list = list;
    for (let i = 0; i < 40 && !(await driveRun(hub.needs)); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await work(path)).toMatchObject({ state: 'previewed', problem: null });
  });

  it('says so in Finnish and Swedish too', async () => {
    await linkedAino(hub);
    const path = await preview();
    for (const lang of ['fi', 'sv']) expect((await pages.get(path, 'admin', lang)).text).not.toMatch(/⟦|unchanged|already right/);
  });
});

describe('the yes to a preview', () => {
  it('starts the run, once, and leads to it', async () => {
    await linkedAino(hub);
    rowOf(aino.email).fields.givenName = 'Aina';
    const path = await preview();
    const run = placeOf(await pages.post(`${path}/confirm`));
    expect(run).not.toBe(path);
    expect(await work(run)).toMatchObject({ state: 'finished' });
    expect(rowOf(aino.email).fields.givenName).toBe('Aino');
    expect((await pages.post(`${path}/confirm`)).status).toBe(409);
    expect((await pages.get(path)).text).toContain(`href="${run}"`);
    expect(textOf(await pages.get(run))).toMatch(/finished .*1 to correct/);
  });

  it('is refused where the preview is older than an hour', async () => {
    await linkedAino(hub);
    const path = await preview();
    await changes(hub.needs.db, sql`UPDATE run SET finished_at = now() - interval '61 minutes'`);
    const refused = await pages.post(`${path}/confirm`);
    expect(refused.status).toBe(409);
    expect(textOf(refused)).toContain('The preview is too old');
    expect(textOf(await pages.get(path))).toContain('Make a new preview');
  });

  it('is refused for what is no finished preview, and while another run is under way', async () => {
    await linkedAino(hub);
    rowOf(aino.email).fields.givenName = 'Aina';
    const [one, two] = [await preview(), await preview()];
    const run = placeOf(await pages.post(`${one}/confirm`));
    expect((await pages.post(`${run}/confirm`)).status).toBe(409);
    expect(textOf(await pages.post(`${two}/confirm`))).toContain('Another run of this system is not over');
  });

  it('takes the number of rows where very many would lose something, and nothing less', async () => {
    await many(25);
    for (let i = 0; i < 25; i++)
      hub.register.put(String(i), { ...granted, refused: { newsletter: true }, granted: { newsletter: false } });
    await pollRegister(hub.needs, 'crm');
    await hub.settle();
    // somebody at the recipient put all of them to use again
    for (const row of hub.newsletter.rows.values()) row.standing = 'active';
    const path = await preview();
    expect(textOf(await pages.get(path))).toContain('25 rows would be erased, restricted or lose a value');
    expect((await pages.post(`${path}/confirm`)).status).toBe(409);
    expect((await pages.post(`${path}/confirm`, { rows: '24' })).status).toBe(409);
    const run = placeOf(await pages.post(`${path}/confirm`, { rows: '25' }));
    expect(await work(run)).toMatchObject({ state: 'finished', agreed: 25 });
    expect([...hub.newsletter.rows.values()].filter((r) => r.standing === 'active')).toEqual([]);
  });

  it('is asked for in the middle where nobody made a preview', async () => {
    await many(25);
    for (let i = 0; i < 25; i++)
      hub.register.put(String(i), { ...granted, refused: { newsletter: true }, granted: { newsletter: false } });
    await pollRegister(hub.needs, 'crm');
    await hub.settle();
    for (const row of hub.newsletter.rows.values()) row.standing = 'active';
    const log = hub.newsletter.log.length;
    const run = (await hub.ask('POST', '/systems/newsletter/resync', { dryRun: false })).json<Record<string, unknown>>();
    expect(run).toMatchObject({ state: 'paused', problem: 'mass-change', rowsToSay: 25 });
    await hub.settle();
    expect(hub.newsletter.log.slice(log)).toEqual([]);
    const path = `/runs/${String(run['run'])}`;
    expect(textOf(await pages.get(path))).toContain('Type the number of rows to go on');
    expect((await hub.ask('POST', `${path}/resume`)).json()).toMatchObject({ status: 409, code: 'rows-needed' });
    expect((await pages.post(`${path}/resume`, { rows: '7' })).status).toBe(409);
    expect((await pages.post(`${path}/resume`, { rows: '25' })).status).toBe(303);
    expect(await work(path)).toMatchObject({ state: 'finished' });
  });
});

describe('a run', () => {
  const start = async () => placeOf(await pages.post(`${await preview()}/confirm`));

  it('is paused, slowed down, resumed and stopped by forms', async () => {
    await many(8);
    for (const row of hub.newsletter.rows.values()) row.fields.givenName = 'Muu';
    const path = await start();
    await driveRun(hub.needs);
    expect((await pages.post(`${path}/pause`)).status).toBe(303);
    expect(await driveRun(hub.needs)).toBe(false);
    expect(textOf(await pages.get(path))).toContain('paused');
    expect((await pages.post(`${path}/pause`)).status).toBe(409);
    expect((await pages.post(`${path}/throttle`, { perSecond: '2.5' })).status).toBe(303);
    expect(textOf(await pages.get(path))).toContain('2.5 people a second');
    expect((await pages.post(`${path}/throttle`, { perSecond: 'fast' })).status).toBe(400);
    expect((await pages.post(`${path}/throttle`, { perSecond: '-1' })).status).toBe(400);
    expect((await pages.post(`${path}/resume`)).status).toBe(303);
    expect((await pages.post(`${path}/stop`)).status).toBe(303);
    expect((await pages.post(`${path}/resume`)).status).toBe(409);
    expect(textOf(await pages.get(path))).toContain('stopped');
  });

  it('shows what failed and what would be sent, and tries just that again', async () => {
    const subject = await linkedAino(hub);
    for (const email of [aino.email, 'other@sahko.test']) rowOf(email).fields.givenName = 'Muu';
    const path = await start();
    await driveRun(hub.needs);
    await driveRun(hub.needs);
    await driveRun(hub.needs);
    await hub.settle();
    rowOf(aino.email).fields.givenName = 'Aina';
    await changes(
      hub.needs.db,
      sql`UPDATE record SET fingerprints = fingerprints - 'givenName' WHERE subject = ${subject} AND recipient = 'newsletter'`,
    );
    await changes(
      hub.needs.db,
      sql`UPDATE duty SET state = 'dead', reason = 'crashed', wake_at = NULL WHERE subject = ${subject} AND recipient = 'newsletter'`,
    );
    await work(path);
    const failed = await pages.get(path);
    expect(textOf(failed)).toMatch(
      /What failed .*given up, needs you the work broke off again and again correct given name: read from the register then/,
    );
    expect(failed.text).not.toContain('Aino');
    expect((await hub.ask('GET', `${path}/failures`)).json()).toMatchObject([
      { state: 'dead', step: 'update', wanted: 'update' },
    ]);
    const log = hub.newsletter.log.length;
    expect((await pages.post(`${path}/retry`)).status).toBe(303);
    expect(await work(path)).toMatchObject({ state: 'finished' });
    expect(rowOf(aino.email).fields.givenName).toBe('Aino');
    expect(hub.newsletter.log.slice(log).filter((verb) => verb === 'rectify')).toHaveLength(1);
    expect((await pages.post(`${path}/retry`)).status).toBe(409);
  });

  it('that broke off while it read starts over when it is told to', async () => {
    await linkedAino(hub);
    rowOf(aino.email).fields.givenName = 'Aina';
    const path = await preview();
    const { list } = hub.newsletter;
    hub.newsletter.list = () => {
      throw new Failure('CREDENTIALS_REJECTED');
    };
    const run = placeOf(await pages.post(`${path}/confirm`));
    await driveRun(hub.needs);
    expect(textOf(await pages.get(run))).toMatch(/rejects our credentials.*broke off/);
    hub.newsletter.list = list;
    await hub.ask('POST', '/systems/newsletter/check');
    expect((await pages.post(`${run}/retry`)).status).toBe(303);
    expect(await work(run)).toMatchObject({ state: 'finished', counts: expect.objectContaining({ update: 1, unchanged: 1 }) });
  });

  it('lets a process go that is about to stop, even in the middle of a pause', async () => {
    await linkedAino(hub);
    const path = await start();
    const ends = new AbortController();
    const { list } = hub.newsletter;
    hub.newsletter.list = async function* (call) {
      await pages.post(`${path}/pause`);
      yield* list.call(hub.newsletter, call);
    };
    const driven = driveRun(hub.needs, null, ends.signal);
    await new Promise((resolve) => setTimeout(resolve, 400));
    ends.abort();
    await driven;
    hub.newsletter.list = list;
    expect(await runById(hub.needs.db, path.replace('/runs/', ''))).toMatchObject({ state: 'paused', phase: 'reading' });
    await pages.post(`${path}/resume`);
    expect(await work(path)).toMatchObject({ state: 'finished' });
  });

  it('brings nobody back whom an erasure took while it ran', async () => {
    await linkedAino(hub);
    rowOf(aino.email).fields.givenName = 'Aina';
    const path = await start();
    await driveRun(hub.needs);
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: await idOf(hub, aino.email) })).json<{
      id: string;
    }>();
    await hub.ask('POST', `/cases/${id}/approve`);
    await work(path);
    expect([...hub.newsletter.rows.values()].map((r) => r.fields.email)).toEqual(['other@sahko.test']);
  });
});

describe('first contact', () => {
  it('is looked at, then written, as a run that is watched', async () => {
    hub.newsletter.add({ email: aino.email });
    hub.newsletter.add({ email: 'stranger@sahko.test' });
    hub.register.put('1', { person: aino, ...granted });
    await pollRegister(hub.needs, 'crm');
    expect(textOf(await pages.get('/systems/newsletter/link'))).toContain('Nobody has looked yet.');
    const look = placeOf(await pages.post('/systems/newsletter/link'));
    expect(await work(look)).toMatchObject({ state: 'previewed' });
    expect(textOf(await pages.get(look))).toMatch(/2 rows read 1 linked 0 linked before .* 1 nobody knows them/);
    expect(await hub.dump('record')).not.toContain('newsletter');
    const run = placeOf(await pages.post(`${look}/confirm`));
    expect(await work(run)).toMatchObject({ state: 'finished', counts: expect.objectContaining({ linked: 1 }) });
    expect(await hub.dump('record')).toContain('newsletter');
    expect(textOf(await pages.get('/systems/newsletter'))).toContain('Linked since');
  });
});

describe('who may do what with runs', () => {
  it('lets the DPO look and the admin act, and nobody else', async () => {
    await linkedAino(hub);
    const path = await preview();
    for (const [as, status] of [
      ['dpo', 200],
      ['decision-maker', 403],
      ['viewer', 403],
      ['auditor', 403],
      ['nobody', 303],
    ] as const)
      expect([as, (await pages.get(path, as)).status]).toEqual([as, status]);
    for (const verb of ['confirm', 'pause', 'resume', 'stop', 'retry', 'throttle'])
      for (const as of ['dpo', 'decision-maker', 'viewer', 'auditor'] as const)
        expect([verb, as, (await pages.post(`${path}/${verb}`, {}, as)).status]).toEqual([verb, as, 403]);
    expect((await pages.get(path, 'dpo')).text).not.toContain('/confirm"');
    for (const form of ['preview', 'link', 'check'])
      expect((await pages.post(`/systems/newsletter/${form}`, {}, 'dpo')).status).toBe(403);
  });

  it('says 404 for a run that is not there, and 400 for what is no id', async () => {
    expect((await pages.get('/runs/4f9f1c9e-8a4b-4d56-9a44-0c8f6d3b5e01')).status).toBe(404);
    expect((await pages.get('/runs/none')).status).toBe(400);
    expect((await pages.post('/systems/nowhere/preview')).status).toBe(404);
    expect((await pages.post('/systems/partner/preview')).status).toBe(400);
  });
});
