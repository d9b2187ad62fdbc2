import { inspect } from 'node:util';
import iconv from 'iconv-lite';
import { expect, it } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { random } from '../../support/random.ts';
import { textOf, valuesIn } from '../spoilt-csv.ts';
import { gridOf, spoils } from './malformed.ts';
import { call, inMemory, poll } from './setup.ts';

const runs = Number(process.env['KAIKU_MALFORMED'] ?? 500);
const seed = Number(process.env['KAIKU_SEED'] ?? 1);

it(`refuses ${runs} spoilt files by file, line and reason, and takes nothing of them`, async () => {
  const next = random(seed);
  const kinds = Object.keys(spoils);
  for (let run = 0; run < runs; run++) {
    const kind = kinds[run % kinds.length] ?? '';
    const grid = gridOf(next);
    const values = valuesIn(grid);
    const { bytes, settings, line } = spoils[kind]?.(grid, next) ?? { bytes: Buffer.alloc(0), settings: {} };
    const { exchange, register } = inMemory(settings);
    exchange.put('henkilot-5.csv', bytes);
    const said = await poll({ register }, null);
    const about = `${kind}, seed ${seed}, run ${run}`;
    expect([said.pages, said.records, said.cursor], about).toEqual([0, [], null]);
    if (!(said.failure instanceof Failure)) throw new Error(`${about}: ${inspect(said.failure)}`);
    expect(said.failure.code, about).toBe('ANSWER_GARBLED');
    const found = /^henkilot-5\.csv, line (\d+): (.+); nothing of this file was taken$/.exec(said.failure.hint ?? '');
    expect(found?.[2], `${about}: ${said.failure.hint}`).toBeTruthy();
    if (line !== undefined && kind !== 'an open quote') expect(Number(found?.[1]), `${about}: ${said.failure.hint}`).toBe(line);
    expect(exchange.writes, about).toEqual([]);
    const shown = inspect(said.failure, { depth: 9 });
    const header = new Set(grid[0]);
    for (const value of [...values, ...valuesIn(grid)]) if (!header.has(value)) expect(shown, about).not.toContain(value);
    expect(await register.sweep('person', call), about).toMatchObject({ complete: false });
  }
});

it('takes what differs in its form alone: byte order mark, line ends, encodings, order of columns, blank lines', async () => {
  const next = random(seed + 1);
  for (let run = 0; run < 200; run++) {
    const grid = gridOf(next);
    const order = [0, 1, 2, 3, 4, 5].sort(() => next(3) - 1);
    const shuffled = grid.map((cells) => order.map((at) => cells[at] ?? ''));
    if (run % 3 === 0)
      for (const [i, cells] of shuffled.entries()) cells.push(i === 0 ? 'Muu tieto' : 'mitä vain; ei lueta'.slice(0, 9));
    if (run % 5 === 0) for (const cells of shuffled) cells.push('');
    const end = ['\n', '\r\n', '\r'][run % 3] ?? '\n';
    const isQuoted = run % 2 === 0;
    const cells = isQuoted ? shuffled.map((line) => line.map((cell) => `"${cell}"`)) : shuffled;
    const encoding = ['utf-8', 'iso-8859-1', 'iso-8859-15', 'windows-1252'][run % 4] ?? 'utf-8';
    const text = `${textOf(cells, end)}${run % 7 === 0 ? end : ''}`;
    const bytes = encoding === 'utf-8' ? Buffer.from(run % 8 === 0 ? `\ufeff${text}` : text) : iconv.encode(text, encoding);
    const { exchange, register } = inMemory({ encoding, quotes: isQuoted ? 'double' : 'none' });
    exchange.put('henkilot-5.csv', bytes);
    const said = await poll({ register }, null);
    const about = `seed ${seed}, run ${run}`;
    expect(said.failure, about).toBeUndefined();
    expect(
      said.records.map(({ ref, person }) => [
        ref.id,
        `${person.givenName} ${person.familyName}`,
        person.email,
        person.identityCode,
      ]),
      about,
    ).toEqual(grid.slice(1).map(([number, name, email, , code]) => [number, name, email, code]));
  }
});
