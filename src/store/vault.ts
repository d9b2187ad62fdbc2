import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { identifierHash } from '../core/identifier.ts';
import type { Fields } from '../core/person.ts';
import { type Key, type KeyFile, seal, unseal, unwrapKey, wrapKey } from '../core/seal.ts';
import { type Db, row } from './database.ts';

/**
 * Everything that turns values of a person into bytes the database may hold, and back. The keys come from a file outside the
 * database; randomness is handed in.
 */
export interface Vault {
  keys: KeyFile;
  /** A keyed hash of a normalised identifier. */
  hash(kind: string, normalised: string): Buffer;
  /** A new per-person key, wrapped for the database. */
  newPersonKey(subject: string): { key: Buffer; wrapped: Buffer };
  personKey(subject: string, wrapped: Buffer): Buffer;
  sealFields(subject: string, key: Buffer, fields: Fields): Buffer;
  unsealFields(subject: string, key: Buffer, sealed: Buffer): Fields;
  /** For what belongs to no single person's key: remote ids, hints, envelopes. `aad` binds the ciphertext to its row. */
  sealJson(aad: string, value: unknown): Buffer;
  unsealJson<T>(aad: string, sealed: Buffer): T;
  /** For what must go with a key of its own (a case's envelope): unreadable as soon as that is dropped. */
  sealUnder(key: Buffer, aad: string, value: unknown): Buffer;
  unsealUnder<T>(key: Buffer, aad: string, sealed: Buffer): T;
  random(bytes: number): Buffer;
}

export function createVault(keys: KeyFile, random: (bytes: number) => Buffer): Vault {
  const personal = (subject: string, key: Buffer): Key => ({ id: `person-${subject.slice(0, 8)}`, bytes: key });
  const under = (key: Buffer): Key => ({ id: 'own', bytes: key });
  return {
    keys,
    random,
    hash: (kind, normalised) => identifierHash(keys.hmac.current, kind as Parameters<typeof identifierHash>[1], normalised),
    newPersonKey(subject) {
      const key = random(32);
      return { key, wrapped: wrapKey(keys.kek.current, key, `person:${subject}`, random(12)) };
    },
    personKey: (subject, wrapped) => unwrapKey((id) => keys.kek.byId(id), wrapped, `person:${subject}`),
    sealFields: (subject, key, fields) => seal(personal(subject, key), JSON.stringify(fields), `fields:${subject}`, random(12)),
    unsealFields: (subject, key, sealed) =>
      JSON.parse(unseal(() => personal(subject, key), sealed, `fields:${subject}`).toString('utf8')) as Fields,
    sealJson: (aad, value) => seal(keys.kek.current, JSON.stringify(value), aad, random(12)),
    unsealJson: <T>(aad: string, sealed: Buffer) =>
      JSON.parse(unseal((id) => keys.kek.byId(id), sealed, aad).toString('utf8')) as T,
    sealUnder: (key, aad, value) => seal(under(key), JSON.stringify(value), aad, random(12)),
    unsealUnder: <T>(key: Buffer, aad: string, sealed: Buffer) =>
      JSON.parse(unseal(() => under(key), sealed, aad).toString('utf8')) as T,
  };
}

/** What a database without its keys says: nothing may start then. */
export class WrongKeyError extends Error {
  override name = 'WrongKeyError';
}

/**
 * Ties this database to its keys at the first start and refuses every later start without them: a ledger whose hashes are made
 * with two keys would no longer find anybody, and its tombstones would be dead.
 */
export async function claimInstance(db: Db, vault: Vault, newId: string): Promise<string> {
  await sql`
    INSERT INTO instance (id, kek_id, hmac_key_id) VALUES (${newId}, ${vault.keys.kek.current.id}, ${vault.keys.hmac.current.id})
    ON CONFLICT DO NOTHING`.execute(db);
  const known = await row(
    db,
    sql<{ id: string; kek_id: string; hmac_key_id: string }>`SELECT id, kek_id, hmac_key_id FROM instance`,
  );
  if (!known) throw new Error('the instance row is missing right after it was written');
  if (!vault.keys.kek.byId(known.kek_id) || !vault.keys.hmac.byId(known.hmac_key_id)) {
    throw new WrongKeyError(
      `The key file does not hold the keys this database was made with (key-encryption key ${known.kek_id}, HMAC key ${known.hmac_key_id}). ` +
        'Point KAIKU_KEY_FILE at the file that was backed up when this instance first started.',
    );
  }
  return known.id;
}

/** Whether anything was ever stored: then a missing key file is an error, not a first start. */
export async function isEmpty(db: Db): Promise<boolean> {
  return (await row(db, sql`SELECT 1 FROM instance`)) === undefined;
}

/** A digest for de-duplicating raw webhook bodies; keyed by nothing, kept only until the hint was followed. */
export const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
