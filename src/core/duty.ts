/**
 * A duty: what one system owes one data subject *now*. Its words are used in code, API, CLI, console and docs, and nowhere
 * does another word mean the same.
 *
 *   open ──▶ sending ──▶ settled     nothing owed now; outcome and evidence say what is known
 *    ▲ ▲        ├──────▶ unknown     the answer was lost: read before any second write
 *    │ └────────┤
 *    │          ├──────▶ waiting     not before a time: vendor, breaker, undo window, law
 *    │          ├──────▶ asked       a person owes the answer, by a date
 *    │          ├──────▶ held        for a verdict, or under a legal hold
 *    │          └──────▶ dead        given up by the machine; a person must act
 *    └── a newer version, a day that came, an answer, a release
 */

export const states = ['open', 'sending', 'unknown', 'waiting', 'asked', 'held', 'settled', 'dead'] as const;
export type State = (typeof states)[number];

export const outcomes = [
  'created',
  'updated',
  'unchanged',
  'restricted',
  'erased',
  'stripped',
  'absent',
  'retained',
  'refused',
  'excepted',
  'not-identifiable',
  'superseded',
] as const;
export type Outcome = (typeof outcomes)[number];

/** Weakest first. A 2xx is `accepted`; a stated completion `acknowledged`; a read-back `observed`. */
export const evidences = ['none', 'asked', 'accepted', 'acknowledged', 'observed', 're-observed'] as const;
export type Evidence = (typeof evidences)[number];

/** The weaker of two: a manifest's cap is applied with this. */
export function weaker(a: Evidence, b: Evidence): Evidence {
  return evidences.indexOf(a) <= evidences.indexOf(b) ? a : b;
}

/** Most urgent first; the number is the queue's priority. */
export const lanes = { objection: 1, erasure: 2, correction: 3, resync: 4 } as const;
export type Lane = keyof typeof lanes;

/** What the change was, in the law's words. */
export const changeKinds = ['creation', 'rectification', 'objection', 'restriction', 'erasure'] as const;
export type ChangeKind = (typeof changeKinds)[number];

export interface Retained {
  fields: string[];
  /** Calendar date, `YYYY-MM-DD`: the last day of the last of it. */
  until: string;
  law: string;
  /** Which law keeps which of the fields: none is said to be kept by a law that does not name it. Absent: a person's statement. */
  parts?: RetainedPart[];
}

export interface RetainedPart {
  fields: string[];
  until: string;
  law: string;
  /** The rule and the version of the pack that counted the day; absent where a claim keeps it. */
  rule?: string;
  pack?: string;
}

/** A duty as the API, the CLI and the console show it. No other words, no values of the person. */
export interface DutyView {
  system: string;
  state: State;
  outcome: Outcome | null;
  evidence: Evidence;
  version: number;
  since: string;
  notBefore?: string;
  retained?: Retained;
  /** The looks after an erasure: the last one, and the next. */
  rechecks?: { last?: string; next?: string };
  /** Of an erased person: until when the system's backups may hold them; null: the system does not say. */
  backupsUntil?: string | null;
  /** The strongest evidence that an erasure can reach there, where it is not the strongest there is. */
  cap?: Evidence;
  asked?: { whom: string; due: string };
  reason?: string;
  next?: string;
  owner: string | null;
}
