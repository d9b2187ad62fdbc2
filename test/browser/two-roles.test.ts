import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInvoiced } from '../../src/demo/books.ts';
import { keptBy } from '../../src/demo/company-people.ts';
import { heldThere } from '../../src/demo/exports.ts';
import { until } from '../journeys/hub.ts';
import { lookAt, openChromium } from './chromium.ts';
import { type Company, openCompany, type Staff } from './company.ts';
import { signIn } from './sign-in.ts';

/**
 * One human being who is a customer and a former employee asks to be forgotten, in each language: the customer goes everywhere, payroll
 * keeps what the law keeps, each of the people who run a system is asked once, and silence shows.
 */
type Language = 'fi' | 'sv' | 'en';
const languages: readonly Language[] = ['fi', 'sv', 'en'];
/** One person, whose pages are read in all three; with `KAIKU_JOURNEYS=all` one person in each language, which takes three times as long. */
const journeys = process.env['KAIKU_JOURNEYS'] === 'all' ? languages : languages.slice(0, 1);
/** Of the range that is given to nobody. */
const codes = ['131052-308T', '150785X9009', '020502E902X'];
const words = {
  fi: {
    received: 'Pyyntönne on meillä',
    partly: 'Pyyntönne on toteutettu osittain',
    late: /myöhässä/,
    law: /ennakkoperintälaki|kirjanpitolaki/i,
  },
  sv: {
    received: 'Vi har tagit emot din begäran',
    partly: 'Din begäran har genomförts delvis',
    late: /försenat/,
    law: /förskottsuppbörd|bokföringslagen/i,
  },
  en: {
    received: 'We have your request',
    partly: 'Your request has been carried out in part',
    late: /overdue/,
    law: /Prepayment Act|Accounting Act/,
  },
} as const;

let company: Company;
let browser: Browser;
let heroes: Company['people'];
let staff: Staff[];
/** Who was erased in a language before. */
const gone: Company['people'] = [];

beforeAll(async () => {
  [company, browser] = await Promise.all([openCompany(30), openChromium()]);
  heroes = company.people.filter((p) => p.customer && !p.organisation && p.newsletter && isInvoiced(p)).slice(0, 3);
  staff = heroes.map((person, i) => ({ number: `000${i + 1}`, person, identityCode: codes[i] ?? '', ended: '30.6.2025' }));
  await company.exportStaff(staff);
  for (const { email } of heroes) await company.subjectOf(email, 'employee');
  await until('the first poll', async () => {
    const systems = await company.ask<{ system: string; duties: Record<string, number> }[]>('GET', '/systems');
    return (systems.find((s) => s.system === 'newsletter')?.duties['held'] ?? 0) >= company.people.length;
  });
  for (const { system, linked } of await company.ask<{ system: string; linked: boolean }[]>('GET', '/systems'))
    if (!linked) await company.ask('POST', `/systems/${system}/link`, { apply: true });
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await company?.close();
});

interface Duty {
  system: string;
  state: string;
  outcome: string | null;
  evidence: string;
  retained?: { until: string; law: string };
}
interface Task {
  id: string;
  system: string;
  subject: string;
  ask: string;
  due: string;
  outcome?: string;
}
const caseOf = (subject: string) =>
  until('the case', async () =>
    (await company.ask<{ id: string; subject: string; type: string }[]>('GET', '/cases')).find((c) => c.subject === subject),
  );
const dutiesOf = async (id: string) =>
  new Map((await company.ask<{ duties: Duty[] }>('GET', `/cases/${id}`)).duties.map((duty) => [duty.system, duty]));
const tasksAbout = async (subjects: readonly string[]) =>
  (await company.ask<Task[]>('GET', '/tasks?limit=500')).filter((t) => subjects.includes(t.subject) && t.ask === 'erase');

