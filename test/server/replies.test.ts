import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { People } from '../../src/connectors/connector.ts';
import { alertKinds, usualLimits } from '../../src/core/alert.ts';
import { dayIn, daysBetween } from '../../src/core/day.ts';
import { replyLimits } from '../../src/core/reply.ts';
import { everybody } from '../../src/core/scope.ts';
import { mailTasks, replyMailer } from '../../src/jobs/mail-tasks.ts';
import { type Needs, now } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { watch } from '../../src/jobs/watch.ts';
import { mailWords } from '../../src/server/alerts.ts';
import { openAlerts } from '../../src/store/alerts.ts';
import { searchEntries } from '../../src/store/audit.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { changes } from '../../src/store/database.ts';
import { answerTimes, dropReplyFiles } from '../../src/store/replies.ts';
import { aino } from '../jobs/world.ts';
import { decoded, mailServer } from '../support/mail-server.ts';
import { random } from '../support/random.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

const origin = 'http://127.0.0.1:1';
let hub: TestHub;
let server: Awaited<ReturnType<typeof mailServer>>;
let subject: string;
let found: string;
beforeEach(async () => {
  server = await mailServer();
  hub = await openTestHub({
    needs: withPeople({ address: 'tietosuoja@perinta.test', language: 'fi', instructions: 'Reskontra kolme.' }),
  });
  subject = await linkedAino(hub);
  found = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>().id;
  await hub.ask('POST', `/cases/${found}/approve`);
  await hub.settle();
  return async () => {
    await hub.close();
    await server.close();
  };
});

const withPeople =
  (people: People) =>
  (needs: Needs): Needs => {
    const partner = needs.connectors['partner'];
    if (!partner) throw new Error('the world has no partner');
    const smtp = `smtp://127.0.0.1:${server.port}`;
    return {
      ...needs,
      connectors: { ...needs.connectors, partner: { ...partner, people } },
      config: {
        ...needs.config,
        replies: { url: origin },
        notify: { mail: { smtp, from: 'kaiku@sahko.test', to: [] }, owners: {}, on: [...alertKinds], after: usualLimits },
      },
    };
  };

