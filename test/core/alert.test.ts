import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { changesOf, conditionsOf, type Facts, isRecovery, retryAfterMs, usualLimits } from '../../src/core/alert.ts';
import { webhookHeaders, webhookKey } from '../../src/core/standard-webhook.ts';

const now = new Date('2026-03-10T12:00:00Z');
const days = (n: number) => new Date(now.getTime() + n * 86_400_000);
const quiet: Facts = {
  systems: [{ system: 'crm', pausedCode: null, silent: false, isRegister: true, lastReadAt: now }],
  deadDuties: [],
  tasks: [],
  stuck: [],
  cases: [],
  deadlines: [],
  corrections: [],
  intakes: [],
  holds: [],
  drift: [],
  runs: [],
  finished: [],
  logVerified: true,
  unreached: [],
};
const found = (facts: Partial<Facts>, limits = usualLimits) =>
  conditionsOf({ ...quiet, ...facts }, limits, now).map((c) => `${c.kind} ${c.about}`);

describe('what is worth a message', () => {
  it('is nothing while all is well', () => {
    expect(found({})).toEqual([]);
    expect(found({ logVerified: null })).toEqual([]);
  });

  it('is a system that is paused, lacks a right, or does not answer', () => {
    const system = { system: 'news', pausedCode: null, silent: false, isRegister: false, lastReadAt: null };
    expect(found({ systems: [{ ...system, pausedCode: 'CREDENTIALS_REJECTED' }] })).toEqual(['system-paused news']);
    expect(found({ systems: [{ ...system, pausedCode: 'RIGHT_MISSING' }] })).toEqual(['right-missing news']);
    expect(found({ systems: [{ ...system, silent: true }] })).toEqual(['breaker-open news']);
  });

  it('is a register that was not read for hours, and no other system', () => {
    const old = { system: 'crm', pausedCode: null, silent: false, lastReadAt: days(-1) };
    expect(found({ systems: [{ ...old, isRegister: true }] })).toEqual(['register-unread crm']);
    expect(found({ systems: [{ ...old, isRegister: false }] })).toEqual([]);
    expect(found({ systems: [{ ...old, isRegister: true }] }, { ...usualLimits, registerHours: 25 })).toEqual([]);
  });

  it('is a task before and after its day, never both', () => {
    const task = (due: Date) => found({ tasks: [{ id: 't', system: 's', due }] });
    expect(task(days(3.1))).toEqual([]);
    expect(task(days(3))).toEqual(['task-due t']);
    expect(task(days(0))).toEqual(['task-overdue t']);
    expect(task(days(-2))).toEqual(['task-overdue t']);
  });

  it('is a case that waits, an old hold, a dead duty, a failed run, drift above the limit, a log that does not verify', () => {
    expect(
      found({
        cases: [
          { id: 'a', since: days(-2.9) },
          { id: 'b', since: days(-3) },
        ],
      }),
    ).toEqual(['case-waiting b']);
    expect(found({ holds: [{ id: 'a', system: 's', since: days(-7) }] })).toEqual(['hold-old a']);
    expect(found({ stuck: [{ id: 't', system: 's', since: now }] })).toEqual(['task-stuck t']);
    expect(found({ intakes: [{ id: 'i', since: now }] })).toEqual(['intake-waits i']);
    expect(found({ deadDuties: [{ id: 'd', system: 's' }] })).toEqual(['duty-dead d']);
    expect(found({ runs: [{ system: 's', run: 'r', kind: 'resync', failed: 'X' }] })).toEqual(['run-failed s/resync']);
    expect(found({ runs: [{ system: 's', run: 'r', kind: 'resync', failed: null }] })).toEqual([]);
    expect(found({ drift: [{ system: 's', run: 'r', count: 1 }] })).toEqual(['drift-found s']);
    expect(found({ drift: [{ system: 's', run: 'r', count: 5 }] }, { ...usualLimits, driftFindings: 5 })).toEqual([]);
    expect(found({ logVerified: false })).toEqual(['log-broken audit']);
    expect(found({ unreached: [{ place: 'folder', since: now }] })).toEqual(['checkpoint-undelivered folder']);
  });
});

describe('the time limit of a case', () => {
  const at = (due: string, target = due) => found({ deadlines: [{ id: 'c', due, target, since: days(-28) }] });

  it('is told 14, 7, 3 and 1 days before the day that is planned for, once each, and when it is over', () => {
    // today is 10 March 2026
    expect(at('2026-03-25')).toEqual([]);
    expect(at('2026-03-24')).toEqual(['deadline-near c/14']);
    expect(at('2026-03-18')).toEqual(['deadline-near c/14']);
    expect(at('2026-03-17')).toEqual(['deadline-near c/7']);
    expect(at('2026-03-13')).toEqual(['deadline-near c/3']);
    expect(at('2026-03-11')).toEqual(['deadline-near c/1']);
    expect(at('2026-03-10')).toEqual(['deadline-near c/1']);
    expect(at('2026-03-09')).toEqual(['deadline-over c']);
    // planned for the counted day, lawful until the one it rolled to
    expect(at('2026-03-12', '2026-03-10')).toEqual(['deadline-near c/1']);
  });

  it('did not recover when it only came nearer, and did when the answer was given', () => {
    expect(isRecovery('deadline-near', 'c/7', new Set(['deadline-near c/3']))).toBe(false);
    expect(isRecovery('deadline-near', 'c/1', new Set(['deadline-over c']))).toBe(false);
    expect(isRecovery('deadline-near', 'c/1', new Set(['deadline-near d/1']))).toBe(true);
    expect(isRecovery('deadline-over', 'c', new Set())).toBe(true);
  });
});

it('only a change is told: what is open already is not opened again, what is gone ends', () => {
  const [condition] = conditionsOf({ ...quiet, logVerified: false }, usualLimits, now);
  if (!condition) throw new Error('nothing was found');
  expect(changesOf([], [condition])).toEqual({ opened: [condition], resolved: [] });
  expect(changesOf([condition], [condition])).toEqual({ opened: [], resolved: [] });
  expect(changesOf([condition], [])).toEqual({ opened: [], resolved: [condition] });
});

it('a task that fell overdue did not recover, and an event has no end', () => {
  expect(isRecovery('task-due', 't', new Set(['task-overdue t']))).toBe(false);
  expect(isRecovery('task-due', 't', new Set())).toBe(true);
  expect(isRecovery('run-finished', 'r', new Set())).toBe(false);
});

it('tries ever more slowly, and at least hourly', () => {
  expect([1, 2, 3, 20].map(retryAfterMs)).toEqual([15_000, 30_000, 60_000, 3_600_000]);
});

describe('a signed webhook', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

  it('carries id, time and the signature that the standard asks for', () => {
    const headers = webhookHeaders(secret, { id: 'msg', at: now, body: '{"a":1}' });
    const expected = createHmac('sha256', Buffer.alloc(32, 7))
      .update(`msg.${now.getTime() / 1000}.{"a":1}`)
      .digest('base64');
    expect(headers).toEqual({ 'webhook-id': 'msg', 'webhook-timestamp': '1773144000', 'webhook-signature': `v1,${expected}` });
  });

  it('takes no secret of another form, and no short one', () => {
    expect(webhookKey('whsec_c2hvcnQ=')).toBeNull();
    expect(webhookKey(Buffer.alloc(32).toString('base64'))).toBeNull();
    expect(webhookKey('whsec_not base64 at all, but long enough to be one')).toBeNull();
    expect(webhookKey(secret)).toHaveLength(32);
  });
});
