import { z } from 'zod';

import { takeExportOf } from '../exports.ts';
import { ProblemError } from '../problem.ts';
import { rolesOf } from './may.ts';
import { type Ask, page, type Redirect, type View } from './page.ts';
import { Card } from './parts.tsx';
import type { CardOptions } from './system-cards.tsx';

const Name = z.object({ system: z.string() });
const Given = z.object({ file: z.object({ content: z.instanceof(Buffer) }) });

/** Where the admin and the owner of a system hand over what they downloaded there. */
export function ExportCard({ needs, t, system }: CardOptions) {
  if (!needs.connectors[system.system]?.exports) return null;
  return (
    <Card title={t('systems.export')} id="export">
      <p>{t('systems.exportLead')}</p>
      <form method="post" action={`/systems/${system.system}/exports`} class="form" encType="multipart/form-data">
        <label>
          {t('systems.exportFile')}
          <input type="file" name="file" required />
        </label>
        <button type="submit">{t('systems.exportSend')}</button>
      </form>
    </Card>
  );
}

async function take(ask: Ask<{ system: string }, unknown, z.infer<typeof Given>>): Promise<View | Redirect> {
  const { needs, t, params, body, actor, scope } = ask;
  try {
    await takeExportOf(needs, params.system, body.file.content, { id: actor.id, scope });
  } catch (error) {
    if (!(error instanceof ProblemError) || error.more['code'] !== 'export-refused') throw error;
    return {
      title: t('systems.export'),
      status: 400,
      body: (
        <Card title={t('systems.export')}>
          <p>{t('problems.export-refused')}</p>
          <p lang="en">{error.message}</p>
          <p>
            <a href={`/systems/${params.system}#export`}>{params.system}</a>
          </p>
        </Card>
      ),
    };
  }
  return { to: `/systems/${params.system}#export`, said: 'exportTaken' };
}

export const exportPages = [
  page({
    method: 'POST',
    path: '/systems/:system/exports',
    roles: rolesOf('POST /systems/:system/exports'),
    params: Name,
    body: Given,
    handle: take,
  }),
];
