import { randomBytes } from 'node:crypto';
import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import type { Wire } from '../http.ts';
import { checkRights } from './check.ts';
import { createClient } from './client.ts';
import { recipientOf } from './recipient.ts';
import { Ga4Settings } from './settings.ts';
import { tokensOf } from './token.ts';

export const manifest: Manifest = {
  vendor: 'ga4',
  roles: ['recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 'accepted',
    why: 'Google answers with the time of the request; nobody can look whether the data went, and reports in sums keep theirs',
  },
  readBack: false,
  // the older API's 1.5 requests a second; the newer one's own limit is not documented
  limits: { connections: 2, perSecond: 1 },
  deadlineSeconds: 60,
  backupLagDays: null,
  rights: ['property', 'user-deletion'],
};

const scopes = {
  admin: 'https://www.googleapis.com/auth/analytics.edit',
  v3: 'https://www.googleapis.com/auth/analytics.user.deletion',
};

/** Google Analytics 4 as a recipient: it deletes whom it is told an identifier of, and shows nobody. */
export const ga4: ConnectorFactory<Ga4Settings> = {
  manifest,
  settings: Ga4Settings,
  credentials: ['serviceAccount'],
  connect({ baseUrl, credentials, settings }, wire: Wire): Connector {
    const now = () => new Date();
    const account = { serviceAccount: credentials['serviceAccount'] ?? '', tokenUrl: settings.tokenUrl };
    const tokens = tokensOf({ ...account, scope: scopes[settings.api], now }, wire);
    const client = createClient({ baseUrl, settings, tokens, now }, wire);
    const mark = () => `kaiku-check.${randomBytes(16).toString('hex')}`;
    return {
      manifest,
      recipient: recipientOf(client, settings),
      check: (call, writeTest) => checkRights({ client, settings, mark }, call, writeTest),
    };
  },
};
