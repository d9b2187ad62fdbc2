import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInvoiced } from '../../src/demo/books.ts';
import { until } from '../journeys/hub.ts';
import { lookAt, openChromium } from './chromium.ts';
import { type Firm, openFirm } from './firm.ts';
import { signIn } from './sign-in.ts';

/** Each right: from the public form by the mailed link to the decision and the letter, in a real browser. */
let firm: Firm;
let browser: Browser;
let office: BrowserContext;
/** Private customers whom the newsletter and the accounting hold, one a journey. */
let customers: Firm['people'];

beforeAll(async () => {
  [firm, browser] = await Promise.all([openFirm(60), openChromium()]);
  await until('the first poll', async () => {
    const systems = await firm.ask<{ system: string; duties: Record<string, number> }[]>('GET', '/systems');
    return (systems.find((s) => s.system === 'newsletter')?.duties['held'] ?? 0) >= firm.people.length - 1;
  });
  for (const system of ['newsletter', 'accounting']) await firm.ask('POST', `/systems/${system}/link`, { apply: true });
  customers = firm.people.filter((p) => p.customer && !p.organisation && p.newsletter);
  office = await lookAt(browser, { language: 'en' });
  await signIn(await office.newPage(), firm, ['dpo', 'decision-maker']);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await firm?.close();
});

type Language = 'fi' | 'sv' | 'en';
interface Journey {
  right: 'access' | 'rectification' | 'erasure' | 'restriction' | 'objection' | 'portability';
  language: Language;
}
const rights = ['access', 'rectification', 'erasure', 'restriction', 'objection', 'portability'] as const;
const languages = ['fi', 'sv', 'en'] as const;
const all: Journey[] = languages.flatMap((language) => rights.map((right) => ({ right, language })));
/** Each right once, the languages in turn; with `KAIKU_JOURNEYS=all` each right in each language, which takes three times as long. */
const journeys = all.filter(({ right, language }) =>
  process.env['KAIKU_JOURNEYS'] === 'all' ? true : languages.indexOf(language) === rights.indexOf(right) % languages.length,
);

const words = {
  fi: {
    received: 'Pyyntönne on meillä',
    done: 'Pyyntönne on toteutettu',
    partly: 'Pyyntönne on toteutettu osittain',
  },
  sv: {
    received: 'Vi har tagit emot din begäran',
    done: 'Din begäran har genomförts',
    partly: 'Din begäran har genomförts delvis',
  },
  en: {
    received: 'We have your request',
    done: 'Your request has been carried out',
    partly: 'Your request has been carried out in part',
  },
} as const;

/** What the person does: fills in the form, opens the mail, presses the button behind its link. */
async function asPerson({ right, language }: Journey, person: Firm['people'][number]): Promise<void> {
  const context = await lookAt(browser, { language, width: 390, theme: 'dark' });
  const page = await context.newPage();
  await page.goto(`${firm.url}/request`);
  await page.click(`a[href="/request/new/${right}"]`);
  await page.fill('input[name=name]', `${person.givenName} ${person.familyName}`);
  await page.fill('input[name=email]', person.email);
  if (right === 'rectification') await page.fill('input[name="field.familyName"]', 'Oikaistu');
  // so many forms of one network in an hour are more than the limit
  await firm.forgetSenders();
  await page.click('main button[type=submit]');
  await page.goto(await firm.linkMailedTo(person.email));
  await page.click('main form button[type=submit]');
  expect(await page.locator('h1').textContent()).toBe(words[language].received);
  expect(context.complaints).toEqual([]);
  await context.close();
}

/** Presses the button of a form of the console, and answers the page it leads to. */
async function press(page: Page, action: string): Promise<void> {
  await page.locator(`form[action="${action}"] button[type=submit]`).first().click();
  await page.waitForLoadState();
}

const caseOf = (subject: string, type: string) =>
  until('the case', async () =>
    (await firm.ask<{ id: string; subject: string; type: string }[]>('GET', '/cases')).find(
      (c) => c.subject === subject && c.type === type,
    ),
  );
const stateOf = async (id: string) => (await firm.ask<{ state: string }>('GET', `/cases/${id}`)).state;

