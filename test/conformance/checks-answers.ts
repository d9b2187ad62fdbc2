import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Profile, RemoteRef } from '../../src/connectors/connector.ts';
import { createWire, memoryGate } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { reads } from './checks-failures.ts';
import { type Between, type ProxiedAnswer, startProxy } from './proxy.ts';
import { type Check, call, corrected, failureOf, given, heaviestWrite, verbs, type World } from './world.ts';

/** Answers that arrive whole, and are not what was asked for: pages of somebody else, other people's rows, rows that move. */

/** A connector to the same vendor with somebody in between. */
async function behind(w: World, between: Between, wire = w.wire) {
  const proxy = await startProxy(w.server.url, between);
  return { by: w.another({ origin: proxy.url, wire }), [Symbol.asyncDispose]: () => proxy.close() };
}

const page = (body: string, type = 'text/html'): ProxiedAnswer => ({
  status: 200,
  headers: { 'content-type': type },
  body: Buffer.from(body),
});
const html = '<!doctype html><html><head><title>Sign in</title></head><body><form action="/login"></form></body></html>';
const xml = '<?xml version="1.0" encoding="utf-8"?><Fault><Code>503</Code><Reason>maintenance</Reason></Fault>';
const strangers: [string, ProxiedAnswer][] = [
  ['a page of HTML', page(html)],
  ['a page of HTML that calls itself JSON', page(html, 'application/json')],
  ['a document of XML', page(xml, 'application/xml')],
];

const whoKnows: Check[] = strangers.map(([what, said]) => ({
  name: `takes ${what} at 200 for no answer, reading and writing`,
  async run(w) {
    await using all = await behind(w, { before: () => said });
    for (const [name, read] of Object.entries(await reads(w, all.by))) await notBelieved(name, read);
    await using late = await behind(w, { after: (request, answer) => (isWrite(w, request) ? said : answer) });
    for (const [name, write] of Object.entries(await writes(w, late.by)))
      expect([name, (await failureOf(write())).next]).toEqual([name, 'read-first']);
  },
}));

const isWrite = (w: World, { method, path }: { method: string; path: string }) =>
  w.isWrite({ method, path: path.split('?')[0] ?? '' });

/** Each verb that there is, on a row of its own. */
async function writes(w: World, by = w.recipient): Promise<Record<string, () => Promise<unknown>>> {
  const rows = { rectify: await w.one(11), restrict: await w.one(12), erase: await w.one(13) };
  const all = {
    create: () => by.create(given(w.person(14)), w.place, call),
    rectify: () => by.rectify(rows.rectify.ref, given(corrected(w, 11)), [], call),
    restrict: () => by.restrict(rows.restrict.ref, w.permissions ?? [], call),
    erase: () => by.erase(rows.erase.ref, call),
  };
  return Object.fromEntries(Object.entries(all).filter(([verb]) => (w.verbs ?? verbs).some((v) => v === verb)));
}

async function notBelieved(name: string, read: () => Promise<unknown>): Promise<void> {
  const said = await read().then(
    (value) => `${name} answered ${inspect(value, { depth: 1 })}`,
    (error: unknown) => error,
  );
  expect(said).toBeInstanceOf(Failure);
}

const nothing: Check[] = ['', 'null', '{}', '[null]', '""'].map((body) => ({
  name: `does not take ${body === '' ? 'an empty answer' : body} at 200 for "nobody is there"`,
  async run(w) {
    await using all = await behind(w, { before: () => page(body, 'application/json') });
    for (const [name, read] of Object.entries(await reads(w, all.by))) await notBelieved(name, read);
  },
}));

/** Answers for one row are kept, and given for another. */
async function mixedUp(w: World, only: 'reads' | 'writes') {
  const kept: ProxiedAnswer[] = [];
  let mixing = false;
  let turn = 0;
  const concerns = (request: { method: string; path: string }) => isWrite(w, request) === (only === 'writes');
  const world = await behind(w, {
    before: (request) => (mixing && concerns(request) ? (kept[turn++] ?? kept.at(-1)) : undefined),
    after(request, answer) {
      if (concerns(request)) kept.push(answer);
      return answer;
    },
  });
  const mix = () => {
    mixing = true;
  };
  return { ...world, kept, mix };
}

const anothers: Check[] = [
  {
    name: "takes the answer about another row for no answer, and not for this person's",
    async run(w) {
      const [one, two] = [await w.one(1), await w.one(2)];
      await using mixed = await mixedUp(w, 'reads');
      expect(await mixed.by.read(two.ref, call)).toMatchObject({ ref: { id: two.ref.id } });
      mixed.mix();
      expect((await failureOf(mixed.by.read(one.ref, call))).next).toBe('read-first');
    },
  },
  ...(['rectify', 'restrict'] as const).map(
    (verb): Check => ({
      name: `believes no write that is answered with another row (${verb})`,
      needs: [verb],
      async run(w) {
        const [one, two] = [await w.one(1), await w.one(2)];
        await using mixed = await mixedUp(w, 'writes');
        const write = (ref: RemoteRef, n: number) =>
          verb === 'rectify'
            ? mixed.by.rectify(ref, given(corrected(w, n)), [], call)
            : mixed.by.restrict(ref, w.permissions ?? [], call);
        expect(await write(two.ref, 2)).toMatchObject({ kind: 'accepted' });
        // an answer that says nothing about a row cannot say it about another one
        if (w.answersWithoutRow || mixed.kept.every(({ body }) => body.length === 0)) return;
        const before = await w.recipient.read(one.ref, call);
        mixed.mix();
        await failureOf(write(one.ref, 1));
        expect(await w.recipient.read(one.ref, call)).toEqual(before);
      },
    }),
  ),
];

