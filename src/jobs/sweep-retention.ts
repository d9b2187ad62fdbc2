import type { Purpose } from '../core/configuration.ts';
import { addDays, type Day, earlier } from '../core/day.ts';
import { holdsOn } from '../core/legal-hold.ts';
import { isMassChange, massLimits } from '../core/mass-change.ts';
import type { FieldName } from '../core/person.ts';
import { givenNoMore, rectifiable } from '../core/policy.ts';
import { hasPeriods, periodsFor, yearsOf } from '../core/retention-policy.ts';
import { type Need, needsOf, type Sweep, sweep } from '../core/retention-sweep.ts';
import { openErasure } from '../store/cases.ts';
import { inTransaction } from '../store/database.ts';
import { hold, openHolds, resolveHolds } from '../store/held.ts';
import { linksOf, updateRecord } from '../store/records.ts';
import {
  activePeople,
  dueForSweep,
  endPurpose,
  fieldsHeld,
  purposesOver,
  putQuestions,
  resumePurpose,
  sweptUntil,
} from '../store/retention.ts';
import { lockSubject, type SubjectRow } from '../store/subjects.ts';
import { cursorOf, saveCursor } from '../store/systems.ts';
import { openErasureCase } from './erasure.ts';
import { foreseeLaw } from './foresee-law.ts';
import { rulesOfHolds } from './legal-holds.ts';
import { dayOf, type Needs, now, recipientNames, tell, whose } from './needs.ts';
import { propose } from './propose.ts';
import { knownEvents } from './take-events.ts';
import { valuesNow } from './values-now.ts';

/**
 * Finds, person by person, what no purpose and no law needs any more. A person of whom nothing is needed is proposed for erasure; one
 * whom some purpose needs no more, for the end of that purpose. Whoever decides says yes; by itself only where the policy says so.
 * What nobody recorded is a question, never a guess.
 *
 * Only people whose day has come are looked at, a few in each turn: each look says when the next one is worth while.
 */
export async function sweepRetention(needs: Needs, limit = 100): Promise<number> {
  if (!hasPeriods(needs.config)) return 0;
  const due = await dueForSweep(needs.db, dayOf(await now(needs)), limit);
  for (const { id } of due) await sweepOne(needs, id);
  return due.length;
}

/** Days until the next look: at what waits for a person, and at what has no day. */
const [askedDays, usualDays] = [30, 90];
/** Days until what a person decided to keep is proposed again. */
const keptDays = 183;

async function sweepOne(needs: Needs, id: string): Promise<void> {
  const subject = await inTransaction(needs.db, () => lookAt(needs, id));
  if (!subject) return;
  // outside the transaction: register and recipients are asked
  await openErasureCase(needs, {
    subject: subject.id,
    source: 'retention',
    channel: null,
    receivedAt: await now(needs),
    approve: 'auto',
    fields: await valuesNow(needs, subject),
    foreseen: await foreseeLaw(needs, subject.id),
  });
}

