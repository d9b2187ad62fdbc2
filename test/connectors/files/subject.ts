import { filesWith } from '../../../src/connectors/files/connector.ts';
import type { Fields } from '../../../src/core/person.ts';
import type { FilesSubject } from '../../conformance/files-world.ts';
import { officeOf, wordOf } from '../../conformance/office.ts';
import { noWire, usual } from './setup.ts';

const columns = ['givenName', 'familyName', 'email', 'phone'] as const;
const map = { givenName: 'First', familyName: 'Last', email: 'Mail', phone: 'Phone' };
const folders = { export: { folder: 'out', names: 'persons-*.csv' }, changes: { folder: 'in' } };

/** As whoever opens an export in a spreadsheet needs it. */
const escaped = (cell: string) => (/^'*[=+\-@]/.test(cell) ? `'${cell}` : cell);

/** Another system of the company, by declaration alone: it imports our files, and exports its rows. */
function office() {
  const own = officeOf({
    idOf: (n) => String(1000 + n),
    name: (n) => `out/persons-${String(n).padStart(4, '0')}.csv`,
    header: 'Id;First;Last;Mail;Phone',
    line: (id, row) => [id, ...columns.map((name) => escaped(String(row[name] ?? '')))].join(';'),
  });
  return {
    ...own,
    folders: ['in', 'out'],
    inbox: {
      folder: 'in',
      isOurs: (name: string) => name.startsWith('kaiku-'),
      /** As its own import does: the apostrophe before a formula's sign is not part of the value. */
      take(bytes: Buffer) {
        const [head, row] = bytes.toString('utf8').split('\r\n');
        const cells = (row ?? '').split(';').map((cell) => cell.replace(/^'(?=[=+\-@'])/, ''));
        const [what, id = '', ...values] = cells;
        if (head !== 'What;Id;First;Last;Mail;Phone') throw new Error('another form than was agreed');
        if (!own.held.has(id)) return;
        if (what === 'P') own.drop(id);
        else
          own.held.set(
            id,
            Object.fromEntries(columns.map((name, i) => [name, values[i] ?? '']).filter(([, v]) => v !== '')) as Fields,
          );
      },
    },
  };
}

/** A connector of any system that exchanges CSV files, as the conformance suite sees it. */
export const filesSubject: FilesSubject = {
  place: 'row',
  verbs: ['rectify', 'erase'],
  byPeople: [],
  office,
  connect({ baseUrl, credentials, hostKeys }, open, wait) {
    const factory = filesWith(wait);
    const settings = factory.settings.parse({
      ...usual,
      ...folders,
      hostKeys,
      map,
      mark: { column: 'What', change: 'U', erase: 'P' },
      erasure: 'rows',
    });
    return factory.connect({ system: 'odd', baseUrl, credentials, settings }, noWire, open);
  },
  person: (n) => ({
    email: `person${n}@contract.test`,
    givenName: `Aino${wordOf(n)}`,
    familyName: `Mäki${wordOf(n)}`,
    phone: `040 ${1000 + n}`,
  }),
  oddAddress: "o'brien+odd=1&%åäö@xn--contract.test",
  oddNames: [
    'Öhman-Šarūnas',
    "O'Neill",
    '=1+1',
    '+358',
    '-2',
    '@SUM(A1)',
    "'=quoted",
    "''+twice",
    'Äijö 🦉',
    'a;b',
    'a"b',
    'a\nb',
  ],
  secrets: ['a secret of files'],
};
