import { z } from 'zod';
import type { FieldName, Fields } from '../core/person.ts';
import { allow, rectifiable } from '../core/policy.ts';
import { type Answered, answerOutcomes, answerTask } from '../jobs/ask-person.ts';
import { envelopeFields } from '../jobs/erasure.ts';
import { type Needs, tell, whose } from '../jobs/needs.ts';
import { fieldsServed } from '../jobs/served.ts';
import { purposesAt, takenOut } from '../jobs/take-out.ts';
import { caseById } from '../store/cases.ts';
import { fieldsOfVersion, latestVersion, subjectById } from '../store/subjects.ts';
import { type TaskRow, taskById } from '../store/tasks.ts';
import { freeText } from './free-text.ts';
import { badRequest, notFound, refused } from './problem.ts';

/** Tasks of the people who run a system: shown, revealed, answered; for the API and the console alike. */

export const TaskAnswer = z.strictObject({
  outcome: z.enum(answerOutcomes, { error: `must be one of ${answerOutcomes.join(', ')}` }),
  note: freeText(4000).optional(),
  until: z.iso.date({ error: 'must be a day as 2031-12-31' }).optional(),
  law: z.string().max(200).optional(),
  /** Of `retained`: the fields that stay; left out: all that the system was given. */
  fields: z.array(z.string()).min(1).optional(),
});

/** What fits what was asked: nobody erases by answering a correction. */
export const fittingOutcomes: Record<TaskRow['ask'], readonly (typeof answerOutcomes)[number][]> = {
  update: ['updated', 'absent', 'refused', 'not-identifiable', 'erased'],
  restrict: ['restricted', 'absent', 'refused', 'not-identifiable', 'erased'],
  erase: ['erased', 'absent', 'retained', 'refused', 'not-identifiable'],
};

export async function taskNamed(needs: Needs, id: string): Promise<TaskRow> {
  const task = await taskById(needs.db, id);
  if (!task) throw notFound('task');
  return task;
}

/** Whom the task is about, in the fields the system may have; written down before anything is shown. */
export async function revealTask(needs: Needs, task: TaskRow, by: string): Promise<Fields> {
  const subject = await subjectById(needs.db, task.subject);
  await tell(needs, {
    actor: by,
    action: 'task.revealed',
    system: task.system,
    code: task.id,
    ...(subject ? { subject: whose(subject) } : {}),
  });
  return identifiersFor(needs, task);
}

/** Takes a person's answer, once. */
export async function takeAnswer(
  needs: Needs,
  task: TaskRow,
  answer: z.infer<typeof TaskAnswer>,
  by: string,
  more: Pick<Answered, 'fields' | 'stated'> = {},
): Promise<TaskRow | undefined> {
  const { outcome, note, until, law, fields } = answer;
  if (!fittingOutcomes[task.ask].includes(outcome))
    throw badRequest(`outcome: to "${task.ask}" the answer is one of ${fittingOutcomes[task.ask].join(', ')}`, {
      code: 'not-fitting',
    });
  if (outcome === 'retained' && (!until || !law))
    throw badRequest('what is retained needs until (a day) and law (the section that says so)', { code: 'no-law' });
  if (outcome !== 'retained' && (until || law))
    throw badRequest('until and law belong to the outcome retained', { code: 'law-without-retained' });
  if (fields && outcome !== 'retained')
    throw badRequest('fields belong to the outcome retained', { code: 'law-without-retained' });
  const unknown = fields ? await neverGiven(needs, task, fields) : [];
  if (unknown.length > 0)
    throw badRequest(`fields: ${task.system} was never given ${unknown.join(', ')}`, { code: 'not-fitting' });
  const done = await answerTask(needs, task.id, {
    outcome,
    by,
    ...(fields ? { fields } : {}),
    ...more,
    ...(note ? { note } : {}),
    ...(until ? { until } : {}),
    ...(law ? { law } : {}),
  });
  if (!done) throw refused('This task was answered before; an answer is not changed.', { code: 'answered-before' });
  return taskById(needs.db, task.id);
}

async function neverGiven(needs: Needs, task: TaskRow, fields: readonly string[]): Promise<string[]> {
  const given: readonly string[] = fieldsServed(needs, task.system, (await subjectById(needs.db, task.subject))?.role ?? '');
  return fields.filter((field) => !given.includes(field));
}

/** The fields that an open task wants out of the row, and nothing else of it touched; empty: it wants values corrected. */
export async function toTakeOut(needs: Needs, task: TaskRow): Promise<FieldName[]> {
  const subject = await subjectById(needs.db, task.subject);
  return subject && !task.answered_at ? takenOut(needs, task, subject) : [];
}

/** Only the fields that the system's purposes still allow; after the erasure, the locators of the case's envelope. */
async function identifiersFor(needs: Needs, task: TaskRow): Promise<Fields> {
  const subject = await subjectById(needs.db, task.subject);
  const { still } = await purposesAt(needs, task.subject, task.system);
  const kept = subject ? fieldsOfVersion(needs.vault, subject, await latestVersion(needs.db, subject.id)) : null;
  const found = task.case_file ? await caseById(needs.db, task.case_file) : undefined;
  const fields = kept ?? (found ? envelopeFields(needs, found) : null) ?? {};
  return allow(fields, rectifiable(still, subject?.role ?? 'customer'));
}
