import { access, mkdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { parseKeyFile } from './core/seal.ts';
import { tell } from './jobs/needs.ts';
import type { Replayed } from './jobs/replay-journal.ts';
import { type Environment, openHub } from './open.ts';
import { BackupError, type BackupSummary, readBackup, restoreBackup, writeBackup } from './store/backup.ts';
import { hubNow } from './store/clock.ts';
import { otherUsers } from './store/database.ts';
import { startEmbedded } from './store/embedded.ts';
import { noteBackup } from './store/own-stores.ts';
import { fileJournal } from './store/tombstones.ts';
import { WrongKeyError } from './store/vault.ts';

/** Refused by a safety rule: nothing was changed. */
export class RestoreRefused extends Error {
  override name = 'RestoreRefused';
}

export interface BackedUp extends BackupSummary {
  file: string;
}

/** Copies the ledger to a file, beside a running hub too. Never over a file that is there. */
export async function backUp(env: Environment, log: Logger, file: string | undefined): Promise<BackedUp> {
  const hub = await openHub(env, log);
  try {
    const { needs } = hub;
    const at = await hubNow(needs.db);
    const path = resolve(file ?? `kaiku-${at.toISOString().slice(0, 19).replace(/[-:]/g, '')}.backup`);
    if (await isThere(path)) throw new BackupError(`${path}: is there already; name another file`);
    await mkdir(resolve(path, '..'), { recursive: true });
    const made = await writeBackup(needs.db, path, at);
    await noteBackup(needs.db, at);
    await tell(needs, { actor: 'kaiku', action: 'ledger.backed-up', code: made.sha256 });
    return { file: path, ...made };
  } finally {
    await hub.close();
  }
}

export interface Restored extends BackupSummary {
  file: string;
  replayed: Replayed;
}

/**
 * Puts a backup in the place of the ledger, then holds it against the journal: who was erased since is erased again before this ends, and
 * before any hub serves. Refuses without the keys that it was made under, with a journal that lacks erasures, over a ledger that is there unless `replace`, and while
 * anything else uses the database.
 */
export async function restore(env: Environment, log: Logger, file: string, { replace }: { replace: boolean }): Promise<Restored> {
  const path = resolve(file);
  const erasures = new Set<string>();
  const head = await readBackup(path, async (table, line) => {
    if (table !== 'tombstone') return;
    const { case_file } = JSON.parse(line) as { case_file: string | null };
    if (case_file) erasures.add(case_file);
  });
  const keys = parseKeyFile(
    await readFile(env.keyFile, 'utf8').catch(() => {
      throw new WrongKeyError(`The key file ${env.keyFile} is missing: a backup opens only with the keys it was made under.`);
    }),
  );
  if (!keys.kek.byId(head.kekId) || !keys.hmac.byId(head.hmacKeyId))
    throw new WrongKeyError(
      `The key file ${env.keyFile} does not hold the keys of this backup (key-encryption key ${head.kekId}, HMAC key ${head.hmacKeyId}).`,
    );
  const journalled = new Set((await fileJournal(env.journal, 'restore').read()).map((entry) => entry.case));
  const missing = [...erasures].filter((id) => !journalled.has(id)).length;
  if (missing > 0)
    throw new RestoreRefused(
      `The journal of erasures in ${env.journal} lacks ${missing} of the ${erasures.size} erasures that this backup knows: it is not this ledger's, or not all of it. Whoever was erased since would come back. Point KAIKU_JOURNAL at the whole journal.`,
    );
  await mkdir(env.dataDir, { recursive: true, mode: 0o700 });
  const embedded = env.databaseUrl ? null : await startEmbedded({ dataDir: env.dataDir });
  try {
    const url = env.databaseUrl ?? embedded?.connectionString ?? '';
    const { inUse, instance } = await otherUsers(url);
    if (inUse) throw new RestoreRefused('Something else uses this database: stop every hub first.');
    if (instance !== null && !replace)
      throw new RestoreRefused(
        `A ledger is there already (instance ${instance}). Back it up, then restore with --replace, which drops it.`,
      );
    await restoreBackup(url, path, head);
    const hub = await openHub(env, log);
    try {
      await tell(hub.needs, { actor: 'kaiku', action: 'ledger.restored', code: head.sha256 });
      return { file: path, ...head, replayed: hub.replayed };
    } finally {
      await hub.close();
    }
  } finally {
    await embedded?.stop();
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
