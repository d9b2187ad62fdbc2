import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import { checkRights } from './check.ts';
import { createClient } from './client.ts';
import { organisationsOf } from './organisations.ts';
import { recipientOf } from './recipient.ts';
import { registerOf } from './register.ts';
import { InsightlySettings } from './settings.ts';
import { type WebhookLogin, webhookOf } from './webhook.ts';

export const manifest: Manifest = {
  vendor: 'insightly',
  roles: ['register', 'recipient'],
  human: false,
  erasure: {
    depth: 'soft',
    cap: 'acknowledged',
    why: 'a deleted record lies in the recycle bin for 30 days, and linked e-mails, tasks and events stay until somebody deletes them',
  },
  readBack: true,
  readBackPath: 'GET /Contacts/{id} or /Leads/{id}',
  // documented are ten requests a second; refusals were measured above five, and for concurrency
  limits: { connections: 4, perSecond: 4 },
  deadlineSeconds: 60,
  backupLagDays: null,
  rights: ['users/me: read', 'contacts: read', 'leads: read', 'organisations: read', 'custom fields', 'contacts: write'],
};

export const insightly: ConnectorFactory<InsightlySettings> = {
  manifest,
  settings: InsightlySettings,
  credentials: ['apiKey'],
  optionalCredentials: ['webhookUser', 'webhookPassword'],
  /** Throws when `baseUrl` is not the API URL of an account: the pod is never guessed. */
  connect({ baseUrl, credentials, settings: given, register }, wire): Connector {
    const settings = InsightlySettings.parse(given ?? {});
    const apiKey = credentials.apiKey?.trim() ?? '';
    if (apiKey === '')
      throw new Error('insightly: credentials.apiKey is missing; Insightly shows the key under User Settings, API');
    const client = createClient({ baseUrl, apiKey, quotaResetHourUtc: settings.quotaResetHourUtc }, wire);
    const organisations = organisationsOf(client, settings);
    const mapping = { settings, register };
    return {
      manifest: { ...manifest, limits: { connections: settings.connections, perSecond: settings.requestsPerSecond } },
      register: registerOf(client, organisations, mapping),
      recipient: recipientOf(client, organisations, mapping),
      webhook: webhookOf(settings, loginOf(credentials)),
      check: (call, writeTest) => checkRights(client, mapping, call, writeTest),
    };
  },
};

/** Throws for half a login: taken as none, it would let everybody in. */
function loginOf({ webhookUser: user, webhookPassword: password }: Record<string, string>): WebhookLogin | null {
  if (user === undefined && password === undefined) return null;
  if (!user || !password)
    throw new Error("insightly: the webhook's Basic login needs both credentials.webhookUser and credentials.webhookPassword");
  return { user, password };
}
