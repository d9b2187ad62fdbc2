import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { addDays, addMonths, dayIn, endOfDay, weekday } from '../../src/core/day.ts';
import { reminders, taskDue } from '../../src/core/due-dates.ts';
import { freeDay, noEves } from '../../src/core/holidays.ts';
import { type ClockRequest, legalClock, mayExtend, mayPause, type Pause } from '../../src/core/legal-clock.ts';
import { inEnglish, workingInEnglish } from '../../src/core/legal-clock-words.ts';
import { calendar, secondClock } from './second-clock.ts';

const told = (received: string) => ({ toldOn: received, reasons: 'many systems, some run by others' });
const ends = (request: ClockRequest, settings = {}) => {
  const { target, date } = legalClock(request, settings);
  return { target, date };
};
const said = (request: ClockRequest, settings = {}) => workingInEnglish(legalClock(request, settings));

describe('the end of a day', () => {
  it.each([
    ['2026-12-01', 'Europe/Helsinki', '2026-12-01T21:59:59.999Z'],
    ['2026-07-01', 'Europe/Helsinki', '2026-07-01T20:59:59.999Z'],
    // the day before the clocks change, the day itself (23 and 25 hours) and the day after
    ['2026-03-28', 'Europe/Helsinki', '2026-03-28T21:59:59.999Z'],
    ['2026-03-29', 'Europe/Helsinki', '2026-03-29T20:59:59.999Z'],
    ['2026-03-30', 'Europe/Helsinki', '2026-03-30T20:59:59.999Z'],
    ['2026-10-24', 'Europe/Helsinki', '2026-10-24T20:59:59.999Z'],
    ['2026-10-25', 'Europe/Helsinki', '2026-10-25T21:59:59.999Z'],
    ['2026-10-26', 'Europe/Helsinki', '2026-10-26T21:59:59.999Z'],
    ['2026-10-25', 'UTC', '2026-10-25T23:59:59.999Z'],
    ['2026-10-25', 'Pacific/Kiritimati', '2026-10-25T09:59:59.999Z'],
    ['2026-10-25', 'Pacific/Pago_Pago', '2026-10-26T10:59:59.999Z'],
  ])('%s in %s is %s', (day, zone, at) => {
    const end = endOfDay(day, zone);
    expect(end.toISOString()).toBe(at);
    expect([dayIn(end, zone), dayIn(new Date(end.getTime() + 1), zone)]).toEqual([day, addDays(day, 1)]);
  });
});

