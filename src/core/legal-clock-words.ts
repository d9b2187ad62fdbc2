import { weekday } from './day.ts';
import type { FreeDay } from './holidays.ts';
import { type LegalClock, pauseRefused, type WorkingLine } from './legal-clock.ts';

/** The working in plain English, for logs, letters' drafts and the command line. The console says the same lines in its languages. */

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

const freeDays: Record<FreeDay, string> = {
  saturday: 'a Saturday',
  sunday: 'a Sunday',
  'new-year': "New Year's Day",
  epiphany: 'Epiphany',
  'good-friday': 'Good Friday',
  'easter-sunday': 'Easter Sunday',
  'easter-monday': 'Easter Monday',
  'may-day': 'May Day',
  ascension: 'Ascension Day',
  'whit-sunday': 'Whit Sunday',
  'midsummer-day': 'Midsummer Day',
  'all-saints': "All Saints' Day",
  'independence-day': 'Independence Day',
  'christmas-day': 'Christmas Day',
  'st-stephen': "St Stephen's Day",
  'midsummer-eve': 'Midsummer Eve',
  'christmas-eve': 'Christmas Eve',
};

const months = (n: number) => (n === 1 ? 'one month' : `${n} months`);
const days = (n: number) => (n === 1 ? '1 day' : `${n} days`);
const asks = { identity: 'identity', clarification: 'what is meant' };

/** One line, with what it rests on. */
export function inEnglish(line: WorkingLine): string {
  switch (line.code) {
    case 'instant':
      return `${line.params.instant} is ${line.params.day} in ${line.params.zone}`;
    case 'received':
      return `received ${line.params.day}; the day itself does not count (Reg. 1182/71 Art. 3(1))`;
    case 'at-once':
      return `an objection to direct marketing has no month: due at once, ${line.params.day} (GDPR Art. 21(3))`;
    case 'month-end': {
      const { months: n, day, isLastOfMonth } = line.params;
      return `${months(n)} ends ${day}, ${isLastOfMonth ? 'the last day of the month' : 'the same date'} (Art. 3(2)(c))`;
    }
    case 'extended': {
      const { toldOn, fromReceipt, fromFirstEnd, day } = line.params;
      const choice =
        fromReceipt === fromFirstEnd
          ? `ends ${day}`
          : `three months from receipt end ${fromReceipt}, two from the first end ${fromFirstEnd}: the earlier, ${day}`;
      return `extended by two further months, told with reasons ${toldOn} (GDPR Art. 12(3)): ${choice}`;
    }
    case 'not-extended': {
      const { toldOn, fault, monthOver } = line.params;
      return `not extended by what was told ${toldOn} (${fault}; the first month ended ${monthOver}, GDPR Art. 12(3))`;
    }
    case 'pause': {
      const { reason, asked, answered, days: n } = line.params;
      return `asked about ${asks[reason]} ${asked}, answered ${answered}: the clock stood still for ${days(n)}`;
    }
    case 'pause-open': {
      const { reason, asked, days: n } = line.params;
      return `asked about ${asks[reason]} ${asked}, not answered: the clock stands still, so far for ${days(n)}`;
    }
    case 'pause-not-counted': {
      const { reason, asked, fault, askedBy } = line.params;
      return `asked about ${asks[reason]} ${asked}: the clock ran on (${pauseRefused[fault](askedBy)})`;
    }
    case 'paused-end':
      return `with ${days(line.params.days)} of pause the end is ${line.params.day}`;
    case 'working-day':
      return `that is a ${weekdays[weekday(line.params.day) - 1]} and a working day`;
    case 'roll':
      return roll(line.params);
    case 'target':
      return `working target ${line.params.day}`;
    case 'eves': {
      const on = [...(line.params.midsummerEve ? ['Midsummer Eve'] : []), ...(line.params.christmasEve ? ['Christmas Eve'] : [])];
      return `eves that move a deadline: ${on.join(', ') || 'none'}`;
    }
  }
}

/** A plain weekend explains itself; a holiday on the way is named. */
function roll({ over, to }: Extract<WorkingLine, { code: 'roll' }>['params']): string {
  const [first, ...rest] = over;
  const named = rest
    .filter(({ why }) => why !== 'saturday' && why !== 'sunday')
    .map(({ day, why }) => `, ${day} is ${freeDays[why]}`);
  return `that is ${first ? freeDays[first.why] : ''}${named.join('')} → next working day ${to} (Art. 3(4))`;
}

export const workingInEnglish = (clock: Pick<LegalClock, 'working'>): string => clock.working.map(inEnglish).join('; ');
