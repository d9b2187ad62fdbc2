import { expect } from 'vitest';
import type { Bound, RemoteRef } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { failureOfWrite } from './checks-failures.ts';
import { type Check, call, corrected, given, kindOf, type World } from './world.ts';

/** The verbs that only some recipients have: rows that a law keeps, and many corrections at once. */

/** A row on which an invoice hangs, and what binds it. */
async function boundRow(w: World, n = 1): Promise<{ ref: RemoteRef; bound: Bound }> {
  const { ref } = await w.one(n);
  w.vendor.bind?.(w.person(n).email);
  const bound = await w.recipient.bound?.(ref, call);
  if (!bound) throw new Error('an invoice hangs on the row, and nothing binds it');
  return { ref, bound };
}

const strip = (w: World, { ref, bound }: { ref: RemoteRef; bound: Bound }) => {
  if (!w.recipient.strip) throw new Error('the recipient cannot strip');
  return w.recipient.strip(ref, bound, call);
};

/** What can be read is what `keeps` names, and the row is not in use. */
async function expectStripped(w: World, { ref, bound }: { ref: RemoteRef; bound: Bound }): Promise<void> {
  const left = await w.recipient.read(ref, call);
  expect(left?.standing).not.toBe('active');
  const more = Object.keys(left?.fields ?? {}).filter((name) => !bound.keeps.some((kept) => kept === name));
  expect(more).toEqual([]);
}

const law: Check[] = [
  {
    name: 'says what binds a row, and of another that nothing does',
    needs: ['bound'],
    async run(w) {
      const { bound } = await boundRow(w, 1);
      expect(bound).toMatchObject({ newest: '2025-03-15', open: false });
      expect(await w.recipient.bound?.((await w.one(2)).ref, call)).toBeNull();
    },
  },
  {
    name: 'does no harm where a bound row is to be erased: gone whole, or refused whole',
    needs: ['bound', 'erase'],
    async run(w) {
      const { ref } = await boundRow(w);
      const before = w.truth();
      const said = await w.recipient.erase(ref, call);
      if (said.kind === 'accepted') expect(await w.recipient.read(ref, call)).toBeNull();
      else expect([said.kind, w.truth()]).toEqual(['refused', before]);
    },
  },
  {
    name: 'strips a bound row of everything but what is kept, ends its use, and touches no other',
    needs: ['strip'],
    async run(w) {
      const row = await boundRow(w, 1);
      const other = await w.one(2);
      const before = await w.recipient.read(row.ref, call);
      expect(await strip(w, row)).toMatchObject({ kind: 'accepted', ref: { id: row.ref.id } });
      await expectStripped(w, row);
      const after = await w.recipient.read(row.ref, call);
      for (const name of row.bound.keeps) expect(after?.fields[name]).toEqual(before?.fields[name]);
      // not only unread: not there
      const gone = Object.entries(w.person(1)).filter(([name]) => !row.bound.keeps.some((kept) => kept === name));
      for (const [, value] of gone) expect(w.truth().toLowerCase()).not.toContain(String(value).toLowerCase());
      expect(await w.recipient.read(other.ref, call)).toEqual(other);
    },
  },
  {
    name: 'strips twice with the effect of once',
    needs: ['strip'],
    async run(w) {
      const row = await boundRow(w);
      await strip(w, row);
      const once = await w.recipient.read(row.ref, call);
      expect(await strip(w, row)).toMatchObject({ kind: 'accepted' });
      expect(await w.recipient.read(row.ref, call)).toEqual(once);
    },
  },
  {
    name: 'erases a stripped row, or is refused without harm',
    needs: ['strip', 'erase'],
    async run(w) {
      const row = await boundRow(w);
      await strip(w, row);
      const before = w.truth();
      const said = await w.recipient.erase(row.ref, call);
      if (said.kind === 'accepted') return expect(await w.recipient.read(row.ref, call)).toBeNull();
      expect([said.kind, w.truth()]).toEqual(['refused', before]);
      await expectStripped(w, row);
    },
  },
  {
    name: 'brings a stripped row into use by no correction',
    needs: ['strip', 'rectify'],
    async run(w) {
      const row = await boundRow(w);
      await strip(w, row);
      await w.recipient.rectify(row.ref, given(corrected(w, 1)), [], call);
      expect((await w.recipient.read(row.ref, call))?.standing).not.toBe('active');
    },
  },
  ...(['commit-then-drop', 'drop-before-commit'] as const).map(
    (kind): Check => ({
      name: `says of a strip whose answer was lost that it was lost, and can do it then (${kind})`,
      needs: ['strip'],
      async run(w) {
        const row = await boundRow(w);
        expect((await failureOfWrite(w, kind, { run: () => strip(w, row) })).code).toBe('ANSWER_LOST');
        expect(await strip(w, row)).toMatchObject({ kind: 'accepted' });
        await expectStripped(w, row);
      },
    }),
  ),
  {
    name: 'puts neutral values over a row, or refuses without harm',
    needs: ['neutralise'],
    async run(w) {
      const { ref } = await boundRow(w);
      const before = w.truth();
      const said = await w.recipient.neutralise?.(ref, call);
      if (said?.kind === 'refused') return expect(w.truth()).toBe(before);
      expect(said).toMatchObject({ kind: 'accepted' });
      for (const value of Object.values(w.person(1))) expect(w.truth().toLowerCase()).not.toContain(String(value).toLowerCase());
    },
  },
];