const send = () => mailTasks(hub.needs, replyMailer(hub.needs), (language) => mailWords(hub.needs.config, language));
const lastMail = () => server.mails.at(-1) ?? { to: [], raw: '' };
const linkIn = (raw: string) => /\/reply\/[\w-]{43}/.exec(decoded(raw))?.[0] ?? '';
const codeIn = (raw: string) => /Koodinne on (\d{8})/.exec(decoded(raw))?.[1] ?? '';
const open = (path: string) => hub.raw({ method: 'GET', url: path, headers: { 'accept-language': 'en' } });
const post = (path: string, form: Record<string, string | string[]> = {}) => {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) for (const one of [value].flat()) body.append(name, one);
  return hub.raw({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    payload: body.toString(),
  });
};
const hidden = (html: string, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';

/** The link of the last mail, opened with the code that is mailed for it. */
async function opened(): Promise<{ path: string; pass: string; version: string; text: string }> {
  const path = linkIn(server.mails.findLast(({ raw }) => linkIn(raw) !== '')?.raw ?? '');
  await post(`${path}/code`);
  const { text } = await post(`${path}/open`, { code: codeIn(lastMail().raw) });
  return { path, pass: hidden(text, 'pass'), version: hidden(text, 'version'), text };
}
const task = async () => {
  const [first] = (await hub.ask('GET', '/tasks')).json<
    { id: string; system: string; due: string; outcome?: string; until?: string }[]
  >();
  if (!first) throw new Error('nobody was asked');
  return first;
};
const person = { name: 'Peppi Perijä', role: 'tietosuojavastaava', agree: 'yes' };
const values = [aino.email, 'Aino', 'Virtanen'];

describe('people who run a system', () => {
  it('are mailed once, in their language, with nothing of the person in subject, text or link', async () => {
    expect(await send()).toBe(1);
    expect(await send()).toBe(0);
    const { to, raw } = lastMail();
    expect(to).toEqual(['tietosuoja@perinta.test']);
    expect(decoded(raw)).toContain('pyytää teitä poistamaan');
    for (const value of values) expect(decoded(raw)).not.toContain(value);
    const first = await open(linkIn(raw));
    expect(first.text).toContain('Tietosuojapyyntö');
    for (const value of values) expect(first.text).not.toContain(value);
  });

  it('see whom it is about only after a code that is mailed to the mailbox the company named', async () => {
    await send();
    const path = linkIn(lastMail().raw);
    expect((await post(`${path}/open`, { code: '12345678' })).status).toBe(400);
    await post(`${path}/code`);
    expect(lastMail().to).toEqual(['tietosuoja@perinta.test']);
    const code = codeIn(lastMail().raw);
    const wrong = code === '00000000' ? '00000001' : '00000000';
    for (let n = 0; n < 5; n++) expect((await post(`${path}/open`, { code: wrong })).text).not.toContain(aino.email);
    // five wrong ones use it up
    expect((await post(`${path}/open`, { code })).status).toBe(400);
    const shown = await opened();
    expect(shown.text).toContain(aino.email);
    expect(shown.text).toContain('Reskontra kolme.');
    const told = await searchEntries(hub.needs.db, everybody, { action: 'task.revealed' }, 5);
    expect(told.map(({ line }) => (JSON.parse(line) as { actor: string }).actor)).toEqual(['answerer:partner']);
  });

  it('are mailed a few codes a day, each good for a quarter of an hour and once', async () => {
    await send();
    const { path } = await opened();
    await post(`${path}/code`);
    const code = codeIn(lastMail().raw);
    await advanceClock(hub.needs.db, 'PT16M');
    expect((await post(`${path}/open`, { code })).status).toBe(400);
    for (let n = 0; n < 6; n++) await post(`${path}/code`);
    const mails = server.mails.length;
    expect((await post(`${path}/code`)).text).toContain('Tänään on lähetetty liian monta koodia');
    expect(server.mails.length).toBe(mails);
  });

  it('answer under their name, once; the digest of what they stated is in the log, and the page of the task shows it', async () => {
    await send();
    const { path, pass, version } = await opened();
    const done = await post(path, { pass, version, outcome: 'erased', ...person });
    expect(done.text).toContain('Kiitos');
    const digest = /<code>([0-9a-f]{64})<\/code>/.exec(done.text)?.[1];
    const { id } = await task();
    expect(await task()).toMatchObject({ outcome: 'erased' });
    const [told] = await searchEntries(hub.needs.db, everybody, { action: 'task.answered' }, 1);
    expect(JSON.parse(told?.line ?? '{}')).toMatchObject({ actor: 'answerer:partner', evidence: 'acknowledged', reason: digest });
    expect(told?.line).not.toContain('Peppi');
    const page = await hub.raw({ method: 'GET', url: `/tasks/${id}`, headers: { authorization: 'Bearer token-of-dpo' } });
    expect(page.text).toContain('Peppi Perijä, tietosuojavastaava');
    expect(page.text).toContain(digest);
    expect((await post(path, { pass, version, outcome: 'refused', note: 'ei', ...person })).text).toContain('on vastattu');
    expect((await open(path)).text).toContain('on vastattu');
    expect(await send()).toBe(0);
    const [times] = await answerTimes(hub.needs.db);
    expect(times).toMatchObject({ system: 'partner', answers: 1 });
    const systems = (await hub.ask('GET', '/systems')).json<{ system: string; answers?: unknown }[]>();
    expect(systems.find(({ system }) => system === 'partner')?.answers).toEqual({ count: 1, medianDays: 0 });
  });

  it('say what they keep, by which law and until when; nothing is recorded while something is missing', async () => {
    await send();
    const { path, pass, version } = await opened();
    const kept = { pass, version, outcome: 'retained', until: '2032-12-31', law: 'kirjanpitolaki 2:10 §', ...person };
    for (const [form, says] of [
      [{ ...kept, kept: [] }, 'Merkitkää, mitä'],
      [{ ...kept, kept: ['birthDate'] }, 'Merkitkää, mitä'],
      [{ ...kept, kept: ['email'], law: '' }, 'viimeinen'],
      [{ ...kept, kept: ['email'], until: '2032-13-31' }, 'viimeinen'],
      [{ ...kept, kept: ['email'], name: ' ' }, 'nimenne'],
      [{ ...kept, kept: ['email'], agree: '' }, 'organisaationne'],
      [{ ...kept, kept: ['email'], note: 'hänen tunnuksensa on 131052-308T' }, 'henkilötunnus'],
      [{ ...kept, kept: ['email'], version: '0' }, 'muuttunut'],
      [{ ...kept, outcome: 'updated' }, 'Valitse'],
      [{ ...kept, outcome: 'refused' }, 'miksi'],
      [{ ...kept, pass: 'x' }, 'liian kauan'],
    ] as const) {
      const { status, text } = await post(path, form as unknown as Record<string, string>);
      expect([status, says, text.includes(says)]).toEqual([400, says, true]);
    }
    expect((await task()).outcome).toBeUndefined();
    expect((await post(path, { ...kept, kept: ['email'] })).status).toBe(200);
    expect(await task()).toMatchObject({ outcome: 'retained', until: '2032-12-31' });
    const { systems } = (await hub.ask('GET', `/cases/${found}`)).json<{ systems?: unknown[] }>();
    expect(JSON.stringify(systems ?? (await hub.ask('GET', `/subjects/${subject}`)).json())).toContain('2032-12-31');
  });

  it('ask back: the request stays open, and somebody in the company is told', async () => {
    await send();
    const { path, pass, version } = await opened();
    expect((await post(path, { pass, version, outcome: 'question', note: 'Mikä asiakasnumero?' })).text).toContain('jää auki');
    const { id, outcome } = await task();
    expect(outcome).toBeUndefined();
    await watch(hub.needs);
    expect((await openAlerts(hub.needs.db)).map(({ kind, about }) => [kind, about])).toContainEqual(['task-stuck', id]);
    const page = await hub.raw({ method: 'GET', url: `/tasks/${id}`, headers: { authorization: 'Bearer token-of-dpo' } });
    expect(page.text).toContain('Mikä asiakasnumero?');
  });
});

it('a statement stands in the evidence pack by its name and digest, and the pack’s own verifier finds another digest out', async () => {
  await send();
  const { path, pass, version } = await opened();
  await post(path, { pass, version, outcome: 'erased', ...person });
  await hub.settle();
  const pack = (await hub.ask('GET', `/cases/${found}/evidence?as=json`)).json<{
    duties: { system: string; by?: string; statement?: string }[];
  }>();
  const duty = pack.duties.find(({ system }) => system === 'partner');
  expect(duty).toMatchObject({ by: 'Peppi Perijä, tietosuojavastaava', statement: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-pack-'));
  const checked = async () => {
    await writeFile(join(folder, 'evidence.json'), JSON.stringify(pack));
    const program = join(import.meta.dirname, '../../templates/evidence/verify.mjs');
    return spawnSync(process.execPath, [program, join(folder, 'evidence.json')], { encoding: 'utf8' });
  };
  expect((await checked()).stdout).toContain('stated by Peppi Perijä, tietosuojavastaava');
  if (duty) duty.statement = '0'.repeat(64);
  expect((await checked()).stdout).toContain('partner: the log has no such statement');
  await rm(folder, { recursive: true });
});

describe('a file with the answer', () => {
  const handIn = (path: string, form: Record<string, string>, file: { name: string; type: string; content: Buffer }) => {
    const edge = 'edge-of-a-part';
    const parts = Object.entries(form).map(
      ([name, value]) => `--${edge}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const head = `--${edge}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: ${file.type}\r\n\r\n`;
    return hub.raw({
      method: 'POST',
      url: path,
      headers: { 'content-type': `multipart/form-data; boundary=${edge}`, 'sec-fetch-site': 'same-origin' },
      payload: Buffer.concat([Buffer.from(parts.join('') + head), file.content, Buffer.from(`\r\n--${edge}--\r\n`)]),
    });
  };
  const proof = { name: '../todistus <b>.pdf', type: 'text/html', content: Buffer.from('<script>Aino Virtanen</script>') };

  it('is kept sealed for thirty days, is never shown by a browser, and its digest stays', async () => {
    await send();
    const { path, pass, version } = await opened();
    expect((await handIn(path, { pass, version, outcome: 'erased', ...person }, proof)).text).toContain('Kiitos');
    const { id } = await task();
    const office = { authorization: 'Bearer token-of-dpo' };
    const got = await hub.raw({ method: 'GET', url: `/tasks/${id}/file`, headers: office });
    expect([got.status, got.type, got.text]).toEqual([200, 'application/octet-stream', proof.content.toString()]);
    expect(String(got.headers['content-disposition'])).toMatch(/^attachment; filename="[\w.-]+"/);
    expect(await hub.dump('reply_file')).not.toContain(proof.content.toString('base64').slice(0, 20));
    expect(
      (await hub.raw({ method: 'GET', url: `/tasks/${id}/file`, headers: { authorization: 'Bearer token-of-viewer' } })).status,
    ).toBe(403);
    const digest = createHash('sha256').update(proof.content).digest('hex');
    const page = () => hub.raw({ method: 'GET', url: `/tasks/${id}`, headers: office });
    expect((await page()).text).toContain(digest);
    await dropReplyFiles(hub.needs.db, new Date(Date.now() + 31 * 86_400_000));
    expect((await hub.raw({ method: 'GET', url: `/tasks/${id}/file`, headers: office })).status).toBe(404);
    expect((await page()).text).toContain(digest);
  });

  it('and the answer are there together, or not at all', async () => {
    await send();
    const { path, pass, version } = await opened();
    const form = { pass, version, outcome: 'erased', ...person };
    const { vault } = hub.needs;
    const seal = vault.sealJson;
    vault.sealJson = (aad, value) => {
      if (aad.startsWith('reply-file:')) throw new Error('the disk is full');
      return seal(aad, value);
    };
    expect((await handIn(path, form, proof)).status).toBe(500);
    expect((await task()).outcome).toBeUndefined();
    vault.sealJson = seal;
    expect((await handIn(path, form, proof)).text).toContain('Kiitos');
  });

  it('is refused where it is too large, and nothing is recorded; no other form takes one', async () => {
    await send();
    const { path, pass, version } = await opened();
    const form = { pass, version, outcome: 'erased', ...person };
    const large = { ...proof, content: Buffer.alloc(replyLimits.fileBytes + 1) };
    expect((await handIn(path, form, large)).status).toBe(413);
    expect((await task()).outcome).toBeUndefined();
    expect((await handIn(`${path}/open`, { code: '1' }, proof)).status).toBe(415);
    expect((await handIn(path, form, { ...proof, name: '', content: Buffer.alloc(0) })).text).toContain('Kiitos');
  });
});

describe('silence', () => {
  it('is reminded of by the ladder, each time by a new link, and never closes anything', async () => {
    await send();
    const first = linkIn(lastMail().raw);
    // noon in Finland or an hour later, wherever the test began
    const toNoon = (34 - (await now(hub.needs)).getUTCHours()) % 24;
    if (toNoon > 0) await advanceClock(hub.needs.db, `PT${toNoon}H`);
    const lastDay = dayIn(new Date((await task()).due), 'Europe/Helsinki');
    const mailed: number[] = [];
    let late = '';
    for (let day = 0; day < 44; day++) {
      await advanceClock(hub.needs.db, 'P1D');
      const before = server.mails.length;
      await send();
      if (server.mails.length === before) continue;
      mailed.push(daysBetween(lastDay, dayIn(await now(hub.needs), 'Europe/Helsinki')));
      // on the day itself it is not late yet
      const says = decoded(lastMail().raw);
      if (says.includes('määräpäivä oli')) late ||= String(mailed.at(-1));
      else expect(says).toContain('viimeistään');
    }
    // asked fourteen days before: nine, four and one day before, on the day, daily, then weekly
    expect(mailed.slice(0, 20)).toEqual([-9, -4, -1, 0, ...Array.from({ length: 14 }, (_, n) => n + 1), 21, 28]);
    expect(late).toBe('1');
    expect((await open(first)).status).toBe(404);
    expect((await task()).outcome).toBeUndefined();
    expect((await open(linkIn(lastMail().raw))).status).toBe(200);
  });
});

describe('a mailbox', () => {
  it('that is refused for good is told once and not mailed again, until the company names another', async () => {
    server.refuse = 550;
    expect(await send()).toBe(0);
    expect(await send()).toBe(0);
    await watch(hub.needs);
    expect((await openAlerts(hub.needs.db)).map(({ kind }) => kind)).toContain('task-stuck');
    server.refuse = 0;
    await advanceClock(hub.needs.db, 'P2D');
    expect(await send()).toBe(0);
    hub.needs.connectors = withPeople({ address: 'toinen@perinta.test', language: 'sv' })(hub.needs).connectors;
    expect(await send()).toBe(1);
    expect(lastMail().to).toEqual(['toinen@perinta.test']);
    expect(decoded(lastMail().raw)).toContain('ber er radera');
  });

  it('whose server is away is tried again', async () => {
    server.refuse = 451;
    expect(await send()).toBe(0);
    server.refuse = 0;
    expect(await send()).toBe(0);
    await changes(hub.needs.db, sql`UPDATE reply_link SET wake_at = clock_timestamp()`);
    expect(await send()).toBe(1);
  });
});

it('a task that is brought up to date is told again, and an answer to the older one is not taken', async () => {
  hub.register.put('2', { person: { givenName: 'Other', familyName: 'Uusi', email: 'other@sahko.test' }, ...granted });
  await pollRegister(hub.needs, 'crm');
  await hub.settle();
  await send();
  const mails = server.mails.filter(({ raw }) => decoded(raw).includes('oikaisemaan'));
  expect(mails).toHaveLength(1);
  const path = linkIn(mails[0]?.raw ?? '');
  await post(`${path}/code`);
  const { text } = await post(`${path}/open`, { code: codeIn(lastMail().raw) });
  const form = { pass: hidden(text, 'pass'), version: hidden(text, 'version'), outcome: 'updated', ...person };
  hub.register.put('2', { person: { givenName: 'Other', familyName: 'Uudempi', email: 'other@sahko.test' }, ...granted });
  await pollRegister(hub.needs, 'crm');
  await hub.settle();
  expect((await post(path, form)).text).toContain('muuttunut');
  expect(await send()).toBe(1);
});

const forms = Number(process.env['KAIKU_FORMS'] ?? 500);
it(`takes none of ${forms} malformed forms for an answer, and falls over none`, { timeout: 300_000 }, async () => {
  await send();
  const { path, pass, version } = await opened();
  const pick = random(Number(process.env['KAIKU_SEED'] ?? 1));
  const odd = [
    '',
    ' ',
    '\u0000',
    '�',
    'x'.repeat(5000),
    '__proto__',
    '[]',
    '{"a":1}',
    '2032-02-30',
    "'; DROP TABLE task; --",
    '<b>',
    'erased\n',
    '%',
    '🦊',
  ];
  const names = ['pass', 'version', 'outcome', 'note', 'until', 'law', 'kept', 'name', 'role', 'agree', 'constructor'];
  for (let n = 0; n < forms; n++) {
    const form: Record<string, string | string[]> = { pass, version, outcome: 'erased', ...person };
    // one thing at least that makes it no answer, and some more
    for (let i = 0; i <= pick(4); i++) form[names[pick(names.length)] ?? ''] = odd[pick(odd.length)] ?? '';
    form[['outcome', 'version', 'pass', 'agree'][pick(4)] ?? 'pass'] = odd[pick(odd.length)] ?? '';
    if (pick(10) === 0) form['kept'] = [odd[pick(odd.length)] ?? '', 'email'];
    const { status } = await post(path, form);
    expect([n, status, status >= 400 && status < 500]).toEqual([n, status, true]);
  }
  expect((await task()).outcome).toBeUndefined();
});
