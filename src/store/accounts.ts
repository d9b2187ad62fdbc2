import { sql } from 'kysely';
import type { Role } from '../core/scope.ts';
import { changes, type Db, row, rows } from './database.ts';

/** Somebody who may sign in. `sealed` holds name and address; the columns tell neither. */
export interface AccountRow {
  id: string;
  address_hash: Buffer | null;
  provider_hash: Buffer | null;
  sealed: Buffer;
  roles: Role[];
  systems: string[];
  staff: string[];
  language: string | null;
  password: string | null;
  totp_sealed: Buffer | null;
  totp_offered: Buffer | null;
  failures: number;
  disabled_at: Date | null;
  created_at: Date;
}

const columns = sql`a.id, a.address_hash, a.provider_hash, a.sealed, a.roles, a.systems, a.language, a.password, a.totp_sealed, a.totp_offered,
  a.failures, a.disabled_at, a.created_at, ARRAY(SELECT s.subject::text FROM account_staff s WHERE s.account = a.id) AS staff`;

export const accountById = (db: Db, id: string): Promise<AccountRow | undefined> =>
  row(db, sql<AccountRow>`SELECT ${columns} FROM account a WHERE a.id = ${id}`);

export const accountByAddress = (db: Db, hash: Buffer): Promise<AccountRow | undefined> =>
  row(db, sql<AccountRow>`SELECT ${columns} FROM account a WHERE a.address_hash = ${hash}`);

export const accountByProvider = (db: Db, hash: Buffer): Promise<AccountRow | undefined> =>
  row(db, sql<AccountRow>`SELECT ${columns} FROM account a WHERE a.provider_hash = ${hash}`);

export const allAccounts = (db: Db): Promise<AccountRow[]> =>
  rows(db, sql<AccountRow>`SELECT ${columns} FROM account a ORDER BY a.disabled_at IS NOT NULL, a.created_at LIMIT 1000`);

export const hasAccounts = async (db: Db): Promise<boolean> => (await row(db, sql`SELECT 1 FROM account LIMIT 1`)) !== undefined;

/** One change of accounts at a time: who is the last admin must not be asked twice at once. Held until the transaction ends. */
export const lockAccounts = (db: Db): Promise<unknown> => rows(db, sql`SELECT pg_advisory_xact_lock(${0x6b616363})`);

/** False when the address (or the provider's person) has an account already. */
export async function insertAccount(
  db: Db,
  a: {
    id: string;
    addressHash: Buffer | null;
    providerHash: Buffer | null;
    sealed: Buffer;
    roles: readonly Role[];
    systems: readonly string[];
    language: string | null;
  },
): Promise<boolean> {
  return (
    (await changes(
      db,
      sql`INSERT INTO account (id, address_hash, provider_hash, sealed, roles, systems, language)
          VALUES (${a.id}, ${a.addressHash}, ${a.providerHash}, ${a.sealed}, ${[...a.roles]}::text[], ${[...a.systems]}::text[], ${a.language})
          ON CONFLICT DO NOTHING`,
    )) === 1
  );
}

export async function setRights(
  db: Db,
  id: string,
  to: { roles: readonly Role[]; systems: readonly string[]; staff: readonly string[] },
): Promise<void> {
  await changes(
    db,
    sql`UPDATE account SET roles = ${[...to.roles]}::text[], systems = ${[...to.systems]}::text[] WHERE id = ${id}`,
  );
  await changes(db, sql`DELETE FROM account_staff WHERE account = ${id}`);
  await changes(
    db,
    sql`INSERT INTO account_staff (account, subject)
        SELECT ${id}, s.id FROM subject s WHERE s.id = ANY(${[...to.staff]}::uuid[]) ON CONFLICT DO NOTHING`,
  );
}

export const reseal = (db: Db, id: string, sealed: Buffer) =>
  changes(db, sql`UPDATE account SET sealed = ${sealed} WHERE id = ${id}`);

export const setLanguage = (db: Db, id: string, language: string) =>
  changes(db, sql`UPDATE account SET language = ${language} WHERE id = ${id}`);

export const setPassword = (db: Db, id: string, password: string) =>
  changes(db, sql`UPDATE account SET password = ${password} WHERE id = ${id}`);

/** Whoever got a new link starts again: no second factor, no recovery codes, nothing counted against them. */
export async function startAfresh(db: Db, id: string): Promise<void> {
  await changes(db, sql`UPDATE account SET totp_sealed = NULL, totp_offered = NULL, failures = 0 WHERE id = ${id}`);
  await changes(db, sql`DELETE FROM recovery_code WHERE account = ${id}`);
}

export const setDisabled = (db: Db, id: string, disabled: boolean) =>
  changes(
    db,
    sql`UPDATE account SET disabled_at = ${disabled ? sql`now()` : null} WHERE id = ${id} AND (disabled_at IS NULL) = ${disabled}`,
  );

/** How many may still run the hub: admins who are not disabled, apart from one. */
export const otherAdmins = async (db: Db, not: string): Promise<number> =>
  (
    await row(
      db,
      sql<{ n: number }>`
        SELECT count(*) AS n FROM account WHERE 'admin' = ANY(roles) AND disabled_at IS NULL AND id <> ${not}
          AND (password IS NOT NULL OR provider_hash IS NOT NULL)`,
    )
  )?.n ?? 0;

