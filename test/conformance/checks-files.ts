import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Recipient, RemoteRef, Written } from '../../src/connectors/connector.ts';
import { type Call, memoryGate } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import type { FileCheck, FilesWorld } from './files-world.ts';
import { call, corrected, failureOf, given } from './world.ts';

/** What holds of a system that exchanges files: its newest whole export is all that is known, and a promise is not more than a file. */

const fails = async (what: string, work: () => Promise<unknown>): Promise<Failure> => {
  const said = await work().then(
    (value) => new Error(`${what} answered ${inspect(value, { depth: 1 })}`),
    (error: unknown) => error,
  );
  if (said instanceof Failure) return said;
  throw said;
};

async function listed(recipient: Recipient) {
  const found = [];
  for await (const page of recipient.list(call)) found.push(...page);
  return found;
}

/** Everything that could say of somebody that they are not there. */
export const looks = (w: FilesWorld, ref: RemoteRef, n: number): Record<string, () => Promise<unknown>> => ({
  read: () => w.recipient.read(ref, call),
  find: () => w.recipient.find(w.person(n), w.place, call),
  rectify: () => w.recipient.rectify(ref, given(corrected(w, n)), [], call),
  erase: () => w.recipient.erase(ref, call),
  list: () => listed(w.recipient),
  ...(w.isRegister ? { look: async () => w.connector.register?.look(ref, call) } : {}),
});

async function nobodyIsAbsent(w: FilesWorld, ref: RemoteRef, n: number): Promise<void> {
  for (const [what, look] of Object.entries(looks(w, ref, n))) await fails(what, look);
  const sweep = await w.connector.register?.sweep(w.place, call).catch(() => ({ complete: false }));
  expect(sweep?.complete ?? false).toBe(false);
}

/** More rows than a few: that they vanish is a mass disappearance. */
async function crowd(w: FilesWorld): Promise<RemoteRef> {
  for (let n = 2; n <= 12; n++) w.vendor.put(w.person(n));
  return (await w.one(1)).ref;
}

