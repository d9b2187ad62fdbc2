import { sql } from 'kysely';
import type { Evidence, Retained } from '../core/duty.ts';
import { changes, type Db, json, row, rows } from './database.ts';
import type { Vault } from './vault.ts';

/** One row of one recipient that is about a subject. */
export interface RecordRow {
  id: string;
  subject: string;
  recipient: string;
  place: string;
  remote_hash: Buffer;
  sealed_ref: Buffer | null;
  state: 'linked' | 'restricted' | 'inert' | 'stripped' | 'erased' | 'absent' | 'forgotten';
  linked_how: string;
  /** Of a stripped row: what a law keeps in it. */
  retained: Retained | null;
  fingerprints: Record<string, string>;
  /** Prints of what the system made of values that it spells in its own way. */
  spelled: Record<string, string>;
  /** Fields that a person ordered out of the row; one correction tries it. */
  unwanted: string[];
  evidence: Evidence;
  written_version: number;
  /** Read back, or seen in a page, within the last two minutes. */
  fresh?: boolean;
}

/** The rule and version that a stripped row waits by; the day that began the period is sealed. */
export interface ParkedBy {
  rule: string;
  pack: string;
  sealedEvent: Buffer;
}

/** The one place of a recipient run by people. */
export const peoplesPlace = 'people';

export const recordsOf = (db: Db, subject: string, recipient: string): Promise<RecordRow[]> =>
  rows(
    db,
    sql<RecordRow>`
      SELECT *, observed_at > clock_timestamp() - interval '2 minutes' AS fresh FROM record
      WHERE subject = ${subject} AND recipient = ${recipient} ORDER BY place, linked_at`,
  );

/** Every row of every recipient that is about a subject. */
export const linksOf = (db: Db, subject: string): Promise<(RecordRow & { linked_at: Date })[]> =>
  rows(
    db,
    sql<RecordRow & { linked_at: Date }>`SELECT * FROM record WHERE subject = ${subject} ORDER BY recipient, place, linked_at`,
  );

export const remoteHash = (vault: Vault, recipient: string, place: string, id: string) =>
  vault.hash('remoteId', `${recipient}/${place}/${id}`);

export const recordByRemote = (db: Db, recipient: string, place: string, hash: Buffer): Promise<RecordRow | undefined> =>
  row(db, sql<RecordRow>`SELECT * FROM record WHERE recipient = ${recipient} AND place = ${place} AND remote_hash = ${hash}`);

/** The links among these rows, by hash. */
export const recordsByRemote = async (
  db: Db,
  recipient: string,
  remotes: readonly { place: string; hash: Buffer }[],
): Promise<Map<string, RecordRow>> =>
  new Map(
    (
      await rows(
        db,
        sql<RecordRow>`SELECT * FROM record WHERE recipient = ${recipient} AND (place, remote_hash) IN
          (SELECT * FROM unnest(${remotes.map((r) => r.place)}::text[], ${remotes.map((r) => r.hash)}::bytea[]))`,
      )
    ).map((r) => [r.remote_hash.toString('base64url'), r]),
  );

/** How many rows of a recipient are linked and in being: about what a reading of it will show. */
export const countRecords = async (db: Db, recipient: string): Promise<number> =>
  (
    await row(
      db,
      sql<{
        n: number;
      }>`SELECT count(*) AS n FROM record WHERE recipient = ${recipient} AND state IN ('linked', 'restricted', 'inert', 'stripped')`,
    )
  )?.n ?? 0;

/** Which of these rows are linked to anybody, as base64url. */
export const linkedAmong = async (db: Db, recipient: string, hashes: readonly Buffer[]): Promise<ReadonlySet<string>> =>
  new Set(
    (
      await rows(
        db,
        sql<{ hash: Buffer }>`
          SELECT remote_hash AS hash FROM record WHERE recipient = ${recipient} AND remote_hash = ANY(${hashes}::bytea[])`,
      )
    ).map(({ hash }) => hash.toString('base64url')),
  );

export const recordById = (db: Db, id: string): Promise<RecordRow | undefined> =>
  row(db, sql<RecordRow>`SELECT * FROM record WHERE id = ${id}`);

/** The tie is cut; the row at the recipient stays as it is. */
export const deleteRecord = (db: Db, id: string) => changes(db, sql`DELETE FROM record WHERE id = ${id}`);

/** A ref as the connector made it; the ciphertext is bound to its recipient. */
export const sealRef = (vault: Vault, recipient: string, ref: unknown) => vault.sealJson(`ref:${recipient}`, ref);
export const unsealRef = <R>(vault: Vault, recipient: string, sealed: Buffer) => vault.unsealJson<R>(`ref:${recipient}`, sealed);

export interface NewRecord {
  id: string;
  subject: string;
  recipient: string;
  place: string;
  hash: Buffer;
  sealedRef: Buffer;
  state: RecordRow['state'];
  how: string;
  fingerprints: Record<string, string>;
  evidence: Evidence;
  version: number;
}

