import { expect } from 'vitest';
import type { Profile, RemoteRef } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Fields } from '../../src/core/person.ts';
import { type AnyWorld, type Check, call, corrected, given, verbs } from './world.ts';

/** What the verbs do where nothing goes wrong. */

const held = (w: AnyWorld, fields: Fields) => w.recipient.asHeld?.(fields, w.place) ?? fields;
const read = (w: AnyWorld, ref: RemoteRef) => w.recipient.read(ref, call);
const find = (w: AnyWorld, fields: Fields) => w.recipient.find(fields, w.place, call);

async function listed(w: AnyWorld): Promise<Profile[]> {
  const found: Profile[] = [];
  for await (const page of w.recipient.list(call)) found.push(...page);
  return found;
}

/** The rows but those in which a text occurs. */
export const rowsWithout = (w: AnyWorld, text: string) =>
  w.vendor
    .rows()
    .map((row) => JSON.stringify(row))
    .filter((row) => !row.toLowerCase().includes(text.toLowerCase()))
    .sort();

/** A ref of the same form that no row has: each digit turned. */
const neverWas = ({ place, id, key }: RemoteRef): RemoteRef => {
  const turned = (text: string) => text.replace(/\d/g, (digit) => String(9 - Number(digit)));
  return { place, id: turned(id), ...(key === undefined ? {} : { key: turned(key) }) };
};

const erasing: Check[] = [
  {
    name: 'erases so that nothing can be read, found or listed afterwards',
    needs: ['erase'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      expect(await w.recipient.erase(ref, call)).toMatchObject({ kind: 'accepted' });
      expect(await read(w, ref)).toBeNull();
      expect(await find(w, w.person(1))).toEqual([]);
      expect((await listed(w)).map((p) => p.fields.email)).toEqual([held(w, w.person(2)).email]);
    },
  },
  {
    name: 'erases, which is more than archiving',
    needs: ['erase'],
    forUnseen: true,
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.erase(ref, call);
      expect(w.truth().toLowerCase()).not.toContain(w.person(1).email.toLowerCase());
      expect(w.truth()).not.toContain(w.person(1).givenName);
      expect(w.vendor.rows()).toEqual([]);
    },
  },
  {
    name: 'erases one and leaves all others untouched',
    needs: ['erase'],
    forUnseen: true,
    async run(w) {
      const { ref } = await w.one(1);
      for (const n of [2, 3]) await w.one(n);
      const before = rowsWithout(w, w.person(1).email);
      await w.recipient.erase(ref, call);
      expect(rowsWithout(w, w.person(1).email)).toEqual(before);
    },
  },
  {
    name: 'erases twice without harm',
    needs: ['erase'],
    forUnseen: true,
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      await w.recipient.erase(ref, call);
      const before = w.truth();
      expect(['accepted', 'not-found']).toContain((await w.recipient.erase(ref, call)).kind);
      expect(w.truth()).toBe(before);
    },
  },
  {
    name: 'reads nobody after an erasure by the route that reads another row just then',
    needs: ['erase'],
    async run(w) {
      const [one, two] = [await w.one(1), await w.one(2)];
      expect(await w.recipient.erase(one.ref, call)).toMatchObject({ kind: 'accepted' });
      expect([await read(w, one.ref), (await read(w, two.ref))?.ref.id]).toEqual([null, two.ref.id]);
      expect([await find(w, w.person(1)), (await find(w, w.person(2))).length]).toEqual([[], 1]);
    },
  },
  {
    name: 'brings nobody into being at a ref that never was, by no verb',
    forFiles: true,
    async run(w) {
      const { ref } = await w.one(1);
      const never = neverWas(ref);
      const before = w.truth();
      const has = (verb: string) => (w.verbs ?? verbs).some((v) => v === verb);
      expect(await read(w, never)).toBeNull();
      if (has('rectify')) expect(await w.recipient.rectify(never, given(w.person(9)), [], call)).toEqual({ kind: 'not-found' });
      if (has('restrict')) expect(await w.recipient.restrict(never, w.permissions ?? [], call)).toEqual({ kind: 'not-found' });
      if (has('erase')) expect(await w.recipient.erase(never, call)).toEqual({ kind: 'not-found' });
      expect(w.truth()).toBe(before);
    },
  },
  {
    name: 'erases a restricted row too',
    needs: ['restrict', 'erase'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.restrict(ref, w.permissions ?? [], call);
      expect(await w.recipient.erase(ref, call)).toMatchObject({ kind: 'accepted' });
      expect(await read(w, ref)).toBeNull();
    },
  },
];

