import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyExport } from '../../src/core/audit-verify.ts';
import { Failure } from '../../src/core/failure.ts';
import { changes } from '../../src/store/database.ts';
import { pauseSystem } from '../../src/store/systems.ts';
import { aino } from '../jobs/world.ts';
import { idOf, linkedAino, openTestHub, type TestHub } from './hub.ts';
import { openPages, placeOf, textOf } from './pages.ts';

let hub: TestHub;
let pages: ReturnType<typeof openPages>;
beforeAll(async () => {
  hub = await openTestHub();
  pages = openPages(hub);
  await linkedAino(hub);
  return () => hub.close();
});
const newsletter = () => {
  const connector = hub.needs.connectors['newsletter'];
  if (!connector) throw new Error('the world has no newsletter');
  return connector;
};

describe('the systems', () => {
  it('are listed with how each stands and what waits for whom', async () => {
    const page = await pages.get('/systems', 'viewer');
    expect(textOf(page)).toMatch(/newsletter recipient ✓ in order 0 0 2 marketing/);
    expect(textOf(page)).toMatch(/partner recipient run by people/);
    expect(page.text).not.toContain('⟦');
  });

  it('each have a page: standing, lanes, what it can do, runs', async () => {
    const page = await pages.get('/systems/newsletter');
    expect(page.status).toBe(200);
    for (const part of [
      'Nothing is owed here.',
      '2 people are settled here.',
      'Linked since',
      'No run was made yet.',
      'never checked',
    ])
      expect(textOf(page)).toContain(part);
    for (const [system, lang] of [
      ['crm', 'fi'],
      ['partner', 'sv'],
      ['newsletter', 'fi'],
      ['newsletter', 'sv'],
    ] as const) {
      const other = await pages.get(`/systems/${system}`, 'admin', lang);
      expect([system, lang, other.status, other.text.includes('⟦')]).toEqual([system, lang, 200, false]);
    }
    expect((await pages.get('/systems/nowhere')).status).toBe(404);
    expect((await pages.get('/systems/constructor')).status).toBe(404);
  });

  it('are checked by a button, and the answer stays', async () => {
    newsletter().check = async () => [
      { right: 'members: read', ok: true },
      { right: 'members: write', ok: false, problem: 'give the key that right' },
    ];
    expect(placeOf(await pages.post('/systems/newsletter/check'))).toBe('/systems/newsletter#rights');
    const page = await pages.get('/systems/newsletter', 'viewer');
    expect(textOf(page)).toMatch(/members: write ✕ missing give the key that right/);
    expect(textOf(page)).toContain('a right is missing at the system: switch it on there');
    expect(page.text).not.toContain('/check"');
    expect((await hub.ask('GET', '/systems')).text).toContain('"check":{"at":');
    newsletter().check = async () => {
      throw new Failure('RECIPIENT_UNREACHABLE');
    };
    await pages.post('/systems/newsletter/check');
    expect(textOf(await pages.get('/systems/newsletter'))).toContain(
      'did not answer at the last check: no connection to the system',
    );
    newsletter().check = async () => [];
    await pages.post('/systems/newsletter/check');
    expect(textOf(await pages.get('/systems'))).toMatch(/newsletter recipient ✓ in order/);
  });

  it('say why they are paused and what to do', async () => {
    await pauseSystem(hub.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    expect(textOf(await pages.get('/systems/newsletter'))).toMatch(/Nothing is sent: .*renew them.*Kaiku goes on by itself/);
    await pages.post('/systems/newsletter/check');
  });

  it('show the newest erasure that was read back', async () => {
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject: await idOf(hub, aino.email) })).json<{
      id: string;
    }>();
    await hub.ask('POST', `/cases/${id}/approve`);
    await hub.settle();
    expect(textOf(await pages.get('/systems/newsletter'))).toContain('read back as gone');
  });
});

