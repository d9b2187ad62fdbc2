import type { ExceptionGround } from '../core/exception.ts';
import { normalise } from '../core/identifier.ts';
import { type Scope, sees } from '../core/scope.ts';
import { announceLift, approveRights, type LiftFault, liftableFrom, liftRestriction, refuseRights } from '../jobs/case-rights.ts';
import { approveCase, planErasure, refuseCase } from '../jobs/erasure.ts';
import { type ExceptFault, exceptDuty } from '../jobs/except-duty.ts';
import { approvalTurn } from '../jobs/first-approval.ts';
import { foreseeLaw } from '../jobs/foresee-law.ts';
import type { Needs } from '../jobs/needs.ts';
import { type CaseAsk, type NotOpened, openCaseFor } from '../jobs/open-case.ts';
import { type WithdrawFault, withdrawErasure } from '../jobs/withdraw-erasure.ts';
import { type CaseRow, caseById, type PlannedStep } from '../store/cases.ts';
import { type SubjectRow, subjectsByIdentifier } from '../store/subjects.ts';
import { subjectNamed } from './people.ts';
import { badRequest, notFound, ProblemError, refused } from './problem.ts';

/** Opening and deciding cases, for the API and the console alike. */

/** Opens a case of any right, or joins the open one; throws a problem for what stands in the way. */
export async function openCase(needs: Needs, ask: CaseAsk): Promise<{ found: CaseRow; fresh: boolean }> {
  const opened = await openCaseFor(needs, ask);
  if ('fault' in opened) throw notOpened(opened);
  return { found: await caseNamed(needs, opened.id), fresh: opened.fresh };
}

/** Why no case was opened, as a problem. */
export function notOpened(not: NotOpened): ProblemError {
  switch (not.fault) {
    case 'already-erased':
      return alreadyErased();
    case 'being-erased':
      return refused('This person is being erased; nothing is corrected any more.', { code: 'being-erased' });
    case 'asks-otherwise':
      return refused('A case of this kind is open and asks something else: decide and end it, then open this one.', {
        code: 'asks-otherwise',
      });
    case 'asked':
      return badRequest(not.faults.map(({ at, why }) => `${at}: ${why}`).join('; '), {
        code: `asked-${not.faults[0]?.code}`,
        faults: not.faults,
      });
  }
}

/** What an erasure would do at each system. Nothing is written and nobody is restricted. */
export async function previewErasure(needs: Needs, subject: SubjectRow): Promise<PlannedStep[]> {
  if (subject.state === 'erased') throw alreadyErased();
  return planErasure(needs, subject, await foreseeLaw(needs, subject.id));
}

const alreadyErased = () => refused('This person was erased before; there is nothing left to erase.', { code: 'already-erased' });

export async function caseNamed(needs: Needs, id: string): Promise<CaseRow> {
  const found = await caseById(needs.db, id);
  if (!found) throw notFound('case');
  return found;
}

/** The two steps that end a restriction (Art. 18(3)); throws a 409 problem for what stands in the way. */
export async function liftNamed(
  needs: Needs,
  id: string,
  by: string,
  step: 'announce' | 'lift',
  toldOn?: string,
): Promise<CaseRow> {
  const fault = step === 'announce' ? await announceLift(needs, id, by, toldOn) : await liftRestriction(needs, id, by);
  if (fault === 'not-there') throw notFound('case');
  const found = await caseNamed(needs, id);
  const code = `lift-${fault}`;
  if (fault) throw refused(liftRefused[fault](liftableFrom(needs, found) ?? ''), { code });
  return found;
}

const liftRefused: Record<Exclude<LiftFault, 'not-there'>, (from: string) => string> = {
  'not-restricting': () => 'This case restricts nobody (any more).',
  'told-later': () => 'Nobody can have been told on a day that has not come.',
  'not-told': () => 'The person must be told before the restriction is lifted (GDPR Art. 18(3)): record when they were.',
  'too-early': (from) => `The person was told; the restriction may be lifted from ${from} on.`,
};

