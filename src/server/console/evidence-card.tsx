import { z } from 'zod';
import type { CaseRow } from '../../store/cases.ts';
import type { Actor } from '../auth.ts';
import { caseNamed } from '../decisions.ts';
import { evidenceFile, evidenceForms } from '../evidence-pack.ts';
import { Id } from '../routes.ts';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card } from './parts.tsx';

/** The evidence pack, part by part. */
export const evidencePages = [
  page({
    method: 'GET',
    path: '/cases/:id/evidence/:as',
    roles: rolesOf('GET /cases/:id/evidence'),
    params: Id.extend({ as: z.enum(evidenceForms) }),
    handle: async ({ needs, actor, t, params }) =>
      evidenceFile(needs, await caseNamed(needs, params.id), params.as, actor.id, t.lang),
  }),
];

/** On the page of a case that was decided. */
export function EvidenceCard({ t, actor, found }: { t: Translator; actor: Actor; found: CaseRow }) {
  if (found.state === 'planned' || !may(actor, 'GET /cases/:id/evidence')) return null;
  return (
    <Card title={t('evidence.title')}>
      <p class="hint">{t('evidence.hint')}</p>
      <ul class="plain links">
        {evidenceForms.map((as) => (
          <li key={as}>
            <a href={`/cases/${found.id}/evidence/${as}`} download>
              {t(`evidence.get.${as}`)}
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}
