import { sql } from 'kysely';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, row, rows, type Slice } from './database.ts';
import { within } from './scope.ts';

/** Legal holds (Art. 17(3)(e)): what a dispute needs, kept until a person lifts it. The reason is sealed. */
export interface LegalHoldRow {
  id: string;
  subject: string;
  system: string | null;
  fields: string[] | null;
  owner: string;
  sealed_reason: Buffer;
  review: string;
  placed_at: Date;
  placed_by: string;
  released_at: Date | null;
  released_by: string | null;
}

export const insertLegalHold = (
  db: Db,
  h: Pick<LegalHoldRow, 'id' | 'subject' | 'system' | 'fields' | 'owner' | 'review'> & {
    sealedReason: Buffer;
    at: Date;
    by: string;
  },
) =>
  changes(
    db,
    sql`INSERT INTO legal_hold (id, subject, system, fields, owner, sealed_reason, review, placed_at, placed_by)
        VALUES (${h.id}, ${h.subject}, ${h.system}, ${h.fields}::text[], ${h.owner}, ${h.sealedReason}, ${h.review}, ${h.at}, ${h.by})`,
  );

export const legalHoldById = (db: Db, id: string): Promise<LegalHoldRow | undefined> =>
  row(db, sql<LegalHoldRow>`SELECT * FROM legal_hold WHERE id = ${id}`);

/** Of one person: the open ones first, then the newest. */
export const legalHoldsOf = (db: Db, subject: string): Promise<LegalHoldRow[]> =>
  rows(
    db,
    sql<LegalHoldRow>`SELECT * FROM legal_hold WHERE subject = ${subject} ORDER BY released_at IS NOT NULL, placed_at DESC LIMIT 100`,
  );

/** The open ones; the first to be reviewed comes first. */
export const openLegalHolds = (db: Db, scope: Scope, { limit, offset }: Slice): Promise<LegalHoldRow[]> =>
  rows(
    db,
    sql<LegalHoldRow>`
      SELECT * FROM legal_hold WHERE released_at IS NULL AND ${within(scope, sql`legal_hold.subject`)}
      ORDER BY review, id LIMIT ${limit} OFFSET ${offset}`,
  );

/** Open ones whose review has come and about which nobody was asked yet. */
export const dueReviews = (db: Db, today: string, limit: number): Promise<LegalHoldRow[]> =>
  rows(
    db,
    sql<LegalHoldRow>`
      SELECT l.* FROM legal_hold l WHERE l.released_at IS NULL AND l.review <= ${today}
        AND NOT EXISTS (SELECT 1 FROM held h WHERE h.kind = 'hold-review' AND h.verdict IS NULL AND h.subject = l.subject
          AND h.details ->> 'hold' = l.id::text)
      ORDER BY l.review, l.id LIMIT ${limit}`,
  );

/** Lifts a hold; false when it was lifted before. */
export const releaseLegalHold = async (db: Db, id: string, at: Date, by: string): Promise<boolean> =>
  (await changes(
    db,
    sql`UPDATE legal_hold SET released_at = ${at}, released_by = ${by} WHERE id = ${id} AND released_at IS NULL`,
  )) === 1;

/** The hold is still needed: the question comes again on that day. */
export const reviewLegalHold = async (db: Db, id: string, review: string): Promise<boolean> =>
  (await changes(db, sql`UPDATE legal_hold SET review = ${review} WHERE id = ${id} AND released_at IS NULL`)) === 1;
