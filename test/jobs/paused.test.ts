import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Connector, RightProbe } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { linkRecipient } from '../../src/jobs/link.ts';
import { pollRegister } from '../../src/jobs/poll-register.ts';
import { meetRecipient, resume, resumePaused } from '../../src/jobs/schedule.ts';
import { changes, row } from '../../src/store/database.ts';
import { pauseSystem, systemState } from '../../src/store/systems.ts';
import { testRuntime } from '../support/runtime.ts';
import { aino, openWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  const runtime = await testRuntime();
  world = await openWorld(runtime.databaseUrl);
  return async () => {
    await world.close();
    await runtime.drop();
  };
});

const pausedCode = async () => (await systemState(world.needs.db, 'newsletter'))?.paused_code ?? null;

/** The check of the newsletter answers with these from now on. */
function rightsAre(rights: RightProbe[]): { looks: number } {
  const seen = { looks: 0 };
  const check: Connector['check'] = async () => {
    seen.looks++;
    return rights;
  };
  world.needs.connectors['newsletter'] = { ...(world.needs.connectors['newsletter'] as Connector), check };
  return seen;
}

async function lookNow(): Promise<void> {
  await changes(world.needs.db, sql`UPDATE system_state SET look_at = clock_timestamp()`);
  await resumePaused(world.needs);
}

const waitMs = async () =>
  (await row(world.needs.db, sql<{ ms: number }>`SELECT look_wait_ms AS ms FROM system_state WHERE system = 'newsletter'`))?.ms;

describe('a right that a check found missing', () => {
  const pause = () => pauseSystem(world.needs.db, 'newsletter', 'RIGHT_MISSING', { rights: ['members: write'] });

  it('is not taken for granted because reading cannot say', async () => {
    await pause();
    rightsAre([
      { right: 'account', ok: true },
      { right: 'members: write', ok: null },
    ]);
    await lookNow();
    expect(await pausedCode()).toBe('RIGHT_MISSING');
  });

  it('lets the system go on when just that right is proven, whatever else reading cannot say', async () => {
    await pause();
    rightsAre([
      { right: 'members: write', ok: true },
      { right: 'merge-fields', ok: null },
    ]);
    await lookNow();
    expect(await pausedCode()).toBeNull();
  });

  it('adds up with what was found before', async () => {
    await pause();
    await pauseSystem(world.needs.db, 'newsletter', 'RIGHT_MISSING', { rights: ['audience a1'] });
    expect((await systemState(world.needs.db, 'newsletter'))?.paused_rights.sort()).toEqual(['audience a1', 'members: write']);
  });

  it('is believed to be there when an operator says so', async () => {
    await pause();
    expect(await resume(world.needs, 'newsletter', 'operator')).toBe(true);
    expect(await pausedCode()).toBeNull();
    expect((await systemState(world.needs.db, 'newsletter'))?.paused_rights).toEqual([]);
  });
});

it('pauses a system whose write was refused once, and hands it nothing until somebody proves the right', async () => {
  world.register.put('1', { person: aino, granted: { newsletter: true } });
  await pollRegister(world.needs, 'crm');
  await linkRecipient(world.needs, 'newsletter', true, 'test');
  world.newsletter.failBefore = new Failure('RIGHT_MISSING', { status: 403 });
  await world.settle();
  expect(await pausedCode()).toBe('RIGHT_MISSING');
  rightsAre([
    { right: 'account', ok: true },
    { right: 'members: write', ok: null },
  ]);
  for (let look = 0; look < 3; look++) await lookNow();
  expect(await pausedCode()).toBe('RIGHT_MISSING');
  expect(world.newsletter.log.filter((verb) => verb === 'create')).toHaveLength(1);
  await resume(world.needs, 'newsletter', 'operator');
  await world.settle();
  expect([...world.newsletter.rows.values()].map((r) => r.fields.email)).toEqual([aino.email]);
});

it('looks for the credentials ever more rarely, once for all processes, and never less than each half an hour', async () => {
  const seen = rightsAre([{ right: 'account', ok: false }]);
  await pauseSystem(world.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
  await Promise.all([resumePaused(world.needs), resumePaused(world.needs)]);
  expect(seen.looks).toBe(0);
  const waits: (number | undefined)[] = [];
  for (let look = 0; look < 8; look++) {
    await changes(world.needs.db, sql`UPDATE system_state SET look_at = clock_timestamp()`);
    await Promise.all([resumePaused(world.needs), resumePaused(world.needs)]);
    waits.push(await waitMs());
  }
  expect(seen.looks).toBe(8);
  expect(waits).toEqual([60, 120, 240, 480, 960, 1800, 1800, 1800].map((s) => s * 1000));
});

it('looks more slowly at a system that went on by itself and failed again at once', async () => {
  rightsAre([{ right: 'account', ok: true }]);
  for (const seconds of [30, 120, 480, 1800]) {
    await pauseSystem(world.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    expect(await waitMs()).toBe(seconds * 1000);
    await lookNow();
    expect(await pausedCode()).toBeNull();
  }
});

describe('a recipient that nobody linked', () => {
  const lists = () => {
    const seen = { reads: 0 };
    const recipient = world.newsletter;
    const list = recipient.list.bind(recipient);
    recipient.list = async function* (call) {
      seen.reads++;
      yield* list(call);
    };
    return seen;
  };
  const turn = async () =>
    row(
      world.needs.db,
      sql<{ position: string }>`SELECT position FROM cursor WHERE system = 'newsletter' AND object = 'turn:contact'`,
    );
  const turnCame = () =>
    changes(
      world.needs.db,
      sql`UPDATE cursor SET saved_at = saved_at - nullif(position, '')::float8 * interval '1 millisecond' WHERE object = 'turn:contact'`,
    );

  it('is met at the first look when it holds nobody', async () => {
    await meetRecipient(world.needs, 'newsletter');
    expect((await systemState(world.needs.db, 'newsletter'))?.linked_at).not.toBeNull();
  });

  it('is read ever more rarely, down to once an hour, and by one process at a time, while it holds somebody', async () => {
    world.newsletter.add({ email: 'eino@sahko.test' });
    const seen = lists();
    const waits: number[] = [];
    for (let look = 0; look < 13; look++) {
      await Promise.all([meetRecipient(world.needs, 'newsletter'), meetRecipient(world.needs, 'newsletter')]);
      waits.push(Number((await turn())?.position) / 1000);
      await turnCame();
    }
    expect(seen.reads).toBe(13);
    expect(waits).toEqual([4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]);
  });

  it('is not read while it is paused or its breaker is open', async () => {
    world.newsletter.add({ email: 'eino@sahko.test' });
    const seen = lists();
    await pauseSystem(world.needs.db, 'newsletter', 'CREDENTIALS_REJECTED');
    await meetRecipient(world.needs, 'newsletter');
    expect(seen.reads).toBe(0);
  });

  it('is paused when it rejects the credentials', async () => {
    world.newsletter.list = async function* () {
      yield await Promise.reject(new Failure('CREDENTIALS_REJECTED', { status: 401 }));
    };
    await expect(meetRecipient(world.needs, 'newsletter')).rejects.toThrow(Failure);
    expect(await pausedCode()).toBe('CREDENTIALS_REJECTED');
  });
});
