import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/connectors/mail.ts';
import { driveIntakes, formMailer } from '../../src/jobs/drive-intakes.ts';
import { expireForms } from '../../src/jobs/intakes.ts';
import { watch } from '../../src/jobs/watch.ts';
import { mailWords } from '../../src/server/alerts.ts';
import { openAlerts } from '../../src/store/alerts.ts';
import { changes } from '../../src/store/database.ts';
import { permissionsOf } from '../../src/store/subjects.ts';
import { decoded, linkIn, mailServer } from '../support/mail-server.ts';
import { Browser } from './browser.ts';
import { idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Intake {
  id: string;
  type: string;
  state: string;
  reason?: string;
  due: string;
  case?: string;
}

const formUrl = 'https://oikeudet.sahko.test';
let hub: TestHub;
let aino: string;
let server: Awaited<ReturnType<typeof mailServer>>;
let visitor: Browser;
beforeEach(async () => {
  server = await mailServer();
  const mail = { smtp: `smtp://127.0.0.1:${server.port}`, from: 'kaiku@sahko.test', to: [] };
  hub = await openTestHub({
    testClock: true,
    needs: (needs) => ({
      ...needs,
      config: {
        ...needs.config,
        controller: { ...needs.config.controller, privacyContact: 'tietosuoja@sahko.test' },
        requests: { url: formUrl },
        notify: {
          mail,
          owners: {},
          on: [],
          after: { taskDays: 3, caseDays: 3, holdDays: 7, registerHours: 6, driftFindings: 0 },
        },
      },
    }),
  });
  aino = await linkedAino(hub);
  visitor = new Browser(hub);
  visitor.headers = { ...visitor.headers, 'accept-language': 'fi' };
  return async () => {
    await hub.close();
    await server.close();
  };
});

const good = { name: 'Aino Virtanen', email: 'AINO@sahko.test', phone: '', message: '' };
const fill = (type: string, over: Record<string, string> = {}) => visitor.post(`/request/new/${type}`, { ...good, ...over });
/** What the machine does by itself, as often as it would in a while. */
const drive = async () => {
  await changes(hub.needs.db, sql`UPDATE intake SET wake_at = clock_timestamp() WHERE wake_at IS NOT NULL`);
  await driveIntakes(hub.needs, formMailer(hub.needs), (lang) => mailWords(hub.needs.config, lang)).catch(() => 0);
};
/** The path of the newest mailed link. */
const mailedLink = () => linkIn(server.mails.at(-1)?.raw ?? '', formUrl);
const confirmed = async (type: string, over: Record<string, string> = {}) => {
  expect((await fill(type, over)).status).toBe(200);
  await drive();
  const page = await visitor.post(mailedLink());
  expect(page.status).toBe(200);
  await drive();
  return page;
};
const intakes = async (as: Parameters<TestHub['ask']>[3] = 'dpo') =>
  (await hub.ask('GET', '/intakes', undefined, as)).json<Intake[]>();
const only = async () => {
  const all = await intakes();
  expect(all).toHaveLength(1);
  return all[0] as Intake;
};

describe('a request by the public form', () => {
  it('becomes the case of the one who has the mailbox, with nobody’s help, counted from the day the form was sent', async () => {
    await fill('access', { message: 'Kaikki, kiitos.' });
    expect(await intakes()).toEqual([]);
    await drive();
    expect(server.mails.map((m) => m.to)).toEqual([['AINO@sahko.test']]);
    await hub.ask('POST', '/test/clock', { advance: 'P1D' });
    // whoever scans mails for links changes nothing
    for (let n = 0; n < 3; n++) expect((await visitor.get(mailedLink())).status).toBe(200);
    expect(await intakes()).toEqual([]);
    const page = await visitor.post(mailedLink());
    expect(page.text).toContain('Pyyntönne on meillä');
    await drive();
    const taken = await only();
    expect(taken).toMatchObject({ type: 'access', state: 'taken' });
    const found = (await hub.ask('GET', `/cases/${taken.case}`)).json<Record<string, unknown>>();
    expect(found).toMatchObject({
      type: 'access',
      state: 'planned',
      subject: aino,
      identity: { state: 'proven', how: 'mailed-link' },
    });
    expect(String(found['receivedAt'] ?? '').slice(0, 10)).toBe(new Date(Date.now()).toISOString().slice(0, 10));
    expect((found['deadline'] as { date: string }).date).toBe(taken.due);
    // what was written is in the case's envelope and nowhere else
    expect(await hub.dump('intake')).not.toMatch(/aino|virtanen|kaikki|\\\\x[0-9a-f]{200}/i);
    expect(hub.logged()).not.toMatch(/aino|virtanen/i);
    expect(await hub.dump('audit_entry')).toContain('intake.taken');
    expect((await visitor.post(mailedLink())).text).toContain('Pyyntönne on meillä');
    expect(await intakes()).toHaveLength(1);
  });

  it('becomes a case of each role in which the mailbox is known, where the sender named none, each seen by its own office', async () => {
    const other = await idOf(hub, 'other@sahko.test');
    const { db } = hub.needs;
    await changes(db, sql`UPDATE subject SET role = 'employee' WHERE id = ${other}`);
    await changes(
      db,
      sql`INSERT INTO identifier (subject, kind, hash, key_id, normaliser)
          SELECT ${other}, kind, hash, key_id, normaliser FROM identifier WHERE subject = ${aino} AND kind = 'email'`,
    );
    // with one register the form asks for no role and takes the only one: as if there were two
    expect((await fill('erasure')).status).toBe(200);
    await changes(db, sql`UPDATE intake SET role = NULL`);
    await drive();
    await visitor.post(mailedLink());
    await drive();
    await drive();
    const whose = async (as: 'dpo' | 'hr') => {
      const [found, ...more] = await intakes(as);
      expect([found?.state, more]).toEqual(['taken', []]);
      return (await hub.ask('GET', `/cases/${found?.case}`)).json();
    };
    expect(await whose('dpo')).toMatchObject({ type: 'erasure', subject: aino, identity: { how: 'mailed-link' } });
    expect(await whose('hr')).toMatchObject({ type: 'erasure', subject: other, identity: { how: 'mailed-link' } });
    expect(await hub.dump('intake')).not.toMatch(/[0-9a-f]{200}/);
  });

  it('stops direct marketing at once when the mailbox is proven', async () => {
    await confirmed('objection');
    const found = (await hub.ask('GET', `/cases/${(await only()).case}`)).json<{ type: string; state: string }>();
    expect(found).toMatchObject({ type: 'objection', state: 'running' });
    await hub.settle();
    const [permission] = await permissionsOf(hub.needs.db, aino);
    expect(permission).toMatchObject({ name: 'newsletter', state: { refused: true } });
  });

  it('carries the corrected values to the case, sealed', async () => {
    await confirmed('rectification', { 'field.familyName': 'Korhonen' });
    const found = (await hub.ask('GET', `/cases/${(await only()).case}`)).json<{
      plan: { system: string; fields?: string[] }[];
    }>();
    expect(found.plan.find((p) => p.system === 'newsletter')?.fields).toEqual(['familyName']);
    for (const table of ['intake', 'case_file', 'audit_entry']) expect(await hub.dump(table)).not.toContain('Korhonen');
  });

  it('says the same to everybody: whether somebody is known is not to be learnt from it', async () => {
    const pages = [await fill('erasure'), await fill('erasure', { email: 'nobody@sahko.test' })];
    expect(pages[0]?.text).toBe(pages[1]?.text);
    await drive();
    const bodies = server.mails.map(({ raw }) =>
      decoded(raw)
        .slice(raw.indexOf('Content-Type: text/plain'))
        .replace(/[\w-]{43}|--_.*/g, ''),
    );
    expect(bodies[0]).toBe(bodies[1]);
    const links = server.mails.map(({ raw }) => linkIn(raw, formUrl));
    const after = await Promise.all(links.map((link) => visitor.post(link)));
    const plain = (text = '') => text.replace(/tunnus [0-9a-f]{8}/, '').replace(/value="\/request[^"]*"/, '');
    expect(plain(after[0]?.text)).toBe(plain(after[1]?.text));
  });

  it('waits for a person where nobody, or more than one, has the mailbox; people are told', async () => {
    await confirmed('erasure', { email: 'nobody@sahko.test' });
    const waiting = await only();
    expect(waiting).toMatchObject({ state: 'waiting', reason: 'nobody-known' });
    await watch(hub.needs);
    expect((await openAlerts(hub.needs.db)).filter((a) => a.kind === 'intake-waits').map((a) => a.about)).toEqual([waiting.id]);
    const read = (await hub.ask('POST', `/intakes/${waiting.id}/read`, {}, 'dpo')).json();
    expect(read).toMatchObject({ name: 'Aino Virtanen', email: 'nobody@sahko.test', candidates: [] });
    expect(await hub.dump('audit_entry')).toContain('intake.read');
    const taken = await hub.ask('POST', `/intakes/${waiting.id}/take`, { subject: aino }, 'dpo');
    expect([taken.status, taken.json()['type'], taken.json()['subject']]).toEqual([201, 'erasure', aino]);
    // the mailbox that was proven is not one that the register has for her
    expect(taken.json()['identity']).toBeUndefined();
    expect((await hub.ask('POST', `/intakes/${waiting.id}/take`, { subject: aino }, 'dpo')).status).toBe(409);
    await watch(hub.needs);
    expect((await openAlerts(hub.needs.db)).filter((a) => a.kind === 'intake-waits')).toEqual([]);
  });

  it('is answered by mail where nobody is known, and what was written is forgotten', async () => {
    await confirmed('access', { email: 'nobody@sahko.test' });
    const { id } = await only();
    const dismissed = await hub.ask('POST', `/intakes/${id}/dismiss`, { reason: 'nobody-known' }, 'dpo');
    expect([dismissed.status, dismissed.json()]).toMatchObject([200, { state: 'dismissed', reason: 'nobody-known' }]);
    await drive();
    expect(server.mails.at(-1)?.to).toEqual(['nobody@sahko.test']);
    expect(server.mails.at(-1)?.raw).toContain('tietosuoja.fi');
    expect((await hub.ask('POST', `/intakes/${id}/read`, {}, 'dpo')).json()['code']).toBe('intake-over');
    await drive();
    expect(server.mails).toHaveLength(2);
  });

  it('waits for a person to read what an objection to another use is about', async () => {
    const without = await fill('objection', { objection: 'other' });
    expect([without.status, without.text.includes('mitä tietojenne käyttöä vastustatte')]).toEqual([400, true]);
    await confirmed('objection', { objection: 'other', message: 'Asiakasanalyysi' });
    const waiting = await only();
    expect(waiting).toMatchObject({ state: 'waiting', reason: 'unclear' });
    const asked = { permissions: ['newsletter'] };
    const taken = await hub.ask('POST', `/intakes/${waiting.id}/take`, { subject: aino, asked }, 'dpo');
    expect(taken.json()).toMatchObject({ type: 'objection', identity: { how: 'mailed-link' } });
  });

  it('is refused with its faults beside what was typed, and with no identity code', async () => {
    const page = await fill('access', { email: 'aino', message: 'tunnukseni on 131052-308T' });
    expect(page.status).toBe(400);
    expect(page.text).toContain('value="Aino Virtanen"');
    expect(page.text).toContain('ei ole sähköpostiosoite');
    expect(page.text).toContain('poistakaa henkilötunnus');
    expect(await hub.dump('intake')).toBe('[]');
    expect((await visitor.get('/request/new/marriage')).status).toBe(400);
  });

  it('is told of a corrected value that is none, keeps what was typed, and takes no field that is not on the form', async () => {
    const page = await fill('rectification', { 'field.phone': 'soita illalla', 'field.familyName': 'Korhonen' });
    expect([page.status, page.text.includes('puhelin: tämä ei näytä oikealta')]).toEqual([400, true]);
    expect(page.text).toContain('value="Korhonen"');
    const code = await fill('rectification', { 'field.familyName': 'Korhonen 131052-308T' });
    expect([code.status, code.text.includes('poistakaa henkilötunnus')]).toEqual([400, true]);
    expect((await fill('rectification', { 'field.identityCode': 'x' })).status).toBe(400);
    // nobody hides a request from those who see to it
    expect((await fill('access', { role: 'employee' })).status).toBe(400);
    expect(await hub.dump('intake')).toBe('[]');
  });

  it('shows a value that is to be taken away, and says of a link that was forgotten meanwhile that it leads nowhere', async () => {
    await confirmed('rectification', { 'blank.givenName': 'yes', email: 'nobody@sahko.test' });
    const { id } = await only();
    const dpo = new Browser(hub);
    dpo.headers = { ...dpo.headers, authorization: 'Bearer token-of-dpo', 'accept-language': 'en' };
    const read = await dpo.post(`/intakes/${id}/read`);
    expect([read.status, read.text.includes('to be taken away')]).toEqual([200, true]);
    await fill('access');
    await drive();
    const link = mailedLink();
    await changes(hub.needs.db, sql`DELETE FROM intake WHERE state = 'unconfirmed'`);
    expect((await visitor.post(link)).status).toBe(404);
  });

  it('is limited by mailbox in silence, by network aloud', async () => {
    const same = [];
    for (let n = 0; n < 5; n++) same.push((await fill('access')).text);
    expect(new Set(same).size).toBe(1);
    await drive();
    expect(server.mails).toHaveLength(3);
    for (let n = 0; n < 7; n++) await fill('access', { email: `p${n}@sahko.test` });
    expect((await fill('access', { email: 'one-more@sahko.test' })).status).toBe(429);
    visitor.ip = '192.0.2.7';
    expect((await fill('access', { email: 'one-more@sahko.test' })).status).toBe(200);
  });

  it('is mailed again when the mail server comes back, and seen by a person when it does not', async () => {
    server.refuse = 452;
    await fill('access');
    await drive();
    server.refuse = 0;
    await drive();
    expect(server.mails).toHaveLength(1);
    await fill('erasure', { email: 'other@sahko.test' });
    server.refuse = 452;
    for (let n = 0; n < 12; n++) await drive();
    expect(await only()).toMatchObject({ type: 'erasure', state: 'waiting', reason: 'not-mailed' });
    expect(hub.logged()).not.toContain('sahko.test');
  });

  it('is forgotten when nobody opens the link, or when there is no such mailbox', async () => {
    server.refuse = 550;
    await fill('access');
    await drive();
    expect(await intakes()).toEqual([]);
    server.refuse = 0;
    await fill('access');
    await drive();
    const link = mailedLink();
    await hub.ask('POST', '/test/clock', { advance: 'P4D' });
    expect((await visitor.post(link)).status).toBe(404);
    expect(await expireForms(hub.needs)).toBe(2);
    expect(await hub.dump('intake')).toBe('[]');
  });

  it('shows a request about staff to HR alone', async () => {
    await confirmed('access', { email: 'nobody@sahko.test' });
    await changes(hub.needs.db, sql`UPDATE intake SET role = 'employee'`);
    expect(await intakes('dpo')).toEqual([]);
    const [theirs] = await intakes('hr');
    expect(theirs).toMatchObject({ state: 'waiting' });
    expect((await hub.ask('GET', `/intakes/${theirs?.id}`, undefined, 'dpo')).status).toBe(404);
    expect((await hub.ask('GET', '/intakes', undefined, 'viewer')).status).toBe(403);
  });
});

it('without a mail server the form is shut and says where to ask; the form on paper is there, in each language', async () => {
  const shut = await openTestHub({
    needs: (needs) => ({
      ...needs,
      config: { ...needs.config, controller: { ...needs.config.controller, privacyContact: 'tietosuoja@sahko.test' } },
    }),
  });
  const person = new Browser(shut);
  const page = await person.get('/request/new/access');
  expect([page.status, page.text.includes('tietosuoja@sahko.test'), page.text.includes('<textarea')]).toEqual([200, true, false]);
  expect((await person.post('/request/new/access', good)).text).not.toContain('Katso');
  for (const lang of ['fi', 'sv', 'en']) {
    const pdf = await shut.raw({ method: 'GET', url: '/request/form.pdf', headers: { 'accept-language': lang } });
    expect([pdf.status, pdf.type]).toEqual([200, 'application/pdf']);
    expect(pdf.text.startsWith('%PDF-1.7')).toBe(true);
    for (const part of [`/Lang (${lang})`, '/StructTreeRoot', '/Marked true']) expect(pdf.text).toContain(part);
    // everything fits on one sheet
    expect(pdf.text.match(/\/Type \/Page\b(?!s)/g)).toHaveLength(1);
  }
  await shut.close();
});

it('the mailer refuses nothing that the form takes', async () => {
  const sent = await createMailer(`smtp://127.0.0.1:${server.port}`, 'kaiku@sahko.test').send(
    { id: 'x', subject: 's', text: 't', html: '<p>t</p>' },
    ['aino+posti@xn--shk-qla8k.test'],
  );
  expect(sent).toEqual({ ok: true });
});
