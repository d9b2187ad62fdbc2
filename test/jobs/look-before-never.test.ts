import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { subjectsByIdentifier } from '../../src/store/subjects.ts';
import { testRuntime } from '../support/runtime.ts';
import { aino, openWorld, type World } from './world.ts';

/** An erasure at a system of which the ledger knows no row: it is looked for there before anything is said. */
let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const other = { givenName: 'Other', email: 'other@sahko.test' };
const granted = { granted: { newsletter: true }, refused: { newsletter: false } };
const idOf = async (email: string) =>
  (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', email)))[0]?.id ?? '';

/** Somebody else is linked at the newsletter; Aino is in the register, and asked for nothing there. */
async function firstContact(living = true) {
  if (living) {
    world.newsletter.add({ ...other });
    world.register.put('o', { person: other });
  }
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  await world.settle();
  world.register.put('1', { person: aino });
  await pollRegister(world.needs, 'crm');
  await world.settle();
}

async function erase() {
  const subject = await idOf(aino.email);
  const opened = { subject, source: 'api', channel: null, receivedAt: new Date(), approve: 'person' as const, fields: aino };
  const { id } = await openErasureCase(world.needs, opened);
  await approveCase(world.needs, id, 'test');
  await world.settle();
  return (await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === 'newsletter');
}
const rowsOfAino = () => [...world.newsletter.rows.values()].filter((r) => r.fields.email === aino.email);

describe('an erasure where no row is known', () => {
  it('takes a row that is surely the person’s, and reads back that it is gone', async () => {
    await firstContact();
    world.newsletter.add({ givenName: 'Aino', familyName: 'Virtanen', email: aino.email });
    expect(await erase()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'observed' });
    expect(rowsOfAino()).toEqual([]);
    expect(world.newsletter.rows.size).toBe(1);
  });

  it('says that nothing is there as strongly as the look bears it', async () => {
    await firstContact();
    expect(await erase()).toMatchObject({ state: 'settled', outcome: 'absent', evidence: 'observed', reason: 'never-held' });
  });

  it('says nothing strong where no living row proves that the look would have found one', async () => {
    await firstContact(false);
    expect(await erase()).toMatchObject({ state: 'settled', outcome: 'absent', evidence: 'none' });
  });

  it('leaves a row whose name is another’s, and claims nothing', async () => {
    await firstContact();
    world.newsletter.add({ givenName: 'Kalle', familyName: 'Koskinen', email: aino.email });
    expect(await erase()).toMatchObject({ outcome: 'absent', evidence: 'none' });
    expect(rowsOfAino()).toHaveLength(1);
  });

  it('asks a person where several rows may be theirs', async () => {
    await firstContact();
    for (let n = 0; n < 2; n++) world.newsletter.add({ givenName: 'Aino', email: aino.email });
    expect(await erase()).toMatchObject({ state: 'held', reason: 'ambiguous-record' });
    expect(rowsOfAino()).toHaveLength(2);
  });

  it('takes the row of a create whose answer was lost right before it', async () => {
    await firstContact();
    // the vendor makes the row, and nobody hears of it
    world.newsletter.failAfter = new Failure('ANSWER_LOST');
    world.newsletter.blind = true;
    world.register.put('1', { person: aino, ...granted });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    expect(rowsOfAino()).toHaveLength(1);
    world.newsletter.blind = false;
    expect(await erase()).toMatchObject({ outcome: 'erased', evidence: 'observed' });
    expect(rowsOfAino()).toEqual([]);
  });
});
