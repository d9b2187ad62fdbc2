import { sql } from 'kysely';
import { fingerprints } from '../../src/core/fingerprint.ts';
import { identifiersOf, normaliserVersion } from '../../src/core/identifier.ts';
import type { Fields } from '../../src/core/person.ts';
import { changes } from '../../src/store/database.ts';
import { registerHash } from '../../src/store/subjects.ts';
import type { World } from './world.ts';

/**
 * Thousands of people whom the ledger has known for a while, in four statements: as after their take-in, without duties, and without the
 * values that those need. Answers the subject of each.
 */
export async function knowPeople(world: World, people: readonly { id: string; person: Fields }[]): Promise<Map<string, string>> {
  const { db, vault, newId } = world.needs;
  const known = people.map(({ id, person }) => {
    const subject = newId();
    return {
      id,
      subject,
      wrapped: vault.newPersonKey(subject).wrapped,
      nonce: vault.random(16),
      hash: registerHash(vault, 'crm', 'contact', id),
      ref: vault.sealJson('register:crm', { place: 'contact', id }),
      prints: JSON.stringify(fingerprints(vault.keys.hmac.current, subject, person)),
      identifiers: identifiersOf(person as never).map(({ kind, value }) => ({ kind, hash: vault.hash(kind, value) })),
    };
  });
  const all = <T>(of: (one: (typeof known)[number]) => T) => known.map(of);
  const subjects = all((one) => one.subject);
  await changes(
    db,
    sql`INSERT INTO subject (id, role, register, wrapped_key, audit_nonce, version)
        SELECT id, 'customer', 'crm', wrapped, nonce, 1
        FROM unnest(${subjects}::uuid[], ${all((one) => one.wrapped)}::bytea[], ${all((one) => one.nonce)}::bytea[]) AS t(id, wrapped, nonce)`,
  );
  await changes(
    db,
    sql`INSERT INTO register_record (register, place, remote_hash, subject, sealed_ref)
        SELECT 'crm', 'contact', hash, subject, ref
        FROM unnest(${subjects}::uuid[], ${all((one) => one.hash)}::bytea[], ${all((one) => one.ref)}::bytea[]) AS t(subject, hash, ref)`,
  );
  await changes(
    db,
    sql`INSERT INTO version (subject, version, kind, source, fingerprints, changed_at)
        SELECT subject, 1, 'creation', 'crm', prints::jsonb, now()
        FROM unnest(${subjects}::uuid[], ${all((one) => one.prints)}::text[]) AS t(subject, prints)`,
  );
  const identifiers = known.flatMap((one) => one.identifiers.map((identifier) => ({ ...identifier, subject: one.subject })));
  await changes(
    db,
    sql`INSERT INTO identifier (subject, kind, hash, key_id, normaliser)
        SELECT subject, kind, hash, ${vault.keys.hmac.current.id}, ${normaliserVersion}
        FROM unnest(${identifiers.map((i) => i.subject)}::uuid[], ${identifiers.map((i) => i.kind)}::text[], ${identifiers.map((i) => i.hash)}::bytea[]) AS t(subject, kind, hash)
        ON CONFLICT DO NOTHING`,
  );
  for (const { id, person } of people) world.register.put(id, { person: person as never });
  return new Map(known.map(({ id, subject }) => [id, subject]));
}
