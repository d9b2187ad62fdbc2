import { sql } from 'kysely';
import { isOver } from '../core/case.ts';
import { dayIn, endOfDay } from '../core/day.ts';
import { taskDue } from '../core/due-dates.ts';
import type { Outcome } from '../core/duty.ts';
import { grantFor } from '../core/policy.ts';
import { dayAfter } from '../core/retention.ts';
import { fiPack } from '../core/retention-fi.ts';
import { caseById, casesOf } from '../store/cases.ts';
import { changes, inTransaction, json } from '../store/database.ts';
import { dutyById, type Move } from '../store/duties.ts';
import { closePropagations, recordsOf, updateRecord } from '../store/records.ts';
import { dropPayload, fingerprintsOf, lockSubject } from '../store/subjects.ts';
import { answer, ask, type TaskRow, taskById } from '../store/tasks.ts';
import { clockSettings } from './case-clock.ts';
import { discloseFields } from './converge-notes.ts';
import type { View } from './converge-view.ts';
import { advanceCase } from './erasure.ts';
import { type Needs, now, tell, whose } from './needs.ts';
import { fieldsServed } from './served.ts';
import { needsProof, untilShown } from './shown-later.ts';

/** Asks the people who run a recipient. Silence never closes what was asked. */
export async function askPerson(needs: Needs, view: View, what: TaskRow['ask']): Promise<Move> {
  const system = needs.config.systems[view.duty.recipient];
  if (!system?.recipient) throw new Error('only a recipient can be asked');
  const dueDate = await dueOf(needs, view, system.recipient.dueDays);
  return inTransaction(needs.db, async () => {
    const { id, asked } = await ask(needs.db, {
      id: needs.newId(),
      duty: view.duty.id,
      system: system.name,
      subject: view.subject.id,
      // a parked erasure comes up after its case was closed: the envelope still has the locators
      caseId: view.erasure?.id ?? (what === 'erase' ? ((await casesOf(needs.db, view.subject.id)).at(-1)?.id ?? null) : null),
      ask: what,
      version: view.version,
      due: dueDate,
    });
    if (asked) {
      await tell(needs, {
        actor: 'kaiku',
        action: 'task.asked',
        system: system.name,
        subject: whose(view.subject),
        duty: view.duty.id,
        code: id,
        step: what,
      });
    }
    // asking hands the fields over: it is a disclosure like a write, but to the register that they came from
    if (what === 'update' && view.input.role === 'recipient')
      await discloseFields(needs, view, grantFor(view.input.purposes, view.subject.role, view.input.permissions).fields);
    const task = await taskById(needs.db, id);
    return {
      state: 'asked',
      outcome: null,
      evidence: 'asked',
      asked: { whom: system.owner ?? system.name, due: task?.due ?? dueDate },
      next: what,
    };
  });
}

/**
 * After the people's own days, or some days before an answer to the person is planned for, whichever is earlier. The whole of that
 * day is theirs, as the controller's calendar has it.
 */
async function dueOf(needs: Needs, view: View, dueDays: number): Promise<Date> {
  const { zone } = clockSettings(needs);
  const open = (await casesOf(needs.db, view.subject.id)).filter((found) => !isOver(found));
  const [target = null] = open.flatMap((found) => found.target ?? []).sort();
  return endOfDay(taskDue(dayIn(await now(needs), zone), dueDays, target).day, zone);
}

export interface Answered {
  outcome: Outcome;
  note?: string;
  until?: string;
  law?: string;
  /** Of `retained`: the fields that stay; absent: all that they were given. */
  fields?: readonly string[];
  /** Hex: the digest of what somebody stated under their name. */
  stated?: string;
  by: string;
}

export const answerOutcomes = ['updated', 'restricted', 'erased', 'absent', 'retained', 'refused', 'not-identifiable'] as const;

/**
 * A person's answer to a task: a statement, so its evidence is `acknowledged` and no more. False when the task was answered
 * before. An answer to an older version than is wanted now settles nothing: the duty asks again.
 */
