import { createHash } from 'node:crypto';
import { meta } from '../../../src/connectors/meta/connector.ts';
import { metaSandbox } from '../../../src/connectors/meta/sandbox.ts';
import type { Subject } from '../../conformance/world.ts';

export const account = 'act_1000';
export const audience = '2380001';
const accessToken = 'EAAcontracttoken1';
const appSecret = 'contract-app-secret';

/** Lists hold hashes, made here as whoever uploads makes them; whose each is, the suite remembers. */
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Meta's customer lists as the conformance suite sees them. */
export const metaSubject: Subject = {
  isUnseen: true,
  verbs: ['rectify', 'restrict', 'erase'],
  place: `${account}/EMAIL:email`,
  bare403: 'RIGHT_MISSING',
  start() {
    const behaviour = metaSandbox({ accessToken, appSecret });
    const known = new Map<string, string>();
    return {
      behaviour,
      put(fields) {
        const hash = hashOf(fields.email);
        known.set(hash, JSON.stringify(fields));
        behaviour.upload(audience, 'EMAIL', hash);
      },
      rows: () => behaviour.members().map((member) => ({ ...member, whose: known.get(member.value) })),
    };
  },
  connect: (origin, wire) =>
    meta.connect(
      {
        system: 'advertisements',
        baseUrl: origin,
        credentials: { accessToken, appSecret },
        settings: meta.settings.parse({ adAccounts: [account] }),
      },
      wire,
    ),
  person: (n) => ({ email: `person${n}@contract.test`, givenName: `Etunimi${n}`, phone: `+35840123${1000 + n}` }),
  secrets: [accessToken, appSecret],
};
