import { addDays, addMonths, type Day, dayIn, dayOf, daysBetween, earlier, lastOfMonth, later, parts } from './day.ts';
import { type Eves, type FreeDay, nextWorkingDay, noEves, workingDaysAfter } from './holidays.ts';

/**
 * The time limit of Art. 12(3) GDPR, counted as Regulation 1182/71 counts, with its working.
 *
 *   received ──▶ one month ──▶ (two further months, if told with reasons in time) ──▶ + days of pauses = target
 *                                                                                target, rolled to a working day = date
 *
 * Two ends: `target`, the counted day itself, is what the work is planned for; `date` is the last lawful day, which moves off a
 * weekend or holiday. What was rolled never feeds another count. Where the texts leave a choice it is a setting, and the
 * default is the one that ends earlier. The month is a ceiling: "without undue delay" comes first.
 */

/** Why the clock may stand still. */
export type PauseReason = 'identity' | 'clarification';

export interface Pause {
  reason: PauseReason;
  asked: Day;
  /** Null: no answer yet. */
  answered: Day | null;
}

export interface Extension {
  toldOn: Day;
  /** As the person was told them. */
  reasons: string;
}

export interface ClockRequest {
  /** When it reached an official channel (nobody need have noticed): a day, or an instant that becomes one where the controller is. */
  received: Day | Date;
  /** An objection to direct marketing: no month, at once (Art. 21(3)). */
  atOnce?: boolean;
  extension?: Extension | null;
  pauses?: readonly Pause[];
  /** Today, for a pause that still lasts; without it such a pause adds nothing yet. */
  asOf?: Day;
}

export interface ClockSettings {
  eves: Eves;
  /** Reasons for which the clock stands still. That asking to specify a request stops it is not settled: off. */
  pausesFor: readonly PauseReason[];
  /** "Without undue delay" for a question that stops the clock: working days after the receipt, or after the last answer. */
  askWithinWorkingDays: number;
  zone: string;
}

export const cautious: ClockSettings = {
  eves: noEves,
  pausesFor: ['identity'],
  askWithinWorkingDays: 3,
  zone: 'Europe/Helsinki',
};

export type PauseFault =
  | 'reason-does-not-stop'
  | 'before-receipt'
  | 'answered-before-asked'
  | 'overlapping'
  | 'late'
  | 'time-over'
  | 'at-once';

export type ExtensionFault = 'at-once' | 'already-extended' | 'before-receipt' | 'no-reasons' | 'month-over';

type Line<Code extends string, Params> = { code: Code; params: Params };
/** One step of the working: a code and what fills it, so that it can be said in any language. */
export type WorkingLine =
  | Line<'instant', { instant: string; zone: string; day: Day }>
  | Line<'received', { day: Day }>
  | Line<'at-once', { day: Day }>
  | Line<'month-end', { months: number; day: Day; isLastOfMonth: boolean }>
  | Line<'extended', { toldOn: Day; fromReceipt: Day; fromFirstEnd: Day; day: Day }>
  | Line<'not-extended', { toldOn: Day; fault: ExtensionFault; monthOver: Day }>
  | Line<'pause', { reason: PauseReason; asked: Day; answered: Day; days: number }>
  | Line<'pause-open', { reason: PauseReason; asked: Day; days: number }>
  | Line<'pause-not-counted', { reason: PauseReason; asked: Day; fault: PauseFault; askedBy: Day }>
  | Line<'paused-end', { days: number; day: Day }>
  | Line<'working-day', { day: Day }>
  | Line<'roll', { day: Day; over: { day: Day; why: FreeDay }[]; to: Day }>
  | Line<'target', { day: Day }>
  | Line<'eves', Eves>;

export interface LegalClock {
  received: Day;
  /** The last lawful day. */
  date: Day;
  /** The counted day itself; plan for this one. */
  target: Day;
  isExtended: boolean;
  /** When the first month ends: until then an extension may be told. */
  firstMonth: { date: Day; target: Day };
  pausedDays: number;
  /** The clock stands still since then; the dates are the earliest possible. */
  pausedSince: Day | null;
  working: WorkingLine[];
}

