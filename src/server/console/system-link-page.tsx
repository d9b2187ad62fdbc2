import { runsOf } from '../../store/runs.ts';
import { heldRows } from '../../store/views.ts';
import { mustBeListed } from '../runs.ts';
import type { Ask, View } from './page.ts';
import { Card, Do } from './parts.tsx';
import { RunsTable } from './run-parts.tsx';

/** First contact: what it does, the looks that were taken, and where what was not sure went. The look itself is a run that is watched. */
export async function linkPage({ needs, t, params, scope }: Ask<{ system: string }>): Promise<View> {
  mustBeListed(needs, params.system);
  const runs = (await runsOf(needs.db, params.system, 50)).filter((r) => r.kind === 'link').slice(0, 5);
  const held = await heldRows(needs.db, scope, params.system);
  return {
    title: t('systems.linkTitle', { system: params.system }),
    live: 'all',
    body: (
      <>
        <p>
          <a href={`/systems/${params.system}`}>{t('runs.back', { system: params.system })}</a>
        </p>
        <Card>
          <p>{t('systems.linkLead')}</p>
          <Do action={`/systems/${params.system}/link`} label={t('systems.linkPreview')} tone="primary" />
        </Card>
        <Card title={t('systems.linkLatest')} id="looks" live>
          {runs.length > 0 ? <RunsTable t={t} runs={runs} /> : <p class="empty">{t('systems.linkNone')}</p>}
          {held > 0 ? (
            <p>
              {t('systems.contactHeld', { n: held })} <a href="/held">{t('systems.contactHeldLink')}</a>
            </p>
          ) : null}
        </Card>
      </>
    ),
  };
}
