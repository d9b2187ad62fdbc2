import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { backUp, RestoreRefused, restore } from '../../src/backup.ts';
import { openHub } from '../../src/open.ts';
import { BackupError } from '../../src/store/backup.ts';
import { rows } from '../../src/store/database.ts';
import { WrongKeyError } from '../../src/store/vault.ts';
import { audience, type Journey, openJourney, settled, until } from './hub.ts';

let journey: Journey;
let folder: string;
beforeEach(async () => {
  journey = await openJourney();
  folder = await mkdtemp(join(tmpdir(), 'kaiku-backup-'));
  return async () => {
    await journey.close();
    await rm(folder, { recursive: true, force: true });
  };
});

const members = () => (journey.newsletter.members(audience) as { email_address: string }[]).map((m) => m.email_address).sort();
const copied = () => backUp(journey.env, journey.log, join(folder, 'ledger.backup'));
const people = async () => {
  journey.customer();
  journey.customer({ EMAIL_ADDRESS: 'onni@sahko.test', FIRST_NAME: 'Onni', Customer_No__c: 'C-2' });
  journey.customer({ EMAIL_ADDRESS: 'impi@sahko.test', FIRST_NAME: 'Impi', Customer_No__c: 'C-3' });
  const [aino, onni] = await Promise.all(
    ['aino', 'onni', 'impi'].map((name) => until(name, () => journey.subjectOf(`${name}@sahko.test`))),
  );
  for (const id of [aino, onni]) await settled(journey, id ?? '', 'newsletter', 'created');
  return { aino: aino ?? '', onni: onni ?? '' };
};
const approve = async (subject: string) => {
  const { id } = (await journey.post('/cases', { type: 'erasure', subject })).json as { id: string };
  expect((await journey.post(`/cases/${id}/approve`)).status).toBe(200);
  return id;
};

describe('after a restore of an older ledger', () => {
  it('nobody who was erased is served or written anywhere: they are erased again before the hub is up', async () => {
    const { aino, onni } = await people();
    const made = await copied();
    await approve(aino);
    await settled(journey, aino, 'newsletter', 'erased');
    await settled(journey, aino, 'crm', 'erased');
    // an erasure that was taken back after the backup is no erasure
    journey.newsletterServer.fault({ kind: 'server-error', times: 1000 });
    const kept = await approve(onni);
    await until('the withdrawal', async () => (await journey.post(`/cases/${kept}/withdraw`, { reason: 'why' })).status === 200);
    journey.newsletterServer.clearFaults();
    await journey.stop();
    const before = journey.newsletterServer.log.length;

    const done = await restore(journey.env, journey.log, made.file, { replace: true });
    expect(done).toMatchObject({
      instance: made.instance,
      rows: made.rows,
      sha256: made.sha256,
      replayed: { erased: 1, withdrawn: 0 },
    });
    // no hub has run yet: the ledger itself knows
    const look = await openHub(journey.env, journey.log);
    const states = await rows(look.needs.db, sql<{ id: string; state: string }>`SELECT id, state FROM subject`);
    expect(Object.fromEntries(states.map((s) => [s.id, s.state]))).toMatchObject({ [aino]: 'erasing', [onni]: 'active' });
    expect(await rows(look.needs.db, sql`SELECT 1 FROM tombstone`)).not.toEqual([]);
    await look.close();
    expect(journey.newsletterServer.log.length).toBe(before);

    await journey.start();
    const gone = await until('the erased subject', async () => {
      const seen = await journey.get<{ state: string }>(`/subjects/${aino}`);
      return seen.state === 'erased' && seen;
    });
    expect(gone.state).toBe('erased');
    expect(await journey.subjectOf('aino@sahko.test')).toBeUndefined();
    expect(members()).toEqual(expect.not.arrayContaining(['aino@sahko.test']));
    const member = createHash('md5').update('aino@sahko.test').digest('hex');
    const wrote = journey.newsletterServer.log.slice(before).filter((r) => r.method !== 'GET' && r.path.includes(member));
    expect(wrote).toEqual([]);
    const audit = await journey.get<{ entries: { action: string }[] }>('/audit/entries?from=0&to=100000');
    expect(JSON.stringify(audit)).toContain('erasure.replayed');
    expect(JSON.stringify(audit)).toContain('ledger.restored');
    // a second start finds nothing more to do
    await journey.stop();
    const again = await openHub(journey.env, journey.log);
    expect(again.replayed).toMatchObject({ erased: 0, withdrawn: 0 });
    await again.close();
    await journey.start();
  });

  it('takes a withdrawal back again that came after the backup, and approves again what was only planned in it', async () => {
    const { aino, onni } = await people();
    // the newsletter cannot be reached: the register, which is last, is not erased meanwhile
    journey.newsletterServer.fault({ kind: 'server-error', times: 1000 });
    const running = await approve(aino);
    const { id: planned } = (await journey.post('/cases', { type: 'erasure', subject: onni })).json as { id: string };
    const made = await copied();
    await until(
      'the withdrawal',
      async () => (await journey.post(`/cases/${running}/withdraw`, { reason: 'why' })).status === 200,
    );
    await journey.post(`/cases/${planned}/approve`);
    await journey.stop();
    const done = await restore(journey.env, journey.log, made.file, { replace: true });
    expect(done.replayed).toMatchObject({ erased: 1, withdrawn: 1 });
    await journey.start();
    expect(await journey.get(`/cases/${running}`)).toMatchObject({ state: 'refused' });
    expect(await journey.get(`/cases/${planned}`)).toMatchObject({ state: expect.stringMatching(/running|closed/) });
  });
});

