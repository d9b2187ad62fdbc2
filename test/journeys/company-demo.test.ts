import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { registry } from '../../src/connectors/registry.ts';
import type { DutyView } from '../../src/core/duty.ts';
import { companies } from '../../src/demo/company.ts';
import { type CompanyResult, type Edit, type Expected, faultsOf, type Staff } from '../../src/demo/company-faults.ts';
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
      const people = customers.filter(({ connector }) => connector === 'human' || connector === 'files').map(({ name }) => name);
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
      // what each of the two can show beside: the staff of one, the panel of the other
      const registers = Object.values(config.systems).filter(({ register }) => register?.for === 'employee');
      const masters = Object.values(config.systems).filter(({ recipient }) => recipient?.masterOf);
      expect([result.staff?.system]).toEqual([registers[0]?.name]);
      expect([result.edit?.system, result.edit?.fields]).toEqual([masters[0]?.name, masters[0]?.recipient?.masterOf]);
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
    // the logs wait for a day of the company's own
    expect(text).toMatch(
      /Logs of the WordPress platform +waiting, retained, evidence: none\n +kept until 20.*: custom\.logEntry \(own period: 30 days, by itself\)/,
    );
    // an edit at the panel waits for people, and does not come back
    expect(text).toMatch(/takes no corrections by its interface \(register-refuses\)/);
    expect(text).toMatch(/its case is closed, and it was written back to the panel 0 times/);
    expect(text).toMatch(/Customer panel +settled, updated, evidence: observed\n/);
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
    const machines = ['newsletter', 'panel'];
    const told = ['newsletter', 'panel', 'wordpress', 'domains', 'partners', 'invoices', 'bookkeeper', 'collection', 'auditor'];
    const kept = ['collection'];
    const humanOr = (system: string) => (machines.includes(system) ? ('observed' as const) : ('acknowledged' as const));
    const result: CompanyResult = {
      company: 'seravo',
      rectification: Object.fromEntries(told.map((name) => [name, duty(name, 'updated', humanOr(name))])),
      erasure: Object.fromEntries(
        told.map((name) => [name, duty(name, kept.includes(name) ? 'retained' : 'erased', humanOr(name))]),
      ),
      tasks: told.slice(2).map((system) => ({ system, ask: 'erase' })),
      edit: { system: 'panel', fields: ['email'], hindered: 'register-refuses', state: 'closed', cases: 1, echoes: 0 },
      audit: { size: 1, root: '', verified: true },
    };
    const plan = told.map((system) => ({ system, step: machines.includes(system) ? 'erase' : 'ask' }));
    const expected: Expected = {
      config,
      caps: { newsletter: 're-observed', panel: 're-observed' },
      plan,
      role: 'customer',
      once: true,
      kept,
    };
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
    expect(faults({ tasks: [...result.tasks, { system: 'wordpress', ask: 'erase' }] })).toEqual([
      expect.stringContaining('2 times'),
    ]);
    expect(faults({ tasks: result.tasks.slice(1) })).toEqual([expect.stringContaining('0 times')]);
    const logs = (outcome: 'erased' | 'retained', evidence: 'none' | 'observed') =>
      faults(
        { erasure: { ...result.erasure, 'wordpress-logs': { ...duty('wordpress-logs', outcome, 'observed'), evidence } } },
        { plan: [...plan, { system: 'wordpress-logs', step: 'park' }] },
      );
    expect(logs('retained', 'none')).toEqual([]);
    expect(logs('erased', 'observed')).toEqual([expect.stringContaining('not waiting retained none')]);
    expect(logs('retained', 'observed')).toHaveLength(1);
    expect(faults({}, { plan: plan.slice(0, -1) })).toEqual([expect.stringContaining('auditor was given data')]);
    const edit = (but: Partial<Edit>) => faults({ edit: { ...(result.edit as Edit), ...but } });
    expect(edit({ echoes: 1 })).toEqual(['edit: it came back to panel 1 times']);
    expect(edit({ cases: 2 })).toEqual(['edit: it opened 2 cases']);
    expect(edit({ state: 'running' })).toEqual(['edit: its case is running, not closed']);
    expect(edit({ hindered: '' })).toEqual(['edit: nobody was told to carry it to the register']);
    expect(edit({ fields: ['phone'] })).toEqual(['edit: panel is not master of phone']);
    const { edit: _none, ...unedited } = result;
    expect(faultsOf(unedited, expected)).toEqual(['edit: nobody edited anything at panel, which is master of it']);
    expect(faults({ audit: { ...result.audit, verified: false } })).toEqual(['the audit log does not verify']);
  });

  it('is a fault for everything of the staff that is not as the law and the exports say', () => {
    const file = join(import.meta.dirname, '../../config/examples/building-services/kaiku.yaml');
    const config = loadConfig(file, new Proxy({}, { get: () => 'key-us6' }), registry);
    const duty = (
      outcome: DutyView['outcome'],
      evidence: DutyView['evidence'],
      state: DutyView['state'] = 'settled',
    ): DutyView => ({
      ...{ system: '', outcome, evidence, version: 1, since: '2026-11-30T00:00:00Z', owner: null, state },
      ...(outcome === 'retained' ? { retained: { fields: [], until: '2032-12-31', law: 'a law' } } : {}),
    });
    const kept = () => duty('retained', 'acknowledged', 'waiting');
    const staff: Staff = {
      system: 'personnel',
      leaver: { personnel: duty('updated', 'observed') },
      takeOut: ['custom.nextOfKinPhone', 'custom.nextOfKin'],
      told: config.systems['personnel']?.recipient?.people?.instructions ?? null,
      former: { personnel: kept(), 'payroll-bureau': kept() },
      longGone: { personnel: duty('erased', 'observed'), 'payroll-bureau': duty('erased', 'acknowledged') },
    };
    const result = {
      company: 'cervi',
      rectification: {},
      erasure: {},
      tasks: [],
      audit: { size: 1, root: '', verified: true },
    } as const;
    const expected = { config, caps: { personnel: 'observed' }, plan: [], role: 'nobody', once: true, kept: [] } as const;
    const faults = (but: Partial<Staff>, once = true) =>
      faultsOf({ ...result, tasks: [], staff: { ...staff, ...but } }, { ...expected, once });
    expect(faults({})).toEqual([]);
    const stated = duty('updated', 'acknowledged', 'waiting');
    expect(faults({ leaver: { personnel: stated } })).toEqual([expect.stringContaining('not settled updated observed')]);
    expect(faults({ told: null })).toEqual(['staff: the people of personnel were not told what the configuration says']);
    expect(faults({ takeOut: ['email'] })).toEqual([expect.stringContaining('take out email, not custom.nextOfKin')]);
    expect(faults({ former: { ...staff.former, personnel: duty('erased', 'observed') } })).toHaveLength(1);
    expect(faults({ longGone: { ...staff.longGone, personnel: duty('erased', 'acknowledged') } })).toHaveLength(1);
    expect(faults({ longGone: { personnel: duty('erased', 'observed') } })).toEqual([
      expect.stringContaining('payroll-bureau is unknown'),
    ]);
    // nobody has answered: everybody is still asked
    expect(faults({}, false)).toHaveLength(2);
    const asked = duty(null, 'asked', 'asked');
    expect(faults({ leaver: { personnel: asked }, former: { 'payroll-bureau': asked } }, false)).toEqual([]);
  });
});
