import { z } from 'zod';
import { isOver } from '../../core/case.ts';
import { dayIn, daysBetween } from '../../core/day.ts';
import type { FreeDay } from '../../core/holidays.ts';
import type { LegalClock, WorkingLine } from '../../core/legal-clock.ts';
import { clockOf, clockRequest, clockSettings } from '../../jobs/case-clock.ts';
import type { Needs } from '../../jobs/needs.ts';
import type { CaseRow } from '../../store/cases.ts';
import type { Actor } from '../auth.ts';
import { extendNamed, pauseNamed, resumeNamed } from '../case-times.ts';
import { DayText } from '../cases.ts';
import { noCodes } from '../free-text.ts';
import { Id } from '../routes.ts';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Badge, Card } from './parts.tsx';
import { optionalText } from './people.tsx';

/** An empty field of a form is a day that was not given. */
export const optionalDay = z
  .string()
  .trim()
  .transform((text) => (text === '' ? undefined : text))
  .pipe(DayText.optional())
  .optional();

/** The forms that move a case's clock. The gate is the API's own: what it refuses is said in the reader's language. */
export const caseClockPages = [
  page({
    method: 'POST',
    path: '/cases/:id/extend',
    roles: rolesOf('POST /cases/:id/extend'),
    params: Id,
    body: z.object({ reasons: noCodes(optionalText(4000)), toldOn: optionalDay }),
    handle: async ({ needs, actor, params, body }) => {
      await extendNamed(needs, params.id, actor.id, { reasons: body.reasons ?? '', toldOn: body.toldOn });
      return { to: `/cases/${params.id}`, said: 'extended' };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/pause',
    roles: rolesOf('POST /cases/:id/pause'),
    params: Id,
    body: z.object({ reason: z.enum(['identity', 'clarification']), asked: optionalDay }),
    handle: async ({ needs, actor, params, body }) => {
      await pauseNamed(needs, params.id, actor.id, body);
      return { to: `/cases/${params.id}`, said: 'paused' };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/resume',
    roles: rolesOf('POST /cases/:id/resume'),
    params: Id,
    body: z.object({ answered: optionalDay }),
    handle: async ({ needs, actor, params, body }) => {
      await resumeNamed(needs, params.id, actor.id, body);
      return { to: `/cases/${params.id}`, said: 'resumed' };
    },
  }),
];

/** When the answer is due, how that was counted, and the forms that may move it. */
export function ClockCard({
  needs,
  t,
  actor,
  found,
  at,
}: {
  needs: Needs;
  t: Translator;
  actor: Actor;
  found: CaseRow;
  /** The hub's now. */
  at: Date;
}) {
  const clock = clockOf(needs, found, at);
  const { atOnce } = clockRequest(needs, found, at);
  const { zone, pausesFor } = clockSettings(needs);
  const isShut = isOver(found);
  const today = dayIn(at, zone);
  return (
    <Card title={t('clock.title')} id="clock" live>
      <p class="sentence">
        <DueBadge t={t} due={clock.date} today={today} isOver={isShut} />{' '}
        {atOnce ? t('clock.atOnceHint') : t('clock.targetHint', { day: t.day(clock.target) })}
      </p>
      {clock.pausedSince ? (
        <p>
          <Badge tone="warn" mark="‖">
            {t('clock.standsStill', { day: t.day(clock.pausedSince) })}
          </Badge>
        </p>
      ) : null}
      <details>
        <summary>{t('clock.working')}</summary>
        <ol class="plain working">
          {clock.working.map((line) => (
            <li key={JSON.stringify(line)}>{workingWords(t, line)}</li>
          ))}
        </ol>
      </details>
      {isShut || atOnce ? null : (
        <details>
          <summary>{t('clock.move')}</summary>
          <Forms t={t} actor={actor} id={found.id} clock={clock} asks={pausesFor} today={today} />
        </details>
      )}
    </Card>
  );
}

/** A day in words and a mark, never by colour alone. */
export function DueBadge({ t, due, today, isOver }: { t: Translator; due: string; today: string; isOver: boolean }) {
  const left = daysBetween(today, due);
  if (isOver) return <>{t('clock.wasDue', { day: t.day(due) })}</>;
  if (left < 0)
    return (
      <Badge tone="bad" mark="!">
        {t('clock.overdue', { day: t.day(due), n: -left })}
      </Badge>
    );
  return (
    <Badge tone={left <= 7 ? 'warn' : 'calm'} mark="◷">
      {t('clock.due', { day: t.day(due), n: left })}
    </Badge>
  );
}

function Forms({
  t,
  actor,
  id,
  clock,
  asks,
  today,
}: {
  t: Translator;
  actor: Actor;
  id: string;
  clock: LegalClock;
  asks: readonly string[];
  today: string;
}) {
  const isExtendable = !clock.isExtended && may(actor, 'POST /cases/:id/extend');
  const mayPause = may(actor, 'POST /cases/:id/pause');
  if (!isExtendable && !mayPause) return null;
  return (
    <div class="columns flat">
      {isExtendable ? (
        <form method="post" action={`/cases/${id}/extend`} class="form">
          <h3>{t('clock.extend')}</h3>
          <p class="hint">{t('clock.extendHint', { day: t.day(clock.firstMonth.date) })}</p>
          <label>
            {t('clock.reasons')}
            <textarea name="reasons" rows={2} maxLength={4000} required />
          </label>
          <label>
            {t('clock.toldOn')}
            <input type="date" name="toldOn" max={today} />
          </label>
          <div>
            <button type="submit">{t('clock.extendNow')}</button>
          </div>
        </form>
      ) : null}
      {mayPause && clock.pausedSince ? (
        <form method="post" action={`/cases/${id}/resume`} class="form">
          <h3>{t('clock.resume')}</h3>
          <label>
            {t('clock.answered')}
            <input type="date" name="answered" min={clock.pausedSince} max={today} />
          </label>
          <div>
            <button type="submit">{t('clock.resumeNow')}</button>
          </div>
        </form>
      ) : null}
      {mayPause && !clock.pausedSince ? (
        <form method="post" action={`/cases/${id}/pause`} class="form">
          <h3>{t('clock.pause')}</h3>
          <p class="hint">{t('clock.pauseHint')}</p>
          <label>
            {t('clock.about')}
            <select name="reason">
              {asks.map((reason) => (
                <option key={reason} value={reason}>
                  {t(`clock.ask.${reason}`)}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t('clock.asked')}
            <input type="date" name="asked" max={today} />
          </label>
          <div>
            <button type="submit">{t('clock.pauseNow')}</button>
          </div>
        </form>
      ) : null}
    </div>
  );
}

/** One line of the working in the reader's language: the same steps that `core/legal-clock-words.ts` says in English. */
export function workingWords(t: Translator, line: WorkingLine): string {
  const day = (text: string) => t.day(text);
  switch (line.code) {
    case 'instant':
      return t('clock.line.instant', { time: t.time(line.params.instant), day: day(line.params.day) });
    case 'received':
    case 'at-once':
    case 'target':
      return t(`clock.line.${line.code}`, { day: day(line.params.day) });
    case 'month-end':
      return t(line.params.isLastOfMonth ? 'clock.line.month-end-last' : 'clock.line.month-end', {
        n: line.params.months,
        day: day(line.params.day),
      });
    case 'extended': {
      const { toldOn, fromReceipt, fromFirstEnd, day: end } = line.params;
      return t(fromReceipt === fromFirstEnd ? 'clock.line.extended' : 'clock.line.extended-earlier', {
        told: day(toldOn),
        receipt: day(fromReceipt),
        first: day(fromFirstEnd),
        day: day(end),
      });
    }
    case 'not-extended':
      return t('clock.line.not-extended', {
        told: day(line.params.toldOn),
        why: t(`clock.extend.${line.params.fault}`, { day: day(line.params.monthOver) }),
      });
    case 'pause':
    case 'pause-open':
      return t(`clock.line.${line.code}`, {
        about: t(`clock.ask.${line.params.reason}`),
        asked: day(line.params.asked),
        answered: line.code === 'pause' ? day(line.params.answered) : '',
        n: line.params.days,
      });
    case 'pause-not-counted':
      return t('clock.line.pause-not-counted', {
        about: t(`clock.ask.${line.params.reason}`),
        asked: day(line.params.asked),
        why: t(`clock.pause.${line.params.fault}`, { day: day(line.params.askedBy) }),
      });
    case 'paused-end':
      return t('clock.line.paused-end', { n: line.params.days, day: day(line.params.day) });
    case 'working-day':
      return t('clock.line.working-day', { day: day(line.params.day) });
    case 'roll':
      return t('clock.line.roll', {
        days: line.params.over.map((free) => `${day(free.day)} ${freeDay(t, free.why)}`).join(', '),
        to: day(line.params.to),
      });
    case 'eves': {
      const { midsummerEve, christmasEve } = line.params;
      const on = [...(midsummerEve ? ['midsummer-eve'] : []), ...(christmasEve ? ['christmas-eve'] : [])] as FreeDay[];
      return on.length === 0 ? t('clock.line.no-eves') : t('clock.line.eves', { names: on.map((e) => freeDay(t, e)).join(', ') });
    }
  }
}

const freeDay = (t: Translator, why: FreeDay) => t(`clock.free.${why}`);