describe('the legal clock', () => {
  it('ends every request of 2018 to 2100, normal and extended, as the second implementation does', () => {
    const days = calendar.filter(({ year }) => year >= 2018 && year <= 2100);
    expect(days).toHaveLength(30_315);
    for (const { day } of days) {
      for (const extended of [false, true]) {
        const { target, date } = legalClock({ received: day, extension: extended ? told(day) : null });
        const second = secondClock(day, extended);
        if (target !== second.target || date !== second.date)
          expect.fail(`${day}${extended ? ' extended' : ''}: ${target}, ${date}; the second: ${second.target}, ${second.date}`);
      }
    }
  });

  it.each([
    ['5 March', '2025-03-05', '2025-04-05', '2025-04-07'],
    ['31 January', '2026-01-31', '2026-02-28', '2026-03-02'],
    ['31 January before a leap day', '2024-01-31', '2024-02-29', '2024-02-29'],
    ['31 August', '2026-08-31', '2026-09-30', '2026-09-30'],
    ['29 February', '2024-02-29', '2024-03-29', '2024-04-02'],
    ['28 February', '2026-02-28', '2026-03-28', '2026-03-30'],
    ['31 December', '2025-12-31', '2026-01-31', '2026-02-02'],
    ['30 January in 2100, which has no leap day', '2100-01-30', '2100-02-28', '2100-03-01'],
    ['the month before Christmas', '2026-11-25', '2026-12-25', '2026-12-28'],
    ['the month before Midsummer', '2026-05-20', '2026-06-20', '2026-06-22'],
    ['the month before Good Friday', '2026-03-03', '2026-04-03', '2026-04-07'],
    ['the month before New Year', '2026-12-01', '2027-01-01', '2027-01-04'],
    ['the month before Independence Day', '2027-11-06', '2027-12-06', '2027-12-07'],
  ])('counts one month from %s', (_, received, target, date) => expect(ends({ received })).toEqual({ target, date }));

  it('takes the earlier where three months from receipt and two from the first end differ', () => {
    expect(ends({ received: '2026-01-31', extension: told('2026-02-27') })).toEqual({ target: '2026-04-28', date: '2026-04-28' });
    expect(said({ received: '2026-01-31', extension: told('2026-02-27') })).toContain(
      'three months from receipt end 2026-04-30, two from the first end 2026-04-28: the earlier, 2026-04-28',
    );
  });

  it('feeds no weekend roll into the next count', () => {
    // the first end, a Saturday, is lawful until Monday 2 March; two months from that would be 2 May
    const clock = legalClock({ received: '2026-01-31', extension: told('2026-03-02') });
    expect(clock.firstMonth).toEqual({ target: '2026-02-28', date: '2026-03-02' });
    expect(clock.target).toBe('2026-04-28');
  });

  it('counts from the day where the controller is', () => {
    const clock = legalClock({ received: new Date('2026-01-31T22:30:00Z') });
    expect(clock).toMatchObject({ received: '2026-02-01', target: '2026-03-01', date: '2026-03-02' });
    expect(inEnglish(clock.working[0] as never)).toBe('2026-01-31T22:30:00.000Z is 2026-02-01 in Europe/Helsinki');
    expect(legalClock({ received: new Date('2026-01-31T22:30:00Z') }, { zone: 'UTC' }).received).toBe('2026-01-31');
  });

  it('moves off an eve only where the company said so, and says which were on', () => {
    const [midsummer, christmas] = [{ received: '2026-05-19' }, { received: '2026-11-24' }];
    expect(ends(midsummer).date).toBe('2026-06-19');
    expect(ends(christmas).date).toBe('2026-12-24');
    const eves = { midsummerEve: true, christmasEve: true };
    expect(ends(midsummer, { eves })).toEqual({ target: '2026-06-19', date: '2026-06-22' });
    expect(ends(christmas, { eves })).toEqual({ target: '2026-12-24', date: '2026-12-28' });
    expect(said(midsummer)).toContain('eves that move a deadline: none');
    expect(said(midsummer, { eves })).toContain('eves that move a deadline: Midsummer Eve, Christmas Eve');
    expect(said(christmas, { eves: { ...eves, midsummerEve: false } })).toMatch(/deadline: Christmas Eve$/);
  });

  it('gives an objection to direct marketing no month', () => {
    const clock = legalClock({ received: '2026-06-20', atOnce: true, pauses: [] });
    expect(clock).toMatchObject({
      target: '2026-06-20',
      date: '2026-06-20',
      firstMonth: { date: '2026-06-20' },
      pausedSince: null,
    });
    expect(workingInEnglish(clock)).toMatch(/has no month: due at once, 2026-06-20 \(GDPR Art. 21\(3\)\)$/);
  });

  it('refuses a day that is none', () => expect(() => legalClock({ received: '2026-02-30' })).toThrow(RangeError));
});

