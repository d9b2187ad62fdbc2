import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import {
  type Identifier,
  type IdentifierKind,
  identifierHash,
  identifierKinds,
  isShared,
  nameKeys,
  normaliserVersion,
  variants,
} from './identifier.ts';
import type { Key } from './seal.ts';

/**
 * What stays of an erased person so that late data cannot bring them back: keyed hashes of identifiers, in one role, until a
 * date. Used for nothing else. Still personal data while the key exists, and listed as such in the record of processing.
 */
export interface Tombstone {
  kind: IdentifierKind;
  /** Hex of `identifierHash`. */
  hash: string;
  /** The HMAC key that made it. */
  keyId: string;
  normaliser: number;
  /** Erasing the customer never touches the employee. */
  role: string;
  /** Why it may be kept, in the law's words. */
  basis: string;
  /** ISO 8601 times. */
  madeAt: string;
  until: string;
}

/** The usual ground: honouring the erasure needs a memory of it. */
export const suppressionBasis = 'GDPR Art. 17 and 21(3), kept under Art. 6(1)(c) so that the erasure stays effective';

/**
 * The tombstones of one person: each identifier in every spelling it may come back in. An obviously shared identifier
 * (`info@`) is left out where another one stands, because it would hold up colleagues; where it is all there is, it is kept,
 * because the erasure must win.
 */
export function tombstonesFor(
  hmacKey: Key,
  identifiers: readonly Identifier[],
  scope: { role: string; basis?: string },
  made: Date,
  until: Date,
): Tombstone[] {
  const own = identifiers.filter(({ kind, value }) => !isShared(kind, value));
  const stones = new Map<string, Tombstone>();
  for (const { kind, value } of own.length > 0 ? own : identifiers) {
    for (const variant of variants(kind, value)) {
      const hash = identifierHash(hmacKey, kind, variant.value).toString('hex');
      stones.set(`${kind} ${hash}`, {
        kind,
        hash,
        keyId: hmacKey.id,
        normaliser: variant.normaliser,
        role: scope.role,
        basis: scope.basis ?? suppressionBasis,
        madeAt: made.toISOString(),
        until: until.toISOString(),
      });
    }
  }
  return [...stones.values()];
}

/**
 * Binds the telephones among these to a name. A telephone is a switchboard's or a family's as well: where the erased person was named it
 * counts only together with the name, which never counts alone.
 */
export function withName(hmacKey: Key, stones: readonly Tombstone[], name: Parameters<typeof nameKeys>[0]): Tombstone[] {
  const [like] = stones;
  const keys = nameKeys(name);
  if (!like || keys.length === 0) return [...stones];
  return [
    ...stones.map((stone): Tombstone => (stone.kind === 'phone' ? { ...stone, kind: 'namedPhone' } : stone)),
    ...keys.map(
      (value): Tombstone => ({
        ...like,
        kind: 'name',
        hash: identifierHash(hmacKey, 'name', value).toString('hex'),
        keyId: hmacKey.id,
        normaliser: normaliserVersion,
      }),
    ),
  ];
}

/** Which of the tombstones that an arrival met stand against it; `isNamed`: the arrival says who it is. */
export function guardedBy<S extends { kind: string }>(met: readonly S[], isNamed: boolean): S[] {
  const sameName = met.some(({ kind }) => kind === 'name');
  return met.filter(({ kind }) => kind !== 'name' && (kind !== 'namedPhone' || !isNamed || sameName));
}

/** What an arriving identifier is looked up by: every spelling under every key of the ring (`keyRing.all`). */
export function lookupHashes(
  hmacKeys: readonly Key[],
  kind: IdentifierKind,
  value: string,
): { kind: IdentifierKind; hash: Buffer; keyId: string }[] {
  const kinds: IdentifierKind[] = kind === 'phone' ? ['phone', 'namedPhone'] : [kind];
  return variants(kind, value).flatMap((variant) =>
    hmacKeys.flatMap((key) => {
      const hash = identifierHash(key, kind, variant.value);
      return kinds.map((one) => ({ kind: one, hash, keyId: key.id }));
    }),
  );
}

