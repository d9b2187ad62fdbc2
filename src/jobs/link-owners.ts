import { identifiersOf, isShared, normalise } from '../core/identifier.ts';
import { slipsOf } from '../core/likeness.ts';
import type { Clue } from '../core/match.ts';
import { isSoleTrader } from '../core/organisation.ts';
import type { Fields, OrganisationName, Person } from '../core/person.ts';
import { ownersOf } from '../store/subjects.ts';
import { tombstonesAmong } from '../store/tombstones.ts';
import { type Needs, now } from './needs.ts';

/** The identifiers of a recipient's row, and who in the register has or had them; people of roles that the system serves. */
export async function cluesOf(needs: Needs, system: string, fields: Fields): Promise<Clue[]> {
  const roles = rolesServed(needs, system);
  const clues: Clue[] = [];
  for (const { kind, value } of identifiersOf(fields as Person)) {
    const owners = (await ownersOf(needs.db, kind, [needs.vault.hash(kind, value)])).filter((s) => !roles || roles.has(s.role));
    const shared =
      kind === 'businessId'
        ? !isSoleTrader((fields.organisation as OrganisationName | undefined)?.name ?? '')
        : isShared(kind, value);
    clues.push({ kind, owners: [...new Set(owners.map((s) => s.id))], shared });
  }
  return clues;
}

/** Null: every role. */
export function rolesServed(needs: Needs, system: string): Set<string> | null {
  const purposes = (needs.config.systems[system]?.recipient?.purposes ?? []).flatMap((name) => needs.config.purposes[name] ?? []);
  return purposes.some((p) => p.for === undefined) ? null : new Set(purposes.flatMap((p) => p.for ?? []));
}

/** People whose address is one slip of the hand away from the row's. */
export async function nearbyOwners(needs: Needs, fields: Fields): Promise<string[]> {
  const address = typeof fields.email === 'string' ? normalise('email', fields.email) : null;
  if (address === null || isShared('email', address)) return [];
  const hashes = slipsOf(address).map((slip) => needs.vault.hash('email', slip));
  return [...new Set((await ownersOf(needs.db, 'email', hashes)).map((s) => s.id))];
}

/** In which role the person of this row was erased: a copy that came back, or was never reached. Null: of nobody who was. */
export async function roleOfErased(needs: Needs, system: string, fields: Fields): Promise<string | null> {
  const roles = rolesServed(needs, system) ?? new Set(Object.values(needs.config.systems).flatMap((s) => s.register?.for ?? []));
  const hashes = identifiersOf(fields as Person).map(({ kind, value }) => ({ kind, hash: needs.vault.hash(kind, value) }));
  for (const role of roles) if ((await tombstonesAmong(needs.db, role, hashes, await now(needs))).length > 0) return role;
  return null;
}
