import { type HandoverFault, noteIdentity, prepareHandover } from '../jobs/hand-over.ts';
import type { Needs } from '../jobs/needs.ts';
import type { CaseRow } from '../store/cases.ts';
import { renderAnswer } from './access-document.ts';
import { caseNamed } from './decisions.ts';
import { notFound, refused } from './problem.ts';

/** Preparing the answer to a request for access or portability, for the API and the console alike. */
export async function prepareNamed(needs: Needs, id: string, by: string, origin: string) {
  const made = await prepareHandover(needs, id, by, renderAnswer(needs.config));
  if (made === 'not-there') throw notFound('case');
  if (typeof made === 'string') throw refused(handoverRefused[made], { code: made });
  return { link: `${origin}/answer/${made.token}`, missing: made.missing, expiresAt: made.expiresAt.toISOString() };
}

const handoverRefused: Record<Exclude<HandoverFault, 'not-there'>, string> = {
  'no-access-case': 'Only a case of access or portability has an answer to hand over.',
  'not-approved': 'The case must be approved first, and not be over.',
  'identity-unproven':
    'It is not known yet that the request is the person’s own (GDPR Art. 12(6)): record how that was made sure.',
  'envelope-gone': 'The case’s envelope is gone; open a new case.',
};

export async function identifyNamed(
  needs: Needs,
  id: string,
  by: string,
  identity: { state: 'unproven' | 'proven' | 'doubted'; how: string },
): Promise<CaseRow> {
  const found = await caseNamed(needs, id);
  if (!(await noteIdentity(needs, id, by, identity))) throw refused('The case is over.', { code: 'case-over' });
  return caseNamed(needs, found.id);
}
