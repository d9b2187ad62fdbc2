import { addDays } from '../core/day.ts';
import { holdsOn, type LegalHold } from '../core/legal-hold.ts';
import type { FieldName } from '../core/person.ts';
import { inTransaction } from '../store/database.ts';
import { raise } from '../store/duties.ts';
import { hold, resolveAbout } from '../store/held.ts';
import {
  dueReviews,
  insertLegalHold,
  type LegalHoldRow,
  legalHoldById,
  legalHoldsOf,
  releaseLegalHold,
  reviewLegalHold,
} from '../store/legal-holds.ts';
import { lockSubject, subjectById } from '../store/subjects.ts';
import { withdrawErasures } from '../store/tasks.ts';
import { dayOf, type Needs, now, tell, whose } from './needs.ts';

/**
 * Legal holds: placed and lifted by a person alone. While one is open nothing of its person is erased where it holds; on its day of
 * review it becomes a question to whoever decides, and holds on until somebody answers.
 */

const [reasonOf, batch] = [(id: string) => `legal-hold:${id}`, 200];

export interface HoldAsk {
  subject: string;
  system: string | null;
  /** Null: everything there is. */
  fields: readonly string[] | null;
  owner: string;
  reason: string;
  /** The day on which the owner is asked whether it is still needed. */
  review: string;
  by: string;
}

/** Places a hold; null where there is nobody to hold anything of. */
export async function placeHold(needs: Needs, ask: HoldAsk): Promise<string | null> {
  return inTransaction(needs.db, async () => {
    const subject = await lockSubject(needs.db, ask.subject);
    if (!subject) return null;
    const [id, at] = [needs.newId(), await now(needs)];
    await insertLegalHold(needs.db, {
      id,
      subject: subject.id,
      system: ask.system,
      fields: ask.fields === null ? null : [...ask.fields],
      owner: ask.owner,
      review: ask.review,
      sealedReason: needs.vault.sealJson(reasonOf(id), ask.reason),
      at,
      by: ask.by,
    });
    await tell(needs, {
      actor: ask.by,
      action: 'legal-hold.placed',
      subject: whose(subject),
      code: id,
      ...(ask.system ? { system: ask.system } : {}),
    });
    if (subject.state !== 'active') {
      // an erasure under way stops where it has not happened yet
      await withdrawErasures(needs.db, subject.id, ask.system, ask.by, at);
      await raise(needs.db, {
        subject: subject.id,
        ...(ask.system ? { recipients: [ask.system] } : {}),
        lane: 'objection',
        newId: needs.newId,
      });
    }
    return id;
  });
}

/** Why it was placed, for those who may read about the person. */
export const holdReason = (needs: Needs, { id, sealed_reason }: LegalHoldRow): string =>
  needs.vault.unsealJson<string>(reasonOf(id), sealed_reason);

/** Lifts a hold: what waited for it is owed again. False when it was lifted before. */
export async function releaseHold(needs: Needs, id: string, by: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await legalHoldById(needs.db, id);
    const subject = found ? await lockSubject(needs.db, found.subject) : undefined;
    if (!found || !subject || !(await releaseLegalHold(needs.db, id, await now(needs), by))) return false;
    await resolveAbout(needs.db, 'hold-review', subject.id, id, 'release');
    await tell(needs, {
      actor: by,
      action: 'legal-hold.released',
      subject: whose(subject),
      code: id,
      ...(found.system ? { system: found.system } : {}),
    });
    await raise(needs.db, {
      subject: subject.id,
      ...(found.system ? { recipients: [found.system] } : {}),
      lane: subject.state === 'active' ? 'correction' : 'erasure',
      newId: needs.newId,
    });
    return true;
  });
}

/** Days until the next question, where nobody names one. */
const usualDays = 90;

/** The hold is still needed: asked again on `review`, or in three months. False when it was lifted before. */
export async function prolongHold(needs: Needs, id: string, review: string | null, by: string): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const found = await legalHoldById(needs.db, id);
    const subject = found ? await subjectById(needs.db, found.subject) : undefined;
    const next = review ?? addDays(dayOf(await now(needs)), usualDays);
    if (!found || !subject || !(await reviewLegalHold(needs.db, id, next))) return false;
    await resolveAbout(needs.db, 'hold-review', subject.id, id, 'keep');
    await tell(needs, {
      actor: by,
      action: 'legal-hold.prolonged',
      subject: whose(subject),
      code: id,
      from: found.review,
      to: next,
    });
    return true;
  });
}

/** Holds whose review has come: each becomes a question, once. Answers how many. */
export async function questionHolds(needs: Needs): Promise<number> {
  const due = await dueReviews(needs.db, dayOf(await now(needs)), batch);
  let asked = 0;
  for (const found of due) {
    await inTransaction(needs.db, async () => {
      const subject = await lockSubject(needs.db, found.subject);
      if (!subject) return;
      const opened = await hold(needs.db, {
        id: needs.newId(),
        kind: 'hold-review',
        system: found.system ?? subject.register,
        subject: subject.id,
        reason: 'review-due',
        details: { hold: found.id, owner: found.owner },
      });
      if (!opened) return;
      asked++;
      await tell(needs, {
        actor: 'kaiku',
        action: 'hold.opened',
        system: found.system ?? subject.register,
        subject: whose(subject),
        reason: 'hold-review',
        code: found.id,
      });
    });
  }
  return asked;
}

/** A person's holds as the rules read them. */
export async function rulesOfHolds(needs: Needs, subject: string): Promise<LegalHold[]> {
  return (await legalHoldsOf(needs.db, subject)).map((l) => ({
    id: l.id,
    owner: l.owner,
    reason: '',
    fields: l.fields === null ? ('*' as const) : (l.fields as FieldName[]),
    ...(l.system === null ? {} : { systems: [l.system] }),
    placed: dayOf(l.placed_at),
    review: l.review,
    ...(l.released_at ? { lifted: { on: dayOf(l.released_at), by: l.released_by ?? '' } } : {}),
  }));
}

/** Whether anything of a person is held at a system now. */
export async function isHeldAt(needs: Needs, subject: string, system: string, at: Date): Promise<boolean> {
  return holdsOn(await rulesOfHolds(needs, subject), dayOf(at), system).holds.length > 0;
}
