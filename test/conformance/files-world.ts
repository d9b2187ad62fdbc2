import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connector, Profile, Recipient } from '../../src/connectors/connector.ts';
import type { OpenExchange } from '../../src/connectors/exchange.ts';
import type { Gate } from '../../src/connectors/http.ts';
import type { Wait } from '../../src/connectors/settled.ts';
import { startLine } from './files-line.ts';
import type { LaidDown, Office } from './office.ts';
import { type About, type AnyWorld, call, corrected, given, type Verb } from './world.ts';

/**
 * A system that exchanges files, as the suite needs it: nothing is done at once. What is there, the newest whole export says; what is to
 * be done lies in a file of ours, or people do it.
 */
export interface FilesSubject extends About {
  /** Those that leave a file; what people do stands in `byPeople`. */
  verbs: readonly Verb[];
  byPeople: readonly Verb[];
  /** A new other side, without a row. */
  office(): Office;
  connect(at: FileAddress, open: OpenExchange, wait: Wait): Connector;
  /** An address with letters that its form has a place for. */
  oddAddress: string;
  /** Values that must come back as they went, where a file of ours carries them: what a spreadsheet would run, and the like. */
  oddNames?: readonly string[];
}

/** Where the folder is, and with what one logs in there. */
export interface FileAddress {
  baseUrl: string;
  credentials: Record<string, string>;
  hostKeys: readonly string[];
}

export interface FileCheck {
  name: string;
  /** Verbs that must leave a file for this to concern it. */
  needs?: readonly string[];
  timeoutMs?: number;
  run(world: FilesWorld): Promise<void>;
}

export interface FilesWorld extends Omit<AnyWorld, keyof About>, FilesSubject {
  vendor: Office;
  /** The folder on this machine. */
  folder: string;
  /** Exports by itself whenever its rows changed; on at first. */
  exportsBySelf(does: boolean): void;
  /** Lays a whole export of now down, or what is given; answers its path. */
  export(file?: LaidDown): string;
  /** Lays a file down under a time of its own, in minutes after the first export. */
  lay(file: LaidDown, minute?: number): void;
  /** The other side does what our files say and takes them away; how many there were. */
  takeOurs(): number;
  /** Our files that lie there, in the order of their names. */
  ours(): LaidDown[];
  /** Everything that lies there, by its path. */
  there(): string[];
  /** What happens while a look waits for files to stand still. */
  meanwhile: () => void;
  connectWith(options: { deadlineMs?: number; gate?: Gate }): Connector;
  at: FileAddress;
}

const nobodyKey = `SHA256:${'a'.repeat(43)}`;
const minuteMs = 60_000;
const start = Date.UTC(2026, 4, 4, 8);

export async function openFilesWorld(subject: FilesSubject): Promise<FilesWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'kaiku-files-'));
  const vendor = subject.office();
  for (const name of vendor.folders) mkdirSync(join(folder, name), { recursive: true });
  // one clock for both sides, so that before and after are never a matter of milliseconds
  let minute = 0;
  const stamp = (path: string, at: number) => {
    const when = new Date(start + at * minuteMs);
    if (existsSync(join(folder, path))) utimesSync(join(folder, path), when, when);
  };
  const line = startLine((path) => stamp(path, ++minute));
  const at: FileAddress = {
    baseUrl: `file://${folder}`,
    credentials: { user: 'kaiku', privateKey: 'a secret of files' },
    hostKeys: [nobodyKey],
  };
  const state = { exported: '', bySelf: true };
  let world: Pick<FilesWorld, 'meanwhile'> = { meanwhile: () => {} };
  const truth = () => JSON.stringify(vendor.rows());
  const lay = ({ path, bytes }: LaidDown, when = ++minute) => {
    minute = Math.max(minute, when);
    writeFileSync(join(folder, path), bytes);
    stamp(path, when);
  };
  const exported = (file = vendor.whole()) => {
    lay(file);
    state.exported = truth();
    return file.path;
  };
  const connectWith = (options: { deadlineMs?: number; gate?: Gate }): Connector =>
    subject.connect(at, line.open(options), async () => world.meanwhile());
  /** A connector of its own each time: what one keeps for a few seconds is its own affair. */
  const connected = (options = {}): Connector => {
    if (state.bySelf && truth() !== state.exported && vendor.rows().length > 0) exported();
    return connectWith(options);
  };
  const recipientOf = ({ recipient }: Connector): Recipient => {
    if (!recipient) throw new Error('the connector has no recipient');
    return recipient;
  };
  const { inbox } = vendor;
  const ours = () =>
    readdirSync(join(folder, inbox?.folder ?? ''))
      .filter((name) => inbox?.isOurs(name))
      .sort()
      .map((name) => join(inbox?.folder ?? '', name))
      .map((path) => ({ path, bytes: readFileSync(join(folder, path)) }));
  const takeOurs = () => {
    const lying = ours();
    for (const { path, bytes } of lying) {
      inbox?.take(bytes);
      rmSync(join(folder, path));
    }
    return lying.length;
  };

  const all: FilesWorld = {
    ...subject,
    meanwhile: () => {},
    vendor,
    folder,
    at,
    server: line.server,
    get recipient() {
      return recipientOf(connected());
    },
    get connector() {
      return connected();
    },
    connectWith,
    quick: (deadlineMs: number) => recipientOf(connected({ deadlineMs })),
    async one(n: number): Promise<Profile> {
      vendor.put(subject.person(n));
      const [found, ...more] = await recipientOf(connected()).find(subject.person(n), subject.place, call);
      if (!found || more.length > 0) throw new Error(`a row that was put there was found ${found ? more.length + 1 : 0} times`);
      return found;
    },
    truth,
    exportsBySelf(does: boolean) {
      state.bySelf = does;
    },
    export: exported,
    lay,
    ours,
    takeOurs,
    there: () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort(),
    async write(verb: Verb) {
      const { ref } = await this.one(1);
      const fresh = corrected(subject, 1);
      const isIn = (text: unknown) => truth().toLowerCase().includes(String(text).toLowerCase());
      return {
        run: () => (verb === 'erase' ? this.recipient.erase(ref, call) : this.recipient.rectify(ref, given(fresh), [], call)),
        async isDone() {
          takeOurs();
          return verb === 'erase' ? !isIn(subject.person(1).email) : isIn(fresh.givenName);
        },
      };
    },
    faultWrites(kind: Parameters<AnyWorld['faultWrites']>[0]) {
      for (const method of ['WRITE', 'MOVE', 'REMOVE']) line.server.fault({ kind, method });
    },
    besideAddress: () => ({}),
    isWrite: ({ method }: { method: string }) => method !== 'LIST' && method !== 'READ',
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
  world = all;
  return all;
}
