import { inspect } from 'node:util';
import type { Connector, Hint, Profile, Recipient, RemoteRef, Written } from '../../src/connectors/connector.ts';
import { createWire, freeCall, memoryGate, type Wire } from '../../src/connectors/http.ts';
import {
  type FaultKind,
  type RunningSandbox,
  type SandboxBehaviour,
  type SandboxLogEntry,
  serveSandbox,
} from '../../src/connectors/sandbox.ts';
import type { Allowed } from '../../src/core/allowed.ts';
import { Failure, type FailureCode } from '../../src/core/failure.ts';
import type { FieldName, Fields } from '../../src/core/person.ts';
import { allow } from '../../src/core/policy.ts';

export const verbs = ['create', 'rectify', 'restrict', 'erase'] as const;
export type Verb = (typeof verbs)[number];

/** Verbs that only some recipients have; each is held to its own checks. */
export const optionalVerbs = ['bound', 'strip', 'neutralise', 'rectifyMany'] as const;
export type OptionalVerb = (typeof optionalVerbs)[number];

/** What is said of every system, however it is reached. */
export interface About {
  place: string;
  /** Only fields that the vendor carries; each person's differ in all of them. */
  person(n: number): Fields & { email: string; givenName: string };
  /** Default: all of them. The others must refuse. */
  verbs?: readonly Verb[];
  /** Verbs that people are asked for once a look showed that there is something to do. */
  byPeople?: readonly Verb[];
  /** The optional verbs it has; a check compares. With `bound`, the vendor has `bind`. */
  optional?: readonly OptionalVerb[];
  permissions?: readonly string[];
  blankable?: FieldName;
  /** What a 403 without a word means there; most vendors throttle with it. */
  bare403?: FailureCode;
  /** Rows that are more than one page; default 25. */
  many?: number;
  /** The vendor does not say that its search folds case; default: it does. */
  exactCase?: boolean;
  /** Two rows may not have the same address; default true. */
  uniqueAddress?: boolean;
  /** What the vendor needs beside an address to find a row by it; default: nothing. */
  foundWith?: readonly FieldName[];
  /** A write is answered with its success alone, never with the row. */
  answersWithoutRow?: boolean;
  /** Parts of the paths of GETs that change something, where the vendor has such. */
  destructiveGets?: readonly string[];
  /** Whether bytes can be read as an answer at all; default: as JSON. */
  isReadable?(body: Buffer): boolean;
  /** A page of a list with its last row twice; default: every array of rows in JSON. */
  withRowTwice?(body: Buffer): Buffer;
  /** The settings leave rights of the manifest unneeded (an object that is switched off); default: each one is probed. */
  probesBySettings?: boolean;
  /** Letters beyond ASCII that the vendor's encoding has no place for may be refused; default: it keeps them all. */
  mayRefuseLetters?: boolean;
  /** It is a register too, and held to a register's promises. */
  isRegister?: boolean;
  /**
   * Nobody can look into it (`refFor`): the person is named by their address, every write takes that address out, and the suite looks
   * into the vendor's own truth.
   */
  isUnseen?: boolean;
  /** Parts of the paths of requests that change nothing though they are no GET: a token's, a look-up's with an address in its body. */
  harmlessPosts?: readonly string[];
  /** What a webhook leaves of the n-th person's row. */
  hintFor?(n: number, ref: RemoteRef): Hint;
  /** Texts that stand in the credentials, plain or encoded: they must be in no failure. */
  secrets: readonly string[];
}

/** A vendor behind HTTP and its connector, as the suite needs them. Systems of files: `FilesSubject`. */
export interface Subject extends About {
  /** A new, empty vendor. */
  start(): Vendor;
  /** The connector, for a vendor that is reached at `origin`. */
  connect(origin: string, wire: Wire): Connector;
}

/** The other side's own rows. */
export interface Rows {
  /** Somebody of the company adds a row, without the API. */
  put(fields: Fields & { email: string }): void;
  /** Every row that the vendor truly keeps, archived ones too: what an erasure must take away. */
  rows(): unknown[];
  /** Somebody of the company takes a row away; needed where the connector erases none. */
  remove?(email: string): void;
  /** Somebody of the company changes the address of a row. */
  edit?(id: string, email: string): void;
  /** The vendor itself makes a row unusable (bounced, archived), where it knows such a thing. */
  freeze?(email: string): void;
  /** Something hangs on the row that a law may keep: an invoice of 15 March 2025, paid. */
  bind?(email: string): void;
}

export interface Vendor extends Rows {
  behaviour: SandboxBehaviour;
}

