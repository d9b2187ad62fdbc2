import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { everybody } from '../../src/core/scope.ts';
import { driftInTurn, NotLinked, startDrift } from '../../src/jobs/drift.ts';
import { repairFindings } from '../../src/jobs/drift-repair.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import type { Needs } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { driveRun, RunUnderWay, startResync } from '../../src/jobs/resync.ts';
import { changes } from '../../src/store/database.ts';
import { driftRun, driftRuns, type FindingRow, findingsOf } from '../../src/store/drift.ts';
import { allHeld } from '../../src/store/held.ts';
import { runById } from '../../src/store/runs.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { testRuntime } from '../support/runtime.ts';
import { memoryConfig, openWorld, type World } from './world.ts';

let world: World;
const people = ['aino', 'bo', 'cecilia', 'daavid', 'eeva', 'finn'] as const;
type Name = (typeof people)[number];
const mail = (name: string) => `${name}@sahko.test`;
const granted = { granted: { newsletter: true }, refused: { newsletter: false } };

const config = (repair: 'none' | 'policy') => {
  const { newsletter } = memoryConfig.systems;
  if (!newsletter?.recipient) throw new Error('the world has no newsletter');
  return {
    ...memoryConfig,
    systems: {
      ...memoryConfig.systems,
      newsletter: { ...newsletter, recipient: { ...newsletter.recipient, drift: { everyHours: 168, repair } } },
    },
  };
};

async function open(repair: 'none' | 'policy' = 'none') {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl, { config: config(repair) });
  for (const [i, name] of people.entries())
    world.register.put(String(i + 1), { person: { givenName: name, familyName: 'Virtanen', email: mail(name) }, ...granted });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  expect(world.newsletter.rows.size).toBe(people.length);
  return async () => {
    await world.close();
    await runtime.drop();
  };
}

