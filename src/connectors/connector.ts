import type { z } from 'zod';
import type { Allowed } from '../core/allowed.ts';
import type { Evidence } from '../core/duty.ts';
import type { Failure } from '../core/failure.ts';
import type { FieldName, Fields, Person } from '../core/person.ts';
import type { Trigger } from '../core/retention-rule.ts';
import type { Title } from '../core/title.ts';
import type { OpenExchange } from './exchange.ts';
import type { Call, Wire } from './http.ts';

/**
 * The contract between Kaiku and a vendor's folder. `connector.ts` of a folder says *what*, its `mapping.ts` how they spell it,
 * its `client.ts` how to reach them. No vendor word leaves the folder: not a status, not a field name, not an HTTP code.
 */

/** Where one row of one system is found. Opaque outside the folder that made it; always sealed at rest. */
export interface RemoteRef {
  /** The part of the system that holds the row: an audience, `contact`, `lead`. */
  place: string;
  /** The row's stable id. */
  id: string;
  /** A second key that may change with the row (an address hash); the folder's own affair. */
  key?: string;
}

/** `active`: held and in use. `restricted`: held, not used. `inert`: the system itself froze it; only an erasure may touch it. */
export type Standing = 'active' | 'restricted' | 'inert';

/** What a system holds about a person in one row, as read just now. */
export interface Profile {
  ref: RemoteRef;
  fields: Fields;
  standing: Standing;
  /** The person themselves refused there (unsubscribed, complained): an objection that Kaiku carries back to the register. */
  refused: boolean;
}

/** What a write said. `accepted` is a promise, not a proof: converge reads back. */
export type Written =
  | { kind: 'accepted'; ref: RemoteRef }
  /** The row is not there. Not yet `absent`: converge asks for a positive control first. */
  | { kind: 'not-found' }
  /** A create met a row that is already there: find and read it, never create again. */
  | { kind: 'exists' }
  /** The system erased this person earlier and will not take them back: a terminal fact. */
  | { kind: 'forgotten' }
  /**
   * The row is in a standing that the vendor does not let us change; `code` is ours, for the log. `ask`: people of the system can do
   * what it will not do for us, and are asked: to erase, to keep unused whom a right restricts (Art. 18, 21), and where a later look shows
   * it (a read-back, `showsLater`) to correct as well.
   */
  | { kind: 'refused'; code: string; ask?: true };

/** Records that a law may protect hang on a row: an invoiced customer. */
export interface Bound {
  /**
   * Ours, as it stands in the ledger: what hangs there is unfinished work alone, which no law keeps (`has-orders`). The row is stripped
   * all the same, and the people of the system are asked to end the work and erase.
   */
  pending?: string;
  /** The newest of them; calendar date, `YYYY-MM-DD`. Its financial year starts the law's clock. */
  newest: string;
  /** Something is unpaid or in collection: a legal claim besides (Art. 17(3)(e)). */
  open: boolean;
  /** What the row keeps for them; every other field goes. */
  keeps: readonly FieldName[];
}

/** One of many corrections at once; `seen` as in `Call`, of this row alone. */
export interface Rectification {
  ref: RemoteRef;
  fields: Allowed<Fields>;
  blanked: readonly string[];
  seen?: Call['seen'];
}