/** What a check may rely on, however the system is reached. */
export interface AnyWorld extends About {
  vendor: Rows;
  server: RunningSandbox;
  readonly recipient: Recipient;
  readonly connector: Connector;
  /** A row for the n-th person, put there without the API, as the connector sees it. */
  one(n: number): Promise<Profile>;
  /** The truth as one text. */
  truth(): string;
  /** A write by verb on the first person (`create`: the ninth), and whether the vendor did it. */
  write(verb: Verb): Promise<{ run(): Promise<Written>; isDone(): Promise<boolean> }>;
  /** The next requests that are no GET meet this. */
  faultWrites(kind: FaultKind): void;
  /** The n-th person's values that a look by another address has to have beside it. */
  besideAddress(n: number): Fields;
  /** A second connector to the same vendor, with another deadline for each request. */
  quick(deadlineMs: number): Recipient;
  isWrite(entry: { method: string; path: string }): boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface World extends AnyWorld, Subject {
  vendor: Vendor;
  /** The n-th person's row goes: by an erasure where there is one. */
  take(ref: RemoteRef, n: number): Promise<void>;
  wire: Wire;
  /** A second connector to the same vendor, reached elsewhere or by another wire. */
  another(options: { origin?: string; wire?: Wire }): Recipient;
}

interface CheckOf<W> {
  name: string;
  /** Verbs that a recipient must have for this to concern it. */
  needs?: readonly (Verb | OptionalVerb)[];
  /** Time that the vendor takes between doing and telling. */
  latencyMs?: number;
  timeoutMs?: number;
  /** Holds of a system that nobody can look into as well. */
  forUnseen?: true;
  run(world: W): Promise<void>;
}

/** A promise that a system of files keeps as well. */
export interface SharedCheck extends CheckOf<AnyWorld> {
  forFiles: true;
}

/** One promise of the contract. Throws where it is not kept; every run gets a vendor of its own. */
export type Check = SharedCheck | (CheckOf<World> & { forFiles?: undefined });

export const call = freeCall;

/** What one answer of many says. */
export const kindOf = (said: Written | Failure | undefined) => (said instanceof Failure ? 'failed' : said?.kind);

/** What the field policy would hand over. */
export const given = (fields: Fields): Allowed<Fields> => allow(fields, { fields: Object.keys(fields) as FieldName[] });

/** A person's row after another person's values were written into it; the address stays. */
export const corrected = (subject: About, n: number): Fields => ({ ...subject.person(n + 50), email: subject.person(n).email });

export const quickWire = (deadlineMs: number): Wire => createWire({ gate: memoryGate({ connections: 4 }), deadlineMs });

/** The failure that some work ends in; throws whatever else it ends in. */
export const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  const said: unknown = await work.then(
    (value) => new Error(`no failure, but ${inspect(value, { depth: 1 })}`),
    (error: unknown) => error,
  );
  if (said instanceof Failure) return said;
  throw said;
};

/** The write that takes the most away: an erasure, where there is one. */
export const heaviestWrite = (w: About, by: Recipient, ref: RemoteRef): Promise<Written> =>
  (w.verbs ?? verbs).includes('erase') ? by.erase(ref, call) : by.rectify(ref, given(corrected(w, 1)), [], call);

/** Requests that changed something, or tried to. */
export const writesIn = (w: AnyWorld, log: readonly SandboxLogEntry[]) => log.filter((entry) => w.isWrite(entry));

export async function openWorld(subject: Subject, { latencyMs = 0 }: { latencyMs?: number } = {}): Promise<World> {
  const vendor = subject.start();
  const server = await serveSandbox(vendor.behaviour, { latencyMs });
  const wire = quickWire(2000);
  const connector = subject.connect(server.url, wire);
  const recipientOf = ({ recipient }: Connector): Recipient => {
    if (!recipient) throw new Error('the connector has no recipient');
    return recipient;
  };
  const recipient = recipientOf(connector);
  const { person, place } = subject;
  // a connector that needs a token has one
  if (subject.isUnseen) await connector.check(call, false);

  const one = async (n: number): Promise<Profile> => {
    vendor.put(person(n));
    if (subject.isUnseen) {
      const ref = recipient.refFor?.(person(n), place);
      if (!ref) throw new Error('a person with an address is named by nothing');
      return { ref, fields: person(n), standing: 'active', refused: false };
    }
    const [found, ...more] = await recipient.find(person(n), place, call);
    if (!found || more.length > 0) throw new Error(`a row that was put there was found ${found ? more.length + 1 : 0} times`);
    return found;
  };
  const truth = () => JSON.stringify(vendor.rows());

  return {
    ...subject,
    vendor,
    server,
    connector,
    recipient,
    wire,
    one,
    async take(ref, n) {
      if ((subject.verbs ?? verbs).includes('erase')) return void (await recipient.erase(ref, call));
      if (!vendor.remove) throw new Error('a vendor whose connector erases nobody needs remove');
      vendor.remove(person(n).email);
    },
    truth,
    async write(verb) {
      if (verb === 'create') {
        const fields = given(person(9));
        return {
          run: () => recipient.create(fields, place, call),
          isDone: async () => truth().toLowerCase().includes(person(9).email.toLowerCase()),
        };
      }
      const { ref } = await one(1);
      const isOut = async () => !truth().toLowerCase().includes(person(1).email.toLowerCase());
      const fresh = subject.isUnseen ? person(51) : corrected(subject, 1);
      switch (verb) {
        case 'rectify':
          return {
            run: () => recipient.rectify(ref, given(fresh), [], call),
            isDone: subject.isUnseen ? isOut : async () => truth().includes(String(fresh.givenName)),
          };
        case 'restrict':
          return {
            run: () => recipient.restrict(ref, subject.permissions ?? [], call),
            isDone: subject.isUnseen ? isOut : async () => (await recipient.read(ref, call))?.standing === 'restricted',
          };
        case 'erase':
          return { run: () => recipient.erase(ref, call), isDone: isOut };
      }
    },
    faultWrites(kind) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) server.fault({ kind, method });
      for (const path of subject.destructiveGets ?? []) server.fault({ kind, path, method: 'GET' });
    },
    isWrite: ({ method, path }) =>
      (method !== 'GET' && !(subject.harmlessPosts ?? []).some((part) => path.includes(part))) ||
      (subject.destructiveGets ?? []).some((part) => path.includes(part)),
    besideAddress: (n) => Object.fromEntries((subject.foundWith ?? []).map((name) => [name, person(n)[name]])),
    quick: (deadlineMs) => recipientOf(subject.connect(server.url, quickWire(deadlineMs))),
    another: ({ origin, wire: other }) => recipientOf(subject.connect(origin ?? server.url, other ?? wire)),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