const reading: FileCheck[] = [
  {
    name: 'says what the newest whole export says, and nothing of what changed since',
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      w.exportsBySelf(false);
      w.vendor.edit(ref.id, w.person(77).email);
      expect((await w.recipient.read(ref, call))?.fields.email).toBe(w.person(1).email);
      expect(await w.recipient.find({ email: w.person(77).email }, w.place, call)).toEqual([]);
      w.export();
      expect((await w.recipient.read(ref, call))?.fields.email).toBe(w.person(77).email);
      expect(await w.recipient.find({ email: w.person(1).email }, w.place, call)).toEqual([]);
    },
  },
  {
    name: 'confirms nothing from an export that is not the newest',
    async run(w) {
      for (const n of [2, 3]) w.vendor.put(w.person(n));
      const one = await w.one(1);
      const [two] = await w.recipient.find(w.person(2), w.place, call);
      if (!two) throw new Error('nobody was found');
      // an old export says that one is gone and another corrected; the newest says neither
      w.exportsBySelf(false);
      const before = w.person(2).email;
      w.vendor.drop(one.ref.id);
      w.vendor.edit(two.ref.id, w.person(77).email);
      const old = w.export();
      w.vendor.put(w.person(1));
      w.vendor.edit(two.ref.id, before);
      w.export();
      expect(w.there()).toContain(old);
      expect((await w.recipient.find(w.person(1), w.place, call)).length).toBe(1);
      expect((await w.recipient.read(two.ref, call))?.fields.email).toBe(before);
      const said = await w.recipient.rectify(two.ref, given({ email: w.person(77).email }), [], call);
      if (said.kind === 'accepted') expect(w.ours()).toHaveLength(1);
      else expect(said).toMatchObject({ kind: 'refused', ask: true });
    },
  },
  {
    name: 'falls back on no older export where the newest is refused',
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      w.exportsBySelf(false);
      w.vendor.drop(ref.id);
      w.export();
      w.vendor.put(w.person(1));
      const { path, bytes } = w.vendor.whole();
      w.export({ path, bytes: bytes.subarray(0, bytes.length - 5) });
      await nobodyIsAbsent(w, ref, 1);
    },
  },
  {
    name: 'reads no file that is still being written, and proves nothing by it',
    async run(w) {
      const [, two] = [await w.one(1), await w.one(2)];
      const first = w.there().filter((path) => path.endsWith('.csv'));
      w.exportsBySelf(false);
      const { path, bytes } = w.vendor.whole();
      w.export({ path, bytes: bytes.subarray(0, bytes.lastIndexOf('\r\n', bytes.length - 3) + 2) });
      // it lacks the last row, and grows between two looks
      w.meanwhile = () => appendFileSync(join(w.folder, path), ' ');
      expect((await w.recipient.find(w.person(2), w.place, call)).length).toBe(1);
      const sweep = await w.connector.register?.sweep(w.place, call);
      expect(sweep?.complete ?? false).toBe(false);
      for (const old of first) rmSync(join(w.folder, old));
      await nobodyIsAbsent(w, two.ref, 2);
    },
  },
  {
    name: 'calls nobody absent where there is no export at all, or no folder for one',
    async run(w) {
      const { ref } = await w.one(1);
      w.exportsBySelf(false);
      for (const path of w.there().filter((name) => name.endsWith('.csv'))) rmSync(join(w.folder, path));
      await nobodyIsAbsent(w, ref, 1);
      rmSync(w.folder, { recursive: true });
      for (const [what, look] of Object.entries(looks(w, ref, 1))) expect((await fails(what, look)).code).toBe('RIGHT_MISSING');
    },
  },
  {
    name: 'takes an export of nobody, or of a header alone, for none',
    async run(w) {
      const { ref } = await w.one(1);
      w.exportsBySelf(false);
      const { path, bytes } = w.vendor.whole();
      for (const left of [Buffer.alloc(0), bytes.subarray(0, bytes.indexOf('\r\n') + 2)]) {
        w.export({ path, bytes: left });
        await nobodyIsAbsent(w, ref, 1);
      }
    },
  },
  {
    name: 'calls nobody absent by an export that lacks very many, however often it comes',
    async run(w) {
      const ref = await crowd(w);
      w.exportsBySelf(false);
      const ids = (await listed(w.recipient)).map(({ ref: there }) => there.id);
      for (const id of [ref.id, ...ids.filter((other) => other !== ref.id).slice(0, 5)]) w.vendor.drop(id);
      for (let day = 0; day < 3; day++) {
        w.export();
        await nobodyIsAbsent(w, ref, 1);
      }
    },
  },
  {
    name: 'calls nobody absent by an export that lacks very many behind one that cannot be read',
    async run(w) {
      const ref = await crowd(w);
      w.exportsBySelf(false);
      const { path, bytes } = w.vendor.whole();
      w.export({ path, bytes: bytes.subarray(0, bytes.length - 5) });
      const ids = w.vendor.rows().map((row) => (row as { id: string }).id);
      for (const id of [ref.id, ...ids.slice(0, 6)]) w.vendor.drop(id);
      w.export();
      await nobodyIsAbsent(w, ref, 1);
    },
  },
  {
    name: 'takes an export in another encoding for none',
    async run(w) {
      w.vendor.put({ ...w.person(2), givenName: 'Åke', familyName: 'Öhman' });
      const { ref } = await w.one(1);
      w.exportsBySelf(false);
      const { path, bytes } = w.vendor.whole();
      const text = bytes.toString('utf8');
      for (const other of [
        Buffer.from(text, 'latin1'),
        Buffer.from(`\ufeff${text}`, 'utf16le'),
        Buffer.from(bytes.toString('latin1')),
      ]) {
        w.export({ path, bytes: other });
        await nobodyIsAbsent(w, ref, 1);
      }
    },
  },
  {
    name: 'reads an address with odd letters as it stands, and finds it',
    async run(w) {
      w.vendor.put({ ...w.person(2), email: w.oddAddress });
      await w.one(1);
      const found = await w.recipient.find({ email: w.oddAddress }, w.place, call);
      expect(found.map(({ fields }) => fields.email)).toEqual([w.oddAddress]);
      expect((await w.recipient.read(found[0]?.ref ?? { place: '', id: '' }, call))?.fields.email).toBe(w.oddAddress);
    },
  },
  {
    name: 'does not end a look of its own because another one lost its lease',
    async run(w) {
      const { ref } = await w.one(1);
      const { recipient } = w;
      const lost: Call = {
        beforeWire: async () => {
          throw new Failure('LEASE_LOST');
        },
      };
      const [theirs, ours] = await Promise.allSettled([recipient.read(ref, lost), recipient.read(ref, call)]);
      expect(theirs).toMatchObject({ status: 'rejected', reason: { code: 'LEASE_LOST' } });
      expect(ours).toMatchObject({ status: 'fulfilled', value: { ref } });
    },
  },
  {
    name: 'holds its limits where the other side counts: operations at once',
    async run(w) {
      const { ref } = await w.one(1);
      const { connections } = w.connector.manifest.limits;
      const gate = memoryGate({ connections });
      w.exportsBySelf(false);
      const by = Array.from({ length: 4 * connections }, () => w.connectWith({ gate }).recipient);
      await Promise.all(by.map((recipient) => recipient?.read(ref, call)));
      expect(w.server.peak()).toBeLessThanOrEqual(connections);
      expect(w.server.log.length).toBeGreaterThan(4 * connections);
    },
  },
  {
    name: 'asks for the lease of a read when it looks, and changes nothing',
    async run(w) {
      const { ref } = await w.one(1);
      const kinds = new Set<string>();
      const watched: Call = {
        async beforeWire(kind) {
          kinds.add(kind);
          return Number.POSITIVE_INFINITY;
        },
      };
      const before = w.there();
      await w.recipient.read(ref, watched);
      await w.recipient.find(w.person(1), w.place, watched);
      for await (const _ of w.recipient.list(watched));
      expect([[...kinds], w.there()]).toEqual([['read'], before]);
    },
  },
];

