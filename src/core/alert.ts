import { type Day, dayIn, daysBetween } from './day.ts';
import { reminders } from './due-dates.ts';
import { cautious } from './legal-clock.ts';

/** What is about somebody: a duty, a task, a case, a request or a hold. */
const personal = [
  'duty-dead',
  'task-due',
  'task-overdue',
  'task-stuck',
  'case-waiting',
  'deadline-near',
  'deadline-over',
  'correction-waits',
  'intake-waits',
  'hold-old',
] as const;

/**
 * What is worth a message to people, and when. An alert is about one matter; it is opened once, told once, and its end is told once:
 *
 *   (nothing) ──condition──▶ open ──told──▶ open, told ──condition gone──▶ resolved ──told──▶ over
 *                              └──gone before it was told──▶ over, and nobody was bothered
 */
export const alertKinds = [
  'system-paused',
  'right-missing',
  'breaker-open',
  'register-unread',
  ...personal,
  'drift-found',
  'run-failed',
  'run-finished',
  'log-broken',
  'checkpoint-undelivered',
] as const;
export type AlertKind = (typeof alertKinds)[number];

/** A thing that happened, not a state that ends: told once, without a recovery. */
export const isEvent = (kind: AlertKind): boolean => kind === 'run-finished';

const ofPersons: ReadonlySet<AlertKind> = new Set(personal);

/** The id of the duty, task, case, request or hold that an alert is about, by which it is known whose matter it is; null: nobody's. */
export const personalIdOf = ({ kind, about }: { kind: AlertKind; about: string }): string | null =>
  ofPersons.has(kind) ? (about.split('/')[0] ?? null) : null;

/** From when on a matter is told. */
export interface AlertLimits {
  /** Days before its day that an open task is told. */
  taskDays: number;
  /** Days that a case may wait for a decision. */
  caseDays: number;
  holdDays: number;
  /** Hours without a read of a register. */
  registerHours: number;
  /** Differences that one comparison may find without a message. */
  driftFindings: number;
}

export const usualLimits: AlertLimits = { taskDays: 3, caseDays: 3, holdDays: 7, registerHours: 6, driftFindings: 0 };

/** Ids, names of systems, codes, counts and dates; never anything about a person. */
export interface Condition {
  kind: AlertKind;
  about: string;
  system: string | null;
  detail: { code?: string; count?: number; due?: string; since?: string; run?: string };
}

/** What the ledger says, as the rules need it. */
export interface Facts {
  systems: readonly {
    system: string;
    pausedCode: string | null;
    /** Calls in a row that were not answered reached the breaker's limit, and none was answered since. */
    silent: boolean;
    isRegister: boolean;
    /** Of a register: its last read, or else when it was first known. */
    lastReadAt: Date | null;
  }[];
  deadDuties: readonly { id: string; system: string }[];
  tasks: readonly { id: string; system: string; due: Date }[];
  /** Tasks whose people cannot be mailed, or asked something back. */
  stuck: readonly { id: string; system: string; since: Date }[];
  cases: readonly { id: string; since: Date }[];
  /** Open cases with the last lawful day of their answer and the day that is planned for. */
  deadlines: readonly { id: string; due: Day; target: Day; since: Date }[];
  /** Approved corrections that people must make in the register: it takes none, refuses, or has lost the row. */
  corrections: readonly { id: string; system: string; code: string }[];
  /** Requests of the public form that a person has to see to. */
  intakes: readonly { id: string; since: Date }[];
  /** `urgent`: told at once, whatever the days. */
  holds: readonly { id: string; system: string; since: Date; urgent?: boolean }[];
  /** The newest ended comparison of each system. */
  drift: readonly { system: string; run: string; count: number }[];
  /** The newest ended run of each system and kind. */
  runs: readonly { system: string; run: string; kind: string; failed: string | null }[];
  finished: readonly { system: string; run: string }[];
  /** Null: not verified yet. */
  logVerified: boolean | null;
  /** Places outside that no checkpoint of the log reaches. */
  unreached: readonly { place: string; since: Date }[];
}

