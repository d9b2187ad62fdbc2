import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Recipient } from '../../src/connectors/connector.ts';
import type { Call, Wire } from '../../src/connectors/http.ts';
import type { FaultKind } from '../../src/connectors/sandbox.ts';
import { Failure } from '../../src/core/failure.ts';
import { type AnyWorld, type Check, call, failureOf, given, heaviestWrite, type Verb, verbs, writesIn } from './world.ts';

/** What a connector makes of a system that answers badly, or not at all. */

/** A read of each form, of a row that is there. */
export async function reads(w: AnyWorld, by: Recipient = w.recipient): Promise<Record<string, () => Promise<unknown>>> {
  const { ref } = await w.one(1);
  return {
    read: () => by.read(ref, call),
    find: () => by.find(w.person(1), w.place, call),
    list: async () => {
      let rows = 0;
      for await (const page of by.list(call)) rows += page.length;
      return rows;
    },
  };
}

/** The failure of a write under a fault; that one write was sent, and not repeated. */
export async function failureOfWrite(w: AnyWorld, kind: FaultKind, write: { run(): Promise<unknown> }): Promise<Failure> {
  const before = w.server.log.length;
  w.faultWrites(kind);
  const failure = await failureOf(write.run());
  w.server.clearFaults();
  expect(writesIn(w, w.server.log.slice(before))).toHaveLength(1);
  return failure;
}

const lostWrites: Check[] = verbs.flatMap((verb: Verb): Check[] => [
  {
    name: `says of a lost answer that it was lost, and not that it was done (${verb})`,
    forUnseen: true,
    forFiles: true,
    needs: [verb],
    async run(w) {
      const write = await w.write(verb);
      expect((await failureOfWrite(w, 'commit-then-drop', write)).code).toBe('ANSWER_LOST');
      expect(await write.isDone()).toBe(true);
    },
  },
  {
    name: `says the same where nothing was done, and can do it then (${verb})`,
    forUnseen: true,
    forFiles: true,
    needs: [verb],
    async run(w) {
      const write = await w.write(verb);
      expect((await failureOfWrite(w, 'drop-before-commit', write)).code).toBe('ANSWER_LOST');
      expect(await write.isDone()).toBe(false);
      expect(await write.run()).toMatchObject({ kind: 'accepted' });
      expect(await write.isDone()).toBe(true);
    },
  },
  ...(['cut-body', 'garbage-200', 'html-502', 'server-error'] as const).map(
    (kind): Check => ({
      name: `takes ${kind} for no success, and says to read first (${verb})`,
      forUnseen: true,
      needs: [verb],
      async run(w) {
        expect((await failureOfWrite(w, kind, await w.write(verb))).next).toBe('read-first');
      },
    }),
  ),
  {
    name: `sends a throttled write no second time (${verb})`,
    forUnseen: true,
    needs: [verb],
    async run(w) {
      const write = await w.write(verb);
      expect((await failureOfWrite(w, 'throttle', write)).code).toBe('RECIPIENT_THROTTLED');
      expect(await write.isDone()).toBe(false);
    },
  },
]);

const oneAfterALostCreate: Check = {
  name: 'finds exactly one row after a create whose answer was lost, and a second create makes no other',
  needs: ['create'],
  async run(w) {
    await failureOfWrite(w, 'commit-then-drop', { run: () => w.recipient.create(given(w.person(1)), w.place, call) });
    expect(await w.recipient.find(w.person(1), w.place, call)).toHaveLength(1);
    expect(await w.recipient.create(given(w.person(1)), w.place, call)).toEqual({ kind: 'exists' });
    expect(w.vendor.rows()).toHaveLength(1);
  },
};

const brokenReads: Check[] = (['cut-body', 'garbage-200', 'html-502', 'server-error', 'drop-before-commit'] as const).map(
  (kind) => ({
    name: `does not take ${kind} for "nobody is there"`,
    forFiles: true,
    async run(w) {
      for (const [name, read] of Object.entries(await reads(w))) {
        w.server.fault({ kind, times: 50 });
        const said = await read().then(
          (value) => `${name} answered ${inspect(value)}`,
          (error: unknown) => error,
        );
        w.server.clearFaults();
        expect(said).toBeInstanceOf(Failure);
      }
    },
  }),
);

const inNinetySeconds = () => new Date(Date.now() + 90_000).toUTCString();