const finnish = /^[ -~åäöÅÄÖ]*$/;
const letters: [string, string][] = [
  ['å, ä and ö', 'Åsa-Märta Öhquist'],
  ['quotes and markup', `O'Neill "Nen" <b>&amp;</b> \\ / %20`],
  ['€, š and ž', 'Šarūnas € Žižek'],
  ['letters in two parts (NFD)', 'A\u030asa Ma\u0308rta'],
  ['emoji', 'Äijö 🦉🏳️‍🌈'],
];

const rectifying: Check[] = [
  {
    name: 'rectifies that row, and no other',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      for (const n of [2, 3]) await w.one(n);
      const before = rowsWithout(w, w.person(1).email);
      const fresh = corrected(w, 1);
      expect(await w.recipient.rectify(ref, given(fresh), [], call)).toMatchObject({ kind: 'accepted', ref: { id: ref.id } });
      expect(await read(w, ref)).toMatchObject({ fields: held(w, fresh), standing: 'active' });
      expect(rowsWithout(w, w.person(1).email)).toEqual(before);
    },
  },
  {
    name: 'rectifies twice with the effect of once',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      for (let n = 0; n < 2; n++)
        expect(await w.recipient.rectify(ref, given(corrected(w, 1)), [], call)).toMatchObject({ kind: 'accepted' });
      expect(w.vendor.rows()).toHaveLength(1);
      expect(await read(w, ref)).toMatchObject({ fields: held(w, corrected(w, 1)) });
    },
  },
  {
    name: 'changes only the fields it is given',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      const { givenName } = w.person(51);
      await w.recipient.rectify(ref, given({ givenName }), [], call);
      expect((await read(w, ref))?.fields).toEqual(held(w, { ...w.person(1), givenName }));
    },
  },
  {
    name: 'brings nobody into being by a rectification',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.take(ref, 1);
      const before = w.truth();
      expect(await w.recipient.rectify(ref, given(corrected(w, 1)), [], call)).toEqual({ kind: 'not-found' });
      expect(w.truth()).toBe(before);
      expect(await find(w, w.person(1))).toEqual([]);
    },
  },
  {
    name: 'changes an address and keeps the row: one row, the same id, nobody at the old address',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      const fresh = { ...w.person(1), email: w.person(77).email };
      const said = await w.recipient.rectify(ref, given(fresh), [], call);
      expect(said).toMatchObject({ kind: 'accepted', ref: { id: ref.id } });
      expect(w.vendor.rows()).toHaveLength(1);
      expect(await find(w, w.person(1))).toEqual([]);
      expect(await find(w, fresh)).toMatchObject([{ ref: { id: ref.id }, fields: held(w, fresh) }]);
      // by the ref from before as well: its answer may have been lost
      expect(await read(w, ref)).toMatchObject({ ref: { id: ref.id }, fields: held(w, fresh) });
    },
  },
  {
    name: 'refuses an address that another row has, and changes neither',
    needs: ['rectify'],
    async run(w) {
      if (w.uniqueAddress === false) return;
      const { ref } = await w.one(1);
      await w.one(2);
      const before = w.truth();
      const fresh = { ...w.person(1), email: w.person(2).email };
      expect(await w.recipient.rectify(ref, given(fresh), [], call)).toMatchObject({ kind: 'refused' });
      expect(w.truth()).toBe(before);
    },
  },
  {
    name: 'blanks the fields it is told to blank, and no other',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      const blank = w.blankable ?? 'familyName';
      expect((await read(w, ref))?.fields[blank]).toBeDefined();
      expect(await w.recipient.rectify(ref, given({}), [blank], call)).toMatchObject({ kind: 'accepted' });
      const { [blank]: _, ...rest } = held(w, w.person(1));
      expect((await read(w, ref))?.fields).toEqual(rest);
    },
  },
  {
    name: 'blanks one field, changes another and leaves the third in one correction',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      const blank = w.blankable ?? 'familyName';
      const { givenName } = w.person(51);
      expect(await w.recipient.rectify(ref, given({ givenName }), [blank], call)).toMatchObject({ kind: 'accepted' });
      const { [blank]: _, ...rest } = held(w, { ...w.person(1), givenName });
      expect((await read(w, ref))?.fields).toEqual(rest);
    },
  },
  ...letters.map(
    ([what, givenName]): Check => ({
      name: `keeps ${what} as they are, or refuses them: never another letter`,
      needs: ['rectify'],
      async run(w) {
        const { ref } = await w.one(1);
        const before = w.truth();
        const said = await w.recipient.rectify(ref, given({ givenName }), [], call).catch((error: unknown) => {
          if (error instanceof Failure && error.code === 'RECIPIENT_REFUSED') return { kind: 'refused' as const };
          throw error;
        });
        if (said.kind === 'refused' && w.mayRefuseLetters && !finnish.test(givenName)) return expect(w.truth()).toBe(before);
        expect(said).toMatchObject({ kind: 'accepted' });
        expect(String((await read(w, ref))?.fields.givenName).normalize('NFC')).toBe(givenName.normalize('NFC'));
        expect(String(held(w, { ...w.person(1), givenName }).givenName).normalize('NFC')).toBe(givenName.normalize('NFC'));
      },
    }),
  ),
  {
    name: 'writes the letters of a new row as they are',
    needs: ['create'],
    async run(w) {
      const person = { ...w.person(1), givenName: 'Åsa-Märta Öhquist' };
      const said = await w.recipient.create(given(person), w.place, call);
      if (said.kind !== 'accepted') throw new Error(`the create was ${said.kind}`);
      expect((await read(w, said.ref))?.fields.givenName).toBe(person.givenName);
    },
  },
  {
    name: 'leaves a frozen row as frozen as it was when it is rectified',
    needs: ['rectify'],
    async run(w) {
      if (!w.vendor.freeze) return;
      const { ref } = await w.one(1);
      w.vendor.freeze(w.person(1).email);
      const standing = (await read(w, ref))?.standing;
      expect(standing).not.toBe('active');
      await w.recipient.rectify(ref, given(corrected(w, 1)), [], call);
      expect((await read(w, ref))?.standing).toBe(standing);
    },
  },
  {
    name: 'keeps a row out of use through a restriction, a correction and another restriction',
    needs: ['rectify', 'restrict'],
    async run(w) {
      const { ref } = await w.one(1);
      const steps = [
        () => w.recipient.restrict(ref, w.permissions ?? [], call),
        () => w.recipient.rectify(ref, given(corrected(w, 1)), [], call),
        () => w.recipient.restrict(ref, w.permissions ?? [], call),
      ];
      for (const step of steps) {
        expect(await step()).toMatchObject({ kind: 'accepted' });
        expect((await read(w, ref))?.standing).toBe('restricted');
      }
    },
  },
  {
    name: 'keeps a restricted row restricted when it is rectified',
    needs: ['rectify', 'restrict'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.restrict(ref, w.permissions ?? [], call);
      await w.recipient.rectify(ref, given(corrected(w, 1)), [], call);
      expect(await read(w, ref)).toMatchObject({ standing: 'restricted', fields: held(w, corrected(w, 1)) });
    },
  },
];

