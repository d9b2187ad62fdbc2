import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type NoticeFinding, noticeFindings, noticeLaw } from '../core/notice.ts';
import type { Needs } from '../jobs/needs.ts';
import { type Language, languageOf, translatorFor } from './console/i18n.ts';
import { draftText, type NoticeDraft, noticeDraft } from './notice-draft.ts';
import { noticeWords } from './notice-words.ts';
import { recordNow } from './processing.ts';
import type { RouteOptions } from './routes.ts';

const InLanguage = z.object({ language: z.enum(['fi', 'sv', 'en'], { error: 'must be fi, sv or en' }).optional() });

/** The published notice, where the configuration names one, against what is connected. */
export function publishedNotice({ config, connectors }: Needs): { name: string; findings: NoticeFinding[] } | null {
  if (!config.notice) return null;
  const ofKind = Object.fromEntries(
    Object.values(config.systems).map(({ name, connector }) => [connector, connectors[name]?.manifest.retention ?? []]),
  );
  return { name: config.notice.name, findings: noticeFindings(config.notice, config, ofKind) };
}

/** The draft from the configuration in force, in a language; by default the controller's first. */
export function draftNow(needs: Needs, language: Language | undefined): NoticeDraft & { text: string } {
  const t = translatorFor(needs.config, languageOf(language, undefined, needs.config.controller.languages[0]));
  const draft = noticeDraft(t, needs.config, recordNow(needs));
  return { ...draft, text: draftText(t, draft) };
}

export const noticeRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/notice', async () => {
    const published = publishedNotice(needs);
    const t = translatorFor(needs.config, 'en');
    return {
      name: published?.name ?? null,
      findings: (published?.findings ?? []).map((one) => ({ ...one, law: noticeLaw[one.code], text: noticeWords(t, one) })),
    };
  });

  app.get('/notice/draft', { schema: { querystring: InLanguage } }, async ({ query }) => draftNow(needs, query.language));
};