export async function answerTask(needs: Needs, taskId: string, said: Answered): Promise<boolean> {
  return inTransaction(needs.db, async () => {
    const task = await taskById(needs.db, taskId);
    if (!task) return false;
    const subject = await lockSubject(needs.db, task.subject);
    const duty = await dutyById(needs.db, task.duty);
    if (!subject || !duty) return false;
    const at = await now(needs);
    const sealedNote = said.note ? needs.vault.sealJson(`note:${task.id}`, said.note) : null;
    if (
      !(await answer(needs.db, {
        id: task.id,
        by: said.by,
        outcome: said.outcome,
        sealedNote,
        until: said.until ?? null,
        law: said.law ?? null,
        at,
      }))
    )
      return false;
    const retained =
      said.outcome === 'retained'
        ? {
            fields: said.fields ?? keptBy(needs, task.system, subject.role, said.law),
            until: said.until ?? '',
            law: said.law ?? '',
          }
        : null;
    const isProven = !retained && !needsProof(needs, task, said.outcome);
    const state = retained || !isProven ? 'waiting' : 'settled';
    // the last day itself is still the law's
    const again = said.outcome === 'retained' && said.until ? dayAfter(said.until) : null;
    await changes(
      needs.db,
      sql`UPDATE duty SET state = ${state}, outcome = ${said.outcome}, evidence = 'acknowledged', next = NULL,
            reason = ${state === 'waiting' && !retained ? untilShown : null}, asked_whom = NULL, asked_due = NULL,
            satisfied = greatest(satisfied, ${task.version}), retained = ${retained ? json(retained) : null},
            legal_not_before = ${again}::timestamptz, raised = raised + 1, since = now(),
            wake_at = ${again ? sql`${again}::timestamptz - (SELECT clock_offset FROM instance)` : state === 'waiting' ? sql`now()` : null}
          WHERE id = ${duty.id} AND (state = 'asked' OR (state = 'waiting' AND asked_due IS NOT NULL))`,
    );
    // an erased person has no pseudonym any more: the case is what ties the answer to them
    const ofCase = task.case_file ? { case: task.case_file } : {};
    await tell(
      needs,
      {
        actor: said.by,
        action: 'task.answered',
        system: task.system,
        subject: whose(subject),
        duty: duty.id,
        ...ofCase,
        code: task.id,
        ...(said.stated ? { reason: said.stated } : {}),
        outcome: said.outcome,
        evidence: 'acknowledged',
      },
      {
        actor: 'kaiku',
        action: 'duty.moved',
        system: task.system,
        subject: whose(subject),
        duty: duty.id,
        ...ofCase,
        from: duty.state,
        to: state,
        outcome: said.outcome,
        evidence: 'acknowledged',
        version: task.version,
      },
    );
    if (state === 'settled' || retained) {
      await closePropagations(needs.db, subject.id, task.system, task.version, said.outcome);
      await dropPayload(needs.db, subject.id);
      await noteHeldByPeople(needs, task, said.outcome);
    }
    const found = task.case_file ? await caseById(needs.db, task.case_file) : undefined;
    if (found) await advanceCase(needs, found);
    return true;
  });
}

/** What stays where people named a law and no field: what that law's rule is about, of what they were given; without such a rule, all of it. */
function keptBy(needs: Needs, system: string, role: string, law: string | undefined): string[] {
  const given = fieldsServed(needs, system, role);
  const rules = needs.config.systems[system]?.recipient?.retention ?? [];
  const named = fiPack.rules.filter((rule) => rules.includes(rule.id) && rule.law === law);
  const kept = given.filter((field) => named.some(({ scope }) => scope.fields.includes(field)));
  return kept.length > 0 ? kept : given;
}

const heldAfter = { erased: 'erased', absent: 'absent', restricted: 'restricted' } as const;

/** What the answer means for what those people hold. A refusal changes nothing there. */
async function noteHeldByPeople(needs: Needs, task: TaskRow, outcome: Outcome): Promise<void> {
  for (const record of await recordsOf(needs.db, task.subject, task.system)) {
    const state = outcome in heldAfter ? heldAfter[outcome as keyof typeof heldAfter] : record.state;
    const prints = outcome === 'updated' ? await fingerprintsOf(needs.db, task.subject, task.version) : undefined;
    const kept = prints && Object.fromEntries(Object.entries(prints).filter(([name]) => !record.unwanted.includes(name)));
    await updateRecord(needs.db, record.id, {
      state,
      evidence: 'acknowledged',
      version: task.version,
      observed: false,
      // what was ordered out of their rows is out, by their word
      ...(kept ? { fingerprints: kept, unwanted: [] } : {}),
    });
  }
}