describe('its working', () => {
  it('explains 31 January', () => {
    expect(said({ received: '2026-01-31' })).toBe(
      'received 2026-01-31; the day itself does not count (Reg. 1182/71 Art. 3(1)); ' +
        'one month ends 2026-02-28, the last day of the month (Art. 3(2)(c)); ' +
        'that is a Saturday → next working day 2026-03-02 (Art. 3(4)); working target 2026-02-28; eves that move a deadline: none',
    );
  });

  it('explains Christmas, Midsummer and a plain Wednesday', () => {
    expect(said({ received: '2026-11-25' })).toContain(
      'one month ends 2026-12-25, the same date (Art. 3(2)(c)); ' +
        "that is Christmas Day, 2026-12-26 is St Stephen's Day → next working day 2026-12-28 (Art. 3(4))",
    );
    expect(said({ received: '2026-05-20' })).toContain('that is Midsummer Day → next working day 2026-06-22');
    expect(said({ received: '2026-08-31' })).toContain('that is a Wednesday and a working day; working target 2026-09-30');
  });

  it('can be said in any language: codes and what fills them', () => {
    expect(legalClock({ received: '2026-01-31' }).working).toEqual([
      { code: 'received', params: { day: '2026-01-31' } },
      { code: 'month-end', params: { months: 1, day: '2026-02-28', isLastOfMonth: true } },
      {
        code: 'roll',
        params: {
          day: '2026-02-28',
          over: [
            { day: '2026-02-28', why: 'saturday' },
            { day: '2026-03-01', why: 'sunday' },
          ],
          to: '2026-03-02',
        },
      },
      { code: 'target', params: { day: '2026-02-28' } },
      { code: 'eves', params: { midsummerEve: false, christmasEve: false } },
    ]);
  });

  it('says the last day of the month only where the month is too short', () => {
    expect(said({ received: '2026-03-30' })).toContain('ends 2026-04-30, the same date');
    expect(said({ received: '2026-03-31' })).toContain('ends 2026-04-30, the last day of the month');
  });
});

describe('an extension', () => {
  const request = { received: '2026-01-15' };

  it('is granted until the last lawful day of the first month, and refused after it', () => {
    // 15 February 2026 is a Sunday
    expect(mayExtend(request, told('2026-02-16'))).toMatchObject({
      allowed: true,
      clock: { target: '2026-04-15', isExtended: true },
    });
    expect(mayExtend(request, told('2026-02-17'))).toEqual({
      allowed: false,
      fault: 'month-over',
      why: 'the person had to be told within the first month, which ended on 2026-02-16; 2026-02-17 is too late (GDPR Art. 12(3))',
    });
  });

  it.each([
    ['no-reasons', request, { toldOn: '2026-01-20', reasons: ' ' }, /the reasons/],
    ['before-receipt', request, told('2026-01-14'), /on 2026-01-14, before/],
    ['already-extended', { ...request, extension: told('2026-01-20') }, told('2026-01-21'), /once/],
    ['at-once', { ...request, atOnce: true }, told('2026-01-15'), /no month/],
  ] as const)('is refused: %s', (fault, asked, extension, why) => {
    expect(mayExtend(asked, extension)).toEqual({ allowed: false, fault, why: expect.stringMatching(why) });
  });

  it('that was recorded too late extends nothing, and the working says so', () => {
    const late = { ...request, extension: told('2026-02-17') };
    expect(legalClock(late)).toMatchObject({ target: '2026-02-15', date: '2026-02-16', isExtended: false });
    expect(said(late)).toContain('not extended by what was told 2026-02-17 (month-over; the first month ended 2026-02-16');
  });

  it('may be told as long as the first month stands still', () => {
    const pauses: Pause[] = [{ reason: 'identity', asked: '2026-01-16', answered: null }];
    expect(mayExtend({ ...request, pauses }, told('2026-03-10'))).toMatchObject({ allowed: true });
    const answered: Pause[] = [{ reason: 'identity', asked: '2026-01-16', answered: '2026-01-20' }];
    expect(mayExtend({ ...request, pauses: answered }, told('2026-02-19'))).toMatchObject({ allowed: true });
    expect(mayExtend({ ...request, pauses: answered }, told('2026-02-20'))).toMatchObject({
      allowed: false,
      fault: 'month-over',
    });
  });
});

