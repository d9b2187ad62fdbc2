import type { Bound } from '../connectors/connector.ts';
import { longestRetention } from '../core/retention.ts';
import type { Needs } from './needs.ts';

/** The company's rules, or those that bind such a system where it names none. */
export function lawOf(needs: Needs, system: string, bound: Bound) {
  const own = needs.config.systems[system]?.recipient?.retention ?? [];
  const rules = own.length > 0 ? own : (needs.connectors[system]?.manifest.retention ?? []);
  return longestRetention(rules, bound.newest, needs.config.controller.financialYearEnd ?? '12-31');
}
