import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Manifest } from '../connectors/connector.ts';
import type { Config, SystemConfig } from '../core/configuration.ts';
import { type NoticeFinding, noticeFindings, noticeLaw } from '../core/notice.ts';
import type { Notice } from '../core/published-notice.ts';
import type { Needs } from '../jobs/needs.ts';
import { type Language, languageOf, type Translator, translatorFor } from './console/i18n.ts';
import { draftText, type NoticeDraft, noticeDraft } from './notice-draft.ts';
import { noticeWords } from './notice-words.ts';
import { recordNow } from './processing.ts';
import type { RouteOptions } from './routes.ts';

const InLanguage = z.object({ language: z.enum(['fi', 'sv', 'en'], { error: 'must be fi, sv or en' }).optional() });

type SaidFinding = NoticeFinding & { law: string; text: string };

/**
 * A notice against a configuration, each finding with its law and in words. `kindOf`: the manifest of a system's connector, whose rules
 * bind its rows where the company names none of its own.
 */
export function noticeAgainst(
  notice: Notice,
  config: Config,
  kindOf: (system: SystemConfig) => Pick<Manifest, 'retention'> | undefined,
  t: Translator = translatorFor(config, 'en'),
): { name: string; findings: SaidFinding[] } {
  const ofKind = Object.fromEntries(
    Object.values(config.systems).map((system) => [system.connector, kindOf(system)?.retention ?? []]),
  );
  const findings = noticeFindings(notice, config, ofKind);
  return {
    name: notice.name,
    findings: findings.map((one) => ({ ...one, law: noticeLaw[one.code], text: noticeWords(t, one) })),
  };
}

/** The published notice, where the configuration names one, against what is connected. */
export const publishedNotice = ({ config, connectors }: Needs, t?: Translator) =>
  config.notice ? noticeAgainst(config.notice, config, ({ name }) => connectors[name]?.manifest, t) : null;

/** The draft from the configuration in force, in a language; by default the controller's first. */
export function draftNow(needs: Needs, language: Language | undefined): NoticeDraft & { text: string } {
  const t = translatorFor(needs.config, languageOf(language, undefined, needs.config.controller.languages[0]));
  const draft = noticeDraft(t, needs.config, recordNow(needs));
  return { ...draft, text: draftText(t, draft) };
}

export const noticeRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/notice', async () => {
    const published = publishedNotice(needs);
    return { name: published?.name ?? null, findings: published?.findings ?? [] };
  });

  app.get('/notice/draft', { schema: { querystring: InLanguage } }, async ({ query }) => draftNow(needs, query.language));
};
