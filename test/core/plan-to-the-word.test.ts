import { describe, expect, it } from 'vitest';
import { diff, differing, type Step } from '../../src/core/diff.ts';
import type { Retained } from '../../src/core/duty.ts';
import { type Desired, type KnownRecord, type PlanInput, plan, type Wanted } from '../../src/core/plan.ts';
import { base, erased, erasing, granted, later, now, refused, running, same } from './plan-base.ts';

/** Each answer of the plan and of the step, whole: no word, index or day may be another. Found by mutation testing. */
const past = new Date('2026-11-23T09:00:00Z');
const planning = { state: 'planned' as const, undoUntil: null, othersSettled: false, eraseBy: null };
const of = (state: KnownRecord['state'], more: Partial<KnownRecord> = {}): KnownRecord => ({
  place: 'a',
  state,
  fingerprints: same,
  ...more,
});
const planned = (over: Partial<PlanInput>): Desired => plan({ ...base, ...over });
const gone = { kind: 'gone', human: false, now };

describe('the plan of a person who is being erased', () => {
  const at = (over: Partial<PlanInput>) => planned({ subject: erasing, erasureCase: running, ...over });
  const restricted = { kind: 'restricted', human: false, permissions: ['newsletter'], reason: 'awaiting-approval' };

  it.each<[string, Partial<PlanInput>, unknown]>([
    ['a recipient erases once the undo window is over', {}, gone],
    ['people are asked', { human: true }, { ...gone, human: true }],
    ['before the approval it is restricted', { erasureCase: planning }, restricted],
    ['a case that ended while a law binds the register counts', { erasureCase: { ...running, state: 'closed' } }, gone],
    [
      'what its people keep by law goes along',
      { human: true, parked: { fields: [], until: '2036-12-31', law: 'a law' } },
      { ...gone, human: true, parked: { fields: [], until: '2036-12-31', law: 'a law' } },
    ],
    ['an approved case that has not begun counts', { erasureCase: { ...running, state: 'approved' } }, gone],
    ['a refused case erases nothing', { erasureCase: { ...running, state: 'refused' } }, restricted],
    ['a window without an end is no window', { erasureCase: { ...running, undoUntil: null } }, gone],
    [
      'in the window it waits',
      { erasureCase: { ...running, undoUntil: later } },
      { kind: 'wait', until: later, reason: 'undo-window' },
    ],
    [
      'in the window a row in use is restricted first',
      { erasureCase: { ...running, undoUntil: later }, records: [of('erased'), of('linked')] },
      restricted,
    ],
    [
      'in the window people wait',
      { human: true, erasureCase: { ...running, undoUntil: later }, records: [of('linked')] },
      { kind: 'wait', until: later, reason: 'undo-window' },
    ],
    ['before first contact it is held', { linked: false }, { kind: 'hold', reason: 'not-linked' }],
    ['people need no first contact', { linked: false, human: true }, { ...gone, human: true }],
    ['what came back waits for a verdict', { holds: ['returned'] }, { ...gone, heldBy: 'returned' }],
    ['a legal hold keeps', { legalHold: true }, { ...gone, heldBy: 'legal-hold' }],
    ['another hold keeps nothing', { holds: ['vanished'] }, gone],
  ])('recipient: %s', (_name, over, wanted) => expect(at(over)).toEqual(wanted));

  it.each<[string, Partial<PlanInput>, unknown]>([
    ['waits for its day', {}, { kind: 'wait', until: later, reason: 'register-last' }],
    ['carries the refusals first', { refusedWritten: false }, { kind: 'refusals', permissions: ['newsletter'], written: false }],
    [
      'keeps them before the approval',
      { erasureCase: planning },
      { kind: 'refusals', permissions: ['newsletter'], written: true },
    ],
    [
      'keeps them before the approval even with a day',
      { erasureCase: { ...planning, eraseBy: later } },
      { kind: 'refusals', permissions: ['newsletter'], written: true },
    ],
    [
      'keeps them where no day was set',
      { erasureCase: { ...running, eraseBy: null } },
      { kind: 'refusals', permissions: ['newsletter'], written: true },
    ],
    ['is erased when the others are done', { erasureCase: { ...running, othersSettled: true, undoUntil: null } }, gone],
    ['is erased on its day', { erasureCase: { ...running, eraseBy: now } }, gone],
    [
      'is not erased in the undo window',
      { erasureCase: { ...running, othersSettled: true, undoUntil: later } },
      { kind: 'wait', until: later, reason: 'register-last' },
    ],
    [
      'is not erased before the approval',
      { erasureCase: { ...planning, othersSettled: true, eraseBy: past } },
      { kind: 'refusals', permissions: ['newsletter'], written: true },
    ],
  ])('register: %s', (_name, over, wanted) => expect(at({ role: 'register', ...over })).toEqual(wanted));

  it('goes on as a living one where there is no case', () => {
    expect(planned({ subject: erasing, linked: true }).kind).toBe('restricted');
    expect(planned({ erasureCase: running }).kind).toBe('present');
  });
});

