import { beforeEach, describe, expect, it } from 'vitest';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await openTestHub();
  return () => hub.close();
});

interface Report extends Record<string, unknown> {
  run: string;
  state: string;
  complete: boolean;
  counts: Record<string, number>;
}

const page = async (path: string, as = 'local-token', payload?: string) => {
  const answer = await hub.raw({
    method: payload === undefined ? 'GET' : 'POST',
    url: path,
    headers: {
      authorization: `Bearer ${as}`,
      'accept-language': 'fi',
      ...(payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(payload === undefined ? {} : { payload }),
  });
  return answer;
};

const spoil = async () => {
  const aino = await linkedAino(hub);
  for (const row of hub.newsletter.rows.values()) row.fields.familyName = 'Muutettu';
  hub.newsletter.add({ email: 'stranger@sahko.test' });
  return aino;
};

describe('drift over the API', () => {
  it('is compared, reported, paged and repaired', async () => {
    const aino = await spoil();
    const report = (await hub.ask('POST', '/systems/newsletter/drift')).json<Report>();
    expect(report).toMatchObject({
      state: 'finished',
      complete: true,
      counts: { stale: 1, orphan: 1, missing: 0 },
      fields: { stale: { familyName: 1 } },
    });
    const found = (await hub.ask('GET', `/drift/${report.run}?kind=stale`, undefined, 'dpo')).json<{
      total: number;
      findings: Record<string, unknown>[];
    }>();
    expect(found.total).toBe(1);
    expect(found.findings).toMatchObject([{ kind: 'stale', subject: aino, fields: ['familyName'] }]);
    const repaired = await hub.ask('POST', `/drift/${report.run}/repair`, { kinds: ['stale'] });
    expect(repaired.json()).toEqual({ run: report.run, owed: 1, left: 0 });
    await hub.settle();
    await hub.ask('POST', '/systems/newsletter/drift');
    const { latest, trend, everyHours } = (await hub.ask('GET', '/systems/newsletter/drift', undefined, 'dpo')).json<{
      latest: Report;
      trend: Report[];
      everyHours: number;
    }>();
    expect(latest.counts['stale']).toBe(0);
    expect(trend.map((r) => r.counts['stale'])).toEqual([0, 1]);
    expect(everyHours).toBe(168);
    // what an older run found is no order to write now
    expect((await hub.ask('POST', `/drift/${report.run}/repair`, {})).status).toBe(409);
  });

  it('is refused where people answer, and before first contact', async () => {
    expect((await hub.ask('POST', '/systems/partner/drift')).status).toBe(400);
    expect((await hub.ask('POST', '/systems/nowhere/drift')).status).toBe(404);
    expect((await hub.ask('POST', '/systems/newsletter/drift')).status).toBe(409);
  });

  it('is started and repaired by the admin alone', async () => {
    await spoil();
    expect((await hub.ask('POST', '/systems/newsletter/drift', undefined, 'dpo')).status).toBe(403);
    expect((await hub.ask('GET', '/systems/newsletter/drift', undefined, 'viewer')).status).toBe(403);
  });
});

describe('drift in the console', () => {
  it('shows every system, the report, and takes the repair of chosen findings by a form', async () => {
    const aino = await spoil();
    expect((await page('/drift')).text).toContain('ei vielä verrattu');
    const started = await page('/systems/newsletter/drift', 'local-token', '');
    expect([started.status, started.headers['location']]).toEqual([303, '/systems/newsletter/drift?said=driftStarted']);
    for (const path of ['/drift', '/systems/newsletter/drift', '/systems/newsletter/drift?kind=stale']) {
      const { text, status } = await page(path);
      expect(status).toBe(200);
      expect(text).not.toContain('⟦');
      expect(text).not.toMatch(/ style=|<script>|Muutettu|sahko/);
      expect(text).toContain('class="spark"');
    }
    const { text } = await page('/systems/newsletter/drift');
    expect(text).toContain(aino);
    const finding = /name="findings" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const run = /action="\/drift\/([^/]+)\/repair"/.exec(text)?.[1] ?? '';
    const sent = await page(`/drift/${run}/repair`, 'local-token', `what=findings&findings=${finding}`);
    expect(sent.headers['location']).toBe('/systems/newsletter/drift?said=driftRepaired');
    await hub.settle();
    expect([...hub.newsletter.rows.values()].filter((r) => r.fields.familyName === 'Virtanen')).toHaveLength(1);
  });

  it('gives the DPO the report without the forms, and others nothing', async () => {
    await spoil();
    await page('/systems/newsletter/drift', 'local-token', '');
    const { text } = await page('/systems/newsletter/drift', 'token-of-dpo');
    expect(text).not.toContain('/repair');
    expect((await page('/drift', 'token-of-viewer')).status).toBe(403);
    expect((await page('/systems/newsletter/drift', 'token-of-dpo', '')).status).toBe(403);
  });
});
