import { sql } from 'kysely';
import type { Scope } from '../core/scope.ts';
import type { CaseRow } from './cases.ts';
import { type Db, row, rows, type Slice } from './database.ts';
import { within } from './scope.ts';

/** Read-only questions of the API that span aggregates. */

/** How many duties of each system are in each state, of the people in scope. */
export async function dutyCounts(db: Db, scope: Scope): Promise<Map<string, Record<string, number>>> {
  const found = await rows(
    db,
    sql<{ recipient: string; state: string; n: number }>`
      SELECT recipient, state, count(*) AS n FROM duty WHERE ${within(scope, sql`duty.subject`, sql`duty.recipient`)} GROUP BY 1, 2`,
  );
  const counts = new Map<string, Record<string, number>>();
  for (const { recipient, state, n } of found) counts.set(recipient, { ...counts.get(recipient), [state]: n });
  return counts;
}

/** The server's own words for its release, as `18.1`. */
export const databaseVersion = async (db: Db): Promise<string> =>
  (await row(db, sql<{ version: string }>`SELECT current_setting('server_version') AS version`))?.version ?? 'unknown';

/** The ids of the keys this ledger was made with. */
export const keysOfLedger = (db: Db): Promise<{ kek: string; hmac: string } | undefined> =>
  row(db, sql<{ kek: string; hmac: string }>`SELECT kek_id AS kek, hmac_key_id AS hmac FROM instance`);

/** Seconds since the oldest duty of each system became due and was not yet done. */
export const oldestOpen = (db: Db): Promise<{ recipient: string; seconds: number }[]> =>
  rows(
    db,
    sql<{ recipient: string; seconds: number }>`
      SELECT recipient, extract(epoch FROM now() - min(since))::float8 AS seconds FROM duty WHERE state IN ('open', 'sending', 'unknown') GROUP BY 1`,
  );

/** Erasure cases that are not ended, and the latest ended ones. */
export const erasureCases = (db: Db, scope: Scope, { limit, offset }: Slice): Promise<CaseRow[]> =>
  rows(
    db,
    sql<CaseRow>`
      SELECT * FROM case_file WHERE type = 'erasure' AND state <> 'refused' AND ${within(scope, sql`case_file.subject`)}
      ORDER BY state = 'closed', received_at, id LIMIT ${limit} OFFSET ${offset}`,
  );

/** Subjects by a row of a recipient or the register. */
export const subjectsByRemote = (db: Db, hashes: readonly Buffer[]): Promise<{ id: string }[]> =>
  rows(
    db,
    sql<{ id: string }>`
      SELECT subject AS id FROM record WHERE remote_hash = ANY(${hashes}::bytea[])
      UNION SELECT subject FROM register_record WHERE remote_hash = ANY(${hashes}::bytea[])`,
  );

/** Seq order index of a case's entries in the log. */
export const caseLeaves = (db: Db, caseId: string): Promise<{ index: number; line: string }[]> =>
  rows(
    db,
    sql<{ index: number; line: string }>`
      SELECT l.index, e.line FROM audit_entry e JOIN audit_leaf l USING (seq) WHERE e.case_file = ${caseId} ORDER BY l.index`,
  );

/** Differs whenever anything was written down since, or a run read on: what a page that shows changes compares. */
export const changeMark = async (db: Db, run: string | null): Promise<string> => {
  const found = await row(
    db,
    sql<{ seq: number | null; run: string | null }>`
      SELECT (SELECT max(seq) FROM audit_entry) AS seq,
        (SELECT concat_ws(' ', state, phase, pages, calls, problem) FROM run WHERE id = ${run}) AS run`,
  );
  return `${found?.seq ?? 0} ${found?.run ?? ''}`;
};

/** Places in the log, from `from` to before `to`, whose entries are about people outside the scope: by case, duty or pseudonym. */
export const leavesBeyond = (db: Db, scope: Scope, from: number, to: number): Promise<{ index: number }[]> =>
  rows(
    db,
    sql<{ index: number }>`
      WITH told AS (
        SELECT l.index, e.case_file, e.line::jsonb AS said FROM audit_leaf l JOIN audit_entry e USING (seq)
        WHERE l.index >= ${from} AND l.index < ${to})
      SELECT index FROM told WHERE
        EXISTS (SELECT 1 FROM case_file c WHERE c.id = told.case_file AND NOT ${within(scope, sql`c.subject`)})
        OR EXISTS (SELECT 1 FROM duty d WHERE d.id = (told.said ->> 'duty')::uuid AND NOT ${within(scope, sql`d.subject`, sql`d.recipient`)})
        OR told.said ->> 'subject' IN (
          SELECT encode(sha256(s.audit_nonce || convert_to(s.id::text, 'UTF8')), 'hex') FROM subject s
          WHERE s.audit_nonce IS NOT NULL AND NOT ${within(scope, sql`s.id`)})`,
  );