async function asPerson(language: Language, person: Company['people'][number]): Promise<void> {
  const context = await lookAt(browser, { language, width: 390 });
  const page = await context.newPage();
  await page.goto(`${company.url}/request/new/erasure`);
  await page.fill('input[name=name]', `${person.givenName} ${person.familyName}`);
  await page.fill('input[name=email]', person.email);
  await page.click('main button[type=submit]');
  await page.goto(await company.linkMailedTo(person.email));
  await page.click('main form button[type=submit]');
  expect(await page.locator('h1').textContent()).toBe(words[language].received);
  await context.close();
}

const picture = async (page: Page, name: string) => {
  const folder = process.env['KAIKU_PICTURES'];
  if (folder) await page.screenshot({ path: join(folder, `two-roles-${name}.png`), fullPage: true });
};
/** The row of a case in the matrix, on whichever of its pages it stands. */
async function rowOf(page: Page, id: string): Promise<Locator> {
  for (let from = 0; ; ) {
    await page.goto(`${company.url}/?matrix=${from}`);
    const found = page.locator('#matrix tbody tr', { has: page.locator(`a[href="/cases/${id}"]`) });
    if ((await found.count()) > 0) return found;
    const shown = await page.locator('#matrix tbody tr').count();
    if (shown === 0) throw new Error('the matrix has no row of the case');
    from += shown;
  }
}
const cellOf = (row: Locator, system: string) => row.locator(`td[data-label="${system}"]`);
/** The reader's own choice of a language. */
const readIn = (context: BrowserContext, lang: Language) => context.addCookies([{ name: 'lang', value: lang, url: company.url }]);
const press = async (page: Page, selector: string) => {
  await page.locator(`${selector} button[type=submit]`).first().click();
  await page.waitForLoadState();
};

