import { generateKeyPairSync } from 'node:crypto';
import { ga4 } from '../../../src/connectors/ga4/connector.ts';
import { ga4Sandbox } from '../../../src/connectors/ga4/sandbox.ts';
import type { Subject } from '../../conformance/world.ts';

export const property = '123456789';

/** A service account of its own, made anew for each run. */
const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
export const { publicKey } = keys;
export const serviceAccount = JSON.stringify({
  type: 'service_account',
  client_email: 'kaiku@sandbox.iam.test',
  private_key_id: 'key-1',
  private_key: keys.privateKey,
});

/** GA4 as the conformance suite sees it. Its truth holds client ids; which address each belongs to, the suite remembers. */
export const ga4Subject: Subject = {
  isUnseen: true,
  verbs: ['rectify', 'erase'],
  harmlessPosts: ['/token'],
  place: `${property}/clientId`,
  bare403: 'RIGHT_MISSING',
  start() {
    const behaviour = ga4Sandbox({ publicKey });
    const known = new Map<string, string>();
    return {
      behaviour,
      put(fields) {
        const id = String(fields['custom.gaClientId']);
        known.set(id, JSON.stringify(fields));
        behaviour.visit(property, 'clientId', id);
      },
      rows: () => behaviour.users().map((user) => ({ ...user, whose: known.get(user.id) })),
    };
  },
  connect: (origin, wire) =>
    ga4.connect(
      {
        system: 'analytics',
        baseUrl: origin,
        credentials: { serviceAccount },
        settings: ga4.settings.parse({
          properties: [property],
          identifiers: { clientId: 'custom.gaClientId' },
          tokenUrl: `${origin}/token`,
        }),
      },
      wire,
    ),
  person: (n) => ({
    email: `person${n}@contract.test`,
    givenName: `Etunimi${n}`,
    'custom.gaClientId': `${1_000_000_000 + n}.${1_700_000_000 + n}`,
  }),
  secrets: [keys.privateKey.split('\n')[3] ?? '', 'ya29.'],
};
