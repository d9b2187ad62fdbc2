import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const tests = globSync('test/server/**/*.test.ts', { cwd: root })
  .filter((file) => !file.endsWith('security.test.ts'))
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n');

const rows = page.split('\n').filter((line) => /^\| \d/.test(line));
const named = rows.map((line) => /`([^`]+)` \|$/.exec(line)?.[1] ?? line);

it.each(named)('docs/security.md names a test that is there: %s', (name) => {
  expect(tests).toContain(`'${name}'`);
});

it('docs/security.md names a test for every row', () => {
  expect(named.length).toBeGreaterThan(12);
  expect(named.filter((name) => name.startsWith('|'))).toEqual([]);
});
