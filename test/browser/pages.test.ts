import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages } from '../../src/server/console/pages.ts';
import { type Look, lookAt, openChromium } from './chromium.ts';
import { type Firm, liveThrough, openFirm } from './firm.ts';
import { signIn } from './sign-in.ts';

/** Every page, found by following links from the first one, as somebody with every role. */
let firm: Firm;
let browser: Browser;
let cookies: Awaited<ReturnType<BrowserContext['cookies']>>;
let found: string[];
const files: string[] = [];

/** A folder for screenshots; with it every look is taken, else two of them show both themes, both widths and two languages. */
const pictures = process.env['KAIKU_PICTURES'];
const looks = [
  { theme: 'light', width: 1280, language: 'en' },
  { theme: 'dark', width: 390, language: 'fi' },
  ...(pictures
    ? ([
        { theme: 'dark', width: 1280, language: 'fi' },
        { theme: 'light', width: 390, language: 'sv' },
      ] as const)
    : []),
] as const;

beforeAll(async () => {
  [firm, browser] = await Promise.all([openFirm(), openChromium()]);
  await liveThrough(firm);
  const context = await lookAt(browser);
  const page = await context.newPage();
  await signIn(page, firm, ['admin', 'dpo', 'decision-maker', 'auditor']);
  cookies = await context.cookies();
  found = await crawl(page);
  await context.close();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await firm?.close();
});

/** One address of each kind of page that links lead to; a few of each kind are followed, since not every system has had a run. */
async function crawl(page: Page): Promise<string[]> {
  const kinds = new Map<string, string>();
  const waiting = ['/'];
  const seen = new Set<string>();
  const visits = new Map<string, number>();
  while (waiting.length > 0) {
    const path = waiting.shift() ?? '/';
    const kind = kindOf(path);
    if (seen.has(path) || kind === null || (visits.get(kind) ?? 0) >= 5) continue;
    seen.add(path);
    visits.set(kind, (visits.get(kind) ?? 0) + 1);
    const head = await page.request.get(firm.url + path);
    expect([path, head.status()]).toEqual([path, 200]);
    // a file to keep is no page to look at
    if (head.headers()['content-disposition']?.startsWith('attachment')) {
      files.push(kind);
      continue;
    }
    await page.goto(firm.url + path);
    if (!kinds.has(kind)) kinds.set(kind, path);
    const links = await page.locator('a[href^="/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href') ?? ''));
    waiting.push(...links.map((href) => href.split('#')[0] ?? href).filter((href) => !href.startsWith('/assets/')));
  }
  return [...kinds.values()];
}

const patterns = pages
  .filter((p) => p.method === 'GET')
  .map((p) => ({ path: p.path, matches: new RegExp(`^${p.path.replace(/:[^/]+/g, '[^/]+')}$`) }));
const kindOf = (path: string) => {
  const plain = path.split('?')[0] ?? path;
  return (patterns.find((p) => p.path === plain) ?? patterns.find((p) => p.matches.test(plain)))?.path ?? null;
};

async function look(how: Look): Promise<BrowserContext & { complaints: string[] }> {
  const context = await lookAt(browser, how);
  await context.addCookies(cookies);
  return context;
}

const nameOf = (path: string) => kindOf(path)?.replace(/^\//, '').replaceAll('/', '-').replaceAll(':', '') || 'home';

describe('every page', () => {
  it('is reached by links alone', () => {
    const unreached = patterns
      .map((p) => p.path)
      .filter((path) => !found.some((f) => kindOf(f) === path) && !files.includes(path));
    expect(unreached).toEqual([]);
  });

  it.each(looks)('has no barrier that axe can find ($theme, $width wide, $language)', async (how) => {
    const context = await look(how);
    const page = await context.newPage();
    const barriers: string[] = [];
    for (const path of found) {
      await page.goto(firm.url + path);
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const v of violations)
        barriers.push(
          `${path}: ${v.id}: ${v.nodes
            .map((n) => n.target.join(' '))
            .slice(0, 3)
            .join(' | ')}`,
        );
      const text = (await page.locator('body').textContent()) ?? '';
      if (text.includes('⟦')) barriers.push(`${path}: ${/⟦[^⟧]*⟧/.exec(text)?.[0]} has no text`);
      const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      if (Number(wider) > 0) barriers.push(`${path}: ${wider} px wider than the screen`);
      if (pictures) await picture(page, `${nameOf(path)}-${how.theme}-${how.width}`);
    }
    await context.close();
    expect(barriers).toEqual([]);
    expect(context.complaints).toEqual([]);
  });

  it('says the same without script', async () => {
    const [plain, whole] = [await look({ script: false }), await look({})];
    const [bare, full] = [await plain.newPage(), await whole.newPage()];
    for (const path of found) {
      await Promise.all([bare.goto(firm.url + path), full.goto(firm.url + path)]);
      const [a, b] = await Promise.all([bare, full].map((page) => page.locator('h1').textContent()));
      expect([path, a]).toEqual([path, b]);
      const count = (page: Page) => page.locator('main button, main a, main input').count();
      expect([path, await count(bare)]).toEqual([path, await count(full)]);
    }
    await Promise.all([plain.close(), whole.close()]);
  });

  it('has one first heading, and everything to press by keyboard alone', async () => {
    const context = await look({});
    const page = await context.newPage();
    const unseen: string[] = [];
    for (const path of found) {
      await page.goto(firm.url + path);
      expect([path, await page.locator('h1').count()]).toEqual([path, 1]);
      const wanted = Number(
        await page.evaluate(
          "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter((e) => e.checkVisibility() && !e.disabled).length",
        ),
      );
      const reached = new Set<string>();
      // a date is several stops: its parts, and the calendar
      const dates = await page.locator('input[type=date]').count();
      for (let n = 0; n < wanted + 5 + 4 * dates; n++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(
          "(() => { const e = document.activeElement; if (!e || e === document.body) return null; const all = [...document.querySelectorAll('*')]; return { n: all.indexOf(e), what: e.outerHTML.slice(0, 120), outline: getComputedStyle(e).outlineStyle }; })()",
        );
        const here = at as { n: number; what: string; outline: string } | null;
        if (!here) continue;
        if (here.outline === 'none') unseen.push(`${path}: ${here.what}`);
        reached.add(String(here.n));
      }
      // one radio of a group takes the focus for all
      const radios = await page.locator('input[type=radio]').count();
      expect([path, reached.size]).toEqual([path, expect.toSatisfy((n: number) => n >= wanted - radios)]);
    }
    expect(unseen).toEqual([]);
    await context.close();
  });
});

async function picture(page: Page, name: string) {
  await mkdir(pictures ?? '', { recursive: true });
  await page.screenshot({ path: join(pictures ?? '', `${name}.png`), fullPage: true });
}
