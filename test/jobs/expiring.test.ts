import { beforeEach, describe, expect, it } from 'vitest';
import { expiring } from '../../src/connectors/expiring/connector.ts';
import type { Config } from '../../src/core/configuration.ts';
import { addDays, dayIn } from '../../src/core/day.ts';
import { cautious } from '../../src/core/legal-clock.ts';
import { everybody } from '../../src/core/scope.ts';
import { openRightsCase } from '../../src/jobs/case-rights.ts';
import { approveCase, openErasureCase } from '../../src/jobs/erasure.ts';
import { letterBody, makeLetter } from '../../src/jobs/letters.ts';
import { tryFirstContact } from '../../src/jobs/link.ts';
import { now } from '../../src/jobs/needs.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { resyncPerson } from '../../src/jobs/resync-person.ts';
import { translatorFor } from '../../src/server/console/i18n.ts';
import { letterWords } from '../../src/server/letter-words.ts';
import { caseById } from '../../src/store/cases.ts';
import { advanceClock } from '../../src/store/clock.ts';
import { dutiesOf, raise } from '../../src/store/duties.ts';
import { letterById } from '../../src/store/letters.ts';
import { recordsOf } from '../../src/store/records.ts';
import { parkedErasures } from '../../src/store/retention.ts';
import { subjectById, subjectsByIdentifier } from '../../src/store/subjects.ts';
import { testRuntime } from '../support/runtime.ts';
import { aino, memoryConfig, memoryPurposes, openWorld, type World } from './world.ts';

const settings = { keepDays: 30, what: { fi: 'palvelinlokit', sv: 'serverloggar', en: 'server logs' } };
const title = { fi: 'WordPress-lokit', sv: 'WordPress-loggar', en: 'WordPress logs' };
const { crm, newsletter } = memoryConfig.systems;
if (!crm || !newsletter) throw new Error('the world lacks its systems');

/** The world with server logs in the place of the people. */
const config: Config = {
  ...memoryConfig,
  purposes: {
    ...memoryPurposes,
    security: { name: 'security', basis: 'legitimate-interest', fields: ['custom.logEntry'], for: ['customer'] },
  },
  systems: {
    crm,
    newsletter,
    logs: {
      ...newsletter,
      ...{ name: 'logs', title, connector: 'expiring', settings },
      recipient: { purposes: ['security'], undoHours: 0, dueDays: 14, retention: [] },
    },
  },
};

let world: World;
let subject = '';
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl, { config });
  const wire = () => Promise.reject(new Error('nothing is called'));
  world.needs.connectors['logs'] = expiring.connect({ system: 'logs', baseUrl: '', credentials: {}, settings }, wire as never);
  world.register.put('1', { person: aino });
  await pollRegister(world.needs, 'crm');
  await tryFirstContact(world.needs, 'newsletter');
  await world.settle();
  subject = (await subjectsByIdentifier(world.needs.db, 'email', world.needs.vault.hash('email', aino.email)))[0]?.id ?? '';
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const duty = async () => (await dutiesOf(world.needs.db, subject)).find((d) => d.recipient === 'logs');
const caseNow = async (id: string) => {
  const found = await caseById(world.needs.db, id);
  if (!found) throw new Error('no such case');
  return found;
};
const asked = { source: 'cli', channel: null };

async function opened() {
  const request = { ...asked, subject, receivedAt: await now(world.needs), approve: 'person' as const, fields: aino };
  const { id } = await openErasureCase(world.needs, request);
  await world.settle();
  return id;
}

async function erased() {
  const id = await opened();
  await approveCase(world.needs, id, 'test');
  await world.settle();
  return id;
}

async function pass(days: number) {
  await advanceClock(world.needs.db, `P${days}D`);
  await world.settle();
}

/** What the answer says of the logs. */
async function told(id: string, language: 'fi' | 'sv' | 'en') {
  const made = await makeLetter(world.needs, id, 'test', { kind: 'answer', language }, (l, letter) =>
    letterWords(translatorFor(config, l), letter),
  );
  if (typeof made === 'string') throw new Error(made);
  const row = await letterById(world.needs.db, id, made.id);
  const body = row && letterBody(world.needs, await caseNow(id), row);
  return (body?.paragraphs ?? []).filter((_, i) =>
    body?.letter.paragraphs[i]?.some(({ source }) => 'system' in source && source.system === 'logs'),
  );
}

