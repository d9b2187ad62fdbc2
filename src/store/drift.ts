import { sql } from 'kysely';
import type { DriftKind } from '../core/drift.ts';
import type { Scope } from '../core/scope.ts';
import { changes, type Db, inTransaction, json, row, rows } from './database.ts';
import type { RunRow } from './runs.ts';
import { within } from './scope.ts';

/** One difference that a drift run found. Ids, a keyed hash and field names; the values stay where they are. */
export interface FindingRow {
  id: string;
  run: string;
  kind: DriftKind;
  place: string;
  about: string;
  subject: string | null;
  record: string | null;
  fields: string[];
  reason: string | null;
  sealed_ref: Buffer | null;
  repaired_at: Date | null;
  repaired_by: string | null;
}

/**
 * Starts a drift run. False: another one of the system is under way, or a resync is; both take the system's row first, so that
 * neither misses the other.
 */
export const insertDrift = (db: Db, r: { id: string; system: string; actor: string; counts: object }): Promise<boolean> =>
  inTransaction(db, async () => {
    await row(db, sql`SELECT 1 FROM system_state WHERE system = ${r.system} FOR UPDATE`);
    return (
      (await changes(
        db,
        sql`INSERT INTO run (id, kind, system, state, dry, actor, counts)
            SELECT ${r.id}, 'drift', ${r.system}, 'running', true, ${r.actor}, ${json(r.counts)}
            WHERE NOT EXISTS (SELECT 1 FROM run WHERE system = ${r.system} AND NOT dry AND state IN ('running', 'paused'))
            ON CONFLICT DO NOTHING`,
      )) === 1
    );
  });

/** In the transaction that starts a resync. A resync reads and puts right the same rows: a drift run beside it would tell of what is mended already. */
export async function stopDrift(db: Db, system: string): Promise<void> {
  await row(db, sql`SELECT 1 FROM system_state WHERE system = ${system} FOR UPDATE`);
  await changes(
    db,
    sql`UPDATE run SET state = 'stopped', problem = 'overtaken-by-resync', finished_at = now()
        WHERE system = ${system} AND kind = 'drift' AND state IN ('running', 'paused')`,
  );
}

/** A reading that starts over claims nothing of what it read before. */
export async function forgetReading(db: Db, run: string): Promise<void> {
  await changes(db, sql`DELETE FROM drift_finding WHERE run = ${run}`);
  await changes(db, sql`DELETE FROM run_seen WHERE run = ${run}`);
}

export const putFinding = (
  db: Db,
  f: Pick<FindingRow, 'id' | 'run' | 'kind' | 'place' | 'about' | 'subject' | 'record'> & {
    fields?: readonly string[];
    reason?: string | null;
    sealedRef?: Buffer;
  },
) =>
  changes(
    db,
    sql`INSERT INTO drift_finding (id, run, kind, place, about, subject, record, fields, reason, sealed_ref)
        VALUES (${f.id}, ${f.run}, ${f.kind}, ${f.place}, ${f.about}, ${f.subject}, ${f.record}, ${f.fields ?? []}, ${f.reason ?? null}, ${f.sealedRef ?? null})
        ON CONFLICT (run, kind, about) DO NOTHING`,
  );

/**
 * The next people who may differ: a row of theirs was not seen or reads otherwise, holds a field that no purpose of their role
 * gives, or says something else than the newest version; or they have no row and a permission that would give them one. Whoever
 * is under way is left to the duty that is at work.
 */
export const driftDoubtful = (
  db: Db,
  run: RunRow,
  policy: { fieldsOf: Record<string, readonly string[]>; permissions: readonly string[] },
  limit: number,
): Promise<{ subject: string }[]> =>
  rows(
    db,
    sql<{ subject: string }>`
      WITH policy AS (SELECT ${json(policy.fieldsOf)} AS fields)
      SELECT d.subject FROM duty d JOIN subject s ON s.id = d.subject CROSS JOIN policy
      WHERE d.recipient = ${run.system} AND d.subject > ${run.position ?? '00000000-0000-0000-0000-000000000000'}
        AND (d.state IN ('settled', 'held', 'dead') OR (d.state = 'waiting' AND d.outcome = 'retained'))
        AND (EXISTS (
            SELECT 1 FROM record r LEFT JOIN run_seen n ON n.run = ${run.id} AND n.record = r.id
            WHERE r.subject = d.subject AND r.recipient = ${run.system} AND (
              (n.record IS NULL AND r.state IN ('linked', 'restricted'))
              OR (n.record IS NOT NULL AND (NOT n.same
                OR EXISTS (SELECT 1 FROM jsonb_object_keys(r.fingerprints) k WHERE NOT coalesce(fields -> s.role ? k, false))
                OR EXISTS (SELECT 1 FROM version v, jsonb_each_text(v.fingerprints) x WHERE v.subject = d.subject AND v.version = s.version
                  AND fields -> s.role ? x.key AND r.fingerprints ->> x.key IS DISTINCT FROM x.value)))))
          OR (NOT EXISTS (SELECT 1 FROM record r WHERE r.subject = d.subject AND r.recipient = ${run.system})
            AND EXISTS (SELECT 1 FROM permission p WHERE p.subject = d.subject AND p.name = ANY(${policy.permissions}::text[])
              AND (p.state ->> 'granted')::boolean)))
      ORDER BY d.subject LIMIT ${limit}`,
  );

