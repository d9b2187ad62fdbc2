import { describe, expect, it } from 'vitest';
import { againstPlan } from '../../src/core/case.ts';
import { diff } from '../../src/core/diff.ts';
import { daysOfOwnPeriod, endsAfter, ownPeriod } from '../../src/core/own-period.ts';
import { type PlanInput, plan } from '../../src/core/plan.ts';
import { base, erased, erasing, later, now, running } from './plan-base.ts';

const keeps = endsAfter('2026-11-24', 30, ['custom.logEntry']);
const counted = { keeps, isCounted: true, hasEnded: false };
const fresh = { ...counted, isCounted: false };
const lastDay = new Date('2026-12-24T23:59:59Z');
const after = new Date('2026-12-25T00:00:00Z');
const step = (over: Partial<PlanInput>) => diff(plan({ ...base, places: [], ending: fresh, ...over }), []);

const unchanged = (reason: string) => ({ kind: 'nothing', outcome: 'unchanged', evidence: 'none', reason });
const parked = { kind: 'park', until: after, retained: keeps, reason: 'ends-by-itself' };
const over = { kind: 'nothing', outcome: 'erased', evidence: 'accepted', reason: 'ended-by-itself' };
const approved = { subject: erasing, erasureCase: running };

describe('data that end by themselves', () => {
  it.each<[string, Partial<PlanInput>, unknown]>([
    ['a correction owes nothing there', { fingerprints: { email: 'other' } }, unchanged('ends-by-itself')],
    ['nor does a restriction', { subject: { ...base.subject, restricted: true } }, unchanged('ends-by-itself')],
    [
      'nor a refusal',
      { permissions: { newsletter: { ...base.permissions['newsletter'], refused: true } as never } },
      unchanged('ends-by-itself'),
    ],
    [
      'an erasure waits for its approval',
      { ...approved, erasureCase: { ...running, state: 'planned' } },
      unchanged('awaiting-approval'),
    ],
    ['a refused one too', { ...approved, erasureCase: { ...running, state: 'refused' } }, unchanged('awaiting-approval')],
    [
      'the undo window is kept',
      { ...approved, erasureCase: { ...running, undoUntil: later } },
      { kind: 'wait', until: later, reason: 'undo-window' },
    ],
    ['an approved one is parked until the last entry ends', approved, parked],
    ['so it is where the window is over to the second', { ...approved, erasureCase: { ...running, undoUntil: now } }, parked],
    ['so is whoever no purpose needs any more', { over: true }, parked],
    ['so is whoever was erased before it was counted', { subject: erased, tombstoned: true }, parked],
    ['the last day itself is still its', { ...approved, ending: counted, now: lastDay }, parked],
    [
      'on the day after it is erased, and nobody looked',
      { subject: erased, tombstoned: true, ending: counted, now: after },
      over,
    ],
    ['what has ended is not counted again', { subject: erased, tombstoned: true, ending: { ...fresh, hasEnded: true } }, over],
    ['a legal hold comes before the day is counted', { ...approved, legalHold: true }, { kind: 'hold', reason: 'legal-hold' }],
    ['what waits goes on waiting under one', { ...approved, legalHold: true, ending: counted }, parked],
    [
      'nothing is said to be erased under one',
      { ...approved, legalHold: true, ending: counted, now: after },
      { kind: 'hold', reason: 'legal-hold' },
    ],
  ])('%s', (_name, input, wanted) => expect(step(input)).toEqual(wanted));

  it('are no matter of the register', () => {
    expect(plan({ ...base, role: 'register', ending: fresh })).toEqual(plan({ ...base, role: 'register' }));
  });

  it('cite the company’s own period, which no law is taken for', () => {
    expect(keeps).toEqual({ fields: ['custom.logEntry'], until: '2026-12-24', law: 'own period: 30 days, by itself' });
    expect(daysOfOwnPeriod(ownPeriod(3650))).toBe(3650);
    for (const law of ['Accounting Act 1336/1997, chapter 2 section 10', 'our own period: 30 days, by itself', ''])
      expect(daysOfOwnPeriod(law)).toBeNull();
  });

  it('are as planned while they wait and once they have ended, and not when somebody says they were never there', () => {
    expect(againstPlan('park', { state: 'waiting', outcome: 'retained' })).toBe('as-planned');
    expect(againstPlan('park', { state: 'settled', outcome: 'erased' })).toBe('as-planned');
    expect(againstPlan('park', { state: 'settled', outcome: 'absent' })).toBe('differs');
  });
});
