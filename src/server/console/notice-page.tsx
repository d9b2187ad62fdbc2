import { z } from 'zod';
import { draftNow, publishedNotice } from '../notice.ts';
import { languages } from './i18n.ts';
import { rolesOf } from './may.ts';
import { page } from './page.ts';
import { Card, Notice } from './parts.tsx';

/** The privacy notice: what the published one says beside what is connected, and a draft from the configuration. */
export const noticePages = [
  page({
    method: 'GET',
    path: '/policy/notice',
    roles: rolesOf('GET /notice'),
    query: z.object({ language: z.enum(languages).optional().catch(undefined) }),
    handle: async ({ needs, t, query }) => {
      const published = publishedNotice(needs, t);
      const draft = draftNow(needs, query.language ?? t.lang);
      return {
        title: t('notice.title'),
        body: (
          <>
            <p class="lead">{t('notice.lead')}</p>
            <Card title={t('notice.check')}>
              {published === null ? (
                <p>{t('notice.none')}</p>
              ) : published.findings.length === 0 ? (
                <Notice tone="good">{t('notice.clean', { name: published.name })}</Notice>
              ) : (
                <>
                  <p>{t('notice.found', { name: published.name, n: published.findings.length })}</p>
                  <ul>
                    {published.findings.map((one) => (
                      <li key={one.text}>{one.text}</li>
                    ))}
                  </ul>
                </>
              )}
            </Card>
            <Notice tone="warn">
              <strong>{t('notice.open')}</strong>
              <ul lang={draft.language}>
                {draft.open.map((point) => (
                  <li key={point}>{point}</li>
                ))}
              </ul>
            </Notice>
            <Card title={t('notice.draft')}>
              <nav aria-label={t('notice.languages')}>
                <p>
                  {languages.map((lang, i) => (
                    <>
                      {i > 0 ? ' · ' : ''}
                      <a href={`/policy/notice?language=${lang}`} aria-current={lang === draft.language ? 'page' : undefined}>
                        {t(`notice.${lang}`)}
                      </a>
                    </>
                  ))}
                </p>
              </nav>
              <article lang={draft.language}>
                {draft.sections.map(({ heading, paragraphs }) => (
                  <section key={heading}>
                    <h3>{heading}</h3>
                    {paragraphs.map((text) => (
                      <p key={text}>{text}</p>
                    ))}
                  </section>
                ))}
              </article>
            </Card>
          </>
        ),
      };
    },
  }),
];
