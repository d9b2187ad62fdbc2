import type { Day } from './day.ts';
import type { FieldName } from './person.ts';

/** A hold keeps what a dispute needs (Art. 17(3)(e)). Somebody owns it, and says by a date whether it is still needed. */
export interface LegalHold {
  id: string;
  owner: string;
  reason: string;
  /** `*`: everything there is. */
  fields: readonly FieldName[] | '*';
  /** Absent: at every system. */
  systems?: readonly string[];
  placed: Day;
  review: Day;
  /** Ended by a person, never by a date. */
  lifted?: { on: Day; by: string };
}

export interface Held {
  /** The holds that keep something on this day. */
  holds: LegalHold[];
  fields: readonly FieldName[] | '*';
  /** Asked of the owner: the day of review has come, the hold holds on. */
  questions: { hold: string; owner: string; since: Day }[];
}

/** What is held on a day, at one system or anywhere. */
export function holdsOn(holds: readonly LegalHold[], day: Day, system?: string): Held {
  const open = holds.filter(
    ({ placed, lifted, systems }) =>
      placed <= day &&
      (lifted === undefined || day < lifted.on) &&
      (system === undefined || systems === undefined || systems.includes(system)),
  );
  return {
    holds: open,
    fields: open.some(({ fields }) => fields === '*') ? '*' : [...new Set(open.flatMap(({ fields }) => fields as FieldName[]))],
    questions: open.filter(({ review }) => review <= day).map(({ id, owner, review }) => ({ hold: id, owner, since: review })),
  };
}

export const isHeld = ({ fields }: Pick<Held, 'fields'>, field: FieldName): boolean => fields === '*' || fields.includes(field);
