import { expect, it } from 'vitest';
import type { Look, RegisterRecord, RemoteRef, Sweep } from '../../src/connectors/connector.ts';
import { everybody } from '../../src/core/scope.ts';
import { approveCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { sweepRegister } from '../../src/jobs/sweep-register.ts';
import { giveVerdict } from '../../src/server/verdicts.ts';
import { allHeld } from '../../src/store/held.ts';
import { registerHash, registerRecord } from '../../src/store/subjects.ts';
import { random } from '../support/random.ts';
import { testRuntime } from '../support/runtime.ts';
import { MemoryRegister, openWorld, type World } from './world.ts';

/**
 * The disappearance court: registers where rows are deleted, hidden, moved out of our key's sight, merged, deleted by mistake and put
 * back, and deleted in masses, while pages fail and shift. Nobody is erased who was not, and nobody who is gone is missed.
 * `KAIKU_REGISTERS`: how many; `KAIKU_SEED`: which.
 */
const registers = Number(process.env['KAIKU_REGISTERS'] ?? 6);
const seed = Number(process.env['KAIKU_SEED'] ?? 1);

const granted = { granted: { newsletter: true }, refused: { newsletter: false } };
const email = (n: string) => `person${n}@sahko.test`;
const personOf = (n: string) => ({ givenName: `Given${n}`, familyName: `Family${n}`, email: email(n), customerNumber: `C-${n}` });

/** What goes wrong in the register, and what a scan of it says then. */
class UnrulyRegister extends MemoryRegister {
  /** There, and not shown to our key. */
  readonly hidden = new Map<string, RegisterRecord & { restricted: boolean }>();
  fault: 'none' | 'page-failed' | 'total-changed' | 'no-right' = 'none';

  override async look(ref: RemoteRef): Promise<Look> {
    if (this.fault === 'no-right' || this.hidden.has(ref.id)) return { kind: 'hidden' };
    return super.look(ref);
  }
  override async sweep(): Promise<Sweep> {
    const ids = [...this.rows.keys()];
    if (this.fault === 'no-right') return { ids: new Set(), complete: true };
    if (this.fault === 'none') return { ids: new Set(ids), complete: true };
    return { ids: new Set(ids.slice(0, Math.ceil(ids.length / 2))), complete: false, why: this.fault };
  }
}

interface Truth {
  gone: Set<string>;
  merged: Map<string, string>;
}

/** One round of what may happen to a register, and what is true after it. */
function happen(register: UnrulyRegister, truth: Truth, pick: (below: number) => number): void {
  const there = [...register.rows.keys()];
  const one = there[pick(there.length)] ?? '';
  const other = there[pick(there.length)] ?? '';
  switch (pick(7)) {
    case 0:
      register.rows.delete(one);
      truth.gone.add(one);
      return;
    case 1: {
      const row = register.rows.get(one);
      if (row) register.hidden.set(one, row);
      register.rows.delete(one);
      return;
    }
    case 2: {
      // whoever was hidden or out of our sight is shown again
      for (const [id, row] of register.hidden) register.rows.set(id, row);
      register.hidden.clear();
      return;
    }
    case 3: {
      if (one === other || truth.merged.has(other) || [...truth.merged.values()].includes(one)) return;
      const winner = register.rows.get(other);
      register.rows.delete(one);
      // the row that stays has the number of the one that went
      if (winner) register.put(other, { person: { ...winner.person, customerNumber: `C-${one}` }, changedAt: new Date() });
      truth.merged.set(one, other);
      return;
    }
    case 4: {
      // deleted by mistake, and one of them put back under its own id
      const [back] = [...truth.gone];
      if (back === undefined) return;
      register.put(back, { person: personOf(back), ...granted });
      truth.gone.delete(back);
      return;
    }
    case 5: {
      // a mass deletion
      if (there.length < 60) return;
      for (const id of there.filter((id) => ![...truth.merged.values()].includes(id)).slice(0, 25)) {
        register.rows.delete(id);
        truth.gone.add(id);
      }
      return;
    }
    default:
      register.fault = (['page-failed', 'total-changed', 'no-right'] as const)[pick(3)] ?? 'none';
  }
}

async function openRegister(pick: (below: number) => number) {
  const runtime = await testRuntime();
  const register = new UnrulyRegister();
  const world = await openWorld(runtime.databaseUrl, { register });
  const rowOf = new Map<string, string>();
  const people = Array.from({ length: 40 + pick(50) }, (_, n) => String(n));
  for (const n of people) {
    register.put(n, { person: personOf(n), ...granted });
    rowOf.set(world.newsletter.add({ givenName: `Given${n}`, email: email(n) }).id, n);
  }
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  // a merged person's rows are one person's: they are told apart by their own ids
  const left = () => [...world.newsletter.rows.keys()].map((id) => rowOf.get(id)).sort();
  return { runtime, register, world, people, left };
}

const heldOf = async (world: World, kind: string) =>
  (await allHeld(world.needs.db, everybody, { limit: 5000, offset: 0 })).filter((h) => h.kind === kind);
it(`erases nobody wrongly and misses nobody in ${registers} unruly registers`, async () => {
  for (let n = 0; n < registers; n++) {
    const pick = random(seed * 1000 + n);
    const { runtime, register, world, people, left } = await openRegister(pick);
    const truth: Truth = { gone: new Set(), merged: new Map() };
    const subjectOf = new Map<string, string>();
    for (const id of people) {
      const row = await registerRecord(world.needs.db, 'crm', 'contact', registerHash(world.needs.vault, 'crm', 'contact', id));
      subjectOf.set(id, row?.subject ?? '');
    }
    try {
      for (let round = 0; round < 8; round++) {
        register.fault = 'none';
        happen(register, truth, pick);
        await pollRegister(world.needs, 'crm');
        await sweepRegister(world.needs, 'crm');
        await world.settle();
        // whatever the register says, nobody leaves a system by themselves
        expect([n, round, left()]).toEqual([n, round, [...people].sort()]);
      }
      register.fault = 'none';
      for (const [id, row] of register.hidden) register.rows.set(id, row);
      register.hidden.clear();
      await pollRegister(world.needs, 'crm');
      await sweepRegister(world.needs, 'crm');
      for (const mass of await heldOf(world, 'mass-change')) {
        await giveVerdict(world.needs, mass.id, 'release', 'test', undefined);
        await sweepRegister(world.needs, 'crm');
      }
      const vanished = await heldOf(world, 'vanished');
      const missing = new Map([...truth.gone, ...truth.merged.keys()].map((id) => [subjectOf.get(id) ?? '', id]));
      expect([n, vanished.map((h) => missing.get(h.subject ?? '')).sort()]).toEqual([n, [...missing.values()].sort()]);
      for (const held of vanished) {
        const id = missing.get(held.subject ?? '') ?? '';
        const winner = truth.merged.get(id);
        if (winner === undefined) {
          const { case: found } = await giveVerdict(world.needs, held.id, 'erase', 'test', undefined);
          await approveCase(world.needs, found ?? '', 'test');
          continue;
        }
        const into = subjectOf.get(winner) ?? '';
        const isGoneToo = truth.gone.has(winner);
        if (!isGoneToo) expect([n, id, held.details['candidates']]).toEqual([n, id, expect.arrayContaining([into])]);
        await giveVerdict(world.needs, held.id, isGoneToo ? 'keep' : 'merge', 'test', isGoneToo ? undefined : into);
      }
      await world.settle();
      const stay = people.filter((id) => !truth.gone.has(id));
      expect([n, left()]).toEqual([n, stay.sort()]);
    } finally {
      await world.close();
      await runtime.drop();
    }
  }
});
