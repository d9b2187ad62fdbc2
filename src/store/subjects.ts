import { sql } from 'kysely';
import type { ChangeKind } from '../core/duty.ts';
import type { PermissionState } from '../core/permission.ts';
import type { Fields } from '../core/person.ts';
import { changes, type Db, json, row, rows } from './database.ts';
import { moveTies } from './same-person.ts';
import type { Vault } from './vault.ts';

export interface SubjectRow {
  id: string;
  role: string;
  register: string;
  state: 'active' | 'erasing' | 'erased';
  restricted: boolean;
  version: number;
  wrapped_key: Buffer | null;
  audit_nonce: Buffer | null;
}

export const subjectById = (db: Db, id: string): Promise<SubjectRow | undefined> =>
  row(db, sql<SubjectRow>`SELECT * FROM subject WHERE id = ${id}`);

/** Locks the subject's row: intake, cases and answers about one person are taken one after the other. */
export const lockSubject = (db: Db, id: string): Promise<SubjectRow | undefined> =>
  row(db, sql<SubjectRow>`SELECT * FROM subject WHERE id = ${id} FOR UPDATE`);

/** Until the transaction ends, nobody else takes in this row of a register. */
export const lockRow = (db: Db, hash: Buffer): Promise<unknown> =>
  rows(db, sql`SELECT pg_advisory_xact_lock(${hash.readInt32BE(0)}, ${hash.readInt32BE(4)})`);

export async function createSubject(
  db: Db,
  vault: Vault,
  s: { id: string; role: string; register: string; organisation: string | null },
): Promise<SubjectRow> {
  const { wrapped } = vault.newPersonKey(s.id);
  const created = await row(
    db,
    sql<SubjectRow>`
      INSERT INTO subject (id, role, register, organisation, wrapped_key, audit_nonce)
      VALUES (${s.id}, ${s.role}, ${s.register}, ${s.organisation}, ${wrapped}, ${vault.random(16)}) RETURNING *`,
  );
  if (!created) throw new Error('the subject was not stored');
  return created;
}

/** The company a person acts for; found again by its keyed id. */
export async function organisationOf(db: Db, vault: Vault, register: string, remoteId: string, newId: string): Promise<string> {
  const hash = vault.hash('registerId', `${register}/organisation/${remoteId}`);
  const found = await row(
    db,
    sql<{ id: string }>`
      INSERT INTO organisation (id, register, remote_hash) VALUES (${newId}, ${register}, ${hash})
      ON CONFLICT (register, remote_hash) DO UPDATE SET remote_hash = excluded.remote_hash RETURNING id`,
  );
  return found?.id ?? newId;
}

export const setRole = (db: Db, id: string, role: string, organisation: string | null) =>
  changes(db, sql`UPDATE subject SET role = ${role}, organisation = coalesce(${organisation}, organisation) WHERE id = ${id}`);

export const setSubjectState = (db: Db, id: string, state: SubjectRow['state'], restricted: boolean) =>
  changes(db, sql`UPDATE subject SET state = ${state}, restricted = ${restricted} WHERE id = ${id}`);

// Register records

export interface RegisterRecordRow {
  register: string;
  place: string;
  subject: string;
  /** Null: the row was erased, and its case is closed. */
  sealed_ref: Buffer | null;
  remote_hash: Buffer;
  state: 'present' | 'vanished' | 'hidden' | 'erased';
  /** Merged into another row: its signals count, its values do not. */
  secondary: boolean;
}

/** Where the row stands in its register; null once that is forgotten. */
export const registerRef = <R>(vault: Vault, { register, sealed_ref }: RegisterRecordRow): R | null =>
  sealed_ref && vault.unsealJson<R>(`register:${register}`, sealed_ref);

export const registerHash = (vault: Vault, register: string, place: string, id: string) =>
  vault.hash('registerId', `${register}/${place}/${id}`);