export function legalClock(request: ClockRequest, given: Partial<ClockSettings> = {}): LegalClock {
  const settings = { ...cautious, ...given };
  const { received, working } = receipt(request.received, settings.zone);
  if (request.atOnce) return atOnce(received, working);
  const rolled = (day: Day) => nextWorkingDay(day, settings.eves);

  const first = addMonths(received, 1);
  working.push(monthEnd(received, 1, first));
  const count = (end: Day) => countPauses(received, end, request.pauses ?? [], request.asOf, settings);
  const firstTarget = count(first).end;
  const firstMonth = { target: firstTarget, date: rolled(firstTarget).day };

  let base = first;
  const fault = request.extension ? faultOf(request, request.extension, settings) : null;
  if (request.extension && fault === null) {
    const [fromReceipt, fromFirstEnd] = [addMonths(received, 3), addMonths(first, 2)];
    base = earlier(fromReceipt, fromFirstEnd);
    working.push({ code: 'extended', params: { toldOn: request.extension.toldOn, fromReceipt, fromFirstEnd, day: base } });
  } else if (request.extension && fault !== null) {
    const { toldOn } = request.extension;
    working.push({ code: 'not-extended', params: { toldOn, fault, monthOver: monthOver(request, toldOn, settings).date } });
  }

  const paused = count(base);
  working.push(...paused.working);
  const target = paused.end;
  if (paused.days > 0) working.push({ code: 'paused-end', params: { days: paused.days, day: target } });
  const { day: date, over } = rolled(target);
  working.push(
    over.length === 0
      ? { code: 'working-day', params: { day: target } }
      : { code: 'roll', params: { day: target, over, to: date } },
    { code: 'target', params: { day: target } },
    { code: 'eves', params: settings.eves },
  );
  return {
    received,
    date,
    target,
    isExtended: request.extension != null && fault === null,
    firstMonth,
    pausedDays: paused.days,
    pausedSince: paused.since,
    working,
  };
}

function receipt(received: Day | Date, zone: string): { received: Day; working: WorkingLine[] } {
  const day = received instanceof Date ? dayIn(received, zone) : received;
  parts(day);
  const working: WorkingLine[] = [{ code: 'received', params: { day } }];
  if (received instanceof Date) working.unshift({ code: 'instant', params: { instant: received.toISOString(), zone, day } });
  return { received: day, working };
}

function atOnce(received: Day, working: WorkingLine[]): LegalClock {
  working.push({ code: 'at-once', params: { day: received } });
  const firstMonth = { date: received, target: received };
  return { received, date: received, target: received, isExtended: false, firstMonth, pausedDays: 0, pausedSince: null, working };
}

function monthEnd(from: Day, months: number, day: Day): WorkingLine {
  const { year, month, date } = parts(day);
  // said only where the month is too short: 30 April after 30 March is simply the same number
  const isLastOfMonth = date !== parts(from).date && day === dayOf(year, month, lastOfMonth(year, month));
  return { code: 'month-end', params: { months, day, isLastOfMonth } };
}

interface Counted {
  end: Day;
  days: number;
  since: Day | null;
  working: WorkingLine[];
}

/** Adds the days of each pause that counts. The day of the question does not count, the day of the answer does (Art. 3(1) again). */
function countPauses(
  received: Day,
  base: Day,
  pauses: readonly Pause[],
  asOf: Day | undefined,
  settings: ClockSettings,
): Counted {
  const counted: Counted = { end: base, days: 0, since: null, working: [] };
  let free = received; // from here on a question may stop the clock: nothing else keeps it stopped
  for (const pause of [...pauses].sort((a, b) => (a.asked < b.asked ? -1 : a.asked > b.asked ? 1 : 0))) {
    const { reason, asked, answered } = pause;
    const askedBy = workingDaysAfter(free, settings.askWithinWorkingDays, settings.eves);
    const fault = pauseFault(pause, { received, free, askedBy, end: counted.end, isOpen: counted.since !== null }, settings);
    if (fault !== null) {
      counted.working.push({ code: 'pause-not-counted', params: { reason, asked, fault, askedBy } });
      continue;
    }
    const days = daysBetween(asked, answered ?? later(asked, asOf ?? asked));
    counted.working.push(
      answered === null
        ? { code: 'pause-open', params: { reason, asked, days } }
        : { code: 'pause', params: { reason, asked, answered, days } },
    );
    counted.since = answered === null ? asked : null;
    counted.days += days;
    counted.end = addDays(counted.end, days);
    free = answered ?? asked;
  }
  return counted;
}

