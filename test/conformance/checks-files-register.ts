import { expect } from 'vitest';
import type { ChangePage } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { changesOf, registerOf } from './checks-register.ts';
import type { FileCheck, FilesWorld } from './files-world.ts';
import { call } from './world.ts';

/** What a register is held to that tells its changes by exports. */

async function pagesOf(w: FilesWorld, cursor: string | null): Promise<ChangePage[]> {
  const pages: ChangePage[] = [];
  for await (const page of registerOf(w).changes(w.place, cursor, call)) pages.push(page);
  return pages;
}

/** What each page says of whom, one after the other. */
const told = (pages: readonly ChangePage[]) =>
  pages.flatMap(({ records }) => records.map(({ ref, person }) => `${ref.id} ${person.email}`));

export const fileRegisterChecks: FileCheck[] = [
  {
    name: 'goes on behind any cursor, and says nothing twice',
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      for (const n of [51, 52, 53]) {
        w.vendor.edit(ref.id, w.person(n).email);
        w.export();
      }
      const pages = await pagesOf(w, null);
      expect(
        told(pages)
          .filter((line) => line.startsWith(ref.id))
          .at(-1),
      ).toContain(w.person(53).email);
      // from the newest backwards: what a cursor proves to be taken is cleared away
      expect(await pagesOf(w, pages.at(-1)?.cursor ?? null)).toEqual([]);
      const whole = told(pages);
      for (const [at, { cursor }] of [...pages.entries()].reverse()) {
        const rest = told(await pagesOf(w, cursor));
        const behind = told(pages.slice(at + 1));
        // files that were cleared are told by the newest whole export, which says everything anew
        expect(behind.slice(-rest.length || behind.length)).toEqual(rest);
        expect(whole.slice(-2)).toEqual([...told(pages.slice(0, at + 1)), ...rest].slice(-2));
      }
    },
  },
  {
    name: 'echoes nothing of an export that says the same again',
    async run(w) {
      await w.one(1);
      const { cursor } = await changesOf(w, null);
      for (let day = 0; day < 2; day++) w.export();
      const again = await changesOf(w, cursor);
      expect(again.records).toEqual([]);
      expect((await changesOf(w, again.cursor)).records).toEqual([]);
    },
  },
  {
    name: 'has nobody in a cursor',
    async run(w) {
      for (const n of [1, 2]) await w.one(n);
      const { cursor } = await changesOf(w, null);
      for (const n of [1, 2]) for (const value of Object.values(w.person(n))) expect(cursor).not.toContain(String(value));
    },
  },
  {
    name: 'takes no cursor that is not its own for the beginning',
    async run(w) {
      await w.one(1);
      for (const cursor of ['', '{', '{}', 'null', '[]']) {
        const said = await changesOf(w, cursor).then(
          () => 'taken',
          (error: unknown) => (error instanceof Error ? 'refused' : 'odd'),
        );
        expect([cursor, said]).toEqual([cursor, 'refused']);
      }
    },
  },
  {
    name: 'says that nobody is gone who lacks in changes alone, and that somebody is who lacks in a whole export',
    async run(w) {
      const refs = [];
      for (const n of [1, 2, 3]) refs.push((await w.one(n)).ref);
      w.exportsBySelf(false);
      const [one, two] = refs;
      if (!one || !two) throw new Error('nobody');
      if (w.vendor.changes) {
        w.vendor.edit(one.id, w.person(51).email);
        w.lay(w.vendor.changes(one.id));
        expect(await registerOf(w).look(two, call)).toMatchObject({ kind: 'found' });
        expect((await registerOf(w).sweep(w.place, call)).ids.has(two.id)).toBe(true);
        expect((await w.recipient.read(one, call))?.fields.email).toBe(w.person(51).email);
      }
      w.vendor.drop(two.id);
      w.export();
      expect(await registerOf(w).look(two, call)).toEqual({ kind: 'gone' });
      const sweep = await registerOf(w).sweep(w.place, call);
      expect([sweep.complete, sweep.ids.has(two.id), sweep.ids.has(one.id)]).toEqual([true, false, true]);
    },
  },
  ...(['commit-then-drop', 'drop-before-commit', 'server-error'] as const).map(
    (kind): FileCheck => ({
      name: `loses nobody when its clearing away is cut (${kind})`,
      async run(w) {
        for (const n of [1, 2]) await w.one(n);
        const { cursor } = await changesOf(w, null);
        for (const n of [3, 4]) await w.one(n);
        for (const method of ['MOVE', 'REMOVE'])
          for (let round = 0; round < 2; round++) {
            w.server.fault({ kind, method });
            await changesOf(w, cursor).catch((error: unknown) => {
              if (!(error instanceof Failure)) throw error;
            });
            w.server.clearFaults();
          }
        const { records } = await changesOf(w, cursor);
        expect(new Set(records.map(({ person }) => person.email))).toEqual(new Set([1, 2, 3, 4].map((n) => w.person(n).email)));
        expect((await registerOf(w).sweep(w.place, call)).complete).toBe(true);
      },
    }),
  ),
];