const creating: Check[] = [
  {
    name: 'creates a row that can be read, found and listed',
    needs: ['create'],
    async run(w) {
      const said = await w.recipient.create(given(w.person(1)), w.place, call);
      if (said.kind !== 'accepted') throw new Error(`the create was ${said.kind}`);
      const expected = { ref: { id: said.ref.id }, fields: held(w, w.person(1)), standing: 'active', refused: false };
      expect(await read(w, said.ref)).toMatchObject(expected);
      expect(await find(w, w.person(1))).toMatchObject([expected]);
      expect(await listed(w)).toMatchObject([expected]);
    },
  },
  {
    name: 'says that a row exists already, and makes no second one',
    needs: ['create'],
    async run(w) {
      await w.one(1);
      const before = w.truth();
      expect(
        await w.recipient.create(given({ ...w.person(51), ...w.besideAddress(1), email: w.person(1).email }), w.place, call),
      ).toEqual({
        kind: 'exists',
      });
      expect(w.truth()).toBe(before);
    },
  },
  {
    name: 'brings no restricted or frozen row back to life by a create',
    needs: ['create', 'restrict'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.restrict(ref, w.permissions ?? [], call);
      if (w.vendor.freeze) {
        await w.one(2);
        w.vendor.freeze(w.person(2).email);
      }
      const before = w.truth();
      for (const n of w.vendor.freeze ? [1, 2] : [1])
        expect(await w.recipient.create(given(w.person(n)), w.place, call)).toEqual({ kind: 'exists' });
      expect(w.truth()).toBe(before);
    },
  },
];