describe('the log', () => {
  it('is searched by what is in it, newest first, and read by those who may', async () => {
    const all = await pages.get('/audit', 'auditor');
    expect(all.status).toBe(200);
    expect(all.text).not.toContain('⟦');
    const found = await pages.get('/audit?action=link.made&system=newsletter', 'dpo');
    expect(found.text.match(/<tr>/g)).toHaveLength(3);
    expect(textOf(found)).toContain('row linked newsletter');
    expect(textOf(await pages.get('/audit?actor=nobody', 'dpo'))).toContain('Nothing is found.');
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Helsinki' }).format(new Date());
    expect((await pages.get(`/audit?day=${today}`, 'dpo')).text.match(/<tr>/g)?.length).toBeGreaterThan(3);
    expect(textOf(await pages.get('/audit?day=2020-01-01', 'dpo'))).toContain('Nothing is found.');
    const closed = await pages.get('/audit', 'admin');
    expect(textOf(closed)).toContain('not read its entries');
    expect(closed.text).not.toContain('href="/audit/log.jsonl');
    expect((await pages.get('/audit', 'viewer')).status).toBe(403);
  });

  it('is paged from the last entry that was shown', async () => {
    await changes(
      hub.needs.db,
      sql`INSERT INTO audit_entry (id, line) SELECT gen_random_uuid(), '{"action":"check.done","actor":"kaiku","id":"x","time":"2026-01-01T00:00:00.000Z","v":1}'
          FROM generate_series(1, 60)`,
    );
    const first = await pages.get('/audit?action=check.done&actor=kaiku', 'dpo');
    const older = /href="(\/audit\?[^"]*before=\d+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(first.text.match(/<tr>/g)).toHaveLength(51);
    expect((await pages.get(older, 'dpo')).text.match(/<tr>/g)).toHaveLength(11);
  });

  it('refuses a search for what is no code', async () => {
    for (const query of ['action=everything', 'case=1', 'day=yesterday', 'actor=aino%20virtanen', 'before=x'])
      expect([query, (await pages.get(`/audit?${query}`, 'dpo')).status]).toEqual([query, 400]);
  });

  it('is verified in words', async () => {
    const page = await pages.post('/audit/verify', {}, 'admin');
    expect(textOf(page)).toContain('Every entry is as it was when it was signed');
    expect((await pages.post('/audit/verify', {}, 'viewer')).status).toBe(403);
  });

  it('is kept as files that verify without us', async () => {
    const [log, checkpoint, vkey] = [
      await pages.get('/audit/log.jsonl', 'auditor'),
      await pages.get('/audit/checkpoint', 'admin'),
      await pages.get('/audit/vkey', 'admin'),
    ];
    expect(log.headers['content-disposition']).toBe('attachment; filename="log.jsonl"');
    async function* lines() {
      yield* log.text.trimEnd().split('\n');
    }
    expect(await verifyExport(lines(), checkpoint.text, vkey.text.trim())).toMatchObject({ verified: true });
    expect((await pages.get('/audit/log.jsonl', 'admin')).status).toBe(403);
  });

  it('proves that an entry is in it', async () => {
    const page = await pages.get('/audit/3', 'auditor');
    expect(page.text).toContain('RFC 6962');
    expect(page.text).not.toContain('⟦');
    expect((await pages.get('/audit/999999', 'auditor')).status).toBe(404);
    expect((await pages.get('/audit/none', 'auditor')).status).toBe(400);
  });

  it('says when it does not fit its signatures', async () => {
    await changes(hub.needs.db, sql`ALTER TABLE audit_entry DISABLE TRIGGER ALL`);
    await changes(
      hub.needs.db,
      sql`UPDATE audit_entry SET line = replace(line, 'link.made', 'link.kept') WHERE line LIKE '%link.made%'`,
    );
    expect(textOf(await pages.post('/audit/verify', {}, 'auditor'))).toMatch(/from entry \d+ on nothing vouches for it/);
  });
});

describe('the policy', () => {
  it('shows who is given which field for what, on which ground', async () => {
    const page = await pages.get('/policy', 'auditor');
    expect(textOf(page)).toMatch(/e-mail marketing/);
    expect(textOf(page)).toContain('legitimate interest');
    expect(textOf(page)).toContain('newsletter has no retention rule');
    for (const lang of ['fi', 'sv']) expect((await pages.get('/policy', 'viewer', lang)).text).not.toContain('⟦');
  });
});