/** A recipient is not told of a running case (Art. 19); throws a 409 problem for what stands in the way. */
export async function exceptNamed(
  needs: Needs,
  id: string,
  by: string,
  what: { system: string; ground: ExceptionGround; reason: string },
): Promise<CaseRow> {
  const fault = await exceptDuty(needs, id, by, what);
  if (fault === 'not-there') throw notFound('case');
  const code = `except-${fault}`;
  if (fault) throw refused(notExcepted[fault], { code });
  return caseNamed(needs, id);
}

const notExcepted: Record<Exclude<ExceptFault, 'not-there'>, string> = {
  'not-running': 'Only a running case of rectification, erasure, restriction or objection has recipients to tell.',
  'no-recipient': 'This is no recipient that the case concerns; the register is always told.',
  'nothing-owed': 'Nothing is owed there: it has answered, or the case does not concern it.',
  'at-work': 'It is at work just now; try again in a moment.',
  'excepted-before': 'An exception was recorded for this recipient before.',
};

/** A person's decision on a planned case. Art. 12(4): a refusal tells its reasons. */
export async function decideCase(
  needs: Needs,
  id: string,
  decision: 'approve' | 'refuse',
  by: string,
  reason: string | undefined,
): Promise<CaseRow> {
  const before = await caseNamed(needs, id);
  if (decision === 'refuse' && !reason) throw badRequest('reason: a refusal needs its reason', { code: 'no-reason' });
  const isErasure = before.type === 'erasure';
  if (decision === 'approve') {
    const turn = await approvalTurn(needs, id, by);
    if (turn === 'same-person')
      throw refused('You approved this case already; another person must approve it too.', { code: 'same-person' });
    if (turn === 'first') return caseNamed(needs, id);
  }
  const decided =
    decision === 'approve'
      ? await (isErasure ? approveCase : approveRights)(needs, id, by, reason)
      : await (isErasure ? refuseCase : refuseRights)(needs, id, by, reason ?? '');
  if (!decided) throw refused(`The case is ${before.state}; only a planned one can be decided.`, { code: 'case-decided' });
  return caseNamed(needs, id);
}

/** Takes an approved erasure back; throws a 409 problem for what stands in the way. */
export async function withdrawNamed(needs: Needs, id: string, by: string, reason: string): Promise<CaseRow> {
  const fault = await withdrawErasure(needs, id, by, reason);
  if (fault === 'not-there') throw notFound('case');
  const code = `withdraw-${fault}`;
  if (fault) throw refused(notWithdrawn[fault], { code });
  return caseNamed(needs, id);
}

const notWithdrawn: Record<Exclude<WithdrawFault, 'not-there'>, string> = {
  'not-erasing': 'Only an erasure that runs can be withdrawn.',
  'too-late': 'The register has erased the person: there is nothing left to keep.',
  'at-work': 'A system is at work just now; try again in a moment.',
};

/** Whom a new case is about: by id, or by an address that one living person has. */
export async function subjectOf(
  needs: Needs,
  body: { subject?: string | undefined; email?: string | undefined },
  scope: Scope,
): Promise<SubjectRow> {
  if (body.subject) return subjectNamed(needs, body.subject);
  if (!body.email) throw badRequest('subject or email is missing', { code: 'nobody-named' });
  const normal = normalise('email', body.email);
  if (normal === null) throw badRequest('email: this is no e-mail address', { code: 'no-email' });
  const found = (await subjectsByIdentifier(needs.db, 'email', needs.vault.hash('email', normal))).filter(
    (s) => s.state !== 'erased' && sees(scope, s),
  );
  const [subject] = found;
  if (!subject)
    throw new ProblemError(404, 'Not found', 'Nobody is known by this address; an erased person is not known any more.', {
      code: 'nobody-known',
    });
  if (found.length > 1)
    throw refused('More than one person has this address; say which by its id.', {
      code: 'several-people',
      subjects: found.map((s) => s.id),
    });
  return subject;
}
