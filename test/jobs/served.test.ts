import { beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/core/configuration.ts';
import { everybody } from '../../src/core/scope.ts';
import { writeNew } from '../../src/jobs/converge-write.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient, writeLink } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { linkHeld, relink } from '../../src/jobs/relink.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { allHeld, hold } from '../../src/store/held.ts';
import { recordsOf } from '../../src/store/records.ts';
import { registerHash, registerRecord } from '../../src/store/subjects.ts';
import { testRuntime } from '../support/runtime.ts';
import { MemoryRecipient, memoryConfig, openWorld, type World } from './world.ts';

/**
 * One human, a customer and an employee under one mailbox, and a system that has rows of one of the two. No purpose says for whom it
 * is: the system alone does.
 */
class Serving extends MemoryRecipient {
  role = 'employee';
  serves(role: string): boolean {
    return role === this.role;
  }
}

const config: Config = {
  ...memoryConfig,
  purposes: { all: { name: 'all', basis: 'contract', fields: ['givenName', 'familyName', 'email', 'phone'] } },
  systems: {
    ...memoryConfig.systems,
    newsletter: {
      ...(memoryConfig.systems['newsletter'] as Config['systems'][string]),
      recipient: { purposes: ['all'], undoHours: 0, dueDays: 14, retention: [] },
    },
  },
};

const both = { givenName: 'Aino', familyName: 'Mäkelä', email: 'aino@cervi.test', phone: '+358401234567' };
let world: World;
let system: Serving;
const ids: Record<string, string> = {};

/** The register knows the customer and the employee, or one of them. */
async function open(role: string, known: readonly string[] = ['customer', 'employee']) {
  system.role = role;
  for (const one of known) world.register.put(one, { role: one, person: both });
  await pollRegister(world.needs, 'crm');
  for (const one of known) {
    const hash = registerHash(world.needs.vault, 'crm', 'contact', one);
    ids[one] = (await registerRecord(world.needs.db, 'crm', 'contact', hash))?.subject ?? '';
  }
}
const link = () => linkRecipient(world.needs, 'newsletter', true, 'test');
const rowsOf = async (role: string) => (await recordsOf(world.needs.db, ids[role] ?? '', 'newsletter')).length;
const dutyOf = async (role: string) =>
  (await dutiesOf(world.needs.db, ids[role] ?? '')).find(({ recipient }) => recipient === 'newsletter');

beforeEach(async () => {
  const runtime = await testRuntime();
  system = new Serving();
  world = await openWorld(runtime.databaseUrl, { config, newsletter: system });
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

describe.each([
  ['employee', 'customer'],
  ['customer', 'employee'],
])('a system with rows of role %s', (served, other) => {
  it('ties a row to them, though another role shares mailbox, name and number', async () => {
    await open(served);
    system.add({ ...both });
    expect(await link()).toMatchObject({ read: 1, linked: 1, ambiguous: 0, shared: 0, orphans: 0 });
    expect([await rowsOf(served), await rowsOf(other)]).toEqual([1, 0]);
  });

  it('has only orphans where nobody of the role is known: not even a candidate is named', async () => {
    await open(served, [other]);
    system.add({ ...both });
    // one slip of the hand away, and the same name: near enough to ask a person, were it their role
    system.add({ ...both, email: 'aimo@cervi.test', phone: '' });
    expect(await link()).toMatchObject({ read: 2, linked: 0, ambiguous: 0, shared: 0, orphans: 2 });
    expect(await rowsOf(other)).toBe(0);
    expect(await allHeld(world.needs.db, everybody)).toEqual([]);
  });

  it('gives nobody else a row, and takes nothing from one that an erasure would find, be it nobody’s yet', async () => {
    await open(served, [other]);
    const row = system.add({ ...both });
    await link();
    await world.settle();
    expect(system.log).not.toContain('create');
    expect(await dutyOf(other)).toMatchObject({ state: 'settled', outcome: 'absent' });
    const { id } = await openErasureCase(world.needs, {
      subject: ids[other] ?? '',
      source: 'api',
      channel: null,
      receivedAt: new Date(),
      approve: 'person',
      fields: both,
    });
    await approveCase(world.needs, id, 'test');
    await world.settle();
    expect(system.rows.get(row.id)).toMatchObject({ fields: both, standing: 'active' });
    expect(await dutyOf(other)).toMatchObject({ state: 'settled', outcome: 'absent' });
    expect(system.log).not.toContain('find');
  });

  it('keeps nobody else waiting for a first contact that has nothing to do with them', async () => {
    await open(served);
    system.add({ ...both });
    await world.settle();
    expect(await dutyOf(served)).toMatchObject({ state: 'held', reason: 'not-linked' });
    expect(await dutyOf(other)).toMatchObject({ state: 'settled', outcome: 'absent' });
  });

  it('leaves a row alone that was tied to somebody of another role before it served this one', async () => {
    await open(other);
    const row = system.add({ ...both });
    await link();
    await world.settle();
    expect(await rowsOf(other)).toBe(1);
    system.role = served;
    world.register.put(other, { person: { ...both, familyName: 'Toinen' } });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(system.rows.get(row.id)?.fields.familyName).toBe('Mäkelä');
  });

  it('lets no person tie a row across, and no lost answer', async () => {
    await open(served);
    const row = system.add({ ...both });
    await link();
    const ref = { place: 'all', id: row.id };
    const profile = { ref, fields: both, standing: 'active' as const, refused: false };
    const second = { ...profile, ref: { place: 'all', id: system.add({ ...both, email: 'muu@cervi.test' }).id } };
    expect(await writeLink(world.needs, 'newsletter', second, ids[other] ?? '', 'test', 'person')).toBe(false);
    const [record] = await recordsOf(world.needs.db, ids[served] ?? '', 'newsletter');
    await expect(relink(world.needs, record?.id ?? '', ids[other] ?? '', 'test')).rejects.toMatchObject({
      code: 'role-not-served',
    });
    expect(await rowsOf(served)).toBe(1);
    await hold(world.needs.db, {
      id: world.needs.newId(),
      kind: 'ambiguous-link',
      system: 'newsletter',
      subject: null,
      about: Buffer.alloc(32, 7),
      reason: 'near',
      details: { candidates: [] },
      sides: world.needs.vault.sealJson('held-sides', { ref: second.ref, row: {}, candidates: [] }),
    });
    const [held] = await allHeld(world.needs.db, everybody);
    if (!held) throw new Error('nothing is held');
    await expect(linkHeld(world.needs, held, ids[other] ?? '', 'test')).rejects.toMatchObject({ code: 'role-not-served' });
    const view = { served: false, duty: { recipient: 'newsletter' }, subject: { id: ids[other] } } as Parameters<
      typeof writeNew
    >[1];
    expect(await writeNew(world.needs, view, 'all', second, 'found-after-lost-answer', 'observed')).toBe(false);
    expect(await rowsOf(other)).toBe(0);
  });
});