/** The tombstones that still stand against an arrival in this role. By identifier alone: two people may share a name. */
export function matches(
  tombstones: readonly Tombstone[],
  hmacKeys: readonly Key[],
  identifiers: readonly Identifier[],
  role: string,
  now: Date,
): Tombstone[] {
  const arriving = new Set(
    identifiers.flatMap(({ kind, value }) =>
      lookupHashes(hmacKeys, kind, value).map(({ hash, keyId }) => `${kind} ${keyId} ${hash.toString('hex')}`),
    ),
  );
  return tombstones.filter(
    (stone) => stone.role === role && new Date(stone.until) > now && arriving.has(`${stone.kind} ${stone.keyId} ${stone.hash}`),
  );
}

/**
 * One erasure in the journal that lives outside the database. After a restore of an older database it is read again, and the
 * erased are erased again before anybody is served.
 */
export interface JournalEntry {
  v: 1;
  /** ISO 8601. */
  at: string;
  /** The instance whose database it belongs to. */
  instance: string;
  subject: string;
  case?: string;
  tombstones: Tombstone[];
  /** The erasure of this case was taken back: what an earlier entry of the case says counts no more. */
  withdrawn?: boolean;
}

/** One line, newline included: the entry and the SHA-256 of its RFC 8785 form. */
export function journalLine(entry: JournalEntry): string {
  return `${JSON.stringify({ entry, sha256: sum(entry) })}\n`;
}

export type JournalLine = { ok: true; entry: JournalEntry } | { ok: false };

/** Reads one line, with or without its newline. `ok: false`: cut or altered. */
export function parseJournalLine(line: string): JournalLine {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { ok: false };
  }
  if (!isObject(parsed) || !isEntry(parsed['entry'])) return { ok: false };
  return parsed['sha256'] === sum(parsed['entry']) ? { ok: true, entry: parsed['entry'] } : { ok: false };
}

export interface Journal {
  entries: JournalEntry[];
  /**
   * The file ends in the middle of a line: the writer died before its fsync, so that erasure was never reported. The line is to
   * be cut off before anything is appended.
   */
  torn: boolean;
  /** Line numbers, from 1, of damage anywhere else. Not empty: an erasure may be missing, and a person must look. */
  broken: number[];
}

/** Reads a whole journal file. Only a last line without its newline counts as torn; all other damage is told. */
export function parseJournal(text: string): Journal {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  const journal: Journal = { entries: [], torn: false, broken: [] };
  for (const [n, line] of lines.entries()) {
    const parsed = parseJournalLine(line);
    if (parsed.ok) journal.entries.push(parsed.entry);
    else journal.broken.push(n + 1);
  }
  if (rest === '') return journal;
  // whole but for its newline: the entry counts, the end still needs mending
  const last = parseJournalLine(rest);
  if (last.ok) journal.entries.push(last.entry);
  journal.torn = true;
  return journal;
}

function sum(entry: unknown): string {
  return createHash('sha256')
    .update(canonicalize(entry) ?? '', 'utf8')
    .digest('hex');
}

function isEntry(value: unknown): value is JournalEntry {
  return (
    isObject(value) &&
    value['v'] === 1 &&
    ['at', 'instance', 'subject'].every((key) => typeof value[key] === 'string') &&
    (value['case'] === undefined || typeof value['case'] === 'string') &&
    (value['withdrawn'] === undefined || typeof value['withdrawn'] === 'boolean') &&
    Array.isArray(value['tombstones']) &&
    value['tombstones'].every(isTombstone)
  );
}

function isTombstone(value: unknown): value is Tombstone {
  return (
    isObject(value) &&
    identifierKinds.some((kind) => kind === value['kind']) &&
    typeof value['normaliser'] === 'number' &&
    ['hash', 'keyId', 'role', 'basis', 'madeAt', 'until'].every((key) => typeof value[key] === 'string')
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
