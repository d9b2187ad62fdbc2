import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { changes } from '../../src/store/database.ts';
import { hold } from '../../src/store/held.ts';
import { pauseSystem } from '../../src/store/systems.ts';
import { type Browser, browserOf, plannedErasure, runningErasure, vanishedAino } from './console-dpo.ts';
import { granted, linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let browser: Browser;
beforeEach(async () => {
  hub = await openTestHub({ testClock: true });
  browser = browserOf(hub);
  return () => hub.close();
});

describe('home', () => {
  it('says that nothing waits, in three languages', async () => {
    for (const [lang, words] of [
      ['en', 'Nothing waits for you'],
      ['fi', 'Mikään ei odota sinua'],
      ['sv', 'Inget väntar på dig'],
    ] as const) {
      const page = await browser.open('/', 'dpo', lang);
      expect(page.words).toContain(words);
      expect(page.text).not.toContain('⟦');
    }
  });

  it('lists what needs a person, overdue first and then the oldest, each with the way there', async () => {
    const { task } = await runningErasure(hub);
    hub.register.put('5', { person: { givenName: 'Five', email: 'five@sahko.test' }, ...granted });
    await pollRegister(hub.needs, 'crm');
    const five = (await hub.ask('GET', '/subjects?email=five%40sahko.test')).json<{ id: string }[]>()[0]?.id ?? '';
    await hub.ask('POST', '/test/clock', { advance: 'P20D' });
    const { id: found } = (
      await hub.ask('POST', '/cases', { type: 'erasure', subject: five, receivedAt: '2026-01-05T09:00:00Z' })
    ).json<{ id: string }>();
    await hold(hub.needs.db, {
      id: hub.needs.newId(),
      kind: 'vanished',
      system: 'crm',
      subject: five,
      reason: 'not-in-register',
    });
    await pauseSystem(hub.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    const page = await browser.open('/', 'dpo');
    const queue = page.text.slice(page.text.indexOf('id="queue"'), page.text.indexOf('id="matrix"'));
    for (const href of [`/cases/${found}`, `/tasks/${task}`, '/held/', '/systems/newsletter'])
      expect(queue).toContain(`href="${href}`);
    expect(queue.indexOf(`/cases/${found}`)).toBeLessThan(queue.indexOf(`/tasks/${task}`));
    expect(queue.indexOf(`/tasks/${task}`)).toBeLessThan(queue.indexOf('/held/'));
    expect(page.words).toContain('overdue since');
    expect(page.words).toContain('paused: the system rejects our credentials');
    expect(page.words).toContain('1 overdue');
    // the days of both cases: 20 days on, the one that runs is not near its end
    expect(page.words).toContain('answer by');
  });

  it('shows the matrix with state, outcome, evidence, next step and owner', async () => {
    const { found } = await runningErasure(hub);
    const page = await browser.open('/', 'auditor');
    expect(page.text).toContain(`href="/cases/${found}"`);
    expect(page.words).toMatch(/erased looked for again after [^✓]* read back since/);
    expect(page.words).toMatch(/a person was asked asked: finance, by .* next: its people erase it owner: finance/);
    expect(page.text).not.toContain('/people/');
  });

  it('puts a dead step to work again by a button, for the DPO and the admin', async () => {
    await linkedAino(hub);
    await changes(hub.needs.db, sql`UPDATE duty SET state = 'dead', reason = 'recipient-refused' WHERE recipient = 'newsletter'`);
    for (const role of ['dpo', 'admin'] as const) {
      const page = await browser.open('/', role);
      const action = /\/duties\/[0-9a-f-]{36}\/redrive/.exec(page.text)?.[0] ?? '';
      expect(page.words).toContain('the machine gave up (the system says that this can never succeed)');
      expect((await browser.send(action, {}, role)).to).toBe('/?said=redriven');
    }
    expect((await browser.open('/', 'decision-maker')).text).not.toContain('/redrive');
  });

  it('gives a viewer counts and nothing that they count', async () => {
    const { found, task, subject } = await runningErasure(hub);
    const page = await browser.open('/', 'viewer');
    expect(page.words).toContain('1 erasure open');
    for (const id of [found, task, subject]) expect(page.text).not.toContain(id);
  });

  it('shows an admin neither cases nor people', async () => {
    const { found, subject } = await plannedErasure(hub);
    const page = await browser.open('/', 'admin');
    for (const id of [found, subject]) expect(page.text).not.toContain(id);
    expect(page.words).not.toContain('to decide');
  });
});

describe('a case', () => {
  it('shows the decision maker what goes and what stays, and the buttons', async () => {
    const { found } = await plannedErasure(hub);
    const page = await browser.open(`/cases/${found}`, 'decision-maker', 'fi');
    expect(page.words).toContain('Poistetaan: ');
    expect(page.words).toContain('Rekisteri itse viimeisenä');
    expect(page.text).toContain(`/cases/${found}/approve`);
    expect(page.text).toContain(`/cases/${found}/refuse`);
  });

  it('tells the DPO why there is no button, and refuses the form all the same', async () => {
    const { found } = await plannedErasure(hub);
    const page = await browser.open(`/cases/${found}`, 'dpo');
    expect(page.words).toContain('Article 38(6)');
    expect(page.text).not.toContain(`/cases/${found}/approve`);
    expect((await browser.send(`/cases/${found}/approve`, {}, 'dpo')).status).toBe(403);
  });

  it('is refused only with a reason', async () => {
    const { found } = await plannedErasure(hub);
    const without = await browser.send(`/cases/${found}/refuse`, { reason: ' ' }, 'decision-maker');
    expect([without.status, without.words.includes('A refusal needs its reason')]).toEqual([400, true]);
    expect((await browser.send(`/cases/${found}/refuse`, { reason: 'a claim is open' }, 'decision-maker')).to).toContain(
      'said=refused',
    );
    const page = await browser.open(`/cases/${found}`, 'dpo');
    expect(page.words).toContain('a claim is open');
    expect((await browser.open(`/cases/${found}`, 'auditor')).words).not.toContain('a claim is open');
    expect((await browser.send(`/cases/${found}/approve`, {}, 'decision-maker')).status).toBe(409);
  });

  it('compares the run with the plan and marks what came out otherwise', async () => {
    const { found, task } = await runningErasure(hub);
    const before = await browser.open(`/cases/${found}`, 'dpo');
    expect(before.words).toContain('✓ as planned');
    expect(before.words).toContain('not there yet');
    await browser.send(`/tasks/${task}/answer`, { outcome: 'retained', until: '2032-12-31', law: 'Accounting Act' }, 'dpo');
    const after = await browser.open(`/cases/${found}`, 'dpo');
    expect(after.words).toContain('≠ otherwise than planned');
    expect(after.words).toMatch(/kept until 31 Dec 2032 by law \(Accounting Act\)/);
    expect(after.words).toContain('people answered');
  });

  it('is listed by state, and a state that is none is told so', async () => {
    const { found } = await plannedErasure(hub);
    expect((await browser.open('/cases?state=planned', 'auditor')).text).toContain(found);
    expect((await browser.open('/cases?state=closed', 'auditor')).text).not.toContain(found);
    expect((await browser.open('/cases?state=lost', 'auditor')).status).toBe(400);
    expect((await browser.open('/cases', 'admin')).status).toBe(403);
    expect((await hub.ask('GET', '/cases?state=planned&limit=1')).json<unknown[]>()).toHaveLength(1);
    expect((await hub.ask('GET', '/cases?limit=1&offset=1')).json()).toEqual([]);
    expect((await hub.ask('GET', '/erasures?limit=0')).status).toBe(400);
  });
});

describe('a hold', () => {
  it('says what happened and what each verdict means; only the decision maker gives it', async () => {
    const { subject, held } = await vanishedAino(hub);
    const asDpo = await browser.open('/held', 'dpo', 'sv');
    expect(asDpo.words).toContain('Ett försvinnande är ingen radering');
    expect(asDpo.text).not.toContain(`/held/${held}/erase`);
    const page = await browser.open(`/held/${held}`, 'decision-maker');
    expect(page.words).toContain('an erasure case is opened');
    expect(page.text).toContain(`/people/${subject}`);
    expect((await browser.send(`/held/${held}/erase`, {}, 'dpo')).status).toBe(403);
    expect((await browser.send(`/held/${held}/link`, {}, 'decision-maker')).status).toBe(400);
    expect((await browser.send(`/held/${held}/erase`, {}, 'decision-maker')).to).toMatch(/^\/cases\/.*said=caseOpened/);
    expect((await browser.send(`/held/${held}/keep`, {}, 'decision-maker')).status).toBe(409);
    expect((await browser.open('/held', 'decision-maker')).words).toContain('Nothing is held');
  });

  it('shows both sides of a match masked, and links the row to whom the decision maker says', async () => {
    const id = await linkedAino(hub);
    hub.newsletter.add({ givenName: 'Zoltan', familyName: 'Kivi', phone: '+358401234567' });
    await hub.ask('POST', '/systems/newsletter/link', { apply: true });
    const page = await browser.open('/held', 'decision-maker');
    expect(page.words).toContain('Whose row in newsletter is this?');
    expect(page.words).toContain('V…n');
    expect(page.words).not.toMatch(/Virtanen|Zoltan/);
    const action = /\/held\/[0-9a-f-]{36}\/link/.exec(page.text)?.[0] ?? '';
    expect((await browser.send(action, { subject: id }, 'decision-maker')).to).toBe('/held?said=verdictGiven');
    // the admin sees that something is held, and nothing of whom
    expect((await browser.open('/held', 'admin')).words).not.toContain('V…n');
  });
});

describe('a task', () => {
  it('hides whom it is about until that is asked for, and writes it down', async () => {
    const { task } = await runningErasure(hub);
    const hidden = await browser.open(`/tasks/${task}`, 'dpo');
    expect(hidden.text).not.toMatch(/virtanen/i);
    expect(hidden.words).toContain('Titta också i gamla listor.');
    expect(await hub.dump('audit_entry')).not.toContain('task.revealed');
    const shown = await browser.send(`/tasks/${task}/reveal`, {}, 'dpo', 'fi');
    expect(shown.words).toContain('Virtanen');
    expect(await hub.dump('audit_entry')).toContain('task.revealed');
    expect((await browser.open(`/tasks/${task}`, 'auditor')).status).toBe(403);
  });

  it('takes an answer that fits, keeps what was typed when it does not, and is answered once', async () => {
    const { task } = await runningErasure(hub);
    for (const [form, words] of [
      [{ outcome: '' }, 'Choose what was done'],
      [{ outcome: 'updated' }, 'does not answer what was asked'],
      [{ outcome: 'retained', law: 'Accounting Act' }, 'needs its last day and its law'],
      [{ outcome: 'erased', law: 'Accounting Act' }, 'belong only to what is kept'],
      [{ outcome: 'retained', law: 'Accounting Act', until: 'soon' }, 'must be a day'],
    ] as const) {
      const page = await browser.send(`/tasks/${task}/answer`, { note: 'typed before', ...form }, 'dpo');
      expect([page.status, page.words.includes(words), page.text.includes('typed before')], words).toEqual([400, true, true]);
    }
    expect((await browser.send(`/tasks/${task}/answer`, { outcome: 'erased', note: 'done today' }, 'dpo')).to).toBe(
      `/tasks/${task}?said=answered`,
    );
    const page = await browser.open(`/tasks/${task}`, 'dpo');
    expect(page.words).toContain('done today');
    expect(page.text).not.toContain('/answer"');
    expect((await browser.send(`/tasks/${task}/answer`, { outcome: 'erased' }, 'dpo')).status).toBe(409);
  });

  it('stands red in the list when it is overdue, the open ones first', async () => {
    const { task } = await runningErasure(hub);
    await hub.ask('POST', '/test/clock', { advance: 'P20D' });
    const page = await browser.open('/tasks', 'decision-maker');
    expect(page.text).toContain('badge bad');
    expect(page.text).toContain(`/tasks/${task}`);
  });
});
