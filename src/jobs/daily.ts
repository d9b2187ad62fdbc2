import { createHash } from 'node:crypto';
import { sweepAnew } from '../store/retention.ts';
import { cursorOf, saveCursor, takeTurn } from '../store/systems.ts';
import { questionHolds } from './legal-holds.ts';
import { dayOf, type Needs, now } from './needs.ts';
import { reviewParked } from './review-parked.ts';
import { trimLog } from './trim-log.ts';

/** What is done once on each day of the hub's clock, and at each start: law and its days, counted again. */

const hub = 'kaiku';

/** How often somebody asks whether a new day has begun, in ms. */
const turnMs = 1500;

/** Does the day's work once, whichever process asks first; one that broke off is done again at the next turn. */
export async function onNewDay(needs: Needs): Promise<boolean> {
  const today = dayOf(await now(needs));
  if ((await cursorOf(needs.db, hub, 'day')) === today || !(await takeTurn(needs.db, hub, 'day', turnMs))) return false;
  await reviewParked(needs);
  await questionHolds(needs);
  await trimLog(needs);
  await saveCursor(needs.db, hub, 'day', today);
  return true;
}

/** At a start: rules or periods may have changed with the release or the configuration. */
export async function onStart(needs: Needs): Promise<void> {
  const { purposes, controller } = needs.config;
  const declared = JSON.stringify([purposes, controller.financialYearEnd, controller.financialYears]);
  const digest = createHash('sha256').update(declared).digest('hex');
  if ((await cursorOf(needs.db, hub, 'periods')) !== digest) {
    await sweepAnew(needs.db);
    await saveCursor(needs.db, hub, 'periods', digest);
  }
  await reviewParked(needs);
}
