import { isStaff, staffRoles } from '../../core/scope.ts';
import type { Connector, ConnectorFactory, Manifest } from '../connector.ts';
import { loginOf } from '../exchange.ts';
import { sleep, type Wait } from '../settled.ts';
import { checkRights, rights } from './check.ts';
import { exportsOf } from './exports.ts';
import { recipientOf } from './recipient.ts';
import { registerOf } from './register.ts';
import { MepcoSettings } from './settings.ts';

export const manifest: Manifest = {
  vendor: 'mepco',
  roles: ['register', 'recipient'],
  human: false,
  erasure: {
    depth: 'hard',
    cap: 'observed',
    why: 'people erase there, and the next whole export shows that the person is in it no more; what payroll must keep beside it only those people know',
  },
  readBack: true,
  readBackPath: 'the newest whole export on the SFTP server',
  // one login per customer; a connection an operation
  limits: { connections: 2 },
  deadlineSeconds: 60,
  maxBytes: 50 * 1024 * 1024,
  backupLagDays: null,
  rights: [...rights],
};

/** With another `wait`, for whoever does not want to wait. */
export const mepcoWith = (wait: Wait): ConnectorFactory<MepcoSettings> => ({
  manifest,
  settings: MepcoSettings,
  schemes: ['sftp', 'file'],
  credentials: [],
  optionalCredentials: ['user', 'privateKey', 'passphrase', 'password'],
  /** Throws where the role would let everybody see staff, or the server cannot be told from another. */
  connect({ baseUrl, credentials, settings: given, register }, _wire, openExchange): Connector {
    const settings = MepcoSettings.parse(given ?? {});
    if (register && !isStaff(register.for))
      throw new Error(`mepco: register.for must be one of ${staffRoles.join(', ')}: staff is seen by HR alone`);
    if (!openExchange) throw new Error('mepco: files are exchanged, and no way to them was handed over');
    const exchange = openExchange({
      address: baseUrl,
      ...loginOf(credentials),
      hostKeys: settings.hostKeys,
    });
    const mapping = { settings, register };
    const exports = exportsOf(exchange, mapping, wait);
    return {
      manifest,
      register: registerOf(exchange, exports, mapping),
      recipient: recipientOf(exports, mapping),
      check: (call, writeTest) => checkRights(exchange, exports, settings, call, writeTest),
    };
  },
});

export const mepco = mepcoWith(sleep);
