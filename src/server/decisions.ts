import { normalise } from '../core/identifier.ts';
import { type Scope, sees } from '../core/scope.ts';
import { AlreadyErased, approveCase, openErasureCase, planErasure, refuseCase } from '../jobs/erasure.ts';
import { foreseeLaw } from '../jobs/foresee-law.ts';
import { type Needs, now } from '../jobs/needs.ts';
import { valuesNow } from '../jobs/values-now.ts';
import { type CaseRow, caseById, openErasure, type PlannedStep } from '../store/cases.ts';
import { type SubjectRow, subjectsByIdentifier } from '../store/subjects.ts';
import { subjectNamed } from './people.ts';
import { badRequest, notFound, ProblemError, refused } from './problem.ts';

/** Opening and deciding cases, for the API and the console alike. */

export interface ErasureAsk {
  subject: SubjectRow;
  receivedAt: Date | null;
  channel: string | null;
  note?: string | undefined;
  source: string;
  actor: string;
}

/** Opens an erasure case, or joins the one that is open. What a law would keep is asked of the systems first. */
export async function openCase(needs: Needs, ask: ErasureAsk): Promise<{ found: CaseRow; fresh: boolean }> {
  const { subject } = ask;
  if (subject.state === 'erased') {
    // people may still be asked: a second request joins the case that is open
    const open = await openErasure(needs.db, subject.id);
    if (open) return { found: open, fresh: false };
    throw alreadyErased();
  }
  try {
    const { id, fresh } = await openErasureCase(needs, {
      subject: subject.id,
      source: ask.source,
      channel: ask.channel,
      receivedAt: ask.receivedAt ?? (await now(needs)),
      approve: 'person',
      actor: ask.actor,
      ...(ask.note ? { note: ask.note } : {}),
      fields: await valuesNow(needs, subject),
      foreseen: await foreseeLaw(needs, subject.id),
    });
    return { found: await caseNamed(needs, id), fresh };
  } catch (error) {
    if (error instanceof AlreadyErased) throw alreadyErased();
    throw error;
  }
}

/** What an erasure would do at each system. Nothing is written and nobody is restricted. */
export async function previewErasure(needs: Needs, subject: SubjectRow): Promise<PlannedStep[]> {
  if (subject.state === 'erased') throw alreadyErased();
  return planErasure(needs, subject, await foreseeLaw(needs, subject.id));
}

export const alreadyErased = () =>
  refused('This person was erased before; there is nothing left to erase.', { code: 'already-erased' });

export async function caseNamed(needs: Needs, id: string): Promise<CaseRow> {
  const found = await caseById(needs.db, id);
  if (!found) throw notFound('case');
  return found;
}

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
  const decided =
    decision === 'approve' ? await approveCase(needs, id, by, reason) : await refuseCase(needs, id, by, reason ?? '');
  if (!decided) throw refused(`The case is ${before.state}; only a planned one can be decided.`, { code: 'case-decided' });
  return caseNamed(needs, id);
}

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
