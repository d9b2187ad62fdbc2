import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { linkUntil, nextReminder } from '../../src/core/reply.ts';

const due = new Date('2026-12-14T21:59:59.999Z');
/** Nine in the morning of the day, in Finland. */
const morning = due.getTime() - 15 * 3_600_000;
const day = (n: number) => new Date(due.getTime() + n * 86_400_000);
const daysOf = (asked: Date, mails: number) => {
  const days: number[] = [];
  for (let last = asked; days.length < mails; ) {
    last = nextReminder(due, last);
    days.push((last.getTime() - morning) / 86_400_000);
  }
  return days;
};

describe('reminders of a task', () => {
  it('come in the morning: nine, four and one day before, on the day, then daily for two weeks, then weekly', () => {
    expect(daysOf(day(-14), 25)).toEqual([
      -9,
      -4,
      -1,
      0,
      ...Array.from({ length: 14 }, (_, n) => n + 1),
      21,
      28,
      35,
      42,
      49,
      56,
      63,
    ]);
  });

  it('leave out what lies before the question', () => {
    expect(daysOf(day(-3), 3)).toEqual([-1, 0, 1]);
    expect(daysOf(day(-0.2), 2)).toEqual([1, 2]);
    expect(daysOf(day(-1.2), 2)).toEqual([0, 1]);
    expect(daysOf(day(40), 2)).toEqual([42, 49]);
  });

  test.prop([fc.integer({ min: -400, max: 4000 }), fc.integer({ min: -100, max: 100 })])(
    'always go on, half a day apart at least, with a link that is good until after the next',
    (hours, offset) => {
      const last = new Date(due.getTime() + hours * 3_600_000 + offset * 1000);
      const next = nextReminder(due, last);
      expect(next.getTime() - last.getTime()).toBeGreaterThanOrEqual(12 * 3_600_000);
      expect(next.getTime() - last.getTime()).toBeLessThanOrEqual(Math.max(8 * 86_400_000, due.getTime() - last.getTime()));
      expect(linkUntil(next).getTime()).toBeGreaterThan(nextReminder(due, next).getTime() - 86_400_000);
    },
  );
});
