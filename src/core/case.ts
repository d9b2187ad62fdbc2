/** The states of a case; `closed` when every system is settled or parked. */
export const caseStates = ['planned', 'approved', 'refused', 'running', 'closed'] as const;
export type CaseState = (typeof caseStates)[number];

/** How what became of a planned step compares with the plan. */
export const againstPlanWords = ['pending', 'as-planned', 'differs'] as const;
export type AgainstPlan = (typeof againstPlanWords)[number];

const fulfils: Readonly<Record<string, readonly string[]>> = {
  erase: ['erased', 'absent'],
  strip: ['stripped', 'retained'],
  ask: ['erased', 'absent'],
  // once a legal hold was lifted
  hold: ['erased', 'absent', 'stripped', 'retained'],
  // what ends by itself is parked at first, and has ended after its day
  park: ['retained', 'erased'],
  nothing: ['absent', 'unchanged', 'superseded', 'erased'],
  // a correction that meets what is right already changes nothing, and that is as planned
  update: ['updated', 'unchanged', 'superseded', 'absent'],
  restrict: ['restricted', 'absent'],
};

/** The plan is what was decided on; whatever came out otherwise is shown, not smoothed over. */
export function againstPlan(step: string, now: { state: string; outcome: string | null } | undefined): AgainstPlan {
  if (!now) return step === 'nothing' ? 'as-planned' : 'pending';
  const isKept = now.outcome === 'retained' || now.outcome === 'stripped';
  if (now.state !== 'settled' && !(now.state === 'waiting' && isKept)) return 'pending';
  if (now.outcome === null) return step === 'nothing' ? 'as-planned' : 'pending';
  return fulfils[step]?.includes(now.outcome) ? 'as-planned' : 'differs';
}

/**
 * Each planned step beside what the system owes now, and how the two compare. Of a case that is not decided there is nothing to
 * compare yet; a refused one carried nothing out, whatever the person's duties say for other reasons.
 */
export function runAgainstPlan<
  S extends { system: string; step: string },
  D extends { system: string; state: string; outcome: string | null },
>(found: { state: string; plan: readonly S[] }, duties: readonly D[]): { step: S; duty: D | undefined; against: AgainstPlan }[] {
  if (found.state === 'planned') return [];
  return found.plan.map((step) => {
    const duty = found.state === 'refused' ? undefined : duties.find(({ system }) => system === step.system);
    return { step, duty, against: againstPlan(step.step, duty) };
  });
}

/** Whether a case has ended: nothing of it moves any more. */
export const isOver = ({ state }: { state: string }): boolean => state === 'closed' || state === 'refused';
