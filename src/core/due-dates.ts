import { addDays, type Day } from './day.ts';

/** The days inside a legal time limit: when to remind, and by when another must have answered. */

export interface Reminder {
  day: Day;
  daysLeft: number;
}

/** Days on which to remind of an end, counted back from it; none that is not after `since`. */
export function reminders(target: Day, since: Day, daysLeft: readonly number[] = [14, 7, 3, 1]): Reminder[] {
  return [...daysLeft]
    .sort((a, b) => b - a)
    .map((left) => ({ day: addDays(target, -left), daysLeft: left }))
    .filter(({ day }) => day > since);
}

/** When a person at a recipient owes the answer: after their own days, or a margin before the case's target, whichever is earlier. */
export function taskDue(
  asked: Day,
  dueDays: number,
  target: Day | null,
  marginDays = 3,
): { day: Day; because: 'due-days' | 'target' | 'overdue' } {
  const own = addDays(asked, dueDays);
  if (target === null) return { day: own, because: 'due-days' };
  const latest = addDays(target, -marginDays);
  if (latest < asked) return { day: asked, because: 'overdue' };
  return own <= latest ? { day: own, because: 'due-days' } : { day: latest, because: 'target' };
}