/** Where the controller is: its days are counted there. */
const zone = cautious.zone;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Everything that is wrong, or happened, as of `now` (the hub's). */
export function conditionsOf(facts: Facts, limits: AlertLimits, now: Date): Condition[] {
  const found: Condition[] = [];
  const add = (kind: AlertKind, about: string, system: string | null, detail: Condition['detail'] = {}) =>
    found.push({ kind, about, system, detail });
  const today = dayIn(now, zone);
  const isOlder = (at: Date, ms: number) => now.getTime() - at.getTime() >= ms;
  for (const s of facts.systems) {
    if (s.pausedCode)
      add(s.pausedCode === 'RIGHT_MISSING' ? 'right-missing' : 'system-paused', s.system, s.system, { code: s.pausedCode });
    if (s.silent) add('breaker-open', s.system, s.system);
    if (s.isRegister && s.lastReadAt && isOlder(s.lastReadAt, limits.registerHours * hourMs))
      add('register-unread', s.system, s.system, { since: s.lastReadAt.toISOString() });
  }
  for (const d of facts.deadDuties) add('duty-dead', d.id, d.system);
  for (const task of facts.tasks) {
    const leftMs = task.due.getTime() - now.getTime();
    if (leftMs <= 0) add('task-overdue', task.id, task.system, { due: task.due.toISOString() });
    else if (leftMs <= limits.taskDays * dayMs) add('task-due', task.id, task.system, { due: task.due.toISOString() });
  }
  for (const task of facts.stuck) add('task-stuck', task.id, task.system, { since: task.since.toISOString() });
  for (const c of facts.cases)
    if (isOlder(c.since, limits.caseDays * dayMs)) add('case-waiting', c.id, null, { since: c.since.toISOString() });
  for (const c of facts.deadlines) {
    if (c.due < today) add('deadline-over', c.id, null, { due: c.due });
    // one message a step: the last reminder whose day has come
    else {
      const step = reminders(c.target, dayIn(c.since, zone))
        .filter(({ day }) => day <= today)
        .at(-1);
      if (step)
        add('deadline-near', `${c.id}/${step.daysLeft}`, null, { due: c.due, count: Math.max(0, daysBetween(today, c.due)) });
    }
  }
  for (const c of facts.corrections) add('correction-waits', c.id, c.system, { code: c.code });
  for (const i of facts.intakes) add('intake-waits', i.id, null, { since: i.since.toISOString() });
  for (const h of facts.holds)
    if (h.urgent || isOlder(h.since, limits.holdDays * dayMs)) add('hold-old', h.id, h.system, { since: h.since.toISOString() });
  for (const d of facts.drift)
    if (d.count > limits.driftFindings) add('drift-found', d.system, d.system, { count: d.count, run: d.run });
  for (const r of facts.runs) if (r.failed) add('run-failed', `${r.system}/${r.kind}`, r.system, { code: r.failed, run: r.run });
  for (const r of facts.finished) add('run-finished', r.run, r.system, { run: r.run });
  if (facts.logVerified === false) add('log-broken', 'audit', null);
  for (const p of facts.unreached) add('checkpoint-undelivered', p.place, null, { since: p.since.toISOString() });
  return found;
}

const keyOf = (c: { kind: string; about: string }) => `${c.kind} ${c.about}`;

/** What changed against the alerts that are open: only a change is ever told. A task that fell overdue is no longer due. */
export function changesOf<A extends { kind: string; about: string }>(
  open: readonly A[],
  conditions: readonly Condition[],
): { opened: Condition[]; resolved: A[] } {
  const known = new Set(open.map(keyOf));
  const now = new Set(conditions.map(keyOf));
  return { opened: conditions.filter((c) => !known.has(keyOf(c))), resolved: open.filter((a) => !now.has(keyOf(a))) };
}

/** How long a matter must last before it is told, in ms: a vendor's hiccup that passes is nobody's business. */
export const graceMs = (kind: string): number =>
  kind === 'breaker-open' ? 120_000 : kind === 'checkpoint-undelivered' ? hourMs : 0;

/** A task that turned from due to overdue did not recover, nor did a deadline that only came nearer. */
export const isRecovery = (kind: AlertKind, about: string, open: ReadonlySet<string>): boolean =>
  !isEvent(kind) &&
  !(kind === 'task-due' && open.has(keyOf({ kind: 'task-overdue', about }))) &&
  !(kind === 'deadline-near' && isNearer(about, open));

/** The next step of the ladder, or its end, took the place of this one. */
const isNearer = (about: string, open: ReadonlySet<string>): boolean => {
  const [id = ''] = about.split('/');
  return open.has(keyOf({ kind: 'deadline-over', about: id })) || [...open].some((key) => key.startsWith(`deadline-near ${id}/`));
};

/** One line of a message: an alert that opened, or ended. A snapshot, so that a message tried again says the same. */
export interface NoticeLine extends Condition {
  event: 'opened' | 'resolved';
  /** About the company's own people: only HR can open it. */
  staff?: true;
  id: string;
  at: string;
}

/** After how long a message that could not be delivered is tried again, in ms; full for hours, then given up. */
export const retryAfterMs = (attempts: number): number => Math.min(3_600_000, 15_000 * 2 ** Math.min(attempts - 1, 10));
/** Tries before a message is given up: about three days. */
export const mostTries = 80;
