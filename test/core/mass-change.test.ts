import { describe, expect, it } from 'vitest';
import { isMassChange, massLimits, rowsLost } from '../../src/core/mass-change.ts';

describe('a mass change', () => {
  it('counts what is erased, taken out of use or loses a value, and nothing that is only corrected', () => {
    expect(rowsLost({ erase: 1, restrict: 2, update: 900, create: 50, relink: 7 }, 3)).toBe(6);
  });

  it('is none where only a few rows lose something, whatever their part', () => {
    expect(isMassChange(massLimits.fewest - 1, massLimits.fewest)).toBe(false);
    expect(isMassChange(massLimits.fewest, massLimits.fewest)).toBe(true);
  });

  it('is one above a twentieth of everybody, or above five hundred of however many', () => {
    expect(isMassChange(50, 1000)).toBe(false);
    expect(isMassChange(51, 1000)).toBe(true);
    expect(isMassChange(500, 100_000)).toBe(false);
    expect(isMassChange(501, 100_000)).toBe(true);
  });
});
