import { randomBytes } from 'node:crypto';
import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import type { Wire } from '../http.ts';
import { checkRights } from './check.ts';
import { createClient } from './client.ts';
import { recipientOf } from './recipient.ts';
import { MetaSettings } from './settings.ts';

export const manifest: Manifest = {
  vendor: 'meta',
  roles: ['recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 'accepted',
    why: 'Meta answers how many it received; nobody can look who is in a list, and a removal takes up to 24 hours',
  },
  readBack: false,
  // Meta publishes no number: slow enough never to be the one who is noticed
  limits: { connections: 2, perSecond: 2 },
  deadlineSeconds: 60,
  backupLagDays: null,
  rights: ['audiences', 'removal'],
};

/** Customer lists for advertisements on Facebook and Instagram as a recipient: people are taken out, and nobody is shown. */
export const meta: ConnectorFactory<MetaSettings> = {
  manifest,
  settings: MetaSettings,
  credentials: ['accessToken'],
  optionalCredentials: ['appSecret'],
  connect({ baseUrl, credentials, settings }, wire: Wire): Connector {
    const accessToken = credentials['accessToken'] ?? '';
    const appSecret = credentials['appSecret'];
    const client = createClient({ baseUrl, settings, accessToken, appSecret, now: () => new Date() }, wire);
    const mark = () => randomBytes(32).toString('hex');
    return {
      manifest,
      recipient: recipientOf(client, settings),
      check: (call, writeTest) => checkRights({ client, settings, mark }, call, writeTest),
    };
  },
};
