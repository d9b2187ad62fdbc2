import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { failures } from '../../src/core/failure.ts';

it('docs/errors.md lists every failure with what happens next, and only those', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| ([a-z-]+) \|/gm)].map(([, code, next]) => [code, next]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(Object.values(failures).map((f) => [f.code, f.next])));
});