/** Links a row to its person. The same row linked again is put right, never doubled; another person's row is left alone (false). */
export async function putRecord(db: Db, r: NewRecord): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`INSERT INTO record (id, subject, recipient, place, remote_hash, sealed_ref, state, linked_how, fingerprints, evidence, written_version, observed_at)
          VALUES (${r.id}, ${r.subject}, ${r.recipient}, ${r.place}, ${r.hash}, ${r.sealedRef}, ${r.state}, ${r.how}, ${json(r.fingerprints)}, ${r.evidence}, ${r.version}, now())
          ON CONFLICT (recipient, place, remote_hash) DO UPDATE SET sealed_ref = excluded.sealed_ref, state = excluded.state,
            fingerprints = excluded.fingerprints, evidence = excluded.evidence, written_version = excluded.written_version, observed_at = now()
          WHERE record.subject = excluded.subject`,
    )) === 1
  );
}

export const updateRecord = (
  db: Db,
  id: string,
  set: {
    state: RecordRow['state'];
    sealedRef?: Buffer;
    fingerprints?: Record<string, string>;
    evidence: Evidence;
    version?: number;
    observed: boolean;
    retained?: Retained | null;
    parked?: ParkedBy | null;
    spelled?: Record<string, string>;
    unwanted?: readonly string[];
  },
) =>
  changes(
    db,
    sql`UPDATE record SET state = ${set.state}, evidence = ${set.evidence},
          sealed_ref = ${set.sealedRef ?? sql`sealed_ref`},
          fingerprints = ${set.fingerprints ? json(set.fingerprints) : sql`fingerprints`},
          written_version = ${set.version ?? sql`written_version`},
          spelled = ${set.spelled ? json(set.spelled) : sql`spelled`},
          unwanted = ${set.unwanted ?? sql`unwanted`},
          retained = ${set.retained === undefined ? sql`retained` : set.retained === null ? null : json(set.retained)},
          ${set.parked === undefined ? sql`` : sql`retained_rule = ${set.parked?.rule ?? null}, retained_pack = ${set.parked?.pack ?? null}, sealed_event = ${set.parked?.sealedEvent ?? null},`}
          observed_at = CASE WHEN ${set.observed} THEN now() ELSE observed_at END
        WHERE id = ${id}`,
  );

/**
 * A new refusal casts doubt on every restriction: the person may have signed up again by themselves since. The next step asks the
 * system once more, and writes only if it must.
 */
export const doubtRestrictions = (db: Db, subject: string) =>
  changes(
    db,
    sql`UPDATE record SET state = 'linked' WHERE subject = ${subject} AND state = 'restricted' AND place <> ${peoplesPlace}`,
  );

/** A living linked row of the same place, other than `not`: what proves that a look-up works right now. Lately seen ones first. */
export const controlRecord = (db: Db, recipient: string, place: string, not: string): Promise<RecordRow[]> =>
  rows(
    db,
    sql<RecordRow>`
      SELECT * FROM record WHERE recipient = ${recipient} AND place = ${place} AND subject <> ${not} AND state IN ('linked', 'restricted')
        AND sealed_ref IS NOT NULL ORDER BY observed_at DESC NULLS LAST LIMIT 3`,
  );

/** Who was given which fields for what, first and last: written with each confirmed write. */
export const disclose = (
  db: Db,
  d: { subject: string; recipient: string; purpose: string; fields: readonly string[]; at: Date },
) =>
  changes(
    db,
    sql`INSERT INTO disclosure (subject, recipient, purpose, fields, first_at, last_at) VALUES (${d.subject}, ${d.recipient}, ${d.purpose}, ${d.fields}, ${d.at}, ${d.at})
        ON CONFLICT (subject, recipient, purpose) DO UPDATE SET last_at = excluded.last_at,
          fields = (SELECT array_agg(DISTINCT f ORDER BY f) FROM unnest(disclosure.fields || excluded.fields) f)`,
  );

export interface DisclosureRow {
  recipient: string;
  purpose: string;
  fields: string[];
  first_at: Date;
  last_at: Date;
}

export const disclosuresOf = (db: Db, subject: string): Promise<DisclosureRow[]> =>
  rows(
    db,
    sql<DisclosureRow>`SELECT recipient, purpose, fields, first_at, last_at FROM disclosure WHERE subject = ${subject} ORDER BY recipient, purpose`,
  );

/** Art. 19: one change × one recipient. */
export const openPropagations = (
  db: Db,
  p: { subject: string; version: number; kind: string; recipients: readonly string[]; ids: readonly string[] },
) =>
  changes(
    db,
    sql`INSERT INTO propagation (id, subject, recipient, version, kind)
        SELECT i, ${p.subject}, r, ${p.version}, ${p.kind} FROM unnest(${p.ids}::uuid[], ${p.recipients}::text[]) AS t(i, r)
        ON CONFLICT DO NOTHING`,
  );

/** Closes what the duty's version satisfied; older ones were superseded by it. */
export const closePropagations = (db: Db, subject: string, recipient: string, version: number, outcome: string) =>
  changes(
    db,
    sql`UPDATE propagation SET closed_at = now(), closed_by = ${version}, outcome = CASE WHEN version < ${version} THEN 'superseded' ELSE ${outcome} END
        WHERE subject = ${subject} AND recipient = ${recipient} AND closed_at IS NULL AND version <= ${version}`,
  );