export const registerRecord = (db: Db, register: string, place: string, hash: Buffer): Promise<RegisterRecordRow | undefined> =>
  row(
    db,
    sql<RegisterRecordRow>`SELECT * FROM register_record WHERE register = ${register} AND place = ${place} AND remote_hash = ${hash}`,
  );

export const registerRecords = (db: Db, subject: string): Promise<RegisterRecordRow[]> =>
  rows(db, sql<RegisterRecordRow>`SELECT * FROM register_record WHERE subject = ${subject} ORDER BY secondary, place, seen_at`);

export const putRegisterRecord = (
  db: Db,
  r: { register: string; place: string; hash: Buffer; subject: string; sealedRef: Buffer },
) =>
  changes(
    db,
    sql`INSERT INTO register_record (register, place, remote_hash, subject, sealed_ref)
        VALUES (${r.register}, ${r.place}, ${r.hash}, ${r.subject}, ${r.sealedRef})
        ON CONFLICT (register, place, remote_hash) DO UPDATE SET subject = excluded.subject, sealed_ref = excluded.sealed_ref, state = 'present', seen_at = now()`,
  );

/** Makes a row of the register another subject's. */
export const moveRegisterRecord = (db: Db, r: RegisterRecordRow, to: { subject: string; secondary: boolean }) =>
  changes(
    db,
    sql`UPDATE register_record SET subject = ${to.subject}, secondary = ${to.secondary}
        WHERE register = ${r.register} AND place = ${r.place} AND remote_hash = ${r.remote_hash}`,
  );

export const markRegisterRecord = (db: Db, register: string, hash: Buffer, state: RegisterRecordRow['state']) =>
  changes(
    db,
    sql`UPDATE register_record SET state = ${state}, seen_at = now() WHERE register = ${register} AND remote_hash = ${hash}`,
  );

/** Rows of other people that should be there: what proves that a look-up in the register works right now. */
export const controlRegisterRecords = (db: Db, register: string, place: string, not: string): Promise<RegisterRecordRow[]> =>
  rows(
    db,
    sql<RegisterRecordRow>`
      SELECT * FROM register_record WHERE register = ${register} AND place = ${place} AND subject <> ${not} AND state = 'present'
      ORDER BY seen_at DESC LIMIT 3`,
  );

/** Every row ever seen in a register's place, as hex of its keyed hash. */
export const knownHashes = async (db: Db, register: string, place: string): Promise<Set<string>> =>
  new Set(
    (
      await rows(
        db,
        sql<{
          hash: string;
        }>`SELECT encode(remote_hash, 'hex') AS hash FROM register_record WHERE register = ${register} AND place = ${place}`,
      )
    ).map((r) => r.hash),
  );

/** All rows of a register's place that should be there, for the sweep's set difference. */
export const presentRecords = (db: Db, register: string, place: string): Promise<RegisterRecordRow[]> =>
  rows(
    db,
    sql<RegisterRecordRow>`SELECT * FROM register_record WHERE register = ${register} AND place = ${place} AND state = 'present'`,
  );

