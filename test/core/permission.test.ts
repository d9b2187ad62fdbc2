import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { observeRefusal, observeRegister, type PermissionState, permits } from '../../src/core/permission.ts';

const at = new Date('2026-11-24T09:00:00Z');
const register = (before: PermissionState | undefined, granted: boolean, refused: boolean) =>
  observeRegister(before, { granted, refused, seenAt: at });
const elsewhere = (before: PermissionState | undefined) => observeRefusal(before, at, 'newsletter');

type Seen = { kind: 'register'; granted: boolean; refused: boolean } | { kind: 'refusal' };
const seen: fc.Arbitrary<Seen> = fc.oneof(
  fc.record({ kind: fc.constant('register' as const), granted: fc.boolean(), refused: fc.boolean() }),
  fc.record({ kind: fc.constant('refusal' as const) }),
);
const observe = (before: PermissionState | undefined, s: Seen) =>
  s.kind === 'refusal' ? elsewhere(before) : register(before, s.granted, s.refused);

describe('a permission', () => {
  it('is taken at the first look as the register has it', () => {
    expect(permits(register(undefined, true, false))).toBe(true);
    expect(permits(register(undefined, true, true))).toBe(false);
    expect(permits(register(undefined, false, false))).toBe(false);
  });

  it('stays refused after a refusal elsewhere, however often the register still says granted', () => {
    let state = elsewhere(register(undefined, true, false));
    for (let n = 0; n < 50; n++) state = register(state, true, false);
    expect(permits(state)).toBe(false);
  });

  it('comes back when the refusal written to the register is taken away there with the grant standing', () => {
    let state = elsewhere(register(undefined, true, false));
    state = register(state, true, true);
    expect(permits(state)).toBe(false);
    expect(permits(register(state, true, false))).toBe(true);
  });

  it('does not come back when the register shows the old refusal away before the newer one was written', () => {
    let state = register(register(undefined, true, true), true, false);
    expect(permits(state)).toBe(true);
    state = register(elsewhere(state), true, false);
    expect(permits(state)).toBe(false);
  });

  it('does not come back by itself after the grant was withdrawn', () => {
    let state = register(undefined, true, false);
    state = register(state, false, false);
    expect(permits(register(state, true, false))).toBe(false);
  });

  it('loosens in no sequence without a fresh act', () => {
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 30 }), (sequence) => {
        let state: PermissionState | undefined;
        let registerSaidRefused = false;
        for (const s of sequence) {
          const before = state;
          state = observe(state, s);
          const freshAct: boolean = s.kind === 'register' && registerSaidRefused && !s.refused && s.granted;
          if (before && !permits(before) && permits(state)) {
            // from never granted to granted is the register's own word; everything else needs the fresh act
            expect(freshAct || (!before.refused && !before.withdrawn)).toBe(true);
          }
          if (s.kind === 'refusal') {
            if (!before?.refused) registerSaidRefused = false;
          } else registerSaidRefused = s.refused || (registerSaidRefused && !freshAct);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
