import { sql } from 'kysely';
import type { Evidence } from '../core/duty.ts';
import { hubNowSql } from './clock.ts';
import { changes, type Db, row, rows } from './database.ts';

/**
 * The looks after an erasure: is the row still gone? Where it was is sealed under the key of its case's envelope; where a purpose ended
 * and there is no case, under the ledger's own, and the person's erasure drops it.
 */
export interface RecheckRow {
  id: string;
  case_file: string | null;
  subject: string;
  duty: string;
  recipient: string;
  record: string | null;
  place: string;
  sealed_ref: Buffer;
  after_days: number;
  due: Date;
}

export const insertRecheck = (
  db: Db,
  r: Omit<RecheckRow, 'case_file' | 'sealed_ref' | 'after_days'> & {
    caseId: string | null;
    sealedRef: Buffer;
    afterDays: number;
  },
) =>
  changes(
    db,
    sql`INSERT INTO recheck (id, case_file, subject, duty, recipient, record, place, sealed_ref, after_days, due)
        VALUES (${r.id}, ${r.caseId}, ${r.subject}, ${r.duty}, ${r.recipient}, ${r.record}, ${r.place}, ${r.sealedRef}, ${r.afterDays}, ${r.due})`,
  );

/** Looks of an earlier erasure of the same row that have not been taken. */
export const dropRechecks = (db: Db, duty: string, record: string | null) =>
  changes(db, sql`DELETE FROM recheck WHERE duty = ${duty} AND done_at IS NULL AND record IS NOT DISTINCT FROM ${record}::uuid`);

/**
 * The looks at a system whose time has come, at most `limit`, each handed to one process; one that broke off comes again after ten
 * minutes. Nothing while anything else is due there: nobody waits for them.
 */
export const takeRechecks = (db: Db, recipient: string, limit: number): Promise<RecheckRow[]> =>
  rows(
    db,
    sql<RecheckRow>`
      UPDATE recheck SET taken_at = clock_timestamp() WHERE id IN (
        SELECT id FROM recheck WHERE recipient = ${recipient} AND done_at IS NULL AND due <= ${hubNowSql}
          AND (taken_at IS NULL OR taken_at < clock_timestamp() - interval '10 minutes')
          AND NOT EXISTS (SELECT 1 FROM duty WHERE duty.recipient = ${recipient} AND duty.wake_at <= clock_timestamp())
        ORDER BY due, id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING *`,
  );

/** A look that proved something. */
export const endRecheck = async (db: Db, id: string, result: string, at: Date): Promise<boolean> =>
  (await changes(db, sql`UPDATE recheck SET done_at = ${at}, result = ${result} WHERE id = ${id} AND done_at IS NULL`)) === 1;

/** A look that proved nothing: it is taken again on that day. */
export const postponeRecheck = (db: Db, id: string, due: Date) =>
  changes(db, sql`UPDATE recheck SET due = ${due}, taken_at = NULL WHERE id = ${id} AND done_at IS NULL`);

/**
 * What a look says of its row, and so of its duty: as strong as the weakest of the duty's erased rows. Only what is settled as erased
 * or absent is said anew; something owed meanwhile speaks for itself.
 */
export async function noteRechecked(
  db: Db,
  r: Pick<RecheckRow, 'duty' | 'record'>,
  evidence: Evidence | null,
  at: Date,
): Promise<void> {
  if (evidence && r.record)
    await changes(
      db,
      sql`UPDATE record SET evidence = ${evidence}, observed_at = now() WHERE id = ${r.record} AND state IN ('erased', 'absent')`,
    );
  const weakest = evidence
    ? await row(
        db,
        sql<{ evidence: Evidence }>`
          SELECT r.evidence FROM record r JOIN duty d ON d.subject = r.subject AND d.recipient = r.recipient
          WHERE d.id = ${r.duty} AND r.state IN ('erased', 'absent')
          ORDER BY array_position(ARRAY['none', 'asked', 'accepted', 'acknowledged', 'observed', 're-observed'], r.evidence) LIMIT 1`,
      )
    : undefined;
  await changes(
    db,
    sql`UPDATE duty SET rechecked_at = ${at},
          evidence = CASE WHEN state = 'settled' AND outcome IN ('erased', 'absent') THEN ${weakest?.evidence ?? evidence ?? sql`evidence`} ELSE evidence END,
          recheck_due = (SELECT min(due) FROM recheck WHERE recheck.duty = duty.id AND done_at IS NULL)
        WHERE id = ${r.duty}`,
  );
}

/** The next look of a duty, as it is shown. */
export const noteNextRecheck = (db: Db, duty: string) =>
  changes(
    db,
    sql`UPDATE duty SET recheck_due = (SELECT min(due) FROM recheck WHERE recheck.duty = duty.id AND done_at IS NULL) WHERE id = ${duty}`,
  );

/** The person is erased: nothing that says where they were stays outside of their case. */
export const dropRechecksWithoutCase = (db: Db, subject: string) =>
  changes(db, sql`DELETE FROM recheck WHERE subject = ${subject} AND case_file IS NULL`);

/** Looks whose case has no envelope any more: where the row was is unreadable. */
export const dropUnreadable = (db: Db) =>
  changes(db, sql`DELETE FROM recheck r USING case_file c WHERE c.id = r.case_file AND c.envelope IS NULL AND r.done_at IS NULL`);