/** A row that turned out to be another subject's (a converted lead): everything known of `from` becomes `into`'s. */
export async function absorb(db: Db, from: string, into: string): Promise<void> {
  await changes(db, sql`UPDATE register_record SET subject = ${into} WHERE subject = ${from}`);
  // people were told of one person, once
  await changes(
    db,
    sql`DELETE FROM record theirs USING record mine
        WHERE theirs.subject = ${from} AND mine.subject = ${into} AND theirs.place = 'people' AND mine.place = 'people' AND theirs.recipient = mine.recipient`,
  );
  await changes(db, sql`UPDATE record SET subject = ${into} WHERE subject = ${from}`);
  await changes(
    db,
    sql`INSERT INTO identifier (subject, kind, hash, key_id, normaliser, current, since, until)
        SELECT ${into}, kind, hash, key_id, normaliser, false, since, coalesce(until, now()) FROM identifier WHERE subject = ${from}
        ON CONFLICT DO NOTHING`,
  );
  await changes(
    db,
    sql`INSERT INTO disclosure (subject, recipient, purpose, fields, first_at, last_at)
        SELECT ${into}, recipient, purpose, fields, first_at, last_at FROM disclosure WHERE subject = ${from}
        ON CONFLICT (subject, recipient, purpose) DO UPDATE SET first_at = least(disclosure.first_at, excluded.first_at),
          fields = (SELECT array_agg(DISTINCT f ORDER BY f) FROM unnest(disclosure.fields || excluded.fields) f)`,
  );
  await changes(db, sql`UPDATE person_read SET subject = ${into} WHERE subject = ${from}`);
  await changes(db, sql`UPDATE legal_hold SET subject = ${into} WHERE subject = ${from}`);
  await moveTies(db, from, into);
  await changes(db, sql`DELETE FROM retention_question WHERE subject = ${from}`);
  await changes(db, sql`UPDATE version SET sealed = NULL WHERE subject = ${from}`);
  await changes(db, sql`DELETE FROM identifier WHERE subject = ${from}`);
  await changes(db, sql`DELETE FROM disclosure WHERE subject = ${from}`);
  await changes(db, sql`DELETE FROM permission WHERE subject = ${from}`);
  await changes(
    db,
    sql`UPDATE duty SET state = 'settled', outcome = 'superseded', reason = 'same-person', wake_at = NULL, fence = fence + 1, since = now() WHERE subject = ${from}`,
  );
  await changes(db, sql`UPDATE subject SET state = 'erased', wrapped_key = NULL WHERE id = ${from}`);
}

// Versions: one keyed fingerprint a field, the values sealed and only while a duty needs them

export interface VersionRow {
  version: number;
  kind: ChangeKind;
  fingerprints: Record<string, string>;
  sealed: Buffer | null;
}

export const latestVersion = (db: Db, subject: string): Promise<VersionRow | undefined> =>
  row(
    db,
    sql<VersionRow>`SELECT version, kind, fingerprints, sealed FROM version WHERE subject = ${subject} ORDER BY version DESC LIMIT 1`,
  );

/** The fields that some earlier version had and the newest has not. */
export const formerFields = async (db: Db, subject: string): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ name: string }>`
        WITH newest AS (SELECT fingerprints FROM version WHERE subject = ${subject} ORDER BY version DESC LIMIT 1)
        SELECT DISTINCT name FROM version v, jsonb_object_keys(v.fingerprints) AS name
        WHERE v.subject = ${subject} AND NOT (SELECT fingerprints FROM newest) ? name`,
    )
  ).map((r) => r.name);

export const fingerprintsOf = async (db: Db, subject: string, version: number): Promise<Record<string, string> | undefined> =>
  (
    await row(
      db,
      sql<VersionRow>`SELECT version, kind, fingerprints, sealed FROM version WHERE subject = ${subject} AND version = ${version}`,
    )
  )?.fingerprints;

export async function addVersion(
  db: Db,
  v: {
    subject: string;
    version: number;
    kind: ChangeKind;
    source: string;
    fingerprints: Record<string, string>;
    sealed: Buffer;
    changedAt: Date;
  },
): Promise<void> {
  // only the newest values are ever needed: an older payload goes when a newer one comes
  await changes(db, sql`UPDATE version SET sealed = NULL WHERE subject = ${v.subject} AND sealed IS NOT NULL`);
  await changes(
    db,
    sql`INSERT INTO version (subject, version, kind, source, fingerprints, sealed, changed_at)
        VALUES (${v.subject}, ${v.version}, ${v.kind}, ${v.source}, ${json(v.fingerprints)}, ${v.sealed}, ${v.changedAt})`,
  );
  await changes(db, sql`UPDATE subject SET version = ${v.version} WHERE id = ${v.subject}`);
}

