import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Recipient, RemoteRef, Written } from '../../src/connectors/connector.ts';
import { createWire, memoryGate, type Wire, type WireRequest } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { failureOfWrite } from './checks-failures.ts';
import { isJson, type Mutation, mutations, spoil } from './mutations.ts';
import { type Between, type ProxiedAnswer, startProxy } from './proxy.ts';
import { type Check, call, failureOf, given, quickWire, verbs, type World, writesIn } from './world.ts';

/** What a system that nobody can look into is held to, beside the checks that hold of any. */

const runs = Number(process.env['KAIKU_MUTATIONS'] ?? 500);
const seed = Number(process.env['KAIKU_SEED'] ?? 2_017_540_147);

/** The verbs that take an address out, each on a person of its own. */
async function removals(w: World, by: Recipient = w.recipient, from = 11) {
  const all: [string, (ref: RemoteRef, n: number) => Promise<Written>][] = [
    ['rectify', (ref, n) => by.rectify(ref, given(w.person(n + 50)), [], call)],
    ['restrict', (ref) => by.restrict(ref, w.permissions ?? [], call)],
    ['erase', (ref) => by.erase(ref, call)],
  ];
  const own = all.filter(([verb]) => (w.verbs ?? verbs).some((v) => v === verb));
  return Promise.all(
    own.map(async ([verb, run], at) => {
      const { ref } = await w.one(from + at);
      return { verb, n: from + at, run: () => run(ref, from + at) };
    }),
  );
}

const isThere = (w: World, n: number) => w.truth().toLowerCase().includes(w.person(n).email.toLowerCase());

/** A connector to the same vendor with somebody in between; its token is there already, where it needs one. */
async function behind(w: World, between: Between, wire: Wire = w.wire) {
  const now: { between: Between } = { between: {} };
  const proxy = await startProxy(w.server.url, {
    before: (request) => now.between.before?.(request),
    after: (request, answer) => now.between.after?.(request, answer) ?? answer,
  });
  const connector = w.connect(proxy.url, wire);
  await connector.check(call, false);
  now.between = between;
  if (!connector.recipient) throw new Error('the connector has no recipient');
  return { by: connector.recipient, [Symbol.asyncDispose]: () => proxy.close() };
}

const isWrite = (w: World, { method, path }: { method: string; path: string }) =>
  w.isWrite({ method, path: path.split('?')[0] ?? '' });

const looks: Check[] = [
  {
    name: 'answers neither "there" nor "not there", and asks nobody',
    async run(w) {
      const { ref } = await w.one(1);
      const asked = w.server.log.length;
      const list = async () => {
        for await (const _ of w.recipient.list(call)) throw new Error('a page');
        return 'nobody';
      };
      for (const look of [w.recipient.read(ref, call), w.recipient.find(w.person(1), w.place, call), list()])
        expect((await failureOf(look)).code).toBe('RECIPIENT_REFUSED');
      expect(w.server.log).toHaveLength(asked);
    },
  },
  {
    name: 'claims no more than a receipt bears',
    async run({ connector, recipient }) {
      expect(recipient.refFor).toBeDefined();
      expect(connector.manifest.readBack).toBe(false);
      expect(['accepted', 'acknowledged']).toContain(connector.manifest.erasure.cap);
    },
  },
  {
    name: 'names each person by their own identifier, and nobody who has none',
    async run(w) {
      const refFor = (n: number) => w.recipient.refFor?.(w.person(n), w.place);
      expect(refFor(1)).toEqual(refFor(1));
      expect(refFor(1)?.id).not.toBe(refFor(2)?.id);
      for (const place of w.recipient.places) {
        expect(w.recipient.refFor?.({ givenName: w.person(1).givenName }, place)).toBeNull();
        const known = w.recipient.refFor?.(w.person(1), place);
        if (known) expect(known.place).toBe(place);
      }
    },
  },
];