const refusals: Check[] = [
  {
    name: 'waits as long as Retry-After says, in seconds or as a date',
    async run(w) {
      const { ref } = await w.one(1);
      w.server.fault({ kind: 'throttle', retryAfter: '17' });
      expect(await failureOf(w.recipient.read(ref, call))).toMatchObject({ code: 'RECIPIENT_THROTTLED', retryAfterMs: 17_000 });
      w.server.fault({ kind: 'throttle', retryAfter: inNinetySeconds() });
      const dated = await failureOf(w.recipient.read(ref, call));
      expect(dated.code).toBe('RECIPIENT_THROTTLED');
      expect(dated.retryAfterMs).toBeGreaterThan(80_000);
      expect(dated.retryAfterMs).toBeLessThanOrEqual(90_000);
    },
  },
  {
    name: 'asks no second time when it is told to slow down',
    async run(w) {
      const { ref } = await w.one(1);
      const before = w.server.log.length;
      w.server.fault({ kind: 'throttle', times: 5 });
      await failureOf(w.recipient.read(ref, call));
      expect(w.server.log.length - before).toBe(1);
    },
  },
  {
    name: 'knows what a 403 without a word means',
    async run(w) {
      const { ref } = await w.one(1);
      w.server.fault({ kind: 'bare-403' });
      expect((await failureOf(w.recipient.read(ref, call))).code).toBe(w.bare403 ?? 'RECIPIENT_THROTTLED');
    },
  },
  {
    name: 'says that the credentials were rejected, reading and writing',
    async run(w) {
      const { ref } = await w.one(1);
      w.server.fault({ kind: 'unauthorized' });
      expect((await failureOf(w.recipient.read(ref, call))).code).toBe('CREDENTIALS_REJECTED');
      w.faultWrites('unauthorized');
      expect((await failureOf(heaviestWrite(w, w.recipient, ref))).code).toBe('CREDENTIALS_REJECTED');
    },
  },
  {
    name: 'ends at the deadline, asking a system that hangs or drips only once',
    forFiles: true,
    async run(w) {
      const quick = w.quick(1000);
      const { ref } = await w.one(1);
      for (const kind of ['hang', 'drip'] as const) {
        const asked = w.server.log.length;
        const started = performance.now();
        w.server.fault({ kind, times: 5 });
        expect((await failureOf(quick.read(ref, call))).code).toBe('RECIPIENT_UNAVAILABLE');
        w.server.clearFaults();
        expect(performance.now() - started).toBeLessThan(4000);
        expect(w.server.log.length - asked).toBe(1);
      }
      // nothing is ever sent there
      if (w.verbs?.length === 0) return;
      w.faultWrites('hang');
      expect((await failureOf(heaviestWrite(w, quick, ref))).code).toBe('ANSWER_LOST');
    },
  },
  {
    name: 'says that nobody was reached, reading and writing',
    forFiles: true,
    async run(w) {
      const { ref } = await w.one(1);
      await w.server.close();
      // a connection that was kept open may take the request before it is found dead: then it may have been sent
      const first = (await failureOf(heaviestWrite(w, w.recipient, ref))).code;
      expect(['RECIPIENT_UNREACHABLE', 'RECIPIENT_UNAVAILABLE', 'ANSWER_LOST']).toContain(first);
      expect((await failureOf(heaviestWrite(w, w.recipient, ref))).code).toBe('RECIPIENT_UNREACHABLE');
      expect((await failureOf(w.recipient.find(w.person(1), w.place, call))).code).toBe('RECIPIENT_UNREACHABLE');
    },
  },
  {
    name: 'does not end a list in the middle as if it were whole',
    async run(w) {
      for (let n = 1; n <= (w.many ?? 25); n++) w.vendor.put(w.person(n));
      const pages = w.recipient.list(call)[Symbol.asyncIterator]();
      await pages.next();
      w.server.fault({ kind: 'server-error', times: 50 });
      await failureOf(
        (async () => {
          while (!(await pages.next()).done);
        })(),
      );
    },
  },
];

/** A wire that tells what passed through it. */
function watched(wire: Wire) {
  const seen: { method: string; path: string; kind: string }[] = [];
  const through: Wire = (request, c) => {
    seen.push({ method: request.method, path: new URL(request.url).pathname, kind: request.kind });
    return wire(request, c);
  };
  return { seen, through };
}

const discipline: Check[] = [
  {
    name: 'sends nothing more once the lease is lost, and says so',
    forFiles: true,
    forUnseen: true,
    async run(w) {
      const lost: Call = {
        async beforeWire(kind) {
          if (kind === 'write') throw new Failure('LEASE_LOST');
          return Number.POSITIVE_INFINITY;
        },
      };
      const { ref } = await w.one(1);
      const before = w.truth();
      const has = (verb: Verb) => (w.verbs ?? verbs).includes(verb);
      const attempts = [
        ...(has('create') ? [() => w.recipient.create(given(w.person(9)), w.place, lost)] : []),
        ...(has('rectify') ? [() => w.recipient.rectify(ref, given(w.person(51)), [], lost)] : []),
        ...(has('restrict') ? [() => w.recipient.restrict(ref, w.permissions ?? [], lost)] : []),
        ...(has('erase') ? [() => w.recipient.erase(ref, lost)] : []),
      ];
      for (const attempt of attempts) expect((await failureOf(attempt())).code).toBe('LEASE_LOST');
      expect(w.truth()).toBe(before);
      expect(writesIn(w, w.server.log)).toEqual([]);
    },
  },
  {
    name: 'calls a write by its name, and reads by GET alone',
    async run(w) {
      const { seen, through } = watched(w.wire);
      const by = w.another({ wire: through });
      for (const read of Object.values(await reads(w, by))) await read();
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.filter((request) => w.isWrite(request) || request.kind !== 'read')).toEqual([]);
      for (const { ref } of await by.find(w.person(1), w.place, call)) await heaviestWrite(w, by, ref);
      expect(seen.some(({ kind }) => kind === 'write')).toBe(true);
      expect(seen.filter((request) => w.isWrite(request) !== (request.kind === 'write'))).toEqual([]);
    },
  },
  {
    name: 'keeps the person and the credentials out of every failure',
    forFiles: true,
    async run(w) {
      const { ref } = await w.one(1);
      const by = w.quick(200);
      const private_ = [w.person(1).email, w.person(1).givenName, ...w.secrets].map((text) => text.toLowerCase());
      for (const kind of ['html-502', 'hang', 'garbage-200', 'unauthorized', 'throttle', 'cut-body', 'bare-403'] as const) {
        for (const work of [() => by.find(w.person(1), w.place, call), () => heaviestWrite(w, by, ref)]) {
          w.server.fault({ kind, times: 50 });
          const failure = await failureOf(work());
          w.server.clearFaults();
          const told = (inspect(failure, { depth: 20, showHidden: true }) + JSON.stringify(failure)).toLowerCase();
          for (const text of private_) expect(told).not.toContain(text);
        }
      }
    },
  },
];

export const failureChecks: Check[] = [...lostWrites, oneAfterALostCreate, ...brokenReads, ...refusals, ...discipline];