/** Puts the values back under the newest version, for a duty that came up after they were dropped. */
export const resealLatest = (db: Db, subject: string, sealed: Buffer) =>
  changes(
    db,
    sql`UPDATE version SET sealed = ${sealed} WHERE subject = ${subject} AND version = (SELECT version FROM subject WHERE id = ${subject})`,
  );

/** Drops the values of everybody whose duties need them no more. Answers for how many. */
export const dropPayload = (db: Db, subject: string) =>
  changes(
    db,
    sql`UPDATE version SET sealed = NULL WHERE subject = ${subject} AND sealed IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM duty WHERE subject = ${subject} AND state NOT IN ('settled')
            AND NOT (state = 'held' AND reason IN ('not-linked', 'legal-hold')) AND NOT (state = 'waiting' AND outcome = 'retained'))`,
  );

export function fieldsOfVersion(vault: Vault, subject: SubjectRow, version: VersionRow | undefined): Fields | null {
  if (!subject.wrapped_key || !version?.sealed) return null;
  return vault.unsealFields(subject.id, vault.personKey(subject.id, subject.wrapped_key), version.sealed);
}

export function sealFor(vault: Vault, subject: SubjectRow, fields: Fields): Buffer {
  if (!subject.wrapped_key) throw new Error('the key of an erased person is gone');
  return vault.sealFields(subject.id, vault.personKey(subject.id, subject.wrapped_key), fields);
}

// Identifiers: keyed hashes, present and former

export interface HashedIdentifier {
  kind: string;
  hash: Buffer;
}

export async function putIdentifiers(
  db: Db,
  subject: string,
  keyId: string,
  normaliser: number,
  identifiers: readonly HashedIdentifier[],
): Promise<void> {
  await changes(
    db,
    sql`UPDATE identifier SET current = false, until = now() WHERE subject = ${subject} AND current
        AND NOT (kind || encode(hash, 'hex') = ANY(${identifiers.map((i) => i.kind + i.hash.toString('hex'))}::text[]))`,
  );
  for (const { kind, hash } of identifiers) {
    await changes(
      db,
      sql`INSERT INTO identifier (subject, kind, hash, key_id, normaliser) VALUES (${subject}, ${kind}, ${hash}, ${keyId}, ${normaliser})
          ON CONFLICT (subject, kind, hash) DO UPDATE SET current = true, until = NULL`,
    );
  }
}

export const identifiersOfSubject = (db: Db, subject: string): Promise<(HashedIdentifier & { current: boolean })[]> =>
  rows(db, sql<HashedIdentifier & { current: boolean }>`SELECT kind, hash, current FROM identifier WHERE subject = ${subject}`);

/** Whoever has, or had, this identifier. */
export const subjectsByIdentifier = (db: Db, kind: string, hash: Buffer): Promise<(SubjectRow & { current: boolean })[]> =>
  rows(
    db,
    sql<SubjectRow & { current: boolean }>`
      SELECT s.*, i.current FROM identifier i JOIN subject s ON s.id = i.subject WHERE i.kind = ${kind} AND i.hash = ${hash} ORDER BY i.current DESC, s.created_at`,
  );

/** Living people who have or had any of these identifiers. */
export const ownersOf = (db: Db, kind: string, hashes: readonly Buffer[]): Promise<{ id: string; role: string }[]> =>
  rows(
    db,
    sql<{ id: string; role: string }>`
      SELECT DISTINCT s.id, s.role FROM identifier i JOIN subject s ON s.id = i.subject
      WHERE i.kind = ${kind} AND i.hash = ANY(${hashes}::bytea[]) AND s.state <> 'erased'`,
  );

