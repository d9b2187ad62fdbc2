import { type ClockFault, extendCase, pauseCase, resumeCase } from '../jobs/case-clock.ts';
import type { Needs } from '../jobs/needs.ts';
import type { CaseRow } from '../store/cases.ts';
import { caseNamed } from './decisions.ts';
import { notFound, refused } from './problem.ts';

/** Moving a case's clock, for the API and the console alike: each throws a 409 problem where the law's gate stays shut. */

export async function extendNamed(needs: Needs, id: string, by: string, told: { reasons: string; toldOn?: string | undefined }) {
  return moved(needs, id, await extendCase(needs, id, by, told));
}

export async function pauseNamed(
  needs: Needs,
  id: string,
  by: string,
  question: { reason: 'identity' | 'clarification'; asked?: string | undefined },
) {
  return moved(needs, id, await pauseCase(needs, id, by, question));
}

export async function resumeNamed(needs: Needs, id: string, by: string, answer: { answered?: string | undefined }) {
  return moved(needs, id, await resumeCase(needs, id, by, answer));
}

function moved(needs: Needs, id: string, fault: ClockFault | null): Promise<CaseRow> {
  if (fault?.code === 'not-there') throw notFound('case');
  if (fault) throw refused(`The clock was not moved: ${fault.why}.`, { code: fault.code });
  return caseNamed(needs, id);
}
