import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import type { Call, Wire } from '../http.ts';
import { batchesOf } from './batches.ts';
import { checkRights } from './check.ts';
import { createClient, type MailchimpClient } from './client.ts';
import { fieldsAsked } from './mapping.ts';
import { membersOf, parse } from './members.ts';
import { recipientOf } from './recipient.ts';
import { MailchimpSettings } from './settings.ts';
import { webhookOf } from './webhook.ts';

export type { MailchimpSettings } from './settings.ts';

export const manifest: Manifest = {
  vendor: 'mailchimp',
  roles: ['recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 're-observed',
    why: 'the permanent deletion removes the member, which later look-ups confirm; reports keep anonymous counts',
  },
  readBack: true,
  readBackPath: 'GET /lists/{id}/members/{hash or contact id}; of many, the same GETs in one POST /batches',
  // ten for each user, over all their keys and apps: two are left to whoever else uses the account
  limits: { connections: 8 },
  deadlineSeconds: 120,
  backupLagDays: null,
  rights: ['account', 'audience', 'merge-fields', 'members-write'],
};

/** Mailchimp's Marketing API 3.0 as a recipient: one member per person and audience. */
export const mailchimp: ConnectorFactory<MailchimpSettings> = {
  manifest,
  settings: MailchimpSettings,
  credentials: ['apiKey'],
  optionalCredentials: ['signingSecret'],
  connect({ baseUrl, credentials, settings }, wire: Wire): Connector {
    const apiKey = credentials['apiKey'] ?? '';
    const client = createClient({ baseUrl, apiKey }, wire);
    const members = membersOf(client, fieldsAsked(settings));
    return {
      manifest: { ...manifest, limits: { connections: settings.connections } },
      recipient: recipientOf({
        members,
        batches: batchesOf(client, wire, baseUrl),
        settings,
        demandsOwnSignUp: signUpRule(client),
      }),
      webhook: webhookOf(settings, credentials['signingSecret'], members),
      check: (call, writeTest) =>
        checkRights({ client, members, settings, baseUrl, apiKey, mark: () => randomBytes(16).toString('hex') }, call, writeTest),
    };
  },
};

/** How long an audience's own rule is believed without asking again. */
const ruleMs = 10 * 60_000;
const Audience = z.looseObject({ double_optin: z.boolean().optional() });

function signUpRule(client: MailchimpClient) {
  const known = new Map<string, { doubleOptIn: boolean; until: number }>();
  return async (audience: string, call: Call): Promise<boolean> => {
    const rule = known.get(audience);
    if (rule && performance.now() < rule.until) return rule.doubleOptIn;
    const answer = await client.ask(call, ({ lists }) => lists.getList(audience, { fields: ['double_optin'] }));
    // an audience that is not there takes no member either: the POST will say so
    if (answer.status === 404) return false;
    const doubleOptIn = parse(Audience, answer).double_optin === true;
    known.set(audience, { doubleOptIn, until: performance.now() + ruleMs });
    return doubleOptIn;
  };
}
