import type { Exchange } from '../../../src/connectors/exchange.ts';
import { filesWith } from '../../../src/connectors/files/connector.ts';
import { freeCall } from '../../../src/connectors/http.ts';
import { MemoryExchange } from '../memory-exchange.ts';

export const call = freeCall;
export const noWire = async () => {
  throw new Error('files are not fetched over HTTP');
};
const factory = filesWith(async () => {});

export const usual = {
  hostKeys: [`SHA256:${'a'.repeat(43)}`],
  export: { folder: 'out', names: 'persons*.csv' },
  changes: { folder: 'in' },
  key: 'Id',
  map: {
    givenName: 'First',
    familyName: 'Last',
    email: 'Mail',
    phone: 'Phone',
    'address.street': 'Street',
    'address.city': 'City',
  },
};

export const file = (...rows: string[]) => `Id;First;Last;Mail;Phone;Street;City\r\n${rows.map((row) => `${row}\r\n`).join('')}`;
export const person = (n: number, over: { mail?: string; phone?: string } = {}) =>
  `${n};Aino;Mäkelä${'abcdefghijkl'[n % 12]};${over.mail ?? `aino${n}@odd.test`};${over.phone ?? `040 100 100${n % 10}`};Tie ${n};Åbo`;

/** A connector by declaration alone, on a folder in memory or on the way that is given. */
export function open(settings: Record<string, unknown> = {}, exchange: Exchange = new MemoryExchange()) {
  const connector = factory.connect(
    {
      system: 'odd',
      baseUrl: 'sftp://files.test',
      credentials: { user: 'kaiku', privateKey: 'key' },
      settings: factory.settings.parse({ ...usual, ...settings }),
    },
    noWire,
    () => exchange,
  );
  if (!connector.recipient) throw new Error('files are a recipient');
  return { connector, recipient: connector.recipient, exchange };
}

export const parse = (settings: unknown) => factory.settings.safeParse(settings);
export const settingsOf = (over: Record<string, unknown> = {}) => factory.settings.parse({ ...usual, ...over });

/** Our files that lie for the other side, without the notes. */
export const left = (exchange: MemoryExchange) =>
  [...exchange.files].filter(([path]) => path.startsWith('in/kaiku-')).map(([, { bytes }]) => bytes.toString());
