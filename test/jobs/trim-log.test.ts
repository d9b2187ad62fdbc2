import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { verifyEntries, verifyExport } from '../../src/core/audit-verify.ts';
import { inclusionProofFrom } from '../../src/core/merkle.ts';
import { vkeyOf } from '../../src/core/signed-note.ts';
import { tell } from '../../src/jobs/needs.ts';
import { trimLog } from '../../src/jobs/trim-log.ts';
import { verifyOwnLog } from '../../src/jobs/verify-log.ts';
import { exportLines } from '../../src/server/audit-log.ts';
import { entries, latestCheckpoint, nodeAt, sequence } from '../../src/store/audit.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { changes } from '../../src/store/database.ts';
import { testRuntime } from '../support/runtime.ts';
import { openWorld, type World } from './world.ts';

let world: World;
const later = (period: string) => advanceClock(world.needs.db, period);
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  world.needs.config = { ...world.needs.config, audit: { keepYears: 6 } };
  return async () => {
    await world.close();
    await runtime.drop();
  };
});
const write = (code: string, more: object = {}) =>
  tell(world.needs, { actor: 'kaiku', action: 'sweep.finished', system: 'crm', code, ...more });
const seal = () => sequence(world.needs.db, world.needs.signer);
const codes = async () =>
  (await entries(world.needs.db, 0, 1000)).map(({ line }) =>
    line === null ? null : (JSON.parse(line) as { code: string }).code,
  );

describe('entries whose time is over', () => {
  it('lose what they say and keep their hashes, so that every proof and every checkpoint still holds', async () => {
    for (const code of ['a', 'b', 'c']) await write(code);
    await seal();
    const kept = await latestCheckpoint(world.needs.db);
    expect(await trimLog(world.needs)).toBe(0);
    await later('P5Y');
    await write('d');
    await seal();
    await later('P1Y1M');
    expect(await trimLog(world.needs)).toBe(3);
    expect(await trimLog(world.needs)).toBe(0);
    expect(await verifyOwnLog(world.needs, kept?.note)).toMatchObject({ verified: true, trimmed: 3, size: 5 });
    expect((await codes()).slice(0, 4)).toEqual([null, null, null, 'd']);
    const latest = await latestCheckpoint(world.needs.db);
    const vkey = vkeyOf(world.needs.signer.seed, world.needs.signer.origin);
    const exported: string[] = [];
    for await (const line of exportLines(world.needs, latest?.size ?? 0)) exported.push(line);
    const each = async function* (lines: string[]) {
      yield* lines;
    };
    expect(await verifyExport(each(exported), latest?.note ?? '', vkey)).toMatchObject({ verified: true, trimmed: 3 });
    // a line that is not over may not be replaced by its hash
    const [, , , fourth] = await entries(world.needs.db, 0, 4);
    exported[3] = `{"leaf":"${fourth?.hash.toString('base64')}"}`;
    expect(await verifyExport(each(exported), latest?.note ?? '', vkey)).toMatchObject({ verified: false, firstBad: 3 });
    const proof = await inclusionProofFrom((level, index) => nodeAt(world.needs.db, level, index), 3, latest?.size ?? 0);
    const line = fourth?.line ?? '';
    const proven = { index: 3, line, proof: proof.map((hash) => hash.toString('base64')) };
    expect(verifyEntries([proven], latest?.note ?? '', vkey)).toMatchObject({ verified: true });
  });

  it('stay while their case is open, and so long after it was closed', async () => {
    const { db, newId } = world.needs;
    const [subject, open, closed] = [newId(), newId(), newId()];
    await changes(db, sql`INSERT INTO subject (id, register, role) VALUES (${subject}, 'crm', 'customer')`);
    for (const [id, type] of [
      [open, 'access'],
      [closed, 'portability'],
    ])
      await changes(
        db,
        sql`INSERT INTO case_file (id, type, state, subject, source, received_at)
            VALUES (${id}, ${type}, 'approved', ${subject}, 'api', now())`,
      );
    await write('a', { case: open });
    await write('b', { case: closed });
    await write('c');
    await seal();
    await later('P6Y6M');
    await changes(db, sql`UPDATE case_file SET state = 'closed', closed_at = now() + interval '2 years' WHERE id = ${closed}`);
    expect(await trimLog(world.needs)).toBe(1);
    expect((await codes()).slice(0, 3)).toEqual(['a', 'b', null]);
    await later('P2Y');
    expect(await trimLog(world.needs)).toBe(1);
    expect((await codes()).slice(0, 3)).toEqual(['a', null, null]);
    expect(await verifyOwnLog(world.needs)).toMatchObject({ verified: true, trimmed: 2 });
  });

  it('are all kept where no period is configured', async () => {
    world.needs.config = { ...world.needs.config, audit: {} };
    await write('a');
    await seal();
    await later('P50Y');
    expect(await trimLog(world.needs)).toBe(0);
  });
});

describe('whoever reaches the tables', () => {
  it('cannot drop what is younger than a year or stands in no tree yet', async () => {
    const { db } = world.needs;
    await write('a');
    await seal();
    await expect(changes(db, sql`DELETE FROM audit_entry`)).rejects.toThrow(/kept for a year/);
    await later('P2Y');
    await write('b');
    await expect(changes(db, sql`DELETE FROM audit_entry`)).rejects.toThrow(/kept for a year/);
  });

  it('is seen where they drop an entry that nothing says is over', async () => {
    const { db } = world.needs;
    for (const code of ['a', 'b', 'c']) await write(code);
    await seal();
    await later('P2Y');
    await changes(db, sql`DELETE FROM audit_entry WHERE line LIKE '%"b"%'`);
    expect(await verifyOwnLog(world.needs)).toMatchObject({ verified: false, firstBad: 1 });
    // an entry that says it was over, of a time before its neighbour was written, does not excuse it
    await tell(world.needs, { actor: 'kaiku', action: 'log.trimmed', version: 3, to: '2020-01-01T00:00:00.000Z' });
    expect(await verifyOwnLog(world.needs)).toMatchObject({ verified: false, firstBad: 1 });
  });
});
