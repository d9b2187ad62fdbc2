import { XMLValidator } from 'fast-xml-parser';
import { netvisor } from '../../../src/connectors/netvisor/connector.ts';
import { netvisorSandbox } from '../../../src/connectors/netvisor/sandbox.ts';
import type { Subject } from '../../conformance/world.ts';
import { credentials, organisationId, settingsOf } from './setup.ts';

/** Netvisor's payroll as the conformance suite sees it: corrected and narrowed, and neither created nor deleted. */
export const payrollSubject: Subject = {
  place: 'employee',
  start() {
    const behaviour = netvisorSandbox({ credentials, organisationId });
    const keyOf = (email: string) => behaviour.employees().find(({ card }) => card['email'] === email)?.key;
    return {
      behaviour: {
        ...behaviour,
        // a gateway's: Netvisor itself documents no limit
        throttled: (retryAfter) => ({ status: 429, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } }),
      },
      put: ({ email, givenName, familyName, phone }) =>
        void behaviour.seedEmployee({
          firstName: String(givenName),
          lastName: String(familyName),
          email,
          phone: String(phone),
          bankAccount: `FI21${email}`.slice(0, 34),
        }),
      rows: () => behaviour.employees(),
      remove(email) {
        const employee = keyOf(email);
        if (employee !== undefined) behaviour.act?.({ do: 'removeEmployee', employee });
      },
      // the employment ended on the day of the last pay
      bind(email) {
        const employee = keyOf(email);
        if (employee === undefined) return;
        behaviour.act?.({ do: 'endEmployment', employee, day: '2025-03-15' });
        behaviour.seedPayslip({ employee, date: '2025-03-15' });
      },
    };
  },
  connect: (origin, wire) =>
    netvisor.connect({ system: 'payroll', baseUrl: origin, credentials, settings: settingsOf({ payroll: true }) }, wire),
  person: (n) => ({
    email: `person${n}@contract.test`,
    givenName: `Etunimi${n}`,
    familyName: `Sukunimi${n}`,
    phone: `+35840${String(1_000_000 + n)}`,
  }),
  blankable: 'phone',
  verbs: ['rectify'],
  optional: ['bound', 'strip'],
  bare403: 'CREDENTIALS_REJECTED',
  answersWithoutRow: true,
  isReadable: (body) => XMLValidator.validate(body.toString('utf8')) === true && body.includes('<Root'),
  withRowTwice: (body) =>
    Buffer.from(body.toString('utf8').replace(/(<Employee>(?:(?!<Employee>)[\s\S])*<\/Employee>)(?=\s*<\/Employees)/, '$1$1')),
  // the list has names and identity codes, and no addresses; two rows may have the same
  foundWith: ['givenName', 'familyName'],
  uniqueAddress: false,
  many: 60,
  secrets: [credentials.customerKey, credentials.partnerKey],
};
