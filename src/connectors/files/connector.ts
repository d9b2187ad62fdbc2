import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import { loginOf } from '../exchange.ts';
import { sleep, type Wait } from '../settled.ts';
import { checkRights, rights } from './check.ts';
import { outboxOf } from './outbox.ts';
import { recipientOf } from './recipient.ts';
import { FilesSettings } from './settings.ts';
import { newestExport } from './source.ts';
import { uploadsOf } from './uploads.ts';

export const manifest: Manifest = {
  vendor: 'files',
  roles: ['recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 'observed',
    why: "the other side's next export shows that the row is gone; what it keeps outside of its export nobody sees",
  },
  readBack: true,
  readBackPath: "the other side's newest export",
  limits: { connections: 2 },
  deadlineSeconds: 60,
  maxBytes: 50 * 1024 * 1024,
  backupLagDays: null,
  rights: [...rights],
};

/** With another `wait`, for whoever does not want to wait. */
export const filesWith = (wait: Wait): ConnectorFactory<FilesSettings> => ({
  manifest,
  settings: FilesSettings,
  schemes: ['sftp', 'file'],
  credentials: [],
  optionalCredentials: ['user', 'privateKey', 'passphrase', 'password'],
  /** Throws where the server cannot be told from another. */
  connect({ baseUrl, credentials, settings: given }, _wire, openExchange): Connector {
    const settings = FilesSettings.parse(given ?? {});
    if (!openExchange) throw new Error('files: files are exchanged, and no way to them was handed over');
    const exchange = openExchange({
      address: baseUrl,
      ...loginOf(credentials),
      hostKeys: settings.hostKeys,
    });
    const newest = newestExport(exchange, settings, wait);
    return {
      manifest,
      recipient: recipientOf(newest, outboxOf(exchange, settings), settings),
      exports: uploadsOf(exchange, newest, settings),
      check: (call, writeTest) => checkRights(exchange, newest, settings, call, writeTest),
    };
  },
});

export const files = filesWith(sleep);
