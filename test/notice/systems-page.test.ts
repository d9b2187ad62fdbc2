import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { registry } from '../../src/connectors/registry.ts';
import type { Config } from '../../src/core/configuration.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/systems.md'), 'utf8');
const examples = { b: 'building-services', w: 'wordpress-host' } as const;
const folder = (letter: keyof typeof examples) => join(root, 'config/examples', examples[letter]);

/** One row of the table, by the heads of its columns. */
interface Row {
  system: string;
  configured: string[];
  reach: string[];
  cap: string;
  tests: string[];
}

const quoted = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

function rowsOf(text: string): Row[] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const cells = lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  expect(cells[0]).toEqual(['system', 'configured as', 'read', 'corrected', 'erased', 'proven how', 'cap', 'verified by']);
  return cells.slice(2).map(([system = '', configured, read = '', corrected = '', erased = '', proof = '', cap = '', tests]) => ({
    ...{ system, cap, configured: quoted(configured), tests: quoted(tests) },
    reach: [read, corrected, erased, proof],
  }));
}

/** What is wrong with the page, held against the examples. */
function faultsOf(text: string, configs: Record<string, Pick<Config, 'systems'>>): string[] {
  const rows = rowsOf(text);
  const systems = Object.entries(configs).flatMap(([letter, config]) =>
    Object.values(config.systems).map((system) => ({ key: `${letter}/${system.name}`, connector: system.connector })),
  );
  const known = new Set(systems.map(({ key }) => key));
  return [
    ...rows.flatMap(({ tests, system }) => (tests.length === 0 ? [`${system} is verified by no test`] : [])),
    ...rows.flatMap(({ tests }) => tests.filter((file) => !existsSync(join(root, file))).map((file) => `${file} is not there`)),
    ...rows.flatMap(({ configured }) => configured.filter((key) => !known.has(key)).map((key) => `${key} is in no example`)),
    ...rows.flatMap((row) => (row.reach.some((cell) => cell === '') ? [`${row.system} leaves a column empty`] : [])),
    ...systems.flatMap(({ key, connector }) => {
      const [row, ...more] = rows.filter(({ configured }) => configured.includes(key));
      if (!row || more.length > 0) return [`${key} has ${more.length + (row ? 1 : 0)} rows`];
      const manifest = registry[connector]?.manifest;
      const isAsked = row.reach.some((cell) => cell.startsWith('only asked'));
      return [
        ...(row.cap === manifest?.erasure.cap ? [] : [`${key} is said to reach ${row.cap}, not ${manifest?.erasure.cap}`]),
        ...(isAsked === manifest?.human ? [] : [`${key}: whether people are only asked is said wrongly`]),
      ];
    }),
  ];
}

const env = new Proxy({}, { get: () => 'key-us6' });
const configs = Object.fromEntries(
  (['b', 'w'] as const).map((letter) => [letter, loadConfig(join(folder(letter), 'kaiku.yaml'), env, registry)]),
);

describe('docs/systems.md', () => {
  it('has one true row for each system of an example, verified by tests that are there', () => {
    expect(faultsOf(page, configs)).toEqual([]);
    expect(page).not.toMatch(/planned|later release|not yet/i);
  });

  it('is found wrong when a row goes, a test goes, or more is claimed than the connector does', () => {
    const row = page.split('\n').find((line) => line.includes('`b/bookkeeper`')) ?? '';
    const wrong = (text: string) => faultsOf(text, configs);
    expect(wrong(page.replace(`${row}\n`, ''))).toEqual(['b/bookkeeper has 0 rows']);
    expect(wrong(page.replace('human.test.ts', 'humans.test.ts'))).toEqual(['test/connectors/human/humans.test.ts is not there']);
    expect(wrong(page.replace('`b/bookkeeper`', '`b/bookkeepers`'))).toEqual([
      'b/bookkeepers is in no example',
      'b/bookkeeper has 0 rows',
    ]);
    expect(wrong(page.replace(row, row.replace('acknowledged', 'observed')))).toHaveLength(1);
    expect(wrong(page.replace(row, row.replaceAll('only asked', 'by the interface')))).toHaveLength(1);
  });

  it('is told in short by the README, row by row, with the same cap and a test that the page names', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const start = readme.indexOf('| system | read |');
    const table = readme.slice(start, readme.indexOf('\n\n', start)).split('\n').slice(2);
    const told = table.map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
    expect(told.map(([system, ...cells]) => [system, cells.at(-2)])).toEqual(
      rowsOf(page).map(({ system, cap }) => [system, cap]),
    );
    for (const [i, { tests }] of rowsOf(page).entries()) expect(tests).toContain(quoted(told[i]?.at(-1))[0]);
    for (const cells of told) expect(cells.every((cell) => cell !== '')).toBe(true);
  });

  it('speaks of every system that a notice names and Kaiku can reach', () => {
    for (const { notice, systems } of Object.values(configs))
      for (const { system } of notice?.recipients ?? []) if (system) expect(Object.keys(systems)).toContain(system);
  });
});

describe('an example', () => {
  it.each(['b', 'w'] as const)('tells of each system how far Kaiku reaches, and holds no secret (%s)', (letter) => {
    const text = readFileSync(join(folder(letter), 'kaiku.yaml'), 'utf8');
    for (const [name, { connector, owner, country, title, settings, recipient }] of Object.entries(
      configs[letter]?.systems ?? {},
    )) {
      expect(text).toMatch(new RegExp(`\n  # .+\n  ${name}:`));
      expect([name, owner, country, title]).not.toContain(undefined);
      if (connector === 'human')
        expect(settings).toMatchObject({ instructions: expect.stringMatching(/Poisto[: ]|Avoin saatava/) });
      // so do the people of a system that asks them for what it cannot do
      if (connector === 'mepco' || connector === 'panel')
        expect(recipient?.people).toMatchObject({ instructions: expect.stringMatching(/Poisto: /) });
    }
    for (const [, given] of text.matchAll(/credentials: *\{(.*)\}/g)) expect(given).toMatch(/^( \w+: \{ env: [A-Z_]+ \},?)+ $/);
  });
});
