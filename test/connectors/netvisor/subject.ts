import { XMLValidator } from 'fast-xml-parser';
import { netvisor } from '../../../src/connectors/netvisor/connector.ts';
import { netvisorSandbox } from '../../../src/connectors/netvisor/sandbox.ts';
import type { Subject } from '../../conformance/world.ts';
import { credentials, organisationId, settingsOf } from './setup.ts';

/** Netvisor as the conformance suite sees it: private customers' cards. */
export const netvisorSubject: Subject = {
  place: 'customer',
  start() {
    const behaviour = netvisorSandbox({ credentials, organisationId });
    return {
      behaviour: {
        ...behaviour,
        // a gateway's: Netvisor itself documents no limit
        throttled: (retryAfter) => ({ status: 429, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } }),
      },
      put: ({ email, givenName, familyName }) =>
        void behaviour.seedCustomer({ name: `${givenName} ${familyName}`, email, code: '', isPrivate: true }),
      rows: () => behaviour.customers(),
      bind(email) {
        const found = behaviour.customers().find(({ card }) => card['email'] === email);
        if (found) behaviour.seedInvoice({ customer: found.key, date: '2025-03-15', status: 'paid' });
      },
    };
  },
  connect: (origin, wire) =>
    netvisor.connect({ system: 'accounting', baseUrl: origin, credentials, settings: settingsOf() }, wire),
  person: (n) => ({ email: `person${n}@contract.test`, givenName: `Etunimi${n}`, familyName: `Sukunimi${n}` }),
  blankable: 'familyName',
  bare403: 'CREDENTIALS_REJECTED',
  // a GET that destroys
  destructiveGets: ['deletecustomer.nv'],
  answersWithoutRow: true,
  optional: ['bound', 'strip', 'neutralise'],
  isReadable: (body) => XMLValidator.validate(body.toString('utf8')) === true && body.includes('<Root'),
  withRowTwice: (body) =>
    Buffer.from(body.toString('utf8').replace(/(<Customer>(?:(?!<Customer>)[\s\S])*<\/Customer>)(?=\s*<\/Customer)/, '$1$1')),
  // e-mail addresses cannot be searched, and two cards may have the same
  foundWith: ['givenName', 'familyName'],
  uniqueAddress: false,
  many: 1100,
  secrets: [credentials.customerKey, credentials.partnerKey],
};
