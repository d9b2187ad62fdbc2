import { panel } from '../../../src/connectors/panel/connector.ts';
import { panelSandbox } from '../../../src/connectors/panel/sandbox.ts';
import type { Subject } from '../../conformance/world.ts';

const token = 'contract-token';

/** A panel as the conformance suite sees it: its sandbox, and the connector in front of it. */
export const panelSubject: Subject = {
  place: 'contacts',
  // whoever gets an account there is decided by an order
  verbs: ['rectify', 'restrict', 'erase'],
  start() {
    const behaviour = panelSandbox({ token });
    return {
      behaviour,
      put: ({ email, givenName, familyName, phone }) =>
        void behaviour.add({
          email,
          givenName: String(givenName ?? '') || null,
          familyName: String(familyName ?? '') || null,
          phone: String(phone ?? '') || null,
        }),
      rows: () => behaviour.contacts(),
      edit: (id, email) => behaviour.edit(id, { email }),
    };
  },
  connect: (origin, wire) =>
    panel.connect(
      {
        system: 'panel',
        baseUrl: origin,
        credentials: { token, webhookSecret: `whsec_${Buffer.alloc(24, 7).toString('base64')}` },
        settings: panel.settings.parse({}),
      },
      wire,
    ),
  person: (n) => ({
    email: `person${n}@contract.test`,
    givenName: `Etunimi${n}`,
    familyName: `Sukunimi${n}`,
    phone: `+35840${String(n).padStart(7, '0')}`,
  }),
  // a look-up by an address is a POST: an address has no place in a URL
  harmlessPosts: ['/contacts/search'],
  bare403: 'RIGHT_MISSING',
  hintFor: (_n, ref) => ({ place: 'contacts', locator: ref.id }),
  secrets: [token],
};