describe('the plan of others', () => {
  it.each<[string, Partial<PlanInput>, unknown]>([
    ['of the erased a recipient erases what is left', { subject: erased, records: [of('erased'), of('linked')] }, gone],
    ['what is stripped is left too', { subject: erased, records: [of('stripped')] }, gone],
    [
      'the erased are barred where nothing is left',
      { subject: erased, records: [of('erased'), of('absent'), of('forgotten')] },
      { kind: 'barred' },
    ],
    ['the register never erases again', { subject: erased, role: 'register', records: [of('linked')] }, { kind: 'barred' }],
    ['a tombstone bars the living', { tombstoned: true }, { kind: 'barred' }],
    [
      'the register carries what was refused',
      { role: 'register', permissions: { newsletter: refused, calls: granted }, refusedWritten: false },
      { kind: 'refusals', permissions: ['newsletter'], written: false },
    ],
    ['and nothing where nothing was', { role: 'register' }, { kind: 'refusals', permissions: [], written: true }],
    [
      'Art. 18',
      { subject: { ...base.subject, restricted: true } },
      { kind: 'restricted', human: false, permissions: ['newsletter'], reason: 'restricted-by-right', ask: true },
    ],
    [
      'Art. 18, people',
      { human: true, linked: false, subject: { ...base.subject, restricted: true } },
      { kind: 'restricted', human: true, permissions: ['newsletter'], reason: 'restricted-by-right', ask: true },
    ],
    [
      'Art. 18 waits for first contact',
      { linked: false, subject: { ...base.subject, restricted: true } },
      { kind: 'hold', reason: 'not-linked' },
    ],
    ['who vanished is held', { holds: ['vanished'] }, { kind: 'hold', reason: 'vanished' }],
    ['an unclear row is held', { holds: ['ambiguous-record'] }, { kind: 'hold', reason: 'ambiguous-record' }],
    ['whom no purpose needs goes', { over: true }, gone],
  ])('%s', (_name, over, wanted) => expect(planned(over)).toEqual(wanted));

  it('says what may be there: granted, carried, and what was taken away', () => {
    const whole = planned({
      carries: { a: ['email'], b: ['phone'] },
      formerly: ['email', 'phone'],
      fingerprints: { givenName: 'f1' },
      together: ['email'],
    });
    const wanted = { fields: { email: 'aino@sahko.test' }, names: ['email'], fingerprints: {}, removed: ['email'] };
    expect(whole).toEqual({
      kind: 'present',
      human: false,
      held: wanted,
      fresh: wanted,
      blockedBy: [],
      places: ['a', 'b'],
      carries: { a: ['email'], b: ['phone'] },
      together: ['email'],
    });
    expect(planned({ permissions: {} })).toMatchObject({ fresh: null, blockedBy: ['newsletter'] });
    // a row that is there keeps what its system is master of; a new one is given it
    expect(planned({ mastered: ['email'] })).toMatchObject({
      held: { names: ['givenName'], fingerprints: { givenName: 'f1' }, fields: { givenName: 'Aino' } },
      fresh: { names: ['givenName', 'email'], fingerprints: same },
    });
    expect(planned({ formerly: ['phone'] })).toMatchObject({
      held: { removed: [], names: ['givenName', 'email'], fingerprints: same },
    });
  });
});

