/** The states of a case; `closed` when every system is settled or parked. */
export const caseStates = ['planned', 'approved', 'refused', 'running', 'closed'] as const;
export type CaseState = (typeof caseStates)[number];