const many: Check[] = [3, 40].map((count) => ({
  name: `corrects ${count} rows at once, answers each in its place, and sinks none over another`,
  needs: ['rectifyMany'],
  async run(w) {
    const { rectifyMany } = w.recipient;
    const refs: RemoteRef[] = [];
    for (let n = 1; n <= count; n++) refs.push((await w.one(n)).ref);
    // some are gone, and one is to have an address that another row has
    const [gone, taken] = [new Set(count > 3 ? [1, 17, count - 1] : [1]), w.uniqueAddress === false ? -1 : 2];
    for (const [at, ref] of refs.entries()) if (gone.has(at)) await w.recipient.erase(ref, call);
    const fresh = (at: number) => ({ ...corrected(w, at + 1), ...(at === taken ? { email: w.person(1).email } : {}) });
    const said = await rectifyMany?.call(
      w.recipient,
      refs.map((ref, at) => ({ ref, fields: given(fresh(at)), blanked: [] })),
      call,
    );
    expect(said).toHaveLength(count);
    for (const [at, ref] of refs.entries()) {
      const now = await w.recipient.read(ref, call);
      const kind = gone.has(at) ? 'not-found' : at === taken ? 'refused' : 'accepted';
      expect([at, kindOf(said?.[at])]).toEqual([at, kind]);
      if (kind === 'accepted') expect(now?.fields).toEqual(w.recipient.asHeld?.(fresh(at), w.place) ?? fresh(at));
      if (kind === 'not-found') expect(now).toBeNull();
    }
  },
}));

const manyLost: Check[] = (['commit-then-drop', 'drop-before-commit', 'cut-body', 'garbage-200', 'server-error'] as const).map(
  (kind) => ({
    name: `claims of many corrections only those that were made (${kind})`,
    needs: ['rectifyMany'],
    async run(w) {
      const { rectifyMany } = w.recipient;
      const refs: RemoteRef[] = [];
      for (let n = 1; n <= 20; n++) refs.push((await w.one(n)).ref);
      const items = refs.map((ref, at) => ({ ref, fields: given(corrected(w, at + 1)), blanked: [] }));
      w.faultWrites(kind);
      const said = await rectifyMany?.call(w.recipient, items, call).catch((error: unknown) => {
        if (error instanceof Failure) return null;
        throw error;
      });
      w.server.clearFaults();
      for (const [at, { ref, fields }] of items.entries()) {
        const now = await w.recipient.read(ref, call);
        if (kindOf(said?.[at]) === 'accepted') expect(now?.fields).toEqual(w.recipient.asHeld?.(fields, w.place) ?? fields);
        expect(kindOf(said?.[at])).not.toBe('not-found');
      }
      // what was left undone can be done then
      const again = await rectifyMany?.call(w.recipient, items, call);
      expect(again?.map(kindOf)).toEqual(refs.map(() => 'accepted'));
    },
  }),
);

export const lawChecks: Check[] = [...law, ...many, ...manyLost];
