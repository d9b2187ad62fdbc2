import { sql } from 'kysely';
import { type Db, inTransaction, row } from './database.ts';

/**
 * The hub's `now`: the server's clock plus the test offset. For law, undo, due and retention dates. Leases, back-off and rate
 * buckets use the server's own `now()` inside their statements.
 */
export async function hubNow(db: Db): Promise<Date> {
  const found = await row(db, sql<{ now: Date }>`SELECT now() + coalesce((SELECT clock_offset FROM instance), '0') AS now`);
  return found?.now ?? new Date(Number.NaN);
}

/** The same inside a statement. */
export const hubNowSql = sql<Date>`(now() + (SELECT clock_offset FROM instance))`;

/**
 * Moves the hub's `now` by an ISO 8601 duration. Only ever reachable with the test clock open. Duties stand still meanwhile: one that
 * was about to wait for a date, counted with the old clock, would else be missed and sleep to its day by the server's.
 */
export async function advanceClock(db: Db, duration: string): Promise<Date> {
  await inTransaction(db, async (tx) => {
    await sql`LOCK TABLE duty IN SHARE ROW EXCLUSIVE MODE`.execute(tx);
    await sql`UPDATE instance SET clock_offset = clock_offset + ${duration}::interval`.execute(tx);
    // what waits for a date of the hub's is due that much earlier on the server's clock
    await sql`
      UPDATE duty SET wake_at = least(wake_at, legal_not_before - (SELECT clock_offset FROM instance))
      WHERE legal_not_before IS NOT NULL AND state = 'waiting'`.execute(tx);
  });
  return hubNow(db);
}

/** How far this process's clock is from the server's, in ms; the round trip is halved out. */
export async function skewMs(db: Db, processNow: () => number): Promise<number> {
  const before = processNow();
  const found = await row(db, sql<{ ms: number }>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`);
  const after = processNow();
  return Math.round((found?.ms ?? before) - (before + after) / 2);
}
