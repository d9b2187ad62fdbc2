import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/core/diff.ts';
import { withExceptions } from '../../src/core/exception.ts';

const erase: Step = { kind: 'erase', record: 0 };
const askErase: Step = { kind: 'ask', ask: 'erase' };
const askUpdate: Step = { kind: 'ask', ask: 'update' };
const askRestrict: Step = { kind: 'ask', ask: 'restrict' };
const restrict: Step = { kind: 'restrict', record: 0, permissions: ['newsletter'] };
const of = (type: string, version = 3) => [{ type, ground: 'impossible' as const, version }];
const excepted = { kind: 'nothing', outcome: 'excepted', evidence: 'none', reason: 'impossible' };

describe('an exception', () => {
  it('takes the place of the step that it is about, and claims to know nothing', () => {
    expect(withExceptions(erase, of('erasure'), 3)).toEqual(excepted);
    expect(withExceptions(askErase, of('erasure'), 9)).toEqual(excepted);
    expect(withExceptions(askUpdate, of('rectification'), 3)).toEqual(excepted);
    expect(withExceptions(askRestrict, of('restriction'), 3)).toEqual(excepted);
    expect(withExceptions(restrict, of('objection'), 3)).toEqual(excepted);
  });

  it('lets everything else be done: another right, a later correction, a refusal beside an erasure', () => {
    expect(withExceptions(askErase, of('rectification'), 3)).toBe(askErase);
    expect(withExceptions(askUpdate, of('erasure'), 3)).toBe(askUpdate);
    expect(withExceptions(restrict, of('erasure'), 3)).toBe(restrict);
    expect(withExceptions(askUpdate, of('rectification', 3), 4)).toBe(askUpdate);
    expect(withExceptions(erase, of('access'), 3)).toBe(erase);
    expect(withExceptions(erase, [], 3)).toBe(erase);
  });
});
