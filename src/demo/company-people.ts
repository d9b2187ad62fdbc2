import { type Day, dayIn } from '../core/day.ts';
import type { Retained } from '../core/duty.ts';
import { cautious } from '../core/legal-clock.ts';
import { claimLaw, retainedUntil } from '../core/retention.ts';
import { fiPack } from '../core/retention-fi.ts';
import { type Api, until } from './hub-api.ts';

/** What somebody was asked, as the API lists it. */
export interface AskedTask {
  id: string;
  system: string;
  subject: string;
  ask: 'update' | 'restrict' | 'erase';
  due: string;
  case?: string;
  outcome?: string;
}

/** The tasks about a person of one kind, once every one of `systems` was asked; in the order of these. */
export const askedOf = (api: Api, subject: string, ask: AskedTask['ask'], systems: readonly string[]): Promise<AskedTask[]> =>
  until(`the people to be asked to ${ask}`, async () => {
    const found = (await api.get<AskedTask[]>('/tasks?limit=500')).filter((t) => t.subject === subject && t.ask === ask);
    const isComplete = systems.every((system) => found.some((t) => t.system === system));
    return isComplete ? found.sort((a, b) => systems.indexOf(a.system) - systems.indexOf(b.system)) : undefined;
  });

/** The rule by which a bureau keeps something of a person, where it has any: an open claim at the collector, else the row's own. `event`: the newest document's day; today's where it is not given. */
export function keptBy(
  system: string,
  rules: readonly string[],
  yearEnd: string,
  event: Day = dayIn(new Date(), cautious.zone),
): Pick<Retained, 'until' | 'law'> | null {
  const id = system === 'collection' ? 'fi/claims' : rules[0];
  const rule = fiPack.rules.find((r) => r.id === id);
  if (!rule) return null;
  const law = system === 'collection' ? `${claimLaw}; ${rule.law}` : rule.law;
  return { until: retainedUntil(rule, event, yearEnd), law };
}