const restricting: Check[] = [
  {
    name: 'restricts a row and keeps it',
    needs: ['restrict'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      expect(await w.recipient.restrict(ref, w.permissions ?? [], call)).toMatchObject({ kind: 'accepted', ref: { id: ref.id } });
      expect(await read(w, ref)).toMatchObject({ ref: { id: ref.id }, standing: 'restricted', fields: held(w, w.person(1)) });
      expect(await find(w, w.person(2))).toMatchObject([{ standing: 'active', fields: held(w, w.person(2)) }]);
      expect(w.vendor.rows()).toHaveLength(2);
    },
  },
  {
    name: 'restricts twice with the effect of once',
    needs: ['restrict'],
    async run(w) {
      const { ref } = await w.one(1);
      for (let n = 0; n < 2; n++)
        expect(await w.recipient.restrict(ref, w.permissions ?? [], call)).toMatchObject({ kind: 'accepted' });
      expect(await read(w, ref)).toMatchObject({ standing: 'restricted' });
    },
  },
  {
    name: 'never makes a row usable by restricting it',
    needs: ['restrict'],
    async run(w) {
      if (!w.vendor.freeze) return;
      const { ref } = await w.one(1);
      w.vendor.freeze(w.person(1).email);
      const before = await read(w, ref);
      expect(before?.standing).not.toBe('active');
      await w.recipient.restrict(ref, w.permissions ?? [], call);
      expect(['restricted', 'inert']).toContain((await read(w, ref))?.standing);
    },
  },
  {
    name: 'restricts nobody who is not there',
    needs: ['restrict'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.take(ref, 1);
      const before = w.truth();
      expect(await w.recipient.restrict(ref, w.permissions ?? [], call)).toEqual({ kind: 'not-found' });
      expect(w.truth()).toBe(before);
    },
  },
];

const reading: Check[] = [
  {
    name: 'finds by the address, whatever its case, and nobody else',
    forFiles: true,
    async run(w) {
      const { ref } = await w.one(1);
      await w.one(2);
      const { email: own } = w.person(1);
      for (const email of w.exactCase ? [own] : [own, own.toUpperCase(), ` ${own} `])
        expect((await find(w, { ...w.besideAddress(1), email })).map((p) => p.ref.id)).toEqual([ref.id]);
      for (const email of [w.person(3).email, w.person(1).email.slice(1), `${w.person(1).email}.test`])
        expect(await find(w, { ...w.besideAddress(1), email })).toEqual([]);
    },
  },
  ...[0, 1, Number.POSITIVE_INFINITY].map(
    (count): Check => ({
      name: `lists every row once, of ${Number.isFinite(count) ? count : 'more than a page'}`,
      // an export of nobody is none
      ...(count === 0 ? {} : { forFiles: true }),
      async run(w) {
        const rows = Number.isFinite(count) ? count : (w.many ?? 25);
        for (let n = 1; n <= rows; n++) w.vendor.put(w.person(n));
        const found = await listed(w);
        expect(new Set(found.map((p) => p.ref.id)).size).toBe(rows);
        expect(found).toHaveLength(rows);
        const everybody = Array.from({ length: rows }, (_, n) => held(w, w.person(n + 1)).email);
        expect(found.map((p) => p.fields.email).sort()).toEqual(everybody.sort());
      },
    }),
  ),
  {
    name: 'lists restricted and frozen rows too',
    needs: ['restrict'],
    async run(w) {
      const { ref } = await w.one(1);
      await w.recipient.restrict(ref, w.permissions ?? [], call);
      await w.one(2);
      w.vendor.freeze?.(w.person(2).email);
      expect(new Set((await listed(w)).map((p) => p.standing))).toEqual(
        new Set(['restricted', w.vendor.freeze ? 'inert' : 'active']),
      );
    },
  },
  {
    name: 'refuses the verbs that it does not have, and asks nobody',
    forFiles: true,
    forUnseen: true,
    async run(w) {
      const { ref } = await w.one(1);
      const asked = w.server.log.length;
      for (const verb of verbs.filter((v) => ![...(w.verbs ?? verbs), ...(w.byPeople ?? [])].includes(v))) {
        const said = await {
          create: () => w.recipient.create(given(w.person(9)), w.place, call),
          rectify: () => w.recipient.rectify(ref, given(corrected(w, 1)), [], call),
          restrict: () => w.recipient.restrict(ref, w.permissions ?? [], call),
          erase: () => w.recipient.erase(ref, call),
        }[verb]();
        expect(said).toMatchObject({ kind: 'refused' });
      }
      expect(w.server.log).toHaveLength(asked);
    },
  },
];

export const changeChecks: Check[] = [...erasing, ...rectifying, ...creating, ...restricting, ...reading];
