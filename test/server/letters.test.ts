import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { languages } from '../../src/server/console/i18n.ts';
import { letterPdf } from '../../src/server/letter-pdf.ts';
import { changes } from '../../src/store/database.ts';
import { idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';

interface Row {
  id: string;
  language: string;
  sha256: string;
  sent?: { how: string; on: string };
}
interface Read extends Row {
  result?: string;
  to: string[];
  title: string;
  paragraphs: { text: string; code: string; source: { row: string; system?: string } }[][];
}

let hub: TestHub;
let refusedCase: string;
let running: string;
const why = 'Laskusta on riita oikeudessa.';
beforeAll(async () => {
  hub = await openTestHub({ testClock: true });
  const aino = await linkedAino(hub);
  const opened = async (type: string) => {
    const answer = await hub.ask('POST', '/cases', { type, subject: aino, language: 'fi' });
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
    return answer.json<{ id: string }>().id;
  };
  refusedCase = await opened('restriction');
  expect((await hub.ask('POST', `/cases/${refusedCase}/refuse`, { reason: why })).status).toBe(200);
  running = await opened('restriction');
  expect((await hub.ask('POST', `/cases/${running}/approve`)).status).toBe(200);
  await hub.settle();
  return () => hub.close();
});

const make = (of: string, kind: string, language?: string) =>
  hub.ask('POST', `/cases/${of}/letters`, { kind, ...(language ? { language } : {}) });
const made = async (of: string, kind: string, language?: string) => {
  const answer = await make(of, kind, language);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.json<Row>();
};
const read = async (of: string, id: string) => (await hub.ask('GET', `/cases/${of}/letters/${id}`)).json<Read>();
const textOf = ({ paragraphs }: Read) => paragraphs.flat().map((s) => s.text);

describe('the letters of a case', () => {
  it('owe the person an answer until one is made, and answer a refusal with reason, complaint and court', async () => {
    const listed = async () => (await hub.ask('GET', `/cases/${refusedCase}/letters`)).json<{ owed: boolean; letters: Row[] }>();
    expect(await listed()).toEqual({ owed: true, letters: [] });
    const { id, language } = await made(refusedCase, 'answer');
    expect(language).toBe('fi');
    expect(await listed()).toMatchObject({ owed: false, letters: [{ id }] });
    const letter = await read(refusedCase, id);
    expect([letter.result, letter.title]).toEqual(['refused', 'Emme toteuta pyyntöänne']);
    expect(letter.to.join(' ')).toContain('Aino');
    expect(textOf(letter)).toContain(why);
    expect(letter.paragraphs.flat().map((s) => s.code)).toEqual(
      expect.arrayContaining(['refused', 'complaint', 'authority', 'court']),
    );
  });

  it('name each system that the plan concerns, from its own duty', async () => {
    const { id } = await made(running, 'answer', 'en');
    const told = (await read(running, id)).paragraphs.flat().filter((s) => s.source.row === 'duty');
    const { duties, plan } = (await hub.ask('GET', `/cases/${running}`)).json<{
      duties: { system: string; outcome: string; evidence: string }[];
      plan: { system: string; step: string }[];
    }>();
    const concerned = plan.filter((p) => p.step === 'restrict' || p.step === 'ask').map((p) => p.system);
    expect(concerned.length).toBeGreaterThan(0);
    expect(told.map((s) => s.source.system).sort()).toEqual(
      duties
        .map((d) => d.system)
        .filter((s) => concerned.includes(s))
        .sort(),
    );
    const newsletter = told.find((s) => s.source.system === 'newsletter');
    const duty = duties.find((d) => d.system === 'newsletter');
    expect([duty?.outcome, newsletter?.code]).toEqual(['restricted', `restricted.${duty?.evidence}`]);
  });

  it.each(languages)('show themselves as a page and as a tagged PDF in %s', async (language) => {
    const { id } = await made(refusedCase, 'answer', language);
    const html = await hub.ask('GET', `/cases/${refusedCase}/letters/${id}?as=html`);
    expect([html.status, html.type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(html.text).toContain(`<html lang="${language}">`);
    expect(html.text).toContain(`<blockquote>${why}</blockquote>`);
    expect(html.headers['content-security-policy']).toContain("default-src 'none'");
    expect(html.headers['cache-control']).toBe('no-store');
    const pdf = await hub.ask('GET', `/cases/${refusedCase}/letters/${id}?as=pdf`);
    expect([pdf.status, pdf.type]).toEqual([200, 'application/pdf']);
    expect(pdf.text.startsWith('%PDF-1.7')).toBe(true);
    expect(pdf.text).toContain(`/Lang (${language})`);
    expect(pdf.text).toContain('/StructTreeRoot');
    expect(pdf.text).toContain('/Marked true');
  });

  it('are not made of what has not happened, nor in a word that is none', async () => {
    for (const [kind, code] of [
      ['extended', 'letter-not-extended'],
      ['lift', 'letter-not-announced'],
    ] as const) {
      const answer = await make(running, kind);
      expect([answer.status, answer.json()['code']]).toEqual([409, code]);
    }
    expect((await make(running, 'farewell')).status).toBe(400);
    expect((await make(running, 'answer', 'de')).status).toBe(400);
    expect((await make('00000000-0000-4000-8000-000000000000', 'answer')).status).toBe(404);
  });

  it('are marked as sent once, on a day between the making and today', async () => {
    const { id } = await made(running, 'received');
    const sent = (body: Record<string, unknown>) => hub.ask('POST', `/cases/${running}/letters/${id}/sent`, body);
    expect((await sent({ on: '2100-01-01' })).json()['code']).toBe('letter-sent-later');
    expect((await sent({ on: '2001-01-01' })).json()['code']).toBe('letter-sent-early');
    expect((await sent({ how: 'post' })).json<Row>().sent).toMatchObject({ how: 'post' });
    expect((await sent({ how: 'post' })).json()['code']).toBe('letter-sent-before');
    const log = await hub.dump('audit_entry');
    expect(log).toContain('letter.made');
    expect(log).toContain('letter.sent');
  });

  it('are reached through their own case alone, and by nobody who may not', async () => {
    const { id } = await made(running, 'received');
    expect((await hub.ask('GET', `/cases/${refusedCase}/letters/${id}`)).status).toBe(404);
    for (const role of ['viewer', 'auditor', 'system-owner', 'admin'] as const)
      expect((await hub.ask('GET', `/cases/${running}/letters/${id}`, undefined, role)).status).toBe(403);
    expect((await hub.ask('GET', `/cases/${running}/letters/${id}`, undefined, 'nobody')).status).toBe(401);
  });

  it('leave no word of the person at rest, and go with the envelope', async () => {
    const { id } = await made(running, 'answer');
    const atRest = (await hub.dump('letter')) + (await hub.dump('audit_entry')) + hub.logged();
    for (const secret of ['Aino', 'Virtanen', why]) expect(atRest).not.toContain(secret);
    await changes(hub.needs.db, sql`UPDATE case_file SET envelope = NULL, envelope_key = NULL WHERE id = ${running}`);
    const gone = await hub.ask('GET', `/cases/${running}/letters/${id}`);
    expect([gone.status, gone.json()['code']]).toEqual([409, 'letter-envelope-over']);
    expect((await make(running, 'answer')).json()['code']).toBe('letter-envelope-over');
  });
});

describe('a letter as PDF', () => {
  const body = {
    to: [],
    from: 'Example Oy',
    on: '2026-11-26',
    title: 'Otsikko',
    salt: '',
    letter: { kind: 'received' as const, paragraphs: [] },
    paragraphs: [],
  };
  const pagesOf = async (to: string[]) => (await letterPdf({ language: 'en', made_at: new Date(0) }, { ...body, to })).length;
  it('says so when a name has letters that its font lacks, and not otherwise', async () => {
    const plain = await pagesOf(['Šárka Žáková-Öhman']);
    expect(await pagesOf(['Đorđe Ćirić'])).toBeGreaterThan(plain);
    expect(Math.abs((await pagesOf(['Sarka Zakova-Ohman'])) - plain)).toBeLessThan(60);
  });
});

describe('the pages of letters', () => {
  const send = (method: 'GET' | 'POST', url: string, payload?: string) =>
    hub.raw({
      method,
      url,
      headers: {
        authorization: 'Bearer token-of-dpo',
        'accept-language': 'en',
        ...(payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(payload === undefined ? {} : { payload }),
    });

  it('make a letter, show it, save it and note that it went by post', async () => {
    const aino = await idOf(hub, 'aino@sahko.test');
    const { id } = (await hub.ask('POST', '/cases', { type: 'access', subject: aino })).json<{ id: string }>();
    const made = await send('POST', `/cases/${id}/letters`, 'kind=received&language=sv');
    expect(made.status).toBe(303);
    const path = String(made.headers['location']).split('?')[0] ?? '';
    const page = await send('GET', path);
    expect(page.text).toContain('lang="sv"');
    expect(page.text).not.toContain('⟦');
    expect((await send('GET', `${path}?as=pdf`)).type).toBe('application/pdf');
    expect((await send('GET', `/cases/${id}`)).text).toContain(`href="${path}"`);
    const unsendable = await send('POST', `${path}/sent`, 'how=mail');
    expect([unsendable.status, unsendable.text.includes('No mail server is configured')]).toEqual([409, true]);
    expect((await send('POST', `${path}/sent`, 'how=post&on=')).status).toBe(303);
    expect((await send('GET', path)).text).toContain('by post');
  });
});