const takingOut: Check[] = [
  {
    name: 'takes out whom it is told to, and nobody else',
    async run(w) {
      await w.one(1);
      for (const { verb, n, run } of await removals(w)) {
        expect(isThere(w, n)).toBe(true);
        expect([verb, await run()]).toMatchObject([verb, { kind: 'accepted' }]);
        expect([verb, isThere(w, n)]).toEqual([verb, false]);
      }
      expect(isThere(w, 1)).toBe(true);
    },
  },
  {
    name: 'names the new identifier after a correction, and sends nothing where it stayed as it was',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      expect(await w.recipient.rectify(ref, given(w.person(1)), [], call)).toEqual({ kind: 'accepted', ref });
      expect([writesIn(w, w.server.log), isThere(w, 1)]).toEqual([[], true]);
      const said = await w.recipient.rectify(ref, given(w.person(51)), [], call);
      expect(said).toEqual({ kind: 'accepted', ref: w.recipient.refFor?.(w.person(51), w.place) });
      // a correction gives nobody to the system
      expect([isThere(w, 1), isThere(w, 51)]).toEqual([false, false]);
    },
  },
  {
    name: 'takes out whose identifier was taken away in the register',
    needs: ['rectify'],
    async run(w) {
      const { ref } = await w.one(1);
      const { carries } = w.recipient;
      const [name] = typeof carries === 'function' ? carries(w.place) : (carries ?? []);
      if (!name) throw new Error('the place carries nothing');
      expect(await w.recipient.rectify(ref, given({}), [name], call)).toMatchObject({ kind: 'accepted' });
      expect(isThere(w, 1)).toBe(false);
    },
  },
  {
    name: 'says of somebody who is not there no more than of anybody',
    async run(w) {
      const ref = w.recipient.refFor?.(w.person(9), w.place);
      if (!ref) throw new Error('the ninth person has no identifier');
      await w.one(1);
      const before = w.truth();
      expect(await w.recipient.erase(ref, call)).toMatchObject({ kind: 'accepted' });
      expect(w.truth()).toBe(before);
    },
  },
];

const page = (body: string, type = 'text/html'): ProxiedAnswer => ({
  status: 200,
  headers: { 'content-type': type },
  body: Buffer.from(body),
});

const strangers: Check[] = ['<!doctype html><title>Sign in</title>', '<Fault/>', '', 'null', '{}', '[null]', '""'].map(
  (body) => ({
    name: `takes ${body === '' ? 'an empty answer' : body} at 200 for no success`,
    async run(w) {
      await using late = await behind(w, { after: (request, answer) => (isWrite(w, request) ? page(body) : answer) });
      for (const { verb, run } of await removals(w, late.by))
        expect([verb, (await failureOf(run())).next]).toEqual([verb, 'read-first']);
    },
  }),
);

const refusals: Check[] = [
  {
    name: 'follows no redirect',
    async run(w) {
      await using sent = await behind(w, {
        before: ({ path }) => ({ status: 307, headers: { location: `${w.server.url}${path}` }, body: Buffer.alloc(0) }),
      });
      const { ref } = await w.one(1);
      const asked = w.server.log.length;
      await failureOf(sent.by.erase(ref, call));
      expect([w.server.log.length, isThere(w, 1)]).toEqual([asked, true]);
    },
  },
  {
    name: 'takes an answer over the size cap for lost',
    async run(w) {
      const maxBytes = 1_000_000;
      const wire = createWire({ gate: memoryGate({ connections: 4 }), deadlineMs: 2000, maxBytes });
      const padded = (answer: ProxiedAnswer) => ({
        ...answer,
        body: Buffer.concat([answer.body, Buffer.alloc(2 * maxBytes, 32)]),
      });
      await using late = await behind(w, { after: (request, answer) => (isWrite(w, request) ? padded(answer) : answer) }, wire);
      for (const { run } of await removals(w, late.by)) expect((await failureOf(run())).code).toBe('ANSWER_LOST');
    },
  },
  {
    name: 'waits as long as Retry-After says',
    async run(w) {
      const { ref } = await w.one(1);
      for (const method of ['POST', 'DELETE']) w.server.fault({ kind: 'throttle', method, retryAfter: '17' });
      const failure = await failureOf(w.recipient.erase(ref, call));
      expect(failure).toMatchObject({ code: 'RECIPIENT_THROTTLED', retryAfterMs: 17_000 });
    },
  },
  {
    name: 'says that the credentials were rejected, and what a 403 without a word means',
    async run(w) {
      const { ref } = await w.one(1);
      w.server.fault({ kind: 'unauthorized', times: 20 });
      expect((await failureOf(w.recipient.erase(ref, call))).code).toBe('CREDENTIALS_REJECTED');
      w.server.clearFaults();
      // a token that was rejected is asked for anew
      await w.connector.check(call, false);
      w.faultWrites('bare-403');
      expect((await failureOf(w.recipient.erase(ref, call))).code).toBe(w.bare403 ?? 'RECIPIENT_THROTTLED');
      expect(isThere(w, 1)).toBe(true);
    },
  },
  {
    name: 'ends at the deadline, and says that the answer was lost',
    async run(w) {
      await using quick = await behind(w, {}, quickWire(1000));
      const { ref } = await w.one(1);
      const started = performance.now();
      const failure = await failureOfWrite(w, 'hang', { run: () => quick.by.erase(ref, call) });
      expect(failure.code).toBe('ANSWER_LOST');
      expect(performance.now() - started).toBeLessThan(4000);
    },
  },
  {
    name: 'says that nobody was reached',
    async run(w) {
      const { ref } = await w.one(1);
      await w.server.close();
      // a connection that was kept open may take the request before it is found dead
      await failureOf(w.recipient.erase(ref, call));
      expect((await failureOf(w.recipient.erase(ref, call))).code).toBe('RECIPIENT_UNREACHABLE');
    },
  },
];

