import { sql } from 'kysely';
import type { Evidence, State } from '../core/duty.ts';
import type { Scope } from '../core/scope.ts';
import type { CaseRow } from './cases.ts';
import { type Db, row, rows, type Slice } from './database.ts';
import { entryBeyond, heldWithin, within } from './scope.ts';

/** Read-only questions of the API that span aggregates. */

/** How many duties of each system are in each state, of the people in scope. */
export async function dutyCounts(db: Db, scope: Scope, only: string | null = null): Promise<Map<string, Record<string, number>>> {
  const found = await rows(
    db,
    sql<{ recipient: string; state: string; n: number }>`
      SELECT recipient, state, count(*) AS n FROM duty
      WHERE ${within(scope, sql`duty.subject`, sql`duty.recipient`)} ${only === null ? sql`` : sql`AND recipient = ${only}`} GROUP BY 1, 2`,
  );
  const counts = new Map<string, Record<string, number>>();
  for (const { recipient, state, n } of found) counts.set(recipient, { ...counts.get(recipient), [state]: n });
  return counts;
}

/** A system's duties by lane and state. */
export const laneCounts = (db: Db, scope: Scope, system: string): Promise<{ lane: number; state: State; n: number }[]> =>
  rows(
    db,
    sql<{ lane: number; state: State; n: number }>`
      SELECT lane, state, count(*) AS n FROM duty
      WHERE recipient = ${system} AND ${within(scope, sql`duty.subject`, sql`duty.recipient`)} GROUP BY 1, 2 ORDER BY 1, 2`,
  );

/** The newest erasure at a system that was read back, and the newest of any evidence. */
export const lastErasures = async (
  db: Db,
  scope: Scope,
  system: string,
): Promise<{ proven: { at: Date; evidence: Evidence } | undefined; any: { at: Date; evidence: Evidence } | undefined }> => {
  const newest = (proven: boolean) =>
    row(
      db,
      sql<{ at: Date; evidence: Evidence }>`
        SELECT since AS at, evidence FROM duty WHERE recipient = ${system} AND outcome = 'erased'
          AND ${within(scope, sql`duty.subject`, sql`duty.recipient`)}
          AND (NOT ${proven} OR evidence IN ('observed', 're-observed')) ORDER BY since DESC LIMIT 1`,
    );
  return { proven: await newest(true), any: await newest(false) };
};

/** How many rows of a system wait for a person to say whose they are. */
export const heldRows = async (db: Db, scope: Scope, system: string): Promise<number> =>
  (
    await row(
      db,
      sql<{
        n: number;
      }>`SELECT count(*) AS n FROM held
        WHERE system = ${system} AND verdict IS NULL AND kind IN ('ambiguous-link', 'rearrival') AND ${heldWithin(scope)}`,
    )
  )?.n ?? 0;

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
        (SELECT concat_ws(' ', state, phase, pages, rows_read, position, calls, problem) FROM run WHERE id = ${run}) AS run`,
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
      SELECT index FROM told WHERE ${entryBeyond(scope, sql`told.case_file`, sql`told.said`)}`,
  );
