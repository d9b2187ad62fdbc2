import { describe, expect, it } from 'vitest';
import { type OwnCounts, ownStateOf, ownStoresOf } from '../../src/core/own-store.ts';

const now = new Date('2026-11-30T12:00:00Z');
const day = (n: number) => new Date(now.getTime() + n * 86_400_000);
const gone: OwnCounts = {
  values: 0,
  links: 0,
  rows: 0,
  hashes: 0,
  questions: 0,
  notes: 0,
  packages: 0,
  packageUntil: null,
  files: 0,
  filesUntil: null,
  envelopes: 0,
  letters: 0,
  envelopeUntil: null,
  owed: 0,
  entries: 5,
  isTied: false,
  tombstones: 0,
  tombstoneUntil: null,
  backups: [],
};
const state = (more: Partial<OwnCounts>, days?: number) => ownStateOf(ownStoresOf({ ...gone, ...more }, now, days));

describe('what Kaiku keeps of a person', () => {
  it('is nothing only where nothing is left that anybody could tie to them', () => {
    expect(state({})).toEqual({ state: 'nothing' });
    expect(state({ isTied: true, envelopeUntil: day(3) })).toEqual({ state: 'fading', until: day(3).toISOString() });
  });

  it('is the person while one value, link, hash or question is there, whatever else fades', () => {
    for (const more of [{ values: 1 }, { links: 1 }, { hashes: 1 }, { questions: 1 }])
      expect(state({ ...more, tombstones: 2, envelopes: 1, envelopeUntil: day(9) })).toEqual({ state: 'values' });
  });

  it('fades until the last of what is left has gone, and without a date where nobody said one', () => {
    const left = { envelopes: 1, letters: 1, envelopeUntil: day(30), tombstones: 1, tombstoneUntil: day(400) };
    expect(state(left)).toEqual({ state: 'fading', until: day(30).toISOString() });
    expect(state({ ...left, backups: [day(-5)] }, 35)).toEqual({ state: 'fading', until: day(30).toISOString() });
    expect(state({ ...left, backups: [day(-1)] }, 35)).toEqual({ state: 'fading', until: day(34).toISOString() });
    expect(state({ ...left, backups: [day(-1)] })).toEqual({ state: 'fading' });
  });

  it('is keyed hashes alone when everything else has gone, backups that are over included', () => {
    expect(state({ tombstones: 3, tombstoneUntil: day(9), backups: [day(-36)] }, 35)).toEqual({ state: 'guarded' });
    expect(state({ rows: 1 })).toEqual({ state: 'guarded' });
  });
});
