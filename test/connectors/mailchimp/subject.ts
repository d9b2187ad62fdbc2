import { mailchimp } from '../../../src/connectors/mailchimp/connector.ts';
import { mailchimpSandbox } from '../../../src/connectors/mailchimp/sandbox.ts';
import type { Subject } from '../../conformance/world.ts';

const audience = 'ab12cd34ef';
const apiKey = 'contract-key-us1';

/** Mailchimp as the conformance suite sees it: its sandbox, and the connector in front of it. */
export const mailchimpSubject: Subject = {
  optional: ['rectifyMany'],
  place: audience,
  start() {
    const behaviour = mailchimpSandbox({ apiKey, audiences: [audience] });
    return {
      behaviour,
      put: ({ email, givenName, familyName }) =>
        void behaviour.seedMember(audience, { email, FNAME: String(givenName ?? ''), LNAME: String(familyName ?? '') }),
      rows: () => behaviour.members(audience),
      freeze: (email) => behaviour.archive(email, audience),
    };
  },
  connect: (origin, wire) =>
    mailchimp.connect(
      {
        system: 'newsletter',
        baseUrl: `${origin}/3.0`,
        credentials: { apiKey },
        settings: mailchimp.settings.parse({ audiences: [audience] }),
      },
      wire,
    ),
  person: (n) => ({ email: `person${n}@contract.test`, givenName: `Etunimi${n}`, familyName: `Sukunimi${n}` }),
  blankable: 'familyName',
  many: 1100,
  hintFor: (n) => ({ place: audience, locator: JSON.stringify({ emails: [`person${n}@contract.test`] }) }),
  secrets: [apiKey, Buffer.from(`user:${apiKey}`).toString('base64')],
};
