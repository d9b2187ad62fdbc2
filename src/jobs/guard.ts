import { identifierHash, identifiersOf, nameKeys } from '../core/identifier.ts';
import type { Fields, Person } from '../core/person.ts';
import { guardedBy, lookupHashes } from '../core/tombstone.ts';
import { tombstonesAmong } from '../store/tombstones.ts';
import { type Needs, now } from './needs.ts';

/** Somebody who was erased, and what of an arrival says so. */
export interface Guard {
  role: string;
  /** Whose erasure it was; null: nobody's alone. */
  subject: string | null;
  kinds: string[];
}

/** What an arrival is looked up by, under every key of the ring. */
function askedOf(needs: Needs, fields: Fields) {
  const keys = needs.vault.keys.hmac.all;
  return {
    identifiers: identifiersOf(fields as Person).flatMap(({ kind, value }) => lookupHashes(keys, kind, value)),
    names: nameKeys(fields as Person).flatMap((name) =>
      keys.map((key) => ({ kind: 'name' as const, hash: identifierHash(key, 'name', name) })),
    ),
  };
}

/** The tombstones that a row would meet, by its identifiers. */
export const stonesOf = (needs: Needs, fields: Fields): { kind: string; hash: Buffer }[] => askedOf(needs, fields).identifiers;

/**
 * Whether somebody who was erased arrives again, in the order of the arrivals. Asked on every way in: the register's poll, sweep and
 * webhook, linking, resync and drift. Each identifier in every spelling and under every key of the ring.
 */
export async function guards(needs: Needs, roles: readonly string[], arrivals: readonly Fields[]): Promise<(Guard | null)[]> {
  const asked = arrivals.map((fields) => askedOf(needs, fields));
  const stones = await tombstonesAmong(
    needs.db,
    roles,
    asked.flatMap(({ identifiers, names }) => [...identifiers, ...(identifiers.length > 0 ? names : [])]),
    await now(needs),
  );
  const known = new Map<string, (typeof stones)[number][]>();
  for (const stone of stones) {
    const key = `${stone.kind} ${stone.hash.toString('base64url')}`;
    known.set(key, [...(known.get(key) ?? []), stone]);
  }
  return asked.map(({ identifiers, names }) => {
    const met = [...identifiers, ...names].flatMap(({ kind, hash }) => known.get(`${kind} ${hash.toString('base64url')}`) ?? []);
    const against = guardedBy(met, names.length > 0);
    const [first] = against;
    if (!first) return null;
    const subjects = new Set(against.map(({ subject }) => subject));
    return {
      role: first.role,
      subject: subjects.size === 1 ? first.subject : null,
      kinds: [...new Set(against.map(({ kind }) => kind))].sort(),
    };
  });
}
