import { z } from 'zod';
import type { DutyView } from '../../core/duty.ts';
import { exceptionGrounds } from '../../core/exception.ts';
import { exceptionReason } from '../../jobs/except-duty.ts';
import type { Needs } from '../../jobs/needs.ts';
import type { CaseRow } from '../../store/cases.ts';
import type { ExceptionRow } from '../../store/exceptions.ts';
import type { Actor } from '../auth.ts';
import { exceptNamed } from '../decisions.ts';
import { neededText } from '../free-text.ts';
import { Id } from '../routes.ts';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card } from './parts.tsx';

/** Recipients that are not told of a case (Art. 19): recorded with ground, reason and who decided. */
export const exceptionPages = [
  page({
    method: 'POST',
    path: '/cases/:id/except',
    roles: rolesOf('POST /cases/:id/except'),
    params: Id,
    body: z.object({
      system: z.string().min(1).max(100),
      ground: z.enum(exceptionGrounds),
      reason: neededText(2000, 'an exception needs its reason'),
    }),
    handle: async ({ needs, actor, params, body }) => {
      await exceptNamed(needs, params.id, actor.id, body);
      return { to: `/cases/${params.id}`, said: 'excepted' };
    },
  }),
];

/** On the page of a running case. */
export function ExceptionCard({
  needs,
  t,
  actor,
  found,
  duties,
  exceptions,
}: {
  needs: Needs;
  t: Translator;
  actor: Actor;
  found: CaseRow;
  duties: readonly DutyView[];
  exceptions: readonly ExceptionRow[];
}) {
  const concerned = new Set(found.plan.filter((p) => !['nothing', 'keep', 'park'].includes(p.step)).map((p) => p.system));
  const open = duties.filter(
    (d) => concerned.has(d.system) && needs.config.systems[d.system]?.recipient && d.state !== 'settled' && !d.retained,
  );
  const isOffered =
    found.state === 'running' &&
    found.type !== 'access' &&
    found.type !== 'portability' &&
    open.length > 0 &&
    may(actor, 'POST /cases/:id/except');
  if (!isOffered && exceptions.length === 0) return null;
  return (
    <Card title={t('cases.exceptions')}>
      {exceptions.length > 0 ? (
        <ul class="plain">
          {exceptions.map((e) => (
            <li key={e.recipient}>
              <strong>{e.recipient}</strong>: {t.word('reason', e.ground)}
              <span class="sub">
                {t('cases.exceptedBy', { who: e.made_by, day: t.day(e.made_at) })}
                {/* free words about a person: for whoever may see people */}
                {may(actor, 'GET /subjects/:id') ? [exceptionReason(needs, found, e)].map((words) => words && ` · ${words}`) : ''}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {isOffered ? (
        <details>
          <summary>{t('cases.except')}</summary>
          <p class="hint">{t('cases.exceptHint')}</p>
          <form method="post" action={`/cases/${found.id}/except`} class="form">
            <label>
              {t('people.system')}
              <select name="system">
                {open.map((d) => (
                  <option key={d.system} value={d.system}>
                    {d.system}
                  </option>
                ))}
              </select>
            </label>
            <label>
              {t('cases.exceptGround')}
              <select name="ground">
                {exceptionGrounds.map((ground) => (
                  <option key={ground} value={ground}>
                    {t.word('reason', ground)}
                  </option>
                ))}
              </select>
            </label>
            <label>
              {t('cases.reason')}
              <textarea name="reason" rows={2} maxLength={2000} required />
            </label>
            <div>
              <button type="submit" class="danger">
                {t('cases.exceptNow')}
              </button>
            </div>
          </form>
        </details>
      ) : null}
    </Card>
  );
}