describe('a backup', () => {
  it('is not restored beside a journal that lacks erasures which it knows', async () => {
    const { aino } = await people();
    await approve(aino);
    const made = await copied();
    await journey.stop();
    const elsewhere = { ...journey.env, journal: join(folder, 'journal') };
    await expect(restore(elsewhere, journey.log, made.file, { replace: true })).rejects.toThrow('lacks 1 of the 1 erasures');
    await journey.start();
  });

  it('holds the ledger and no value of a person, and is the same ledger when it comes back', async () => {
    await people();
    await journey.stop();
    const made = await copied();
    const text = gunzipSync(await readFile(made.file)).toString('utf8');
    expect(text).not.toMatch(/aino|virtanen|sahko\.test/i);
    expect(text.split('\n').filter((l) => l.startsWith('R '))).toHaveLength(made.rows);
    const dump = async () => {
      const hub = await openHub(journey.env, journey.log);
      const tables = ['subject', 'version', 'duty', 'record', 'audit_entry', 'audit_leaf', 'cursor', 'permission'];
      const all = [];
      for (const t of tables)
        all.push(
          (await rows(hub.needs.db, sql<{ line: string }>`SELECT row_to_json(t)::text AS line FROM ${sql.table(t)} t ORDER BY 1`))
            // that there is a backup is noted after it was made
            .filter(({ line }) => !line.includes('"object":"backup:')),
        );
      await hub.close();
      return all;
    };
    const before = await dump();
    await expect(restore(journey.env, journey.log, made.file, { replace: false })).rejects.toThrow(RestoreRefused);
    await restore(journey.env, journey.log, made.file, { replace: true });
    const after = await dump();
    // the log alone has grown: the backup and the restore are entries of it
    expect(after.filter((_, i) => i !== 4 && i !== 5)).toEqual(before.filter((_, i) => i !== 4 && i !== 5));
    await journey.start();
  });

  it('that is cut, altered, of other keys, or beside a hub that runs is refused, and nothing is changed', async () => {
    await people();
    const made = await copied();
    await expect(backUp(journey.env, journey.log, made.file)).rejects.toThrow('is there already');
    await expect(restore(journey.env, journey.log, made.file, { replace: true })).rejects.toThrow(
      'Something else uses this database',
    );
    await journey.stop();
    const packed = await readFile(made.file);
    const plain = gunzipSync(packed).toString('utf8');
    const bad = async (name: string, bytes: Buffer | string) => {
      await writeFile(join(folder, name), bytes);
      return restore(journey.env, journey.log, join(folder, name), { replace: true });
    };
    await expect(bad('cut', packed.subarray(0, packed.length - 20))).rejects.toThrow(BackupError);
    await expect(bad('bent', gzipSync(plain.replace('"state":"active"', '"state":"erased"')))).rejects.toThrow('was altered');
    await expect(bad('short', gzipSync(plain.split('\n').slice(0, 9).join('\n')))).rejects.toThrow('is cut off');
    await expect(bad('other', gzipSync('hello\n'))).rejects.toThrow('is no backup of Kaiku');
    await expect(bad('text', 'hello')).rejects.toThrow(BackupError);
    await expect(restore(journey.env, journey.log, join(folder, 'none'), { replace: true })).rejects.toThrow(
      'there is no such file',
    );
    const keys = await readFile(journey.env.keyFile, 'utf8');
    await expect(
      restore({ ...journey.env, keyFile: join(folder, 'keys.json') }, journey.log, made.file, { replace: true }),
    ).rejects.toThrow(WrongKeyError);
    expect(await readFile(journey.env.keyFile, 'utf8')).toBe(keys);
    await journey.start();
    expect(await until('aino', () => journey.subjectOf('aino@sahko.test'))).toBeDefined();
  });
});
