import { sql } from 'kysely';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, json, row, rows, type Slice } from './database.ts';
import { heldWithin } from './scope.ts';

/** What waits for a verdict: a vanished record, a re-arrival, an ambiguous link. `details` holds ids, counts and codes only. */
export interface HeldRow {
  id: string;
  kind:
    | 'vanished'
    | 'rearrival'
    | 'ambiguous-link'
    | 'ambiguous-record'
    // a legal hold whose review has come; what the sweep proposes; a row found again after its erasure; a parked row whose rule is gone
    | 'hold-review'
    | 'retention'
    | 'returned'
    | 'parked-rule'
    // very many rows of the register were gone at once
    | 'mass-change'
    // an identity code stands in a text of the register: it is carried nowhere, and blocks nothing else
    | 'identity-code';
  system: string;
  subject: string | null;
  reason: string;
  details: Record<string, unknown>;
  created_at: Date;
  verdict: string | null;
  about: Buffer | null;
  sides: Buffer | null;
}

const columns = sql`id, kind, system, subject, reason, details, created_at, verdict, about, sides`;

/** Opens a hold; the same matter held already is left as it is (false). */
export async function hold(
  db: Db,
  h: {
    id: string;
    kind: HeldRow['kind'];
    system: string;
    subject: string | null;
    about?: Buffer;
    /** Whose row it is where no person is known: decides who sees the hold. */
    role?: string;
    reason: string;
    details?: Record<string, unknown>;
    /** Both sides of a match, masked and sealed; gone with the verdict. */
    sides?: Buffer;
  },
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`INSERT INTO held (id, kind, system, subject, about, role, reason, details, sides)
          VALUES (${h.id}, ${h.kind}, ${h.system}, ${h.subject}, ${h.about ?? null}, ${h.role ?? null}, ${h.reason}, ${json(h.details ?? {})}, ${h.sides ?? null})
          ON CONFLICT DO NOTHING`,
    )) === 1
  );
}

/** An open question about a mass disappearance tells the number of now. */
export const updateMassChange = (db: Db, of: { system: string; about: Buffer; details: Record<string, unknown> }) =>
  changes(
    db,
    sql`UPDATE held SET details = ${json(of.details)} WHERE kind = 'mass-change' AND system = ${of.system} AND about = ${of.about} AND verdict IS NULL`,
  );

/** Whether a person said lately that a mass disappearance is true, of at least so many rows. */
export const wasReleased = async (db: Db, of: { system: string; object: string; rows: number; since: Date }): Promise<boolean> =>
  (await row(
    db,
    sql`SELECT 1 FROM held WHERE kind = 'mass-change' AND system = ${of.system} AND about = ${Buffer.from(of.object)} AND verdict = 'release'
        AND verdict_at > ${of.since} AND (details ->> 'rows')::int >= ${of.rows} LIMIT 1`,
  )) !== undefined;

export const openHolds = (db: Db, subject: string): Promise<HeldRow[]> =>
  rows(db, sql<HeldRow>`SELECT ${columns} FROM held WHERE subject = ${subject} AND verdict IS NULL`);

export const heldById = (db: Db, id: string): Promise<HeldRow | undefined> =>
  row(db, sql<HeldRow>`SELECT ${columns} FROM held WHERE id = ${id}`);

/** What waits for a verdict, oldest first. */
export const allHeld = (db: Db, scope: Scope, { limit, offset }: Slice = { limit: 500, offset: 0 }): Promise<HeldRow[]> =>
  rows(
    db,
    sql<HeldRow>`
      SELECT ${columns} FROM held WHERE verdict IS NULL AND ${heldWithin(scope)}
      ORDER BY created_at, id LIMIT ${limit} OFFSET ${offset}`,
  );

/** Ends a hold with a verdict; false when it had one. */
export async function decide(db: Db, id: string, verdict: string, by: string): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`UPDATE held SET verdict = ${verdict}, verdict_by = ${by}, verdict_at = now(), sides = NULL WHERE id = ${id} AND verdict IS NULL`,
    )) === 1
  );
}

/** Holds of one kind about a subject that solved themselves (the record is back). */
export const resolveHolds = (db: Db, subject: string, kind: HeldRow['kind'], verdict: string) =>
  changes(
    db,
    sql`UPDATE held SET verdict = ${verdict}, verdict_by = 'kaiku', verdict_at = now() WHERE subject = ${subject} AND kind = ${kind} AND verdict IS NULL`,
  );

/** Holds of one kind about a person that another deed answered: `about` is the id in their details. */
export const resolveAbout = (db: Db, kind: HeldRow['kind'], subject: string, about: string, verdict: string) =>
  changes(
    db,
    sql`UPDATE held SET verdict = ${verdict}, verdict_by = 'kaiku', verdict_at = now()
        WHERE subject = ${subject} AND kind = ${kind} AND verdict IS NULL AND details ->> 'hold' = ${about}`,
  );

/** The row of an erased person that was held as a re-arrival is erased again. */
export const resolveReturned = (db: Db, system: string, about: Buffer, verdict: string) =>
  changes(
    db,
    sql`UPDATE held SET verdict = ${verdict}, verdict_by = 'kaiku', verdict_at = now()
        WHERE system = ${system} AND about = ${about} AND kind = 'rearrival' AND verdict IS NULL`,
  );

/** A person said that this row is not the one it was taken for: no rule links it again. */
export const disown = (db: Db, d: { id: string; system: string; about: Buffer; by: string }) =>
  changes(
    db,
    sql`INSERT INTO held (id, kind, system, about, reason, verdict, verdict_by, verdict_at)
        VALUES (${d.id}, 'ambiguous-link', ${d.system}, ${d.about}, 'unlinked', 'dismiss', ${d.by}, now())`,
  );

/** Which of these rows a person said to be nobody's, as base64url. */
export const disownedAmong = async (db: Db, system: string, abouts: readonly Buffer[]): Promise<ReadonlySet<string>> =>
  new Set(
    (
      await rows(
        db,
        sql<{ about: Buffer }>`
          SELECT DISTINCT about FROM held WHERE about = ANY(${abouts}::bytea[]) AND system = ${system} AND kind = 'ambiguous-link' AND verdict = 'dismiss'`,
      )
    ).map(({ about }) => about.toString('base64url')),
  );

export const isDisowned = async (db: Db, system: string, about: Buffer): Promise<boolean> =>
  (await row(
    db,
    sql<{ id: string }>`
      SELECT id FROM held WHERE about = ${about} AND system = ${system} AND kind = 'ambiguous-link' AND verdict = 'dismiss' LIMIT 1`,
  )) !== undefined;