describe('data that end by themselves', () => {
  it('wait for their day after an erasure, hold up nothing else, and are erased on it without anybody having looked', async () => {
    const today = dayIn(await now(world.needs), cautious.zone);
    const until = addDays(today, 30);
    const id = await opened();
    const retained = { fields: ['custom.logEntry'], until, law: 'own period: 30 days, by itself' };
    expect((await caseNow(id)).plan).toContainEqual({ system: 'logs', step: 'park', retained, reason: 'ends-by-itself' });
    expect(await duty()).toMatchObject({ outcome: 'unchanged', evidence: 'none', reason: 'awaiting-approval' });
    await approveCase(world.needs, id, 'test');
    await world.settle();
    const parked = { state: 'waiting', outcome: 'retained', evidence: 'none', reason: 'ends-by-itself', retained };
    expect(await duty()).toMatchObject(parked);
    expect(await caseNow(id)).toMatchObject({ state: 'closed' });
    expect((await subjectById(world.needs.db, subject))?.state).toBe('erased');
    expect(await parkedErasures(world.needs.db, [everybody].flat(), { limit: 10, offset: 0 })).toMatchObject([
      { subject, system: 'logs', retained },
    ]);
    await pass(30);
    expect(await duty()).toMatchObject(parked);
    await pass(1);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'accepted', retained: null });
    await pass(100);
    expect(await duty()).toMatchObject({ state: 'settled', outcome: 'erased', evidence: 'accepted' });
    expect(await recordsOf(world.needs.db, subject, 'logs')).toEqual([]);
  });

  it('keep the day that was counted, whatever is looked at again meanwhile', async () => {
    await erased();
    const counted = (await duty())?.retained?.until;
    await pass(10);
    world.needs.connectors['logs'] = { ...world.needs.connectors['logs'], ends: { afterDays: 90, what: 'logs' } } as never;
    await raise(world.needs.db, { subject, recipients: ['logs'], lane: 'erasure', newId: world.needs.newId });
    await world.settle();
    expect(await duty()).toMatchObject({ state: 'waiting', outcome: 'retained', retained: { until: counted } });
  });

  it('are told in the letter with their day, as the company’s own period and no law, and afterwards as over', async () => {
    const id = await erased();
    const day = (await duty())?.retained?.until ?? '';
    for (const language of ['fi', 'sv', 'en'] as const) {
      const [said, ...more] = await told(id, language);
      expect(more).toEqual([]);
      expect(said?.join(' ')).toContain(`${title[language]}, ${settings.what[language]}: `);
      expect(said?.join(' ')).toContain(translatorFor(config, language).day(day));
      expect(said?.join(' ')).toMatch(
        /30 (päivää kustakin merkinnästä\), eikä laki|dagar efter varje|days after each entry\), and no law)/,
      );
    }
    await pass(31);
    expect(await told(id, 'en')).toEqual([[expect.stringMatching(/is over\. We have not checked single entries\.$/)]]);
  });

  it('owe nothing for a correction, a restriction or a look at the person anew', async () => {
    const unchanged = { state: 'settled', outcome: 'unchanged', evidence: 'none', reason: 'ends-by-itself' };
    world.register.put('1', { person: { ...aino, familyName: 'Uusitalo' }, changedAt: new Date() });
    await pollRegister(world.needs, 'crm');
    await resyncPerson(world.needs, subject, 'logs', 'test');
    await world.settle();
    expect(await duty()).toMatchObject(unchanged);
    const request = { ...asked, type: 'restriction' as const, subject, receivedAt: new Date(), actor: 'test', request: {} };
    const { id } = await openRightsCase(world.needs, { ...request, approve: 'auto' });
    await world.settle();
    expect((await caseNow(id)).plan).toContainEqual(expect.objectContaining({ system: 'logs', step: 'nothing' }));
    expect(await duty()).toMatchObject(unchanged);
    expect((await told(id, 'en')).flat()).toEqual([]);
  });
});
