import { describe, expect, it } from 'vitest';
import type { Connector, Recipient, Written } from '../../src/connectors/connector.ts';
import { createExchange, type Exchange, type FileServer } from '../../src/connectors/exchange.ts';
import type { FileEntry } from '../../src/connectors/exchange-files.ts';
import { freeCall, memoryGate } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { fileChecksFor, runFileCheck } from './files-keep-the-contract.ts';
import type { FilesSubject } from './files-world.ts';
import type { Verb } from './world.ts';

/** Deliberate faults of a connector that exchanges files: in what it says, or in what it makes of a folder. */
interface FileBreakage {
  what: string;
  /** The check that must fail. */
  by: string;
  needs?: readonly Verb[];
  ofRegister?: true;
  says?(good: Recipient): Partial<Recipient>;
  register?(good: NonNullable<Connector['register']>): Partial<NonNullable<Connector['register']>>;
  exchanges?(good: Exchange, server: FileServer): Partial<Exchange>;
}

const instead = <T>(work: Promise<T>, codes: readonly string[], claim: T): Promise<T> =>
  work.catch((error: unknown) => {
    if (error instanceof Failure && codes.includes(error.code)) return claim;
    throw error;
  });
const unread = ['RECIPIENT_UNAVAILABLE', 'RIGHT_MISSING'];
const isChange = (path: string) => path.endsWith('.csv');