describe('the step', () => {
  const step = (desired: Desired, ...records: KnownRecord[]): Step => diff(desired, records);
  const restricted: Desired = { kind: 'restricted', human: false, permissions: ['newsletter'], reason: 'why' };
  const refusals = (permissions: string[], written: boolean): Desired => ({ kind: 'refusals', permissions, written });
  const going: Desired = { kind: 'gone', human: false, now };
  const kept = (until: string, more: Partial<Retained> = {}): Retained => ({ fields: ['email'], until, law: 'L', ...more });

  it.each<[string, Desired, KnownRecord[], unknown]>([
    ['a hold', { kind: 'hold', reason: 'why' }, [], { kind: 'hold', reason: 'why' }],
    ['a wait', { kind: 'wait', until: later, reason: 'why' }, [], { kind: 'wait', until: later, reason: 'why' }],
    [
      'barred, after an erasure here',
      { kind: 'barred' },
      [of('absent'), of('erased')],
      { kind: 'nothing', outcome: 'refused', reason: 'tombstone' },
    ],
    ['barred, nothing here', { kind: 'barred' }, [of('absent')], { kind: 'nothing', outcome: 'absent', reason: 'tombstone' }],
    [
      'a restriction of the second row',
      restricted,
      [of('restricted'), of('linked')],
      { kind: 'restrict', record: 1, permissions: ['newsletter'] },
    ],
    ['a restriction of the first row', restricted, [of('linked')], { kind: 'restrict', record: 0, permissions: ['newsletter'] }],
    [
      'a restriction that stands',
      restricted,
      [of('erased'), of('restricted')],
      { kind: 'nothing', outcome: 'restricted', reason: 'why' },
    ],
    ['an inert row is held too', restricted, [of('inert')], { kind: 'nothing', outcome: 'restricted', reason: 'why' }],
    [
      'a restriction of nobody',
      restricted,
      [of('erased')],
      { kind: 'nothing', outcome: 'absent', evidence: 'none', reason: 'why' },
    ],
    ['people asked to stop', { ...restricted, human: true, ask: true }, [of('linked')], { kind: 'ask', ask: 'restrict' }],
    [
      'people who stopped',
      { ...restricted, human: true, ask: true },
      [of('restricted')],
      { kind: 'nothing', outcome: 'restricted', reason: 'why' },
    ],
    [
      'people before an erasure',
      { ...restricted, human: true },
      [of('linked')],
      { kind: 'nothing', outcome: 'unchanged', reason: 'why' },
    ],
    [
      'a refusal to write',
      refusals(['newsletter'], false),
      [of('erased'), of('linked')],
      { kind: 'restrict', record: 1, permissions: ['newsletter'] },
    ],
    [
      'a refusal to write, first row',
      refusals(['newsletter'], false),
      [of('linked')],
      { kind: 'restrict', record: 0, permissions: ['newsletter'] },
    ],
    ['a refusal that is written', refusals(['newsletter'], true), [of('linked')], { kind: 'nothing', outcome: 'restricted' }],
    ['a refusal and no row', refusals(['newsletter'], false), [of('erased')], { kind: 'nothing', outcome: 'restricted' }],
    ['no refusal', refusals([], false), [of('linked')], { kind: 'nothing', outcome: 'unchanged' }],
    ['an erasure', going, [of('erased'), of('restricted')], { kind: 'erase', record: 1 }],
    [
      'people are not asked again before the day of their law',
      { ...going, human: true, parked: { fields: ['givenName'], until: '2026-11-24', law: 'a law' } },
      [of('linked')],
      {
        kind: 'park',
        until: new Date('2026-11-25T00:00:00Z'),
        retained: { fields: ['givenName'], until: '2026-11-24', law: 'a law' },
      },
    ],
    [
      'and after it they are',
      { ...going, human: true, parked: { fields: [], until: '2026-11-23', law: 'a law' } },
      [of('linked')],
      { kind: 'ask', ask: 'erase' },
    ],
    ['an erasure asked of people', { ...going, human: true }, [of('linked')], { kind: 'ask', ask: 'erase' }],
    ['an erasure that is held', { ...going, heldBy: 'legal-hold' }, [of('linked')], { kind: 'hold', reason: 'legal-hold' }],
    [
      'people under a hold',
      { ...going, human: true, heldBy: 'legal-hold' },
      [of('linked')],
      { kind: 'hold', reason: 'legal-hold' },
    ],
    ['a hold and nothing to erase', { ...going, heldBy: 'legal-hold' }, [of('erased')], { kind: 'nothing', outcome: 'erased' }],
    [
      'a parked row',
      going,
      [of('stripped', { retained: kept('2031-12-31') })],
      { kind: 'park', until: new Date('2032-01-01T00:00:00Z'), retained: { fields: ['email'], until: '2031-12-31', law: 'L' } },
    ],
    [
      'a parked row under a hold',
      { ...going, heldBy: 'legal-hold' },
      [of('stripped', { retained: kept('2031-12-31') })],
      { kind: 'park', until: new Date('2032-01-01T00:00:00Z'), retained: { fields: ['email'], until: '2031-12-31', law: 'L' } },
    ],
    [
      'two parked rows: the fields of both, the last day, woken on the first',
      going,
      [
        of('stripped', {
          retained: kept('2033-12-31', {
            fields: ['phone', 'email'],
            law: 'M',
            parts: [{ fields: ['phone'], until: '2033-12-31', law: 'M' }],
          }),
        }),
        of('stripped', { retained: kept('2031-12-31', { parts: [{ fields: ['email'], until: '2030-12-31', law: 'L' }] }) }),
      ],
      {
        kind: 'park',
        until: new Date('2031-01-01T00:00:00Z'),
        retained: {
          fields: ['email', 'phone'],
          until: '2033-12-31',
          law: 'M',
          parts: [
            { fields: ['email'], until: '2030-12-31', law: 'L' },
            { fields: ['phone'], until: '2033-12-31', law: 'M' },
          ],
        },
      },
    ],
    [
      'a row whose day is over',
      going,
      [of('erased'), of('stripped', { retained: kept('2026-11-23') })],
      { kind: 'erase', record: 1 },
    ],
    [
      'its last day is still the law’s',
      going,
      [of('stripped', { retained: kept('2026-11-24') })],
      { kind: 'park', until: new Date('2026-11-25T00:00:00Z'), retained: { fields: ['email'], until: '2026-11-24', law: 'L' } },
    ],
    [
      'the very moment after',
      { ...going, now: new Date('2026-11-25T00:00:00Z') },
      [of('stripped', { retained: kept('2026-11-24') })],
      { kind: 'erase', record: 0 },
    ],
    [
      'what was never stripped is parked by nothing',
      going,
      [of('erased', { retained: kept('2031-12-31') })],
      { kind: 'nothing', outcome: 'erased' },
    ],
    [
      'a neutral row',
      going,
      [of('erased'), of('stripped', { retained: null })],
      { kind: 'nothing', outcome: 'stripped', reason: 'neutral-values' },
    ],
    ['what is erased', going, [of('absent'), of('erased')], { kind: 'nothing', outcome: 'erased' }],
    ['what is absent', going, [of('forgotten'), of('absent')], { kind: 'nothing', outcome: 'absent' }],
    [
      'what was never there',
      going,
      [of('forgotten')],
      { kind: 'nothing', outcome: 'absent', evidence: 'none', reason: 'never-held' },
    ],
    ['nothing at all', going, [], { kind: 'nothing', outcome: 'absent', evidence: 'none', reason: 'never-held' }],
  ])('%s', (_name, desired, records, wanted) => expect(step(desired, ...records)).toEqual(wanted));

  const next = (over: Partial<PlanInput>) => {
    const input = { ...base, ...over };
    return diff(plan(input), input.records);
  };
  it.each<[string, Partial<PlanInput>, unknown]>([
    [
      'is unchanged where all is as it should be',
      { places: ['a'], records: [of('linked')] },
      { kind: 'nothing', outcome: 'unchanged' },
    ],
    [
      'stops who still uses a row without a permission',
      { permissions: {}, records: [of('erased'), of('linked')] },
      { kind: 'restrict', record: 1, permissions: ['newsletter'] },
    ],
    [
      'is restricted once it stopped',
      { permissions: {}, records: [of('restricted')] },
      { kind: 'nothing', outcome: 'restricted' },
    ],
    [
      'asks no people to stop: they are told by correction alone',
      { permissions: {}, human: true, records: [of('linked')] },
      { kind: 'nothing', outcome: 'unchanged' },
    ],
    [
      'is unchanged where no purpose asks for a permission',
      { purposes: [], records: [of('linked')] },
      { kind: 'nothing', outcome: 'unchanged' },
    ],
    [
      'is refused where the vendor forgot the person',
      { places: ['a'], records: [of('forgotten')] },
      { kind: 'nothing', outcome: 'refused', reason: 'forgotten' },
    ],
    [
      'is excepted at a row that takes nothing',
      { places: ['a'], records: [of('inert')] },
      { kind: 'nothing', outcome: 'excepted', reason: 'inert' },
    ],
    ['is absent after an erasure', { places: ['a'], records: [of('erased')] }, { kind: 'nothing', outcome: 'absent' }],
    ['is absent where it was found gone', { places: ['a'], records: [of('absent')] }, { kind: 'nothing', outcome: 'absent' }],
    [
      'a stripped row alone is no answer',
      { places: ['a'], records: [of('stripped')] },
      { kind: 'nothing', outcome: 'absent', evidence: 'none', reason: 'no-purpose' },
    ],
    [
      'says that no permission was given',
      { permissions: {} },
      { kind: 'nothing', outcome: 'absent', evidence: 'none', reason: 'no-permission' },
    ],
    [
      'says that no purpose needs the person',
      { purposes: [] },
      { kind: 'nothing', outcome: 'absent', evidence: 'none', reason: 'no-purpose' },
    ],
    [
      'corrects only what differs',
      { records: [of('linked', { fingerprints: { givenName: 'old', email: 'f2' } })] },
      { kind: 'update', record: 0, fields: { givenName: 'Aino' }, blanked: [] },
    ],
    [
      'writes nothing together that did not change',
      { together: ['email'], records: [of('linked', { fingerprints: { givenName: 'old', email: 'f2' } })] },
      { kind: 'update', record: 0, fields: { givenName: 'Aino' }, blanked: [] },
    ],
    [
      'blanks what was taken away, and what was ordered out',
      {
        fingerprints: { email: 'f2' },
        formerly: ['givenName'],
        records: [of('linked', { fingerprints: { ...same, phone: 'f9' }, unwanted: ['phone', 'mobile'] })],
      },
      { kind: 'update', record: 0, fields: {}, blanked: ['givenName', 'phone'] },
    ],
    [
      'asks people for the correction',
      { human: true, records: [of('linked', { fingerprints: {} })] },
      { kind: 'ask', ask: 'update' },
    ],
  ])('%s', (_name, over, wanted) => expect(next(over)).toEqual(wanted));

  it('compares only what both sides know and the place carries', () => {
    const held = {
      fields: {},
      names: ['email', 'phone', 'mobile'],
      fingerprints: { email: 'n', phone: 'n' },
      removed: ['mobile'],
    } as unknown as Wanted;
    const row = of('linked', {
      fingerprints: { email: 'o', phone: 'n', mobile: 'o', jobTitle: 'o' },
      unwanted: ['email', 'jobTitle', 'birthDate'],
    });
    expect(differing(held, row, null)).toEqual({ changed: ['email'], blanked: ['mobile', 'jobTitle'] });
    expect(differing(held, row, ['phone'])).toEqual({ changed: [], blanked: ['jobTitle'] });
    expect(differing(held, of('linked', { fingerprints: {} }), null)).toEqual({ changed: ['email', 'phone'], blanked: [] });
  });
});