/** The verbs of a system that was given data. Every verb is idempotent; none brings a row into being but `create`. */
export interface Recipient {
  /** The places that each hold one row of a person (several audiences); one for most vendors. */
  readonly places: readonly string[];
  /**
   * Whose rows there are, by the person's role; absent: everybody's. Nobody of another role is given a row here or tied to one, whatever
   * they share with it: an employee who is a customer too is two people to two systems.
   */
  serves?(role: string): boolean;
  /** The canonical fields that a row here has a place for. Others are neither written nor missed. Absent: all of them. */
  readonly carries?: readonly FieldName[] | ((place: string) => readonly FieldName[]);
  /** Fields that a row keeps in one text (a whole name): when one changes, all of them are handed over. */
  readonly together?: readonly FieldName[];
  /**
   * What people did here shows some time after they said so (in the next export): their answer is `acknowledged`, and the verb that asked
   * for them is said again until it finds the thing done. Such a verb looks first.
   */
  readonly showsLater?: true;
  /** Verbs that nothing carries out here but the people who look after the system; a plan says that they are asked. */
  readonly byPeople?: readonly ('rectify' | 'restrict' | 'erase')[];
  /**
   * What other rows still show of somebody whose own row is gone, asked before an erasure counts as done. `theirs`: such a row is them, and it
   * is not done. `doubtful`: a value stands beside another's name, or their name alone; people say whose. Absent: a row's key says it all.
   */
  traces?(fields: Fields, call: Call): Promise<'none' | 'doubtful' | 'theirs'>;
  /** What it means here that an erasure finds no row of the person; default `absent`. Where strangers are followed too: nobody can tell which. */
  readonly unfound?: 'not-identifiable';
  /** Where somebody with these values gets a row, if they have none anywhere; empty: nowhere. Absent: in every place. */
  placesFor?(fields: Fields): readonly string[];
  /** How these values read after they were written in `place` (a cut text, a joined address). Absent: just as they are. */
  asHeld?(fields: Fields, place: string): Fields;
  /**
   * Only for a system that nobody can look into, which can neither be searched nor listed: where `place` would hold somebody with these
   * values, or null where they say nothing that it knows people by. Such a recipient answers neither "there" nor "not there": `read`,
   * `find` and `list` are those of `nobodyLooks` (`unseen.ts`), the manifest has no `readBack`, and every write may be sent a second time unseen.
   */
  refFor?(fields: Fields, place: string): RemoteRef | null;
  /** What the system holds at `ref` now, or null after a look-up by every key the ref has. */
  read(ref: RemoteRef, call: Call): Promise<Profile | null>;
  /** The rows that match a person's unique identifiers exactly, in `place`. Read-before-write after a lost create. */
  find(fields: Fields, place: string, call: Call): Promise<Profile[]>;
  /** Only for a person the place has never held, and only what the policy let through. Never an upsert. */
  create(fields: Allowed<Fields>, place: string, call: Call): Promise<Written>;
  /** Art. 16. Changes the row at `ref`; a field listed as undefined in `fields` is blanked; never changes the standing. */
  rectify(ref: RemoteRef, fields: Allowed<Fields>, blanked: readonly string[], call: Call): Promise<Written>;
  /** Art. 18 and 21. The system keeps the row and stops using it for these permissions. */
  restrict(ref: RemoteRef, permissions: readonly string[], call: Call): Promise<Written>;
  /** Art. 17. After this `read` answers null. Archiving does not count. */
  erase(ref: RemoteRef, call: Call): Promise<Written>;
  /** What binds the row, asked right before an erasure; null: nothing does. Absent: a row here is never bound. */
  bound?(ref: RemoteRef, call: Call): Promise<Bound | null>;
  /** Empties everything of a bound row that `keeps` does not name and ends its use. After this `read` shows no more. */
  strip?(ref: RemoteRef, bound: Bound, call: Call): Promise<Written>;
  /**
   * When the law's time is over and the system still refuses to erase: overwrites with the neutral values that the company agreed with
   * its accountant. `refused` where none are agreed.
   */
  neutralise?(ref: RemoteRef, call: Call): Promise<Written>;
  /**
   * Art. 16 for many rows, where that saves calls: as `rectify` for each, in the order given; one that failed says so in its place.
   * Throws where nothing can be said of any of them. Whatever it leaves running at the vendor is told to `call.started`, ends before
   * this does, and is stopped when the call is overtaken or may not go on.
   */
  rectifyMany?(items: readonly Rectification[], call: Call): Promise<(Written | Failure)[]>;
  /** As `read` for each; undefined: not told, read it by itself. With `rectifyMany`, the read-back of its rows. */
  readMany?(refs: readonly RemoteRef[], call: Call): Promise<(Profile | undefined)[]>;
  /** Stops what a `rectifyMany` of a process that is gone left running. Harmless when it is over. */
  withdraw?(handle: string, call: Call): Promise<void>;
  /**
   * Every row, in pages, whatever its standing. `unread` is told how many rows could not be read and are in no page: such a list
   * proves of nobody that they are not there.
   */
  list(call: Call, unread?: (rows: number) => void): AsyncIterable<Profile[]>;
  /** Rows changed since the cursor (null: from now on), for systems where people change things themselves. */
  changes?(cursor: string | null, call: Call): Promise<{ profiles: Profile[]; cursor: string }>;
}