/** Living people who have or had any of these identifiers of several kinds, one row a person and identifier. */
export const ownersAmong = (
  db: Db,
  identifiers: readonly HashedIdentifier[],
): Promise<(HashedIdentifier & { id: string; role: string })[]> =>
  rows(
    db,
    sql<HashedIdentifier & { id: string; role: string }>`
      SELECT i.kind, i.hash, s.id, s.role FROM identifier i JOIN subject s ON s.id = i.subject
      JOIN (SELECT DISTINCT kind, hash FROM unnest(${identifiers.map((one) => one.kind)}::text[], ${identifiers.map((one) => one.hash)}::bytea[]) AS t(kind, hash)) asked
        ON i.kind = asked.kind AND i.hash = asked.hash
      WHERE s.state <> 'erased'`,
  );

/** The first 48 bits of a hash: enough to say "not among them" without a statement. */
export const prefixOf = (hash: Buffer): number => hash.readUIntBE(0, 6);

/** Of every address that somebody has or had. */
export async function emailPrefixes(db: Db): Promise<ReadonlySet<number>> {
  const found = await rows(
    db,
    sql<{ prefix: Buffer }>`SELECT DISTINCT substring(hash FROM 1 FOR 6) AS prefix FROM identifier WHERE kind = 'email'`,
  );
  return new Set(found.map(({ prefix }) => prefixOf(prefix)));
}

/** Former identifiers that turned out to be another person's. */
export const forgetFormer = (db: Db, subject: string, other: string) =>
  changes(
    db,
    sql`DELETE FROM identifier mine USING identifier theirs
        WHERE mine.subject = ${subject} AND theirs.subject = ${other} AND NOT mine.current AND theirs.current
          AND mine.kind = theirs.kind AND mine.hash = theirs.hash`,
  );

// Permissions

export interface PermissionRow {
  name: string;
  state: PermissionState;
  refused_written: boolean;
}

export const permissionsOf = (db: Db, subject: string): Promise<PermissionRow[]> =>
  rows(db, sql<PermissionRow>`SELECT name, state, refused_written FROM permission WHERE subject = ${subject}`);

export const putPermission = (db: Db, subject: string, name: string, state: PermissionState, refusedWritten: boolean) =>
  changes(
    db,
    sql`INSERT INTO permission (subject, name, state, refused_written) VALUES (${subject}, ${name}, ${json(state)}, ${refusedWritten})
        ON CONFLICT (subject, name) DO UPDATE SET state = excluded.state, refused_written = excluded.refused_written`,
  );

/**
 * With the end of the case: where the person stood in each system. What a later look needs is in its own row, and what a law keeps keeps
 * its place.
 */
export async function forgetRefs(db: Db, subject: string): Promise<void> {
  await changes(db, sql`UPDATE register_record SET sealed_ref = NULL WHERE subject = ${subject} AND state = 'erased'`);
  await forgetRecordRefs(db, subject);
}

const forgetRecordRefs = (db: Db, subject: string): Promise<number> =>
  changes(
    db,
    sql`UPDATE record SET sealed_ref = NULL, sealed_event = NULL, fingerprints = '{}'
        WHERE subject = ${subject} AND state IN ('erased', 'absent', 'forgotten')`,
  );

/** After the erasure: nothing of the person stays but the tombstones, the ledger's ids and what the case envelope locks away. */
export async function forgetSubject(db: Db, subject: string): Promise<void> {
  await changes(db, sql`UPDATE version SET sealed = NULL, fingerprints = '{}' WHERE subject = ${subject}`);
  await changes(db, sql`DELETE FROM identifier WHERE subject = ${subject}`);
  await changes(db, sql`DELETE FROM permission WHERE subject = ${subject}`);
  await changes(db, sql`UPDATE person_read SET sealed_note = NULL WHERE subject = ${subject}`);
  await forgetRecordRefs(db, subject);
  await changes(db, sql`UPDATE subject SET state = 'erased', wrapped_key = NULL, sealed_events = NULL WHERE id = ${subject}`);
  await changes(db, sql`DELETE FROM retention_question WHERE subject = ${subject}`);
}
