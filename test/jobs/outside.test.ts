import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditConfig } from '../../src/core/configuration.ts';
import { leafHash, rootOf, verifyConsistency } from '../../src/core/merkle.ts';
import { checkpointText, parseCheckpoint, signNote, verifyNote } from '../../src/core/signed-note.ts';
import { deliverCheckpoints, openWaysOut } from '../../src/jobs/deliver-checkpoints.ts';
import { fitOf, placesNow } from '../../src/jobs/kept-outside.ts';
import { tell } from '../../src/jobs/needs.ts';
import { lastVerdict, verifyOwnLog } from '../../src/jobs/verify-log.ts';
import { watch } from '../../src/jobs/watch.ts';
import { translator } from '../../src/server/console/i18n.ts';
import { openAlerts } from '../../src/store/alerts.ts';
import { latestCheckpoint, sequence } from '../../src/store/audit.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { changes, rows } from '../../src/store/database.ts';
import { hookServer } from '../support/hook-server.ts';
import { mailServer } from '../support/mail-server.ts';
import { testRuntime } from '../support/runtime.ts';
import { openWorld, type World } from './world.ts';

const secret = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;

let world: World;
let folder: string;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  folder = await mkdtemp(join(tmpdir(), 'kaiku-outside-'));
  await write('first');
  return async () => {
    await world.close();
    await runtime.drop();
    await rm(folder, { recursive: true, force: true });
  };
});

const write = (code: string) => tell(world.needs, { actor: 'kaiku', action: 'sweep.finished', system: 'crm', code });
const keepAt = (checkpoints: Omit<NonNullable<AuditConfig['checkpoints']>, 'everyHours'>, smtp = '') => {
  world.needs.config = {
    ...world.needs.config,
    audit: { checkpoints: { everyHours: 24, ...checkpoints } },
    ...(smtp ? { notify: { ...world.needs.config.notify, mail: { smtp, from: 'kaiku@sahko.test', to: [] } } as never } : {}),
  };
};
const deliver = () => deliverCheckpoints(world.needs, openWaysOut(world.needs), translator('en'));
const later = (hours: number) => advanceClock(world.needs.db, `PT${hours}H`);
/** The clockwork's turns go by the database's own clock, which no test moves. */
const nextTurn = () => changes(world.needs.db, sql`UPDATE cursor SET saved_at = '-infinity' WHERE object LIKE 'turn:outside:%'`);

/** Somebody with every right and the log's own key rewrites the whole log. */
async function bend(): Promise<void> {
  const { db, signer } = world.needs;
  for (const table of ['audit_entry', 'audit_leaf', 'audit_node', 'audit_checkpoint'])
    await changes(db, sql`ALTER TABLE ${sql.table(table)} DISABLE TRIGGER USER`);
  await changes(db, sql`UPDATE audit_entry SET line = replace(line, '"first"', '"other"')`);
  const lines = await rows(
    db,
    sql<{ seq: number; line: string }>`SELECT l.seq, e.line FROM audit_leaf l JOIN audit_entry e USING (seq) ORDER BY l.index`,
  );
  const hashes = lines.map(({ line }) => leafHash(Buffer.from(line)));
  for (const [n, { seq }] of lines.entries())
    await changes(db, sql`UPDATE audit_leaf SET hash = ${hashes[n]} WHERE seq = ${seq}`);
  await changes(db, sql`DELETE FROM audit_node`);
  for (let level = 0; 2 ** level <= hashes.length; level++)
    for (let index = 0; (index + 1) * 2 ** level <= hashes.length; index++)
      await changes(
        db,
        sql`INSERT INTO audit_node VALUES (${level}, ${index}, ${rootOf(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level))})`,
      );
  await changes(db, sql`DELETE FROM audit_checkpoint`);
  const root = rootOf(hashes);
  const note = signNote(signer.seed, signer.origin, checkpointText({ origin: signer.origin, size: hashes.length, root }));
  await changes(db, sql`INSERT INTO audit_checkpoint (size, root, note) VALUES (${hashes.length}, ${root}, ${note})`);
}