/** Looks at one person. Answers whoever is erased by itself: all of them is over, and every period that ended says so. */
async function lookAt(needs: Needs, id: string): Promise<SubjectRow | null> {
  const subject = await lockSubject(needs.db, id);
  if (subject?.state !== 'active') return null;
  const { db, config } = needs;
  const at = await now(needs);
  const today = dayOf(at);
  const purposes = purposesOf(needs, subject.role);
  const periods = periodsFor(purposes, subject.role);
  const years = yearsOf(config);
  const events = await knownEvents(needs, id);
  const wanted = needsOf({ role: subject.role, events }, purposes, periods, today, years);
  await resume(needs, subject, wanted);
  const known = new Set((await purposesOver(db, id)).map(({ purpose }) => purpose));
  const over = wanted.flatMap(({ need }) => (need.kind === 'over' && !known.has(need.purpose) ? [need] : []));
  const holds = await rulesOfHolds(needs, id);
  const found = sweep(
    {
      role: subject.role,
      fields: (await fieldsHeld(db, id)) as FieldName[],
      events,
      purposes: purposes.map(({ name }) => name),
      holds,
      retained: await keptRows(needs, id),
    },
    purposes,
    periods,
    today,
    years,
  );
  await putQuestions(
    db,
    id,
    wanted.flatMap(({ need }) =>
      need.kind === 'question' && need.code === 'event-unknown'
        ? [{ code: need.code, about: need.about, trigger: need.trigger ?? '' }]
        : [],
    ),
    at,
  );
  // what a dispute keeps whole is nobody's to end
  const isHeld = holdsOn(holds, today).holds.some(({ fields, systems }) => fields === '*' && !systems);
  const what = over.length > 0 && !isHeld ? await act(needs, subject, over, found) : 'done';
  if (what === 'erase') {
    // a register that does not answer just now is asked again tomorrow, and holds up nobody else
    await sweptUntil(db, id, addDays(today, 1));
    return subject;
  }
  const next = wanted.flatMap(({ need }) => (need.kind === 'runs' && need.until ? [addDays(need.until, 1)] : []));
  await sweptUntil(db, id, [...next, addDays(today, what === 'asked' ? askedDays : usualDays)].reduce(earlier));
  return null;
}

type Over = Extract<Need, { kind: 'over' }>;

const purposesOf = ({ config }: Needs, role: string): Purpose[] =>
  Object.values(config.purposes).filter((purpose) => !purpose.for || purpose.for.includes(role));

/** What laws keep of somebody's rows, as the sweep reads it. */
async function keptRows(needs: Needs, subject: string) {
  return (await linksOf(needs.db, subject)).flatMap(({ state, retained }) =>
    state === 'stripped'
      ? (retained?.parts ?? []).map(({ fields, until, law, rule = '', pack = '' }) => ({
          fields,
          until,
          law,
          rule,
          pack,
          grade: 'C' as const,
          event: until,
        }))
      : [],
  );
}

/** Whether nothing of the person is needed by any purpose, kept by any law, held, or in question. */
const isWhole = (found: Sweep) => found.propose.length > 0 && found.keep.length === 0 && found.questions.length === 0;

/** Proposes, or ends purposes where every period of theirs says so. */
async function act(needs: Needs, subject: SubjectRow, over: readonly Over[], found: Sweep): Promise<'done' | 'asked' | 'erase'> {
  const { db } = needs;
  const isWholeByItself = isWhole(found) && found.propose.every(({ approve }) => approve === 'auto');
  const isByItself = (isWholeByItself || over.some(({ approve }) => approve === 'auto')) && (await mayActToday(needs));
  if ((await openErasure(db, subject.id)) || (await openHolds(db, subject.id)).some((h) => h.kind === 'vanished')) return 'done';
  if (isWhole(found)) {
    if (isWholeByItself && isByItself) {
      await resolveHolds(db, subject.id, 'retention', 'erase');
      return 'erase';
    }
    return ask(needs, subject, 'nothing-needed', over, found);
  }
  const byThemselves = over.filter(({ approve }) => isByItself && approve === 'auto');
  if (byThemselves.length > 0) await endPurposes(needs, subject, byThemselves.map(ended), 'kaiku');
  const rest = over.filter((one) => !byThemselves.includes(one));
  return rest.length > 0 ? ask(needs, subject, 'purpose-over', rest, found) : 'done';
}

/** How many people one day took by itself is kept here. */
const [hub, byItselfOn] = ['kaiku', 'swept-by-itself'];

/**
 * Very many people over on one day are more often a mapping that lost its dates than a wish: from the first that would be one too many
 * for a mass change, a person is asked, whatever the policy says.
 */
async function mayActToday(needs: Needs): Promise<boolean> {
  const today = dayOf(await now(needs));
  const [day, n] = ((await cursorOf(needs.db, hub, byItselfOn)) ?? '').split(' ');
  const next = (day === today ? Number(n) : 0) + 1;
  if (next >= massLimits.fewest && isMassChange(next, await activePeople(needs.db))) return false;
  await saveCursor(needs.db, hub, byItselfOn, `${today} ${next}`);
  return true;
}

