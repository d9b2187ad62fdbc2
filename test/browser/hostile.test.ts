import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { roles } from '../../src/server/auth.ts';
import { pages } from '../../src/server/console/pages.ts';
import { lookAt, openChromium } from './chromium.ts';
import { type Firm, liveThrough, openFirm } from './firm.ts';
import { signIn } from './sign-in.ts';

let firm: Firm;
let browser: Browser;
beforeAll(async () => {
  [firm, browser] = await Promise.all([openFirm(), openChromium()]);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await firm?.close();
});

it('lets no other site change anything, in the browser of somebody who is signed in', async () => {
  const day = await liveThrough(firm);
  const ids: Record<string, string> = { id: day.planned, system: 'newsletter', verdict: 'erase', verb: 'stop' };
  const targets = [
    ...pages.filter((p) => p.method === 'POST').map((p) => p.path),
    '/api/v1/cases',
    `/api/v1/cases/${day.planned}/approve`,
    '/api/v1/systems/newsletter/resync',
    '/api/v1/tokens',
  ].map((path) => path.replace(/:([a-zA-Z]+)/g, (_all, name: string) => ids[name] ?? day.planned));
  const attacks = targets.map(
    (path, n) =>
      `<form id="f${n}" method="post" action="${firm.url}${path}" target="t${n}" enctype="${n % 2 ? 'text/plain' : 'application/x-www-form-urlencoded'}"><input name="reason" value="x"><input name='{"type":"erasure","x":"' value='"}'></form><iframe name="t${n}"></iframe>`,
  );
  const evil = createServer((_request, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(
      `<!doctype html><body>${attacks.join('')}<script>
        document.querySelectorAll('form').forEach((f) => f.submit());
        ${JSON.stringify(targets)}.forEach((p) => fetch('${firm.url}' + p, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' }).catch(() => {}));
        ${JSON.stringify(targets)}.forEach((p) => navigator.sendBeacon('${firm.url}' + p, 'a=1'));
      </script></body>`,
    );
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  const context = await lookAt(browser);
  try {
    const page = await context.newPage();
    await signIn(page, firm, roles);
    const before = await atRest();
    // once from a sibling port of the same host, once from another name of it
    for (const host of ['127.0.0.1', 'localhost']) {
      const there = await context.newPage();
      await there.goto(`http://${host}:${(evil.address() as AddressInfo).port}/`);
      await there.waitForTimeout(3000);
      await there.close();
    }
    expect(await marks()).toEqual(before);
    // the session itself still works: the refusals were not for want of one
    expect((await page.goto(`${firm.url}/`))?.status()).toBe(200);
  } finally {
    await context.close();
    evil.close();
  }
});

/** The marks when the hub itself has nothing left to do. */
async function atRest() {
  for (let last = await marks(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const now = await marks();
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
}

/** What a forged request could have changed. */
async function marks() {
  const { ask } = firm;
  const [cases, held, tasks, doctor] = await Promise.all([
    ask<{ id: string; state: string }[]>('GET', '/cases'),
    ask<{ id: string }[]>('GET', '/held'),
    ask<{ id: string; outcome?: string }[]>('GET', '/tasks'),
    ask<{ journal: object }>('GET', '/doctor'),
  ]);
  const entries = await ask<{ entry: { action: string; actor: string } }[]>('GET', '/audit/entries?from=0');
  return {
    cases: cases.map((c) => [c.id, c.state]),
    held: held.map((h) => h.id),
    tasks: tasks.map((t) => [t.id, t.outcome]),
    journal: doctor.journal,
    people: entries.filter((e) => e.entry.actor.startsWith('account:') && !e.entry.action.startsWith('session')).length,
  };
}
