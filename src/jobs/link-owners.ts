import { setImmediate } from 'node:timers/promises';
import type { Profile } from '../connectors/connector.ts';
import { type Identifier, identifierHasher, identifiersOf, isShared, normalise } from '../core/identifier.ts';
import { slipsOf } from '../core/likeness.ts';
import type { Clue } from '../core/match.ts';
import { isSoleTrader } from '../core/organisation.ts';
import type { Fields, OrganisationName, Person } from '../core/person.ts';
import { disownedAmong } from '../store/held.ts';
import { linkedAmong } from '../store/records.ts';
import { emailPrefixes, ownersAmong, ownersOf, prefixOf } from '../store/subjects.ts';
import { type Guard, guards } from './guard.ts';
import type { Needs } from './needs.ts';
import { isServed } from './served.ts';

/** A row of a recipient, with the keyed hash of its id. */
export interface HashedRow {
  profile: Profile;
  hash: Buffer;
}

/** What the ledger knows of one row. */
export interface RowFacts {
  isLinked: boolean;
  /** A person said before that this row is nobody's. */
  isDisowned: boolean;
  /** Who was erased and is here: a copy that came back, or was never reached. Null: nobody who was. */
  guard: Guard | null;
  clues: Clue[];
}

const keyOf = (kind: string, hash: Buffer) => `${kind} ${hash.toString('base64url')}`;

/** The facts of a whole page, in the order of its rows: asked for together, since a row by itself costs as many statements. */
export async function factsOf(needs: Needs, system: string, page: readonly HashedRow[]): Promise<RowFacts[]> {
  const { db, vault } = needs;
  const found = page.map(({ profile }) =>
    identifiersOf(profile.fields as Person).map((one) => ({ ...one, hash: vault.hash(one.kind, one.value) })),
  );
  const identifiers = found.flat();
  const hashes = page.map(({ hash }) => hash);
  const roles = rolesServed(needs, system);
  const guarded = roles ?? new Set(Object.values(needs.config.systems).flatMap((s) => s.register?.for ?? []));
  const erased = await guards(
    needs,
    [...guarded].filter((role) => isServed(needs, system, role)),
    page.map(({ profile }) => profile.fields),
  );
  const [linked, disowned] = [await linkedAmong(db, system, hashes), await disownedAmong(db, system, hashes)];
  const owners = new Map<string, Set<string>>();
  for (const { kind, hash, id, role } of await ownersAmong(db, identifiers)) {
    if ((roles && !roles.has(role)) || !isServed(needs, system, role)) continue;
    const key = keyOf(kind, hash);
    owners.set(key, (owners.get(key) ?? new Set()).add(id));
  }
  return page.map(({ profile, hash }, at) => {
    const own = found[at] ?? [];
    return {
      isLinked: linked.has(hash.toString('base64url')),
      isDisowned: disowned.has(hash.toString('base64url')),
      guard: erased[at] ?? null,
      clues: own.map((one) => ({
        kind: one.kind,
        owners: [...(owners.get(keyOf(one.kind, one.hash)) ?? [])],
        shared: isOfMany(one, profile.fields),
      })),
    };
  });
}

const isOfMany = ({ kind, value }: Identifier, fields: Fields) =>
  kind === 'businessId'
    ? !isSoleTrader((fields.organisation as OrganisationName | undefined)?.name ?? '')
    : isShared(kind, value);

/** Null: every role. */
export function rolesServed(needs: Needs, system: string): Set<string> | null {
  const purposes = (needs.config.systems[system]?.recipient?.purposes ?? []).flatMap((name) => needs.config.purposes[name] ?? []);
  return purposes.some((p) => p.for === undefined) ? null : new Set(purposes.flatMap((p) => p.for ?? []));
}

/**
 * Finds the people whose address is one slip of the hand away from a row's. An address has thousands of slips, and the ledger only
 * keyed hashes: the beginnings of all of those are kept here for one run, so that a statement is sent only for what is nearly found.
 */
export function neighbours(needs: Needs, system: string): (fields: Fields) => Promise<string[]> {
  const hashOf = identifierHasher(needs.vault.keys.hmac.current, 'email');
  let known: Promise<ReadonlySet<number>> | undefined;
  return async (fields) => {
    // without a name nothing could say that the neighbour is meant
    const address = fields.givenName || fields.familyName ? normalise('email', String(fields.email ?? '')) : null;
    if (address === null || isShared('email', address)) return [];
    known ??= emailPrefixes(needs.db);
    const prefixes = await known;
    // a page of strangers is seconds of hashing: whoever else runs in this process comes in between
    await setImmediate();
    const hits = slipsOf(address)
      .map(hashOf)
      .filter((hash) => prefixes.has(prefixOf(hash)));
    if (hits.length === 0) return [];
    const owners = (await ownersOf(needs.db, 'email', hits)).filter(({ role }) => isServed(needs, system, role));
    return [...new Set(owners.map(({ id }) => id))];
  };
}
