import { diff } from '../core/diff.ts';
import { withExceptions } from '../core/exception.ts';
import { masked } from '../core/mask.ts';
import type { Fields } from '../core/person.ts';
import { plan } from '../core/plan.ts';
import { dutyById } from '../store/duties.ts';
import { failedItems, type RunRow } from '../store/runs.ts';
import { look } from './converge-view.ts';
import type { Needs } from './needs.ts';

/** A step of a run that needs a person, and what would be sent if it is tried again. */
export interface FailedStep {
  duty: string;
  /** What the run wanted, as its counts name it. */
  wanted: string;
  state: string;
  reason: string | null;
  /** The step that is missing now. */
  step: string;
  /** The fields it carries; a value is masked, or empty where it was dropped and would be read from the register again. */
  fields: Record<string, string>;
  blanked: string[];
}

/** Looks at the failed steps of a run as converge would look at them now. Reads the ledger only. */
export async function failedSteps(needs: Needs, run: RunRow, limit: number): Promise<FailedStep[]> {
  const found: FailedStep[] = [];
  for (const item of await failedItems(needs.db, run, limit)) {
    const duty = await dutyById(needs.db, item.duty);
    if (!duty) continue;
    const view = await look(needs, duty);
    // which fields it is about is known by their prints, whether or not the values are
    const names = Object.keys(view.fingerprints).map((name) => [name, '']);
    const input = view.fields === null ? { ...view.input, fields: Object.fromEntries(names) as Fields } : view.input;
    const step = withExceptions(diff(plan(input), input.records), view.exceptions, view.version);
    const carries = step.kind === 'create' || step.kind === 'update' || step.kind === 'strip' ? step.fields : {};
    const values = masked(carries);
    found.push({
      duty: duty.id,
      wanted: item.step,
      state: duty.state,
      reason: duty.reason,
      step: step.kind,
      fields: Object.fromEntries(Object.keys(carries).map((name) => [name, values[name] ?? ''])),
      blanked: step.kind === 'update' || step.kind === 'strip' ? step.blanked : [],
    });
  }
  return found;
}
