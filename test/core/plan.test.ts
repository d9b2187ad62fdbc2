import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff, type Step } from '../../src/core/diff.ts';
import type { Fields } from '../../src/core/person.ts';
import { type KnownRecord, type PlanInput, plan } from '../../src/core/plan.ts';
import { base, erased, erasing, granted, later, marketing, now, refused, running, same } from './plan-base.ts';

const record = (state: KnownRecord['state'], place = 'a', fingerprints: Record<string, string> = same): KnownRecord => ({
  place,
  state,
  fingerprints,
});
const next = (over: Partial<PlanInput>): Step => {
  const input = { ...base, ...over };
  return diff(plan(input), input.records);
};
const open = { state: 'planned' as const, undoUntil: null, othersSettled: false, eraseBy: null };

it('hands the fields that stand in one text over together, and none that the place does not carry', () => {
  const step = next({
    together: ['givenName', 'email'],
    records: [record('linked', 'a', { givenName: 'f1', email: 'old' }), record('linked', 'b', { email: 'f2', givenName: 'old' })],
  });
  expect(step).toMatchObject({ kind: 'update', record: 0, fields: { givenName: 'Aino', email: 'aino@sahko.test' } });
  const bare = next({
    together: ['givenName', 'email'],
    carries: { a: ['email'], b: ['givenName', 'email'] },
    records: [record('linked', 'a', { email: 'old' })],
  });
  expect(bare).toMatchObject({ kind: 'update', fields: { email: 'aino@sahko.test' } });
  expect(bare.kind === 'update' && Object.keys(bare.fields)).toEqual(['email']);
});

describe('what a recipient owes', () => {
  const table: [string, Partial<PlanInput>, Partial<Step>][] = [
    ['holds before first contact', { linked: false }, { kind: 'hold', reason: 'not-linked' }],
    ['creates a newcomer who agreed', {}, { kind: 'create', place: 'a' }],
    ['creates in the next place', { records: [record('linked')] }, { kind: 'create', place: 'b' }],
    ['creates nobody without permission', { permissions: {} }, { kind: 'nothing', outcome: 'absent', reason: 'no-permission' }],
    [
      'restricts a living row after a refusal',
      { permissions: { newsletter: refused }, records: [record('linked')] },
      { kind: 'restrict', record: 0 },
    ],
    [
      'restricts before it corrects',
      { permissions: { newsletter: refused }, records: [record('linked', 'a', {})] },
      { kind: 'restrict' },
    ],
    [
      'corrects a restricted row all the same',
      { permissions: { newsletter: refused }, records: [record('restricted', 'a', { givenName: 'old', email: 'f2' })] },
      { kind: 'update' },
    ],
    [
      'corrects only what differs',
      { records: [record('linked', 'a', { givenName: 'old', email: 'f2' }), record('linked', 'b')] },
      { kind: 'update', record: 0, fields: { givenName: 'Aino' } as never, blanked: [] },
    ],
    [
      'blanks what the register had and has no more',
      {
        fingerprints: { email: 'f2' },
        fields: { email: 'aino@sahko.test' },
        formerly: ['givenName'],
        records: [record('linked'), record('linked', 'b')],
      },
      { kind: 'update', blanked: ['givenName'] },
    ],
    [
      'leaves alone what the register never knew',
      { fingerprints: { email: 'f2' }, fields: { email: 'aino@sahko.test' }, records: [record('linked'), record('linked', 'b')] },
      { kind: 'nothing', outcome: 'unchanged' },
    ],
    [
      'leaves a frozen row alone',
      { records: [record('inert', 'a', {}), record('inert', 'b', {})] },
      { kind: 'nothing', outcome: 'excepted' },
    ],
    [
      'does not create again where somebody was gone',
      { records: [record('absent'), record('absent', 'b')] },
      { kind: 'nothing', outcome: 'absent' },
    ],
    [
      'does not create where the system forgot them',
      { records: [record('forgotten'), record('forgotten', 'b')] },
      { kind: 'nothing', outcome: 'refused', reason: 'forgotten' },
    ],
    [
      'holds a vanished person',
      { holds: ['vanished'], records: [record('linked', 'a', {})] },
      { kind: 'hold', reason: 'vanished' },
    ],
    [
      'restricts at once when an erasure was asked for',
      { subject: erasing, erasureCase: open, records: [record('linked')] },
      { kind: 'restrict' },
    ],
    [
      'freezes corrections then',
      { subject: erasing, erasureCase: open, records: [record('restricted', 'a', {})] },
      { kind: 'nothing', outcome: 'restricted' },
    ],
    [
      'erases after the approval',
      { subject: erasing, erasureCase: running, records: [record('restricted')] },
      { kind: 'erase', record: 0 },
    ],
    [
      'erases a frozen row too',
      { subject: erasing, erasureCase: running, records: [record('inert')] },
      { kind: 'erase', record: 0 },
    ],
    [
      'waits for the undo window',
      { subject: erasing, erasureCase: { ...running, undoUntil: later }, records: [record('restricted')] },
      { kind: 'wait', reason: 'undo-window' },
    ],
    ['has nothing to erase where nobody was', { subject: erasing, erasureCase: running }, { kind: 'nothing', outcome: 'absent' }],
    [
      'refuses a late correction of an erased person',
      { subject: erased, records: [record('erased')] },
      { kind: 'nothing', outcome: 'refused', reason: 'tombstone' },
    ],
    [
      'asks people once, for the erasure',
      { human: true, subject: erasing, erasureCase: open, records: [record('linked')] },
      { kind: 'nothing' },
    ],
    [
      'asks people to erase after the approval',
      { human: true, subject: erasing, erasureCase: running, records: [record('linked')] },
      { kind: 'ask', ask: 'erase' },
    ],
    [
      'asks people to correct',
      { human: true, records: [record('linked', 'people', { givenName: 'old', email: 'f2' })] },
      { kind: 'ask', ask: 'update' },
    ],
    [
      'writes a refusal to the register',
      { role: 'register', permissions: { newsletter: refused }, refusedWritten: false, records: [record('linked')] },
      { kind: 'restrict' },
    ],
    [
      'lets the register go last',
      { role: 'register', subject: erasing, erasureCase: running, records: [record('linked')] },
      { kind: 'wait', reason: 'register-last' },
    ],
    [
      'erases the register when the others are settled',
      { role: 'register', subject: erasing, erasureCase: { ...running, othersSettled: true }, records: [record('linked')] },
      { kind: 'erase' },
    ],
    [
      'erases the register on its day',
      { role: 'register', subject: erasing, erasureCase: { ...running, eraseBy: now }, records: [record('linked')] },
      { kind: 'erase' },
    ],
  ];
  it.each(table)('%s', (_name, over, step) => {
    expect(next(over)).toMatchObject(step);
  });
});