describe('a pause', () => {
  const request = { received: '2026-03-05' };
  const identity = (asked: string, answered: string | null): Pause => ({ reason: 'identity', asked, answered });
  const with_ = (...pauses: Pause[]) => ({ ...request, pauses });

  it('adds its whole days: that of the answer, not that of the question', () => {
    const clock = legalClock(with_(identity('2026-03-06', '2026-03-16')));
    expect(clock).toMatchObject({ target: '2026-04-15', date: '2026-04-15', pausedDays: 10, pausedSince: null });
    expect(workingInEnglish(clock)).toContain(
      'asked about identity 2026-03-06, answered 2026-03-16: the clock stood still for 10 days; with 10 days of pause the end is 2026-04-15',
    );
  });

  it('adds nothing when answered the same day', () => {
    const clock = legalClock(with_(identity('2026-03-06', '2026-03-06')));
    expect(clock).toMatchObject({ target: '2026-04-05', pausedDays: 0 });
    expect(clock.working.some(({ code }) => code === 'paused-end')).toBe(false);
  });

  it('is added after the months: a stopped clock adds days, never months', () => {
    const clock = legalClock({ ...with_(identity('2026-03-06', '2026-03-31')), extension: told('2026-03-20') });
    expect(clock.target).toBe('2026-06-30');
  });

  it('may follow another, when what came did not do', () => {
    const clock = legalClock(with_(identity('2026-03-18', '2026-03-20'), identity('2026-03-06', '2026-03-16')));
    expect(clock).toMatchObject({ target: '2026-04-17', pausedDays: 12 });
  });

  it('that lasts adds the days until today, and none where today is not known', () => {
    const open = with_(identity('2026-03-06', null));
    expect(legalClock(open)).toMatchObject({ target: '2026-04-05', pausedSince: '2026-03-06' });
    expect(legalClock({ ...open, asOf: '2026-05-06' })).toMatchObject({ target: '2026-06-05', pausedSince: '2026-03-06' });
    expect(legalClock({ ...open, asOf: '2026-03-01' }).pausedDays).toBe(0);
    expect(said({ ...open, asOf: '2026-03-07' })).toContain('the clock stands still, so far for 1 day;');
  });

  it('counts only when asked without undue delay', () => {
    // a Thursday: the third working day after is Tuesday
    expect(mayPause(request, identity('2026-03-10', null))).toMatchObject({ allowed: true });
    expect(mayPause(request, identity('2026-03-11', null))).toEqual({
      allowed: false,
      fault: 'late',
      why: 'it was not asked without undue delay: by 2026-03-10 at the latest',
    });
    const late = with_(identity('2026-03-11', '2026-03-20'));
    expect(legalClock(late).target).toBe('2026-04-05');
    expect(said(late)).toContain('the clock ran on (it was not asked without undue delay');
    expect(legalClock(late, { askWithinWorkingDays: 4 }).target).toBe('2026-04-14');
  });

  it.each([
    ['overlapping', [identity('2026-03-06', '2026-03-16')], identity('2026-03-15', '2026-03-20')],
    ['overlapping', [identity('2026-03-06', null)], identity('2026-03-15', '2026-03-20')],
    ['overlapping', [identity('2026-03-09', '2026-03-16')], identity('2026-03-06', '2026-03-10')],
    ['before-receipt', [], identity('2026-03-04', '2026-03-06')],
    ['answered-before-asked', [], identity('2026-03-06', '2026-03-05')],
    ['reason-does-not-stop', [], { reason: 'clarification', asked: '2026-03-06', answered: null }],
  ] as const)('is refused: %s', (fault, before, pause) => {
    expect(mayPause(with_(...before), pause)).toMatchObject({ allowed: false, fault });
  });

  it('cannot revive a time that ran out', () => {
    const lax = { askWithinWorkingDays: 60 };
    expect(mayPause(request, identity('2026-04-05', null), lax)).toMatchObject({ allowed: true });
    expect(mayPause(request, identity('2026-04-06', null), lax)).toMatchObject({ allowed: false, fault: 'time-over' });
  });

  it('begins on the day the last one ended, at the earliest', () => {
    const first = with_(identity('2026-03-06', '2026-03-16'));
    expect(mayPause(first, identity('2026-03-16', '2026-03-18'))).toMatchObject({ allowed: true, clock: { pausedDays: 12 } });
  });

  it('is not blamed for what was refused before it', () => {
    const refused = with_(identity('2026-03-05', '2026-03-16'), identity('2026-03-10', '2026-03-12'));
    expect(mayPause(refused, identity('2026-03-17', null))).toMatchObject({ allowed: true });
  });

  it('stops the clock for a clarification where the company says so', () => {
    const pauses: Pause[] = [{ reason: 'clarification', asked: '2026-03-06', answered: '2026-03-07' }];
    expect(legalClock({ ...request, pauses }, { pausesFor: ['identity', 'clarification'] }).pausedDays).toBe(1);
  });

  it('does not touch an objection to direct marketing', () => {
    expect(mayPause({ ...request, atOnce: true }, identity('2026-03-05', null))).toMatchObject({
      allowed: false,
      fault: 'at-once',
    });
  });
});