const discipline: Check[] = [
  {
    name: 'calls a write by its name, and has no person in an address',
    async run(w) {
      const seen: WireRequest[] = [];
      await using watched = await behind(w, {}, (request, c) => {
        seen.push(request);
        return w.wire(request, c);
      });
      for (const { run } of await removals(w, watched.by)) await run();
      const pathOf = ({ url }: WireRequest) => new URL(url).pathname;
      const sent = seen.filter((request) => isWrite(w, { method: request.method, path: pathOf(request) }));
      expect(sent.length).toBeGreaterThan(0);
      expect(seen.filter((request) => sent.includes(request) !== (request.kind === 'write'))).toEqual([]);
      const people = [11, 12, 13].flatMap((n) => [
        ...Object.values(w.person(n)).map(String),
        w.recipient.refFor?.(w.person(n), w.place)?.id ?? '',
      ]);
      for (const { url } of seen)
        for (const value of people.filter((text) => text.length > 3)) expect(decodeURIComponent(url)).not.toContain(value);
    },
  },
  {
    name: 'keeps the person and the credentials out of every failure to take them out',
    async run(w) {
      const { ref } = await w.one(1);
      await using quick = await behind(w, {}, quickWire(300));
      const kept = [w.person(1).email, w.person(1).givenName, ref.id, ...w.secrets].map((text) => text.toLowerCase());
      for (const kind of ['html-502', 'hang', 'garbage-200', 'unauthorized', 'throttle', 'cut-body', 'bare-403'] as const) {
        w.server.fault({ kind, times: 50 });
        const failure = await failureOf(quick.by.erase(ref, call));
        w.server.clearFaults();
        const told = (inspect(failure, { depth: 20, showHidden: true }) + JSON.stringify(failure)).toLowerCase();
        for (const text of kept) expect(told).not.toContain(text);
      }
    },
  },
  {
    name: 'holds its limits where the vendor counts, taking people out',
    latencyMs: 20,
    async run(w) {
      const { limits } = w.connector.manifest;
      await using by = await behind(w, {}, createWire({ gate: memoryGate(limits), deadlineMs: 20_000 }));
      const { ref } = await w.one(1);
      const earlier = w.server.log.length;
      await Promise.all(Array.from({ length: 3 * limits.connections }, () => by.by.erase(ref, call)));
      const times = w.server.log.slice(earlier).map(({ at }) => at);
      expect(times.length).toBeGreaterThanOrEqual(3 * limits.connections);
      expect(w.server.peak()).toBeLessThanOrEqual(limits.connections);
      for (const from of limits.perSecond ? times : [])
        expect(times.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(limits.perSecond ?? 0);
    },
    timeoutMs: 60_000,
  },
];

const spoilt: Check = {
  name: `takes no spoilt answer for a success (${runs})`,
  timeoutMs: 60_000 + runs * 100,
  async run(w) {
    const now: { mutation: Mutation | null; unreadable: boolean } = { mutation: null, unreadable: false };
    await using proxied = await behind(w, {
      after(_request, answer) {
        if (!now.mutation) return answer;
        const said = spoil(answer, now.mutation);
        if (!isJson(said.body)) now.unreadable = true;
        return said;
      },
    });
    let n = 100;
    await fc.assert(
      fc.asyncProperty(mutations, async (mutation) => {
        const { ref } = await w.one(++n);
        Object.assign(now, { mutation, unreadable: false });
        const said = await proxied.by.erase(ref, call).catch((error: unknown) => {
          if (error instanceof Failure) return error;
          throw new Error(`a crash on ${JSON.stringify(mutation)}`, { cause: error });
        });
        const claims = !(said instanceof Failure) && said.kind !== 'refused';
        if (claims && (now.unreadable || isThere(w, n)))
          throw new Error(`${said.kind} of ${JSON.stringify(mutation)}, and ${isThere(w, n) ? 'there' : 'unreadable'}`);
      }),
      { numRuns: runs, seed },
    );
  },
};

export const unseenChecks: Check[] = [...looks, ...takingOut, ...strangers, ...refusals, ...discipline, spoilt];
