import { insightly } from '../../../src/connectors/insightly/connector.ts';
import { insightlySandbox } from '../../../src/connectors/insightly/sandbox.ts';
import type { Subject } from '../../conformance/world.ts';

const apiKey = 'contract-key';

/** Insightly as the conformance suite sees it: its sandbox, and the connector in front of it. */
export const insightlySubject: Subject = {
  place: 'contact',
  verbs: ['restrict', 'erase'],
  permissions: ['newsletter'],
  start() {
    const behaviour = insightlySandbox({ apiKey, perSecond: Number.POSITIVE_INFINITY, connections: 50 });
    // ten thousand spoilt answers are more calls than a day's
    behaviour.setQuota(Number.MAX_SAFE_INTEGER);
    return {
      behaviour,
      put: ({ email, givenName, familyName }) =>
        void behaviour.add('contact', {
          EMAIL_ADDRESS: email,
          FIRST_NAME: String(givenName ?? ''),
          LAST_NAME: String(familyName ?? ''),
        }),
      edit: (id, email) => behaviour.update('contact', id, { EMAIL_ADDRESS: email }),
      rows: () => behaviour.ids('contact').map((id) => behaviour.record('contact', id)),
    };
  },
  connect: (origin, wire) =>
    insightly.connect(
      {
        system: 'crm',
        baseUrl: `${origin}/v3.1`,
        credentials: { apiKey },
        settings: insightly.settings.parse({ leads: false, pageSize: 10 }),
        register: { for: 'customer', permissions: { newsletter: { refused: { field: 'EMAIL_OPTED_OUT', equals: true } } } },
      },
      wire,
    ),
  person: (n) => ({ email: `person${n}@contract.test`, givenName: `Etunimi${n}`, familyName: `Sukunimi${n}` }),
  isRegister: true,
  hintFor: (_n, ref) => ({ place: 'contact', locator: ref.id }),
  bare403: 'RIGHT_MISSING',
  uniqueAddress: false,
  exactCase: true,
  probesBySettings: true,
  secrets: [apiKey, Buffer.from(`${apiKey}:`).toString('base64')],
};
