import { describe, expect, it } from 'vitest';
import type { Connector, Recipient, Written } from '../../src/connectors/connector.ts';
import { freeCall, type Wire, type WireRequest } from '../../src/connectors/http.ts';
import { Failure } from '../../src/core/failure.ts';
import { checksFor, runCheck } from './keeps-the-contract.ts';
import { given, type Subject, type Vendor, type Verb, verbs } from './world.ts';

/**
 * Deliberate faults for any connector: its own recipient with one verb spoilt, on its own sandbox. A suite that still passes would be
 * decoration.
 */
interface Breakage {
  what: string;
  /** Verbs that the recipient must have for this to be a fault of its. */
  needs: readonly Verb[];
  /** The check that must fail. */
  by: string;
  /** No fault where nobody can look: to be taken out of use there is to be taken out. */
  seen?: true;
  spoil(good: Recipient, vendor: Vendor, subject: Subject): Partial<Recipient>;
}

const otherwise = (work: Promise<Written>, code: string, claim: Written): Promise<Written> =>
  work.catch((error: unknown) => {
    if (error instanceof Failure && error.code === code) return claim;
    throw error;
  });

/** Spoils one writing verb, whatever its arguments are. */
function onVerb(verb: Verb, good: Recipient, how: (run: () => Promise<Written>, first: unknown) => Promise<Written>) {
  const run = good[verb] as (...args: unknown[]) => Promise<Written>;
  return { [verb]: (...args: unknown[]) => how(() => run.apply(good, args), args[0]) } as Partial<Recipient>;
}

const somewhere = { place: '', id: '0' };

const breakages: Breakage[] = [
  {
    what: 'takes the row out of use instead of erasing it, and says that it erased',
    needs: ['erase', 'restrict'],
    seen: true,
    by: 'erases, which is more than archiving',
    spoil: (good, _vendor, { permissions = [] }) => ({ erase: (ref, call) => good.restrict(ref, permissions, call) }),
  },
  {
    what: 'archives instead of erasing: nothing to be read, all of it still there',
    needs: ['erase'],
    by: 'erases, which is more than archiving',
    spoil(good) {
      const archived = new Set<string>();
      return {
        async erase(ref) {
          archived.add(ref.id);
          return { kind: 'accepted', ref };
        },
        read: async (ref, call) => (archived.has(ref.id) ? null : good.read(ref, call)),
        find: async (fields, place, call) => (await good.find(fields, place, call)).filter(({ ref }) => !archived.has(ref.id)),
      };
    },
  },
  {
    what: 'drops a new address',
    needs: ['rectify'],
    by: 'changes an address and keeps the row: one row, the same id, nobody at the old address',
    spoil: (good) => ({
      rectify: (ref, { email: _, ...fields }, blanked, call) => good.rectify(ref, given(fields), blanked, call),
    }),
  },
  {
    what: 'brings whom it is to correct into being',
    needs: ['rectify'],
    by: 'brings nobody into being by a rectification',
    spoil: (good, vendor, { person }) => ({
      async rectify(ref, fields, blanked, call) {
        const said = await good.rectify(ref, fields, blanked, call);
        if (said.kind !== 'not-found') return said;
        vendor.put({ ...person(1), ...fields, email: String(fields.email ?? person(1).email) });
        return { kind: 'accepted', ref };
      },
    }),
  },
  {
    what: 'brings whom it is to restrict into being',
    needs: ['restrict'],
    by: 'restricts nobody who is not there',
    spoil: (good, vendor, { person }) => ({
      async restrict(ref, permissions, call) {
        const said = await good.restrict(ref, permissions, call);
        if (said.kind !== 'not-found') return said;
        vendor.put(person(1));
        return { kind: 'accepted', ref };
      },
    }),
  },
  {
    what: 'creates a second row for somebody who has one',
    needs: ['create'],
    by: 'says that a row exists already, and makes no second one',
    spoil: (good, vendor) => ({
      async create(fields, place, call) {
        const said = await good.create(fields, place, call);
        if (said.kind !== 'exists') return said;
        vendor.put({ ...fields, email: `again.${String(fields.email)}` });
        return { kind: 'accepted', ref: { place, id: '0' } };
      },
    }),
  },
  ...verbs.flatMap((verb): Breakage[] => [
    {
      what: `claims that a lost write was done (${verb})`,
      needs: [verb],
      by: `says of a lost answer that it was lost, and not that it was done (${verb})`,
      spoil: (good) => onVerb(verb, good, (run) => otherwise(run(), 'ANSWER_LOST', { kind: 'accepted', ref: somewhere })),
    },
    {
      what: `writes again by itself when it is told to slow down (${verb})`,
      needs: [verb],
      by: `sends a throttled write no second time (${verb})`,
      spoil: (good) => onVerb(verb, good, (run) => run().catch(() => run())),
    },
    {
      what: `believes an answer that is cut or garbage (${verb})`,
      needs: [verb],
      by: `takes garbage-200 for no success, and says to read first (${verb})`,
      spoil: (good) => onVerb(verb, good, (run) => otherwise(run(), 'ANSWER_GARBLED', { kind: 'accepted', ref: somewhere })),
    },
  ]),
  {
    what: 'reads "nobody is there" out of an answer it does not understand',
    needs: [],
    by: 'takes a page of HTML at 200 for no answer, reading and writing',
    spoil: (good) => ({
      read: (ref, call) =>
        good.read(ref, call).catch((error: unknown) => {
          if (error instanceof Failure && error.code === 'ANSWER_GARBLED') return null;
          throw error;
        }),
    }),
  },
  {
    what: 'lists the first rows only',
    needs: [],
    by: 'lists every row once, of more than a page',
    spoil: (good) => ({
      async *list(call) {
        for await (const page of good.list(call)) return yield page;
      },
    }),
  },
  {
    what: 'asks without its lease',
    needs: ['erase'],
    by: 'sends nothing more once the lease is lost, and says so',
    spoil: (good) => ({ erase: (ref) => good.erase(ref, freeCall) }),
  },
  {
    what: 'tells the person in a failure',
    needs: [],
    by: 'keeps the person and the credentials out of every failure',
    spoil: (good) => ({
      find: (fields, place, call) =>
        good.find(fields, place, call).catch((cause: unknown) => {
          if (!(cause instanceof Failure)) throw cause;
          throw new Failure(cause.code, { cause: new Error(`looking for ${String(fields.email)}`) });
        }),
    }),
  },
];

