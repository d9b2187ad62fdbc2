import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RegisterOptions, RegisterRecord } from '../../../src/connectors/connector.ts';
import { createExchange } from '../../../src/connectors/exchange.ts';
import { freeCall, type Gate } from '../../../src/connectors/http.ts';
import { mepcoWith } from '../../../src/connectors/mepco/connector.ts';
import type { Wait } from '../../../src/connectors/settled.ts';
import { type SftpServer, startSftpServer } from '../../support/sftp-server.ts';
import { MemoryExchange } from '../memory-exchange.ts';

export const call = freeCall;
export const openGate: Gate = { enter: async () => ({ leave: async () => {} }) };
export const noWire = async () => {
  throw new Error('files are not fetched over HTTP');
};

export const registerOptions: RegisterOptions = {
  for: 'employee',
  permissions: {},
  events: { 'employment-end': 'Ts päättymispv' },
};

const header = 'Person Number;User Name;User Email;User Language;User SSN;Ts päättymispv';
export const map = { name: 'User Name', email: 'User Email', language: 'User Language', identityCode: 'User SSN' };

/** One person's row. Identity codes are of the range that nobody has. */
export const row = (n: number, over: { email?: string; name?: string; end?: string; code?: string } = {}) =>
  [
    String(n).padStart(4, '0'),
    over.name ?? `Äijä ${'ABCDEFGHIJ'[n % 10]}${'abcdefghij'[Math.floor(n / 10) % 10]}önen`,
    over.email ?? `henkilo${n}@cervi.test`,
    'FINNISH',
    over.code ?? '',
    over.end ?? '',
  ].join(';');

export const file = (...rows: string[]) => `${[header, ...rows].join('\r\n')}\r\n`;
export const people = (...numbers: number[]) => file(...numbers.map((n) => row(n)));
export const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

export interface WorldOptions {
  settings?: Record<string, unknown>;
  register?: RegisterOptions;
  hostKeys?: readonly string[];
  privateKey?: string;
  wait?: Wait;
  deadlineMs?: number;
  server?: SftpServer;
}

/** A real SFTP server, a connector that talks to it, and Mepco's side of the folder. */
export async function world(options: WorldOptions = {}) {
  const server = options.server ?? (await startSftpServer());
  const factory = mepcoWith(options.wait ?? (async () => {}));
  const connect = (over: WorldOptions = {}) => {
    const { settings = {}, hostKeys, privateKey, deadlineMs = 5000, register = registerOptions } = { ...options, ...over };
    return factory.connect(
      {
        system: 'staff',
        baseUrl: server.address,
        credentials: { user: server.user, privateKey: privateKey ?? server.privateKey },
        settings: factory.settings.parse({ hostKeys: hostKeys ?? [server.hostKey], full: 'henkilot*.csv', map, ...settings }),
        register,
      },
      noWire,
      createExchange({ gate: openGate, deadlineMs, maxBytes: 1024 * 1024 }),
    );
  };
  const connector = connect();
  const { register, recipient } = connector;
  if (!register || !recipient) throw new Error('Mepco is a register and a recipient');
  let minute = 0;
  return {
    server,
    connector,
    connect,
    register,
    recipient,
    /** Mepco leaves a file, a minute after the one before. */
    leave(name: string, content: string | Buffer, at = ++minute) {
      const path = join(server.folder, name);
      writeFileSync(path, content);
      const when = new Date(Date.UTC(2026, 4, 4, 8, at));
      utimesSync(path, when, when);
    },
    [Symbol.asyncDispose]: async () => {
      if (!options.server) await server[Symbol.asyncDispose]();
    },
  };
}
export type World = Awaited<ReturnType<typeof world>>;

/** The same connector on a folder in memory. */
export function inMemory(settings: Record<string, unknown> = {}, register: RegisterOptions = registerOptions) {
  const factory = mepcoWith(async () => {});
  const exchange = new MemoryExchange();
  const connector = factory.connect(
    {
      system: 'staff',
      baseUrl: 'sftp://files.test',
      credentials: { user: 'kaiku', privateKey: 'key' },
      settings: factory.settings.parse({ hostKeys: [`SHA256:${'a'.repeat(43)}`], full: 'henkilot*.csv', map, ...settings }),
      register,
    },
    noWire,
    () => exchange,
  );
  if (!connector.register || !connector.recipient) throw new Error('Mepco is a register and a recipient');
  return { exchange, connector, register: connector.register, recipient: connector.recipient };
}

/** One poll; every page is committed before the next is asked for. `failure`: what it ended in. */
export async function poll(
  { register }: Pick<World, 'register'>,
  cursor: string | null,
): Promise<{ records: RegisterRecord[]; cursor: string | null; pages: number; failure?: unknown }> {
  const said = { records: [] as RegisterRecord[], cursor, pages: 0 };
  try {
    for await (const page of register.changes('person', cursor, call)) {
      said.records.push(...page.records);
      said.cursor = page.cursor;
      said.pages++;
    }
    return said;
  } catch (failure) {
    return { ...said, failure };
  }
}
