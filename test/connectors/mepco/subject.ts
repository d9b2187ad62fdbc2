import { mepcoWith } from '../../../src/connectors/mepco/connector.ts';
import type { FilesSubject } from '../../conformance/files-world.ts';
import { officeOf, wordOf } from '../../conformance/office.ts';
import { noWire } from './setup.ts';

/** Personnel: whole exports and such of changes alone, and people who do what they are asked. */
function office() {
  const own = officeOf({
    idOf: (n) => String(n).padStart(4, '0'),
    name: (n) => `henkilot-${String(n).padStart(4, '0')}.csv`,
    header: 'Person Number;User First;User Last;User Email;User Phone',
    line: (id, { givenName, familyName, email, phone }) => [id, givenName, familyName, email, phone].join(';'),
  });
  let changed = 0;
  return { ...own, folders: [], changes: (id: string) => own.only(`muutokset-${++changed}.csv`, id) };
}

/** Mepco as the conformance suite sees it: a register, and a recipient where people do the work. */
export const mepcoSubject: FilesSubject = {
  place: 'person',
  verbs: [],
  byPeople: ['create', 'rectify', 'erase'],
  isRegister: true,
  office,
  connect({ baseUrl, credentials, hostKeys }, open, wait) {
    const factory = mepcoWith(wait);
    const settings = factory.settings.parse({
      hostKeys,
      full: 'henkilot*.csv',
      delta: 'muutokset*.csv',
      map: { givenName: 'User First', familyName: 'User Last', email: 'User Email', phone: 'User Phone' },
    });
    const register = { for: 'employee', permissions: {} };
    return factory.connect({ system: 'staff', baseUrl, credentials, settings, register }, noWire, open);
  },
  person: (n) => ({
    email: `henkilo${n}@contract.test`,
    givenName: `Äijä${wordOf(n)}`,
    familyName: `Mäki${wordOf(n)}`,
    phone: `040 ${10000 + n}`,
  }),
  oddAddress: "o'brien+odd=1&%åäö@xn--contract.test",
  secrets: ['a secret of files'],
};