function pauseFault(
  { reason, asked, answered }: Pause,
  at: { received: Day; free: Day; askedBy: Day; end: Day; isOpen: boolean },
  settings: ClockSettings,
): PauseFault | null {
  if (answered !== null) parts(answered);
  if (!settings.pausesFor.includes(reason)) return 'reason-does-not-stop';
  if (asked < at.received) return 'before-receipt';
  if (answered !== null && answered < asked) return 'answered-before-asked';
  if (at.isOpen || asked < at.free) return 'overlapping';
  if (asked > at.askedBy) return 'late';
  return asked > at.end ? 'time-over' : null;
}

/** The end of the first month as it stood on a day: a clock that was standing still then had not run out. */
function monthOver(request: ClockRequest, on: Day, settings: ClockSettings): { date: Day; target: Day } {
  const { received } = receipt(request.received, settings.zone);
  const { end } = countPauses(received, addMonths(received, 1), request.pauses ?? [], later(on, request.asOf ?? on), settings);
  return { target: end, date: nextWorkingDay(end, settings.eves).day };
}

function faultOf(request: ClockRequest, { toldOn, reasons }: Extension, settings: ClockSettings): ExtensionFault | null {
  parts(toldOn);
  if (request.atOnce) return 'at-once';
  if (toldOn < receipt(request.received, settings.zone).received) return 'before-receipt';
  if (reasons.trim() === '') return 'no-reasons';
  return toldOn > monthOver(request, toldOn, settings).date ? 'month-over' : null;
}

export type Verdict<Fault> = { allowed: true; clock: LegalClock } | { allowed: false; fault: Fault; why: string };

/** Art. 12(3): two further months, only if the person is told so, with reasons, within the first. A gate: nothing is recorded past it. */
export function mayExtend(request: ClockRequest, told: Extension, given: Partial<ClockSettings> = {}): Verdict<ExtensionFault> {
  const settings = { ...cautious, ...given };
  const fault = request.extension ? 'already-extended' : faultOf(request, told, settings);
  if (fault === null) return { allowed: true, clock: legalClock({ ...request, extension: told }, settings) };
  const over = request.atOnce ? '' : monthOver(request, told.toldOn, settings).date;
  return { allowed: false, fault, why: extensionRefused[fault](told.toldOn, over) };
}

const extensionRefused: Record<ExtensionFault, (toldOn: Day, over: Day) => string> = {
  'at-once': () => 'an objection to direct marketing has no month that could be extended (GDPR Art. 21(3))',
  'already-extended': () => 'the time was extended before; the law gives two further months once (GDPR Art. 12(3))',
  'before-receipt': (toldOn) => `the person cannot have been told on ${toldOn}, before the request was received`,
  'no-reasons': () => 'the person must be told the reasons for the delay (GDPR Art. 12(3))',
  'month-over': (toldOn, over) =>
    `the person had to be told within the first month, which ended on ${over}; ${toldOn} is too late (GDPR Art. 12(3))`,
};

/** Whether one more pause would stop the clock, and leave those before it as they are. */
export function mayPause(request: ClockRequest, pause: Pause, given: Partial<ClockSettings> = {}): Verdict<PauseFault> {
  if (request.atOnce) return { allowed: false, fault: 'at-once', why: pauseRefused['at-once']('') };
  const before = legalClock(request, given).working.map((line) => JSON.stringify(line));
  const clock = legalClock({ ...request, pauses: [...(request.pauses ?? []), pause] }, given);
  const refused = clock.working.flatMap((line) => (line.code === 'pause-not-counted' ? [line] : []));
  const anew = refused.find((line) => !before.includes(JSON.stringify(line)))?.params;
  return anew ? { allowed: false, fault: anew.fault, why: pauseRefused[anew.fault](anew.askedBy) } : { allowed: true, clock };
}

export const pauseRefused: Record<PauseFault, (askedBy: Day) => string> = {
  'reason-does-not-stop': () => 'this company lets no question of this kind stop the clock',
  'before-receipt': () => 'nothing could be asked before the request was received',
  'answered-before-asked': () => 'the answer is dated before the question',
  overlapping: () => 'the clock stood still already: a day is added once',
  late: (askedBy) => `it was not asked without undue delay: by ${askedBy} at the latest`,
  'time-over': () => 'the time had run out before it was asked',
  'at-once': () => 'an objection to direct marketing is met at once; there is no clock to stop',
};
