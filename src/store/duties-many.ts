import { sql } from 'kysely';
import { changes, type Db, rows } from './database.ts';
import { type DutyRow, type Lease, leaseSeconds, withdraws } from './duties.ts';

/** Many duties of one recipient in one piece of work: each keeps a lease and a fence of its own. */

/** Other duties of the same recipient and lane that nobody works at, that need no look first, and whose people have a row there. */
export const openAlike = async (db: Db, duty: DutyRow, most: number): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ id: string }>`
        SELECT id FROM duty WHERE recipient = ${duty.recipient} AND lane = ${duty.lane} AND state = 'open' AND id <> ${duty.id}
          AND EXISTS (SELECT FROM record WHERE record.subject = duty.subject AND record.recipient = duty.recipient
            AND record.state IN ('linked', 'restricted'))
        ORDER BY since, id LIMIT ${most}`,
    )
  ).map(({ id }) => id);

export interface Kept {
  id: string;
  raised: number;
  lane: number;
}

/** As `renewLease` for each; answers those that are still held, and what was raised meanwhile. */
export const renewLeases = (db: Db, leases: readonly Lease[], kind: 'read' | 'write'): Promise<Kept[]> =>
  rows(
    db,
    sql<Kept>`
      UPDATE duty SET lease_until = clock_timestamp() + ${leaseSeconds} * interval '1 second',
        sent_at = CASE WHEN ${kind === 'write'} THEN clock_timestamp() ELSE sent_at END,
        wake_at = clock_timestamp() + (${leaseSeconds}
          + CASE WHEN ${kind === 'write'} OR sent_at IS NOT NULL THEN deadline_s ELSE 0 END) * interval '1 second'
      FROM unnest(${leases.map((l) => l.duty.id)}::uuid[], ${leases.map((l) => l.fence)}::bigint[]) AS held(id, fence)
      WHERE duty.id = held.id AND duty.fence = held.fence AND state = 'sending'
        AND clock_timestamp() <= lease_until + CASE WHEN sent_at IS NULL THEN interval '0' ELSE deadline_s * interval '1 second' END
      RETURNING duty.id, duty.raised, duty.lane`,
  );

export const noteRunning = (db: Db, leases: readonly Lease[], handle: string): Promise<number> =>
  changes(
    db,
    sql`UPDATE duty SET next = ${withdraws + handle}
        FROM unnest(${leases.map((l) => l.duty.id)}::uuid[], ${leases.map((l) => l.fence)}::bigint[]) AS held(id, fence)
        WHERE duty.id = held.id AND duty.fence = held.fence AND state = 'sending'`,
  );
