import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { registry } from '../../src/connectors/registry.ts';
import { companies } from '../../src/demo/company.ts';
import { type CompanyResult, type Expected, faultsOf } from '../../src/demo/company-faults.ts';
import { companyDemo } from '../../src/demo/company-story.ts';
import { readEnvironment } from '../../src/open.ts';
import { testRuntime } from '../support/runtime.ts';

type Company = keyof typeof companies;

/** The demo as somebody starts it, on a ledger and in a folder of its own. */
async function run(company: Company, json: boolean): Promise<{ code: number; lines: string[] }> {
  const runtime = await testRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'kaiku-company-'));
  const lines: string[] = [];
  try {
    const env = readEnvironment({ KAIKU_DATA: folder, DATABASE_URL: runtime.databaseUrl, REDIS_URL: runtime.redisUrl });
    const code = await companyDemo(env, company, { once: true, json, out: (line) => void lines.push(line) });
    return { code, lines };
  } finally {
    await runtime.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The other company runs below, told in words; each run holds itself against the ledger, and ends with 1 where it does not fit. */
describe.each(process.env['KAIKU_TEST_ALL'] === '1' ? (['cervi', 'seravo'] as const) : (['cervi'] as const))(
  'the demo of %s',
  (company) => {
    it('tells everybody of a correction, asks each of the people once, and ends by itself', async () => {
      const { code, lines } = await run(company, true);
      expect([code, lines.length]).toEqual([0, 1]);
      const result = JSON.parse(lines[0] ?? '') as CompanyResult;
      const env = new Proxy({}, { get: () => 'key-us6' });
      const file = join(import.meta.dirname, '../../config/examples', companies[company], 'kaiku.yaml');
      const config = loadConfig(file, env, registry);
      const customers = Object.values(config.systems).filter(({ recipient }) =>
        recipient?.purposes.some((name) => config.purposes[name]?.for?.includes('customer') ?? true),
      );
      expect(Object.keys(result.erasure)).toEqual(expect.arrayContaining([...customers.map(({ name }) => name), 'crm']));
      const people = customers.filter(({ connector }) => connector === 'human').map(({ name }) => name);
      for (const ask of ['update', 'erase'])
        expect(
          result.tasks
            .filter((task) => task.ask === ask)
            .map(({ system }) => system)
            .sort(),
        ).toEqual([...people].sort());
      for (const { name, recipient } of customers.filter(({ recipient: r }) => r && r.retention.length > 0)) {
        expect(recipient?.retention).not.toEqual([]);
        expect(result.erasure[name]?.retained).toMatchObject({ until: expect.stringMatching(/^20\d\d-\d\d-\d\d$/) });
      }
    });
  },
);

describe('what the demo says', () => {
  it('names the console, every system in the ledger’s words, and until when a law keeps what', async () => {
    const { code, lines } = await run('seravo', false);
    expect(code).toBe(0);
    const text = lines.join('\n');
    expect(text).toMatch(/the console: http:\/\/127\.0\.0\.1:\d+/);
    expect(text).toMatch(
      /Collection service +waiting, retained, evidence: acknowledged \(a person's statement\)\n +kept until 20/,
    );
    expect(text).toMatch(/verified: true$/);
  });

  it('is a fault for every way in which a system may have been left out', () => {
    const config = loadConfig(
      join(import.meta.dirname, '../../config/examples/wordpress-host/kaiku.yaml'),
      new Proxy({}, { get: () => 'key-us6' }),
      registry,
    );
    const duty = (system: string, outcome: 'updated' | 'erased' | 'retained', evidence: 'observed' | 'acknowledged') => ({
      ...{ system, outcome, evidence, version: 1, since: '2026-11-30T00:00:00Z', owner: null },
      state: outcome === 'retained' ? ('waiting' as const) : ('settled' as const),
      ...(outcome === 'retained' ? { retained: { fields: [], until: '2032-12-31', law: 'a law' } } : {}),
    });
    const told = ['newsletter', 'panel', 'wordpress', 'domains', 'partners', 'invoices', 'bookkeeper', 'collection', 'auditor'];
    const kept = ['collection'];
    const humanOr = (system: string) => (system === 'newsletter' ? ('observed' as const) : ('acknowledged' as const));
    const result: CompanyResult = {
      company: 'seravo',
      rectification: Object.fromEntries(told.map((name) => [name, duty(name, 'updated', humanOr(name))])),
      erasure: Object.fromEntries(
        told.map((name) => [name, duty(name, kept.includes(name) ? 'retained' : 'erased', humanOr(name))]),
      ),
      tasks: told.slice(1).map((system) => ({ system, ask: 'erase' })),
      audit: { size: 1, root: '', verified: true },
    };
    const plan = told.map((system) => ({ system, step: system === 'newsletter' ? 'erase' : 'ask' }));
    const expected: Expected = { config, caps: { newsletter: 're-observed' }, plan, role: 'customer', once: true, kept };
    const faults = (changed: Partial<CompanyResult>, but: Partial<Expected> = {}) =>
      faultsOf({ ...result, ...changed }, { ...expected, ...but });
    expect(faults({})).toEqual([]);
    const { panel: _, ...without } = result.rectification;
    expect(faults({ rectification: without })).toEqual([expect.stringContaining('panel is unknown')]);
    const accepted = {
      ...result.erasure,
      newsletter: { ...duty('newsletter', 'erased', 'observed'), evidence: 'accepted' as const },
    };
    expect(faults({ erasure: accepted })).toEqual([expect.stringContaining('not settled erased observed')]);
    expect(faults({ erasure: { ...result.erasure, collection: duty('collection', 'erased', 'acknowledged') } })).toHaveLength(1);
    expect(faults({ tasks: [...result.tasks, { system: 'panel', ask: 'erase' }] })).toEqual([expect.stringContaining('2 times')]);
    expect(faults({ tasks: result.tasks.slice(1) })).toEqual([expect.stringContaining('0 times')]);
    expect(faults({}, { plan: plan.slice(0, -1) })).toEqual([expect.stringContaining('auditor was given data')]);
    expect(faults({ audit: { ...result.audit, verified: false } })).toEqual(['the audit log does not verify']);
  });
});