/** One row of a register, mapped. */
export interface RegisterRecord {
  ref: RemoteRef;
  /** The role that this kind of row means: the register's `for`, or `prospect` for leads. */
  role: string;
  person: Person;
  /** The company that the person acts for, where the register says so. */
  organisation?: { id: string; name?: string; businessId?: string };
  /** Set on a row that became another one (a converted lead): both are the same subject. */
  sameAs?: RemoteRef;
  /** The configured erasure signal is set on the row. */
  erase: boolean;
  /** Per permission name, what the register says now. */
  granted: Record<string, boolean>;
  refused: Record<string, boolean>;
  /** What happened and when, where the configuration names the fields; calendar dates, `YYYY-MM-DD`. */
  events?: Partial<Record<Trigger, string>>;
  changedAt: Date;
}

/** A page of changes; `cursor` is saved after the page was committed, and resumes behind it. */
export interface ChangePage {
  records: RegisterRecord[];
  cursor: string;
}

/** A full scan of ids. Only a complete one may say that somebody disappeared. */
export interface Sweep {
  ids: Set<string>;
  complete: boolean;
  /** Why not, in code form: `count-mismatch`, `page-failed`, `total-changed`. */
  why?: string;
}

export type Look = { kind: 'found'; record: RegisterRecord } | { kind: 'gone' } | { kind: 'hidden' };

/** The verbs of a system that is master for a category of people. */
export interface Register {
  /** The kinds of rows that are people (`contact`, `lead`): each has its own cursor and sweep. */
  readonly objects: readonly string[];
  changes(object: string, cursor: string | null, call: Call): AsyncIterable<ChangePage>;
  look(ref: RemoteRef, call: Call): Promise<Look>;
  /** How many rows the register says it has; cheap. A drop starts a sweep at once. */
  total(object: string, call: Call): Promise<number | null>;
  sweep(object: string, call: Call): Promise<Sweep>;
}

/** One right that Kaiku needs. `ok: null`: provable only by writing. */
export interface RightProbe {
  right: string;
  ok: boolean | null;
  problem?: string;
}

/** What a verified webhook told us: only where to look. Never data. */
export interface Hint {
  place: string;
  /** Whatever the folder needs to find the row again (an id, an address); sealed before it is stored. */
  locator: string;
}

export interface WebhookRequest {
  headers: Record<string, string | string[] | undefined>;
  rawBody: Buffer;
  now: Date;
}

/** How a vendor reports changes to us. The path's secret was compared before this is asked. */
export interface Webhook {
  /** Null: not authentic, or not in the documented form. An empty list: authentic, and of no interest. */
  hints(request: WebhookRequest): Hint[] | null;
  /** Reads what a hint points at: rows of a recipient, or a ref of a register. */
  follow(hint: Hint, call: Call): Promise<Profile[] | RemoteRef[]>;
}

