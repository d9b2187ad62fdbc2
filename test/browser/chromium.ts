import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from '../support/installed.ts';

/** How a person may look at the console. */
export interface Look {
  theme?: 'light' | 'dark';
  width?: number;
  /** False: the page must do everything without it. */
  script?: boolean;
  language?: 'fi' | 'sv' | 'en';
}

/** Headless, and silent: Chromium's own services would look for their hosts. */
export async function openChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('this project runs only where Chromium is installed');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A context of its own for one way of looking; whatever breaks a rule of the page's policy is written into `complaints`. */
export async function lookAt(browser: Browser, look: Look = {}): Promise<BrowserContext & { complaints: string[] }> {
  const context = await browser.newContext({
    colorScheme: look.theme ?? 'light',
    viewport: { width: look.width ?? 1280, height: 900 },
    javaScriptEnabled: look.script ?? true,
    locale: { fi: 'fi-FI', sv: 'sv-FI', en: 'en-GB' }[look.language ?? 'en'],
    reducedMotion: 'reduce',
  });
  const complaints: string[] = [];
  context.on('page', (page) => watch(page, complaints));
  return Object.assign(context, { complaints });
}

function watch(page: Page, complaints: string[]): void {
  const at = () => new URL(page.url()).pathname;
  page.on('console', (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) complaints.push(`${at()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${at()}: ${error.message}`));
}