describe('the page of people who run a system', () => {
  it('opens by a mailed code, takes an answer by the keyboard alone and without script, and has no barrier', async () => {
    const person = customers.find(isInvoiced);
    if (!person) throw new Error('nobody is invoiced');
    const subject = await firm.subjectOf(person.email);
    const { id } = await firm.ask<{ id: string }>('POST', '/cases', { type: 'erasure', subject });
    await firm.ask('POST', `/cases/${id}/approve`, { reason: 'asked' });
    const task = await until('the task', async () =>
      (await firm.ask<{ id: string; subject: string }[]>('GET', '/tasks')).find((one) => one.subject === subject),
    );
    const barriers: string[] = [];
    for (const how of [
      { theme: 'light', width: 1280 },
      { theme: 'dark', width: 390 },
    ] as const) {
      const context = await lookAt(browser, { ...how, language: 'en' });
      const page = await context.newPage();
      const look = async (name: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        barriers.push(...violations.map((v) => `${name}: ${v.id}`));
        const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
        if (Number(wider) > 0) barriers.push(`${name}: ${wider} px wider than the screen`);
        const folder = process.env['KAIKU_PICTURES'];
        if (folder) await page.screenshot({ path: join(folder, `reply-${name}-${how.theme}.png`), fullPage: true });
      };
      await page.goto(await firm.replyTo(task.id));
      // in the language that the company says they read, whatever the browser asks for
      expect(await page.locator('h1').textContent()).toBe('Tietosuojapyyntö');
      expect(await page.locator('main').textContent()).not.toContain(person.familyName);
      await look('first');
      await page.click('main form button[type=submit]');
      await look('code');
      await page.fill('input[name=code]', await firm.codeMailed(task.id));
      await page.keyboard.press('Enter');
      await page.waitForSelector('input[name=pass]', { state: 'attached' });
      expect(await page.locator('main').textContent()).toContain(person.familyName);
      await look('opened');
      expect(context.complaints).toEqual([]);
      await context.close();
    }
    expect(barriers).toEqual([]);
    const context = await lookAt(browser, { language: 'fi', script: false });
    const page = await context.newPage();
    await page.goto(await firm.replyTo(task.id));
    await page.click('main form button[type=submit]');
    await page.focus('input[name=code]');
    await page.keyboard.type(await firm.codeMailed(task.id));
    await page.keyboard.press('Enter');
    await page.focus('input[name=outcome][value=erased]');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    // no name yet: nothing is recorded, and what was chosen is kept
    await page.getByText('Kirjoittakaa nimenne').waitFor();
    expect(await page.isChecked('input[name=outcome][value=erased]')).toBe(true);
    await page.focus('input[name=name]');
    await page.keyboard.type('Peppi Perijä');
    await page.focus('input[name=agree]');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await page.getByText('Kiitos').waitFor();
    await context.close();
    const answered = (await firm.ask<{ id: string; outcome?: string }[]>('GET', '/tasks')).find((one) => one.id === task.id);
    expect(answered?.outcome).toBe('erased');
    customers = customers.filter((one) => one !== person);
  });
});

