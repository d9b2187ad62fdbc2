import { beforeEach, describe, expect, it } from 'vitest';
import type { Recipient, RemoteRef, Written } from '../../src/connectors/connector.ts';
import type { Call } from '../../src/connectors/http.ts';
import { nobodyLooks } from '../../src/connectors/unseen.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Fields } from '../../src/core/person.ts';
import { startDrift } from '../../src/jobs/drift.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { linkRecipient, tryFirstContact } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { readPerson } from '../../src/jobs/read-person.ts';
import { resyncPerson } from '../../src/jobs/resync-person.ts';
import { caseById } from '../../src/store/cases.ts';
import { dutiesOf } from '../../src/store/duties.ts';
import { takeRechecks } from '../../src/store/rechecks.ts';
import { recordsOf } from '../../src/store/records.ts';
import { subjectById, subjectsByIdentifier } from '../../src/store/subjects.ts';
import { testRuntime } from '../support/runtime.ts';
import { aino, openWorld, type World } from './world.ts';

/** A system that takes removals by identifier and shows nothing: an audience for advertisements. */
class UnseenRecipient implements Recipient {
  readonly places = ['email', 'phone'];
  readonly carries = (place: string) => [place as 'email' | 'phone'];
  readonly read = nobodyLooks.read;
  readonly find = nobodyLooks.find;
  readonly list = nobodyLooks.list;
  /** What was sent, in order: the verb and what it named. */
  readonly sent: string[] = [];
  /** The verb whose next answer is lost. */
  loses = '';
  /** Where restrictions are refused. */
  refuses = '';

  refFor(fields: Fields, place: string): RemoteRef | null {
    const value = fields[place as 'email' | 'phone'];
    return value === undefined ? null : { place, id: `#${String(value)}` };
  }

  private async send(verb: string, ref: RemoteRef, call: Call, next = ref): Promise<Written> {
    await call.beforeWire('write');
    this.sent.push(`${verb} ${ref.id}`);
    if (this.loses === verb) {
      this.loses = '';
      throw new Failure('ANSWER_LOST');
    }
    return { kind: 'accepted', ref: next };
  }

  create = async (): Promise<Written> => ({ kind: 'refused', code: 'cannot-add' });
  rectify = (ref: RemoteRef, fields: Fields, _blanked: readonly string[], call: Call) =>
    this.send('rectify', ref, call, this.refFor(fields, ref.place) ?? ref);
  restrict = async (ref: RemoteRef, _permissions: readonly string[], call: Call): Promise<Written> =>
    this.refuses === ref.place ? { kind: 'refused', code: 'cannot-restrict' } : this.send('restrict', ref, call);
  erase = (ref: RemoteRef, call: Call) => this.send('erase', ref, call);
}

let world: World;
let audience: UnseenRecipient;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  audience = new UnseenRecipient();
  const newsletter = world.needs.connectors['newsletter'];
  if (!newsletter) throw new Error('no newsletter');
  world.needs.connectors['newsletter'] = {
    ...newsletter,
    recipient: audience,
    manifest: {
      ...newsletter.manifest,
      readBack: false,
      erasure: { depth: 'hard', cap: 'accepted', why: 'nobody can read it back' },
    },
  };
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const granted = { granted: { newsletter: true }, refused: { newsletter: false } };
const refused = { granted: { newsletter: false }, refused: { newsletter: true } };
const byMail = { ...aino, phone: '' };
let subject = '';
const dutyOf = async () => (await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === 'newsletter');
const recordsNow = async () => (await recordsOf(world.needs.db, subject, 'newsletter')).map(({ place, state }) => [place, state]);

