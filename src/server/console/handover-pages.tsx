import { z } from 'zod';
import { identityWays, mayHandOver } from '../../core/access-answer.ts';
import { isOver } from '../../core/case.ts';
import { lookAtHandover, openHandover } from '../../jobs/hand-over.ts';
import type { CaseRow } from '../../store/cases.ts';
import type { HandoverRow } from '../../store/handovers.ts';
import type { Actor } from '../auth.ts';
import { identifyNamed, prepareNamed } from '../handovers.ts';
import { Id } from '../routes.ts';
import type { Translator } from './i18n.ts';
import { may, rolesOf } from './may.ts';
import { openPage, page } from './page.ts';
import { Card, Do, Moment, Notice } from './parts.tsx';

/** How we know who asked, and the answer that is made for them. */
export const handoverPages = [
  page({
    method: 'POST',
    path: '/cases/:id/identity',
    roles: rolesOf('POST /cases/:id/identity'),
    params: Id,
    body: z.object({ state: z.enum(['proven', 'doubted', 'unproven']), how: z.enum(identityWays) }),
    handle: async ({ needs, actor, params, body }) => {
      await identifyNamed(needs, params.id, actor.id, body);
      return { to: `/cases/${params.id}`, said: 'saved' };
    },
  }),
  page({
    method: 'POST',
    path: '/cases/:id/prepare',
    roles: rolesOf('POST /cases/:id/prepare'),
    params: Id,
    handle: async ({ needs, actor, t, params, origin }) => {
      const { link, missing, expiresAt } = await prepareNamed(needs, params.id, actor.id, origin);
      return {
        title: t('access.ready'),
        body: (
          <>
            <Notice tone="good">{t('access.readyText', { day: t.day(expiresAt) })}</Notice>
            <Card>
              <p>
                <code>{link}</code>
              </p>
              {missing.length > 0 ? (
                <p>{t('access.missing', { systems: [...new Set(missing.map((m) => m.system))].join(', ') })}</p>
              ) : null}
              <p>
                <a href={`/cases/${params.id}`}>{t('home.open.case')}</a>
              </p>
            </Card>
          </>
        ),
      };
    },
  }),
];

const Token = z.object({ token: z.string().max(100) });

/** The person's own way to their answer: opened once, by whoever holds the link. Looking at it changes nothing. */
export const answerPages = [
  openPage({
    method: 'GET',
    path: '/answer/:token',
    params: Token,
    handle: async ({ needs, t, params }) => {
      const found = await lookAtHandover(needs, params.token);
      const state = found?.state ?? 'unknown';
      return {
        title: t('access.yours'),
        ...(state === 'waiting' ? {} : { status: 404 }),
        body: (
          <Card>
            <p>{t(`access.at.${state}`)}</p>
            {state === 'waiting' ? <Do action={`/answer/${params.token}`} label={t('access.take')} tone="primary" /> : null}
          </Card>
        ),
      };
    },
  }),
  openPage({
    method: 'POST',
    path: '/answer/:token',
    params: Token,
    secret: true,
    handle: async ({ needs, t, params }) => {
      const given = await openHandover(needs, params.token);
      if (given) return { file: given.file, type: given.mediaType, content: given.content };
      return {
        title: t('access.yours'),
        status: 404,
        body: (
          <Card>
            <p>{t('access.at.opened')}</p>
          </Card>
        ),
      };
    },
  }),
];

/** On the page of a case: who asked, and whether the answer was made, opened or lost. */
export function HandoverCard({
  t,
  actor,
  found,
  handovers,
}: {
  t: Translator;
  actor: Actor;
  found: CaseRow;
  handovers: readonly HandoverRow[];
}) {
  const isShut = isOver(found);
  const isAccess = found.type === 'access' || found.type === 'portability';
  return (
    <Card title={t('access.identity')}>
      <p>
        {t(`access.identity.${found.identity?.state ?? 'unproven'}`)}
        {found.identity ? <span class="sub">{t(`access.way.${found.identity.how}`)}</span> : null}
      </p>
      {!isShut && may(actor, 'POST /cases/:id/identity') ? (
        <details>
          <summary>{t('access.note')}</summary>
          <p class="hint">{t('access.identityHint')}</p>
          <form method="post" action={`/cases/${found.id}/identity`} class="form">
            <label>
              {t('access.how')}
              <select name="how">
                {identityWays.map((way) => (
                  <option key={way} value={way}>
                    {t(`access.way.${way}`)}
                  </option>
                ))}
              </select>
            </label>
            <label>
              {t('access.result')}
              <select name="state">
                {['proven', 'doubted', 'unproven'].map((state) => (
                  <option key={state} value={state}>
                    {t(`access.identity.${state}`)}
                  </option>
                ))}
              </select>
            </label>
            <div>
              <button type="submit">{t('access.save')}</button>
            </div>
          </form>
        </details>
      ) : null}
      {isAccess && handovers.length > 0 ? (
        <ul class="plain">
          {handovers.map((h) => (
            <li key={h.id}>
              <Moment t={t} at={h.made_at} />:{' '}
              {t(h.opened_at ? 'access.wasOpened' : h.sealed ? 'access.waits' : 'access.wasLost')}
              {h.missing.length > 0 ? (
                <span class="sub">
                  {t('access.missing', { systems: [...new Set(h.missing.map((m) => m.system))].join(', ') })}
                </span>
              ) : null}
            </li>
          ))}
        </ul>
      ) : null}
      {isAccess && found.state === 'running' && may(actor, 'POST /cases/:id/prepare') ? (
        mayHandOver(found.identity) ? (
          <>
            <p class="hint">{t('access.prepareHint')}</p>
            <Do action={`/cases/${found.id}/prepare`} label={t('access.prepare')} tone="primary" />
          </>
        ) : (
          <p class="hint">{t('access.needsIdentity')}</p>
        )
      ) : null}
    </Card>
  );
}
