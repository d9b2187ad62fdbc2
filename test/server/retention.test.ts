import { beforeAll, describe, expect, it } from 'vitest';
import { onNewDay } from '../../src/jobs/daily.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { setRole } from '../../src/store/subjects.ts';
import { type Browser, browserOf } from './console-dpo.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let browser: Browser;
let subject: string;
beforeAll(async () => {
  hub = await openTestHub();
  browser = browserOf(hub);
  subject = await linkedAino(hub);
  return () => hub.close();
});

const hold = (more: object = {}) => ({ subject, owner: 'legal', reason: 'Virtanen sues us', review: '2040-06-30', ...more });
const place = async (more: object = {}) =>
  (await hub.ask('POST', '/holds', hold(more), 'decision-maker')).json<{ id: string }>().id;

describe('a legal hold', () => {
  it('is placed and lifted by the decision maker, and shown to those who may read about the person', async () => {
    const made = await hub.ask('POST', '/holds', hold({ system: 'newsletter', fields: ['email'] }), 'decision-maker');
    expect(made.status).toBe(201);
    const { id } = made.json<{ id: string }>();
    expect((await hub.ask('GET', '/holds', undefined, 'dpo')).json<object[]>()).toMatchObject([
      { id, subject, system: 'newsletter', fields: ['email'], owner: 'legal', reason: 'Virtanen sues us', review: '2040-06-30' },
    ]);
    for (const role of ['dpo', 'admin', 'auditor', 'hr'] as const)
      expect((await hub.ask('POST', `/holds/${id}/release`, undefined, role)).status).toBe(403);
    const lifted = await hub.ask('POST', `/holds/${id}/release`, undefined, 'decision-maker');
    expect(lifted.json()).toMatchObject({ id, releasedBy: expect.any(String) });
    expect((await hub.ask('POST', `/holds/${id}/release`, undefined, 'decision-maker')).json()).toMatchObject({
      status: 409,
      code: 'hold-lifted',
    });
    expect((await hub.ask('GET', '/holds')).json()).toEqual([]);
    expect(await hub.dump('legal_hold')).not.toContain('Virtanen');
    expect(hub.logged()).not.toContain('Virtanen');
  });

  it('is refused with what is wrong and what to do', async () => {
    const refused = async (more: object) =>
      (await hub.ask('POST', '/holds', hold(more))).json<{ detail: string; status: number }>();
    expect(await refused({ system: 'newsleter' })).toMatchObject({ status: 400, code: 'no-such-system' });
    expect(await refused({ review: '2020-01-01' })).toMatchObject({ status: 400, code: 'review-past' });
    expect(await refused({ review: 'soon' })).toMatchObject({ status: 400, detail: expect.stringContaining('2031-12-31') });
    expect(await refused({ subject: 'x' })).toMatchObject({ status: 400 });
    expect(await refused({ reason: '' })).toMatchObject({ status: 400 });
  });

  it('is placed on the person’s page, asks on its day, and is answered in the queue', async () => {
    expect((await browser.open(`/people/${subject}`, 'decision-maker')).words).toContain('Place a legal hold');
    expect((await browser.open(`/people/${subject}`, 'dpo')).words).not.toContain('Place a legal hold');
    const form = { system: '', owner: 'legal', reason: 'a claim', review: '2041-01-31' };
    expect((await browser.send(`/people/${subject}/hold`, form, 'decision-maker')).to).toBe(`/people/${subject}?said=holdPlaced`);
    const page = (await browser.open(`/people/${subject}`, 'dpo', 'fi')).words;
    expect(page).toContain('Säilytysmääräykset');
    expect(page).toContain('a claim');
    await advanceClock(hub.needs.db, 'P20Y');
    await onNewDay(hub.needs);
    const [asked] = (await hub.ask('GET', '/held')).json<{ id: string; kind: string; verdicts: string[] }[]>();
    expect(asked).toMatchObject({ kind: 'hold-review', verdicts: ['keep', 'release'] });
    expect((await browser.open('/', 'decision-maker')).words).toContain('A legal hold is due for review');
    const shown = (await browser.open(`/held/${asked?.id}`, 'decision-maker', 'sv')).words;
    expect(shown).toContain('Behövs en bevarandeorder ännu?');
    await browser.send(`/held/${asked?.id}/release`, {}, 'decision-maker');
    expect((await hub.ask('GET', '/holds')).json()).toEqual([]);
    expect((await hub.ask('GET', '/held')).json()).toEqual([]);
  });

  it('of staff is there for nobody but HR, on every way', async () => {
    const id = await place({ review: '2060-01-01' });
    await setRole(hub.needs.db, subject, 'employee', null);
    try {
      const list = async (role: 'dpo' | 'hr') => (await hub.ask('GET', '/holds', undefined, role)).json<{ id: string }[]>();
      expect(await list('dpo')).toEqual([]);
      expect((await list('hr')).map((h) => h.id)).toEqual([id]);
      for (const [path, body] of [
        [`/holds/${id}/release`, undefined],
        [`/holds/${id}/review`, { review: '2070-01-01' }],
        ['/holds', hold({ review: '2060-01-01' })],
      ] as const)
        expect((await hub.ask('POST', path, body, 'decision-maker')).status).toBe(404);
      expect((await browser.send(`/holds/${id}/release`, {}, 'decision-maker')).status).toBe(404);
      expect((await browser.open('/parked', 'dpo')).words).not.toContain('sues us');
    } finally {
      await setRole(hub.needs.db, subject, 'customer', null);
      await hub.ask('POST', `/holds/${id}/release`);
    }
  });
});