// The second factor

export const offerTotp = (db: Db, id: string, sealed: Buffer) =>
  changes(db, sql`UPDATE account SET totp_offered = ${sealed} WHERE id = ${id}`);

/** Takes what was offered as the second factor, with fresh recovery codes. */
export async function takeTotp(db: Db, id: string, step: number, codes: readonly Buffer[]): Promise<void> {
  await changes(
    db,
    sql`UPDATE account SET totp_sealed = totp_offered, totp_offered = NULL, totp_step = ${step} WHERE id = ${id} AND totp_offered IS NOT NULL`,
  );
  await changes(db, sql`DELETE FROM recovery_code WHERE account = ${id}`);
  await changes(
    db,
    sql`INSERT INTO recovery_code (account, hash) SELECT ${id}, hash FROM unnest(${[...codes]}::bytea[]) codes (hash)`,
  );
}

/** A code's step is taken once; false for the second time. */
export const spendStep = async (db: Db, id: string, step: number): Promise<boolean> =>
  (await changes(db, sql`UPDATE account SET totp_step = ${step} WHERE id = ${id} AND totp_step < ${step}`)) === 1;

export const spendRecoveryCode = async (db: Db, id: string, hash: Buffer): Promise<boolean> =>
  (await changes(db, sql`DELETE FROM recovery_code WHERE account = ${id} AND hash = ${hash}`)) === 1;

export const recoveryCodesLeft = async (db: Db, id: string): Promise<number> =>
  (await row(db, sql<{ n: number }>`SELECT count(*) AS n FROM recovery_code WHERE account = ${id}`))?.n ?? 0;

// What is counted against somebody who guesses

/** Failures for one account, or from one address, in this many minutes; more are not even looked at. */
const tries = 5;
const tryMinutes = 15;
/** Failures in a row after which only an admin opens the account again. */
export const failureLimit = 100;

/**
 * Counts a try before it is looked at, so that a hundred at once are no way around; answers its id, or null when there were too many.
 * What comes out right takes its try back.
 */
export async function countTry(db: Db, accountKey: Buffer, addressKey: Buffer): Promise<number | null> {
  const lock = (key: Buffer) => rows(db, sql`SELECT pg_advisory_xact_lock(${key.readInt32BE(0)}, ${key.readInt32BE(4)})`);
  for (const key of [accountKey, addressKey].sort(Buffer.compare)) await lock(key);
  const counted = await row(
    db,
    sql<{ account: number; address: number }>`
      SELECT count(*) FILTER (WHERE account_key = ${accountKey}) AS account, count(*) FILTER (WHERE address_key = ${addressKey}) AS address
      FROM sign_in_try WHERE (account_key = ${accountKey} OR address_key = ${addressKey})
        AND at > clock_timestamp() - ${tryMinutes} * interval '1 minute'`,
  );
  if ((counted?.account ?? 0) >= tries || (counted?.address ?? 0) >= tries) return null;
  const made = await row(
    db,
    sql<{ id: number }>`INSERT INTO sign_in_try (account_key, address_key) VALUES (${accountKey}, ${addressKey}) RETURNING id`,
  );
  return made?.id ?? null;
}

export const takeTryBack = (db: Db, id: number) => changes(db, sql`DELETE FROM sign_in_try WHERE id = ${id}`);

/** Somebody is in: what was counted against the account is forgotten, what came from the address is not. */
export async function forgiveFailures(db: Db, id: string, accountKey: Buffer): Promise<void> {
  await changes(db, sql`UPDATE account SET failures = 0 WHERE id = ${id}`);
  await changes(db, sql`DELETE FROM sign_in_try WHERE account_key = ${accountKey}`);
}

/** One more failure in a row; answers how many there are now (0: there is no such account, and the statement took as long). */
export const countFailure = async (db: Db, id: string): Promise<number> =>
  (await row(db, sql<{ failures: number }>`UPDATE account SET failures = failures + 1 WHERE id = ${id} RETURNING failures`))
    ?.failures ?? 0;

export const dropOldTries = (db: Db) => changes(db, sql`DELETE FROM sign_in_try WHERE at < clock_timestamp() - interval '1 day'`);

// One-time links

/** For an account, or (null) for the first one. A new link ends the one before. */
export async function putSetUpLink(db: Db, hash: Buffer, account: string | null, hours: number): Promise<void> {
  await changes(db, sql`DELETE FROM set_up_link WHERE account IS NOT DISTINCT FROM ${account}::uuid`);
  await changes(
    db,
    sql`INSERT INTO set_up_link (hash, account, ends_at) VALUES (${hash}, ${account}, clock_timestamp() + ${hours} * interval '1 hour')`,
  );
}

export const setUpLink = (db: Db, hash: Buffer): Promise<{ account: string | null } | undefined> =>
  row(db, sql<{ account: string | null }>`SELECT account FROM set_up_link WHERE hash = ${hash} AND ends_at > clock_timestamp()`);

/** Uses a link up; undefined for the second time. */
export const spendSetUpLink = (db: Db, hash: Buffer): Promise<{ account: string | null } | undefined> =>
  row(
    db,
    sql<{
      account: string | null;
    }>`DELETE FROM set_up_link WHERE hash = ${hash} AND ends_at > clock_timestamp() RETURNING account`,
  );