/** Corrected or erased, by a file or by people, whichever there is. */
const act = (w: FilesWorld, verb: 'rectify' | 'erase', ref: RemoteRef, n: number): Promise<Written> =>
  verb === 'erase' ? w.recipient.erase(ref, call) : w.recipient.rectify(ref, given({ email: w.person(n + 50).email }), [], call);

const promising: FileCheck[] = (['rectify', 'erase'] as const).flatMap((verb): FileCheck[] => [
  {
    name: `promises no more than a file or a task, and shows it when the next export does (${verb})`,
    async run(w) {
      if (![...w.verbs, ...w.byPeople].includes(verb)) return;
      const { ref } = await w.one(1);
      await w.one(2);
      w.exportsBySelf(false);
      const before = w.truth();
      const said = await act(w, verb, ref, 1);
      if (w.byPeople.includes(verb)) expect([said, w.ours()]).toMatchObject([{ kind: 'refused', ask: true }, []]);
      else expect([said, w.ours().length]).toEqual([{ kind: 'accepted', ref }, 1]);
      expect(w.truth()).toBe(before);
      expect((await w.recipient.read(ref, call))?.fields.email).toBe(w.person(1).email);
      if (w.verbs.includes(verb)) expect(w.takeOurs()).toBe(1);
      else if (verb === 'erase') w.vendor.drop(ref.id);
      else w.vendor.edit(ref.id, w.person(51).email);
      // done, and not shown yet
      expect((await w.recipient.read(ref, call))?.fields.email).toBe(w.person(1).email);
      w.export();
      const back = await w.recipient.read(ref, call);
      const email = verb === 'erase' ? undefined : w.person(51).email;
      expect([back?.fields.email, (await w.recipient.find(w.person(2), w.place, call)).length]).toEqual([email, 1]);
      expect(await act(w, verb, ref, 1)).toEqual(verb === 'erase' ? { kind: 'not-found' } : { kind: 'accepted', ref });
      expect(w.ours()).toEqual([]);
    },
  },
  {
    name: `does what it promised, to that row alone (${verb})`,
    needs: [verb],
    async run(w) {
      const { ref } = await w.one(1);
      for (const n of [2, 3]) w.vendor.put(w.person(n));
      const others = () => w.vendor.rows().filter((row) => (row as { id: string }).id !== ref.id);
      const before = others();
      expect(await act(w, verb, ref, 1)).toEqual({ kind: 'accepted', ref });
      expect(w.takeOurs()).toBe(1);
      expect(others()).toEqual(before);
      const row = w.vendor.rows().find((one) => (one as { id: string }).id === ref.id);
      const { email: _, ...rest } = w.person(1);
      expect(row).toEqual(verb === 'erase' ? undefined : { id: ref.id, ...rest, email: w.person(51).email });
    },
  },
  {
    name: `leaves a change once for each export of theirs, whoever asks and however often (${verb})`,
    needs: [verb],
    async run(w) {
      const { ref } = await w.one(1);
      w.vendor.put(w.person(2));
      w.export();
      w.exportsBySelf(false);
      for (let again = 0; again < 3; again++) expect(await act(w, verb, ref, 1)).toMatchObject({ kind: 'accepted' });
      expect(w.ours()).toHaveLength(1);
      // taken away and not done
      for (const { path } of w.ours()) rmSync(join(w.folder, path));
      await act(w, verb, ref, 1);
      expect(w.ours()).toEqual([]);
      // their next export does not show it
      w.export();
      for (let again = 0; again < 2; again++) await act(w, verb, ref, 1);
      expect(w.ours()).toHaveLength(1);
    },
  },
  ...(['commit-then-drop', 'drop-before-commit'] as const).flatMap((kind) =>
    [1, 2].map(
      (at): FileCheck => ({
        name: `leaves a change once though the answer to its ${at === 1 ? 'file' : 'note'} was lost (${verb}, ${kind})`,
        needs: [verb],
        async run(w) {
          const { ref } = await w.one(1);
          w.exportsBySelf(false);
          w.server.fault({ kind, method: 'WRITE', path: at === 1 ? '.csv' : '/.' });
          expect((await failureOf(act(w, verb, ref, 1))).code).toBe('ANSWER_LOST');
          expect(await act(w, verb, ref, 1)).toMatchObject({ kind: 'accepted' });
          expect(w.ours()).toHaveLength(1);
        },
      }),
    ),
  ),
  {
    name: `hands over nobody who is not there (${verb})`,
    needs: [verb],
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      w.vendor.drop(ref.id);
      expect(await act(w, verb, ref, 1)).toEqual({ kind: 'not-found' });
      expect(w.ours()).toEqual([]);
    },
  },
]);