const ended = ({ purpose, until }: Over) => ({ purpose, since: addDays(until, 1) });

async function ask(needs: Needs, subject: SubjectRow, reason: string, over: readonly Over[], found: Sweep): Promise<'asked'> {
  const opened = await hold(needs.db, {
    id: needs.newId(),
    kind: 'retention',
    system: subject.register,
    subject: subject.id,
    reason,
    details: { over: over.map(ended), fields: found.propose.flatMap(({ fields }) => fields).sort() },
  });
  if (opened)
    await tell(needs, {
      actor: 'kaiku',
      action: 'hold.opened',
      system: subject.register,
      subject: whose(subject),
      reason: 'retention',
    });
  return 'asked';
}

/** Purposes that need the person again are served again. What was erased meanwhile is given back by nobody but a person. */
async function resume(needs: Needs, subject: SubjectRow, wanted: readonly { purpose: string; need: Need }[]): Promise<void> {
  const again: string[] = [];
  for (const { purpose, need } of wanted)
    if (need.kind === 'runs' && (await resumePurpose(needs.db, subject.id, purpose))) again.push(purpose);
  if (again.length > 0) {
    for (const reason of again) await tell(needs, { actor: 'kaiku', action: 'purpose.resumed', subject: whose(subject), reason });
    await propose(needs, subject, {
      kind: 'rectification',
      lane: 'correction',
      version: subject.version,
      systems: serving(needs, again),
    });
  }
  const isOver = wanted.some(({ need }) => need.kind === 'over');
  if (!isOver) await resolveHolds(needs.db, subject.id, 'retention', 'needed-again');
}

const serving = (needs: Needs, purposes: readonly string[]): string[] =>
  recipientNames(needs.config).filter((name) =>
    needs.config.systems[name]?.recipient?.purposes.some((purpose) => purposes.includes(purpose)),
  );

/**
 * Ends purposes for one person: nobody is given anything for them any more, whoever was given for them alone erases, and fields that
 * nothing else gives go out of the other rows. Joins the caller's transaction.
 */
export async function endPurposes(
  needs: Needs,
  subject: SubjectRow,
  over: readonly { purpose: string; since: Day }[],
  by: string,
): Promise<void> {
  const { db } = needs;
  const at = await now(needs);
  for (const { purpose, since } of over)
    if (await endPurpose(db, { subject: subject.id, purpose, since, by, at }))
      await tell(needs, { actor: by, action: 'purpose.over', subject: whose(subject), reason: purpose, from: since });
  await orderOut(needs, subject);
  await propose(needs, subject, {
    kind: 'erasure',
    lane: 'erasure',
    version: subject.version,
    systems: serving(
      needs,
      over.map(({ purpose }) => purpose),
    ),
  });
}

/** Of rows that some purpose still fills: the fields that none of them gives. */
async function orderOut(needs: Needs, subject: SubjectRow): Promise<void> {
  const over = new Set((await purposesOver(needs.db, subject.id)).map(({ purpose }) => purpose));
  for (const record of await linksOf(needs.db, subject.id)) {
    if (record.state !== 'linked' && record.state !== 'restricted') continue;
    const all = (needs.config.systems[record.recipient]?.recipient?.purposes ?? []).flatMap(
      (name) => needs.config.purposes[name] ?? [],
    );
    const still = all.filter(({ name }) => !over.has(name));
    const unwanted = givenNoMore(all, still, subject.role).filter((field) => record.fingerprints[field] !== undefined);
    if (rectifiable(still, subject.role).fields.length === 0 || unwanted.length === 0) continue;
    await updateRecord(needs.db, record.id, {
      state: record.state,
      evidence: record.evidence,
      observed: false,
      unwanted: [...new Set([...record.unwanted, ...unwanted])],
    });
  }
}

/** A person decided to keep what was proposed: it is proposed again in half a year. */
export const keepProposed = async (needs: Needs, subject: string): Promise<unknown> =>
  sweptUntil(needs.db, subject, addDays(dayOf(await now(needs)), keptDays));