/** The register says this of Aino, and everything that is due is done. */
async function told(person: Fields, permissions: object = {}) {
  world.register.put('1', { person: person as never, ...permissions, changedAt: new Date() });
  await pollRegister(world.needs, 'crm');
  subject ||= (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', aino.email)))[0]?.id ?? '';
  await world.settle();
}

async function erase(fields: Fields) {
  const opened = { subject, source: 'api', channel: null, receivedAt: new Date(), approve: 'person' as const, fields };
  const { id } = await openErasureCase(world.needs, opened);
  await world.settle();
  await approveCase(world.needs, id, 'test');
  await world.settle();
  return id;
}

describe('a system that nobody can look into', () => {
  beforeEach(async () => {
    subject = '';
    await tryFirstContact(world.needs, 'newsletter');
  });

  it('is met without a look, and never listed', async () => {
    await told(aino);
    expect(await dutyOf()).not.toMatchObject({ reason: 'not-linked' });
    await expect(linkRecipient(world.needs, 'newsletter', true, 'test')).rejects.toThrow('listed');
    await expect(startDrift(world.needs, 'newsletter', 'test')).rejects.toThrow('listed');
  });

  it('is told nothing of somebody who may be there, and claims nothing of them', async () => {
    await told(aino, granted);
    expect(audience.sent).toEqual([]);
    expect(await recordsNow()).toEqual([['email', 'linked']]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'unchanged', evidence: 'none' });
  });

  it('says of whom a purpose is for, and no identifier is known of, that they cannot be told', async () => {
    await told(aino, granted);
    const { email: _, ...nameless } = aino;
    world.register.put('2', { person: { ...nameless, customerNumber: 'A-2' }, ...granted });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    const [other] = await subjectsByIdentifier(world.needs.db, 'customerNumber', world.needs.vault.hash('customerNumber', 'A-2'));
    subject = other?.id ?? '';
    const said = { state: 'settled', outcome: 'not-identifiable', evidence: 'none', reason: 'no-identifier' };
    expect(await dutyOf()).toMatchObject(said);
    await resyncPerson(world.needs, subject, 'newsletter', 'test');
    await world.settle();
    expect(await dutyOf()).toMatchObject(said);
  });

  it('calls nobody absent who never agreed, since nobody can have looked', async () => {
    await told(aino);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'unchanged', evidence: 'none', reason: 'no-permission' });
    expect([audience.sent, await recordsNow()]).toEqual([[], []]);
  });

  it('takes an old address out when the register has a new one, and knows the new one from then on', async () => {
    await told(aino, granted);
    await told({ ...aino, email: 'uusi@sahko.test' }, granted);
    expect(audience.sent).toEqual([`rectify #${aino.email}`]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'updated', evidence: 'accepted' });
    await told({ ...aino, email: 'uusi@sahko.test' }, refused);
    expect(audience.sent.at(-1)).toBe('restrict #uusi@sahko.test');
    expect(await dutyOf()).toMatchObject({ outcome: 'restricted', evidence: 'accepted' });
  });

  it('takes out who objects, though nothing was known of them there', async () => {
    await told(aino, refused);
    expect(audience.sent).toEqual([`restrict #${aino.email}`]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'restricted', evidence: 'accepted' });
  });

  it('calls nobody restricted who is still in use in one place, whatever the other place did', async () => {
    await told(aino);
    audience.refuses = 'email';
    const opened = { subject, source: 'api', channel: null, receivedAt: new Date(), approve: 'person' as const, fields: aino };
    await openErasureCase(world.needs, opened);
    await world.settle();
    expect(audience.sent).toEqual([`restrict #${aino.phone}`]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'refused', reason: 'cannot-restrict' });
  });

  it('erases by every identifier of the case, and says no more than that it was accepted', async () => {
    await told(aino);
    const id = await erase(aino);
    expect(audience.sent.filter((what) => what.startsWith('erase'))).toEqual([`erase #${aino.email}`, `erase #${aino.phone}`]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'accepted' });
    expect(await takeRechecks(world.needs.db, 'newsletter', 10)).toEqual([]);
    const planned = (await caseById(world.needs.db, id))?.plan.find(({ system }) => system === 'newsletter');
    expect(planned).toMatchObject({ step: 'erase' });
  });

  it('says of somebody without an identifier that they cannot be told, and never that they were erased or absent', async () => {
    await told(aino);
    const { email: _, phone: __, ...nameless } = aino;
    await erase(nameless);
    expect(audience.sent).toEqual([]);
    expect(await dutyOf()).toMatchObject({
      state: 'settled',
      outcome: 'not-identifiable',
      evidence: 'none',
      reason: 'no-identifier',
    });
  });

  it('sends a removal again whose answer was lost, as nobody can look whether it was done', async () => {
    await told(byMail);
    audience.loses = 'erase';
    await erase({ email: aino.email });
    while ((await dutyOf())?.state === 'unknown') {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await world.settle();
    }
    expect(audience.sent).toEqual([`restrict #${aino.email}`, `erase #${aino.email}`, `erase #${aino.email}`]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'accepted' });
  });

  it('is told nothing of an erased one whose role no purpose there is for: the same address may be a customer’s', async () => {
    const { marketing } = world.needs.config.purposes;
    if (!marketing) throw new Error('the world has no marketing');
    world.needs.config.purposes['marketing'] = { ...marketing, for: ['prospect'] };
    await told(byMail);
    const id = await erase(byMail);
    world.needs.config.purposes['marketing'] = marketing;
    expect(audience.sent).toEqual([]);
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'absent', evidence: 'none', reason: 'never-held' });
    expect((await caseById(world.needs.db, id))?.plan.find(({ system }) => system === 'newsletter')).toMatchObject({
      step: 'nothing',
    });
  });

  it('takes out an address that two people share for each of them', async () => {
    await told(aino, granted);
    world.register.put('2', { person: { givenName: 'Eino', familyName: 'Virtanen', email: aino.email }, ...granted });
    await pollRegister(world.needs, 'crm');
    await world.settle();
    await erase(aino);
    expect(await dutyOf()).toMatchObject({ outcome: 'erased', evidence: 'accepted' });
  });

  it('shows whoever reads a person that nobody can look there', async () => {
    await told(aino, granted);
    const known = await subjectById(world.needs.db, subject);
    if (!known) throw new Error('nobody is known');
    const rows = await readPerson(world.needs, known, { actor: 'test', reason: 'request' });
    expect(rows.find(({ system }) => system === 'newsletter')).toMatchObject({ fields: null, problem: 'not-readable' });
  });

  it('makes sure of a person without a look', async () => {
    await told(aino, granted);
    await resyncPerson(world.needs, subject, 'newsletter', 'test');
    await world.settle();
    expect(await dutyOf()).toMatchObject({ state: 'settled', outcome: 'unchanged' });
    expect(audience.sent).toEqual([]);
  });
});