/** The same vendor with a spoilt connector. One a run: it keeps the vendor that was started last. */
function broken(subject: Subject, { spoil }: Breakage): Subject {
  let vendor: Vendor | undefined;
  return {
    ...subject,
    start() {
      vendor = subject.start();
      return vendor;
    },
    connect(origin, wire): Connector {
      const connector = subject.connect(origin, wire);
      const { recipient } = connector;
      if (!recipient || !vendor) throw new Error('no recipient to break');
      return { ...connector, recipient: { ...recipient, ...spoil(recipient, vendor, subject) } };
    },
  };
}

/** A change of the connector's own calls: its verbs are the real ones, and send something else. */
export interface SpoiltCalls {
  what: string;
  /** The check that must fail. */
  by: string;
  spoil(good: Wire): Wire;
}

/** A write whose answer was lost, taken for done. */
export const lossIs =
  (answer: { status: number; body?: string }): SpoiltCalls['spoil'] =>
  (good) =>
  (request, call) =>
    good(request, call).catch((error: unknown) => {
      if (!(error instanceof Failure && error.code === 'ANSWER_LOST')) throw error;
      const text = answer.body ?? '';
      const body = Buffer.from(text);
      return { status: answer.status, headers: {}, body, text: () => text, json: () => JSON.parse(text) as unknown };
    });

/** Requests of one kind, sent as others. */
export const sentAs =
  (is: (request: WireRequest) => boolean, other: (request: WireRequest) => WireRequest): SpoiltCalls['spoil'] =>
  (good) =>
  (request, call) =>
    good(is(request) ? other(request) : request, call);

export const jsonOf = (request: WireRequest) => JSON.parse(String(request.body)) as Record<string, unknown>;

/** The same for calls that are changed on their way out. */
export function catchesSpoiltCalls(name: string, subject: Subject, spoilt: readonly SpoiltCalls[]): void {
  describe.concurrent(`${name} is caught that`, () => {
    it.each(spoilt.map((s): [string, SpoiltCalls] => [s.what, s]))('%s', async (_what, { by, spoil }) => {
      const check = checksFor(subject).find((c) => c.name === by);
      if (!check) throw new Error(`no check is called "${by}"`);
      await runCheck(check, subject);
      const worse: Subject = { ...subject, connect: (origin, wire) => subject.connect(origin, spoil(wire)) };
      await expect(runCheck(check, worse)).rejects.toThrow();
    });
  });
}

/** Each fault that could be this recipient's is caught by the check that is there for it. */
export function catchesBreakages(name: string, subject: Subject): void {
  const checks = new Set(checksFor(subject).map((check) => check.name));
  const own = breakages.filter(
    ({ needs, by, seen }) =>
      needs.every((verb) => (subject.verbs ?? verbs).includes(verb)) && (!subject.isUnseen || (checks.has(by) && !seen)),
  );
  describe.concurrent(`${name} is caught that`, () => {
    it.each(own.map((b): [string, Breakage] => [b.what, b]))('%s', async (_what, breakage) => {
      const check = checksFor(subject).find((c) => c.name === breakage.by);
      if (!check) throw new Error(`no check is called "${breakage.by}"`);
      await runCheck(check, subject);
      await expect(runCheck(check, broken(subject, breakage))).rejects.toThrow();
    });
  });
}
