import type { FieldName } from '../core/person.ts';
import { givenNoMore } from '../core/policy.ts';
import { recordsOf } from '../store/records.ts';
import { purposesOver } from '../store/retention.ts';
import { latestVersion, type SubjectRow } from '../store/subjects.ts';
import type { TaskRow } from '../store/tasks.ts';
import type { Needs } from './needs.ts';

/** Single fields that people are asked to take out of a row, since the purpose that they were given for is over. */

/** The purposes of a system that still need a person, and those that it was ever given them for. */
export async function purposesAt(needs: Needs, subject: string, system: string) {
  const all = (needs.config.systems[system]?.recipient?.purposes ?? []).flatMap((name) => needs.config.purposes[name] ?? []);
  const over = new Set((await purposesOver(needs.db, subject)).map(({ purpose }) => purpose));
  return { all, still: all.filter(({ name }) => !over.has(name)) };
}

/** What a task wants out, where it wants that: of a register its own row's fields, elsewhere what was ordered out of theirs. */
export async function takenOut(needs: Needs, task: TaskRow, subject: SubjectRow): Promise<FieldName[]> {
  if (task.ask !== 'update') return [];
  if (subject.register !== task.system) {
    const records = await recordsOf(needs.db, subject.id, task.system);
    return [...new Set(records.flatMap(({ unwanted }) => unwanted as FieldName[]))];
  }
  const { all, still } = await purposesAt(needs, subject.id, task.system);
  const shown = (await latestVersion(needs.db, subject.id))?.fingerprints ?? {};
  return givenNoMore(all, still, subject.role).filter((name) => shown[name] !== undefined);
}
