import type { RegisterRecord } from '../connectors/connector.ts';
import type { Day } from '../core/day.ts';
import type { Trigger } from '../core/retention-rule.ts';
import { eventsOf, putEvents } from '../store/retention.ts';
import type { SubjectRow } from '../store/subjects.ts';
import { dayOf, type Needs, registerOf } from './needs.ts';

export type Events = Partial<Record<Trigger, Day>>;

/** What the register says happened to a person, and when; sealed. Something new brings the sweep back to them. */
export async function takeEvents(needs: Needs, system: string, subject: SubjectRow, record: RegisterRecord): Promise<void> {
  const declared = Object.entries(registerOf(needs, system).options.events ?? {}) as [Trigger, string][];
  if (declared.length === 0) return;
  const said = declared.flatMap(([trigger, field]): [Trigger, Day][] => {
    const day = field === 'changedAt' ? dayOf(record.changedAt) : record.events?.[trigger];
    return day === undefined ? [] : [[trigger, day]];
  });
  const events: Events = Object.fromEntries(said.sort(([a], [b]) => (a < b ? -1 : 1)));
  if (JSON.stringify(events) === JSON.stringify(await knownEvents(needs, subject.id))) return;
  await putEvents(needs.db, subject.id, said.length === 0 ? null : needs.vault.sealJson(`events:${subject.id}`, events));
}

export async function knownEvents(needs: Needs, subject: string): Promise<Events> {
  const sealed = await eventsOf(needs.db, subject);
  return sealed === null ? {} : needs.vault.unsealJson<Events>(`events:${subject}`, sealed);
}
