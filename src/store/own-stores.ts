import { sql } from 'kysely';
import type { OwnCounts } from '../core/own-store.ts';
import { type Db, rows } from './database.ts';
import { saveCursor } from './systems.ts';

/**
 * What the ledger holds of each of these people, counted where it stands. A backup holds whoever was known when it was made and not erased
 * yet. The log's entries are counted by the pseudonym; without its nonce nobody ties them to the person.
 */
export async function ownCounts(db: Db, subjects: readonly string[]): Promise<Map<string, OwnCounts>> {
  const found = await rows(
    db,
    sql<OwnCounts & { id: string }>`
      WITH backup AS (SELECT position::timestamptz AS at FROM cursor WHERE system = 'kaiku' AND object LIKE 'backup:%')
      SELECT s.id,
        (SELECT count(*) FROM version v WHERE v.subject = s.id AND v.sealed IS NOT NULL)
          + (s.wrapped_key IS NOT NULL)::int + (s.sealed_events IS NOT NULL)::int AS values,
        (SELECT count(*) FROM register_record r WHERE r.subject = s.id AND r.sealed_ref IS NOT NULL)
          + (SELECT count(*) FROM record r WHERE r.subject = s.id AND (r.sealed_ref IS NOT NULL OR r.sealed_event IS NOT NULL))
          AS links,
        (SELECT count(*) FROM register_record r WHERE r.subject = s.id) + (SELECT count(*) FROM record r WHERE r.subject = s.id) AS rows,
        (SELECT count(*) FROM identifier i WHERE i.subject = s.id) AS hashes,
        (SELECT count(*) FROM held h WHERE h.subject = s.id AND h.sides IS NOT NULL)
          + (SELECT count(*) FROM drift_finding d WHERE d.subject = s.id AND d.sealed_ref IS NOT NULL) AS questions,
        (SELECT count(*) FROM case_file c WHERE c.subject = s.id AND c.sealed_note IS NOT NULL)
          + (SELECT count(*) FROM task t WHERE t.subject = s.id AND (t.sealed_note IS NOT NULL OR t.sealed_question IS NOT NULL))
          + (SELECT count(*) FROM person_read p WHERE p.subject = s.id AND p.sealed_note IS NOT NULL)
          + (SELECT count(*) FROM legal_hold l WHERE l.subject = s.id)
          + (SELECT count(*) FROM exception e WHERE e.subject = s.id)
          + (SELECT count(*) FROM intake i JOIN case_file c ON c.id = i.case_file WHERE c.subject = s.id AND i.sealed IS NOT NULL)
          AS notes,
        (SELECT count(*) FROM handover h JOIN case_file c ON c.id = h.case_file WHERE c.subject = s.id AND h.sealed IS NOT NULL)
          AS packages,
        (SELECT max(h.expires_at) FROM handover h JOIN case_file c ON c.id = h.case_file
          WHERE c.subject = s.id AND h.sealed IS NOT NULL) AS "packageUntil",
        (SELECT count(*) FROM reply_file f JOIN task t ON t.id = f.task WHERE t.subject = s.id) AS files,
        (SELECT max(f.until) FROM reply_file f JOIN task t ON t.id = f.task WHERE t.subject = s.id) AS "filesUntil",
        (SELECT count(*) FROM case_file c WHERE c.subject = s.id AND c.envelope IS NOT NULL)
          + (SELECT count(*) FROM recheck r WHERE r.subject = s.id AND r.done_at IS NULL) AS envelopes,
        (SELECT max(c.envelope_until) FROM case_file c WHERE c.subject = s.id AND c.envelope IS NOT NULL) AS "envelopeUntil",
        (SELECT count(*) FROM letter l JOIN case_file c ON c.id = l.case_file
          WHERE c.subject = s.id AND c.envelope_key IS NOT NULL) AS letters,
        (SELECT count(*) FROM duty d WHERE d.subject = s.id AND d.state IN ('open', 'sending', 'unknown')) AS owed,
        (SELECT count(*) FROM audit_entry a WHERE a.line LIKE '%"subject":"%' AND substring(a.line from '"subject":"([0-9a-f]{64})"')
          = encode(sha256(s.audit_nonce || convert_to(s.id::text, 'UTF8')), 'hex')) AS entries,
        s.audit_nonce IS NOT NULL AS "isTied",
        (SELECT count(*) FROM tombstone t JOIN case_file c ON c.id = t.case_file WHERE c.subject = s.id) AS tombstones,
        (SELECT max(t.until) FROM tombstone t JOIN case_file c ON c.id = t.case_file WHERE c.subject = s.id) AS "tombstoneUntil",
        ARRAY(SELECT b.at FROM backup b WHERE b.at >= s.created_at AND b.at < coalesce(
          (SELECT max(c.closed_at) FROM case_file c WHERE c.subject = s.id AND c.type = 'erasure' AND s.state = 'erased'), 'infinity')
        ) AS backups
      FROM subject s WHERE s.id = ANY(${[...subjects]}::uuid[])`,
  );
  return new Map(found.map(({ id, ...counts }) => [id, counts]));
}

/** That a backup of this moment is somewhere outside. Hub's clock. */
export const noteBackup = (db: Db, at: Date): Promise<unknown> =>
  saveCursor(db, 'kaiku', `backup:${at.toISOString()}`, at.toISOString());
