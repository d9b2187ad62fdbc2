import { generate } from 'otplib';
import type { Page } from 'playwright-core';
import type { Role } from '../../src/server/auth.ts';

/** Where the console is, and how an admin makes an account there. */
export interface Door {
  url: string;
  ask<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T>;
}

const password = 'pitkä lause jonka vain minä tiedän';

/**
 * Comes in as a person would: an admin made the account and handed the link over; behind it a password is chosen, an app is tied by
 * the secret that the page shows, and its first code is given.
 */
export async function signIn(page: Page, door: Door, roles: readonly Role[]): Promise<void> {
  const { link } = await door.ask<{ link: string }>('POST', '/accounts', {
    email: `${roles.join('.')}.${Date.now()}@esimerkki.test`,
    name: 'Aila Ylläpitäjä',
    roles,
  });
  await page.goto(link);
  await choosePassword(page);
}

/** From the page where a password is chosen to the first page of the console. */
export async function choosePassword(page: Page): Promise<void> {
  await page.fill('input[name=password]', password);
  await page.click('form.form button[type=submit]');
  await page.waitForURL(/\/(sign-in\/enrol.*)?$/);
  // the demo's firm asks for no second factor
  if (!page.url().includes('/sign-in/enrol')) return;
  const secret = ((await page.locator('main code').first().textContent()) ?? '').replaceAll(' ', '');
  await page.fill('input[name=code]', await generate({ secret }));
  await page.click('form.form button[type=submit]');
  await page.click('main a.primary');
  await page.waitForURL(/\/$/);
}
