import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import type { Wire } from '../http.ts';
import { checkRights, rights } from './check.ts';
import { createClient } from './client.ts';
import { contactsOf } from './contacts.ts';
import { recipientOf } from './recipient.ts';
import { PanelSettings } from './settings.ts';
import { webhookOf } from './webhook.ts';

export const manifest: Manifest = {
  vendor: 'panel',
  roles: ['recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 're-observed',
    why: 'the contract has a DELETE remove the contact, which later look-ups confirm; sites and domains stay, without the person',
  },
  readBack: true,
  readBackPath: 'GET /contacts/{id}',
  limits: { connections: 4 },
  deadlineSeconds: 30,
  backupLagDays: null,
  rights,
};

/** A control panel that the company runs itself, behind Kaiku's own contract: the README describes it. */
export const panel: ConnectorFactory<PanelSettings> = {
  manifest,
  settings: PanelSettings,
  credentials: ['token'],
  optionalCredentials: ['webhookSecret'],
  connect({ baseUrl, credentials, settings }, wire: Wire): Connector {
    const contacts = contactsOf(createClient({ baseUrl, token: credentials['token'] ?? '' }, wire));
    const secrets = credentials['webhookSecret'];
    return {
      manifest: { ...manifest, limits: { connections: settings.connections } },
      recipient: recipientOf(contacts, settings),
      ...(secrets === undefined ? {} : { webhook: webhookOf(secrets, contacts, settings) }),
      check: (call) => checkRights(contacts, secrets, call),
    };
  },
};