describe('the pages that everybody sees', () => {
  it.each([
    { theme: 'light', width: 1280, language: 'sv' },
    { theme: 'dark', width: 390, language: 'fi' },
  ] as const)('have no barrier that axe can find, and fit the screen ($theme, $width wide, $language)', async (how) => {
    const context = await lookAt(browser, how);
    const page = await context.newPage();
    const barriers: string[] = [];
    for (const path of ['/request', ...rights.map((right) => `/request/new/${right}`), '/request/confirm/nothing']) {
      await page.goto(firm.url + path);
      const { violations } = await new AxeBuilder({ page }).analyze();
      barriers.push(...violations.map((v) => `${path}: ${v.id}`));
      if (((await page.locator('body').textContent()) ?? '').includes('⟦')) barriers.push(`${path}: a text is missing`);
      const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      if (Number(wider) > 0) barriers.push(`${path}: ${wider} px wider than the screen`);
      const folder = process.env['KAIKU_PICTURES'];
      if (folder)
        await page.screenshot({ path: join(folder, `${path.slice(1).replaceAll('/', '-')}-${how.theme}.png`), fullPage: true });
    }
    await context.close();
    expect(barriers).toEqual([]);
    expect(context.complaints).toEqual([]);
  });

  it('keep what was typed and say what is wrong, without script and by the keyboard alone', async () => {
    const context = await lookAt(browser, { language: 'en', script: false });
    const page = await context.newPage();
    await page.goto(`${firm.url}/request/new/objection`);
    await page.focus('input[name=name]');
    await page.keyboard.type('Aino Virtanen');
    await page.keyboard.press('Tab');
    await page.keyboard.type('aino@sahko.test');
    await page.focus('textarea[name=message]');
    await page.keyboard.type('131052-308T');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('[role=alert]').waitFor();
    expect(await page.locator('main').textContent()).toContain('take the personal identity code away');
    expect(await page.inputValue('input[name=name]')).toBe('Aino Virtanen');
    await context.close();
  });
});

describe.each(journeys)('$right in $language', (journey) => {
  it('goes from the public form to the letter', { timeout: 120_000 }, async () => {
    const { right, language } = journey;
    const person = customers[journeys.indexOf(journey)];
    if (!person) throw new Error('the firm has too few customers');
    const subject = await firm.subjectOf(person.email);
    await asPerson(journey, person);
    const { id } = await caseOf(subject, right);
    const page = await office.newPage();
    await page.goto(`${firm.url}/cases/${id}`);
    // an objection to direct marketing waits for nobody
    if (right !== 'objection') await press(page, `/cases/${id}/approve`);
    if (right === 'rectification') firm.crm.update('contact', person.id, { LAST_NAME: 'Oikaistu' });
    if (right === 'access' || right === 'portability') {
      await page.goto(`${firm.url}/cases/${id}`);
      await press(page, `/cases/${id}/prepare`);
      const link = (await page.locator('main code').first().textContent()) ?? '';
      const answer = await lookAt(browser, { language });
      const opened = await answer.newPage();
      await opened.goto(link);
      const [file] = await Promise.all([opened.waitForEvent('download'), opened.click('main form button[type=submit]')]);
      expect(file.suggestedFilename()).toMatch(right === 'access' ? /^access-.*\.html$/ : /^(data|portability)-.*\.json$/);
      await answer.close();
    }
    // people who were asked answer, and the rest is done by the machine
    await until(
      'the work',
      async () => {
        const duties = (
          await firm.ask<{ duties: { system: string; state: string; outcome: string | null }[] }>('GET', `/cases/${id}`)
        ).duties;
        for (const task of await firm.ask<{ id: string; subject: string; ask: string; outcome?: string }[]>('GET', '/tasks'))
          if (task.subject === subject && !task.outcome)
            await firm.ask('POST', `/tasks/${task.id}/answer`, {
              outcome: { update: 'updated', restrict: 'restricted', erase: 'erased' }[task.ask],
            });
        const state = await stateOf(id);
        return (
          state === 'closed' ||
          (right === 'restriction' && duties.every((d) => d.state === 'settled' || d.outcome === 'retained'))
        );
      },
      90,
    );
    await page.goto(`${firm.url}/cases/${id}`);
    await page.locator(`form[action="/cases/${id}/letters"] select[name=kind]`).selectOption('answer');
    await press(page, `/cases/${id}/letters`);
    const letters = await firm.ask<{ letters: { id: string; language: Language; kind: string }[] }>(
      'GET',
      `/cases/${id}/letters`,
    );
    const letter = letters.letters.find((l) => l.kind === 'answer');
    expect(letter?.language).toBe(language);
    // the page that making it led to shows it
    expect(page.url()).toContain(`/letters/${letter?.id}`);
    const said = page.locator('article.letter');
    const title = await said.locator('h2').textContent();
    expect([words[language].done, words[language].partly]).toContain(title);
    expect(await said.textContent()).not.toContain('⟦');
    if (right === 'erasure' && isInvoiced(person)) expect(title).toBe(words[language].partly);
    await page.close();
  });
});
