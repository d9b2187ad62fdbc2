import { changesOf, conditionsOf, graceMs, isEvent, isRecovery, type NoticeLine, usualLimits } from '../core/alert.ts';
import {
  type AlertRow,
  alertsWithin,
  dropOldAlerts,
  factsOf,
  lockAlerts,
  markTold,
  openAlert,
  openAlerts,
  putNotice,
  resolveAlert,
  untold,
} from '../store/alerts.ts';
import { inTransaction } from '../store/database.ts';
import { breakerAfter } from '../store/systems.ts';
import { placesNow } from './kept-outside.ts';
import { type Needs, now } from './needs.ts';
import { lastVerdict } from './verify-log.ts';

/** Everybody who is configured, as a destination. */
export const everybody = 'all';
/** Who is told of the company's own people in place of everybody, as a destination; no owner of a system is called so. */
export const staffTeam = '@hr';

/**
 * One look at everything that people are told of: alerts open and end with their conditions, and each change goes to the outbox
 * once, in the same transaction. What is told is told by `deliver-notices.ts`, in its own time.
 */
export async function watch(needs: Needs): Promise<{ opened: number; resolved: number; notices: number }> {
  return inTransaction(needs.db, async () => {
    await lockAlerts(needs.db);
    const at = await now(needs);
    const { config, db } = needs;
    const facts = await factsOf(db, breakerAfter);
    const conditions = conditionsOf(
      {
        ...facts,
        systems: facts.systems.flatMap((s) => {
          const system = config.systems[s.system];
          return system ? [{ ...s, isRegister: system.register !== undefined }] : [];
        }),
        logVerified: await lastVerdict(needs),
        unreached: (await placesNow(needs)).flatMap(({ place, failedSince }) =>
          failedSince ? [{ place, since: new Date(failedSince) }] : [],
        ),
      },
      { ...usualLimits, ...config.notify?.after },
      at,
    );
    const { opened, resolved } = changesOf(await openAlerts(db), conditions);
    for (const { id } of resolved) await resolveAlert(db, id, at);
    for (const condition of opened) {
      const id = needs.newId();
      await openAlert(db, id, condition, isEvent(condition.kind), at);
      // an event is over when it is written down
      if (isEvent(condition.kind)) await resolveAlert(db, id, at);
    }
    const notices = await tellChanges(needs, at);
    await dropOldAlerts(db);
    return { opened: opened.length, resolved: resolved.length, notices };
  });
}

/** Puts what was not told yet into messages: one to everybody, one to HR about staff, and one to each owner about what is theirs. */
async function tellChanges(needs: Needs, at: Date): Promise<number> {
  const { notify } = needs.config;
  if (!notify || (!notify.mail && !notify.webhook)) return 0;
  const open = new Set((await openAlerts(needs.db)).map((a) => `${a.kind} ${a.about}`));
  const lines: NoticeLine[] = [];
  for (const alert of await untold(needs.db)) {
    const isEnd = alert.told_at !== null;
    if (!isEnd && at.getTime() - alert.opened_at.getTime() < graceMs(alert.kind)) continue;
    await markTold(needs.db, alert.id, isEnd ? 'resolved' : 'opened');
    if (!notify.on.includes(alert.kind)) continue;
    if (!isEnd || isRecovery(alert.kind, alert.about, open)) lines.push(lineOf(alert, isEnd ? 'resolved' : 'opened'));
  }
  if (lines.length === 0) return 0;
  const seen = new Set((await alertsWithin(needs.db, [{ people: 'others', systems: 'all' }], lines)).map(({ id }) => id));
  for (const line of lines) if (!seen.has(line.id)) line.staff = true;
  const messages: { channel: 'mail' | 'webhook'; target: string; lines: NoticeLine[] }[] = [];
  if (notify.webhook) messages.push({ channel: 'webhook', target: everybody, lines });
  if (notify.mail) {
    const { to, hr = [] } = notify.mail;
    // where nobody in HR is named, everybody is told that there is something: a matter that nobody hears of would only grow old
    const ofAll = hr.length > 0 ? lines.filter((line) => !line.staff) : lines;
    const ofStaff = hr.length > 0 ? lines.filter((line) => line.staff) : [];
    if (to.length > 0 && ofAll.length > 0) messages.push({ channel: 'mail', target: everybody, lines: ofAll });
    if (ofStaff.length > 0) messages.push({ channel: 'mail', target: staffTeam, lines: ofStaff });
    for (const owner of Object.keys(notify.owners)) {
      const theirs = lines.filter((l) => l.system !== null && needs.config.systems[l.system]?.owner === owner);
      if (theirs.length > 0) messages.push({ channel: 'mail', target: owner, lines: theirs });
    }
  }
  for (const message of messages) await putNotice(needs.db, { id: needs.newId(), ...message });
  return messages.length;
}

const lineOf = (alert: AlertRow, event: NoticeLine['event']): NoticeLine => ({
  event,
  id: alert.id,
  kind: alert.kind,
  about: alert.about,
  system: alert.system,
  detail: alert.detail,
  at: (event === 'opened' ? alert.opened_at : (alert.resolved_at ?? alert.opened_at)).toISOString(),
});