const breakages: FileBreakage[] = [
  {
    what: 'says that somebody is not there when the export is missing',
    by: 'calls nobody absent where there is no export at all, or no folder for one',
    says: (good) => ({ read: (ref, call) => instead(good.read(ref, call), unread, null) }),
  },
  {
    what: 'calls somebody erased whom no export can show',
    by: 'falls back on no older export where the newest is refused',
    says: (good) => ({ erase: (ref, call) => instead<Written>(good.erase(ref, call), unread, { kind: 'not-found' }) }),
  },
  {
    what: 'finds nobody in an export that it could not read',
    by: 'takes an export in another encoding for none',
    says: (good) => ({ find: (fields, place, call) => instead(good.find(fields, place, call), unread, []) }),
  },
  {
    what: 'confirms from an old export',
    by: 'confirms nothing from an export that is not the newest',
    exchanges: (good) => ({ list: async (folder, call) => swapped(await good.list(folder, call)) }),
  },
  {
    what: 'passes over the newest export where it is refused',
    by: 'falls back on no older export where the newest is refused',
    exchanges: (good) => ({
      async list(folder, call) {
        const entries = await good.list(folder, call);
        const sound = [];
        for (const entry of entries) {
          const bytes = await good.read(folder === '' ? entry.name : `${folder}/${entry.name}`, call);
          if (bytes?.length === 0 || bytes?.at(-1) === 0x0a) sound.push(entry);
        }
        return sound;
      },
    }),
  },
  {
    what: 'reads a file that is still being written',
    by: 'reads no file that is still being written, and proves nothing by it',
    exchanges(good) {
      const first = new Map<string, FileEntry>();
      return {
        // size and time as they were seen first: whatever grows stands still
        async list(folder, call) {
          const entries = await good.list(folder, call);
          for (const entry of entries) if (!first.has(entry.name)) first.set(entry.name, entry);
          return entries.map((entry) => first.get(entry.name) ?? entry);
        },
        async read(path, call) {
          const bytes = await good.read(path, call);
          return bytes?.subarray(0, first.get(path.split('/').at(-1) ?? '')?.size) ?? null;
        },
      };
    },
  },
  {
    what: 'believes an export that lacks very many',
    by: 'calls nobody absent by an export that lacks very many, however often it comes',
    exchanges: (good) => ({
      list: async (folder, call) => (await good.list(folder, call)).sort((a, b) => b.modifiedMs - a.modifiedMs).slice(0, 1),
    }),
  },
  {
    what: 'claims that a change was taken in which its file was lost',
    by: 'leaves a change once though the answer to its file was lost (rectify, drop-before-commit)',
    needs: ['rectify'],
    says: (good) => ({
      rectify: (ref, fields, blanked, call) =>
        instead<Written>(good.rectify(ref, fields, blanked, call), ['ANSWER_LOST'], { kind: 'accepted', ref }),
    }),
  },
  ...(['rectify', 'erase'] as const).map(
    (verb): FileBreakage => ({
      what: `claims that a lost write was done (${verb})`,
      by: `says of a lost answer that it was lost, and not that it was done (${verb})`,
      needs: [verb],
      exchanges: (good) => ({ write: (path, bytes, call) => instead(good.write(path, bytes, call), ['ANSWER_LOST'], undefined) }),
    }),
  ),
  {
    what: 'answers an erasure with accepted and drops its file',
    by: 'does what it promised, to that row alone (erase)',
    needs: ['erase'],
    exchanges: (good) => ({
      write: async (path, bytes, call) => {
        if (!isChange(path)) await good.write(path, bytes, call);
      },
    }),
  },
  {
    what: 'writes the old address',
    by: 'does what it promised, to that row alone (rectify)',
    needs: ['rectify'],
    exchanges: (good) => ({
      write: (path, bytes, call) => good.write(path, Buffer.from(bytes.toString('utf8').replace('person51@', 'person1@')), call),
    }),
  },
  {
    what: 'hands a correction over as an erasure',
    by: 'does what it promised, to that row alone (rectify)',
    needs: ['rectify', 'erase'],
    says: (good) => ({ rectify: (ref, _fields, _blanked, call) => good.erase(ref, call) }),
  },
  {
    what: 'says of a file of its own that it was done already',
    by: 'promises no more than a file or a task, and shows it when the next export does (erase)',
    needs: ['erase'],
    says: (good) => ({
      async erase(ref, call) {
        await good.erase(ref, call);
        return { kind: 'not-found' };
      },
    }),
  },
  {
    what: 'says of what people were asked for that it was done',
    by: 'promises no more than a file or a task, and shows it when the next export does (rectify)',
    says: (good) => ({
      async rectify(ref, fields, blanked, call) {
        const said = await good.rectify(ref, fields, blanked, call);
        return said.kind === 'refused' || said.kind === 'accepted' ? { kind: 'accepted', ref: { ...ref, key: 'done' } } : said;
      },
    }),
  },
  {
    what: 'leaves the same change again each time it is asked',
    by: 'leaves a change once for each export of theirs, whoever asks and however often (rectify)',
    needs: ['rectify'],
    exchanges: (good) => ({
      list: async (folder, call) => (await good.list(folder, call)).filter(({ name }) => !name.startsWith('.')),
    }),
  },
  {
    what: 'leaves the same change again when its note was lost',
    by: 'leaves a change once though the answer to its note was lost (rectify, drop-before-commit)',
    needs: ['rectify'],
    exchanges: (good) => ({
      list: async (folder, call) => (await good.list(folder, call)).filter(({ name }) => !name.startsWith('kaiku-')),
    }),
  },
  {
    what: 'takes a value for done that a change on its way replaces',
    by: 'hands back the value before, though their newest export still shows it: the change between is on its way',
    needs: ['rectify'],
    says: (good) => ({
      async rectify(ref, fields, blanked, call) {
        const now = await good.read(ref, call);
        if (now && Object.entries(fields).every(([name, value]) => now.fields[name as keyof typeof now.fields] === value))
          return { kind: 'accepted', ref };
        return good.rectify(ref, fields, blanked, call);
      },
    }),
  },
  {
    what: 'hands the person over in an erasure',
    by: 'names a row that it erases by its key, and hands nothing of the person over',
    needs: ['erase'],
    says: (good) => ({
      async erase(ref, call) {
        const now = await good.read(ref, call);
        if (now) await good.rectify(ref, { ...now.fields, familyName: 'x' } as never, [], call);
        return good.erase(ref, call);
      },
    }),
  },
  {
    what: 'puts the person into the name of a file',
    by: 'has nobody in the name of a file',
    needs: ['rectify'],
    exchanges: (good) => ({
      write: (path, bytes, call) =>
        good.write(isChange(path) ? path.replace('.csv', '-person1@contract.test.csv') : path, bytes, call),
    }),
  },
  {
    what: 'writes without its lease',
    by: 'sends nothing more once the lease is lost, and says so',
    needs: ['erase'],
    says: (good) => ({ erase: (ref) => good.erase(ref, freeCall) }),
  },
  {
    what: 'tells the person in a failure',
    by: 'keeps the person and the credentials out of every failure',
    says: (good) => ({
      find: (fields, place, call) =>
        good.find(fields, place, call).catch((cause: unknown) => {
          if (!(cause instanceof Failure)) throw cause;
          throw new Failure(cause.code, { cause: new Error(`looking for ${String(fields.email)}`) });
        }),
    }),
  },
  {
    what: 'brings whom it is to correct into being',
    by: 'brings nobody into being at a ref that never was, by no verb',
    says: (good) => ({
      async read(ref, call) {
        return (await good.read(ref, call)) ?? { ref, fields: {}, standing: 'active', refused: false };
      },
    }),
  },
  {
    what: 'lists the first rows only',
    by: 'lists every row once, of more than a page',
    says: (good) => ({
      async *list(call) {
        for await (const page of good.list(call)) yield page.slice(0, 5);
      },
    }),
  },
  {
    what: 'finds an address in its own case alone',
    by: 'finds by the address, whatever its case, and nobody else',
    says: (good) => ({
      find: async (fields, place, call) =>
        (await good.find(fields, place, call)).filter((profile) => profile.fields.email === fields.email),
    }),
  },
  {
    what: 'cuts an address at an odd letter',
    by: 'reads an address with odd letters as it stands, and finds it',
    says: (good) => ({
      find: async (fields, place, call) =>
        (await good.find(fields, place, call)).map((p) => ({
          ...p,
          fields: { ...p.fields, email: String(p.fields.email).replace(/[+&'].*@/, '@') },
        })),
    }),
  },
  {
    what: 'goes past its slots',
    by: 'holds its limits where the other side counts: operations at once',
    exchanges: (_good, server) => createExchange({ gate: memoryGate({ connections: 99 }), deadlineMs: 5000 })(server),
  },
  {
    what: 'says "gone" of somebody whom no export shows',
    by: 'calls nobody absent where there is no export at all, or no folder for one',
    ofRegister: true,
    register: (good) => ({ look: (ref, call) => instead(good.look(ref, call), unread, { kind: 'gone' }) }),
  },
  {
    what: 'calls any sweep complete',
    by: 'calls nobody absent by an export that lacks very many, however often it comes',
    ofRegister: true,
    register: (good) => ({ sweep: async (object, call) => ({ ...(await good.sweep(object, call)), complete: true }) }),
  },
  {
    what: 'takes changes for a whole export',
    by: 'says that nobody is gone who lacks in changes alone, and that somebody is who lacks in a whole export',
    ofRegister: true,
    exchanges(good) {
      const asWhole = (name: string) => name.replace('muutokset', 'henkilot-muutokset');
      return {
        list: async (folder, call) => (await good.list(folder, call)).map((entry) => ({ ...entry, name: asWhole(entry.name) })),
        read: (path, call) => good.read(path.replace('henkilot-muutokset', 'muutokset'), call),
      };
    },
  },
  {
    what: 'tells a page again that was taken',
    by: 'goes on behind any cursor, and says nothing twice',
    ofRegister: true,
    register: (good) => ({ changes: (object, _cursor, call) => good.changes(object, null, call) }),
  },
  {
    what: 'begins anew with a cursor that is none',
    by: 'takes no cursor that is not its own for the beginning',
    ofRegister: true,
    register: (good) => ({
      async *changes(object, cursor, call) {
        try {
          yield* good.changes(object, cursor, call);
        } catch {
          yield* good.changes(object, null, call);
        }
      },
    }),
  },
  {
    what: 'clears what it did not take',
    by: 'loses nobody when its clearing away is cut (drop-before-commit)',
    ofRegister: true,
    exchanges: (good) => ({
      async list(folder, call) {
        const entries = await good.list(folder, call);
        for (const { name } of entries) await good.remove(name, call).catch(() => false);
        return entries;
      },
    }),
  },
];

/** The newest for the one before it, and the other way round. */
function swapped(entries: readonly FileEntry[]): FileEntry[] {
  const [newest, before, ...others] = [...entries].sort((a, b) => b.modifiedMs - a.modifiedMs);
  if (!newest || !before) return [...entries];
  return [{ ...newest, modifiedMs: before.modifiedMs }, { ...before, modifiedMs: newest.modifiedMs }, ...others];
}

function broken(subject: FilesSubject, { says, register, exchanges }: FileBreakage): FilesSubject {
  return {
    ...subject,
    connect(at, open, wait): Connector {
      const connector = subject.connect(
        at,
        (server) => {
          const good = open(server);
          return { ...good, ...exchanges?.(good, server) };
        },
        wait,
      );
      const { recipient, register: own } = connector;
      if (!recipient) throw new Error('no recipient to break');
      return {
        ...connector,
        recipient: { ...recipient, ...says?.(recipient) },
        ...(own ? { register: { ...own, ...register?.(own) } } : {}),
      };
    },
  };
}

/** Each fault that could be this connector's is caught by the check that is there for it. */
export function catchesFileBreakages(name: string, subject: FilesSubject): void {
  const own = breakages.filter(
    ({ needs = [], ofRegister }) => needs.every((verb) => subject.verbs.includes(verb)) && (!ofRegister || subject.isRegister),
  );
  describe.concurrent(`${name} is caught that`, () => {
    it.each(own.map((b): [string, FileBreakage] => [b.what, b]))('%s', async (_what, breakage) => {
      const check = fileChecksFor(subject).find((c) => c.name === breakage.by);
      if (!check) throw new Error(`no check is called "${breakage.by}"`);
      await runFileCheck(check, subject);
      await expect(runFileCheck(check, broken(subject, breakage))).rejects.toThrow();
    });
  });
}
