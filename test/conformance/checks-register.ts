import { expect } from 'vitest';
import type { Register, RegisterRecord } from '../../src/connectors/connector.ts';
import { type AnyWorld, call, type SharedCheck } from './world.ts';

export const registerOf = (w: AnyWorld): Register => {
  if (!w.connector.register) throw new Error('no register');
  return w.connector.register;
};

export async function changesOf(
  w: AnyWorld,
  cursor: string | null,
): Promise<{ records: RegisterRecord[]; cursor: string | null }> {
  const records: RegisterRecord[] = [];
  let reached = cursor;
  for await (const page of registerOf(w).changes(w.place, cursor, call)) {
    records.push(...page.records);
    reached = page.cursor;
  }
  return { records, cursor: reached };
}

/** The promises of a register, for a vendor that is one. */
export const registerChecks: SharedCheck[] = [
  {
    name: 'tells a new address, by its changes and by a look',
    forFiles: true,
    async run(w) {
      const { edit } = w.vendor;
      if (!edit) return;
      const { ref } = await w.one(1);
      await w.one(2);
      const before = await changesOf(w, null);
      expect(before.records.map(({ ref: r }) => r.id)).toContain(ref.id);
      edit(ref.id, 'uusi@contract.test');
      const { records } = await changesOf(w, before.cursor);
      expect(records.find(({ ref: r }) => r.id === ref.id)?.person.email).toBe('uusi@contract.test');
      expect(await registerOf(w).look(ref, call)).toMatchObject({
        kind: 'found',
        record: { ref: { id: ref.id }, person: { email: 'uusi@contract.test' } },
      });
    },
  },
  {
    name: 'says of a sweep that lacks a row that it is not complete, and "gone" of nobody who is there',
    forFiles: true,
    async run(w) {
      const refs = [];
      for (let n = 1; n <= 12; n++) refs.push((await w.one(n)).ref);
      const whole = await registerOf(w).sweep(w.place, call);
      expect([whole.complete, refs.every(({ id }) => whole.ids.has(id))]).toEqual([true, true]);
      for (const kind of ['html-502', 'cut-body', 'garbage-200', 'throttle'] as const) {
        w.server.fault({ kind, times: 100 });
        const said = await registerOf(w)
          .sweep(w.place, call)
          .catch(() => ({ complete: false }));
        expect([kind, said.complete]).toEqual([kind, false]);
        const look = await registerOf(w)
          .look(refs[0] ?? { place: w.place, id: '' }, call)
          .catch(() => ({ kind: 'failed' }));
        expect([kind, look.kind]).toEqual([kind, 'failed']);
        w.server.clearFaults();
      }
    },
  },
];