/** What a connector claims, proven by the conformance suite. Machine-readable. */
export interface Manifest {
  vendor: string;
  roles: readonly ('register' | 'recipient')[];
  /** A recipient run by people: its steps are asked, not called. */
  human: boolean;
  /** A recipient whose data nobody searches and that end by their own time (`Connector.ends`): nobody is asked, nothing is called. */
  endsByItself?: true;
  erasure: {
    depth: 'archive' | 'soft' | 'hard' | 'anonymise' | 'person' | 'time';
    /** The strongest evidence an erasure can reach here, and why. */
    cap: Evidence;
    why: string;
  };
  readBack: boolean;
  /** The calls that read back, in the vendor's words; every manifest with `readBack` names them. */
  readBackPath?: string;
  /**
   * Over all processes: slots held at once; requests in any sliding second. Systems with the same `key` share their slots (two
   * configured systems of one company at one vendor).
   */
  limits: { connections: number; perSecond?: number; key?: string };
  /** The vendor's own time-out for a call. */
  deadlineSeconds: number;
  /** The largest answer that makes sense, in bytes; default 10 MB. A list without pages may be larger. */
  maxBytes?: number;
  /** Days an erased person may live on in the vendor's backups; null where the vendor does not say. */
  backupLagDays: number | null;
  rights: readonly string[];
  /** Retention rules that bind rows of this kind of system where the company names none of its own. */
  retention?: readonly string[];
}

/** Where the people are reached who do what a system is asked, and the company's own words for them. */
export interface People {
  address: string;
  language: 'fi' | 'sv' | 'en';
  instructions?: string;
}

/** How an export that somebody downloaded is handed over, where a system is read by exports alone. */
export interface Exports {
  /**
   * Reads the file as a look would, and leaves it where the next look reads it. Throws `ANSWER_GARBLED` with file, line and reason where it
   * would not be believed; then nothing is left.
   */
  take(bytes: Buffer, now: Date, call: Call): Promise<{ rows: number }>;
}

/** How data end by themselves. */
export interface Ends {
  /** Days from an entry to its end. */
  afterDays: number;
  /** What they are, in the company's own words. */
  what: Title;
}

export interface Connector {
  readonly manifest: Manifest;
  /** Of a system that people run, or where people do what its connector cannot. */
  readonly people?: People;
  /** Of a manifest with `endsByItself`, and of no other. */
  readonly ends?: Ends;
  readonly recipient?: Recipient;
  readonly register?: Register;
  readonly webhook?: Webhook;
  readonly exports?: Exports;
  /** Probes by reading each right; with `writeTest` creates, reads back and removes a marked record. Never throws for a missing right. */
  check(call: Call, writeTest: boolean): Promise<RightProbe[]>;
}

/** How the register says what a person agreed to or refused, and that they want to be erased. */
export interface FieldIs {
  field: string;
  equals: string | number | boolean;
}
export interface RegisterOptions {
  for: string;
  erasureSignal?: FieldIs;
  permissions: Record<string, { granted?: FieldIs; refused?: FieldIs }>;
  /** By what happened, the date field that tells it. */
  events?: Partial<Record<Trigger, string>>;
}

/** One configured system, secrets resolved. */
export interface SystemOptions<S = unknown> {
  system: string;
  baseUrl: string;
  credentials: Record<string, string>;
  settings: S;
  register?: RegisterOptions;
  webhookSecret?: string;
}

export type Scheme = 'https' | 'sftp' | 'file';

/** A vendor: what `registry.ts` lists. `connect` does no I/O. */
export interface ConnectorFactory<S = unknown> {
  manifest: Manifest;
  /** Settings of the vendor's own, without `deadlineSeconds`, which every connector takes. */
  settings: z.ZodType<S>;
  /** Names of the credentials the vendor needs; empty for people. */
  credentials: readonly string[];
  /** Names of further credentials the vendor can use (a webhook's signing secret). */
  optionalCredentials?: readonly string[];
  /** What its addresses begin with; default: `https` (and `http` to this machine). */
  schemes?: readonly Scheme[];
  /** `openExchange`: for whoever exchanges files; the hub always hands it over. */
  connect(options: SystemOptions<S>, wire: Wire, openExchange?: OpenExchange): Connector;
}