export const rolesOf = async (db: Db): Promise<string[]> =>
  (await rows(db, sql<{ role: string }>`SELECT DISTINCT role FROM subject`)).map((r) => r.role);

/** What moved while the pages were read is no finding: a duty that is at work, or a row that was linked meanwhile. */
export async function dropMoved(db: Db, run: RunRow): Promise<void> {
  await changes(
    db,
    sql`DELETE FROM drift_finding f USING duty d WHERE f.run = ${run.id} AND d.subject = f.subject AND d.recipient = ${run.system}
        AND (d.since >= ${run.started_at} OR NOT (d.state IN ('settled', 'held', 'dead') OR (d.state = 'waiting' AND d.outcome = 'retained')))`,
  );
  await changes(
    db,
    sql`DELETE FROM drift_finding f USING record r WHERE f.run = ${run.id} AND f.record IS NULL AND r.recipient = ${run.system}
        AND r.place = f.place AND encode(r.remote_hash, 'hex') = f.about`,
  );
}

/** Adds up what was found, and writes it on the run. Answers the counts by kind. */
export async function sumUp(db: Db, run: string): Promise<Record<string, number>> {
  const kinds = await rows(
    db,
    sql<{ kind: string; n: number }>`SELECT kind, count(*) AS n FROM drift_finding WHERE run = ${run} GROUP BY kind`,
  );
  const fields = await rows(
    db,
    sql<{ kind: string; field: string; n: number }>`
      SELECT kind, field, count(*) AS n FROM drift_finding, unnest(fields) AS field WHERE run = ${run} GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const byKind: Record<string, Record<string, number>> = {};
  for (const { kind, field, n } of fields) byKind[kind] = { ...byKind[kind], [field]: n };
  const counts = Object.fromEntries(kinds.map(({ kind, n }) => [kind, n]));
  await changes(db, sql`UPDATE run SET counts = counts || ${json(counts)}, fields = ${json(byKind)} WHERE id = ${run}`);
  return counts;
}

/** Findings older than the last `keep` runs of the system go; their counts stay. */
export const dropOldFindings = (db: Db, system: string, keep: number) =>
  changes(
    db,
    sql`DELETE FROM drift_finding WHERE run IN
        (SELECT id FROM run WHERE system = ${system} AND kind = 'drift' ORDER BY started_at DESC OFFSET ${keep})`,
  );

export interface DriftRun extends RunRow {
  fields: Record<string, Record<string, number>>;
}

/** The drift runs of a system, newest first. */
export const driftRuns = (db: Db, system: string, limit: number): Promise<DriftRun[]> =>
  rows(
    db,
    sql<DriftRun>`SELECT * FROM run WHERE system = ${system} AND kind = 'drift' ORDER BY started_at DESC, id LIMIT ${limit}`,
  );

export const driftRun = (db: Db, id: string): Promise<DriftRun | undefined> =>
  row(db, sql<DriftRun>`SELECT * FROM run WHERE id = ${id} AND kind = 'drift'`);

/** A row that is tied to nobody is about nobody whom a scope could leave out. */
const findingWithin = (scope: Scope) => sql`(drift_finding.subject IS NULL OR ${within(scope, sql`drift_finding.subject`)})`;

export const findingsOf = (
  db: Db,
  scope: Scope,
  run: string,
  page: { kind?: string | undefined; from: number; size: number },
): Promise<FindingRow[]> =>
  rows(
    db,
    sql<FindingRow>`SELECT * FROM drift_finding WHERE run = ${run} AND ${findingWithin(scope)} ${page.kind ? sql`AND kind = ${page.kind}` : sql``}
        ORDER BY kind, subject NULLS LAST, about OFFSET ${page.from} LIMIT ${page.size}`,
  );

/** How many findings of each kind a run has, and how many of them were repaired. */
export const findingCounts = (db: Db, scope: Scope, run: string): Promise<{ kind: DriftKind; n: number; repaired: number }[]> =>
  rows(
    db,
    sql<{ kind: DriftKind; n: number; repaired: number }>`
      SELECT kind, count(*) AS n, count(repaired_at) AS repaired FROM drift_finding WHERE run = ${run} AND ${findingWithin(scope)} GROUP BY kind ORDER BY kind`,
  );

/** Findings that a repair may still take up, in slices. */
export const unrepaired = (
  db: Db,
  run: string,
  pick: { kinds: readonly string[] | null; findings: readonly string[] | null; after: string },
  limit: number,
): Promise<FindingRow[]> =>
  rows(
    db,
    sql<FindingRow>`SELECT * FROM drift_finding WHERE run = ${run} AND repaired_at IS NULL AND id > ${pick.after}
        ${pick.kinds ? sql`AND kind = ANY(${pick.kinds}::text[])` : sql``} ${pick.findings ? sql`AND id = ANY(${pick.findings}::uuid[])` : sql``}
        ORDER BY id LIMIT ${limit}`,
  );

export const markRepaired = (db: Db, id: string, by: string) =>
  changes(db, sql`UPDATE drift_finding SET repaired_at = now(), repaired_by = ${by} WHERE id = ${id} AND repaired_at IS NULL`);

/** Whether something more urgent than a comparison waits for the system. */
export const isBusy = async (db: Db, system: string): Promise<boolean> =>
  (await row(
    db,
    sql`SELECT 1 FROM duty WHERE recipient = ${system} AND lane <= 3 AND wake_at <= clock_timestamp() AND state IN ('open', 'unknown', 'waiting') LIMIT 1`,
  )) !== undefined;
