import { beforeEach, expect, it } from 'vitest';
import { dropEnvelopes } from '../../src/store/cases.ts';
import { advanceClock, hubNow } from '../../src/store/clock.ts';
import { noteBackup } from '../../src/store/own-stores.ts';
import { browserOf } from './console-dpo.ts';
import { linkedAino, openTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
let subject: string;
beforeEach(async () => {
  hub = await openTestHub();
  subject = await linkedAino(hub);
  return () => hub.close();
});

interface Own {
  state: string;
  until?: string;
  stores: { store: string; count: number; until?: string }[];
}
const own = async (id: string) => (await hub.ask('GET', `/cases/${id}/own`)).json<Own>();
const counted = ({ stores }: Own) =>
  Object.fromEntries(stores.filter(({ count }) => count > 0).map(({ store, count }) => [store, count]));
const advance = async (period: string) => {
  await advanceClock(hub.needs.db, period);
  await hub.settle();
};

it('is the person before an erasure, what fades after it, and keyed hashes in the end', async () => {
  const { needs } = hub;
  needs.config = { ...needs.config, backups: { keepDays: 35 } };
  await noteBackup(needs.db, await hubNow(needs.db));
  const { id } = (await hub.ask('POST', '/cases', { type: 'erasure', subject })).json<{ id: string }>();
  const before = await own(id);
  expect(before.state).toBe('values');
  expect(counted(before)).toMatchObject({ values: 1, links: 3, hashes: expect.any(Number), backups: 1 });
  await hub.ask('POST', `/cases/${id}/approve`);
  await hub.settle();
  await advance('P20D');
  // the register forgot them, and a person was not heard yet: what they are asked by is still here
  expect(counted(await own(id))).toMatchObject({ links: expect.any(Number) });
  for (const task of (await hub.ask('GET', '/tasks')).json<{ id: string }[]>())
    await hub.ask('POST', `/tasks/${task.id}/answer`, { outcome: 'erased', note: 'Aino soitti itse.' });
  await hub.settle();
  // a backup that was made after the erasure does not hold them
  await advance('P1D');
  await noteBackup(needs.db, await hubNow(needs.db));
  const after = await own(id);
  expect(after.state).toBe('fading');
  const left = counted(after);
  expect(Object.keys(left).sort()).toEqual(['backups', 'envelope', 'journal', 'log', 'notes', 'rows', 'tombstones']);
  expect(left['backups']).toBe(1);
  await advance('P150D');
  await dropEnvelopes(needs.db, await hubNow(needs.db));
  for (let looks = 0; looks < 5; looks++) await hub.settle();
  const later = counted(await own(id));
  expect(later['backups']).toBeUndefined();
  expect(later['log']).toBeUndefined();
  expect(later['notes']).toBeUndefined();
});

it('stands on the page of the case, and in no answer to whoever may not see it', async () => {
  const { id } = (await hub.ask('POST', '/cases', { type: 'access', subject })).json<{ id: string }>();
  const page = await browserOf(hub).open(`/cases/${id}`, 'dpo', 'fi');
  expect(page.words).toContain('Mitä Kaiku itse säilyttää');
  expect((await hub.ask('GET', `/cases/${id}/own`, undefined, 'viewer')).status).toBe(403);
});