const records = fc.array(
  fc.record({
    place: fc.constantFrom('a', 'b'),
    state: fc.constantFrom('linked', 'restricted', 'inert', 'erased', 'absent', 'forgotten') as fc.Arbitrary<
      KnownRecord['state']
    >,
    fingerprints: fc.constantFrom<Record<string, string>>(
      {},
      same,
      { givenName: 'old', email: 'f2' },
      { givenName: 'f1', email: 'old', phone: 'x' },
    ),
  }),
  { maxLength: 4 },
);
const any = fc.record({
  human: fc.boolean(),
  linked: fc.boolean(),
  holds: fc.subarray(['vanished', 'ambiguous-record']),
  permissions: fc.constantFrom({}, { newsletter: granted }, { newsletter: refused }),
  records,
  tombstoned: fc.boolean(),
});

describe('in any state', () => {
  it('an erased or guarded person is given to nobody', () => {
    fc.assert(
      fc.property(any, fc.boolean(), (over, guarded) => {
        const step = next({ ...over, ...(guarded ? { tombstoned: true } : { subject: erased }) });
        expect(['create', 'update', 'restrict']).not.toContain(step.kind);
        if (step.kind === 'ask') expect(step.ask).toBe('erase');
      }),
    );
  });

  it('nothing that a legal hold keeps is erased, and nobody is asked to erase it', () => {
    const cases = fc.constantFrom<Partial<PlanInput>>(
      { subject: erased },
      { subject: erasing, erasureCase: running },
      { subject: erasing, erasureCase: { ...running, othersSettled: true }, role: 'register' },
      { over: true },
    );
    fc.assert(
      fc.property(any, cases, (over, found) => {
        const step = next({ ...over, ...found, legalHold: true });
        expect(step.kind).not.toBe('erase');
        if (step.kind === 'ask') expect(step.ask).not.toBe('erase');
      }),
    );
  });

  it('nothing is erased before the approval', () => {
    fc.assert(
      fc.property(any, (over) => {
        const step = next({ ...over, tombstoned: false, subject: erasing, erasureCase: open });
        expect(step.kind).not.toBe('erase');
        if (step.kind === 'ask') expect(step.ask).not.toBe('erase');
      }),
    );
  });

  it('a place that ever held the person is never given them again by a creation', () => {
    fc.assert(
      fc.property(any, (over) => {
        const step = next({ ...over, tombstoned: false });
        if (step.kind === 'create') expect(over.records.some((r) => r.place === step.place)).toBe(false);
      }),
    );
  });

  it('taking the steps one by one comes to rest', () => {
    fc.assert(
      fc.property(any, (over) => {
        const input: PlanInput = { ...base, ...over, human: false };
        const rows = input.records.map((r) => ({ ...r, fingerprints: { ...r.fingerprints } as Record<string, string> }));
        for (let n = 0; n < 12; n++) {
          const step = diff(plan({ ...input, records: rows }), rows);
          if (step.kind === 'nothing' || step.kind === 'hold' || step.kind === 'wait') return;
          if (step.kind === 'create') rows.push({ place: step.place, state: 'linked', fingerprints: { ...same } });
          else if ('record' in step) {
            const row = rows[step.record];
            if (!row) throw new Error('a step at no record');
            if (step.kind === 'restrict') row.state = 'restricted';
            else if (step.kind === 'erase') row.state = 'erased';
            else row.fingerprints = { ...same };
          }
        }
        throw new Error('it never came to rest');
      }),
    );
  });

  it('never sends a field that no purpose declares', () => {
    const everything: Fields = { givenName: 'A', familyName: 'B', email: 'c@d.test', phone: '1', identityCode: 'x' };
    fc.assert(
      fc.property(any, (over) => {
        const step = next({
          ...over,
          fields: everything,
          fingerprints: { givenName: 'n1', familyName: 'n2', email: 'n3', phone: 'n4', identityCode: 'n5' },
        });
        if (step.kind === 'create' || step.kind === 'update')
          expect(Object.keys(step.fields).every((name) => marketing.fields.includes(name as never))).toBe(true);
      }),
    );
  });
});
