import type { Asked, AskedFault } from '../core/case-request.ts';
import { type CaseRow, type CaseType, caseById, openErasure } from '../store/cases.ts';
import type { SubjectRow } from '../store/subjects.ts';
import { AsksOtherwise, checkAsked, openRightsCase } from './case-rights.ts';
import { AlreadyErased, openErasureCase } from './erasure.ts';
import { foreseeLaw } from './foresee-law.ts';
import { noteIdentity } from './hand-over.ts';
import { type Needs, now } from './needs.ts';
import { valuesNow } from './values-now.ts';

/** A request of any right about a known person, whichever way it came. */
export interface CaseAsk {
  type: CaseType;
  subject: SubjectRow;
  /** Null: just now. */
  receivedAt: Date | null;
  channel: string | null;
  note?: string | undefined;
  source: string;
  actor: string;
  asked?: Asked | undefined;
  language?: CaseRow['language'] | undefined;
  identity?: CaseRow['identity'];
  /** `auto`: approved as it is opened. Of an edit at a field's master alone. */
  approve?: 'auto';
}

/** Why no case was opened; nothing was written then. */
export type NotOpened =
  | { fault: 'already-erased' | 'being-erased' | 'asks-otherwise' }
  | { fault: 'asked'; faults: AskedFault[] };

/** Opens a case, or joins the one that is open. What a law would keep of an erasure is asked of the systems first. */
export async function openCaseFor(needs: Needs, ask: CaseAsk): Promise<{ id: string; fresh: boolean } | NotOpened> {
  const opened =
    ask.type === 'erasure' ? await openErasureFor(needs, ask) : await openRightFor(needs, { ...ask, type: ask.type });
  // a request whose sender is known proves the open one that it joins
  if ('id' in opened && !opened.fresh && ask.identity && !(await caseById(needs.db, opened.id))?.identity)
    await noteIdentity(needs, opened.id, ask.identity.by, ask.identity);
  return opened;
}

const common = async (needs: Needs, { subject, source, channel, receivedAt, actor, note, language, identity }: CaseAsk) => ({
  subject: subject.id,
  source,
  channel,
  receivedAt: receivedAt ?? (await now(needs)),
  actor,
  ...(note ? { note } : {}),
  language: language ?? null,
  identity: identity ?? null,
  fields: await valuesNow(needs, subject),
});

async function openErasureFor(needs: Needs, ask: CaseAsk): Promise<{ id: string; fresh: boolean } | NotOpened> {
  const { subject } = ask;
  if (subject.state === 'erased') {
    // people may still be asked: a second request joins the case that is open
    const open = await openErasure(needs.db, subject.id);
    return open ? { id: open.id, fresh: false } : { fault: 'already-erased' };
  }
  const asked = { ...(await common(needs, ask)), approve: 'person', foreseen: await foreseeLaw(needs, subject.id) } as const;
  return openErasureCase(needs, asked).catch((error: unknown) => {
    if (error instanceof AlreadyErased) return { fault: 'already-erased' } as const;
    throw error;
  });
}

async function openRightFor(
  needs: Needs,
  ask: CaseAsk & { type: Exclude<CaseType, 'erasure'> },
): Promise<{ id: string; fresh: boolean } | NotOpened> {
  const { subject, type } = ask;
  if (subject.state === 'erased') return { fault: 'already-erased' };
  if (subject.state === 'erasing' && type === 'rectification') return { fault: 'being-erased' };
  const { request, faults } = checkAsked(needs, type, ask.asked ?? {}, subject.register);
  if (faults.length > 0) return { fault: 'asked', faults };
  return openRightsCase(needs, {
    ...(await common(needs, ask)),
    type,
    request,
    ...(ask.approve ? { approve: ask.approve } : {}),
  }).catch((error: unknown) => {
    if (error instanceof AsksOtherwise) return { fault: 'asks-otherwise' } as const;
    throw error;
  });
}