const rowOf = (name: string) => {
  const row = [...world.newsletter.rows.values()].find((r) => r.fields.email === mail(name));
  if (!row) throw new Error(`the newsletter has no ${name}`);
  return row;
};
const idOf = async (name: Name) =>
  (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', mail(name))))[0]?.id ?? '';

async function drift(needs: Needs = world.needs) {
  const started = await startDrift(needs, 'newsletter', 'test');
  for (let i = 0; i < 50; i++) if (!(await driveRun(needs, started.id))) break;
  const run = await driftRun(needs.db, started.id);
  if (!run) throw new Error('the run is gone');
  const findings = await findingsOf(needs.db, everybody, run.id, { from: 0, size: 100 });
  return { run, findings };
}
const shown = (findings: FindingRow[], kind: string) =>
  findings.filter((f) => f.kind === kind).map((f) => [f.subject, f.fields, f.reason]);

const erase = async (name: Name) => {
  const subject = await idOf(name);
  const { id } = await openErasureCase(world.needs, {
    subject,
    source: 'api',
    channel: null,
    receivedAt: new Date(),
    approve: 'person',
  });
  await world.settle();
  await approveCase(world.needs, id, 'test');
  await world.settle();
  await world.settle();
  return subject;
};

describe('a drift run', () => {
  beforeEach(() => open());

  it('finds nothing where nothing differs', async () => {
    const { run, findings } = await drift();
    expect(findings).toEqual([]);
    expect(run.state).toBe('finished');
    expect(run.counts).toMatchObject({ missing: 0, stale: 0, extra: 0, 'erased-but-back': 0, orphan: 0, rows: 6, people: 6 });
  });

  it('finds each kind that was made by hand, and invents none', async () => {
    const gone = await erase('finn');
    world.newsletter.rows.delete(rowOf('aino').id);
    rowOf('bo').fields.familyName = 'Muutettu';
    rowOf('cecilia').fields.phone = '+358401234567';
    rowOf('daavid').standing = 'active';
    world.newsletter.add({ givenName: 'Finn', email: mail('finn') });
    world.newsletter.add({ givenName: 'Stranger', email: mail('stranger') });
    const writes = world.newsletter.log.filter((l) => l !== 'read' && l !== 'find').length;
    const { run, findings } = await drift();
    expect(run.state).toBe('finished');
    expect(shown(findings, 'missing')).toEqual([[await idOf('aino'), [], null]]);
    expect(shown(findings, 'stale')).toEqual([[await idOf('bo'), ['familyName'], null]]);
    expect(shown(findings, 'extra')).toEqual([[await idOf('cecilia'), ['phone'], null]]);
    expect(shown(findings, 'erased-but-back')).toEqual([[gone, ['email', 'givenName'], 'tombstone']]);
    expect(shown(findings, 'orphan')).toEqual([[null, [], null]]);
    expect(findings).toHaveLength(5);
    expect(run.counts).toMatchObject({ missing: 1, stale: 1, extra: 1, 'erased-but-back': 1, orphan: 1, rows: 6, people: 6 });
    expect(run.fields).toMatchObject({ stale: { familyName: 1 }, extra: { phone: 1 } });
    // nothing was written there; the returned row waits for a person
    expect(world.newsletter.log.filter((l) => l !== 'read' && l !== 'find')).toHaveLength(writes);
    expect((await allHeld(world.needs.db, everybody)).map((h) => [h.kind, h.reason])).toEqual([['rearrival', 'tombstone']]);
  });

  it('keeps no value of a person in its findings', async () => {
    rowOf('bo').fields.familyName = 'Kanarialintu';
    world.newsletter.add({ givenName: 'Stranger', email: mail('kanaria') });
    const { findings } = await drift();
    expect(findings.length).toBe(2);
    expect(JSON.stringify(findings)).not.toMatch(/kanaria|sahko/i);
  });

  it('is clean after a repair by a person, and the strangers were left alone', async () => {
    const gone = await erase('finn');
    world.newsletter.rows.delete(rowOf('aino').id);
    rowOf('bo').fields.familyName = 'Muutettu';
    rowOf('cecilia').fields.phone = '+358401234567';
    world.newsletter.add({ givenName: 'Finn', email: mail('finn') });
    const stranger = world.newsletter.add({ givenName: 'Stranger', email: mail('stranger') });
    const { run } = await drift();
    expect(
      await repairFindings(world.needs, run, { kinds: null, findings: null }, { actor: 'os:test', byPolicy: false }),
    ).toEqual({ owed: 4, left: 1 });
    await world.settle();
    expect(rowOf('bo').fields.familyName).toBe('Virtanen');
    expect(rowOf('cecilia').fields.phone).toBeUndefined();
    expect([...world.newsletter.rows.values()].some((r) => r.fields.email === mail('finn'))).toBe(false);
    expect(world.newsletter.rows.get(stranger.id)).toEqual(stranger);
    expect(await allHeld(world.needs.db, everybody)).toEqual([]);
    const after = await drift();
    expect(after.findings.map((f) => [f.kind])).toEqual([['orphan']]);
    expect((await driftRuns(world.needs.db, 'newsletter', 26)).map((r) => r.counts['stale'])).toEqual([0, 1]);
    expect(gone).not.toBe('');
  });

  it('repairs one kind, or one finding, and nothing else', async () => {
    rowOf('bo').fields.familyName = 'Muutettu';
    rowOf('eeva').fields.familyName = 'Muutettu';
    rowOf('cecilia').fields.phone = '+358401234567';
    const { run, findings } = await drift();
    const bo = findings.find((f) => f.fields[0] === 'familyName');
    await repairFindings(world.needs, run, { kinds: null, findings: [bo?.id ?? ''] }, { actor: 'os:test', byPolicy: false });
    await world.settle();
    const next = await drift();
    expect(next.findings.map((f) => f.kind).sort()).toEqual(['extra', 'stale']);
    await repairFindings(world.needs, next.run, { kinds: ['stale'], findings: null }, { actor: 'os:test', byPolicy: false });
    await world.settle();
    expect((await drift()).findings.map((f) => f.kind)).toEqual(['extra']);
  });

  it('looks at the row itself before it repairs: what was mended meanwhile is not written again', async () => {
    rowOf('bo').fields.familyName = 'Muutettu';
    const { run } = await drift();
    rowOf('bo').fields.familyName = 'Virtanen';
    const before = world.newsletter.log.filter((l) => l === 'rectify').length;
    await repairFindings(world.needs, run, { kinds: ['stale'], findings: null }, { actor: 'os:test', byPolicy: false });
    await world.settle();
    expect(world.newsletter.log.filter((l) => l === 'rectify')).toHaveLength(before);
  });

  it('tells of a row in use that must not be, and of a refusal nobody carried', async () => {
    const row = rowOf('daavid');
    row.refused = true;
    row.standing = 'restricted';
    const { findings, run } = await drift();
    expect(shown(findings, 'stale')).toEqual([[await idOf('daavid'), ['permissions'], null]]);
    await repairFindings(world.needs, run, { kinds: ['stale'], findings: null }, { actor: 'os:test', byPolicy: false });
    await world.settle();
    expect(world.register.rows.get('4')?.refused).toEqual({ newsletter: true });
    // somebody there puts the person back into use
    row.refused = false;
    row.standing = 'active';
    expect(shown((await drift()).findings, 'stale')).toEqual([[await idOf('daavid'), ['permissions'], null]]);
  });

  it('counts a person of a role that no purpose gives to the system as extra, and does not repair that by itself', async () => {
    const bare: Needs = {
      ...world.needs,
      config: {
        ...world.needs.config,
        purposes: {
          ...world.needs.config.purposes,
          marketing: { ...(world.needs.config.purposes['marketing'] as never as object), for: ['member'] } as never,
        },
      },
    };
    const { findings, run } = await drift(bare);
    expect(findings).toHaveLength(6);
    expect(new Set(findings.map((f) => `${f.kind} ${f.reason}`))).toEqual(new Set(['extra no-purpose']));
    expect(await repairFindings(bare, run, { kinds: null, findings: null }, { actor: 'os:test', byPolicy: false })).toEqual({
      owed: 0,
      left: 6,
    });
  });

  it('claims nothing that no page showed when a page fails', async () => {
    rowOf('bo').fields.familyName = 'Muutettu';
    const rows = [...world.newsletter.rows.values()];
    const { needs } = world;
    const { newsletter } = needs.connectors;
    if (!newsletter?.recipient) throw new Error('the world has no newsletter');
    const { recipient } = newsletter;
    const broken: Needs = {
      ...needs,
      connectors: {
        ...needs.connectors,
        newsletter: {
          ...newsletter,
          recipient: Object.assign(Object.create(recipient) as typeof recipient, {
            async *list() {
              yield rows
                .slice(0, 2)
                .map((r) => ({ ref: { place: 'all', id: r.id }, fields: r.fields, standing: r.standing, refused: false }));
              throw new Failure('RECIPIENT_REFUSED');
            },
          }),
        },
      },
    };
    const { run, findings } = await drift(broken);
    expect(run.state).toBe('failed');
    expect(run.problem).toBe('RECIPIENT_REFUSED');
    expect(findings).toEqual([]);
  });

  it('leaves whoever is under way to the duty at work', async () => {
    world.register.put('2', { person: { givenName: 'bo', familyName: 'Uusi', email: mail('bo') }, ...granted });
    await pollRegister(world.needs, 'crm');
    expect((await drift()).findings).toEqual([]);
    await world.settle();
    expect(rowOf('bo').fields.familyName).toBe('Uusi');
    expect((await drift()).findings).toEqual([]);
  });

  it('does not run beside a resync, and gives way to one', async () => {
    const resync = await startResync(world.needs, 'newsletter', { dryRun: false, actor: 'test' });
    await expect(startDrift(world.needs, 'newsletter', 'test')).rejects.toThrow(RunUnderWay);
    for (let i = 0; i < 50 && (await runById(world.needs.db, resync.id))?.state === 'running'; i++)
      await driveRun(world.needs, resync.id);
    const run = await startDrift(world.needs, 'newsletter', 'test');
    await expect(startDrift(world.needs, 'newsletter', 'test')).rejects.toThrow(RunUnderWay);
    await startResync(world.needs, 'newsletter', { dryRun: false, actor: 'test' });
    expect(await runById(world.needs.db, run.id)).toMatchObject({ state: 'stopped', problem: 'overtaken-by-resync' });
  });

  it('comes in turn: an interval after first contact, and then once an interval', async () => {
    const week = 168 * 3_600_000;
    expect(await driftInTurn(world.needs, 'newsletter')).toBe(false);
    await changes(
      world.needs.db,
      sql`UPDATE system_state SET linked_at = now() - ${week} * interval '1 millisecond' - interval '1 minute'`,
    );
    expect(await driftInTurn(world.needs, 'newsletter')).toBe(true);
    expect(await driftInTurn(world.needs, 'newsletter')).toBe(false);
    // the clockwork drives it without being told its id
    while (await driveRun(world.needs));
    expect((await driftRuns(world.needs.db, 'newsletter', 26)).map((r) => [r.state, r.actor])).toEqual([['finished', 'kaiku']]);
  });
});

describe('a policy of repair', () => {
  beforeEach(() => open('policy'));

  it('puts right what is missing, stale or erased there before, and leaves the rest to a person', async () => {
    const kept = { ...rowOf('finn') };
    const gone = await erase('finn');
    // a backup of the vendor brought the very row back
    world.newsletter.rows.set(kept.id, kept);
    rowOf('bo').fields.familyName = 'Muutettu';
    rowOf('cecilia').fields.phone = '+358401234567';
    const { findings } = await drift();
    expect(shown(findings, 'erased-but-back')).toEqual([[gone, ['email', 'familyName', 'givenName'], 'same-record']]);
    expect(
      findings
        .filter((f) => f.repaired_by === 'kaiku')
        .map((f) => f.kind)
        .sort(),
    ).toEqual(['erased-but-back', 'stale']);
    await world.settle();
    expect(world.newsletter.rows.has(kept.id)).toBe(false);
    expect(rowOf('bo').fields.familyName).toBe('Virtanen');
    expect(rowOf('cecilia').fields.phone).toBe('+358401234567');
    expect((await drift()).findings.map((f) => f.kind)).toEqual(['extra']);
  });

  it('asks a person before it erases a row that only resembles an erased one', async () => {
    await erase('finn');
    world.newsletter.add({ givenName: 'Finn', email: mail('finn') });
    await drift();
    await world.settle();
    expect(rowOf('finn')).toBeDefined();
    expect((await allHeld(world.needs.db, everybody)).map((h) => h.kind)).toEqual(['rearrival']);
  });
});

it('is not started before first contact', async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  await expect(startDrift(world.needs, 'newsletter', 'test')).rejects.toThrow(NotLinked);
  await world.close();
  await runtime.drop();
});
