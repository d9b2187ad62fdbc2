import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Connector } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { MemoryExchange } from '../connectors/memory-exchange.ts';
import type { FileCheck, FilesWorld } from './files-world.ts';
import { call, given } from './world.ts';

/** How many spoilt exports each connector gets; 10,000 before a release (`KAIKU_MUTATIONS`). */
const runs = Number(process.env['KAIKU_MUTATIONS'] ?? 500);
const seed = Number(process.env['KAIKU_SEED'] ?? 2_017_540_147);

type Mutation = { kind: 'cut' | 'turn' | 'put' | 'out' | 'twice' | 'line-out' | 'lines-change'; at: number; by: number };
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('cut', 'turn', 'put', 'out', 'twice', 'line-out', 'lines-change'),
  at: fc.nat(100_000),
  by: fc.nat(255),
});

const spoil = (bytes: Buffer, { kind, at: raw, by }: Mutation): Buffer => {
  const at = raw % bytes.length;
  const lines = bytes.toString('latin1').split('\r\n');
  const line = raw % lines.length;
  const text = (all: readonly string[]) => Buffer.from(all.join('\r\n'), 'latin1');
  switch (kind) {
    case 'cut':
      return bytes.subarray(0, at);
    case 'turn':
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([by]), bytes.subarray(at + 1)]);
    case 'put':
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([by]), bytes.subarray(at)]);
    case 'out':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + (by % 40))]);
    case 'twice':
      return text([...lines.slice(0, line), lines[line] ?? '', ...lines.slice(line)]);
    case 'line-out':
      return text(lines.filter((_, i) => i !== line));
    case 'lines-change':
      return text(lines.map((own, i) => (i === line ? [...own].reverse().join('') : own)));
  }
};

/** A connector on a folder in memory, with one whole export in it. */
function reach(w: FilesWorld, path: string, bytes: Buffer): { connector: Connector; exchange: MemoryExchange } {
  const exchange = new MemoryExchange();
  exchange.put(path, bytes);
  return {
    exchange,
    connector: w.connect(
      w.at,
      () => exchange,
      async () => {},
    ),
  };
}

/** What a look makes of it; anything else than an answer or a `Failure` is a crash. */
async function said<T>(what: string, work: Promise<T> | undefined): Promise<T | Failure | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw new Error(`a crash: ${what}`, { cause: error });
  }
}

export const fileSpoilChecks: FileCheck[] = [
  {
    name: `makes nothing of spoilt exports but failures, or what stands there (${runs})`,
    timeoutMs: 60_000 + runs * 50,
    async run(w) {
      for (let n = 1; n <= 6; n++) w.vendor.put(w.person(n));
      const { path, bytes } = w.vendor.whole();
      const { recipient } = reach(w, path, bytes).connector;
      const [found] = (await recipient?.find(w.person(3), w.place, call)) ?? [];
      if (!found) throw new Error('nobody was found');
      const own =
        bytes
          .toString('latin1')
          .split('\r\n')
          .find((line) => line.includes(w.person(3).email)) ?? '';
      const fresh = given({ email: w.person(53).email });
      await fc.assert(
        fc.asyncProperty(mutation, async (mutated) => {
          const what = JSON.stringify(mutated);
          const left = spoil(bytes, mutated);
          const { connector, exchange } = reach(w, path, left);
          const by = connector.recipient;
          const isThere = left.toString('latin1').split('\r\n').includes(own);
          const read = await said(what, by?.read(found.ref, call));
          // whose whole line still stands there is not absent, nor somebody else
          if (!(read instanceof Failure) && isThere && JSON.stringify(read?.ref) !== JSON.stringify(found.ref))
            throw new Error(`"${read === null ? 'nobody' : 'another'}" of ${what}`);
          const corrected = await said(what, by?.rectify(found.ref, fresh, [], call));
          if (!(corrected instanceof Failure) && corrected?.kind === 'accepted' && exchange.writes.length === 0)
            throw new Error(`a correction was called done, of ${what}`);
          const erased = await said(what, by?.erase(found.ref, call));
          if (!(erased instanceof Failure) && erased?.kind === 'not-found' && isThere)
            throw new Error(`somebody was called erased, of ${what}`);
          const sweep = await said(what, connector.register?.sweep(w.place, call));
          if (isThere && sweep && !(sweep instanceof Failure) && sweep.complete && !sweep.ids.has(found.ref.id))
            throw new Error(`a complete sweep without somebody, of ${what}`);
          for (const failure of [read, corrected, erased])
            if (failure instanceof Failure) expect(inspect(failure, { depth: 9 })).not.toContain(w.person(3).email);
        }),
        { numRuns: runs, seed },
      );
    },
  },
];
