import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { verifyEntries, verifyExport } from '../../src/core/audit-verify.ts';
import { leafHash, verifyInclusion } from '../../src/core/merkle.ts';
import { checkpointText, parseCheckpoint, signNote, verifyNote } from '../../src/core/signed-note.ts';
import { lastVerdict } from '../../src/jobs/verify-log.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let subject: string;
beforeEach(async () => {
  hub = await openTestHub();
  subject = await linkedAino(hub);
  return () => hub.close();
});

const checkpoint = async () => {
  const answer = await hub.ask('GET', '/audit/checkpoint');
  const vkey = String(answer.headers['x-kaiku-vkey']);
  const stop = parseCheckpoint(answer.text);
  if (!stop) throw new Error('no checkpoint');
  return { ...answer, vkey, stop };
};
async function* linesOf(lines: string[]) {
  yield* lines;
}
interface Exported {
  checkpoint: string;
  vkey: string;
  lines: string[];
}

describe('a checkpoint that somebody kept', () => {
  it('is held against the log, and decides nothing for others', async () => {
    const { text, stop } = await checkpoint();
    await hub.ask('POST', '/cases', { type: 'access', subject });
    expect((await hub.ask('POST', '/audit/verify', { against: text })).json()).toMatchObject({ verified: true, fit: 'fits' });
    const { seed, origin } = hub.needs.signer;
    const signed = (size: number) => signNote(seed, origin, checkpointText({ origin, size, root: Buffer.alloc(32, 1) }));
    const bent = (await hub.ask('POST', '/audit/verify', { against: signed(stop.size) })).json();
    expect(bent).toMatchObject({ verified: false, fit: 'another' });
    expect((await hub.ask('POST', '/audit/verify', { against: signed(99_999) })).json()).toMatchObject({
      verified: false,
      fit: 'longer',
    });
    expect(await lastVerdict(hub.needs)).not.toBe(false);
    const refused = await hub.ask('POST', '/audit/verify', { against: text.replace(/A/, 'B') });
    expect([refused.status, refused.json()['detail']]).toEqual([
      400,
      expect.stringContaining('no checkpoint that this log signed'),
    ]);
  });

  it('stands at places that the API names', async () => {
    expect((await hub.ask('GET', '/audit/places')).json()).toEqual([]);
    hub.needs.config = { ...hub.needs.config, audit: { checkpoints: { everyHours: 24, folder: '/nowhere' } } };
    expect((await hub.ask('GET', '/audit/places')).json()).toEqual([{ place: 'folder' }]);
  });
});

describe('the log', () => {
  it('gives out a checkpoint as text, signed with the key it names', async () => {
    const { type, text, vkey, stop } = await checkpoint();
    expect(type).toContain('text/plain');
    expect(verifyNote(text, vkey)).not.toBeNull();
    expect(stop).toMatchObject({ origin: 'esimerkki.test' });
    expect(stop.size).toBeGreaterThan(5);
  });

  it('proves single entries against the checkpoint', async () => {
    const { stop } = await checkpoint();
    const [entry] = (await hub.ask('GET', '/audit/entries?from=3&to=4')).json<{ index: number; line: string; hash: string }[]>();
    expect(entry?.index).toBe(3);
    const { proof } = (await hub.ask('GET', `/audit/proof?entry=3&size=${stop.size}`)).json<{ proof: string[] }>();
    const hash = leafHash(Buffer.from(entry?.line ?? ''));
    expect(hash.toString('base64')).toBe(entry?.hash);
    const hashes = proof.map((p) => Buffer.from(p, 'base64'));
    expect(verifyInclusion(hash, 3, stop.size, hashes, stop.root)).toBe(true);
  });

  it('gives no proof beyond its end', async () => {
    const { stop } = await checkpoint();
    expect((await hub.ask('GET', `/audit/proof?entry=0&size=${stop.size + 1}`)).status).toBe(400);
    expect((await hub.ask('GET', `/audit/proof?entry=${stop.size}&size=${stop.size}`)).status).toBe(400);
    expect((await hub.ask('GET', '/audit/proof?entry=-1')).status).toBe(400);
  });

  it('exports what verifies without the hub', async () => {
    const { lines, ...beside } = (await hub.ask('GET', '/audit/export')).json<Exported>();
    const whole = await verifyExport(linesOf(lines), beside.checkpoint, beside.vkey);
    expect(whole).toMatchObject({ verified: true, size: lines.length });
    const bent = lines.with(2, (lines[2] ?? '').replace('kaiku', 'nobody'));
    expect(await verifyExport(linesOf(bent), beside.checkpoint, beside.vkey)).toMatchObject({ verified: false });
  });

  it('exports one case alone, each entry with its proof', async () => {
    const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>();
    await hub.ask('POST', `/cases/${id}/approve`);
    await hub.settle();
    const { lines, ...beside } = (await hub.ask('GET', `/audit/export?case=${id}`)).json<Exported>();
    const proven = lines.map((line) => JSON.parse(line));
    expect(verifyEntries(proven, beside.checkpoint, beside.vkey)).toMatchObject({ verified: true, size: lines.length });
    const told = proven.map((p) => JSON.parse(p.line));
    expect(told.map((e) => e.action)).toEqual(expect.arrayContaining(['case.opened', 'case.approved', 'tombstone.written']));
    expect(new Set(told.map((e) => e.case))).toEqual(new Set([id]));
  });

  it('verifies live, and names the first entry that was bent in the database', async () => {
    const good = (await hub.ask('POST', '/audit/verify', undefined, 'auditor')).json<{ size: number }>();
    expect(good).toMatchObject({ verified: true, checkpoints: expect.any(Number) });
    const bend = async (statement: ReturnType<typeof sql<unknown>>) =>
      hub.needs.db.connection().execute(async (db) => {
        await sql`SET session_replication_role = replica`.execute(db);
        await statement.execute(db);
        await sql`SET session_replication_role = origin`.execute(db);
      });
    await bend(
      sql`UPDATE audit_entry SET line = replace(line, 'kaiku', 'nobody') WHERE seq = (SELECT seq FROM audit_leaf WHERE index = 4)`,
    );
    expect((await hub.ask('POST', '/audit/verify')).json()).toMatchObject({ verified: false, firstBad: 4, size: good.size });
  });

  it('holds no value of a person, after everything that can happen to one', async () => {
    await hub.ask('POST', '/cases', { type: 'erasure', subject, note: 'Aino Virtanen, aino@sahko.test' });
    await hub.settle();
    const { lines } = (await hub.ask('GET', '/audit/export')).json<Exported>();
    expect(lines.join('\n')).not.toMatch(/aino|virtanen|sahko|40123|A-1"/i);
    expect(lines.join('\n')).not.toContain(subject);
  });
});
