import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/program.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const bin = (path: string) => join(repository, 'node_modules', path);

/** A copy of what a connector stands on, inside this clone: its dependencies are found from there, and git does not see it. */
let clone = '';
beforeAll(() => {
  mkdirSync(join(repository, '.tools'), { recursive: true });
  clone = mkdtempSync(join(repository, '.tools', 'scaffold-'));
  // what reads the whole registry comes along: it must hold for a vendor more without a change of its own
  const configuration = readdirSync(join(repository, 'src')).filter((name) => /^config.*\.ts$/.test(name));
  const readers = [...configuration.map((name) => join('src', name)), 'config', 'test/config', 'tools', '.gitignore'];
  for (const folder of ['src/core', 'src/connectors', 'test/conformance', ...readers])
    cpSync(join(repository, folder), join(clone, folder), { recursive: true });
  const include = ['src/connectors/registry.ts', 'src/connectors/*-crm', 'test/connectors', 'test/config'];
  writeFileSync(join(clone, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.test.json', include }));
});
afterAll(() => rmSync(clone, { recursive: true, force: true }));

async function kaiku(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const none = () => Promise.reject(new Error('no hub is needed for this'));
  const code = await runCli(argv, {
    env: {},
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    openInProcess: none,
    start: none,
    demo: none,
    sandbox: none,
    configSchema: () => ({}),
    checkNotice: () => ({ name: '', findings: [] }),
    backUp: none,
    restore: none,
    readInput: none,
    showKeys: none,
    rotateKeys: none,
    explain: () => null,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function ran(file: string, args: string[]): string {
  const done = spawnSync(process.execPath, [file, ...args], { cwd: clone, encoding: 'utf8' });
  return done.status === 0 ? 'ok' : `${done.stdout}${done.stderr}`;
}

const registry = () => readFileSync(join(clone, 'src/connectors/registry.ts'), 'utf8');
/** Lines of code: without blank ones and comments. */
const linesOf = (...files: string[]) =>
  files
    .flatMap((file) => readFileSync(join(clone, file), 'utf8').split('\n'))
    .filter((line) => !/^\s*($|\/\/|\/\*\*|\*)/.test(line)).length;

describe('kaiku connector new', () => {
  it('writes a connector, its sandbox, its page and its test, and one line in the registry', async () => {
    const before = registry().split('\n');
    const { code, out, err } = await kaiku('connector', 'new', 'oma-crm', '--dir', clone, '--json');
    expect([code, err]).toEqual([0, '']);
    expect((JSON.parse(out) as { files: string[] }).files).toHaveLength(7);
    expect(readdirSync(join(clone, 'src/connectors/oma-crm')).sort()).toEqual([
      'README.md',
      'client.ts',
      'connector.ts',
      'mapping.ts',
      'sandbox.ts',
    ]);
    const changed = registry()
      .split('\n')
      .filter((line) => !before.includes(line));
    expect(changed).toEqual(["import { omaCrm } from './oma-crm/connector.ts';", expect.stringContaining("'oma-crm': omaCrm")]);
    for (const file of ['connector.ts', 'client.ts', 'mapping.ts', 'sandbox.ts', 'README.md'])
      expect(readFileSync(join(clone, 'src/connectors/oma-crm', file), 'utf8')).not.toMatch(/acme/i);
  });

  it('takes a second one, and says in words what comes next', async () => {
    const { code, out } = await kaiku('connector', 'new', 'acrm', '--dir', clone);
    expect(code).toBe(0);
    expect(out).toContain('docs/add-a-connector.md');
    expect(registry()).toMatch(/\{\s+acrm,.*'oma-crm': omaCrm/s);
  });

  it('writes connector code of at most 150 lines', () => {
    const own = ['connector.ts', 'client.ts', 'mapping.ts'].map((file) => `src/connectors/oma-crm/${file}`);
    const [code, sandbox, test] = [
      linesOf(...own),
      linesOf('src/connectors/oma-crm/sandbox.ts'),
      linesOf('test/connectors/oma-crm/contract.test.ts'),
    ];
    process.stdout.write(`a new connector: ${code} lines of code; its sandbox ${sandbox}, its test ${test}\n`);
    expect(code).toBeLessThanOrEqual(150);
  });

  it('writes what the formatter and the linter have nothing against', () => {
    const folders = ['src/connectors/registry.ts', 'src/connectors/oma-crm', 'src/connectors/acrm', 'test/connectors'];
    expect(ran(bin('@biomejs/biome/bin/biome'), ['check', '--vcs-enabled=false', '--error-on-warnings', ...folders])).toBe('ok');
  });

  it('writes what the compiler has nothing against', () => {
    expect(ran(bin('typescript/bin/tsc'), ['-p', 'tsconfig.json', '--noEmit'])).toBe('ok');
  });

  it('writes connectors that keep the contract as they stand, with every fault caught, and breaks no other test', () => {
    const report = join(clone, 'report.json');
    const args = [
      'run',
      'test/config',
      'test/connectors',
      '--root',
      clone,
      '--testTimeout',
      '60000',
      '--reporter',
      'json',
      '--outputFile',
      report,
    ];
    expect(ran(bin('vitest/vitest.mjs'), args)).toBe('ok');
    const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
    process.stdout.write(`two new connectors: ${numPassedTests} of ${numTotalTests} tests passed\n`);
    expect(numPassedTests).toBe(numTotalTests);
    expect(numPassedTests).toBeGreaterThan(200);
    const files = (JSON.parse(readFileSync(report, 'utf8')) as { testResults: { name: string }[] }).testResults;
    const ofConfiguration = readdirSync(join(clone, 'test/config')).filter((name) => name.endsWith('.test.ts'));
    expect(files.map(({ name }) => name.split('/').at(-1)).sort()).toEqual(
      [...ofConfiguration, 'contract.test.ts', 'contract.test.ts'].sort(),
    );
  }, 240_000);

  it('never writes over what is there', async () => {
    const before = registry();
    writeFileSync(join(clone, 'src/connectors/oma-crm/client.ts'), '// mine\n');
    for (const name of ['oma-crm', 'mailchimp', 'human']) {
      const { code, err } = await kaiku('connector', 'new', name, '--dir', clone);
      expect([code, err]).toEqual([2, expect.stringContaining('is there already')]);
    }
    expect(readFileSync(join(clone, 'src/connectors/oma-crm/client.ts'), 'utf8')).toBe('// mine\n');
    expect(registry()).toBe(before);
  });

  it.each(['My CRM', '../elsewhere', 'crm/x', '9lives', 'a--b', '-x', 'crm-', 'åkäslompolo', 'class', 'new', 'x'.repeat(41), ''])(
    'is 2 for a name that is none, says what one is, and writes nothing: "%s"',
    async (name) => {
      const before = [registry(), readdirSync(join(clone, 'src/connectors')).length];
      const { code, out, err } = await kaiku('connector', 'new', '--dir', clone, '--', name);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/like [a-z]+-crm/);
      expect([registry(), readdirSync(join(clone, 'src/connectors')).length]).toEqual(before);
    },
  );

  it('is 2 outside of a clone, and says so', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'kaiku-no-clone-'));
    try {
      const { code, err } = await kaiku('connector', 'new', 'oma-crm', '--dir', elsewhere);
      expect([code, err]).toEqual([2, expect.stringContaining('clone of the repository only')]);
      expect(existsSync(join(elsewhere, 'src'))).toBe(false);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it('is 2 without a name, or with a command that is none', async () => {
    for (const argv of [['connector', 'new'], ['connector'], ['connector', 'old', 'x']])
      expect((await kaiku(...argv)).code).toBe(2);
  });
});