describe('how long is kept', () => {
  it('has findings, told by the API and on the page of the policy', async () => {
    const { findings, pack } = (await hub.ask('GET', '/retention', undefined, 'viewer')).json<{
      findings: { code: string; purpose: string }[];
      pack: { id: string };
    }>();
    expect(pack.id).toBe('fi');
    expect(findings).toContainEqual({ code: 'period-missing', purpose: 'marketing', params: {} });
    expect((await browser.open('/policy', 'viewer')).words).toContain('says nowhere how long it needs people');
  });

  it('has a page in each language that says so when nothing is parked', async () => {
    expect((await browser.open('/parked', 'auditor')).words).toContain('No erasure waits for a law.');
    expect((await browser.open('/parked', 'dpo', 'fi')).words).toContain('Odottavat poistot');
    expect((await browser.open('/parked?year=2031', 'dpo', 'sv')).words).toContain('Parkerade raderingar');
    expect((await hub.ask('GET', '/parked', undefined, 'hr')).json()).toEqual({ years: [], parked: [] });
    expect((await hub.ask('GET', '/parked', undefined, 'viewer')).status).toBe(403);
  });
});

it('the record of processing is told from the configuration in force, with what it does not say, to whoever may read the policy', async () => {
  const { status, text } = await hub.ask('GET', '/processing-record', undefined, 'auditor');
  const record = JSON.parse(text) as { activities: { purpose: string }[]; gaps: { code: string; system?: string }[] };
  expect([status, record.activities.map((a) => a.purpose)]).toEqual([200, Object.keys(hub.needs.config.purposes)]);
  expect(record.gaps.filter((g) => g.code === 'no-country').map((g) => g.system)).toEqual(Object.keys(hub.needs.config.systems));
  expect((await hub.ask('GET', '/processing-record', undefined, 'supervisor')).status).toBe(403);
});

describe('the privacy notice', () => {
  it('is drafted from the configuration in force, in the language asked for, for whoever may read the policy', async () => {
    const { status, text } = await hub.ask('GET', '/notice/draft?language=sv', undefined, 'auditor');
    const draft = JSON.parse(text) as { language: string; text: string; open: string[] };
    expect([status, draft.language]).toEqual([200, 'sv']);
    expect(draft.text).toContain('# Dataskyddsbeskrivning');
    expect(draft.text).toContain(draft.open[0]);
    expect((await hub.ask('GET', '/notice/draft?language=de', undefined, 'dpo')).status).toBe(400);
    expect((await hub.ask('GET', '/notice/draft', undefined, 'supervisor')).status).toBe(403);
    const page = await browser.open('/policy/notice?language=fi', 'dpo');
    expect(page.words).toContain('Mihin ja millä perusteella käsittelemme henkilötietoja');
    expect(page.words).toContain('No published notice is given');
  });

  it('that is published and named in the configuration is held against it, on the page and by the API', async () => {
    expect((await hub.ask('GET', '/notice', undefined, 'dpo')).json()).toEqual({ name: null, findings: [] });
    const { config } = hub.needs;
    const told = { name: 'Asiakasrekisteri', laws: ['523/1999'], contact: true, complaint: true, rights: [], purposes: [] };
    config.notice = { ...told, fields: [], recipients: [], transfers: 'unsaid', keepsAll: { years: 10 } };
    const { name, findings } = (await hub.ask('GET', '/notice', undefined, 'dpo')).json<{
      name: string;
      findings: { code: string; law: string; text: string }[];
    }>();
    expect(name).toBe('Asiakasrekisteri');
    expect(findings.filter((f) => f.code === 'recipient-not-told')).toHaveLength(Object.keys(config.systems).length);
    const repealed = findings.find((f) => f.code === 'law-repealed');
    expect(repealed).toMatchObject({ law: 'GDPR Art. 12(1)', text: expect.stringContaining('523/1999 is no law any more') });
    const page = await browser.open('/policy/notice', 'dpo', 'fi');
    expect(page.words).toContain('523/1999 ei ole enää voimassa');
    delete config.notice;
  });
});