describe.each(journeys)('a customer who is a former employee, in %s', (language) => {
  it('is forgotten as the one and kept as the other only by law, by people asked once whose silence shows', {
    timeout: 400_000,
  }, async () => {
    const person = heroes[languages.indexOf(language)];
    if (!person) throw new Error('the company has too few customers');
    const [customer, employee] = [
      await company.subjectOf(person.email, 'customer'),
      await company.subjectOf(person.email, 'employee'),
    ];
    await asPerson(language, person);
    const cases = [await caseOf(customer.id), await caseOf(employee.id)] as const;

    const office: BrowserContext = await lookAt(browser, { language, theme: language === 'sv' ? 'dark' : 'light' });
    const page = await office.newPage();
    await signIn(page, company, ['dpo', 'decision-maker', 'hr']);
    await page.goto(`${company.url}/people/${customer.id}`);
    // a table as wide as eleven systems is read with the keyboard alone too
    expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([]);
    // the address in common proposes it; a person says it
    await press(page, `#same-person form:has(input[value="${employee.id}"])`);
    for (const { id } of cases) {
      await page.goto(`${company.url}/cases/${id}`);
      expect(await page.locator('#same-person').textContent()).toContain(cases.find((c) => c.id !== id)?.id.slice(0, 8));
      await picture(page, `plan-${language}-${id === cases[0].id ? 'customer' : 'employee'}`);
      await press(page, `form[action="/cases/${id}/approve"]`);
    }

    // each of the people whom the plans name is asked, once
    const plans = await Promise.all(
      cases.map(({ id }) => company.ask<{ plan: { system: string; step: string }[] }>('GET', `/cases/${id}`)),
    );
    const named = plans.map(({ plan }) => plan.flatMap(({ system, step }) => (step === 'ask' ? [system] : [])).sort());
    expect(named).toEqual([expect.arrayContaining(['bookkeeper', 'sweeping', 'web-chat']), ['payroll-bureau', 'personnel']]);
    const asked = await until('everybody to be asked', async () => {
      const all = await tasksAbout([customer.id, employee.id]);
      return all.length >= named.flat().length && all;
    });
    const askedOf = (subject: string) => asked.flatMap((task) => (task.subject === subject ? [task.system] : [])).sort();
    expect([askedOf(customer.id), askedOf(employee.id)]).toEqual(named);

    // the machines are done; the people let their day go by
    await until(
      'the machines',
      async () => {
        const duties = await dutiesOf(cases[0].id);
        return duties.get('newsletter')?.outcome === 'erased' && duties.get('crm')?.outcome === 'erased';
      },
      120,
    );
    await company.ask('POST', '/test/clock', { advance: 'P16D' });
    for (const lang of languages) {
      await readIn(office, lang);
      for (const [i, { id, subject }] of cases.entries()) {
        const row = await rowOf(page, id);
        for (const system of named[i] ?? [])
          expect(await cellOf(row, system).locator('.badge.bad').textContent()).toMatch(words[lang].late);
        expect(await row.textContent()).toContain(subject.slice(0, 8));
      }
      await picture(page, `silence-${lang}`);
    }

    // then they answer, and say what a law keeps
    const yearEnd = company.config.controller.financialYearEnd ?? '12-31';
    for (const task of asked) {
      const law = keptBy(task.system, company.config.systems[task.system]?.recipient?.retention ?? [], yearEnd);
      await company.ask('POST', `/tasks/${task.id}/answer`, law ? { outcome: 'retained', ...law } : { outcome: 'erased' });
    }
    gone.push(person);
    await company.handOver(heldThere(company.people).filter((one) => !gone.includes(one)));
    await until(
      'both cases to end',
      async () => {
        const states = await Promise.all(cases.map(({ id }) => company.ask<{ state: string }>('GET', `/cases/${id}`)));
        return states.every(({ state }) => state === 'closed');
      },
      120,
    );

    // no one was asked a second time, and no role reached into the other
    expect(await tasksAbout([customer.id, employee.id])).toHaveLength(asked.length);
    const [forgotten, kept] = [await dutiesOf(cases[0].id), await dutiesOf(cases[1].id)];
    expect(forgotten.get('newsletter')).toMatchObject({ outcome: 'erased', evidence: expect.stringMatching(/observed$/) });
    expect(forgotten.get('accounting')).toMatchObject({
      outcome: 'retained',
      retained: { until: expect.stringMatching(/^20\d\d-12-31$/) },
    });
    for (const system of ['personnel', 'payroll-bureau'])
      expect(kept.get(system)).toMatchObject({
        state: 'waiting',
        outcome: 'retained',
        retained: { until: expect.stringMatching(/^20\d\d-/) },
      });
    for (const system of ['surveys', 'web-chat', 'sweeping']) expect(forgotten.get(system)).toMatchObject({ outcome: 'erased' });
    for (const system of ['personnel', 'payroll-bureau']) expect(forgotten.get(system)?.outcome ?? 'absent').toBe('absent');
    for (const system of ['newsletter', 'accounting']) expect(kept.get(system)?.outcome ?? 'absent').toBe('absent');

    for (const lang of languages) {
      await readIn(office, lang);
      const row = await rowOf(page, cases[1].id);
      await picture(page, `matrix-${lang}`);
      for (const [system, { retained }] of kept)
        if (retained) expect(await cellOf(row, system).textContent()).toMatch(words[lang].law);
      for (const { id } of cases) {
        await page.goto(`${company.url}/cases/${id}`);
        const form = `form[action="/cases/${id}/letters"]`;
        await page.locator(`${form} select[name=kind]`).selectOption('answer');
        await page.locator(`${form} select[name=language]`).selectOption(lang);
        await press(page, form);
        const letter = page.locator('article.letter');
        expect(await letter.locator('h2').textContent()).toBe(words[lang].partly);
        expect(await letter.textContent()).toMatch(words[lang].law);
        expect(await letter.textContent()).not.toContain('⟦');
        await picture(page, `letter-${lang}-${id === cases[0].id ? 'customer' : 'employee'}`);
      }
    }
    await office.close();
  });
});
