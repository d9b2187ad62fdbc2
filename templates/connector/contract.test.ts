import { acme } from '../../../src/connectors/acme/connector.ts';
import { acmeSandbox } from '../../../src/connectors/acme/sandbox.ts';
import { catchesBreakages } from '../../conformance/breakages.ts';
import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import type { Subject } from '../../conformance/world.ts';

const apiKey = 'contract-key';

const subject: Subject = {
  place: 'people',
  start() {
    const { behaviour, add, rows } = acmeSandbox({ apiKey });
    return {
      behaviour,
      rows,
      put: ({ email, givenName, familyName }) =>
        void add({ email: email.toLowerCase(), firstName: String(givenName ?? ''), lastName: String(familyName ?? '') }),
    };
  },
  connect: (origin, wire) =>
    acme.connect({ system: 'acme', baseUrl: origin, credentials: { apiKey }, settings: acme.settings.parse({}) }, wire),
  person: (n) => ({ email: `person${n}@contract.test`, givenName: `Etunimi${n}`, familyName: `Sukunimi${n}` }),
  bare403: 'RIGHT_MISSING',
  secrets: [apiKey],
};

keepsTheContract('acme', subject);
catchesBreakages('acme', subject);
