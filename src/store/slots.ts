import { sql } from 'kysely';
import { changes, type Db, row } from './database.ts';

/**
 * Limits over all processes and hosts. A slot is one of a system's connections, or one of its requests per window; it is kept
 * from before the request leaves until its answer came *and* the window has passed since. A vendor that counts arrivals in any
 * sliding second therefore never sees more than there are slots, whatever the network does between us.
 */
export interface SlotLimits {
  connections: number;
  perSecond?: number;
}

const lanesOf = (limits: SlotLimits) => [
  { lane: 'connection', size: limits.connections, windowMs: 0 },
  // 50 ms over the second: the vendor's clock may round
  ...(limits.perSecond ? [{ lane: 'second', size: limits.perSecond, windowMs: 1050 }] : []),
];

/** Makes the rows of a system's slots as many as its limits say. */
export async function prepareSlots(db: Db, system: string, limits: SlotLimits): Promise<void> {
  for (const { lane, size } of lanesOf(limits)) {
    await sql`
      INSERT INTO slot (system, lane, n) SELECT ${system}, ${lane}, n FROM generate_series(1, ${size}) n
      ON CONFLICT DO NOTHING`.execute(db);
    await sql`DELETE FROM slot WHERE system = ${system} AND lane = ${lane} AND n > ${size}`.execute(db);
  }
}

export interface Taken {
  /** Gives the slots back: after an answer when the window passed, after a lost one when the vendor's deadline did. */
  leave(how: 'answered' | 'lost'): Promise<void>;
}

/**
 * A slot that was left is free when it says. One in use says when it would be free if its holder died, up to the vendor's whole
 * deadline; its answer may come any moment.
 */
const mayBeFree = sql`CASE WHEN holder IS NULL THEN free_at ELSE least(free_at, clock_timestamp() + interval '100 milliseconds') END`;

/**
 * Takes a slot of each lane, or says how many milliseconds from now one may be free. `deadlineMs`: after that long a slot whose
 * holder died is free again.
 */
export async function takeSlots(
  db: Db,
  system: string,
  limits: SlotLimits,
  deadlineMs: number,
  holder: string,
): Promise<Taken | number> {
  const held: { lane: string; n: number; windowMs: number }[] = [];
  const leave = async (how: 'answered' | 'lost') => {
    for (const { lane, n, windowMs } of held) {
      const keepMs = how === 'lost' ? deadlineMs : windowMs;
      await changes(
        db,
        sql`UPDATE slot SET free_at = clock_timestamp() + ${keepMs} * interval '1 millisecond', holder = NULL
            WHERE system = ${system} AND lane = ${lane} AND n = ${n} AND holder = ${holder}`,
      );
    }
  };
  for (const { lane, windowMs } of lanesOf(limits)) {
    const slot = await row(
      db,
      sql<{ n: number }>`
        UPDATE slot SET free_at = clock_timestamp() + ${deadlineMs + windowMs} * interval '1 millisecond', holder = ${holder}
        WHERE (system, lane, n) = (
          SELECT system, lane, n FROM slot WHERE system = ${system} AND lane = ${lane} AND free_at <= clock_timestamp()
          ORDER BY free_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING n`,
    );
    if (!slot) {
      for (const { lane: got, n } of held) {
        await changes(
          db,
          sql`UPDATE slot SET free_at = 'epoch', holder = NULL WHERE system = ${system} AND lane = ${got} AND n = ${n} AND holder = ${holder}`,
        );
      }
      const next = await row(
        db,
        sql<{ ms: number }>`
          SELECT (extract(epoch FROM min(${mayBeFree}) - clock_timestamp()) * 1000)::float8 AS ms FROM slot
          WHERE system = ${system} AND lane = ${lane}`,
      );
      return Math.max(5, Math.ceil(next?.ms ?? 50));
    }
    held.push({ lane, n: slot.n, windowMs });
  }
  return { leave };
}
