import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Config } from '../core/configuration.ts';
import type { Scope } from '../core/scope.ts';
import { openChannels, sentence, type Tried, tryChannels, type Words } from '../jobs/deliver-notices.ts';
import type { Needs } from '../jobs/needs.ts';
import { type AlertRow, alertsWithin, lastSent, openAlerts, recentAlerts, undelivered } from '../store/alerts.ts';
import { isLanguage, translator } from './console/i18n.ts';
import type { RouteOptions } from './routes.ts';

const recent = 50;

/** The texts of messages: in the language asked for, else in the controller's first. */
export const mailWords = (config: Config, language?: string): Words => {
  const chosen = language ?? config.controller.languages[0];
  return translator(isLanguage(chosen) ? chosen : 'en');
};

const alertView = (a: AlertRow) => ({
  id: a.id,
  kind: a.kind,
  about: a.about,
  ...(a.system ? { system: a.system } : {}),
  ...a.detail,
  since: a.opened_at.toISOString(),
  ...(a.told_at ? { toldAt: a.told_at.toISOString() } : {}),
  ...(a.resolved_at ? { resolvedAt: a.resolved_at.toISOString() } : {}),
});
export type AlertView = ReturnType<typeof alertView> & { text: string };

/** What is open and what was lately, of whomever the reader sees, and whether the messages about it got out. */
export async function alertsNow(needs: Needs, words: Words, scope: Scope) {
  const view = (a: AlertRow): AlertView => ({
    ...alertView(a),
    text: sentence(words, { kind: a.kind, about: a.about, system: a.system, detail: a.detail, event: 'opened' }),
  });
  const sent = await lastSent(needs.db);
  const { mail, webhook } = needs.config.notify ?? {};
  return {
    open: (await alertsWithin(needs.db, scope, await openAlerts(needs.db))).map(view),
    recent: (await alertsWithin(needs.db, scope, await recentAlerts(needs.db, recent))).map(view),
    channels: {
      mail: mail !== undefined,
      webhook: webhook !== undefined,
      ...(sent['mail'] ? { lastMail: sent['mail'].toISOString() } : {}),
      ...(sent['webhook'] ? { lastWebhook: sent['webhook'].toISOString() } : {}),
    },
    undelivered: (await undelivered(needs.db, recent)).map((n) => ({
      id: n.id,
      channel: n.channel,
      target: n.target,
      lines: n.lines.length,
      attempts: n.attempts,
      since: n.created_at.toISOString(),
      ...(n.problem ? { problem: n.problem } : {}),
      ...(n.given_up_at ? { givenUpAt: n.given_up_at.toISOString() } : { nextAt: n.next_at.toISOString() }),
    })),
  };
}
export type AlertsNow = Awaited<ReturnType<typeof alertsNow>>;

/** A message of trial on each configured way, sent at once. */
export const testNotices = (needs: Needs): Promise<Tried> => tryChannels(needs, openChannels(needs), mailWords(needs.config));

/** What people are told of, and whether they were. */
export const alertRoutes: FastifyPluginAsyncZod<RouteOptions> = async (app, { needs }) => {
  app.get('/alerts', async ({ scope }) => alertsNow(needs, translator('en'), scope));
  app.post('/alerts/test', { schema: { body: z.strictObject({}).nullish() } }, async () => testNotices(needs));
};