describe('a folder outside', () => {
  beforeEach(() => keepAt({ folder }));

  it('gets a checkpoint when its time has come, with the key that verifies it', async () => {
    expect(await deliver()).toBe(1);
    expect(await deliver()).toBe(0);
    await later(23);
    await nextTurn();
    expect(await deliver()).toBe(0);
    await write('second');
    await later(1);
    expect(await deliver()).toBe(1);
    const names = (await readdir(folder)).sort();
    const [older, newer, key] = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    expect(names).toHaveLength(3);
    const sizes = [older, newer].map((note) => parseCheckpoint(verifyNote(note ?? '', key ?? '') ?? '')?.size ?? 0);
    expect(sizes[0]).toBeGreaterThan(0);
    expect(sizes[1]).toBeGreaterThan(sizes[0] ?? 0);
    expect(await placesNow(world.needs)).toMatchObject([{ place: 'folder', size: sizes[1] }]);
  });

  it('finds a log that was rewritten and signed anew, which no check inside can see, and delivers nothing over it', async () => {
    await deliver();
    const kept = await readdir(folder);
    await bend();
    world.needs.config = { ...world.needs.config, audit: {} };
    expect(await verifyOwnLog(world.needs)).toMatchObject({ verified: true });
    keepAt({ folder });
    expect(await verifyOwnLog(world.needs)).toMatchObject({ verified: false });
    await later(24);
    await nextTurn();
    expect(await deliver()).toBe(0);
    expect(await readdir(folder)).toEqual(kept);
    expect(await placesNow(world.needs)).toMatchObject([{ code: 'another', failedSince: expect.any(String) }]);
    expect(await lastVerdict(world.needs)).toBe(false);
    await watch(world.needs);
    const kinds = (await openAlerts(world.needs.db)).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['checkpoint-undelivered', 'log-broken']));
  });

  it('finds a log that was cut, and a file there that this log never signed', async () => {
    await deliver();
    const size = 9;
    const root = Buffer.alloc(32, 1);
    const { origin, seed } = world.needs.signer;
    const longer = signNote(seed, origin, checkpointText({ origin, size, root }));
    await writeFile(join(folder, 'checkpoint-000000000009.txt'), longer);
    await later(24);
    await nextTurn();
    expect(await deliver()).toBe(0);
    expect(await placesNow(world.needs)).toMatchObject([{ code: 'longer' }]);
    await writeFile(join(folder, 'checkpoint-000000000010.txt'), 'nothing that anybody signed\n');
    await nextTurn();
    expect(await deliver()).toBe(0);
    expect(await placesNow(world.needs)).toMatchObject([{ code: 'not-signed' }]);
  });

  it('tells a share that is not mounted, makes none up on the local disk, and goes on when it is back', async () => {
    keepAt({ folder: join(folder, 'share', 'kaiku') });
    expect(await deliver()).toBe(0);
    expect(await placesNow(world.needs)).toMatchObject([{ code: 'ENOENT' }]);
    expect(await lastVerdict(world.needs)).toBeNull();
    expect(await deliver()).toBe(0);
    keepAt({ folder });
    await nextTurn();
    expect(await deliver()).toBe(1);
    expect((await placesNow(world.needs))[0]).not.toHaveProperty('failedSince');
  });
});

describe('a mailbox outside', () => {
  it('gets the checkpoint as a file, which is held against the log when somebody hands it back', async () => {
    const server = await mailServer();
    try {
      keepAt({ mail: ['dpo@sahko.test'] }, `smtp://127.0.0.1:${server.port}`);
      expect(await deliver()).toBe(1);
      const [mail] = server.mails;
      expect(mail?.to).toEqual(['dpo@sahko.test']);
      const [, encoded = ''] = /filename=checkpoint-\d+\.txt[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(mail?.raw ?? '') ?? [];
      const kept = Buffer.from(encoded, 'base64').toString('utf8');
      const latest = await latestCheckpoint(world.needs.db);
      expect(mail?.raw).toMatch(/Subject: Kaiku: checkpoint of the audit log, \d+ entr/);
      await write('more');
      await sequence(world.needs.db, world.needs.signer);
      expect(kept).toBe(latest?.note);
      expect(await fitOf(world.needs, kept)).toBe('fits');
      await bend();
      expect(await fitOf(world.needs, kept)).toBe('another');
    } finally {
      await server.close();
    }
  });

  it('that takes no mail is tried again, and told', async () => {
    const server = await mailServer();
    try {
      server.refuse = 452;
      keepAt({ mail: ['dpo@sahko.test'] }, `smtp://127.0.0.1:${server.port}`);
      expect(await deliver()).toBe(0);
      expect(await placesNow(world.needs)).toMatchObject([{ place: 'mail', code: 'EMESSAGE-452' }]);
      server.refuse = 0;
      await nextTurn();
      expect(await deliver()).toBe(1);
    } finally {
      await server.close();
    }
  });
});

describe('a receiver outside', () => {
  it('gets a signed message with the proof that the last one it has is the beginning, and has what it kept compared', async () => {
    const server = await hookServer();
    try {
      keepAt({ webhook: { url: `http://127.0.0.1:${server.port}/`, secret } });
      expect(await deliver()).toBe(1);
      const first = dataOf(server.hooks[0]?.body);
      await write('second');
      await later(24);
      await nextTurn();
      server.status = 200;
      server.answer = JSON.stringify({ checkpoint: first.checkpoint });
      expect(await deliver()).toBe(1);
      const second = dataOf(server.hooks[1]?.body);
      const [older, newer] = [first, second].map(({ checkpoint, vkeys }) => parseCheckpoint(verifyNote(checkpoint, vkeys) ?? ''));
      if (!older || !newer || !second.consistency) throw new Error('the message lacks something');
      const proof = second.consistency.proof.map((hash) => Buffer.from(hash, 'base64'));
      expect(second.consistency.from).toBe(older.size);
      expect(verifyConsistency(older.size, newer.size, older.root, newer.root, proof)).toBe(true);
      await bend();
      await later(24);
      await nextTurn();
      expect(await deliver()).toBe(0);
      expect(await placesNow(world.needs)).toMatchObject([{ place: 'webhook', code: 'another' }]);
      // the check of the night sees nothing wrong inside, and does not take back what the receiver showed
      expect(await verifyOwnLog(world.needs)).toMatchObject({ verified: true });
      expect(await lastVerdict(world.needs)).toBe(false);
    } finally {
      await server.close();
    }
  });

  it.each([409, 500, 302])('that answers %i has not taken it', async (status) => {
    const server = await hookServer();
    try {
      server.status = status;
      keepAt({ webhook: { url: `http://127.0.0.1:${server.port}/`, secret } });
      expect(await deliver()).toBe(0);
      expect(await placesNow(world.needs)).toMatchObject([{ place: 'webhook', code: `HTTP-${status}` }]);
    } finally {
      await server.close();
    }
  });

  interface Data {
    checkpoint: string;
    vkeys: string[];
    consistency?: { from: number; proof: string[] };
  }
  function dataOf(body = '{}'): Data {
    return (JSON.parse(body) as { data: Data }).data;
  }
});