const redirects: Check = {
  name: 'follows no redirect, reading or writing',
  async run(w) {
    const { ref } = await w.one(1);
    for (const status of [301, 302, 307, 308]) {
      const home = (path: string): ProxiedAnswer => ({
        status,
        headers: { location: `${w.server.url}${path}` },
        body: Buffer.alloc(0),
      });
      await using sent = await behind(w, { before: ({ path }) => home(path) });
      const before = { asked: w.server.log.length, truth: w.truth() };
      await notBelieved('read', () => sent.by.read(ref, call));
      await notBelieved('find', () => sent.by.find(w.person(1), w.place, call));
      await notBelieved('a write', () => heaviestWrite(w, sent.by, ref));
      expect({ asked: w.server.log.length, truth: w.truth() }).toEqual(before);
    }
  },
};

const bounds: Check[] = [
  {
    name: 'takes an answer over the size cap for no answer, reading and writing',
    async run(w) {
      const maxBytes = 1_000_000;
      const wire = createWire({ gate: memoryGate({ connections: 4 }), deadlineMs: 2000, maxBytes });
      const padded = (answer: ProxiedAnswer) => ({
        ...answer,
        status: 200,
        body: Buffer.concat([answer.body, Buffer.alloc(2 * maxBytes, 32)]),
      });
      await using huge = await behind(w, { after: (_request, answer) => padded(answer) }, wire);
      for (const [name, read] of Object.entries(await reads(w, huge.by))) await notBelieved(name, read);
      await using late = await behind(w, { after: (request, answer) => (isWrite(w, request) ? padded(answer) : answer) }, wire);
      for (const [name, write] of Object.entries(await writes(w, late.by)))
        expect([name, (await failureOf(write())).code]).toEqual([name, 'ANSWER_LOST']);
    },
  },
  {
    name: 'ends a write at the deadline though its answer drips',
    async run(w) {
      const by = w.quick(1000);
      for (const [name, write] of Object.entries(await writes(w, by))) {
        w.faultWrites('drip');
        const started = performance.now();
        const said = await write().catch((error: unknown) => error);
        w.server.clearFaults();
        expect(performance.now() - started).toBeLessThan(4000);
        // nothing drips where the answer has no body
        if (!(said instanceof Failure)) expect([name, said]).toMatchObject([name, { kind: 'accepted' }]);
        else expect([name, said.code]).toEqual([name, 'ANSWER_LOST']);
      }
    },
  },
];

/** Rows that were there from the first page to the last come once each, or the list fails: it never ends without them in silence. */
const moving = (what: string, act: (w: World, firstPage: readonly RemoteRef[]) => Promise<void>): Check => ({
  name: `lists everybody who was there all the time, once, though ${what} meanwhile`,
  async run(w) {
    const rows = w.many ?? 25;
    for (let n = 1; n <= rows; n++) w.vendor.put(w.person(n));
    const found: Profile[] = [];
    try {
      for await (const profiles of w.recipient.list(call)) {
        const isFirst = found.length === 0;
        found.push(...profiles);
        if (isFirst)
          await act(
            w,
            profiles.slice(0, 3).map(({ ref }) => ref),
          );
      }
    } catch (error) {
      if (error instanceof Failure) return;
      throw error;
    }
    expect(found.length).toBe(new Set(found.map(({ ref }) => ref.id)).size);
    const listed = new Set(found.map(({ fields }) => String(fields.email).toLowerCase()));
    const missed = Array.from({ length: rows }, (_, n) => w.person(n + 1).email.toLowerCase()).filter((e) => !listed.has(e));
    expect(missed).toEqual([]);
  },
});

const pages: Check[] = [
  moving('rows go', async (w, refs) => {
    for (const [at, ref] of refs.entries()) {
      await w.take(ref, at + 1);
      expect(await w.recipient.read(ref, call)).toBeNull();
    }
  }),
  moving('rows come', async (w) => {
    for (const n of [3001, 3002, 3003]) w.vendor.put(w.person(n));
  }),
  moving('rows change', async (w, refs) => {
    const has = (verb: (typeof verbs)[number]) => (w.verbs ?? verbs).includes(verb);
    for (const ref of refs) {
      if (has('rectify')) await w.recipient.rectify(ref, given({ givenName: 'Toinen' }), [], call);
      else if (has('restrict')) await w.recipient.restrict(ref, w.permissions ?? [], call);
    }
  }),
  {
    name: 'lists a row once that a page has twice',
    async run(w) {
      for (const n of [1, 2, 3]) await w.one(n);
      await using twice = await behind(w, {
        after: (_request, answer) => ({ ...answer, body: (w.withRowTwice ?? lastTwice)(answer.body) }),
      });
      const ids: string[] = [];
      for await (const profiles of twice.by.list(call)) ids.push(...profiles.map(({ ref }) => ref.id));
      expect(ids).toHaveLength(3);
      expect(new Set(ids).size).toBe(3);
    },
  },
];

/** Every list of at least two rows, with its last one again. */
function lastTwice(body: Buffer): Buffer {
  const twice = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      const rows = value.map(twice);
      return rows.length >= 2 && rows.every((row) => typeof row === 'object' && row !== null) ? [...rows, rows.at(-1)] : rows;
    }
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, twice(part)]));
  };
  try {
    return Buffer.from(JSON.stringify(twice(JSON.parse(body.toString('utf8')))));
  } catch {
    return body;
  }
}

export const answerChecks: Check[] = [...whoKnows, ...nothing, ...anothers, redirects, ...bounds, ...pages];
