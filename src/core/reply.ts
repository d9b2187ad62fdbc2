/** How people who run a system are asked by mail: when they are reminded, and how long a link and a code are good. */

const dayMs = 86_400_000;

/** Days from the day an answer is due: before it three reminders, on it, then each day for two weeks, then each week. */
const before = [-9, -4, -1, 0];
const daily = 14;

/** A reminder goes in the morning of its day: so long before the day ends, in ms. */
const morningMs = 15 * 3_600_000;

/** Between two mails about one task, in ms: whoever was asked late is not reminded the next minute. */
const gapMs = 12 * 3_600_000;

/** When the next reminder of a task that is due at the end of a day is sent, after a mail at `last`. Silence ends nothing, so there always is one. */
export function nextReminder(due: Date, last: Date): Date {
  const earliest = last.getTime() + gapMs;
  const at = (days: number) => due.getTime() - morningMs + days * dayMs;
  const fixed = before.find((days) => at(days) >= earliest);
  if (fixed !== undefined) return new Date(at(fixed));
  const late = Math.max(1, Math.ceil((earliest - at(0)) / dayMs));
  return new Date(at(late <= daily ? late : daily + 7 * Math.ceil((late - daily) / 7)));
}

/** Until when a mailed link opens: a week beyond the next reminder, which brings a new one. */
export const linkUntil = (next: Date): Date => new Date(next.getTime() + 7 * dayMs);

export const replyLimits = {
  /** Digits of a code. */
  digits: 8,
  /** How long a code is good, and how long the page stays open with it, in ms. */
  codeMs: 15 * 60_000,
  openMs: 60 * 60_000,
  /** Wrong codes until a new one is needed, and codes that one task is mailed in a day. */
  tries: 5,
  codesADay: 6,
  /** The largest file with an answer, in bytes, and how long it is kept, in days. */
  fileBytes: 5_000_000,
  fileDays: 30,
};

/** The version of the words that an answerer agrees to; they change only together. */
export const attestationVersion = 1;
