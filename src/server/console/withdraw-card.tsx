import { z } from 'zod';
import type { CaseRow } from '../../store/cases.ts';
import type { Actor } from '../auth.ts';
import { withdrawNamed } from '../decisions.ts';
import { neededText } from '../free-text.ts';
import { Id } from '../routes.ts';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card } from './parts.tsx';

/** An erasure that was approved is taken back, as long as the register still holds the person. */
export const withdrawPages = [
  page({
    method: 'POST',
    path: '/cases/:id/withdraw',
    roles: rolesOf('POST /cases/:id/withdraw'),
    params: Id,
    body: z.object({ reason: neededText(2000, 'a withdrawal needs its reason') }),
    handle: async ({ needs, actor, params, body }) => {
      await withdrawNamed(needs, params.id, actor.id, body.reason);
      return { to: `/cases/${params.id}`, said: 'withdrawn' };
    },
  }),
];

/** On the page of a running erasure, for whoever decides. */
export function WithdrawCard({ t, actor, found, isGone }: { t: Translator; actor: Actor; found: CaseRow; isGone: boolean }) {
  if (found.type !== 'erasure' || found.state !== 'running' || isGone || !may(actor, 'POST /cases/:id/withdraw')) return null;
  return (
    <Card title={t('cases.withdraw')}>
      <details>
        <summary>{t('cases.withdrawOpen')}</summary>
        <p class="hint">{t('cases.withdrawHint')}</p>
        <form method="post" action={`/cases/${found.id}/withdraw`} class="form">
          <label>
            {t('cases.reason')}
            <textarea name="reason" rows={2} maxLength={2000} required />
          </label>
          <div>
            <button type="submit" class="danger">
              {t('cases.withdrawNow')}
            </button>
          </div>
        </form>
      </details>
    </Card>
  );
}