describe('whatever comes', () => {
  const day = fc.integer({ min: 0, max: 30_000 }).map((n) => addDays('2018-01-01', n));
  const lengths = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 40 })), { maxLength: 4 });

  test.prop([day, fc.boolean()])(
    'the date is a working day, on or after the target, and no month is 30 days by rule',
    (received, extended) => {
      const { date, target } = legalClock({ received, extension: extended ? told(received) : null });
      expect(freeDay(date, noEves)).toBeNull();
      expect(weekday(date)).toBeLessThan(6);
      expect(date >= target).toBe(true);
      for (let at = target; at < date; at = addDays(at, 1)) expect(freeDay(at, noEves)).not.toBeNull();
      expect(target <= addMonths(received, extended ? 3 : 1)).toBe(true);
    },
  );

  test.prop([day, day])('later receipt never ends earlier', (a, b) => {
    const [first, second] = a <= b ? [a, b] : [b, a];
    expect(legalClock({ received: first }).date <= legalClock({ received: second }).date).toBe(true);
  });

  test.prop([day, lengths, fc.boolean()])(
    'pauses add their days, in any order, as the second clock adds them',
    (received, drawn, extended) => {
      const pauses: Pause[] = [];
      let [at, total] = [received, 0];
      for (const [gap, length] of drawn) {
        const asked = addDays(at, gap);
        at = addDays(asked, length);
        total += length;
        pauses.push({ reason: 'identity', asked, answered: at });
      }
      const request = { received, extension: extended ? told(received) : null };
      const clock = legalClock({ ...request, pauses });
      expect(clock.pausedDays).toBe(total);
      expect({ target: clock.target, date: clock.date }).toEqual(secondClock(received, extended, total));
      expect(ends({ ...request, pauses: pauses.toReversed() }).date).toBe(clock.date);
    },
  );

  test.prop([day, day])('an extension told after the first month changes nothing', (received, toldOn) => {
    const plain = legalClock({ received });
    const verdict = mayExtend({ received }, told(toldOn));
    expect(verdict.allowed).toBe(toldOn >= received && toldOn <= plain.date);
    expect(legalClock({ received, extension: told(toldOn) }).isExtended).toBe(verdict.allowed);
  });
});

describe('due dates inside the limit', () => {
  it('remind fourteen, seven, three days and one day before, and never before the request came', () => {
    expect(reminders('2026-02-28', '2026-01-31')).toEqual([
      { day: '2026-02-14', daysLeft: 14 },
      { day: '2026-02-21', daysLeft: 7 },
      { day: '2026-02-25', daysLeft: 3 },
      { day: '2026-02-27', daysLeft: 1 },
    ]);
    expect(reminders('2026-02-28', '2026-02-21').map(({ daysLeft }) => daysLeft)).toEqual([3, 1]);
    expect(reminders('2026-02-28', '2026-01-31', [1, 10]).map(({ day }) => day)).toEqual(['2026-02-18', '2026-02-27']);
  });

  it('give a person their own days, or end a margin before the target, and never lie in the past', () => {
    expect(taskDue('2026-02-01', 14, '2026-02-28')).toEqual({ day: '2026-02-15', because: 'due-days' });
    expect(taskDue('2026-02-01', 24, '2026-02-28')).toEqual({ day: '2026-02-25', because: 'due-days' });
    expect(taskDue('2026-02-01', 25, '2026-02-28')).toEqual({ day: '2026-02-25', because: 'target' });
    expect(taskDue('2026-02-20', 14, '2026-02-28', 5)).toEqual({ day: '2026-02-23', because: 'target' });
    expect(taskDue('2026-02-25', 14, '2026-02-28')).toEqual({ day: '2026-02-25', because: 'target' });
    expect(taskDue('2026-02-26', 14, '2026-02-28')).toEqual({ day: '2026-02-26', because: 'overdue' });
    expect(taskDue('2026-02-26', 14, null)).toEqual({ day: '2026-03-12', because: 'due-days' });
  });
});