const handing: FileCheck[] = [
  {
    name: 'hands back the value before, though their newest export still shows it: the change between is on its way',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      w.vendor.put(w.person(2));
      w.export();
      w.exportsBySelf(false);
      const to = (n: number) => w.recipient.rectify(ref, given({ email: w.person(n).email }), [], call);
      for (const n of [51, 1, 51, 1]) expect(await to(n)).toMatchObject({ kind: 'accepted' });
      w.takeOurs();
      w.export();
      expect((await w.recipient.read(ref, call))?.fields.email).toBe(w.person(1).email);
      await to(1);
      expect(w.ours()).toEqual([]);
    },
  },
  {
    name: 'empties the fields it is told to empty, and no other',
    needs: ['rectify'],
    async run(w) {
      const { ref, fields } = await w.one(1);
      const blank = w.blankable ?? 'familyName';
      expect(await w.recipient.rectify(ref, given({}), [blank], call)).toMatchObject({ kind: 'accepted' });
      w.takeOurs();
      const { [blank]: _, ...rest } = fields;
      expect((await w.recipient.read(ref, call))?.fields).toEqual(rest);
    },
  },
  {
    name: 'brings odd letters there and back as they were, or leaves nothing',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      for (const familyName of w.oddNames ?? []) {
        const said = await w.recipient.rectify(ref, given({ familyName }), [], call);
        if (said.kind === 'refused') {
          expect([said.ask, w.ours()]).toEqual([true, []]);
          continue;
        }
        expect(w.takeOurs()).toBe(1);
        expect([familyName, (await w.recipient.read(ref, call))?.fields.familyName]).toEqual([familyName, familyName]);
      }
    },
  },
  {
    name: 'names a row that it erases by its key, and hands nothing of the person over',
    needs: ['erase'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.erase(ref, call);
      const [file] = w.ours();
      for (const value of Object.values(w.person(1))) expect(String(file?.bytes)).not.toContain(String(value));
    },
  },
  {
    name: 'has nobody in the name of a file',
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.rectify(ref, given(corrected(w, 1)), [], call);
      await w.recipient.erase(ref, call);
      const values = [...Object.values(w.person(1)), ...Object.values(w.person(51))].map((value) => String(value).toLowerCase());
      for (const path of w.there()) for (const value of values) expect(path.toLowerCase()).not.toContain(value);
    },
  },
  {
    name: 'leaves no half file under its own name',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.rectify(ref, given(corrected(w, 1)), [], call);
      for (const { path } of w.ours()) expect(readFileSync(join(w.folder, path), 'utf8')).toMatch(/\n$/);
      expect(w.there().filter((path) => path.endsWith('.part'))).toEqual([]);
    },
  },
];

export const fileChecks: FileCheck[] = [...reading, ...promising, ...handing];
