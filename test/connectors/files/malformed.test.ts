import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { failureOf, given } from '../../conformance/world.ts';
import { random } from '../../support/random.ts';
import { MemoryExchange } from '../memory-exchange.ts';
import { textOf, valuesIn } from '../spoilt-csv.ts';
import { columns, gridOf, odd, spoils } from './malformed.ts';
import { call, open } from './setup.ts';

const runs = Number(process.env['KAIKU_MALFORMED'] ?? 500);
const seed = Number(process.env['KAIKU_SEED'] ?? 1);
const form = { map: columns, mark: { column: 'What', erase: 'P' }, erasure: 'rows' };
const named = /^persons-2\.csv, line (\d+): (.+); nothing of this file was taken$/;

it(`refuses ${runs} spoilt exports by file, line and reason, and confirms nothing by them`, async () => {
  const next = random(seed);
  const kinds = Object.entries({ ...spoils, ...odd });
  for (let run = 0; run < runs; run++) {
    const [kind = '', spoil] = kinds[run % kinds.length] ?? [];
    const grid = gridOf(next);
    const values = valuesIn(grid);
    const exchange = new MemoryExchange();
    const before = Buffer.from(textOf(grid));
    const { bytes, settings, line } = spoil?.(grid, next) ?? { bytes: Buffer.alloc(0), settings: {} };
    // what the form alone tells is told of a first export as well
    if (kind in odd || run % 2 === 0) exchange.put('out/persons-1.csv', before, Date.UTC(2026, 4, 1));
    exchange.put('out/persons-2.csv', bytes, Date.UTC(2026, 4, 2));
    const { recipient, connector } = open({ ...form, ...settings }, exchange);
    const about = `${kind}, seed ${seed}, run ${run}`;
    const header = new Set(grid[0]);
    const [there, stranger] = ['B1000', 'B9999'].map((id) => ({ place: 'row', id }));
    if (!there || !stranger) throw new Error('nobody');
    const looks: (() => Promise<unknown>)[] = [
      () => recipient.read(stranger, call),
      () => recipient.find({ email: 'person0@odd.test' }, 'row', call),
      () => recipient.rectify(there, given({ email: 'uusi@odd.test' }), [], call),
      () => recipient.erase(stranger, call),
      () => recipient.erase(there, call),
      () => recipient.list(call)[Symbol.asyncIterator]().next(),
    ];
    const hints = new Set<string | undefined>();
    for (const look of looks) {
      const failure = await failureOf(look()).catch((error: unknown) => {
        throw new Error(about, { cause: error });
      });
      hints.add(`${failure.code}: ${failure.hint}`);
      if (hints.size > 1 || look !== looks[0]) continue;
      const found = named.exec(failure.hint ?? '');
      expect([failure.code, found === null], `${about}: ${failure.hint}`).toEqual(['RECIPIENT_UNAVAILABLE', false]);
      if (line !== undefined && kind !== 'an open quote') expect(Number(found?.[1]), `${about}: ${failure.hint}`).toBe(line);
      const shown = inspect(failure, { depth: 4 });
      expect(
        [...values, ...valuesIn(grid)].filter((value) => !header.has(value) && shown.includes(value)),
        about,
      ).toEqual([]);
    }
    // every look says the same of the same file
    expect(hints.size, about).toBe(1);
    expect(exchange.writes, about).toEqual([]);
    const [reading] = await connector.check(call, false);
    expect([reading?.ok, reading?.problem], about).toEqual([null, expect.stringMatching(named)]);
  }
});

it('holds an export against the last one that was believed, and not against one that was refused', async () => {
  const grid = gridOf(random(seed), 8);
  const exchange = new MemoryExchange();
  const put = (day: number, rows: number) =>
    exchange.put(`out/persons-${day}.csv`, textOf(grid.slice(0, 1 + rows)), Date.UTC(2026, 4, day));
  const erased = (over: Record<string, unknown> = {}) =>
    open({ ...form, ...over }, exchange).recipient.erase({ place: 'row', id: 'B1007' }, call);
  put(1, 8);
  put(2, 4);
  put(3, 4);
  const failure = await failureOf(erased());
  expect(failure).toBeInstanceOf(Failure);
  expect(failure.hint).toMatch(/persons-3\.csv, line 5: 4 of 8 rows are missing in it/);
  const [, code] = /add (\w{16}) to agreed/.exec(failure.hint ?? '') ?? [];
  expect(await erased({ agreed: [code] })).toEqual({ kind: 'not-found' });
  // what was agreed to is the measure from then on
  put(4, 3);
  expect(await erased({ agreed: [code] })).toEqual({ kind: 'not-found' });
});
