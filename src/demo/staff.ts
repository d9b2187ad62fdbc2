import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What the example says of Mepco's files, as far as whoever writes them needs it. */
interface FileSettings {
  full: string;
  map: Record<string, string>;
}

/** One person of the files: values by the canonical fields of the map, and the last day of the employment, `d.m.yyyy` or ''. */
type Row = Record<string, string>;

/** Mepco's side of the exchange: HR works in it, and whole exports come of what stands there. */
export interface StaffFiles {
  /** By person's number. */
  rows: Map<string, Row>;
  /** HR changes what stands there; a blank takes a value away. */
  change(number: string, values: Row): void;
  /** The next whole export. */
  export(): Promise<void>;
}

const ended = 'end';
const number = 'Person Number';

/** A folder of this machine in the place of the SFTP server, with a first whole export in it; what a stage needs of it. */
export async function stageStaff(folder: string, settings: FileSettings, endColumn: string) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const rows = new Map(staffOf(new Date().getUTCFullYear()));
  const columns = Object.entries(settings.map);
  let exports = 0;
  const staff: StaffFiles = {
    rows,
    change: (who, values) => void rows.set(who, { ...rows.get(who), ...values }),
    async export() {
      const head = [number, ...columns.map(([, header]) => header), endColumn];
      const lines = [...rows].map(([who, row]) => [who, ...columns.map(([field]) => row[field] ?? ''), row[ended] ?? '']);
      const path = join(folder, settings.full.replace('*', String(++exports).padStart(4, '0')));
      // nobody sees half a file
      await writeFile(`${path}.part`, [head, ...lines].map((cells) => `${cells.join(';')}\r\n`).join(''));
      await rename(`${path}.part`, path);
    },
  };
  await staff.export();
  return {
    address: pathToFileURL(folder).href,
    credentials: { user: 'demo', privateKey: 'demo' },
    fast: { settleSeconds: 1 },
    staff,
  };
}

/** The people of the story, by their numbers. */
export const cast = { leaver: '0001', former: '0004', longGone: '0005' } as const;

/** Identity codes are of the range that nobody has. */
function staffOf(year: number): [string, Row][] {
  const person = (name: string, mail: string, code: string, more: Row): Row => ({
    ...{ name, email: `${mail}@esimerkki.test`, language: 'FINNISH', identityCode: code },
    ...{ 'address.postcode': '15110', 'address.city': 'Lahti' },
    ...more,
  });
  const kin = (name: string, phone: string) => ({ 'custom.nextOfKin': name, 'custom.nextOfKinPhone': phone });
  return [
    [
      cast.leaver,
      person('Åsa Öhman', 'asa.ohman', '120384-901W', {
        ...{
          phone: '+358401110001',
          jobTitle: 'LVI-asentaja',
          'address.street': 'Mäkikatu 1',
          'custom.taxNumber': '100000000001',
        },
        ...kin('Nils Öhman', '+358401110011'),
      }),
    ],
    [
      '0002',
      person('Väinö Järvelä', 'vaino.jarvela', '030571-902C', {
        ...{ phone: '+358401110002', jobTitle: 'nuohooja', 'address.street': 'Harjukatu 2', 'custom.taxNumber': '100000000002' },
        ...kin('Raili Järvelä', '+358401110012'),
      }),
    ],
    [
      '0003',
      person('Mirja Ylönen', 'mirja.ylonen', '280290-913B', {
        ...{
          phone: '+358401110003',
          jobTitle: 'palkanlaskija',
          'address.street': 'Järvitie 3',
          'custom.taxNumber': '100000000003',
        },
        ...kin('Pekka Ylönen', '+358401110013'),
      }),
    ],
    [
      cast.former,
      person('Elli Hämäläinen', 'elli.hamalainen', '170662-904Y', {
        ...{
          phone: '+358401110004',
          jobTitle: 'sähköasentaja',
          'address.street': 'Lähdetie 4',
          'custom.taxNumber': '100000000004',
        },
        [ended]: `30.6.${year - 4}`,
      }),
    ],
    [
      cast.longGone,
      person('Onni Sjöberg', 'onni.sjoberg', '090993-9058', {
        ...{
          phone: '+358401110005',
          jobTitle: 'kesätyöntekijä',
          'address.street': 'Niittytie 5',
          'custom.taxNumber': '100000000005',
        },
        [ended]: `31.8.${year - 16}`,
      }),
    ],
  ];
}

/** The last day of somebody's employment as Mepco writes it, as a calendar date. */
export const dayOfEnd = ({ [ended]: text = '' }: Row): string =>
  text
    .split('.')
    .reverse()
    .map((part) => part.padStart(2, '0'))
    .join('-');

/** A calendar date as Mepco writes it. */
export const endOn = (day: string): Row => ({ [ended]: day.split('-').reverse().map(Number).join('.') });
